#include "grid_desc.h"

#include <inttypes.h>
#include <math.h>

#include "../status.h"
#include "parameters.h"

static dcn_status check_parameters(const char *function, const dcn_dcnv4_desc *d)
{
    const dcn_range ranges[] = {
        {"batch", d->batch, 0, INT64_MAX},
        {"height", d->height, 1, DCN_MAX_EXTENT},
        {"width", d->width, 1, DCN_MAX_EXTENT},
        {"channels", d->channels, 1, DCN_MAX_COUNT},
        {"group", d->group, 1, DCN_MAX_COUNT},
        {"group_channels", d->group_channels, 1, DCN_MAX_COUNT},
        {"kernel_h", d->kernel_h, 1, DCN_MAX_EXTENT},
        {"kernel_w", d->kernel_w, 1, DCN_MAX_EXTENT},
        {"stride_h", d->stride_h, 1, DCN_MAX_EXTENT},
        {"stride_w", d->stride_w, 1, DCN_MAX_EXTENT},
        {"pad_h", d->pad_h, 0, DCN_MAX_EXTENT},
        {"pad_w", d->pad_w, 0, DCN_MAX_EXTENT},
        {"dilation_h", d->dilation_h, 1, DCN_MAX_EXTENT},
        {"dilation_w", d->dilation_w, 1, DCN_MAX_EXTENT},
        {"offset_mask_row", d->offset_mask_row, 0, INT64_MAX},
    };
    dcn_status status = dcn_check_kind(function, d->dtype, d->direction);
    if (status != DCN_SUCCESS)
        return status;
    if (!(fabs(d->offset_scale) <= 1e9)) /* a NaN too */
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: offset_scale is %g, but must be finite and within 1e9",
                        function, d->offset_scale);
    status = dcn_check_ranges(function, ranges, sizeof ranges / sizeof *ranges);
    if (status == DCN_SUCCESS)
        status = dcn_check_flag(function, "remove_center", d->remove_center);
    if (status == DCN_SUCCESS)
        status = dcn_check_flag(function, "softmax", d->softmax);
    return status == DCN_SUCCESS ? dcn_check_flag(function, "float32_gradients", d->float32_gradients) : status;
}

/* One axis: the padded input must stay within what positions can count, and hold the kernel. */
static dcn_status check_axis(const char *function, const char *axis, int64_t input, int64_t kernel, int64_t stride,
                             int64_t pad, int64_t dilation, int64_t *output)
{
    const int64_t padded = input + 2 * pad;
    const int64_t reach = dilation * (kernel - 1) + 1; /* both below 2^28 */
    if (padded > DCN_MAX_EXTENT || reach > DCN_MAX_EXTENT)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: along the %s the padded input has %" PRId64 " pixels and the kernel reaches over %" PRId64
                        ", but at most %" PRId64 " are possible",
                        function, axis, padded, reach, DCN_MAX_EXTENT);
    *output = dcn_output_extent(input, kernel, stride, pad, dilation);
    if (*output < 1)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: along the %s there is no output: the kernel reaches over %" PRId64
                        " pixels, but the padded input has %" PRId64,
                        function, axis, reach, padded);
    return DCN_SUCCESS;
}

static dcn_status check_channels(const char *function, const dcn_dcnv4_desc *d)
{
    int64_t channels = d->group;
    if (!dcn_multiply(&channels, d->group_channels) || channels != d->channels)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: channels is %" PRId64 ", but must be group * group_channels = %" PRId64 " * %" PRId64,
                        function, d->channels, d->group, d->group_channels);
    return DCN_SUCCESS;
}

static dcn_status check_kernel(const char *function, const dcn_dcnv4_desc *d)
{
    if (d->remove_center && (d->kernel_h != d->kernel_w || d->kernel_h % 2 == 0))
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: remove_center needs odd, equal kernel sizes, but the kernel is %" PRId64 " x %" PRId64,
                        function, d->kernel_h, d->kernel_w);
    if (d->remove_center && d->kernel_h == 1)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE, "%s: a 1 x 1 kernel with remove_center has no sampling point left",
                        function);
    int64_t row = d->kernel_h;
    if (!dcn_multiply(&row, d->kernel_w) || !dcn_multiply(&row, d->group) || !dcn_multiply(&row, 3) ||
        row > DCN_MAX_COUNT)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: group * kernel_h * kernel_w * 3 = %" PRId64 " * %" PRId64 " * %" PRId64
                        " * 3 is more than %" PRId64,
                        function, d->group, d->kernel_h, d->kernel_w, DCN_MAX_COUNT);
    return DCN_SUCCESS;
}

dcn_status dcn_grid_desc_check(const char *function, const dcn_dcnv4_desc *d, dcn_backward_shape *shape)
{
    dcn_forward_shape *s = &shape->forward;
    dcn_status status = check_parameters(function, d);
    if (status == DCN_SUCCESS)
        status = check_channels(function, d);
    if (status == DCN_SUCCESS)
        status = check_kernel(function, d);
    if (status == DCN_SUCCESS)
        status = check_axis(function, "height", d->height, d->kernel_h, d->stride_h, d->pad_h, d->dilation_h,
                            &s->out_height);
    if (status == DCN_SUCCESS)
        status =
            check_axis(function, "width", d->width, d->kernel_w, d->stride_w, d->pad_w, d->dilation_w, &s->out_width);
    if (status != DCN_SUCCESS)
        return status;
    s->grid = (dcn_grid){.kernel_h = d->kernel_h,
                         .kernel_w = d->kernel_w,
                         .dilation_h = d->dilation_h,
                         .dilation_w = d->dilation_w,
                         .scale = d->offset_scale,
                         .remove_center = d->remove_center};
    s->dtype = d->dtype;
    s->batch = d->batch;
    s->height = d->height;
    s->width = d->width;
    s->group = d->group;
    s->group_channels = d->group_channels;
    s->stride_h = d->stride_h;
    s->stride_w = d->stride_w;
    s->pad_h = d->pad_h;
    s->pad_w = d->pad_w;
    s->softmax = d->softmax;
    s->no_output = 0;
    shape->float32_gradients = d->float32_gradients;
    return DCN_SUCCESS;
}

dcn_tensor_spec dcn_grid_tensor(const char *name, dcn_grid_place place, const dcn_backward_shape *shape, int64_t row)
{
    const dcn_forward_shape *s = &shape->forward;
    dcn_tensor_spec spec = {.name = name, .dtype = s->dtype, .rank = 4};
    const int input_size = place == DCN_GRID_INPUT || place == DCN_GRID_INPUT_GRADIENT;
    const int gradient = place == DCN_GRID_INPUT_GRADIENT || place == DCN_GRID_POINTS_GRADIENT;
    spec.is_output = gradient || place == DCN_GRID_OUTPUT;
    spec.is_optional = gradient;
    if (gradient && shape->float32_gradients)
        spec.dtype = DCN_FLOAT32;
    spec.extent[0] = s->batch;
    spec.extent[1] = input_size ? s->height : s->out_height;
    spec.extent[2] = input_size ? s->width : s->out_width;
    spec.extent[3] = row;
    return spec;
}
