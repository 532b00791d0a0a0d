/* Entries of the wide shape. Work-group memory is declared as its widest element: some compilers align it to no more
 * than what its type needs. */
#include "dcn_dialect.h"
#include "dcn_forward_wide.h"

#define DCN_WIDE_ENTRY(name, fast)                                                                                     \
    DCN_KERNEL name(DCN_GLOBAL const dcn_storage *DCN_RESTRICT value,                                                  \
                    DCN_GLOBAL const dcn_storage *DCN_RESTRICT offset,                                                 \
                    DCN_GLOBAL const dcn_storage *DCN_RESTRICT mask, DCN_GLOBAL dcn_storage *DCN_RESTRICT output,      \
                    DCN_GLOBAL const int *DCN_RESTRICT grid,                                                           \
                    const dcn_forward_params params DCN_WORK_GROUP_PARAMETER(dcn_float4, memory))                      \
    {                                                                                                                  \
        DCN_WORK_GROUP_MEMORY(dcn_float4, memory);                                                                     \
        const dcn_forward_tensors t = dcn_forward_tensors_of(value, offset, mask, output, grid, &params);              \
        dcn_forward_wide_group(fast, t, &params, memory, DCN_GROUP_ID);                                                \
    }

DCN_WIDE_ENTRY(dcn_forward_wide_fast, 1)
/* Special kernels are fast ones. */
#if !defined(DCN_SPECIAL)
DCN_WIDE_ENTRY(dcn_forward_wide, 0)
#endif
