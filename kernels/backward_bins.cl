/* Entries of the gradient of the value, wide shape: those that work on cells and their lists, whatever the plan. */
#include "dcn_dialect.h"
#include "dcn_backward_heavy.h"
#include "dcn_backward_statistics.h"

DCN_KERNEL dcn_backward_clear(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params params)
{
    dcn_clear_group(workspace + params.workspace_at, &params, DCN_GROUP_ID);
}

DCN_KERNEL dcn_backward_reserve(DCN_GLOBAL unsigned *workspace,
                                const dcn_backward_wide_params params DCN_WORK_GROUP_PARAMETER(unsigned, words))
{
    DCN_WORK_GROUP_MEMORY(unsigned, words);
    dcn_reserve_group(&params, workspace + params.workspace_at, words, DCN_GROUP_ID);
}

DCN_KERNEL dcn_backward_fill(DCN_GLOBAL unsigned *workspace,
                             const dcn_backward_wide_params params DCN_WORK_GROUP_PARAMETER(unsigned, words))
{
    DCN_WORK_GROUP_MEMORY(unsigned, words);
    dcn_fill_group(&params, workspace + params.workspace_at, words, DCN_GROUP_ID);
}

DCN_KERNEL dcn_backward_statistics(DCN_GLOBAL const dcn_storage *DCN_RESTRICT mask, DCN_GLOBAL unsigned *workspace,
                                   const dcn_backward_wide_params params)
{
    dcn_statistics_group(mask + params.forward.mask_at, &params, workspace + params.workspace_at, DCN_GROUP_ID);
}

#define DCN_HEAVY_ENTRY(name, fast)                                                                                    \
    DCN_KERNEL name(DCN_GLOBAL const dcn_storage *DCN_RESTRICT offset,                                                 \
                    DCN_GLOBAL const dcn_storage *DCN_RESTRICT mask,                                                   \
                    DCN_GLOBAL const dcn_storage *DCN_RESTRICT grad_output, DCN_GLOBAL const int *DCN_RESTRICT grid,   \
                    DCN_GLOBAL unsigned *workspace,                                                                    \
                    const dcn_backward_wide_params params DCN_WORK_GROUP_PARAMETER(dcn_float4, memory))                \
    {                                                                                                                  \
        DCN_WORK_GROUP_MEMORY(dcn_float4, memory);                                                                     \
        dcn_heavy_group(fast, dcn_bound_tensors(offset, mask, grad_output, grid, &params), &params,                    \
                        workspace + params.workspace_at, memory, DCN_GROUP_ID);                                        \
    }

DCN_HEAVY_ENTRY(dcn_backward_heavy_fast, 1)
DCN_HEAVY_ENTRY(dcn_backward_heavy, 0)
