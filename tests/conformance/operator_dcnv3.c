/* The rows of `dcnv3`. */
#include "call_grid.h"

enum { OFFSET = 1, MASK = 2 };

static bool prepare(dcn_call *call, dcn_message *message)
{
    static const char *const gradients[] = {"grad_input", "grad_offset", "grad_mask"};
    if (!dcn_call_input(call, "input", 4, message) || !dcn_call_input(call, "offset", 4, message) ||
        !dcn_call_input(call, "mask", 4, message) || !dcn_call_grid_prepare(call, message)) {
        return false;
    }
    /* Group and kernel sizes fit into 31 bits each, but not their product in 63. */
    const dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    const int64_t *given = call->inputs[OFFSET]->extent;
    int64_t points = dcn_call_grid_points(desc);
    if (points > INT32_MAX || desc->group * points > INT64_MAX / 2) {
        return dcn_message_set(message, "kernel_h * kernel_w must be less than 2^31");
    }
    const int64_t offset[] = {desc->batch, given[1], given[2], desc->group * points * 2};
    const int64_t mask[] = {desc->batch, given[1], given[2], desc->group * points};
    return dcn_call_check_extents(call, OFFSET, offset, message) && dcn_call_check_extents(call, MASK, mask, message) &&
           dcn_call_grid_results(call, given[1], given[2], gradients, message);
}

const dcn_operator dcn_operator_dcnv3 = {
    .name = "dcnv3",
    .direction = DCN_CALL_FORWARD,
    .prepare = prepare,
    .oracle = dcn_call_grid_oracle,
};

const dcn_operator dcn_operator_dcnv3_backward = {
    .name = "dcnv3",
    .direction = DCN_CALL_BACKWARD,
    .prepare = prepare,
    .oracle = dcn_call_grid_oracle,
};
