/* What a plan is made of: tensors and path, and the operator's own state behind a small table of functions. */
#ifndef DCN_PLAN_H
#define DCN_PLAN_H

#include "objects.h"
#include "path.h"

/* Most tensors of one plan. */
#define DCN_MAX_TENSORS 8

/* An operator, as a plan drives it. State belongs to one plan; clones share what is immutable by reference. */
typedef struct dcn_operator {
    const char *name; /* for messages */
    /* The launches for checked slices, one binding for each tensor; their number is returned, the array belongs to the
     * state. An absent tensor's binding has the handle NULL and size 0. `workspace` is aligned to
     * DCN_WORKSPACE_ALIGNMENT and NULL where the plan needs none. Called by one thread at a time for one state; the
     * bindings live until the launches have been submitted. */
    size_t (*launches)(void *state, const dcn_binding *bindings, const dcn_binding *workspace,
                       const dcn_launch **launches);
    dcn_status (*clone)(const void *state, void **clone);
    void (*destroy)(void *state);
} dcn_operator;

struct dcn_plan {
    dcn_context *context;
    const dcn_operator *op;
    void *state;
    dcn_tensor_info tensors[DCN_MAX_TENSORS];
    size_t tensor_count;
    uint64_t workspace; /* bytes; 0: none */
    bool own_workspace;
    dcn_memory *workspace_memory; /* the plan's own */
    dcn_binding workspace_slice;  /* that, or the caller's; its handle is NULL until the caller sets one */
    char path[64];
};

/* A tensor that a plan is to have. */
typedef struct dcn_tensor_spec {
    const char *name;
    dcn_dtype dtype;
    int is_output, is_optional;
    int rank;
    int64_t extent[DCN_MAX_RANK];
} dcn_tensor_spec;

/* Every tensor's bytes fit 63 bits, also in the products that kernels form; a batch of 0 hides no overflow. */
dcn_status dcn_tensors_check(const char *function, const dcn_tensor_spec *tensors, size_t count);

/* What an operator hands over for a plan. */
typedef struct dcn_plan_parts {
    const dcn_operator *op;
    void *state; /* the plan's from then on, also when it cannot be made */
    const dcn_tensor_spec *tensors;
    size_t tensor_count;
    uint64_t workspace;
    const dcn_path *path;
} dcn_plan_parts;

/* Makes a plan, and its workspace unless the options say that the caller brings one. `options` may be NULL. */
dcn_status dcn_plan_make(dcn_context *context, const dcn_plan_parts *parts, const dcn_plan_options *options,
                         dcn_plan **plan);

/* What every operator checks before its descriptor: nothing is NULL but perhaps the options, and those are in order. */
dcn_status dcn_plan_arguments_check(const char *function, const dcn_context *context, const void *desc,
                                    const dcn_plan_options *options, dcn_plan *const *plan);

/* A slice against the tensor it is for, without asking any device: its handle, size and, as far as known, alignment. */
dcn_status dcn_slice_check(const char *function, const dcn_tensor_info *tensor, const dcn_slice *slice);

/* Whether the slice stands for a tensor that is absent, as it may be. */
bool dcn_slice_is_absent(const dcn_tensor_info *tensor, const dcn_slice *slice);

/* Refuses a call without any result. */
dcn_status dcn_results_check(const char *function, const dcn_plan *plan, const dcn_slice *tensors);

/* An operator's _plan_create, for dcn_run_host(). */
typedef dcn_status (*dcn_plan_maker)(dcn_context *context, const void *desc, dcn_plan **plan);

/* Opens the device, plans, runs on host memory, and closes everything again. */
dcn_status dcn_run_host(const char *device, dcn_plan_maker make, const void *desc, const dcn_slice *tensors,
                        size_t tensor_count);

#endif
