#include "backward.h"

#include "backward_long.h"
#include "backward_wide.h"
#include "forward_choice.h"

dcn_status dcn_backward_create(dcn_context *context, const dcn_backward_shape *shape, uint64_t workspace_limit,
                               dcn_path *path, const dcn_operator **op, void **state, uint64_t *workspace)
{
    dcn_device_limits limits;
    context->backend->limits(context->device, &limits);
    dcn_status status = dcn_forward_complete_path(&shape->forward, &limits, path);
    if (status != DCN_SUCCESS)
        return status;
    if (path->shape == DCN_SHAPE_LONG)
        return dcn_backward_long_create(context, shape, workspace_limit, path, op, state, workspace);
    return dcn_backward_wide_create(context, shape, workspace_limit, path, op, state, workspace);
}
