/* The row of `dcnv4`: forward. */
#include "operators.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../oracle/oracle.h"
#include "compare.h"

enum { VALUE = 0, OFFSET_MASK = 1 };

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
           dcn_case_boolean(test, "remove_center", &desc->remove_center, message) &&
           dcn_case_boolean(test, "softmax", &desc->softmax, message);
}

/* Only what keeps the oracle inside the tensors. Parameters fit into 32 bits, so that no product here overflows. */
static bool check_shapes(const dcn_dcnv4_desc *desc, const dcn_case_tensor *offset_mask, dcn_message *message)
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
    int64_t points = desc->kernel_h * desc->kernel_w - desc->remove_center;
    int64_t row = desc->offset_mask_row;
    if (points > 0 && desc->group > row / 3 / points) {
        return dcn_message_set(message,
                               "offset_mask has rows of %" PRId64 "; %" PRId64 " groups of %" PRId64
                               " points need 3 numbers for each point",
                               row, desc->group, points);
    }
    if (offset_mask->extent[0] != desc->batch) {
        return dcn_message_set(message, "value has %" PRId64 " images, offset_mask has %" PRId64, desc->batch,
                               offset_mask->extent[0]);
    }
    return true;
}

static bool prepare(dcn_call *call, dcn_message *message)
{
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    if (!read_parameters(call->source, &desc, message) || !dcn_call_input(call, "value", 4, message) ||
        !dcn_call_input(call, "offset_mask", 4, message)) {
        return false;
    }
    const dcn_case_tensor *value = call->inputs[VALUE];
    const dcn_case_tensor *offset_mask = call->inputs[OFFSET_MASK];
    desc.dtype = call->storage == DCN_ELEMENT_F32   ? DCN_FLOAT32
                 : call->storage == DCN_ELEMENT_F16 ? DCN_FLOAT16
                                                    : DCN_BFLOAT16;
    desc.batch = value->extent[0];
    desc.height = value->extent[1];
    desc.width = value->extent[2];
    desc.channels = value->extent[3];
    desc.offset_mask_row = offset_mask->extent[3];
    call->desc.dcnv4 = desc;
    const int64_t output[] = {desc.batch, offset_mask->extent[1], offset_mask->extent[2], desc.channels};
    return check_shapes(&desc, offset_mask, message) && dcn_call_result_add(call, "output", 4, output, message);
}

static dcn_status make_plan(dcn_context *context, const dcn_call *call, const dcn_plan_options *options,
                            dcn_plan **plan)
{
    return dcn_dcnv4_plan_create(context, &call->desc.dcnv4, options, plan);
}

static dcn_oracle_dcnv4 oracle_of(const dcn_call *call, const double *value, const double *offset_mask)
{
    const dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    return (dcn_oracle_dcnv4){
        .batch = desc->batch,
        .height = desc->height,
        .width = desc->width,
        .out_height = call->results[0].extent[1],
        .out_width = call->results[0].extent[2],
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
        .value = value,
        .offset_mask = offset_mask,
    };
}

/* Evaluates into `results`, and into `errors` unless that is NULL. */
static bool run_oracle(const dcn_call *call, double *output, dcn_oracle_error *errors, dcn_message *message)
{
    if (call->results[0].count == 0) {
        return true;
    }
    double *value = dcn_call_input_as_double(call, VALUE, message);
    double *offset_mask = value ? dcn_call_input_as_double(call, OFFSET_MASK, message) : NULL;
    bool good = value && offset_mask;
    if (good) {
        dcn_oracle_dcnv4 oracle = oracle_of(call, value, offset_mask);
        good = dcn_oracle_dcnv4_forward(&oracle, output) && (!errors || dcn_oracle_dcnv4_errors(&oracle, errors));
        if (!good) {
            dcn_message_set(message, "out of memory in the float64 evaluation");
        }
    }
    free(value);
    free(offset_mask);
    return good;
}

static bool evaluate(const dcn_call *call, double *const *results, dcn_message *message)
{
    return run_oracle(call, results[0], NULL, message);
}

static bool expect(const dcn_call *call, dcn_expected *const *expected, dcn_message *message)
{
    size_t count = (size_t)call->results[0].count;
    double *output = malloc((count + 1) * sizeof *output);
    dcn_oracle_error *errors = malloc((count + 1) * sizeof *errors);
    bool good = output && errors;
    if (!good) {
        dcn_message_memory(message, "the float64 evaluation", count * (sizeof *output + sizeof *errors));
    }
    good = good && run_oracle(call, output, errors, message);
    for (size_t i = 0; i < count && good; i++) {
        const dcn_oracle_error *e = &errors[i];
        expected[0][i] = (dcn_expected){
            .value = output[i],
            .slack = dcn_compare_slack(e->magnitude, e->terms, e->drift, e->softness, e->underflow),
            .may_be_nonfinite = e->may_be_nonfinite,
            .must_be_nonfinite = e->must_be_nonfinite,
        };
    }
    free(output);
    free(errors);
    return good;
}

/* The padding columns. Bytes of 0xff are NaN in every storage type. */
static void poison(const dcn_call *call, size_t input, void *data)
{
    if (input != OFFSET_MASK || call->results[0].count == 0) {
        return;
    }
    const dcn_dcnv4_desc *desc = &call->desc.dcnv4;
    const int64_t *extent = call->inputs[OFFSET_MASK]->extent;
    size_t size = dcn_element_size(call->storage);
    size_t row = (size_t)desc->offset_mask_row * size;
    size_t used = (size_t)(desc->group * (desc->kernel_h * desc->kernel_w - desc->remove_center) * 3) * size;
    unsigned char *at = data;
    for (int64_t pixel = 0; pixel < extent[0] * extent[1] * extent[2]; pixel++) {
        memset(at + used, 0xff, row - used);
        at += row;
    }
}

const dcn_operator dcn_operator_dcnv4 = {
    .name = "dcnv4",
    .prepare = prepare,
    .plan = make_plan,
    .evaluate = evaluate,
    .expect = expect,
    .poison = poison,
};
