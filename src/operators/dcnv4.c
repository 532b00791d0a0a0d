/* The DCNv4 core operator: what its parameters must satisfy, and its tensors. */
#include <inttypes.h>
#include <math.h>

#include "../status.h"
#include "forward.h"

static const char function[] = "dcn_dcnv4_plan_create";

int64_t dcn_dcnv4_default_row(int64_t group, int64_t points)
{
    if (group < 0 || points < 0 || (points > 0 && group > (INT64_MAX - 8) / 3 / points))
        return 0;
    return (group * points * 3 + 7) / 8 * 8;
}

/* A parameter and the range it must lie in by itself. */
typedef struct range {
    const char *name;
    int64_t value;
    int64_t least;
    int64_t most;
} range;

static dcn_status check_ranges(const range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                            "%s: %s is %" PRId64 ", but must be from %" PRId64 " to %" PRId64, function, ranges[i].name,
                            ranges[i].value, ranges[i].least, ranges[i].most);
    return DCN_SUCCESS;
}

static dcn_status check_flag(const char *name, int value)
{
    if (value == 0 || value == 1)
        return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: %s is %d, but must be 0 or 1", function, name, value);
}

static dcn_status check_parameters(const dcn_dcnv4_desc *d)
{
    const range ranges[] = {
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
    if (dcn_dtype_size(d->dtype) == 0)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "%s: dtype is %d, but must be float32, float16 or bfloat16 (0 to 2)", function, (int)d->dtype);
    if (d->direction != DCN_FORWARD)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: direction is %d, but only DCN_FORWARD (0) is known", function,
                        (int)d->direction);
    if (!(fabs(d->offset_scale) <= 1e9)) /* a NaN too */
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: offset_scale is %g, but must be finite and within 1e9",
                        function, d->offset_scale);
    dcn_status status = check_ranges(ranges, sizeof ranges / sizeof *ranges);
    if (status == DCN_SUCCESS)
        status = check_flag("remove_center", d->remove_center);
    return status == DCN_SUCCESS ? check_flag("softmax", d->softmax) : status;
}

/* One axis: the padded input must stay within what positions can count, and hold the kernel. */
static dcn_status check_axis(const char *axis, int64_t input, int64_t kernel, int64_t stride, int64_t pad,
                             int64_t dilation, int64_t *output)
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

static dcn_status check_channels(const dcn_dcnv4_desc *d)
{
    int64_t channels = d->group;
    if (!dcn_multiply(&channels, d->group_channels) || channels != d->channels)
        return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                        "%s: channels is %" PRId64 ", but must be group * group_channels = %" PRId64 " * %" PRId64,
                        function, d->channels, d->group, d->group_channels);
    return DCN_SUCCESS;
}

static dcn_status check_kernel(const dcn_dcnv4_desc *d)
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
static dcn_status check_desc(const dcn_dcnv4_desc *d, dcn_forward_shape *s)
{
    dcn_status status = dcn_check_struct_size(function, "dcn_dcnv4_desc", d->struct_size, sizeof *d);
    if (status == DCN_SUCCESS)
        status = check_parameters(d);
    if (status == DCN_SUCCESS)
        status = check_channels(d);
    if (status == DCN_SUCCESS)
        status = check_kernel(d);
    if (status == DCN_SUCCESS)
        status = check_axis("height", d->height, d->kernel_h, d->stride_h, d->pad_h, d->dilation_h, &s->out_height);
    if (status == DCN_SUCCESS)
        status = check_axis("width", d->width, d->kernel_w, d->stride_w, d->pad_w, d->dilation_w, &s->out_width);
    if (status != DCN_SUCCESS)
        return status;
    s->grid = (dcn_grid){d->kernel_h, d->kernel_w, d->dilation_h, d->dilation_w, d->offset_scale, d->remove_center};
    const int64_t points = dcn_grid_points(&s->grid);
    int64_t row;
    status = check_row(d, d->group * points * 3, &row);
    if (status != DCN_SUCCESS)
        return status;
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
    s->offset_row = s->mask_row = row;
    s->offset_group = s->mask_group = 3 * points;
    s->mask_first = 2 * points;
    s->value = DCN_DCNV4_VALUE;
    s->offset = s->mask = DCN_DCNV4_OFFSET_MASK;
    s->output = DCN_DCNV4_OUTPUT;
    return DCN_SUCCESS;
}

