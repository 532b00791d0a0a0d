/* From a checked call to a plan, for every operator that samples points, in both directions. */
#ifndef DCN_SAMPLING_H
#define DCN_SAMPLING_H

#include "backward.h"

typedef struct dcn_sampling_call {
    const char *function; /* for messages */
    dcn_direction direction;
    const dcn_backward_shape *shape; /* forward: only its `forward` counts */
    const dcn_tensor_spec *tensors;  /* in the plan's order */
    size_t tensor_count;
} dcn_sampling_call;

/* Checks sizes, reads the path, chooses kernels, and makes the plan. */
dcn_status dcn_sampling_plan_create(dcn_context *context, const dcn_sampling_call *call,
                                    const dcn_plan_options *options, dcn_plan **plan);

#endif
