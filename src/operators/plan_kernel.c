#include "plan_kernel.h"

dcn_status dcn_kernel_clone(dcn_context *context, const dcn_kernel_key *key, const dcn_kernel *original,
                            dcn_kernel **clone)
{
    const dcn_backend *backend = context->backend;
    dcn_kernel_key own = *key;
    if (!original)
        return DCN_SUCCESS;
    if (backend->kernel_isa)
        own.isa = backend->kernel_isa(original);
    return backend->kernel_create(context->device, &own, clone);
}

void dcn_path_take_isa(const dcn_context *context, const dcn_kernel *kernel, dcn_path *path)
{
    if (context->backend->kernel_isa)
        dcn_path_set_isa(path, context->backend->kernel_isa(kernel));
}
