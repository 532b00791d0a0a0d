#include "case.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}

/* Room for one more element; the array grows by doubling, so `count` at a power of two is full. */
static void *grow(void *array, size_t count, size_t element_size)
{
    if (count & (count - 1)) {
        return array;
    }
    return realloc(array, (count ? 2 * count : 1) * element_size);
}

void dcn_case_init(dcn_case *test, const char *name)
{
    memset(test, 0, sizeof *test);
    snprintf(test->name, sizeof test->name, "%s", name);
}

void dcn_case_free(dcn_case *test)
{
    for (size_t i = 0; i < test->parameter_count; i++) {
        free(test->parameters[i].key);
        free(test->parameters[i].value);
    }
    for (size_t i = 0; i < test->tensor_count; i++) {
        free(test->tensors[i].name);
        free(test->tensors[i].data);
    }
    free(test->parameters);
    free(test->tensors);
    memset(test, 0, sizeof *test);
}

bool dcn_case_set(dcn_case *test, const char *key, const char *value)
{
    dcn_case_parameter *grown = grow(test->parameters, test->parameter_count, sizeof *grown);
    if (!grown) {
        return false;
    }
    test->parameters = grown;
    dcn_case_parameter parameter = {copy_text(key), copy_text(value)};
    if (!parameter.key || !parameter.value) {
        free(parameter.key);
        free(parameter.value);
        return false;
    }
    test->parameters[test->parameter_count++] = parameter;
    return true;
}

bool dcn_case_adopt(dcn_case *test, const char *name, dcn_case_tensor tensor)
{
    dcn_case_tensor *grown = grow(test->tensors, test->tensor_count, sizeof *grown);
    if (grown) {
        test->tensors = grown;
        tensor.name = copy_text(name);
    }
    if (!grown || !tensor.name) {
        free(tensor.data);
        return false;
    }
    test->tensors[test->tensor_count++] = tensor;
    return true;
}

dcn_case_tensor *dcn_case_add(dcn_case *test, const char *name, dcn_element element, size_t rank, const int64_t *extent)
{
    dcn_case_tensor tensor = {.element = element, .rank = rank};
    if (rank > DCN_CASE_MAX_RANK || !dcn_case_bytes(element, rank, extent, &tensor.bytes) || tensor.bytes > SIZE_MAX) {
        return NULL;
    }
    memcpy(tensor.extent, extent, rank * sizeof *extent);
    tensor.data = tensor.bytes ? calloc(1, (size_t)tensor.bytes) : NULL;
    if ((tensor.bytes && !tensor.data) || !dcn_case_adopt(test, name, tensor)) {
        return NULL;
    }
    return &test->tensors[test->tensor_count - 1];
}

const dcn_case_tensor *dcn_case_find(const dcn_case *test, const char *name)
{
    for (size_t i = 0; i < test->tensor_count; i++) {
        if (strcmp(test->tensors[i].name, name) == 0) {
            return &test->tensors[i];
        }
    }
    return NULL;
}

const char *dcn_case_get(const dcn_case *test, const char *key)
{
    for (size_t i = 0; i < test->parameter_count; i++) {
        if (strcmp(test->parameters[i].key, key) == 0) {
            return test->parameters[i].value;
        }
    }
    return NULL;
}

bool dcn_case_integer(const dcn_case *test, const char *key, bool required, int64_t *value, dcn_message *message)
{
    const char *text = dcn_case_get(test, key);
    if (!text) {
        return !required || dcn_message_set(message, "the metadata lacks \"%s\", which has no default", key);
    }
    size_t digits = strspn(text + (*text == '-'), "0123456789");
    if (digits == 0 || text[(*text == '-') + digits] != '\0') {
        return dcn_message_set(message, "%s is \"%.40s\"; it must be a decimal integer", key, text);
    }
    errno = 0;
    long long parsed = strtoll(text, NULL, 10);
    if (errno || parsed < INT32_MIN || parsed > INT32_MAX) {
        return dcn_message_set(message, "%s is %.40s; it must lie between %" PRId32 " and %" PRId32, key, text,
                               INT32_MIN, INT32_MAX);
    }
    *value = parsed;
    return true;
}

bool dcn_case_real(const dcn_case *test, const char *key, double *value, dcn_message *message)
{
    const char *text = dcn_case_get(test, key);
    if (!text) {
        return true;
    }
    char *end = NULL;
    bool plain = *text && strspn(text, "+-.0123456789eE") == strlen(text);
    double parsed = plain ? strtod(text, &end) : 0.0;
    if (!plain || *end || !dcn_is_finite(parsed)) {
        return dcn_message_set(message, "%s is \"%.40s\"; it must be a finite decimal number", key, text);
    }
    *value = parsed;
    return true;
}

static bool equal_any_case(const char *text, const char *lower)
{
    while (*text && (*text == *lower || (*text >= 'A' && *text <= 'Z' && *text - 'A' + 'a' == *lower))) {
        text++;
        lower++;
    }
    return !*text && !*lower;
}

bool dcn_case_boolean(const dcn_case *test, const char *key, int *value, dcn_message *message)
{
    const char *text = dcn_case_get(test, key);
    if (!text) {
        return true;
    }
    bool yes = strcmp(text, "1") == 0 || equal_any_case(text, "true");
    bool no = strcmp(text, "0") == 0 || equal_any_case(text, "false");
    if (!yes && !no) {
        return dcn_message_set(message, "%s is \"%.40s\"; it must be 0, 1, true or false", key, text);
    }
    *value = yes;
    return true;
}

bool dcn_case_integers(const dcn_case *test, const char *key, int64_t *values, size_t most, size_t *count,
                       dcn_message *message)
{
    const char *text = dcn_case_get(test, key);
    if (!text) {
        return dcn_message_set(message, "the metadata lacks \"%s\", which has no default", key);
    }
    const char *at = text + strspn(text, " ");
    bool good = *at == '[';
    *count = 0;
    do {
        at += good ? 1 : 0;
        at += strspn(at, " ");
        char *end = NULL;
        long long parsed = good && *at >= '0' && *at <= '9' ? strtoll(at, &end, 10) : -1;
        good = parsed >= 0 && parsed <= INT32_MAX && *count < most;
        if (good) {
            values[(*count)++] = parsed;
            at = end + strspn(end, " ");
        }
    } while (good && *at == ',');
    good = good && *at == ']' && at[1 + strspn(at + 1, " ")] == '\0';
    return good || dcn_message_set(message, "%s is \"%.60s\"; it must be a list of 1 to %zu integers of at least 0",
                                   key, text, most);
}

bool dcn_case_bytes(dcn_element element, size_t rank, const int64_t *extent, uint64_t *bytes)
{
    uint64_t product = dcn_element_size(element);
    bool empty = false;
    for (size_t i = 0; i < rank; i++) {
        if (extent[i] < 0) {
            return false;
        }
        empty = empty || extent[i] == 0;
    }
    for (size_t i = 0; i < rank && !empty; i++) {
        if (product > UINT64_MAX / (uint64_t)extent[i]) {
            return false;
        }
        product *= (uint64_t)extent[i];
    }
    *bytes = empty ? 0 : product;
    return true;
}

void dcn_case_extents_text(char *text, size_t size, size_t rank, const int64_t *extent)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rank && i < DCN_CASE_MAX_RANK && used < size; i++) {
        int length = snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "[", extent[i]);
        used += length > 0 ? (size_t)length : 0;
    }
    if (used < size) {
        snprintf(text + used, size - used, rank == 0 ? "[]" : rank > DCN_CASE_MAX_RANK ? ", ...]" : "]");
    }
}
