/**
 * @file opencl.h
 * @brief Bring your own OpenCL context, queue, memory and events.
 *
 * The handle types are forward-declared exactly as `CL/cl.h` declares them, so this header needs no OpenCL header and
 * may be included before or after one. The library opens the OpenCL loader at run time; an application that links
 * `libOpenCL` itself shares that loader.
 *
 * The rules of `dcnv4/dcnv4.h` on errors, ownership and threads hold here too.
 */
#ifndef DCNV4_OPENCL_H
#define DCNV4_OPENCL_H

#include <dcnv4/dcnv4.h>

#ifdef __cplusplus
extern "C" {
#endif

struct _cl_context;
struct _cl_device_id;
struct _cl_command_queue;
struct _cl_mem;
struct _cl_event;

/**
 * A context over the application's own. Retains `cl_context`; programs are built for `cl_device` alone.
 * @param cl_context a `cl_context`
 * @param cl_device  a `cl_device_id` of it
 * @param[out] context end it with dcn_context_destroy()
 * @return #DCN_ERROR_INVALID_ARGUMENT, #DCN_ERROR_NO_DEVICE (no OpenCL loader), #DCN_ERROR_WRONG_CONTEXT (a device of
 *         another context), #DCN_ERROR_UNSUPPORTED, #DCN_ERROR_DEVICE
 */
DCN_API dcn_status dcn_opencl_context_adopt(struct _cl_context *cl_context, struct _cl_device_id *cl_device,
                                            dcn_context **context);

/**
 * A queue over the application's own, in-order or out-of-order; retained. Work on an out-of-order queue is ordered by
 * wait lists alone.
 * @return #DCN_ERROR_WRONG_CONTEXT when the queue is not one of the context's and its device's
 */
DCN_API dcn_status dcn_opencl_queue_adopt(dcn_context *context, struct _cl_command_queue *cl_queue, dcn_queue **queue);

/** A slice over the application's memory. Not retained: it must live until the work is complete. */
static inline dcn_slice dcn_opencl_slice(struct _cl_mem *memory, uint64_t offset, uint64_t size)
{
    dcn_slice slice;
    slice.kind = DCN_MEMORY_OPENCL;
    slice.handle = memory;
    slice.offset = offset;
    slice.size = size;
    return slice;
}

/**
 * dcn_execute() with the application's own wait list and event, as `clEnqueueNDRangeKernel` takes them.
 * @param wait_count  length of `wait_list`
 * @param wait_list   `cl_event`s that must be complete first; NULL if `wait_count` is 0
 * @param[out] event  NULL, or receives a `cl_event` that the caller releases
 */
DCN_API dcn_status dcn_opencl_execute(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                                      uint32_t wait_count, struct _cl_event *const *wait_list,
                                      struct _cl_event **event);

/** The context's `cl_context`, not retained for the caller; NULL for a context of another backend. Any thread. */
DCN_API struct _cl_context *dcn_opencl_context(const dcn_context *context);

/** The context's `cl_device_id`; NULL for a context of another backend. Any thread. */
DCN_API struct _cl_device_id *dcn_opencl_device(const dcn_context *context);

/** The queue's `cl_command_queue`, not retained for the caller; NULL for a queue of another backend. Any thread. */
DCN_API struct _cl_command_queue *dcn_opencl_queue(const dcn_queue *queue);

/** The buffer's `cl_mem`, not retained for the caller; NULL for a buffer of another backend. Any thread. */
DCN_API struct _cl_mem *dcn_opencl_memory(const dcn_buffer *buffer);

/**
 * The `cl_event` that the event marks now, not retained for the caller and valid until the event is next used; NULL
 * for an event of another backend or one that was never marked.
 */
DCN_API struct _cl_event *dcn_opencl_event(const dcn_event *event);

#ifdef __cplusplus
}
#endif

#endif
