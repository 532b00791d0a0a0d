/*
 * The operators that this build can run and judge, one row each. Everything else here works on calls and knows no
 * operator by name, so that a new one is a new row and a file beside operator_dcnv4.c.
 */
#ifndef DCN_CONFORMANCE_OPERATORS_H
#define DCN_CONFORMANCE_OPERATORS_H

#include <dcnv4/dcnv4.h>

#include "case.h"

/* Most inputs and most results of a call. */
#define DCN_CALL_MAX_INPUTS  4
#define DCN_CALL_MAX_RESULTS 2

typedef struct dcn_operator dcn_operator;

/* A result tensor: name, shape, and the storage type of the inputs. */
typedef struct dcn_call_result {
    const char *name;
    size_t rank;
    int64_t extent[DCN_CASE_MAX_RANK];
    uint64_t count; /* elements */
    uint64_t bytes;
} dcn_call_result;

/* A case that has been checked and is ready to run. Tensors are in the order of dcn_execute(): inputs, then results. */
typedef struct dcn_call {
    const dcn_operator *op;
    const dcn_case *source; /* outlives the call */
    dcn_element storage;
    const dcn_case_tensor *inputs[DCN_CALL_MAX_INPUTS];
    size_t input_count;
    dcn_call_result results[DCN_CALL_MAX_RESULTS];
    size_t result_count;
    union {
        dcn_dcnv4_desc dcnv4;
    } desc;
} dcn_call;

/* What one element of a result must be, up to the rounding at the store; compare.h. */
typedef struct dcn_expected {
    double value;           /* float64 evaluation */
    double slack;           /* how far float32 arithmetic may stray from it */
    bool may_be_nonfinite;  /* a NaN or infinity is allowed */
    bool must_be_nonfinite; /* and required */
} dcn_expected;

struct dcn_operator {
    const char *name;

    /* Reads parameters and finds tensors; refuses a case that the oracle could not evaluate. What only the library's
     * own rules forbid is left to the library. */
    bool (*prepare)(dcn_call *call, dcn_message *message);

    dcn_status (*plan)(dcn_context *context, const dcn_call *call, const dcn_plan_options *options, dcn_plan **plan);

    /* The float64 evaluation of every result, and nothing else. */
    bool (*evaluate)(const dcn_call *call, double *const *results, dcn_message *message);

    /* The same with what compare.h needs; `expected` has one array for each result. */
    bool (*expect)(const dcn_call *call, dcn_expected *const *expected, dcn_message *message);

    /* Fills parts of an input that no device may read with NaN; NULL where there are none. */
    void (*poison)(const dcn_call *call, size_t input, void *data);
};

/* All of them, NULL at the end. */
extern const dcn_operator *const dcn_operators[];

extern const dcn_operator dcn_operator_dcnv4;

/* The operator of that name, or NULL. */
const dcn_operator *dcn_operator_find(const char *name);

/* Makes a call of a case; a missing or unknown operator is refused with what there is. */
bool dcn_call_prepare(const dcn_case *test, dcn_call *call, dcn_message *message);

/* Helpers for operators' own files. */

/* Finds an input, which must have the rank and (unless this is the first) the storage type of the call. */
bool dcn_call_input(dcn_call *call, const char *name, size_t rank, dcn_message *message);

/* Adds a result; refuses one whose size overflows. */
bool dcn_call_result_add(dcn_call *call, const char *name, size_t rank, const int64_t *extent, dcn_message *message);

/* A copy of an input as double, from malloc; NULL and a message when there is no memory. */
double *dcn_call_input_as_double(const dcn_call *call, size_t input, dcn_message *message);

#endif
