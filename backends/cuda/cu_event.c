#include "cu_internal.h"

#include <stdlib.h>

#include "status.h"

static dcn_status make_native(CUevent *event)
{
    return dcn_cu_check("cuEventCreate", dcn_cu.cuEventCreate(event, DCN_CU_EVENT_DEFAULT));
}

dcn_status dcn_cu_event_create(dcn_device *device, dcn_native_event **event)
{
    dcn_native_event *made = calloc(1, sizeof *made);
    if (!made)
        return dcn_fail_memory("a CUDA event", sizeof *made);
    dcn_status status = dcn_cu_enter(device);
    if (status == DCN_SUCCESS) {
        status = make_native(&made->begin);
        if (status == DCN_SUCCESS)
            status = make_native(&made->end);
        dcn_cu_leave();
    }
    if (status != DCN_SUCCESS) {
        dcn_cu_event_destroy(device, made);
        return status;
    }
    *event = made;
    return DCN_SUCCESS;
}

void dcn_cu_event_destroy(dcn_device *device, dcn_native_event *event)
{
    if (!event)
        return;
    if (event->begin && dcn_cu_enter_quietly(device)) {
        dcn_cu.cuEventDestroy(event->begin);
        if (event->end)
            dcn_cu.cuEventDestroy(event->end);
        dcn_cu_leave();
    }
    free(event);
}

dcn_status dcn_cu_event_wait(dcn_device *device, dcn_native_event *event)
{
    if (!event->marked)
        return DCN_SUCCESS;
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    status = dcn_cu_check("cuEventSynchronize", dcn_cu.cuEventSynchronize(event->end));
    dcn_cu_leave();
    return status;
}

/* With the context current. */
static dcn_status ask_state(const dcn_native_event *event, int *complete)
{
    const dcn_cu_result state = dcn_cu.cuEventQuery(event->end);
    *complete = state == DCN_CU_SUCCESS;
    return state == DCN_CU_ERROR_NOT_READY ? DCN_SUCCESS : dcn_cu_check("cuEventQuery", state);
}

dcn_status dcn_cu_event_query(dcn_device *device, dcn_native_event *event, int *complete)
{
    int done = 1;
    dcn_status status = DCN_SUCCESS;
    if (event->marked) {
        status = dcn_cu_enter(device);
        if (status != DCN_SUCCESS)
            return status;
        status = ask_state(event, &done);
        dcn_cu_leave();
    }
    if (status == DCN_SUCCESS)
        *complete = done;
    return status;
}

static dcn_status check_timed(const char *name, const dcn_native_event *event)
{
    if (!event->marked)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s was never marked, so it has no time", name);
    if (!event->timed)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s was marked on a queue that records no times", name);
    int done = 0;
    dcn_status status = ask_state(event, &done);
    if (status == DCN_SUCCESS && !done)
        status = dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s is not complete yet", name);
    return status;
}

dcn_status dcn_cu_event_elapsed(dcn_device *device, dcn_native_event *first, dcn_native_event *last,
                                double *microseconds)
{
    float milliseconds = 0;
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    status = check_timed("first", first);
    if (status == DCN_SUCCESS)
        status = check_timed("last", last);
    if (status == DCN_SUCCESS)
        status = dcn_cu_check("cuEventElapsedTime", dcn_cu.cuEventElapsedTime(&milliseconds, first->begin, last->end));
    dcn_cu_leave();
    if (status == DCN_SUCCESS)
        *microseconds = 1000.0 * (double)milliseconds;
    return status;
}
