/* The functions of dcnv4/cuda.h. */
#include <dcnv4/cuda.h>

#include "cu_internal.h"
#include "interop.h"
#include "status.h"

static bool is_ours(const dcn_context *context)
{
    return context->backend == &dcn_backend_cuda;
}

dcn_status dcn_cuda_context_adopt(struct CUctx_st *cu_context, dcn_context **context)
{
    static const char function[] = "dcn_cuda_context_adopt";
    if (!cu_context)
        return dcn_fail_null(function, "cu_context");
    if (!context)
        return dcn_fail_null(function, "context");
    dcn_device *device = NULL;
    dcn_status status = dcn_cu_adopt(cu_context, &device);
    if (status != DCN_SUCCESS)
        return dcn_fail_context(status, "%s: ", function);
    return dcn_context_wrap(&dcn_backend_cuda, device, context);
}

dcn_status dcn_cuda_queue_adopt(dcn_context *context, struct CUstream_st *cu_stream, dcn_queue **queue)
{
    static const char function[] = "dcn_cuda_queue_adopt";
    if (!context)
        return dcn_fail_null(function, "context");
    if (!queue)
        return dcn_fail_null(function, "queue");
    dcn_status status = dcn_interop_check_backend(function, "context", context, &dcn_backend_cuda, "a CUDA");
    if (status != DCN_SUCCESS)
        return status;
    dcn_native_queue *native = NULL;
    status = dcn_cu_queue_adopt(context->device, cu_stream, &native);
    if (status != DCN_SUCCESS)
        return dcn_fail_context(status, "%s: ", function);
    return dcn_queue_wrap(context, native, queue);
}

dcn_status dcn_cuda_execute(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                            uint32_t wait_count, struct CUevent_st *const *wait_list, struct CUevent_st *event)
{
    static const char function[] = "dcn_cuda_execute";
    if (!queue)
        return dcn_fail_null(function, "queue");
    dcn_status status = dcn_interop_check_backend(function, "queue", queue->context, &dcn_backend_cuda, "a CUDA");
    if (status == DCN_SUCCESS)
        status = dcn_interop_check_wait_list(function, wait_count, wait_list);
    if (status != DCN_SUCCESS)
        return status;
    dcn_native_event before = {.borrowed = wait_list, .borrowed_count = wait_count};
    dcn_native_event after = {.end = event};
    dcn_native_event *const wait[] = {&before};
    const dcn_native_sync sync = {wait, wait_count > 0 ? 1 : 0, event ? &after : NULL};
    return dcn_plan_submit(plan, queue, tensors, tensor_count, &sync);
}

struct CUctx_st *dcn_cuda_context(const dcn_context *context)
{
    return context && is_ours(context) ? context->device->context : NULL;
}

int dcn_cuda_device(const dcn_context *context)
{
    return context && is_ours(context) ? context->device->ordinal : -1;
}

struct CUstream_st *dcn_cuda_stream(const dcn_queue *queue)
{
    return queue && is_ours(queue->context) ? queue->native->stream : NULL;
}

uint64_t dcn_cuda_memory(const dcn_buffer *buffer)
{
    return buffer && is_ours(buffer->context) ? buffer->memory->address : 0;
}

struct CUevent_st *dcn_cuda_event(const dcn_event *event)
{
    return event && is_ours(event->context) ? event->native->end : NULL;
}
