/* Multi-scale deformable attention: what its parameters must satisfy, and its tensors. To the kernels it is an image of
 * one row of queries, whose points lie in levels instead of around a grid. */
#include <inttypes.h>

#include "../status.h"
#include "forward.h"

static const char function[] = "dcn_flash_deform_attn_plan_create";

static dcn_status check_range(const char *name, int64_t value, int64_t least, int64_t most)
{
    if (value >= least && value <= most)
        return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: %s is %" PRId64 ", but must be from %" PRId64 " to %" PRId64,
                    function, name, value, least, most);
}

static dcn_status check_parameters(const dcn_flash_deform_attn_desc *d)
{
    const struct {
        const char *name;
        int64_t value;
        int64_t least;
        int64_t most;
    } ranges[] = {
        {"batch", d->batch, 0, INT64_MAX},       {"queries", d->queries, 0, DCN_MAX_COUNT},
        {"group", d->group, 1, DCN_MAX_COUNT},   {"group_channels", d->group_channels, 1, DCN_MAX_COUNT},
        {"levels", d->levels, 1, DCN_MAX_COUNT}, {"points", d->points, 1, DCN_MAX_COUNT},
        {"pixels", d->pixels, 1, DCN_MAX_COUNT},
    };
    if (dcn_dtype_size(d->dtype) == 0)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "%s: dtype is %d, but must be float32, float16 or bfloat16 (0 to 2)", function, (int)d->dtype);
    if (d->direction != DCN_FORWARD)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: direction is %d, but only DCN_FORWARD (0) is known", function,
                        (int)d->direction);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        dcn_status status = check_range(ranges[i].name, ranges[i].value, ranges[i].least, ranges[i].most);
        if (status != DCN_SUCCESS)
            return status;
    }
    return d->spatial_shapes ? DCN_SUCCESS : dcn_fail_null(function, "spatial_shapes");
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

/* Every tensor's bytes fit 63 bits, also in the products that the kernels form; a batch of 0 hides no overflow. */
static dcn_status check_sizes(const dcn_flash_deform_attn_desc *d)
{
    const struct {
        const char *name;
        int64_t rows, row;
    } tensors[] = {
        {"value", d->pixels, d->group * d->group_channels},
        {"sampling_loc_attn", d->queries, d->group * d->levels * d->points * 3},
        {"output", d->queries, d->group * d->group_channels},
    };
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        int64_t bytes = (int64_t)dcn_dtype_size(d->dtype);
        if (!dcn_multiply(&bytes, d->batch > 0 ? d->batch : 1) || !dcn_multiply(&bytes, tensors[i].rows) ||
            !dcn_multiply(&bytes, tensors[i].row))
            return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                            "%s: %s has %" PRId64 " * %" PRId64 " * %" PRId64 " elements, more than 2^63 bytes",
                            function, tensors[i].name, d->batch, tensors[i].rows, tensors[i].row);
    }
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
    if (status == DCN_SUCCESS)
        status = check_levels(d);
    return status == DCN_SUCCESS ? check_sizes(d) : status;
}

/* A checked descriptor in the kernels' terms, which know no image without pixels: without queries there is no image. */
static dcn_forward_shape shape_of(const dcn_flash_deform_attn_desc *d)
{
    const int64_t points = d->levels * d->points;
    return (dcn_forward_shape){
        .dtype = d->dtype,
        .batch = d->queries > 0 ? d->batch : 0,
        .height = d->pixels,
        .width = 1,
        .group = d->group,
        .group_channels = d->group_channels,
        .out_height = 1,
        .out_width = d->queries > 0 ? d->queries : 1,
        .stride_h = 1,
        .stride_w = 1,
        .grid = {.kernel_h = 1, .kernel_w = points, .dilation_h = 1, .dilation_w = 1, .scale = 1.0},
        .levels = {d->levels, d->points, d->spatial_shapes},
        .softmax = 1,
        .offset_row = d->group * points * 3,
        .mask_row = d->group * points * 3,
        .offset_group = points * 3,
        .mask_group = points * 3,
        .mask_first = points * 2,
        .value = DCN_FLASH_DEFORM_ATTN_VALUE,
        .offset = DCN_FLASH_DEFORM_ATTN_SAMPLING_LOC_ATTN,
        .mask = DCN_FLASH_DEFORM_ATTN_SAMPLING_LOC_ATTN,
        .output = DCN_FLASH_DEFORM_ATTN_OUTPUT,
    };
}

static dcn_status add_tensors(const dcn_flash_deform_attn_desc *d, dcn_plan *plan)
{
    const int64_t value[] = {d->batch, d->pixels, d->group, d->group_channels};
    const int64_t sampling[] = {d->batch, d->queries, d->group, d->levels * d->points * 3};
    const int64_t output[] = {d->batch, d->queries, d->group * d->group_channels};
    dcn_status status = dcn_plan_add_tensor(plan, "value", d->dtype, 0, 4, value);
    if (status == DCN_SUCCESS)
        status = dcn_plan_add_tensor(plan, "sampling_loc_attn", d->dtype, 0, 4, sampling);
    if (status == DCN_SUCCESS)
        status = dcn_plan_add_tensor(plan, "output", d->dtype, 1, 3, output);
    return status;
}

dcn_status dcn_flash_deform_attn_plan_create(dcn_context *context, const dcn_flash_deform_attn_desc *desc,
                                             const dcn_plan_options *options, dcn_plan **plan)
{
    dcn_path path;
    if (!context || !desc || !plan)
        return dcn_fail_null(function, !context ? "context" : !desc ? "desc" : "plan");
    dcn_status status = DCN_SUCCESS;
    if (options)
        status = dcn_check_struct_size(function, "dcn_plan_options", options->struct_size, sizeof *options);
    if (status == DCN_SUCCESS)
        status = check_desc(desc);
    if (status == DCN_SUCCESS)
        status = dcn_path_parse(options ? options->path : NULL, &path);
    if (status != DCN_SUCCESS)
        return status;
    const dcn_forward_shape shape = shape_of(desc);
    void *state = NULL;
    dcn_plan *made = NULL;
    status = dcn_forward_create(context, &shape, &path, &state);
    if (status == DCN_SUCCESS)
        status = dcn_plan_make(context, &dcn_forward_operator, state, &path, &made);
    if (status == DCN_SUCCESS)
        status = add_tensors(desc, made);
    if (status != DCN_SUCCESS) {
        dcn_plan_destroy(made);
        return status;
    }
    *plan = made;
    return DCN_SUCCESS;
}
