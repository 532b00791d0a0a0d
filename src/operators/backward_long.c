#include "backward_long.h"

#include "../status.h"

dcn_status dcn_backward_long_create(dcn_context *context, const dcn_backward_shape *shape, uint64_t workspace_limit,
                                    dcn_path *path, const dcn_operator **op, void **state, uint64_t *workspace)
{
    (void)context;
    (void)shape;
    (void)workspace_limit;
    (void)path;
    (void)op;
    (void)state;
    (void)workspace;
    return dcn_fail(DCN_ERROR_UNSUPPORTED, "path long: it has no gradients");
}
