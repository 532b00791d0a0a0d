/* Entries of the gradients' long shape. */
#include "dcn_dialect.h"
#include "dcn_backward_long.h"

DCN_INLINE dcn_backward_tensors dcn_tensors_of(DCN_GLOBAL const dcn_storage *value,
                                               DCN_GLOBAL const dcn_storage *offset, DCN_GLOBAL const dcn_storage *mask,
                                               DCN_GLOBAL const dcn_storage *grad_output,
                                               DCN_GLOBAL dcn_storage *grad_value, DCN_GLOBAL dcn_storage *grad_offset,
                                               DCN_GLOBAL dcn_storage *grad_mask, DCN_GLOBAL int *workspace,
                                               DCN_GLOBAL const int *grid, const dcn_backward_long_params *params)
{
    dcn_backward_tensors t;
    t.sources = dcn_sources_of(value, offset, mask, &params->forward);
    t.grad_output = grad_output + params->forward.output_at;
    t.grad_value = dcn_gradient_at(grad_value, params->grad_value_at, params->float32_gradients);
    t.grad_offset = dcn_gradient_at(grad_offset, params->grad_offset_at, params->float32_gradients);
    t.grad_mask = dcn_gradient_at(grad_mask, params->grad_mask_at, params->float32_gradients);
    t.sums = params->in_place ? (DCN_GLOBAL float *)t.grad_value : (DCN_GLOBAL float *)workspace + params->sums_at;
    t.far = workspace + params->far_at;
    t.grid = grid;
    return t;
}

#define DCN_ENTRY(name)                                                                                                \
    DCN_KERNEL name(DCN_GLOBAL const dcn_storage *value, DCN_GLOBAL const dcn_storage *offset,                         \
                    DCN_GLOBAL const dcn_storage *mask, DCN_GLOBAL const dcn_storage *grad_output,                     \
                    DCN_GLOBAL dcn_storage *grad_value, DCN_GLOBAL dcn_storage *grad_offset,                           \
                    DCN_GLOBAL dcn_storage *grad_mask, DCN_GLOBAL int *workspace, DCN_GLOBAL const int *grid,          \
                    const dcn_backward_long_params params)                                                             \
    {                                                                                                                  \
        name##_item(dcn_tensors_of(value, offset, mask, grad_output, grad_value, grad_offset, grad_mask, workspace,    \
                                   grid, &params),                                                                     \
                    &params, DCN_GROUP_ID);                                                                            \
    }

DCN_ENTRY(dcn_backward_long)
DCN_ENTRY(dcn_backward_long_far)
DCN_ENTRY(dcn_backward_long_store)
