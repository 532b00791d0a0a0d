#include "operators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const dcn_operator *const dcn_operators[] = {
    &dcn_operator_dcnv4,
    NULL,
};

const dcn_operator *dcn_operator_find(const char *name)
{
    for (size_t i = 0; dcn_operators[i]; i++) {
        if (strcmp(dcn_operators[i]->name, name) == 0) {
            return dcn_operators[i];
        }
    }
    return NULL;
}

static bool refuse_operator(const char *name, dcn_message *message)
{
    char known[200] = "";
    for (size_t i = 0, used = 0; dcn_operators[i] && used < sizeof known; i++) {
        int length = snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", dcn_operators[i]->name);
        used += length > 0 ? (size_t)length : 0;
    }
    if (!name) {
        return dcn_message_set(message, "the metadata lacks \"op\", which names the operator; this build has: %s",
                               known);
    }
    return dcn_message_set(message, "this build does not have the operator \"%.60s\"; it has: %s", name, known);
}

bool dcn_call_prepare(const dcn_case *test, dcn_call *call, dcn_message *message)
{
    memset(call, 0, sizeof *call);
    call->source = test;
    const char *name = dcn_case_get(test, "op");
    call->op = name ? dcn_operator_find(name) : NULL;
    if (!call->op) {
        return refuse_operator(name, message);
    }
    return call->op->prepare(call, message);
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
    result->rank = rank;
    memcpy(result->extent, extent, rank * sizeof *extent);
    /* Room for the oracle's own arrays too, which are the largest. */
    if (!dcn_case_bytes(call->storage, rank, extent, &result->bytes) ||
        result->bytes > SIZE_MAX / (8 * sizeof(dcn_expected))) {
        char extents[160];
        dcn_case_extents_text(extents, sizeof extents, rank, extent);
        return dcn_message_set(message, "%s would be %s, which does not fit into memory", name, extents);
    }
    result->count = result->bytes / dcn_element_size(call->storage);
    call->result_count++;
    return true;
}

double *dcn_call_input_as_double(const dcn_call *call, size_t input, dcn_message *message)
{
    const dcn_case_tensor *tensor = call->inputs[input];
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
