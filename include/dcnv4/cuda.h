/**
 * @file cuda.h
 * @brief Bring your own CUDA context, stream, memory and events.
 *
 * The handle types are forward-declared exactly as `cuda.h` declares them, so this header needs no CUDA header and may
 * be included before or after one. Streams and events of the runtime API are the same handles: a `cudaStream_t` is a
 * `CUstream`. The library opens the driver at run time and shares it with the application.
 *
 * A context made by name ("cuda:0") uses the device's primary context, the one that the runtime API, PyTorch and CuPy
 * use, so pointers, streams and events from there can be given to it as they are.
 *
 * Every function leaves the caller's current CUDA context as it was. The rules of `dcnv4/dcnv4.h` on errors, ownership
 * and threads hold here too.
 *
 * Graphs: dcn_execute() and dcn_cuda_execute() on a stream that is being captured become nodes of the graph. The plan
 * and the memory must outlive the graph; the events that such a call waits for must be of the same capture.
 */
#ifndef DCNV4_CUDA_H
#define DCNV4_CUDA_H

#include <dcnv4/dcnv4.h>

#ifdef __cplusplus
extern "C" {
#endif

struct CUctx_st;
struct CUstream_st;
struct CUevent_st;

/**
 * A context over the application's own, which must outlive it; not retained, since CUDA has no way to.
 * @param cu_context a `CUcontext`
 * @param[out] context end it with dcn_context_destroy()
 * @return #DCN_ERROR_INVALID_ARGUMENT, #DCN_ERROR_NO_DEVICE (no CUDA driver), #DCN_ERROR_UNSUPPORTED, #DCN_ERROR_DEVICE
 */
DCN_API dcn_status dcn_cuda_context_adopt(struct CUctx_st *cu_context, dcn_context **context);

/**
 * A queue over the application's own stream, which must outlive it.
 * @param cu_stream a `CUstream` of the context; NULL for its legacy default stream, which is PyTorch's usual one
 * @return #DCN_ERROR_WRONG_CONTEXT when the stream is another context's, or the context another backend's
 */
DCN_API dcn_status dcn_cuda_queue_adopt(dcn_context *context, struct CUstream_st *cu_stream, dcn_queue **queue);

/**
 * A slice over the application's memory, which must live until the work is complete.
 * @param device_pointer a `CUdeviceptr`, or a pointer of the runtime API as a number
 */
static inline dcn_slice dcn_cuda_slice(uint64_t device_pointer, uint64_t offset, uint64_t size)
{
    dcn_slice slice;
    slice.kind = DCN_MEMORY_CUDA;
    slice.handle = (void *)(uintptr_t)device_pointer;
    slice.offset = offset;
    slice.size = size;
    return slice;
}

/**
 * dcn_execute() with the application's own events.
 * @param wait_count length of `wait_list`
 * @param wait_list  `CUevent`s that must be complete first; NULL if `wait_count` is 0
 * @param event      NULL, or a `CUevent` of the caller that is recorded behind the work
 */
DCN_API dcn_status dcn_cuda_execute(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                                    uint32_t wait_count, struct CUevent_st *const *wait_list, struct CUevent_st *event);

/** The context's `CUcontext`; NULL for a context of another backend. Any thread. */
DCN_API struct CUctx_st *dcn_cuda_context(const dcn_context *context);

/** The ordinal of the context's device, as `cuDeviceGet` takes it; -1 for a context of another backend. Any thread. */
DCN_API int dcn_cuda_device(const dcn_context *context);

/** The queue's `CUstream`; NULL for the default stream, and for a queue of another backend. Any thread. */
DCN_API struct CUstream_st *dcn_cuda_stream(const dcn_queue *queue);

/** The buffer's `CUdeviceptr`; 0 for a buffer of another backend. Any thread. */
DCN_API uint64_t dcn_cuda_memory(const dcn_buffer *buffer);

/**
 * The `CUevent` that is recorded behind what the event marks, valid until the event is destroyed; NULL for an event of
 * another backend.
 */
DCN_API struct CUevent_st *dcn_cuda_event(const dcn_event *event);

#ifdef __cplusplus
}
#endif

#endif
