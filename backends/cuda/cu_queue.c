#include "cu_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "status.h"

/* ---- queues ------------------------------------------------------------------------------------- */

dcn_status dcn_cu_queue_create(dcn_device *device, unsigned flags, dcn_native_queue **queue)
{
    dcn_native_queue *made = calloc(1, sizeof *made);
    if (!made)
        return dcn_fail_memory("a CUDA queue", sizeof *made);
    made->owned = true;
    made->timing = flags & DCN_QUEUE_TIMING;
    dcn_status status = dcn_cu_enter(device);
    if (status == DCN_SUCCESS) {
        status = dcn_cu_check("cuStreamCreate", dcn_cu.cuStreamCreate(&made->stream, DCN_CU_STREAM_NON_BLOCKING));
        dcn_cu_leave();
    }
    if (status != DCN_SUCCESS) {
        free(made);
        return status;
    }
    *queue = made;
    return DCN_SUCCESS;
}

/* The default stream is whichever context's is current, so always ours. */
static dcn_status check_stream(const dcn_device *device, CUstream stream)
{
    CUcontext context = device->context;
    if (!stream)
        return DCN_SUCCESS;
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    status = dcn_cu_check("cuStreamGetCtx", dcn_cu.cuStreamGetCtx(stream, &context));
    dcn_cu_leave();
    if (status == DCN_SUCCESS && context != device->context)
        status = dcn_fail(DCN_ERROR_WRONG_CONTEXT, "cu_stream belongs to another CUcontext");
    return status;
}

dcn_status dcn_cu_queue_adopt(dcn_device *device, CUstream stream, dcn_native_queue **queue)
{
    dcn_status status = check_stream(device, stream);
    if (status != DCN_SUCCESS)
        return status;
    dcn_native_queue *made = calloc(1, sizeof *made);
    if (!made)
        return dcn_fail_memory("a CUDA queue", sizeof *made);
    made->stream = stream;
    *queue = made;
    return DCN_SUCCESS;
}

void dcn_cu_queue_destroy(dcn_device *device, dcn_native_queue *queue)
{
    if (!queue)
        return;
    if (queue->owned && dcn_cu_enter_quietly(device)) {
        dcn_cu.cuStreamDestroy(queue->stream); /* what is queued completes */
        dcn_cu_leave();
    }
    free(queue);
}

dcn_status dcn_cu_queue_flush(dcn_device *device, dcn_native_queue *queue)
{
    (void)device;
    (void)queue;
    return DCN_SUCCESS; /* streams hold nothing back */
}

dcn_status dcn_cu_queue_finish(dcn_device *device, dcn_native_queue *queue)
{
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    status = dcn_cu_check("cuStreamSynchronize", dcn_cu.cuStreamSynchronize(queue->stream));
    dcn_cu_leave();
    return status;
}

/* ---- order and marks ---------------------------------------------------------------------------- */

static dcn_status wait_for(const dcn_native_queue *queue, const CUevent *events, uint32_t count)
{
    dcn_status status = DCN_SUCCESS;
    for (uint32_t i = 0; i < count && status == DCN_SUCCESS; i++)
        status = dcn_cu_check("cuStreamWaitEvent", dcn_cu.cuStreamWaitEvent(queue->stream, events[i], 0));
    return status;
}

static dcn_status record(const dcn_native_queue *queue, CUevent event)
{
    return dcn_cu_check("cuEventRecord", dcn_cu.cuEventRecord(event, queue->stream));
}

dcn_status dcn_cu_work_begin(const dcn_device *device, const dcn_native_queue *queue, const dcn_native_sync *sync)
{
    dcn_native_event *signal = sync->signal;
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    for (size_t i = 0; i < sync->wait_count && status == DCN_SUCCESS; i++) {
        const dcn_native_event *event = sync->wait[i];
        if (event->borrowed)
            status = wait_for(queue, event->borrowed, event->borrowed_count);
        else if (event->marked)
            status = wait_for(queue, &event->end, 1);
    }
    if (status == DCN_SUCCESS && signal && signal->begin && queue->timing) {
        signal->timed = false; /* until its end is that of the same work */
        status = record(queue, signal->begin);
    }
    if (status != DCN_SUCCESS)
        dcn_cu_leave();
    return status;
}

dcn_status dcn_cu_work_end(const dcn_native_queue *queue, const dcn_native_sync *sync, dcn_status status)
{
    dcn_native_event *signal = sync->signal;
    if (status == DCN_SUCCESS && signal) {
        status = record(queue, signal->end);
        if (status == DCN_SUCCESS) {
            signal->marked = true;
            signal->timed = signal->begin && queue->timing;
        }
    }
    dcn_cu_leave();
    return status;
}

/* ---- launches ----------------------------------------------------------------------------------- */

/* Before anything is queued: what no launch can be. */
static dcn_status check_launch(const dcn_launch *launch)
{
    if (launch->groups > INT32_MAX)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "%" PRIu64 " work-groups are too many: a CUDA device takes %" PRId32,
                        launch->groups, INT32_MAX);
    return DCN_SUCCESS;
}

static dcn_status enqueue_launch(const dcn_native_queue *queue, const dcn_launch *launch)
{
    CUdeviceptr addresses[DCN_MAX_BINDINGS];
    void *arguments[DCN_MAX_BINDINGS + 1];
    for (size_t i = 0; i < launch->binding_count; i++) {
        addresses[i] = (CUdeviceptr)(uintptr_t)launch->bindings[i]->handle;
        arguments[i] = &addresses[i];
    }
    arguments[launch->binding_count] = (void *)(uintptr_t)launch->params; /* read, not written */
    dcn_status status = dcn_cu_check(
        "cuLaunchKernel", dcn_cu.cuLaunchKernel(launch->kernel->function, (unsigned)launch->groups, 1, 1, launch->local,
                                                1, 1, (unsigned)launch->local_bytes, queue->stream, arguments, NULL));
    return status == DCN_SUCCESS
               ? status
               : dcn_fail_context(status, "%" PRIu64 " work-groups of %" PRIu32 " work-items: ", launch->groups,
                                  launch->local);
}

dcn_status dcn_cu_submit(dcn_device *device, dcn_native_queue *queue, const dcn_launch *launches, size_t count,
                         const dcn_native_sync *sync)
{
    dcn_status status = DCN_SUCCESS;
    for (size_t i = 0; i < count && status == DCN_SUCCESS; i++)
        status = check_launch(&launches[i]);
    if (status == DCN_SUCCESS)
        status = dcn_cu_work_begin(device, queue, sync);
    if (status != DCN_SUCCESS)
        return status;
    for (size_t i = 0; i < count && status == DCN_SUCCESS; i++)
        status = enqueue_launch(queue, &launches[i]);
    return dcn_cu_work_end(queue, sync, status);
}
