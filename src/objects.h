/* The public objects, as the host code above the backends and the backends' interop functions see them. */
#ifndef DCN_OBJECTS_H
#define DCN_OBJECTS_H

#include <stdatomic.h>

#include "backend.h"

struct dcn_context {
    atomic_size_t references; /* the caller's own and one for each object made from it */
    const dcn_backend *backend;
    dcn_device *device;
};

struct dcn_buffer {
    dcn_context *context;
    dcn_memory *memory;
    uint64_t size;
};

struct dcn_queue {
    dcn_context *context;
    dcn_native_queue *native;
};

struct dcn_event {
    dcn_context *context;
    dcn_native_event *native;
};

/* Takes over an opened device; closes it when that fails. For the interop headers' adopt functions too. */
dcn_status dcn_context_wrap(const dcn_backend *backend, dcn_device *device, dcn_context **context);
void dcn_context_retain(dcn_context *context);

/* Takes over a native queue; destroys it when that fails. */
dcn_status dcn_queue_wrap(dcn_context *context, dcn_native_queue *native, dcn_queue **queue);

/* dcn_execute() with native events, for the interop headers. */
dcn_status dcn_plan_submit(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                           const dcn_native_sync *sync);

#endif
