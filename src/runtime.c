/* Neutral buffers, queues and events: argument checks here, the work in the backend. */
#include <inttypes.h>
#include <stdlib.h>

#include "objects.h"
#include "runtime.h"
#include "status.h"

/* ---- buffers ---------------------------------------------------------------------------------- */

dcn_status dcn_buffer_create(dcn_context *context, uint64_t bytes, dcn_buffer **buffer)
{
    static const char function[] = "dcn_buffer_create";
    if (!context)
        return dcn_fail_null(function, "context");
    if (!buffer)
        return dcn_fail_null(function, "buffer");
    if (bytes == 0)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: bytes is 0, but must be at least 1", function);
    dcn_device_limits limits;
    context->backend->limits(context->device, &limits);
    if (bytes > limits.largest_buffer)
        return dcn_fail(DCN_ERROR_OUT_OF_MEMORY,
                        "%s: bytes is %" PRIu64 ", but this device's largest buffer is %" PRIu64, function, bytes,
                        limits.largest_buffer);
    dcn_buffer *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a buffer object", sizeof *made);
    dcn_status status = context->backend->memory_create(context->device, bytes, &made->memory);
    if (status != DCN_SUCCESS) {
        free(made);
        return status;
    }
    made->context = context;
    made->size = bytes;
    dcn_context_retain(context);
    *buffer = made;
    return DCN_SUCCESS;
}

void dcn_buffer_destroy(dcn_buffer *buffer)
{
    if (!buffer)
        return;
    buffer->context->backend->memory_destroy(buffer->context->device, buffer->memory);
    dcn_context_destroy(buffer->context);
    free(buffer);
}

uint64_t dcn_buffer_size(const dcn_buffer *buffer)
{
    return buffer ? buffer->size : 0;
}

/* ---- queues ----------------------------------------------------------------------------------- */

dcn_status dcn_queue_wrap(dcn_context *context, dcn_native_queue *native, dcn_queue **queue)
{
    dcn_queue *made = malloc(sizeof *made);
    if (!made) {
        context->backend->queue_destroy(context->device, native);
        return dcn_fail_memory("a queue object", sizeof *made);
    }
    made->context = context;
    made->native = native;
    dcn_context_retain(context);
    *queue = made;
    return DCN_SUCCESS;
}

dcn_status dcn_queue_create(dcn_context *context, unsigned flags, dcn_queue **queue)
{
    static const char function[] = "dcn_queue_create";
    if (!context)
        return dcn_fail_null(function, "context");
    if (!queue)
        return dcn_fail_null(function, "queue");
    if (flags & ~(unsigned)(DCN_QUEUE_TIMING | DCN_QUEUE_OUT_OF_ORDER))
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: flags is 0x%x, but only 0x%x are known", function, flags,
                        (unsigned)(DCN_QUEUE_TIMING | DCN_QUEUE_OUT_OF_ORDER));
    dcn_native_queue *native = NULL;
    dcn_status status = context->backend->queue_create(context->device, flags, &native);
    return status == DCN_SUCCESS ? dcn_queue_wrap(context, native, queue) : status;
}

void dcn_queue_destroy(dcn_queue *queue)
{
    if (!queue)
        return;
    queue->context->backend->queue_destroy(queue->context->device, queue->native);
    dcn_context_destroy(queue->context);
    free(queue);
}

dcn_status dcn_queue_flush(dcn_queue *queue)
{
    if (!queue)
        return dcn_fail_null("dcn_queue_flush", "queue");
    return queue->context->backend->queue_flush(queue->context->device, queue->native);
}

dcn_status dcn_queue_finish(dcn_queue *queue)
{
    if (!queue)
        return dcn_fail_null("dcn_queue_finish", "queue");
    return queue->context->backend->queue_finish(queue->context->device, queue->native);
}

/* ---- events ----------------------------------------------------------------------------------- */

dcn_status dcn_event_create(dcn_context *context, dcn_event **event)
{
    static const char function[] = "dcn_event_create";
    if (!context)
        return dcn_fail_null(function, "context");
    if (!event)
        return dcn_fail_null(function, "event");
    dcn_event *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("an event object", sizeof *made);
    dcn_status status = context->backend->event_create(context->device, &made->native);
    if (status != DCN_SUCCESS) {
        free(made);
        return status;
    }
    made->context = context;
    dcn_context_retain(context);
    *event = made;
    return DCN_SUCCESS;
}

void dcn_event_destroy(dcn_event *event)
{
    if (!event)
        return;
    event->context->backend->event_destroy(event->context->device, event->native);
    dcn_context_destroy(event->context);
    free(event);
}

dcn_status dcn_event_wait(dcn_event *event)
{
    if (!event)
        return dcn_fail_null("dcn_event_wait", "event");
    return event->context->backend->event_wait(event->context->device, event->native);
}

dcn_status dcn_event_query(dcn_event *event, int *complete)
{
    static const char function[] = "dcn_event_query";
    if (!event)
        return dcn_fail_null(function, "event");
    if (!complete)
        return dcn_fail_null(function, "complete");
    return event->context->backend->event_query(event->context->device, event->native, complete);
}

