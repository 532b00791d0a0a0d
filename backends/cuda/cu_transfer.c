/*
 * Copies between host and device, and within the device. Copies of page-locked host memory only queue, so whoever must
 * be done with the host's side waits for the stream. A length of 0 is no work, but its wait list and signal mean
 * something.
 */
#include "cu_internal.h"

static dcn_status wait_for_stream(const dcn_native_queue *queue)
{
    return dcn_cu_check("cuStreamSynchronize", dcn_cu.cuStreamSynchronize(queue->stream));
}

dcn_status dcn_cu_write(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                        uint64_t bytes, const void *source, const dcn_native_sync *sync)
{
    dcn_status status = dcn_cu_work_begin(device, queue, sync);
    if (status != DCN_SUCCESS)
        return status;
    if (bytes > 0)
        status = dcn_cu_check("cuMemcpyHtoDAsync",
                              dcn_cu.cuMemcpyHtoDAsync(memory->address + offset, source, (size_t)bytes, queue->stream));
    if (status == DCN_SUCCESS && bytes > 0)
        status = wait_for_stream(queue);
    return dcn_cu_work_end(queue, sync, status);
}

dcn_status dcn_cu_read(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       void *target, const dcn_native_sync *sync)
{
    dcn_status status = dcn_cu_work_begin(device, queue, sync);
    if (status != DCN_SUCCESS)
        return status;
    if (bytes > 0)
        status = dcn_cu_check("cuMemcpyDtoHAsync",
                              dcn_cu.cuMemcpyDtoHAsync(target, memory->address + offset, (size_t)bytes, queue->stream));
    if (status == DCN_SUCCESS && bytes > 0)
        status = wait_for_stream(queue);
    return dcn_cu_work_end(queue, sync, status);
}

dcn_status dcn_cu_copy(dcn_device *device, dcn_native_queue *queue, dcn_memory *target, uint64_t target_offset,
                       dcn_memory *source, uint64_t source_offset, uint64_t bytes, const dcn_native_sync *sync)
{
    dcn_status status = dcn_cu_work_begin(device, queue, sync);
    if (status != DCN_SUCCESS)
        return status;
    if (bytes > 0)
        status = dcn_cu_check("cuMemcpyDtoDAsync",
                              dcn_cu.cuMemcpyDtoDAsync(target->address + target_offset, source->address + source_offset,
                                                       (size_t)bytes, queue->stream));
    return dcn_cu_work_end(queue, sync, status);
}

dcn_status dcn_cu_fill(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       uint8_t value, const dcn_native_sync *sync)
{
    dcn_status status = dcn_cu_work_begin(device, queue, sync);
    if (status != DCN_SUCCESS)
        return status;
    if (bytes > 0)
        status = dcn_cu_check("cuMemsetD8Async",
                              dcn_cu.cuMemsetD8Async(memory->address + offset, value, (size_t)bytes, queue->stream));
    return dcn_cu_work_end(queue, sync, status);
}
