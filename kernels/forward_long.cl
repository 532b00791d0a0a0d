/* OpenCL entry of the long shape. */
#include "dcn_dialect.h"
#include "dcn_forward_long.h"

__kernel void dcn_forward_long(__global const dcn_storage *value, __global const dcn_storage *offset,
                               __global const dcn_storage *mask, __global dcn_storage *output, __global const int *grid,
                               const dcn_forward_params params)
{
    dcn_forward_tensors t;
    t.value = value + params.value_at;
    t.offset = offset + params.offset_at;
    t.mask = mask + params.mask_at;
    t.output = output + params.output_at;
    t.grid = grid;
    dcn_forward_long_item(t, &params, (dcn_i64)get_group_id(0));
}
