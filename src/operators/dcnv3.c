/* The DCNv3 core operator: DCNv4's sampling, with offsets and masks in tensors of their own and no softmax. */
#include "../status.h"
#include "grid_desc.h"
#include "sampling.h"

static const char function[] = "dcn_dcnv3_plan_create";

static dcn_dcnv4_desc common_parameters(const dcn_dcnv3_desc *d)
{
    dcn_dcnv4_desc common = dcn_dcnv4_desc_default();
    common.dtype = d->dtype;
    common.direction = d->direction;
    common.batch = d->batch;
    common.height = d->height;
    common.width = d->width;
    common.channels = d->channels;
    common.group = d->group;
    common.group_channels = d->group_channels;
    common.kernel_h = d->kernel_h;
    common.kernel_w = d->kernel_w;
    common.stride_h = d->stride_h;
    common.stride_w = d->stride_w;
    common.pad_h = d->pad_h;
    common.pad_w = d->pad_w;
    common.dilation_h = d->dilation_h;
    common.dilation_w = d->dilation_w;
    common.offset_scale = d->offset_scale;
    common.remove_center = d->remove_center;
    common.float32_gradients = d->float32_gradients;
    return common;
}

/* Everything that has to hold, and the shape in the kernels' terms. */
static dcn_status check_desc(const dcn_dcnv3_desc *d, dcn_backward_shape *shape)
{
    dcn_forward_shape *s = &shape->forward;
    dcn_status status = dcn_check_struct_size(function, "dcn_dcnv3_desc", d->struct_size, sizeof *d);
    if (status != DCN_SUCCESS)
        return status;
    const dcn_dcnv4_desc common = common_parameters(d);
    status = dcn_grid_desc_check(function, &common, shape);
    if (status != DCN_SUCCESS)
        return status;
    const int64_t points = dcn_grid_points(&s->grid);
    s->offset_group = 2 * points;
    s->mask_group = points;
    s->offset_row = d->group * s->offset_group;
    s->mask_row = d->group * s->mask_group;
    s->mask_first = 0;
    s->value = DCN_DCNV3_INPUT;
    s->offset = DCN_DCNV3_OFFSET;
    s->mask = DCN_DCNV3_MASK;
    s->output = d->direction == DCN_FORWARD ? DCN_DCNV3_OUTPUT : DCN_DCNV3_GRAD_OUTPUT;
    shape->grad_value = DCN_DCNV3_GRAD_INPUT;
    shape->grad_offset = DCN_DCNV3_GRAD_OFFSET;
    shape->grad_mask = DCN_DCNV3_GRAD_MASK;
    return DCN_SUCCESS;
}

static size_t describe_tensors(const dcn_dcnv3_desc *d, const dcn_backward_shape *s, dcn_tensor_spec *tensors)
{
    const int64_t offset_row = s->forward.offset_row;
    const int64_t mask_row = s->forward.mask_row;
    tensors[DCN_DCNV3_INPUT] = dcn_grid_tensor("input", DCN_GRID_INPUT, s, d->channels);
    tensors[DCN_DCNV3_OFFSET] = dcn_grid_tensor("offset", DCN_GRID_POINTS, s, offset_row);
    tensors[DCN_DCNV3_MASK] = dcn_grid_tensor("mask", DCN_GRID_POINTS, s, mask_row);
    if (d->direction == DCN_FORWARD) {
        tensors[DCN_DCNV3_OUTPUT] = dcn_grid_tensor("output", DCN_GRID_OUTPUT, s, d->channels);
        return DCN_DCNV3_FORWARD_TENSORS;
    }
    tensors[DCN_DCNV3_GRAD_OUTPUT] = dcn_grid_tensor("grad_output", DCN_GRID_POINTS, s, d->channels);
    tensors[DCN_DCNV3_GRAD_INPUT] = dcn_grid_tensor("grad_input", DCN_GRID_INPUT_GRADIENT, s, d->channels);
    tensors[DCN_DCNV3_GRAD_OFFSET] = dcn_grid_tensor("grad_offset", DCN_GRID_POINTS_GRADIENT, s, offset_row);
    tensors[DCN_DCNV3_GRAD_MASK] = dcn_grid_tensor("grad_mask", DCN_GRID_POINTS_GRADIENT, s, mask_row);
    return DCN_DCNV3_BACKWARD_TENSORS;
}

dcn_status dcn_dcnv3_plan_create(dcn_context *context, const dcn_dcnv3_desc *desc, const dcn_plan_options *options,
                                 dcn_plan **plan)
{
    dcn_backward_shape shape;
    dcn_tensor_spec tensors[DCN_MAX_TENSORS];
    dcn_status status = dcn_plan_arguments_check(function, context, desc, options, plan);
    if (status == DCN_SUCCESS)
        status = check_desc(desc, &shape);
    if (status != DCN_SUCCESS)
        return status;
    const size_t count = describe_tensors(desc, &shape, tensors);
    const dcn_sampling_call call = {function, desc->direction, &shape, tensors, count};
    return dcn_sampling_plan_create(context, &call, options, plan);
}

static dcn_status make_plan(dcn_context *context, const void *desc, dcn_plan **plan)
{
    return dcn_dcnv3_plan_create(context, desc, NULL, plan);
}

dcn_status dcn_dcnv3_run_host(const char *device, const dcn_dcnv3_desc *desc, const dcn_slice *tensors,
                              size_t tensor_count)
{
    return dcn_run_host(device, make_plan, desc, tensors, tensor_count);
}
