/*
 * The operators that this build can judge, one row for each direction. Everything else here works on calls and knows no
 * operator by name, so that a new one is two new rows and a file beside operator_dcnv4.c.
 */
#ifndef DCN_CONFORMANCE_OPERATORS_H
#define DCN_CONFORMANCE_OPERATORS_H

#include <dcnv4/dcnv4.h>

#include "../oracle/error.h"
#include "../oracle/network.h"
#include "case.h"

/* Most inputs and most results of a call. */
#define DCN_CALL_MAX_INPUTS  4
#define DCN_CALL_MAX_RESULTS 3

typedef struct dcn_operator dcn_operator;

/* What a call computes of its operator. */
typedef enum dcn_call_direction {
    DCN_CALL_FORWARD,
    DCN_CALL_BACKWARD, /* gradients, from one more input, grad_output */
    DCN_CALL_DIRECTIONS,
} dcn_call_direction;

/* How far a result's norm may be off; compare.h has the numbers. */
typedef enum dcn_tolerance {
    DCN_TOLERANCE_OUTPUT,
    DCN_TOLERANCE_GRADIENT,
    DCN_TOLERANCE_LOCATIONS, /* gradients of locations in several images */
} dcn_tolerance;

/* A result tensor: name, shape, and the storage type of the inputs. */
typedef struct dcn_call_result {
    const char *name;
    dcn_tolerance tolerance;
    size_t rank;
    int64_t extent[DCN_CASE_MAX_RANK];
    uint64_t count; /* elements */
    uint64_t bytes;
} dcn_call_result;

/* Multi-scale deformable attention: what its tensors' shapes say. */
typedef struct dcn_attention_shape {
    int64_t batch, pixels, queries, group, group_channels;
    int64_t levels, points;
    const int64_t *spatial_shapes; /* [levels, 2]: height, width; belongs to the case */
    const int64_t *level_start_index;
} dcn_attention_shape;

/* Most levels of a FlashInternImage. */
#define DCN_CALL_MAX_LEVELS 8

/* FlashInternImage: what its metadata says. */
typedef struct dcn_intern_image_shape {
    int64_t channels, classes, levels;
    int64_t depths[DCN_CALL_MAX_LEVELS], groups[DCN_CALL_MAX_LEVELS];
    double mlp_ratio;
    bool post_norm;
    dcn_oracle_module dcn;
} dcn_intern_image_shape;

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
        dcn_dcnv4_desc dcnv4; /* DCNv3's parameters too */
        dcn_attention_shape attention;
        dcn_oracle_module module;
        dcn_oracle_c2f c2f;
        dcn_intern_image_shape intern_image;
    } desc;
} dcn_call;

/* What one element of a result must be, up to the rounding at the store; compare.h. */
typedef struct dcn_expected {
    double value;           /* float64 evaluation */
    double slack;           /* how far float32 arithmetic may stray from it */
    double jump;            /* value + jump is as right as value; 0 where there is no second choice */
    bool may_be_nonfinite;  /* a NaN or infinity is allowed */
    bool must_be_nonfinite; /* and required */
} dcn_expected;

/* An operator in one direction. */
struct dcn_operator {
    const char *name; /* as in a case file */
    dcn_call_direction direction;

    /* Reads parameters and finds tensors; refuses a case that the oracle could not evaluate. What only the library's
     * own rules forbid is left to the library. */
    bool (*prepare)(dcn_call *call, dcn_message *message);

    /* NULL where the library has no such plan yet: then cases are only read, evaluated and compared with what they
     * store. */
    dcn_status (*plan)(dcn_context *context, const dcn_call *call, const dcn_plan_options *options, dcn_plan **plan);

    /* The float64 evaluation of every result and, unless `errors` is NULL, the parts of their bounds. */
    bool (*oracle)(const dcn_call *call, double *const *results, dcn_oracle_error *const *errors, dcn_message *message);

    /* Fills parts of an input that no device may read with NaN; NULL where there are none. */
    void (*poison)(const dcn_call *call, size_t input, void *data);
};

/* All of them, NULL at the end. */
extern const dcn_operator *const dcn_operators[];

extern const dcn_operator dcn_operator_dcnv4;
extern const dcn_operator dcn_operator_dcnv4_backward;
extern const dcn_operator dcn_operator_dcnv3;
extern const dcn_operator dcn_operator_dcnv3_backward;
extern const dcn_operator dcn_operator_attention;
extern const dcn_operator dcn_operator_attention_backward;
extern const dcn_operator dcn_operator_module;
extern const dcn_operator dcn_operator_c2f;
extern const dcn_operator dcn_operator_intern_image;

/* The operator of that name in that direction, or NULL. */
const dcn_operator *dcn_operator_find(const char *name, dcn_call_direction direction);

/* "dcnv4", or "dcnv4 backward". */
void dcn_operator_title(const dcn_operator *op, char *title, size_t size);

/* Makes a forward call of a case; a missing or unknown operator is refused with what there is. */
bool dcn_call_prepare(const dcn_case *test, dcn_call *call, dcn_message *message);

/* The same in either direction. */
bool dcn_call_prepare_direction(const dcn_case *test, dcn_call_direction direction, dcn_call *call,
                                dcn_message *message);

/* Whether the case asks for gradients, which it does by having a grad_output. */
bool dcn_case_has_gradients(const dcn_case *test);

/* The float64 evaluation of every result, and nothing else. */
bool dcn_call_evaluate(const dcn_call *call, double *const *results, dcn_message *message);

/* The same with what compare.h needs; `expected` has one array for each result. */
bool dcn_call_expect(const dcn_call *call, dcn_expected *const *expected, dcn_message *message);

/* Helpers for operators' own files. */

/* The library's word for a storage type. */
dcn_dtype dcn_dtype_of(dcn_element storage);

/* Finds an input, which must have the rank and (unless this is the first) the storage type of the call. */
bool dcn_call_input(dcn_call *call, const char *name, size_t rank, dcn_message *message);

/* Refuses an input whose extents are not these. */
bool dcn_call_check_extents(const dcn_call *call, size_t input, const int64_t *extent, dcn_message *message);

/* Adds a result; refuses one whose size overflows. */
bool dcn_call_result_add(dcn_call *call, const char *name, size_t rank, const int64_t *extent, dcn_message *message);

/* Adds a result that is the gradient of an input. */
bool dcn_call_gradient_add(dcn_call *call, const char *name, size_t input, dcn_tolerance tolerance,
                           dcn_message *message);

/* Copies of all inputs as double, for dcn_call_free_doubles(); false and a message when there is no memory. */
bool dcn_call_inputs_as_double(const dcn_call *call, double *inputs[DCN_CALL_MAX_INPUTS], dcn_message *message);
void dcn_call_free_doubles(double *inputs[DCN_CALL_MAX_INPUTS]);

#endif
