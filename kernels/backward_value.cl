/* Entries of the gradient of the value, wide shape: those that work on points. */
#include "dcn_dialect.h"
#include "dcn_backward_value.h"

DCN_KERNEL dcn_backward_count(DCN_GLOBAL const dcn_storage *DCN_RESTRICT offset,
                              DCN_GLOBAL const int *DCN_RESTRICT grid, DCN_GLOBAL unsigned *workspace,
                              const dcn_backward_wide_params params DCN_WORK_GROUP_PARAMETER(unsigned, words))
{
    DCN_WORK_GROUP_MEMORY(unsigned, words);
    dcn_count_group(dcn_bound_tensors(offset, offset, offset, grid, &params), &params, workspace + params.workspace_at,
                    words, DCN_GROUP_ID);
}

#define DCN_GATHER_ENTRY(name, fast)                                                                                   \
    DCN_KERNEL name(DCN_GLOBAL const dcn_storage *DCN_RESTRICT offset,                                                 \
                    DCN_GLOBAL const dcn_storage *DCN_RESTRICT mask,                                                   \
                    DCN_GLOBAL const dcn_storage *DCN_RESTRICT grad_output, DCN_GLOBAL const int *DCN_RESTRICT grid,   \
                    DCN_GLOBAL void *DCN_RESTRICT grad_value, DCN_GLOBAL unsigned *DCN_RESTRICT workspace,             \
                    const dcn_backward_wide_params params DCN_WORK_GROUP_PARAMETER(dcn_float4, memory))                \
    {                                                                                                                  \
        DCN_WORK_GROUP_MEMORY(dcn_float4, memory);                                                                     \
        dcn_gather_group(fast, dcn_bound_tensors(offset, mask, grad_output, grid, &params), &params, grad_value,       \
                         workspace + params.workspace_at, memory, DCN_GROUP_ID);                                       \
    }

/* Special kernels are fast ones. */
#if !defined(DCN_GENERAL)
DCN_GATHER_ENTRY(dcn_backward_gather_fast, 1)
#endif
#if !defined(DCN_SPECIAL)
DCN_GATHER_ENTRY(dcn_backward_gather, 0)
#endif
