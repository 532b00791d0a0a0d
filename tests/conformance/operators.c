#include "operators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

const dcn_operator *const dcn_operators[] = {
    &dcn_operator_dcnv4,        &dcn_operator_dcnv4_backward,
    &dcn_operator_dcnv3,        &dcn_operator_dcnv3_backward,
    &dcn_operator_attention,    &dcn_operator_attention_backward,
    &dcn_operator_module,       &dcn_operator_c2f,
    &dcn_operator_intern_image, NULL,
};

const dcn_operator *dcn_operator_find(const char *name, dcn_call_direction direction)
{
    for (size_t i = 0; dcn_operators[i]; i++) {
        if (dcn_operators[i]->direction == direction && strcmp(dcn_operators[i]->name, name) == 0) {
            return dcn_operators[i];
        }
    }
    return NULL;
}

void dcn_operator_title(const dcn_operator *op, char *title, size_t size)
{
    snprintf(title, size, "%s%s", op->name, op->direction == DCN_CALL_BACKWARD ? " backward" : "");
}

static bool refuse_operator(const char *name, dcn_message *message)
{
    char known[200] = "";
    for (size_t i = 0, used = 0; dcn_operators[i] && used < sizeof known; i++) {
        if (dcn_operators[i]->direction == DCN_CALL_FORWARD) {
            int length = snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", dcn_operators[i]->name);
            used += length > 0 ? (size_t)length : 0;
        }
    }
    if (!name) {
        return dcn_message_set(message, "the metadata lacks \"op\", which names the operator; this build has: %s",
                               known);
    }
    return dcn_message_set(message, "this build does not have the operator \"%.60s\"; it has: %s", name, known);
}

bool dcn_call_prepare_direction(const dcn_case *test, dcn_call_direction direction, dcn_call *call,
                                dcn_message *message)
{
    memset(call, 0, sizeof *call);
    call->source = test;
    const char *name = dcn_case_get(test, "op");
    call->op = name ? dcn_operator_find(name, direction) : NULL;
    if (!call->op) {
        return refuse_operator(name, message);
    }
    return call->op->prepare(call, message);
}

bool dcn_call_prepare(const dcn_case *test, dcn_call *call, dcn_message *message)
{
    return dcn_call_prepare_direction(test, DCN_CALL_FORWARD, call, message);
}

bool dcn_case_has_gradients(const dcn_case *test)
{
    return dcn_case_find(test, "grad_output") != NULL;
}

bool dcn_call_evaluate(const dcn_call *call, double *const *results, dcn_message *message)
{
    return call->op->oracle(call, results, NULL, message);
}

static dcn_expected expected_of(double value, const dcn_oracle_error *e)
{
    return (dcn_expected){
        .value = value,
        .slack = dcn_compare_slack(e->magnitude, e->terms, e->drift, e->softness, e->underflow),
        .jump = e->jump,
        .may_be_nonfinite = e->may_be_nonfinite,
        .must_be_nonfinite = e->must_be_nonfinite,
    };
}

bool dcn_call_expect(const dcn_call *call, dcn_expected *const *expected, dcn_message *message)
{
    double *values[DCN_CALL_MAX_RESULTS] = {NULL};
    dcn_oracle_error *errors[DCN_CALL_MAX_RESULTS] = {NULL};
    bool good = true;
    for (size_t r = 0; r < call->result_count && good; r++) {
        size_t count = (size_t)call->results[r].count;
        values[r] = malloc((count + 1) * sizeof *values[r]);
        errors[r] = malloc((count + 1) * sizeof *errors[r]);
        good = (values[r] && errors[r]) ||
               dcn_message_memory(message, "the float64 evaluation", count * (sizeof *values[r] + sizeof *errors[r]));
    }
    good = good && call->op->oracle(call, values, errors, message);
    for (size_t r = 0; r < call->result_count; r++) {
        for (uint64_t i = 0; i < call->results[r].count && good; i++) {
            expected[r][i] = expected_of(values[r][i], &errors[r][i]);
        }
        free(values[r]);
        free(errors[r]);
    }
    return good;
}

dcn_dtype dcn_dtype_of(dcn_element storage)
{
    return storage == DCN_ELEMENT_F32 ? DCN_FLOAT32 : storage == DCN_ELEMENT_F16 ? DCN_FLOAT16 : DCN_BFLOAT16;
}

