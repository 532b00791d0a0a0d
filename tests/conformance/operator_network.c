/* The rows of `dcnv4_module`, `c2f_dcnv4` and `flash_intern_image`: forward, weights being tensors "param.*". */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operators.h"

/* Larger kernels, or more bottlenecks, are a mistake; products of sizes stay far from overflow. */
enum { MOST = 1000 };

/* ---------------------------------------------------------------------------------------------------------- weights */

/* Weights as double, kept until the evaluation is over. */
typedef struct weight_store {
    const dcn_call *call;
    double **kept;
    size_t count;
    dcn_message *message; /* what the last weight that could not be had lacked */
} weight_store;

static const double *keep(weight_store *w, const dcn_case_tensor *tensor, uint64_t count)
{
    double **grown = realloc(w->kept, (w->count + 1) * sizeof *grown);
    if (!grown) {
        return NULL;
    }
    w->kept = grown;
    double *numbers = malloc(((size_t)count + 1) * sizeof *numbers);
    for (uint64_t i = 0; numbers && i < count; i++) {
        numbers[i] = dcn_convert_load(tensor->element, tensor->data, i);
    }
    grown[w->count] = numbers;
    w->count += numbers ? 1 : 0;
    return numbers;
}

static const double *find_weight(void *context, const char *name, int64_t count)
{
    weight_store *w = context;
    char full[200];
    snprintf(full, sizeof full, "param.%s", name);
    const dcn_case_tensor *tensor = dcn_case_find(w->call->source, full);
    if (!tensor || tensor->element != w->call->storage) {
        dcn_message_set(w->message, "there is no tensor \"%s\" of type %s", full, dcn_element_name(w->call->storage));
        return NULL;
    }
    uint64_t given = tensor->bytes / dcn_element_size(tensor->element);
    if (count < 0 || given != (uint64_t)count) {
        dcn_message_set(w->message, "tensor \"%s\" has %" PRIu64 " elements; it must have %" PRId64, full, given,
                        count);
        return NULL;
    }
    const double *numbers = keep(w, tensor, given);
    if (!numbers) {
        dcn_message_memory(w->message, full, given * sizeof *numbers);
    }
    return numbers;
}

typedef bool evaluation(const dcn_call *call, dcn_oracle_weights weights, const double *input, double *output);

/* These results have no bound of their own: a norm's limit is all that judges them. */
static bool run(const dcn_call *call, evaluation *evaluate, double *const *results, dcn_oracle_error *const *errors,
                dcn_message *message)
{
    double *inputs[DCN_CALL_MAX_INPUTS];
    if (!dcn_call_inputs_as_double(call, inputs, message)) {
        return false;
    }
    dcn_message_set(message, "out of memory in the float64 evaluation");
    weight_store w = {.call = call, .message = message};
    bool good = evaluate(call, (dcn_oracle_weights){find_weight, &w}, inputs[0], results[0]);
    for (size_t i = 0; i < w.count; i++) {
        free(w.kept[i]);
    }
    free(w.kept);
    dcn_call_free_doubles(inputs);
    for (uint64_t i = 0; errors && i < call->results[0].count; i++) {
        errors[0][i] = (dcn_oracle_error){.magnitude = INFINITY};
    }
    return good;
}

/* -------------------------------------------------------------------------------------------------------- parameters
 */

typedef struct field {
    const char *key;
    int64_t *value;
    int64_t least;
    bool required;
} field;

/* Reads whole numbers; with 31 bits each, no product of two overflows. */
static bool read_integers(const dcn_case *test, const field *fields, size_t count, dcn_message *message)
{
    for (size_t i = 0; i < count; i++) {
        const field *f = &fields[i];
        if (!dcn_case_integer(test, f->key, f->required, f->value, message)) {
            return false;
        }
        if (*f->value < f->least) {
            return dcn_message_set(message, "%s is %" PRId64 "; it must be at least %" PRId64, f->key, *f->value,
                                   f->least);
        }
    }
    return true;
}

static bool read_boolean(const dcn_case *test, const char *key, bool *value, dcn_message *message)
{
    int number = *value;
    bool good = dcn_case_boolean(test, key, &number, message);
    *value = number != 0;
    return good;
}

