#include <stdlib.h>

#include "devices.h"
#include "objects.h"
#include "status.h"

dcn_status dcn_context_wrap(const dcn_backend *backend, dcn_device *device, dcn_context **context)
{
    dcn_context *made = malloc(sizeof *made);
    if (!made) {
        backend->close(device);
        return dcn_fail_memory("a context", sizeof *made);
    }
    atomic_init(&made->references, 1);
    made->backend = backend;
    made->device = device;
    *context = made;
    return DCN_SUCCESS;
}

dcn_status dcn_context_create(const char *device, const dcn_context_options *options, dcn_context **context)
{
    static const char function[] = "dcn_context_create";
    dcn_status status = DCN_SUCCESS;
    if (!context)
        return dcn_fail_null(function, "context");
    if (options)
        status = dcn_check_struct_size(function, "dcn_context_options", options->struct_size, sizeof *options);
    if (status == DCN_SUCCESS && options && options->pin_threads != 0 && options->pin_threads != 1)
        status = dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: pin_threads is %d, but must be 0 or 1", function,
                          options->pin_threads);
    if (status != DCN_SUCCESS)
        return status;
    const dcn_context_options chosen_options = options ? *options : dcn_context_options_default();
    dcn_device_list *list = NULL;
    const dcn_listed_device *chosen = NULL;
    dcn_device *opened = NULL;
    status = dcn_device_find(device, &list, &chosen);
    if (status == DCN_SUCCESS)
        status = chosen->backend->open(chosen->index, &chosen_options, &opened);
    if (status == DCN_SUCCESS)
        status = dcn_context_wrap(chosen->backend, opened, context);
    dcn_device_list_destroy(list);
    return status;
}

void dcn_context_retain(dcn_context *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
}

void dcn_context_destroy(dcn_context *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1)
        return;
    context->backend->close(context->device);
    free(context);
}

dcn_status dcn_context_device(const dcn_context *context, dcn_device_info *info)
{
    static const char function[] = "dcn_context_device";
    if (!context)
        return dcn_fail_null(function, "context");
    if (!info)
        return dcn_fail_null(function, "info");
    dcn_status status = dcn_check_struct_size(function, "dcn_device_info", info->struct_size, sizeof *info);
    if (status == DCN_SUCCESS)
        context->backend->describe(context->device, info);
    return status;
}
