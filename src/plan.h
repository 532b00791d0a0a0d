/* What a plan is made of: tensors and path, and the operator's own state behind a small table of functions. */
#ifndef DCN_PLAN_H
#define DCN_PLAN_H

#include "objects.h"
#include "path.h"

/* Most tensors and launches of one plan. */
#define DCN_MAX_TENSORS  8
#define DCN_MAX_LAUNCHES 8

/* An operator, as a plan drives it. State belongs to one plan; clones share what is immutable by reference. */
typedef struct dcn_operator {
    const char *name;
    /* Fills launches for checked slices, one binding for each tensor. Called by one thread at a time for one state; the
     * bindings live until the launches have been submitted. */
    size_t (*launches)(void *state, const dcn_binding *bindings, dcn_launch launches[DCN_MAX_LAUNCHES]);
    dcn_status (*clone)(const void *state, void **clone);
    void (*destroy)(void *state);
} dcn_operator;

struct dcn_plan {
    dcn_context *context;
    const dcn_operator *op;
    void *state;
    dcn_tensor_info tensors[DCN_MAX_TENSORS];
    size_t tensor_count;
    uint64_t workspace;
    char path[64];
};

/* Makes a plan that takes over `state`, and destroys it when that fails. Tensors are added after. */
dcn_status dcn_plan_make(dcn_context *context, const dcn_operator *op, void *state, const dcn_path *path,
                         dcn_plan **plan);

/* Describes the next tensor; extents are checked not to overflow. */
dcn_status dcn_plan_add_tensor(dcn_plan *plan, const char *name, dcn_dtype dtype, int is_output, int rank,
                               const int64_t *extent);

/* A slice against the tensor it is for, without asking any device: its handle, size and, as far as known, alignment. */
dcn_status dcn_slice_check(const char *function, const dcn_tensor_info *tensor, const dcn_slice *slice);

#endif