/* What the module has in common with the networks that hold it. */
static bool read_module(const dcn_case *test, dcn_oracle_module *module, dcn_message *message)
{
    const field depthwise = {"dw_kernel_size", &module->dw_kernel_size, 0, false};
    const char *text = dcn_case_get(test, "dw_kernel_size");
    if (text && strcmp(text, "None") != 0 && !read_integers(test, &depthwise, 1, message)) {
        return false;
    }
    if (module->kernel_size > MOST || module->dw_kernel_size > MOST) {
        return dcn_message_set(message, "kernel_size is %" PRId64 ", dw_kernel_size %" PRId64 "; %d is the most",
                               module->kernel_size, module->dw_kernel_size, MOST);
    }
    if (module->dw_kernel_size && module->dw_kernel_size % 2 == 0) {
        return dcn_message_set(message, "dw_kernel_size is %" PRId64 "; it must be 0, None or odd",
                               module->dw_kernel_size);
    }
    return dcn_case_real(test, "offset_scale", &module->offset_scale, message) &&
           read_boolean(test, "remove_center", &module->remove_center, message) &&
           read_boolean(test, "center_feature_scale", &module->center_feature_scale, message);
}

static bool check_groups(int64_t channels, int64_t group, dcn_message *message)
{
    return (group > 0 && channels % group == 0) ||
           dcn_message_set(message, "%" PRId64 " channels do not divide into %" PRId64 " groups", channels, group);
}

/* ------------------------------------------------------------------------------------------------------------ module
 */

static bool prepare_module(dcn_call *call, dcn_message *message)
{
    const dcn_case *test = call->source;
    dcn_oracle_module *m = &call->desc.module;
    *m = dcn_oracle_module_default();
    const field fields[] = {
        {"channels", &m->channels, 1, true},
        {"group", &m->group, 1, true},
        {"height", &m->height, 1, true},
        {"width", &m->width, 1, true},
        {"stride", &m->stride, 1, false},
        {"pad", &m->pad, 0, false},
        {"kernel_size", &m->kernel_size, 1, false},
        {"dilation", &m->dilation, 1, false},
    };
    if (!dcn_call_input(call, "input", 3, message) ||
        !read_integers(test, fields, sizeof fields / sizeof *fields, message) || !read_module(test, m, message) ||
        !read_boolean(test, "output_bias", &m->output_bias, message) ||
        !read_boolean(test, "without_pointwise", &m->without_pointwise, message) ||
        !check_groups(m->channels, m->group, message)) {
        return false;
    }
    m->batch = call->inputs[0]->extent[0];
    const int64_t input[] = {m->batch, m->height * m->width, m->channels};
    const int64_t height = dcn_oracle_module_extent(m, m->height);
    const int64_t width = dcn_oracle_module_extent(m, m->width);
    const int64_t output[] = {m->batch, height * width, m->channels};
    return dcn_call_check_extents(call, 0, input, message) && dcn_call_result_add(call, "output", 3, output, message);
}

static bool evaluate_module(const dcn_call *call, dcn_oracle_weights weights, const double *input, double *output)
{
    return dcn_oracle_module_forward(&call->desc.module, weights, "", input, output);
}

static bool module_oracle(const dcn_call *call, double *const *results, dcn_oracle_error *const *errors,
                          dcn_message *message)
{
    return run(call, evaluate_module, results, errors, message);
}

/* --------------------------------------------------------------------------------------------------------- C2f_DCNv4
 */

static bool prepare_c2f(dcn_call *call, dcn_message *message)
{
    const dcn_case *test = call->source;
    dcn_oracle_c2f *c2f = &call->desc.c2f;
    *c2f = (dcn_oracle_c2f){.bn_eps = 1e-3};
    const field fields[] = {
        {"c1", &c2f->c1, 1, true}, {"c2", &c2f->c2, 2, true}, {"n", &c2f->n, 0, true}, {"group", &c2f->group, 1, true}};
    if (!dcn_call_input(call, "input", 4, message) ||
        !read_integers(test, fields, sizeof fields / sizeof *fields, message) ||
        !read_boolean(test, "shortcut", &c2f->shortcut, message) ||
        !dcn_case_real(test, "bn_eps", &c2f->bn_eps, message) || !check_groups(c2f->c2 / 2, c2f->group, message)) {
        return false;
    }
    if (c2f->n > MOST) {
        return dcn_message_set(message, "n is %" PRId64 "; %d is the most", c2f->n, MOST);
    }
    const int64_t *given = call->inputs[0]->extent;
    c2f->batch = given[0];
    c2f->height = given[2];
    c2f->width = given[3];
    const int64_t input[] = {given[0], c2f->c1, given[2], given[3]};
    const int64_t output[] = {given[0], c2f->c2, given[2], given[3]};
    return dcn_call_check_extents(call, 0, input, message) && dcn_call_result_add(call, "output", 4, output, message);
}

