/* Entry of the long shape. */
#include "dcn_dialect.h"
#include "dcn_forward_long.h"

DCN_KERNEL dcn_forward_long(DCN_GLOBAL const dcn_storage *value, DCN_GLOBAL const dcn_storage *offset,
                            DCN_GLOBAL const dcn_storage *mask, DCN_GLOBAL dcn_storage *output,
                            DCN_GLOBAL const int *grid, const dcn_forward_params params)
{
    const dcn_forward_tensors t = dcn_forward_tensors_of(value, offset, mask, output, grid, &params);
    dcn_forward_long_item(t, &params, DCN_GROUP_ID);
}
