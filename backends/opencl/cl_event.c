/*
 * Events and wait lists. OpenCL lets a driver hold commands back until their queue is flushed, and whoever waits from
 * another queue, or asks in a loop, must see to that. The library does it where a wait begins, not where an event is
 * marked: work that nobody waits for elsewhere stays batched.
 */
#include "cl_internal.h"

#include <stdlib.h>

#include "status.h"

dcn_status dcn_cl_event_create(dcn_device *device, dcn_native_event **event)
{
    (void)device;
    dcn_native_event *made = calloc(1, sizeof *made);
    if (!made)
        return dcn_fail_memory("an OpenCL event", sizeof *made);
    *event = made;
    return DCN_SUCCESS;
}

void dcn_cl_event_clear(dcn_native_event *event)
{
    if (event->begin)
        dcn_cl.clReleaseEvent(event->begin);
    if (event->end)
        dcn_cl.clReleaseEvent(event->end);
    if (event->queue)
        dcn_cl.clReleaseCommandQueue(event->queue);
    *event = (dcn_native_event){.begin = NULL};
}

void dcn_cl_event_mark(dcn_native_event *event, const dcn_native_queue *queue, cl_event begin, cl_event end)
{
    cl_command_queue held = queue->handle;
    if (dcn_cl.clRetainCommandQueue(held) != DCN_CL_SUCCESS) {
        dcn_cl.clFlush(held); /* now, because it cannot be left to those who wait */
        held = NULL;
    }
    dcn_cl_event_clear(event);
    event->begin = begin;
    event->end = end;
    event->queue = held;
    event->timed = queue->timing;
}

void dcn_cl_event_destroy(dcn_device *device, dcn_native_event *event)
{
    (void)device;
    if (!event)
        return;
    dcn_cl_event_clear(event);
    free(event);
}

dcn_status dcn_cl_event_wait(dcn_device *device, dcn_native_event *event)
{
    (void)device;
    return event->end ? dcn_cl_check("clWaitForEvents", dcn_cl.clWaitForEvents(1, &event->end)) : DCN_SUCCESS;
}

static dcn_status flush(cl_command_queue queue)
{
    return queue ? dcn_cl_check("clFlush", dcn_cl.clFlush(queue)) : DCN_SUCCESS;
}

/* Whether the event's command is done; an error when it was ended by one. */
static dcn_status ask_state(cl_event event, int *complete)
{
    int32_t state = DCN_CL_COMPLETE;
    dcn_status status =
        dcn_cl_check("clGetEventInfo",
                     dcn_cl.clGetEventInfo(event, DCN_CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL));
    if (status == DCN_SUCCESS && state < 0)
        status = dcn_cl_check("the command that the event marks", state);
    if (status == DCN_SUCCESS)
        *complete = state == DCN_CL_COMPLETE;
    return status;
}

dcn_status dcn_cl_event_query(dcn_device *device, dcn_native_event *event, int *complete)
{
    (void)device;
    int done = 1;
    dcn_status status = event->end ? ask_state(event->end, &done) : DCN_SUCCESS;
    if (status == DCN_SUCCESS && !done)
        status = flush(event->queue);
    if (status == DCN_SUCCESS)
        *complete = done;
    return status;
}

static dcn_status check_timed(const char *name, const dcn_native_event *event)
{
    int done = 0;
    if (!event->end)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s was never marked, so it has no time", name);
    if (!event->timed)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s was marked on a queue that records no times", name);
    dcn_status status = ask_state(event->end, &done);
    if (status == DCN_SUCCESS && !done)
        status = dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s is not complete yet", name);
    return status;
}

static dcn_status ask_time(cl_event event, uint32_t what, uint64_t *nanoseconds)
{
    return dcn_cl_check("clGetEventProfilingInfo",
                        dcn_cl.clGetEventProfilingInfo(event, what, sizeof *nanoseconds, nanoseconds, NULL));
}

dcn_status dcn_cl_event_elapsed(dcn_device *device, dcn_native_event *first, dcn_native_event *last,
                                double *microseconds)
{
    (void)device;
    uint64_t start = 0;
    uint64_t end = 0;
    dcn_status status = check_timed("first", first);
    if (status == DCN_SUCCESS)
        status = check_timed("last", last);
    if (status == DCN_SUCCESS)
        status = ask_time(first->begin ? first->begin : first->end, DCN_CL_PROFILING_COMMAND_START, &start);
    if (status == DCN_SUCCESS)
        status = ask_time(last->end, DCN_CL_PROFILING_COMMAND_END, &end);
    if (status == DCN_SUCCESS)
        *microseconds = ((double)end - (double)start) / 1000.0;
    return status;
}

dcn_status dcn_cl_wait_gather(const dcn_native_queue *queue, const dcn_native_sync *sync, dcn_cl_wait *wait)
{
    wait->count = 0;
    wait->events = wait->room;
    for (size_t i = 0; i < sync->wait_count; i++) {
        const dcn_native_event *event = sync->wait[i];
        if (event->borrowed) { /* the only one, then */
            wait->events = event->borrowed;
            wait->count = event->borrowed_count;
        } else if (event->end) {
            wait->room[wait->count++] = event->end;
            dcn_status status = event->queue == queue->handle ? DCN_SUCCESS : flush(event->queue);
            if (status != DCN_SUCCESS)
                return status;
        }
    }
    if (wait->count == 0)
        wait->events = NULL;
    return DCN_SUCCESS;
}
