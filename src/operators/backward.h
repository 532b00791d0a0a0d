/* Gradients of every operator that samples points: which engine computes them. */
#ifndef DCN_BACKWARD_H
#define DCN_BACKWARD_H

#include "forward.h"

/* A checked backward call, in the kernels' terms. */
typedef struct dcn_backward_shape {
    dcn_forward_shape forward;                 /* `output` is the index of grad_output */
    size_t grad_value, grad_offset, grad_mask; /* which tensor is which; the last two may be the same */
    int float32_gradients;
} dcn_backward_shape;

/*
 * Chooses an engine for the shape, honouring and completing `path`. *workspace receives the bytes that the plan must
 * give it, at most workspace_limit unless that is 0. Two engines fill this form, one for each kernel shape; an engine
 * gets a complete path.
 */
dcn_status dcn_backward_create(dcn_context *context, const dcn_backward_shape *shape, uint64_t workspace_limit,
                               dcn_path *path, const dcn_operator **op, void **state, uint64_t *workspace);

#endif
