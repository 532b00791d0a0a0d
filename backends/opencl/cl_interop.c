/* The functions of dcnv4/opencl.h. */
#include <dcnv4/opencl.h>

#include "cl_internal.h"
#include "interop.h"
#include "status.h"

static bool is_ours(const dcn_context *context)
{
    return context->backend == &dcn_backend_opencl;
}

dcn_status dcn_opencl_context_adopt(struct _cl_context *given_context, struct _cl_device_id *given_device,
                                    dcn_context **context)
{
    static const char function[] = "dcn_opencl_context_adopt";
    if (!given_context || !given_device)
        return dcn_fail_null(function, given_context ? "cl_device" : "cl_context");
    if (!context)
        return dcn_fail_null(function, "context");
    dcn_device *device = NULL;
    dcn_status status = dcn_cl_adopt(given_context, given_device, &device);
    if (status != DCN_SUCCESS)
        return dcn_fail_context(status, "%s: ", function);
    return dcn_context_wrap(&dcn_backend_opencl, device, context);
}

dcn_status dcn_opencl_queue_adopt(dcn_context *context, struct _cl_command_queue *cl_queue, dcn_queue **queue)
{
    static const char function[] = "dcn_opencl_queue_adopt";
    if (!context || !cl_queue)
        return dcn_fail_null(function, context ? "cl_queue" : "context");
    if (!queue)
        return dcn_fail_null(function, "queue");
    dcn_status status = dcn_interop_check_backend(function, "context", context, &dcn_backend_opencl, "an OpenCL");
    if (status != DCN_SUCCESS)
        return status;
    dcn_native_queue *native = NULL;
    status = dcn_cl_queue_adopt(context->device, cl_queue, &native);
    if (status != DCN_SUCCESS)
        return dcn_fail_context(status, "%s: ", function);
    return dcn_queue_wrap(context, native, queue);
}

dcn_status dcn_opencl_execute(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                              uint32_t wait_count, struct _cl_event *const *wait_list, struct _cl_event **event)
{
    static const char function[] = "dcn_opencl_execute";
    if (!queue)
        return dcn_fail_null(function, "queue");
    dcn_status status = dcn_interop_check_backend(function, "queue", queue->context, &dcn_backend_opencl, "an OpenCL");
    if (status == DCN_SUCCESS)
        status = dcn_interop_check_wait_list(function, wait_count, wait_list);
    if (status != DCN_SUCCESS)
        return status;
    dcn_native_event before = {.borrowed = wait_list, .borrowed_count = wait_count};
    dcn_native_event after = {.begin = NULL};
    dcn_native_event *const wait[] = {&before};
    const dcn_native_sync sync = {wait, wait_count > 0 ? 1 : 0, event ? &after : NULL};
    status = dcn_plan_submit(plan, queue, tensors, tensor_count, &sync);
    if (status == DCN_SUCCESS && event) {
        *event = after.end;
        after.end = NULL; /* the caller's now */
    }
    dcn_cl_event_clear(&after);
    return status;
}

struct _cl_context *dcn_opencl_context(const dcn_context *context)
{
    return context && is_ours(context) ? context->device->context : NULL;
}

struct _cl_device_id *dcn_opencl_device(const dcn_context *context)
{
    return context && is_ours(context) ? context->device->id : NULL;
}

struct _cl_command_queue *dcn_opencl_queue(const dcn_queue *queue)
{
    return queue && is_ours(queue->context) ? queue->native->handle : NULL;
}

struct _cl_mem *dcn_opencl_memory(const dcn_buffer *buffer)
{
    return buffer && is_ours(buffer->context) ? buffer->memory->handle : NULL;
}

struct _cl_event *dcn_opencl_event(const dcn_event *event)
{
    return event && is_ours(event->context) ? event->native->end : NULL;
}
