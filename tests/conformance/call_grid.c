#include "call_grid.h"

#include <inttypes.h>

#include "../oracle/oracle.h"

static bool read_parameters(const dcn_case *test, dcn_dcnv4_desc *desc, dcn_message *message)
{
    const struct {
        const char *key;
        int64_t *value;
        bool required;
    } integers[] = {
        {"group", &desc->group, true},
        {"group_channels", &desc->group_channels, true},
        {"kernel_h", &desc->kernel_h, false},
        {"kernel_w", &desc->kernel_w, false},
        {"stride_h", &desc->stride_h, false},
        {"stride_w", &desc->stride_w, false},
        {"pad_h", &desc->pad_h, false},
        {"pad_w", &desc->pad_w, false},
        {"dilation_h", &desc->dilation_h, false},
        {"dilation_w", &desc->dilation_w, false},
    };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        if (!dcn_case_integer(test, integers[i].key, integers[i].required, integers[i].value, message)) {
            return false;
        }
    }
    return dcn_case_real(test, "offset_scale", &desc->offset_scale, message) &&
           dcn_case_boolean(test, "remove_center", &desc->remove_center, message);
}

/* Parameters fit into 32 bits, so that no product here overflows. */
static bool check_channels(const dcn_dcnv4_desc *desc, dcn_message *message)
{
    if (desc->group < 1 || desc->group_channels < 1 || desc->kernel_h < 1 || desc->kernel_w < 1) {
        return dcn_message_set(message,
                               "group, group_channels, kernel_h and kernel_w must be at least 1; they are %" PRId64
                               ", %" PRId64 ", %" PRId64 " and %" PRId64,
                               desc->group, desc->group_channels, desc->kernel_h, desc->kernel_w);
    }
    if (desc->channels != desc->group * desc->group_channels) {
        return dcn_message_set(message,
                               "value has %" PRId64 " channels; group * group_channels is %" PRId64 " * %" PRId64,
                               desc->channels, desc->group, desc->group_channels);
    }
    return true;
}

bool dcn_call_grid_prepare(dcn_call *call, dcn_message *message)
{
    dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    *desc = dcn_dcnv4_desc_default();
    const dcn_case_tensor *value = call->inputs[0];
    desc->dtype = dcn_dtype_of(call->storage);
    desc->batch = value->extent[0];
    desc->height = value->extent[1];
    desc->width = value->extent[2];
    desc->channels = value->extent[3];
    return read_parameters(call->source, desc, message) && check_channels(desc, message);
}

int64_t dcn_call_grid_points(const dcn_dcnv4_desc *desc)
{
    return desc->kernel_h * desc->kernel_w - desc->remove_center;
}

bool dcn_call_grid_results(dcn_call *call, int64_t out_height, int64_t out_width, const char *const *gradients,
                           dcn_message *message)
{
    const dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    const int64_t output[] = {desc->batch, out_height, out_width, desc->channels};
    if (call->op->direction == DCN_CALL_FORWARD) {
        return dcn_call_result_add(call, "output", 4, output, message);
    }
    const size_t differentiable = call->input_count;
    if (!dcn_call_input(call, "grad_output", 4, message) ||
        !dcn_call_check_extents(call, differentiable, output, message)) {
        return false;
    }
    for (size_t i = 0; i < differentiable; i++) {
        if (!dcn_call_gradient_add(call, gradients[i], i, DCN_TOLERANCE_GRADIENT, message)) {
            return false;
        }
    }
    return true;
}

static dcn_oracle_dcnv4 oracle_of(const dcn_call *call, double *const *inputs)
{
    const dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    const bool backward = call->op->direction == DCN_CALL_BACKWARD;
    const size_t tensors = call->input_count - (backward ? 1 : 0);
    return (dcn_oracle_dcnv4){
        .batch = desc->batch,
        .height = desc->height,
        .width = desc->width,
        .out_height = call->inputs[1]->extent[1],
        .out_width = call->inputs[1]->extent[2],
        .group = desc->group,
        .group_channels = desc->group_channels,
        .kernel_h = desc->kernel_h,
        .kernel_w = desc->kernel_w,
        .stride_h = desc->stride_h,
        .stride_w = desc->stride_w,
        .pad_h = desc->pad_h,
        .pad_w = desc->pad_w,
        .dilation_h = desc->dilation_h,
        .dilation_w = desc->dilation_w,
        .row = desc->offset_mask_row,
        .offset_scale = desc->offset_scale,
        .remove_center = desc->remove_center != 0,
        .softmax = desc->softmax != 0,
        .value = inputs[0],
        .offset_mask = inputs[1],
        .mask = tensors > 2 ? inputs[2] : NULL,
        .grad_output = backward ? inputs[tensors] : NULL,
    };
}

bool dcn_call_grid_oracle(const dcn_call *call, double *const *results, dcn_oracle_error *const *errors,
                          dcn_message *message)
{
    double *inputs[DCN_CALL_MAX_INPUTS];
    if (!dcn_call_inputs_as_double(call, inputs, message)) {
        return false;
    }
    dcn_oracle_dcnv4 op = oracle_of(call, inputs);
    bool good;
    if (op.grad_output) {
        /* A third result, the mask's gradient, exists for DCNv3 alone. */
        good = dcn_oracle_dcnv4_backward(&op, results[0], results[1], op.mask ? results[2] : NULL) &&
               (!errors || dcn_oracle_dcnv4_backward_errors(&op, errors[0], errors[1], op.mask ? errors[2] : NULL));
    } else {
        good = dcn_oracle_dcnv4_forward(&op, results[0]) && (!errors || dcn_oracle_dcnv4_errors(&op, errors[0]));
    }
    dcn_call_free_doubles(inputs);
    return good || dcn_message_set(message, "out of memory in the float64 evaluation");
}