bool dcn_call_input(dcn_call *call, const char *name, size_t rank, dcn_message *message)
{
    const dcn_case_tensor *tensor = dcn_case_find(call->source, name);
    if (!tensor) {
        return dcn_message_set(message, "there is no tensor \"%s\", which %s needs", name, call->op->name);
    }
    if (tensor->rank != rank) {
        return dcn_message_set(message, "tensor \"%s\" has %zu extents; it must have %zu", name, tensor->rank, rank);
    }
    dcn_element element = tensor->element;
    if (call->input_count == 0) {
        if (element != DCN_ELEMENT_F32 && element != DCN_ELEMENT_F16 && element != DCN_ELEMENT_BF16) {
            return dcn_message_set(message, "tensor \"%s\" must be of type F32, F16 or BF16", name);
        }
        call->storage = element;
    } else if (element != call->storage) {
        return dcn_message_set(message, "tensor \"%s\" must be of type %s, as \"%s\" is", name,
                               dcn_element_name(call->storage), call->inputs[0]->name);
    }
    call->inputs[call->input_count++] = tensor;
    return true;
}

bool dcn_call_result_add(dcn_call *call, const char *name, size_t rank, const int64_t *extent, dcn_message *message)
{
    dcn_call_result *result = &call->results[call->result_count];
    result->name = name;
    result->tolerance = DCN_TOLERANCE_OUTPUT;
    result->rank = rank;
    memcpy(result->extent, extent, rank * sizeof *extent);
    /* Room for the oracle's own arrays too, which are the largest. */
    if (!dcn_case_bytes(call->storage, rank, extent, &result->bytes) ||
        result->bytes > SIZE_MAX / (8 * sizeof(dcn_oracle_error))) {
        char extents[160];
        dcn_case_extents_text(extents, sizeof extents, rank, extent);
        return dcn_message_set(message, "%s would be %s, which does not fit into memory", name, extents);
    }
    result->count = result->bytes / dcn_element_size(call->storage);
    call->result_count++;
    return true;
}

bool dcn_call_check_extents(const dcn_call *call, size_t input, const int64_t *extent, dcn_message *message)
{
    const dcn_case_tensor *tensor = call->inputs[input];
    if (memcmp(tensor->extent, extent, tensor->rank * sizeof *extent) == 0) {
        return true;
    }
    char given[160];
    char needed[160];
    dcn_case_extents_text(given, sizeof given, tensor->rank, tensor->extent);
    dcn_case_extents_text(needed, sizeof needed, tensor->rank, extent);
    return dcn_message_set(message, "tensor \"%s\" is %s; it must be %s", tensor->name, given, needed);
}

bool dcn_call_gradient_add(dcn_call *call, const char *name, size_t input, dcn_tolerance tolerance,
                           dcn_message *message)
{
    const dcn_case_tensor *of = call->inputs[input];
    if (!dcn_call_result_add(call, name, of->rank, of->extent, message)) {
        return false;
    }
    call->results[call->result_count - 1].tolerance = tolerance;
    return true;
}

static double *as_double(const dcn_case_tensor *tensor, dcn_message *message)
{
    uint64_t count = tensor->bytes / dcn_element_size(tensor->element);
    double *values = count < SIZE_MAX / sizeof *values ? malloc(((size_t)count + 1) * sizeof *values) : NULL;
    if (!values) {
        dcn_message_memory(message, tensor->name, count * sizeof *values);
        return NULL;
    }
    for (uint64_t i = 0; i < count; i++) {
        values[i] = dcn_convert_load(tensor->element, tensor->data, i);
    }
    return values;
}

bool dcn_call_inputs_as_double(const dcn_call *call, double *inputs[DCN_CALL_MAX_INPUTS], dcn_message *message)
{
    memset(inputs, 0, DCN_CALL_MAX_INPUTS * sizeof *inputs);
    for (size_t i = 0; i < call->input_count; i++) {
        inputs[i] = as_double(call->inputs[i], message);
        if (!inputs[i]) {
            dcn_call_free_doubles(inputs);
            return false;
        }
    }
    return true;
}

void dcn_call_free_doubles(double *inputs[DCN_CALL_MAX_INPUTS])
{
    for (size_t i = 0; i < DCN_CALL_MAX_INPUTS; i++) {
        free(inputs[i]);
        inputs[i] = NULL;
    }
}
