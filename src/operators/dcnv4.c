/* The DCNv4 core operator: its offsets and masks in one tensor, and its rows. */
#include <inttypes.h>

#include "../status.h"
#include "grid_desc.h"
#include "sampling.h"

static const char function[] = "dcn_dcnv4_plan_create";

int64_t dcn_dcnv4_default_row(int64_t group, int64_t points)
{
    if (group < 0 || points < 0 || (points > 0 && group > (INT64_MAX - 8) / 3 / points))
        return 0;
    return (group * points * 3 + 7) / 8 * 8;
}

static dcn_status check_row(const dcn_dcnv4_desc *d, int64_t least, int64_t *row)
{
    *row = d->offset_mask_row;
    if (*row == 0)
        *row = (least + 7) / 8 * 8;
    if (*row < least)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: offset_mask_row is %" PRId64 ", but must be at least group * K * 3 = %" PRId64, function,
                        d->offset_mask_row, least);
    return DCN_SUCCESS;
}

/* Everything that has to hold, and the shape in the kernels' terms. */
static dcn_status check_desc(const dcn_dcnv4_desc *d, dcn_backward_shape *shape)
{
    dcn_forward_shape *s = &shape->forward;
    int64_t row = 0;
    dcn_status status = dcn_check_struct_size(function, "dcn_dcnv4_desc", d->struct_size, sizeof *d);
    if (status == DCN_SUCCESS)
        status = dcn_grid_desc_check(function, d, shape);
    if (status != DCN_SUCCESS)
        return status;
    const int64_t points = dcn_grid_points(&s->grid);
    status = check_row(d, d->group * points * 3, &row);
    s->offset_row = s->mask_row = row;
    s->offset_group = s->mask_group = 3 * points;
    s->mask_first = 2 * points;
    s->value = DCN_DCNV4_VALUE;
    s->offset = s->mask = DCN_DCNV4_OFFSET_MASK;
    s->output = d->direction == DCN_FORWARD ? DCN_DCNV4_OUTPUT : DCN_DCNV4_GRAD_OUTPUT;
    shape->grad_value = DCN_DCNV4_GRAD_VALUE;
    shape->grad_offset = shape->grad_mask = DCN_DCNV4_GRAD_OFFSET_MASK;
    return status;
}

static size_t describe_tensors(const dcn_dcnv4_desc *d, const dcn_backward_shape *s, dcn_tensor_spec *tensors)
{
    const int64_t row = s->forward.offset_row;
    tensors[DCN_DCNV4_VALUE] = dcn_grid_tensor("value", DCN_GRID_INPUT, s, d->channels);
    tensors[DCN_DCNV4_OFFSET_MASK] = dcn_grid_tensor("offset_mask", DCN_GRID_POINTS, s, row);
    if (d->direction == DCN_FORWARD) {
        tensors[DCN_DCNV4_OUTPUT] = dcn_grid_tensor("output", DCN_GRID_OUTPUT, s, d->channels);
        return DCN_DCNV4_FORWARD_TENSORS;
    }
    tensors[DCN_DCNV4_GRAD_OUTPUT] = dcn_grid_tensor("grad_output", DCN_GRID_POINTS, s, d->channels);
    tensors[DCN_DCNV4_GRAD_VALUE] = dcn_grid_tensor("grad_value", DCN_GRID_INPUT_GRADIENT, s, d->channels);
    tensors[DCN_DCNV4_GRAD_OFFSET_MASK] = dcn_grid_tensor("grad_offset_mask", DCN_GRID_POINTS_GRADIENT, s, row);
    return DCN_DCNV4_BACKWARD_TENSORS;
}

dcn_status dcn_dcnv4_plan_create(dcn_context *context, const dcn_dcnv4_desc *desc, const dcn_plan_options *options,
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
    return dcn_dcnv4_plan_create(context, desc, NULL, plan);
}

dcn_status dcn_dcnv4_run_host(const char *device, const dcn_dcnv4_desc *desc, const dcn_slice *tensors,
                              size_t tensor_count)
{
    return dcn_run_host(device, make_plan, desc, tensors, tensor_count);
}
