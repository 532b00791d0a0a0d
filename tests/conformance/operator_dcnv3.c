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

static dcn_status make_plan(dcn_context *context, const dcn_call *call, const dcn_plan_options *options,
                            dcn_plan **plan)
{
    const dcn_dcnv4_desc *d = &call->desc.dcnv4;
    dcn_dcnv3_desc desc = dcn_dcnv3_desc_default();
    desc.dtype = d->dtype;
    desc.direction = call->op->direction == DCN_CALL_FORWARD ? DCN_FORWARD : DCN_BACKWARD;
    desc.batch = d->batch;
    desc.height = d->height;
    desc.width = d->width;
    desc.channels = d->channels;
    desc.group = d->group;
    desc.group_channels = d->group_channels;
    desc.kernel_h = d->kernel_h;
    desc.kernel_w = d->kernel_w;
    desc.stride_h = d->stride_h;
    desc.stride_w = d->stride_w;
    desc.pad_h = d->pad_h;
    desc.pad_w = d->pad_w;
    desc.dilation_h = d->dilation_h;
    desc.dilation_w = d->dilation_w;
    desc.offset_scale = d->offset_scale;
    desc.remove_center = d->remove_center;
    return dcn_dcnv3_plan_create(context, &desc, options, plan);
}

const dcn_operator dcn_operator_dcnv3 = {
    .name = "dcnv3",
    .direction = DCN_CALL_FORWARD,
    .prepare = prepare,
    .plan = make_plan,
    .oracle = dcn_call_grid_oracle,
};

const dcn_operator dcn_operator_dcnv3_backward = {
    .name = "dcnv3",
    .direction = DCN_CALL_BACKWARD,
    .prepare = prepare,
    .plan = make_plan,
    .oracle = dcn_call_grid_oracle,
};
