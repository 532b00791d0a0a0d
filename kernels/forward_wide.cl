/* OpenCL entries of the wide shape. Work-group memory is declared as its widest element: some compilers align it to no
 * more than what its type needs. */
#include "dcn_dialect.h"
#include "dcn_forward_wide.h"

#define DCN_WIDE_ENTRY(name, fast)                                                                                     \
    __kernel void name(__global const dcn_storage *value, __global const dcn_storage *offset,                          \
                       __global const dcn_storage *mask, __global dcn_storage *output, __global const int *grid,       \
                       const dcn_forward_params params, __local dcn_index4 *memory)                                    \
    {                                                                                                                  \
        dcn_forward_tensors t;                                                                                         \
        t.value = value + params.value_at;                                                                             \
        t.offset = offset + params.offset_at;                                                                          \
        t.mask = mask + params.mask_at;                                                                                \
        t.output = output + params.output_at;                                                                          \
        t.grid = grid;                                                                                                 \
        dcn_forward_wide_group(fast, t, &params, memory, (dcn_i64)get_group_id(0));                                    \
    }

DCN_WIDE_ENTRY(dcn_forward_wide_fast, 1)
DCN_WIDE_ENTRY(dcn_forward_wide, 0)
