/* Entry of the long shape. */
#include "dcn_dialect.h"
#include "dcn_forward_long.h"

DCN_KERNEL dcn_forward_long(DCN_GLOBAL const dcn_storage *value, DCN_GLOBAL const dcn_storage *offset,
                            DCN_GLOBAL const dcn_storage *mask, DCN_GLOBAL dcn_storage *output,
                            DCN_GLOBAL const int *grid, const dcn_forward_params params)
{
    dcn_forward_tensors t;
    t.value = value + params.value_at;
    t.offset = offset + params.offset_at;
    t.mask = mask + params.mask_at;
    t.output = output + params.output_at;
    t.grid = grid;
    dcn_forward_long_item(t, &params, DCN_GROUP_ID);
}
