/* The rows of `dcnv4`. */
#include <inttypes.h>
#include <string.h>

#include "call_grid.h"

enum { VALUE = 0, OFFSET_MASK = 1 };

/* Only what keeps the oracle inside the tensors. Parameters fit into 32 bits, so that no product here overflows. */
static bool check_shapes(const dcn_dcnv4_desc *desc, const dcn_case_tensor *offset_mask, dcn_message *message)
{
    int64_t points = dcn_call_grid_points(desc);
    int64_t row = desc->offset_mask_row;
    if (points > 0 && desc->group > row / 3 / points) {
        return dcn_message_set(message,
                               "offset_mask has rows of %" PRId64 "; %" PRId64 " groups of %" PRId64
                               " points need 3 numbers for each point",
                               row, desc->group, points);
    }
    if (offset_mask->extent[0] != desc->batch) {
        return dcn_message_set(message, "value has %" PRId64 " images, offset_mask has %" PRId64, desc->batch,
                               offset_mask->extent[0]);
    }
    return true;
}

static bool prepare(dcn_call *call, dcn_message *message)
{
    static const char *const gradients[] = {"grad_value", "grad_offset_mask"};
    if (!dcn_call_input(call, "value", 4, message) || !dcn_call_input(call, "offset_mask", 4, message) ||
        !dcn_call_grid_prepare(call, message)) {
        return false;
    }
    const dcn_case_tensor *offset_mask = call->inputs[OFFSET_MASK];
    dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    desc->offset_mask_row = offset_mask->extent[3];
    return dcn_case_boolean(call->source, "softmax", &desc->softmax, message) &&
           check_shapes(desc, offset_mask, message) &&
           dcn_call_grid_results(call, offset_mask->extent[1], offset_mask->extent[2], gradients, message);
}

static dcn_status make_plan(dcn_context *context, const dcn_call *call, const dcn_plan_options *options,
                            dcn_plan **plan)
{
    dcn_dcnv4_desc desc = call->desc.dcnv4;
    desc.direction = call->op->direction == DCN_CALL_FORWARD ? DCN_FORWARD : DCN_BACKWARD;
    return dcn_dcnv4_plan_create(context, &desc, options, plan);
}

/* The padding columns. Bytes of 0xff are NaN in every storage type. */
static void poison(const dcn_call *call, size_t input, void *data)
{
    const dcn_case_tensor *tensor = call->inputs[input];
    if (input != OFFSET_MASK || tensor->bytes == 0) {
        return;
    }
    const dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    const int64_t *extent = tensor->extent;
    size_t size = dcn_element_size(call->storage);
    size_t row = (size_t)desc->offset_mask_row * size;
    size_t used = (size_t)(desc->group * dcn_call_grid_points(desc) * 3) * size;
    unsigned char *at = data;
    for (int64_t pixel = 0; pixel < extent[0] * extent[1] * extent[2]; pixel++) {
        memset(at + used, 0xff, row - used);
        at += row;
    }
}

const dcn_operator dcn_operator_dcnv4 = {
    .name = "dcnv4",
    .direction = DCN_CALL_FORWARD,
    .prepare = prepare,
    .plan = make_plan,
    .oracle = dcn_call_grid_oracle,
    .poison = poison,
};

const dcn_operator dcn_operator_dcnv4_backward = {
    .name = "dcnv4",
    .direction = DCN_CALL_BACKWARD,
    .prepare = prepare,
    .plan = make_plan,
    .oracle = dcn_call_grid_oracle,
    .poison = poison,
};