/* Every tensor's bytes fit 63 bits, also in the products that the kernels form; a batch of 0 hides no overflow. */
static dcn_status check_sizes(const dcn_dcnv4_desc *d, const dcn_forward_shape *s)
{
    const int64_t batch = d->batch > 0 ? d->batch : 1;
    const struct {
        const char *name;
        int64_t height, width, row;
    } tensors[] = {
        {"value", s->height, s->width, d->channels},
        {"offset_mask", s->out_height, s->out_width, s->offset_row},
        {"output", s->out_height, s->out_width, d->channels},
    };
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        int64_t bytes = (int64_t)dcn_dtype_size(d->dtype);
        if (!dcn_multiply(&bytes, batch) || !dcn_multiply(&bytes, tensors[i].height) ||
            !dcn_multiply(&bytes, tensors[i].width) || !dcn_multiply(&bytes, tensors[i].row))
            return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                            "%s: %s has %" PRId64 " * %" PRId64 " * %" PRId64 " * %" PRId64
                            " elements, more than 2^63 bytes",
                            function, tensors[i].name, batch, tensors[i].height, tensors[i].width, tensors[i].row);
    }
    return DCN_SUCCESS;
}

static dcn_status add_tensors(const dcn_dcnv4_desc *d, const dcn_forward_shape *s, dcn_plan *plan)
{
    const int64_t value[] = {d->batch, d->height, d->width, d->channels};
    const int64_t offset_mask[] = {d->batch, s->out_height, s->out_width, s->offset_row};
    const int64_t output[] = {d->batch, s->out_height, s->out_width, d->channels};
    dcn_status status = dcn_plan_add_tensor(plan, "value", d->dtype, 0, 4, value);
    if (status == DCN_SUCCESS)
        status = dcn_plan_add_tensor(plan, "offset_mask", d->dtype, 0, 4, offset_mask);
    if (status == DCN_SUCCESS)
        status = dcn_plan_add_tensor(plan, "output", d->dtype, 1, 4, output);
    return status;
}

dcn_status dcn_dcnv4_plan_create(dcn_context *context, const dcn_dcnv4_desc *desc, const dcn_plan_options *options,
                                 dcn_plan **plan)
{
    dcn_forward_shape shape;
    dcn_path path;
    if (!context || !desc || !plan)
        return dcn_fail_null(function, !context ? "context" : !desc ? "desc" : "plan");
    dcn_status status = DCN_SUCCESS;
    if (options)
        status = dcn_check_struct_size(function, "dcn_plan_options", options->struct_size, sizeof *options);
    if (status == DCN_SUCCESS)
        status = check_desc(desc, &shape);
    if (status == DCN_SUCCESS)
        status = check_sizes(desc, &shape);
    if (status == DCN_SUCCESS)
        status = dcn_path_parse(options ? options->path : NULL, &path);
    void *state = NULL;
    dcn_plan *made = NULL;
    if (status == DCN_SUCCESS)
        status = dcn_forward_create(context, &shape, &path, &state);
    if (status == DCN_SUCCESS)
        status = dcn_plan_make(context, &dcn_forward_operator, state, &path, &made);
    if (status == DCN_SUCCESS)
        status = add_tensors(desc, &shape, made);
    if (status != DCN_SUCCESS) {
        dcn_plan_destroy(made);
        return status;
    }
    *plan = made;
    return DCN_SUCCESS;
}
