/* Multi-scale deformable attention: what its parameters must satisfy, and its tensors. To the kernels it is an image of
 * one row of queries, whose points lie in levels instead of around a grid. */
#include <inttypes.h>

#include "../status.h"
#include "parameters.h"
#include "sampling.h"

static const char function[] = "dcn_flash_deform_attn_plan_create";

static dcn_status check_parameters(const dcn_flash_deform_attn_desc *d)
{
    const dcn_range ranges[] = {
        {"batch", d->batch, 0, INT64_MAX},       {"queries", d->queries, 0, DCN_MAX_COUNT},
        {"group", d->group, 1, DCN_MAX_COUNT},   {"group_channels", d->group_channels, 1, DCN_MAX_COUNT},
        {"levels", d->levels, 1, DCN_MAX_COUNT}, {"points", d->points, 1, DCN_MAX_COUNT},
        {"pixels", d->pixels, 1, DCN_MAX_COUNT},
    };
    dcn_status status = dcn_check_kind(function, d->dtype, d->direction);
    if (status == DCN_SUCCESS)
        status = dcn_check_ranges(function, ranges, sizeof ranges / sizeof *ranges);
    if (status == DCN_SUCCESS)
        status = dcn_check_flag(function, "float32_gradients", d->float32_gradients);
    if (status == DCN_SUCCESS && !d->spatial_shapes)
        status = dcn_fail_null(function, "spatial_shapes");
    return status;
}

/* Levels follow each other without gaps and fill the values. */
static dcn_status check_levels(const dcn_flash_deform_attn_desc *d)
{
    int64_t start = 0;
    for (int64_t l = 0; l < d->levels; l++) {
        const int64_t height = d->spatial_shapes[2 * l];
        const int64_t width = d->spatial_shapes[2 * l + 1];
        if (height < 1 || width < 1 || height > DCN_MAX_LEVEL_EXTENT || width > DCN_MAX_LEVEL_EXTENT)
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                            "%s: spatial_shapes: level %" PRId64 " is %" PRId64 " x %" PRId64
                            ", but both must be from 1 to %" PRId64,
                            function, l, height, width, DCN_MAX_LEVEL_EXTENT);
        if (d->level_start_index && d->level_start_index[l] != start)
            return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                            "%s: level_start_index: level %" PRId64 " starts at %" PRId64
                            ", but the levels before it have %" PRId64 " pixels",
                            function, l, d->level_start_index[l], start);
        start += height * width;
        if (start > DCN_MAX_COUNT)
            return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                            "%s: spatial_shapes: the levels 0 to %" PRId64 " have %" PRId64
                            " pixels, more than %" PRId64,
                            function, l, start, DCN_MAX_COUNT);
    }
    if (start != d->pixels)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: pixels is %" PRId64 ", but the sizes of the levels add up to %" PRId64, function,
                        d->pixels, start);
    return DCN_SUCCESS;
}

static dcn_status check_counts(const dcn_flash_deform_attn_desc *d)
{
    int64_t row = d->group;
    if (!dcn_multiply(&row, d->group_channels) || row > DCN_MAX_COUNT)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: group * group_channels = %" PRId64 " * %" PRId64 " is more than %" PRId64, function,
                        d->group, d->group_channels, DCN_MAX_COUNT);
    row = d->group;
    if (!dcn_multiply(&row, d->levels) || !dcn_multiply(&row, d->points) || !dcn_multiply(&row, 3) ||
        row > DCN_MAX_COUNT)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: group * levels * points * 3 = %" PRId64 " * %" PRId64 " * %" PRId64
                        " * 3 is more than %" PRId64,
                        function, d->group, d->levels, d->points, DCN_MAX_COUNT);
    return DCN_SUCCESS;
}

/* Everything that has to hold. */
static dcn_status check_desc(const dcn_flash_deform_attn_desc *d)
{
    dcn_status status = dcn_check_struct_size(function, "dcn_flash_deform_attn_desc", d->struct_size, sizeof *d);
    if (status == DCN_SUCCESS)
        status = check_parameters(d);
    if (status == DCN_SUCCESS)
        status = check_counts(d);
    return status == DCN_SUCCESS ? check_levels(d) : status;
}

