/* Entries of the gradients of offsets and masks, wide shape. */
#include "dcn_dialect.h"
#include "dcn_backward_points.h"

#define DCN_POINTS_ENTRY(name, fast)                                                                                   \
    DCN_KERNEL name(                                                                                                   \
        DCN_GLOBAL const dcn_storage *DCN_RESTRICT value, DCN_GLOBAL const dcn_storage *DCN_RESTRICT offset,           \
        DCN_GLOBAL const dcn_storage *DCN_RESTRICT mask, DCN_GLOBAL const dcn_storage *DCN_RESTRICT grad_output,       \
        DCN_GLOBAL const int *DCN_RESTRICT grid, DCN_GLOBAL void *grad_offset, DCN_GLOBAL void *grad_mask,             \
        const dcn_backward_wide_params params DCN_WORK_GROUP_PARAMETER(dcn_float4, memory))                            \
    {                                                                                                                  \
        DCN_WORK_GROUP_MEMORY(dcn_float4, memory);                                                                     \
        dcn_backward_tensors t;                                                                                        \
        t.sources = dcn_sources_of(value, offset, mask, &params.forward);                                              \
        t.grad_output = grad_output + params.forward.output_at;                                                        \
        t.grid = grid;                                                                                                 \
        dcn_points_group(fast, t, &params, grad_offset, grad_mask, memory, DCN_GROUP_ID);                              \
    }

/* Special kernels are fast ones. */
#if !defined(DCN_GENERAL)
DCN_POINTS_ENTRY(dcn_backward_points_fast, 1)
#endif
#if !defined(DCN_SPECIAL)
DCN_POINTS_ENTRY(dcn_backward_points, 0)
#endif
