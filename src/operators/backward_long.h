/* Gradients with the long shape, for CPUs: dcn_backward_long.h. */
#ifndef DCN_BACKWARD_LONG_H
#define DCN_BACKWARD_LONG_H

#include "backward.h"

extern const dcn_operator dcn_backward_long_operator;

/* As dcn_backward_create(), for a complete path. */
dcn_status dcn_backward_long_create(dcn_context *context, const dcn_backward_shape *shape, uint64_t workspace_limit,
                                    dcn_path *path, const dcn_operator **op, void **state, uint64_t *workspace);

#endif