static bool evaluate_c2f(const dcn_call *call, dcn_oracle_weights weights, const double *input, double *output)
{
    return dcn_oracle_c2f_forward(&call->desc.c2f, weights, input, output);
}

static bool c2f_oracle(const dcn_call *call, double *const *results, dcn_oracle_error *const *errors,
                       dcn_message *message)
{
    return run(call, evaluate_c2f, results, errors, message);
}

/* -------------------------------------------------------------------------------------------------- FlashInternImage
 */

static bool read_levels(const dcn_case *test, dcn_intern_image_shape *shape, dcn_message *message)
{
    size_t depths = 0;
    size_t groups = 0;
    if (!dcn_case_integers(test, "depths", shape->depths, DCN_CALL_MAX_LEVELS, &depths, message) ||
        !dcn_case_integers(test, "groups", shape->groups, DCN_CALL_MAX_LEVELS, &groups, message)) {
        return false;
    }
    if (depths != groups || depths == 0) {
        return dcn_message_set(message, "depths has %zu numbers, groups %zu; they must have as many, at least 1",
                               depths, groups);
    }
    shape->levels = (int64_t)depths;
    int64_t channels = shape->channels;
    for (size_t level = 0; level < depths; level++) {
        if (!check_groups(channels, shape->groups[level], message)) {
            return false;
        }
        channels *= 2;
    }
    return true;
}

static bool prepare_intern_image(dcn_call *call, dcn_message *message)
{
    const dcn_case *test = call->source;
    dcn_intern_image_shape *shape = &call->desc.intern_image;
    *shape = (dcn_intern_image_shape){.mlp_ratio = 4.0, .dcn = dcn_oracle_module_default()};
    shape->dcn.output_bias = false;
    const field fields[] = {{"channels", &shape->channels, 2, true}, {"num_classes", &shape->classes, 1, true}};
    if (!dcn_call_input(call, "input", 4, message) ||
        !read_integers(test, fields, sizeof fields / sizeof *fields, message) ||
        !dcn_case_real(test, "mlp_ratio", &shape->mlp_ratio, message) ||
        !read_boolean(test, "post_norm", &shape->post_norm, message) || !read_module(test, &shape->dcn, message) ||
        !read_levels(test, shape, message)) {
        return false;
    }
    if (!(shape->mlp_ratio > 0.0 && shape->mlp_ratio < 1e3)) {
        return dcn_message_set(message, "mlp_ratio is %g; it must lie between 0 and 1000", shape->mlp_ratio);
    }
    const int64_t *given = call->inputs[0]->extent;
    const int64_t input[] = {given[0], 3, given[2], given[3]};
    const int64_t output[] = {given[0], shape->classes};
    return dcn_call_check_extents(call, 0, input, message) && dcn_call_result_add(call, "output", 2, output, message);
}

static bool evaluate_intern_image(const dcn_call *call, dcn_oracle_weights weights, const double *input, double *output)
{
    const dcn_intern_image_shape *shape = &call->desc.intern_image;
    const dcn_oracle_intern_image op = {
        .batch = call->inputs[0]->extent[0],
        .height = call->inputs[0]->extent[2],
        .width = call->inputs[0]->extent[3],
        .channels = shape->channels,
        .classes = shape->classes,
        .levels = shape->levels,
        .depths = shape->depths,
        .groups = shape->groups,
        .mlp_ratio = shape->mlp_ratio,
        .post_norm = shape->post_norm,
        .dcn = shape->dcn,
    };
    return dcn_oracle_intern_image_forward(&op, weights, input, output);
}

static bool intern_image_oracle(const dcn_call *call, double *const *results, dcn_oracle_error *const *errors,
                                dcn_message *message)
{
    return run(call, evaluate_intern_image, results, errors, message);
}

const dcn_operator dcn_operator_module = {
    .name = "dcnv4_module",
    .direction = DCN_CALL_FORWARD,
    .prepare = prepare_module,
    .oracle = module_oracle,
};

const dcn_operator dcn_operator_c2f = {
    .name = "c2f_dcnv4",
    .direction = DCN_CALL_FORWARD,
    .prepare = prepare_c2f,
    .oracle = c2f_oracle,
};

const dcn_operator dcn_operator_intern_image = {
    .name = "flash_intern_image",
    .direction = DCN_CALL_FORWARD,
    .prepare = prepare_intern_image,
    .oracle = intern_image_oracle,
};
