/* The wide shape's gradients as a plan drives them: the engine of dcn_backward_create() for that shape. */
#ifndef DCN_BACKWARD_WIDE_H
#define DCN_BACKWARD_WIDE_H

#include "backward.h"

extern const dcn_operator dcn_backward_wide_operator;

/* As dcn_backward_create(); `path` is complete. */
dcn_status dcn_backward_wide_create(dcn_context *context, const dcn_backward_shape *shape, uint64_t workspace_limit,
                                    dcn_path *path, const dcn_operator **op, void **state, uint64_t *workspace);

#endif
