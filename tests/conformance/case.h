/*
 * A test case, whatever its operator: parameters as text, as they stand in a case file's metadata, and named tensors.
 * It comes from a file (casefile.h) or from the generator (generate.h); operators.h makes a call of it.
 */
#ifndef DCN_CONFORMANCE_CASE_H
#define DCN_CONFORMANCE_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "convert.h"
#include "message.h"

/* Extents that are kept of a tensor. One of higher rank is carried along, but no operator takes it. */
#define DCN_CASE_MAX_RANK 8

typedef struct dcn_case_tensor {
    char *name;
    dcn_element element;
    size_t rank;
    int64_t extent[DCN_CASE_MAX_RANK];
    uint64_t bytes;
    void *data; /* NULL only if bytes is 0; aligned for every element type */
} dcn_case_tensor;

typedef struct dcn_case_parameter {
    char *key;
    char *value;
} dcn_case_parameter;

typedef struct dcn_case {
    char name[96];
    bool exact; /* every product and partial sum is exact in float32, so that results are the same everywhere */
    dcn_case_parameter *parameters;
    size_t parameter_count;
    dcn_case_tensor *tensors;
    size_t tensor_count;
} dcn_case;

/* An empty case. */
void dcn_case_init(dcn_case *test, const char *name);

/* Frees what the case owns. */
void dcn_case_free(dcn_case *test);

/* Adds a parameter; false when there is no memory. */
bool dcn_case_set(dcn_case *test, const char *key, const char *value);

/* Adds a tensor that takes over `data` (from malloc), and frees it on failure; false when there is no memory. */
bool dcn_case_adopt(dcn_case *test, const char *name, dcn_case_tensor tensor);

/* Adds a tensor of zeros; NULL when there is no memory. The pointer is good until the next tensor is added. */
dcn_case_tensor *dcn_case_add(dcn_case *test, const char *name, dcn_element element, size_t rank,
                              const int64_t *extent);

/* The tensor of that name, or NULL. */
const dcn_case_tensor *dcn_case_find(const dcn_case *test, const char *name);

/* The parameter's text, or NULL. */
const char *dcn_case_get(const dcn_case *test, const char *key);

/* Parameters as values. A missing key leaves `value`, which holds the default, as it is; `required` makes it an error.
 * Anything but a plain decimal integer between -2^31 and 2^31-1, a finite number, or 0, 1, true, false in any letter
 * case is refused with a message that names the key. */
bool dcn_case_integer(const dcn_case *test, const char *key, bool required, int64_t *value, dcn_message *message);
bool dcn_case_real(const dcn_case *test, const char *key, double *value, dcn_message *message);
bool dcn_case_boolean(const dcn_case *test, const char *key, int *value, dcn_message *message);

/* A list such as "[3, 4, 18]" of at most `most` integers between 0 and 2^31-1, which is required. */
bool dcn_case_integers(const dcn_case *test, const char *key, int64_t *values, size_t most, size_t *count,
                       dcn_message *message);

/* Product of extents times the element's size; false when that overflows or an extent is negative. */
bool dcn_case_bytes(dcn_element element, size_t rank, const int64_t *extent, uint64_t *bytes);

/* Extents as "[1, 8, 8, 32]". */
void dcn_case_extents_text(char *text, size_t size, size_t rank, const int64_t *extent);

#endif
