/* The rows of `flash_deform_attn`, multi-scale deformable attention. */
#include <inttypes.h>

#include "../oracle/attention.h"
#include "operators.h"

enum { VALUE = 0, SAMPLING = 1, GRAD_OUTPUT = 2 };

/* Finds a tensor of 64-bit integers, which is a parameter rather than an input: a plan needs to know its numbers. */
static const int64_t *find_integers(const dcn_call *call, const char *name, size_t rank, const int64_t *extent,
                                    dcn_message *message)
{
    const dcn_case_tensor *tensor = dcn_case_find(call->source, name);
    if (!tensor || tensor->element != DCN_ELEMENT_I64 || tensor->rank != rank) {
        dcn_message_set(message, "%s needs a tensor \"%s\" of type I64 with %zu extents", call->op->name, name, rank);
        return NULL;
    }
    for (size_t i = 0; i < rank; i++) {
        if (tensor->extent[i] != extent[i] || extent[i] < 1) {
            dcn_message_set(message, "tensor \"%s\": extent %zu is %" PRId64 "; it must be %" PRId64 " and at least 1",
                            name, i, tensor->extent[i], extent[i]);
            return NULL;
        }
    }
    return tensor->data;
}

/* Levels must follow each other without gap and fill the values. */
static bool check_levels(const dcn_attention_shape *shape, dcn_message *message)
{
    int64_t start = 0;
    for (int64_t level = 0; level < shape->levels; level++) {
        int64_t height = shape->spatial_shapes[2 * level];
        int64_t width = shape->spatial_shapes[2 * level + 1];
        if (height < 1 || width < 1 || height > INT32_MAX || width > INT32_MAX) {
            return dcn_message_set(message,
                                   "spatial_shapes: level %" PRId64 " is %" PRId64 " by %" PRId64
                                   "; both must be at least 1 and less than 2^31",
                                   level, height, width);
        }
        if (shape->level_start_index[level] != start) {
            return dcn_message_set(message,
                                   "level_start_index: level %" PRId64 " starts at %" PRId64
                                   "; the levels before it have %" PRId64 " pixels",
                                   level, shape->level_start_index[level], start);
        }
        if (height * width > shape->pixels - start) {
            return dcn_message_set(message,
                                   "value has %" PRId64 " pixels; level %" PRId64 " of %" PRId64 " by %" PRId64
                                   " goes on after them",
                                   shape->pixels, level, height, width);
        }
        start += height * width;
    }
    return start == shape->pixels ||
           dcn_message_set(message, "value has %" PRId64 " pixels; the levels have %" PRId64, shape->pixels, start);
}

static bool read_shape(dcn_call *call, dcn_message *message)
{
    dcn_attention_shape *shape = &call->desc.attention;
    const int64_t *value = call->inputs[VALUE]->extent;
    const dcn_case_tensor *levels = dcn_case_find(call->source, "level_start_index");
    *shape = (dcn_attention_shape){
        .batch = value[0],
        .pixels = value[1],
        .group = value[2],
        .group_channels = value[3],
        .queries = call->inputs[SAMPLING]->extent[1],
        .levels = levels ? levels->extent[0] : 0,
    };
    if (!dcn_case_integer(call->source, "points", true, &shape->points, message)) {
        return false;
    }
    shape->level_start_index = find_integers(call, "level_start_index", 1, (const int64_t[]){shape->levels}, message);
    if (!shape->level_start_index) {
        return false;
    }
    shape->spatial_shapes = find_integers(call, "spatial_shapes", 2, (const int64_t[]){shape->levels, 2}, message);
    if (!shape->spatial_shapes) {
        return false;
    }
    if (shape->points < 1 || shape->group < 1 || shape->group_channels < 1) {
        return dcn_message_set(message,
                               "points, and value's groups and channels must be at least 1; they are %" PRId64
                               ", %" PRId64 " and %" PRId64,
                               shape->points, shape->group, shape->group_channels);
    }
    /* An empty batch leaves the other extents free. */
    if (shape->levels > INT64_MAX / 3 / shape->points || shape->group > INT64_MAX / shape->group_channels) {
        return dcn_message_set(message,
                               "%" PRId64 " levels of %" PRId64 " points, or %" PRId64 " groups of %" PRId64
                               " channels, overflow 63 bits",
                               shape->levels, shape->points, shape->group, shape->group_channels);
    }
    return check_levels(shape, message);
}