dcn_status dcn_event_elapsed(dcn_event *first, dcn_event *last, double *microseconds)
{
    static const char function[] = "dcn_event_elapsed";
    if (!first || !last)
        return dcn_fail_null(function, first ? "last" : "first");
    if (!microseconds)
        return dcn_fail_null(function, "microseconds");
    if (first->context != last->context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: first and last belong to different contexts", function);
    return first->context->backend->event_elapsed(first->context->device, first->native, last->native, microseconds);
}

dcn_status dcn_sync_unpack(const char *function, const dcn_context *context, const dcn_sync *sync,
                           dcn_native_event *wait[DCN_WAIT_LIST_MAX], dcn_native_sync *native)
{
    native->wait = wait;
    native->wait_count = 0;
    native->signal = NULL;
    if (!sync)
        return DCN_SUCCESS;
    if (sync->wait_count > DCN_WAIT_LIST_MAX)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: sync.wait_count is %zu, but at most %d are allowed", function,
                        sync->wait_count, DCN_WAIT_LIST_MAX);
    if (sync->wait_count > 0 && !sync->wait)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: sync.wait is NULL, but sync.wait_count is %zu", function,
                        sync->wait_count);
    for (size_t i = 0; i < sync->wait_count; i++) {
        if (!sync->wait[i])
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: sync.wait[%zu] is NULL", function, i);
        if (sync->wait[i]->context != context)
            return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: sync.wait[%zu] belongs to another context", function, i);
        wait[i] = sync->wait[i]->native;
    }
    native->wait_count = sync->wait_count;
    if (sync->signal && sync->signal->context != context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: sync.signal belongs to another context", function);
    native->signal = sync->signal ? sync->signal->native : NULL;
    return DCN_SUCCESS;
}

/* ---- copies ----------------------------------------------------------------------------------- */

/* The checks that every transfer makes of one buffer's range. */
static dcn_status check_range(const char *function, const char *name, const dcn_queue *queue, const dcn_buffer *buffer,
                              uint64_t offset, uint64_t bytes)
{
    if (!queue)
        return dcn_fail_null(function, "queue");
    if (!buffer)
        return dcn_fail_null(function, name);
    if (buffer->context != queue->context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: %s and queue belong to different contexts", function, name);
    if (offset > buffer->size || bytes > buffer->size - offset)
        return dcn_fail(DCN_ERROR_BUFFER_TOO_SMALL,
                        "%s: %s has %" PRIu64 " bytes, but offset %" PRIu64 " + %" PRIu64 " bytes were asked for",
                        function, name, buffer->size, offset, bytes);
    return DCN_SUCCESS;
}

dcn_status dcn_buffer_write(dcn_queue *queue, dcn_buffer *buffer, uint64_t offset, uint64_t bytes, const void *source,
                            const dcn_sync *sync)
{
    static const char function[] = "dcn_buffer_write";
    dcn_native_event *wait[DCN_WAIT_LIST_MAX];
    dcn_native_sync native;
    dcn_status status = check_range(function, "buffer", queue, buffer, offset, bytes);
    if (status == DCN_SUCCESS && !source)
        status = dcn_fail_null(function, "source");
    if (status == DCN_SUCCESS)
        status = dcn_sync_unpack(function, queue->context, sync, wait, &native);
    if (status != DCN_SUCCESS)
        return status;
    return queue->context->backend->write(queue->context->device, queue->native, buffer->memory, offset, bytes, source,
                                          &native);
}

dcn_status dcn_buffer_read(dcn_queue *queue, dcn_buffer *buffer, uint64_t offset, uint64_t bytes, void *target,
                           const dcn_sync *sync)
{
    static const char function[] = "dcn_buffer_read";
    dcn_native_event *wait[DCN_WAIT_LIST_MAX];
    dcn_native_sync native;
    dcn_status status = check_range(function, "buffer", queue, buffer, offset, bytes);
    if (status == DCN_SUCCESS && !target)
        status = dcn_fail_null(function, "target");
    if (status == DCN_SUCCESS)
        status = dcn_sync_unpack(function, queue->context, sync, wait, &native);
    if (status != DCN_SUCCESS)
        return status;
    return queue->context->backend->read(queue->context->device, queue->native, buffer->memory, offset, bytes, target,
                                         &native);
}

dcn_status dcn_buffer_copy(dcn_queue *queue, dcn_buffer *target, uint64_t target_offset, dcn_buffer *source,
                           uint64_t source_offset, uint64_t bytes, const dcn_sync *sync)
{
    static const char function[] = "dcn_buffer_copy";
    dcn_native_event *wait[DCN_WAIT_LIST_MAX];
    dcn_native_sync native;
    dcn_status status = check_range(function, "target", queue, target, target_offset, bytes);
    if (status == DCN_SUCCESS)
        status = check_range(function, "source", queue, source, source_offset, bytes);
    if (status == DCN_SUCCESS && target == source && target_offset < source_offset + bytes &&
        source_offset < target_offset + bytes)
        status = dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                          "%s: the ranges at %" PRIu64 " and %" PRIu64 " of one buffer overlap over %" PRIu64 " bytes",
                          function, target_offset, source_offset, bytes);
    if (status == DCN_SUCCESS)
        status = dcn_sync_unpack(function, queue->context, sync, wait, &native);
    if (status != DCN_SUCCESS)
        return status;
    return queue->context->backend->copy(queue->context->device, queue->native, target->memory, target_offset,
                                         source->memory, source_offset, bytes, &native);
}

dcn_status dcn_buffer_fill(dcn_queue *queue, dcn_buffer *buffer, uint64_t offset, uint64_t bytes, uint8_t value,
                           const dcn_sync *sync)
{
    static const char function[] = "dcn_buffer_fill";
    dcn_native_event *wait[DCN_WAIT_LIST_MAX];
    dcn_native_sync native;
    dcn_status status = check_range(function, "buffer", queue, buffer, offset, bytes);
    if (status == DCN_SUCCESS)
        status = dcn_sync_unpack(function, queue->context, sync, wait, &native);
    if (status != DCN_SUCCESS)
        return status;
    return queue->context->backend->fill(queue->context->device, queue->native, buffer->memory, offset, bytes, value,
                                         &native);
}