/* A checked descriptor in the kernels' terms. */
static dcn_backward_shape shape_of(const dcn_flash_deform_attn_desc *d)
{
    const int64_t points = d->levels * d->points;
    const bool forward = d->direction == DCN_FORWARD;
    const dcn_forward_shape s = {
        .dtype = d->dtype,
        .batch = d->batch,
        .height = d->pixels,
        .width = 1,
        .group = d->group,
        .group_channels = d->group_channels,
        .out_height = 1,
        .out_width = d->queries > 0 ? d->queries : 1,
        .stride_h = 1,
        .stride_w = 1,
        .grid = {.kernel_h = 1,
                 .kernel_w = points,
                 .dilation_h = 1,
                 .dilation_w = 1,
                 .scale = 1.0,
                 .levels = {d->levels, d->points, d->spatial_shapes}},
        .softmax = 1,
        .no_output = d->queries == 0,
        .offset_row = d->group * points * 3,
        .mask_row = d->group * points * 3,
        .offset_group = points * 3,
        .mask_group = points * 3,
        .mask_first = points * 2,
        .value = DCN_FLASH_DEFORM_ATTN_VALUE,
        .offset = DCN_FLASH_DEFORM_ATTN_SAMPLING_LOC_ATTN,
        .mask = DCN_FLASH_DEFORM_ATTN_SAMPLING_LOC_ATTN,
        .output = forward ? DCN_FLASH_DEFORM_ATTN_OUTPUT : DCN_FLASH_DEFORM_ATTN_GRAD_OUTPUT,
    };
    return (dcn_backward_shape){
        .forward = s,
        .grad_value = DCN_FLASH_DEFORM_ATTN_GRAD_VALUE,
        .grad_offset = DCN_FLASH_DEFORM_ATTN_GRAD_SAMPLING_LOC_ATTN,
        .grad_mask = DCN_FLASH_DEFORM_ATTN_GRAD_SAMPLING_LOC_ATTN,
        .float32_gradients = d->float32_gradients,
    };
}

static size_t describe_tensors(const dcn_flash_deform_attn_desc *d, dcn_tensor_spec *tensors)
{
    const dcn_dtype gradient = d->float32_gradients ? DCN_FLOAT32 : d->dtype;
    const int64_t row = d->levels * d->points * 3;
    tensors[DCN_FLASH_DEFORM_ATTN_VALUE] = (dcn_tensor_spec){
        .name = "value", .dtype = d->dtype, .rank = 4, .extent = {d->batch, d->pixels, d->group, d->group_channels}};
    tensors[DCN_FLASH_DEFORM_ATTN_SAMPLING_LOC_ATTN] = (dcn_tensor_spec){
        .name = "sampling_loc_attn", .dtype = d->dtype, .rank = 4, .extent = {d->batch, d->queries, d->group, row}};
    dcn_tensor_spec *output = &tensors[DCN_FLASH_DEFORM_ATTN_OUTPUT];
    *output = (dcn_tensor_spec){.name = "output",
                                .dtype = d->dtype,
                                .is_output = 1,
                                .rank = 3,
                                .extent = {d->batch, d->queries, d->group * d->group_channels}};
    if (d->direction == DCN_FORWARD)
        return DCN_FLASH_DEFORM_ATTN_FORWARD_TENSORS;
    output->name = "grad_output";
    output->is_output = 0;
    for (size_t i = 0; i < 2; i++) {
        dcn_tensor_spec *result = &tensors[DCN_FLASH_DEFORM_ATTN_GRAD_VALUE + i];
        *result = tensors[DCN_FLASH_DEFORM_ATTN_VALUE + i];
        result->name = i == 0 ? "grad_value" : "grad_sampling_loc_attn";
        result->dtype = gradient;
        result->is_output = result->is_optional = 1;
    }
    return DCN_FLASH_DEFORM_ATTN_BACKWARD_TENSORS;
}

dcn_status dcn_flash_deform_attn_plan_create(dcn_context *context, const dcn_flash_deform_attn_desc *desc,
                                             const dcn_plan_options *options, dcn_plan **plan)
{
    dcn_tensor_spec tensors[DCN_MAX_TENSORS];
    dcn_status status = dcn_plan_arguments_check(function, context, desc, options, plan);
    if (status == DCN_SUCCESS)
        status = check_desc(desc);
    if (status != DCN_SUCCESS)
        return status;
    const dcn_backward_shape shape = shape_of(desc);
    const size_t count = describe_tensors(desc, tensors);
    const dcn_sampling_call call = {function, desc->direction, &shape, tensors, count};
    return dcn_sampling_plan_create(context, &call, options, plan);
}

static dcn_status make_plan(dcn_context *context, const void *desc, dcn_plan **plan)
{
    return dcn_flash_deform_attn_plan_create(context, desc, NULL, plan);
}

dcn_status dcn_flash_deform_attn_run_host(const char *device, const dcn_flash_deform_attn_desc *desc,
                                          const dcn_slice *tensors, size_t tensor_count)
{
    return dcn_run_host(device, make_plan, desc, tensors, tensor_count);
}
