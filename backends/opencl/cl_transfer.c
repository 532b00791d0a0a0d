/* Copies between host and device, and within the device. OpenCL 1.2 refuses a length of 0, which here is no work. */
#include "cl_internal.h"

/* What a transfer waits for, and where its event goes. */
typedef struct transfer {
    dcn_cl_wait wait;
    cl_event event;
    cl_event *wanted; /* NULL when nobody asked for the event */
} transfer;

static dcn_status begin(const dcn_native_queue *queue, const dcn_native_sync *sync, transfer *work)
{
    work->event = NULL;
    work->wanted = sync->signal ? &work->event : NULL;
    return dcn_cl_wait_gather(queue, sync, &work->wait);
}

static dcn_status end(const dcn_native_queue *queue, const dcn_native_sync *sync, const transfer *work,
                      const char *function, int32_t error)
{
    dcn_status status = dcn_cl_check(function, error);
    if (status == DCN_SUCCESS && sync->signal)
        dcn_cl_event_mark(sync->signal, queue, NULL, work->event);
    return status;
}

dcn_status dcn_cl_write(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                        uint64_t bytes, const void *source, const dcn_native_sync *sync)
{
    (void)device;
    if (bytes == 0)
        return dcn_cl_submit_nothing(queue, sync);
    transfer work;
    dcn_status status = begin(queue, sync, &work);
    if (status != DCN_SUCCESS)
        return status;
    int32_t error = dcn_cl.clEnqueueWriteBuffer(queue->handle, memory->handle, true, (size_t)offset, (size_t)bytes,
                                                source, work.wait.count, work.wait.events, work.wanted);
    return end(queue, sync, &work, "clEnqueueWriteBuffer", error);
}

dcn_status dcn_cl_read(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       void *target, const dcn_native_sync *sync)
{
    (void)device;
    if (bytes == 0)
        return dcn_cl_submit_nothing(queue, sync);
    transfer work;
    dcn_status status = begin(queue, sync, &work);
    if (status != DCN_SUCCESS)
        return status;
    int32_t error = dcn_cl.clEnqueueReadBuffer(queue->handle, memory->handle, true, (size_t)offset, (size_t)bytes,
                                               target, work.wait.count, work.wait.events, work.wanted);
    return end(queue, sync, &work, "clEnqueueReadBuffer", error);
}

dcn_status dcn_cl_copy(dcn_device *device, dcn_native_queue *queue, dcn_memory *target, uint64_t target_offset,
                       dcn_memory *source, uint64_t source_offset, uint64_t bytes, const dcn_native_sync *sync)
{
    (void)device;
    if (bytes == 0)
        return dcn_cl_submit_nothing(queue, sync);
    transfer work;
    dcn_status status = begin(queue, sync, &work);
    if (status != DCN_SUCCESS)
        return status;
    int32_t error = dcn_cl.clEnqueueCopyBuffer(queue->handle, source->handle, target->handle, (size_t)source_offset,
                                               (size_t)target_offset, (size_t)bytes, work.wait.count, work.wait.events,
                                               work.wanted);
    return end(queue, sync, &work, "clEnqueueCopyBuffer", error);
}

dcn_status dcn_cl_fill(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       uint8_t value, const dcn_native_sync *sync)
{
    (void)device;
    if (bytes == 0)
        return dcn_cl_submit_nothing(queue, sync);
    transfer work;
    dcn_status status = begin(queue, sync, &work);
    if (status != DCN_SUCCESS)
        return status;
    int32_t error = dcn_cl.clEnqueueFillBuffer(queue->handle, memory->handle, &value, sizeof value, (size_t)offset,
                                               (size_t)bytes, work.wait.count, work.wait.events, work.wanted);
    return end(queue, sync, &work, "clEnqueueFillBuffer", error);
}