static bool prepare(dcn_call *call, dcn_message *message)
{
    if (!dcn_call_input(call, "value", 4, message) || !dcn_call_input(call, "sampling_loc_attn", 4, message) ||
        !read_shape(call, message)) {
        return false;
    }
    const dcn_attention_shape *shape = &call->desc.attention;
    const int64_t sampling[] = {shape->batch, shape->queries, shape->group, shape->levels * shape->points * 3};
    if (!dcn_call_check_extents(call, SAMPLING, sampling, message)) {
        return false;
    }
    const int64_t output[] = {shape->batch, shape->queries, shape->group * shape->group_channels};
    if (call->op->direction == DCN_CALL_FORWARD) {
        return dcn_call_result_add(call, "output", 3, output, message);
    }
    return dcn_call_input(call, "grad_output", 3, message) &&
           dcn_call_check_extents(call, GRAD_OUTPUT, output, message) &&
           dcn_call_gradient_add(call, "grad_value", VALUE, DCN_TOLERANCE_GRADIENT, message) &&
           dcn_call_gradient_add(call, "grad_sampling_loc_attn", SAMPLING, DCN_TOLERANCE_LOCATIONS, message);
}

static dcn_status make_plan(dcn_context *context, const dcn_call *call, const dcn_plan_options *options,
                            dcn_plan **plan)
{
    const dcn_attention_shape *shape = &call->desc.attention;
    dcn_flash_deform_attn_desc desc = dcn_flash_deform_attn_desc_default();
    desc.dtype = dcn_dtype_of(call->storage);
    desc.direction = call->op->direction == DCN_CALL_FORWARD ? DCN_FORWARD : DCN_BACKWARD;
    desc.batch = shape->batch;
    desc.queries = shape->queries;
    desc.group = shape->group;
    desc.group_channels = shape->group_channels;
    desc.levels = shape->levels;
    desc.points = shape->points;
    desc.pixels = shape->pixels;
    desc.spatial_shapes = shape->spatial_shapes;
    desc.level_start_index = shape->level_start_index;
    return dcn_flash_deform_attn_plan_create(context, &desc, options, plan);
}

static bool oracle(const dcn_call *call, double *const *results, dcn_oracle_error *const *errors, dcn_message *message)
{
    double *inputs[DCN_CALL_MAX_INPUTS];
    if (!dcn_call_inputs_as_double(call, inputs, message)) {
        return false;
    }
    const dcn_attention_shape *shape = &call->desc.attention;
    const dcn_oracle_attention op = {
        .batch = shape->batch,
        .pixels = shape->pixels,
        .queries = shape->queries,
        .group = shape->group,
        .group_channels = shape->group_channels,
        .levels = shape->levels,
        .points = shape->points,
        .spatial_shapes = shape->spatial_shapes,
        .level_start_index = shape->level_start_index,
        .value = inputs[VALUE],
        .sampling = inputs[SAMPLING],
        .grad_output = inputs[GRAD_OUTPUT],
    };
    bool good;
    if (call->op->direction == DCN_CALL_BACKWARD) {
        good = dcn_oracle_attention_backward(&op, results[0], results[1]) &&
               (!errors || dcn_oracle_attention_backward_errors(&op, errors[0], errors[1]));
    } else {
        good =
            dcn_oracle_attention_forward(&op, results[0]) && (!errors || dcn_oracle_attention_errors(&op, errors[0]));
    }
    dcn_call_free_doubles(inputs);
    return good || dcn_message_set(message, "out of memory in the float64 evaluation");
}

const dcn_operator dcn_operator_attention = {
    .name = "flash_deform_attn",
    .direction = DCN_CALL_FORWARD,
    .prepare = prepare,
    .plan = make_plan,
    .oracle = oracle,
};

const dcn_operator dcn_operator_attention_backward = {
    .name = "flash_deform_attn",
    .direction = DCN_CALL_BACKWARD,
    .prepare = prepare,
    .plan = make_plan,
    .oracle = oracle,
};
