#include "cl_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "status.h"

/* ---- queues ------------------------------------------------------------------------------------- */

static cl_command_queue make_queue(const dcn_device *device, uint64_t properties, const char **function, int32_t *error)
{
    if (dcn_cl.clCreateCommandQueueWithProperties && device->facts.version >= 20) {
        const uint64_t list[] = {DCN_CL_QUEUE_PROPERTIES, properties, 0};
        *function = "clCreateCommandQueueWithProperties";
        return dcn_cl.clCreateCommandQueueWithProperties(device->context, device->id, list, error);
    }
    *function = "clCreateCommandQueue";
    return dcn_cl.clCreateCommandQueue(device->context, device->id, properties, error);
}

/* Takes over the handle. */
static dcn_status wrap_queue(cl_command_queue handle, uint64_t properties, dcn_native_queue **queue)
{
    dcn_native_queue *made = malloc(sizeof *made);
    if (!made) {
        dcn_cl.clReleaseCommandQueue(handle);
        return dcn_fail_memory("an OpenCL queue", sizeof *made);
    }
    made->handle = handle;
    made->out_of_order = properties & DCN_CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
    made->timing = properties & DCN_CL_QUEUE_PROFILING_ENABLE;
    *queue = made;
    return DCN_SUCCESS;
}

dcn_status dcn_cl_queue_create(dcn_device *device, unsigned flags, dcn_native_queue **queue)
{
    uint64_t properties = 0;
    if (flags & DCN_QUEUE_TIMING)
        properties |= DCN_CL_QUEUE_PROFILING_ENABLE;
    if ((flags & DCN_QUEUE_OUT_OF_ORDER) && device->facts.out_of_order)
        properties |= DCN_CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
    int32_t error = DCN_CL_SUCCESS;
    const char *function = NULL;
    cl_command_queue handle = make_queue(device, properties, &function, &error);
    return error == DCN_CL_SUCCESS ? wrap_queue(handle, properties, queue) : dcn_cl_check(function, error);
}

static dcn_status ask_queue(cl_command_queue queue, uint32_t what, size_t size, void *value)
{
    return dcn_cl_check("clGetCommandQueueInfo", dcn_cl.clGetCommandQueueInfo(queue, what, size, value, NULL));
}

dcn_status dcn_cl_queue_adopt(dcn_device *device, cl_command_queue handle, dcn_native_queue **queue)
{
    cl_context context = NULL;
    cl_device_id id = NULL;
    uint64_t properties = 0;
    dcn_status status = ask_queue(handle, DCN_CL_QUEUE_CONTEXT, sizeof context, &context);
    if (status == DCN_SUCCESS)
        status = ask_queue(handle, DCN_CL_QUEUE_DEVICE, sizeof id, &id);
    if (status == DCN_SUCCESS)
        status = ask_queue(handle, DCN_CL_QUEUE_PROPERTIES, sizeof properties, &properties);
    if (status != DCN_SUCCESS)
        return status;
    if (context != device->context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "cl_queue belongs to another cl_context");
    if (id != device->id)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "cl_queue belongs to another cl_device_id than the context");
    status = dcn_cl_check("clRetainCommandQueue", dcn_cl.clRetainCommandQueue(handle));
    return status == DCN_SUCCESS ? wrap_queue(handle, properties, queue) : status;
}

void dcn_cl_queue_destroy(dcn_device *device, dcn_native_queue *queue)
{
    (void)device;
    if (!queue)
        return;
    dcn_cl.clFlush(queue->handle); /* an event may keep the queue, so its release need not start what is queued */
    dcn_cl.clReleaseCommandQueue(queue->handle);
    free(queue);
}

dcn_status dcn_cl_queue_flush(dcn_device *device, dcn_native_queue *queue)
{
    (void)device;
    return dcn_cl_check("clFlush", dcn_cl.clFlush(queue->handle));
}

dcn_status dcn_cl_queue_finish(dcn_device *device, dcn_native_queue *queue)
{
    (void)device;
    return dcn_cl_check("clFinish", dcn_cl.clFinish(queue->handle));
}

/* ---- launches ----------------------------------------------------------------------------------- */

static dcn_status set_argument(const dcn_launch *launch, uint32_t index, size_t size, const void *value)
{
    dcn_status status =
        dcn_cl_check("clSetKernelArg", dcn_cl.clSetKernelArg(launch->kernel->handle, index, size, value));
    return status == DCN_SUCCESS ? status
                                 : dcn_fail_context(status, "argument %" PRIu32 " of %zu bytes: ", index, size);
}

static dcn_status set_arguments(const dcn_launch *launch)
{
    uint32_t index = 0;
    dcn_status status = DCN_SUCCESS;
    for (; index < launch->binding_count && status == DCN_SUCCESS; index++) {
        cl_mem memory = launch->bindings[index]->handle;
        status = set_argument(launch, index, sizeof memory, &memory);
    }
    if (status == DCN_SUCCESS)
        status = set_argument(launch, index++, launch->params_size, launch->params);
    if (status == DCN_SUCCESS && launch->local_bytes > 0)
        status = set_argument(launch, index, (size_t)launch->local_bytes, NULL);
    return status;
}

static dcn_status enqueue_launch(const dcn_native_queue *queue, const dcn_launch *launch, uint32_t wait_count,
                                 const cl_event *wait, cl_event *event)
{
    const size_t local = launch->local;
    if (launch->groups > SIZE_MAX / local)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "%" PRIu64 " work-groups of %zu work-items are too many", launch->groups,
                        local);
    const size_t global = (size_t)launch->groups * local;
    dcn_status status = set_arguments(launch);
    if (status != DCN_SUCCESS)
        return status;
    status = dcn_cl_check("clEnqueueNDRangeKernel",
                          dcn_cl.clEnqueueNDRangeKernel(queue->handle, launch->kernel->handle, 1, NULL, &global, &local,
                                                        wait_count, wait, event));
    return status == DCN_SUCCESS ? status
                                 : dcn_fail_context(status, "%zu work-items in groups of %zu: ", global, local);
}

/* The events of a chain of launches: of the first one, and of the newest (which may be the same). */
typedef struct chain {
    cl_event first;
    cl_event newest;
} chain;

static void chain_add(chain *events, cl_event event)
{
    if (!events->first)
        events->first = event;
    else if (events->newest != events->first)
        dcn_cl.clReleaseEvent(events->newest);
    events->newest = event;
}

static void chain_release(const chain *events)
{
    if (events->newest && events->newest != events->first)
        dcn_cl.clReleaseEvent(events->newest);
    if (events->first)
        dcn_cl.clReleaseEvent(events->first);
}

dcn_status dcn_cl_submit(dcn_device *device, dcn_native_queue *queue, const dcn_launch *launches, size_t count,
                         const dcn_native_sync *sync)
{
    (void)device;
    if (count == 0)
        return dcn_cl_submit_nothing(queue, sync);
    dcn_cl_wait wait;
    dcn_status status = dcn_cl_wait_gather(queue, sync, &wait);
    chain events = {NULL, NULL};
    uint32_t wait_count = wait.count;
    const cl_event *wait_list = wait.events;
    for (size_t i = 0; i < count && status == DCN_SUCCESS; i++) {
        /* An event costs time, so only those that are needed: for order, for the start time, for the signal. */
        bool last = i + 1 == count;
        bool needed = last ? sync->signal != NULL : queue->out_of_order || (i == 0 && sync->signal && queue->timing);
        cl_event event = NULL;
        status = enqueue_launch(queue, &launches[i], wait_count, wait_list, needed ? &event : NULL);
        if (event)
            chain_add(&events, event);
        wait_count = queue->out_of_order ? 1 : 0;
        wait_list = queue->out_of_order ? &events.newest : NULL;
    }
    if (status == DCN_SUCCESS && sync->signal)
        dcn_cl_event_mark(sync->signal, queue, events.first == events.newest ? NULL : events.first, events.newest);
    else
        chain_release(&events);
    return status;
}

dcn_status dcn_cl_submit_nothing(dcn_native_queue *queue, const dcn_native_sync *sync)
{
    dcn_cl_wait wait;
    cl_event event = NULL;
    dcn_status status = dcn_cl_wait_gather(queue, sync, &wait);
    if (status != DCN_SUCCESS || (wait.count == 0 && !sync->signal))
        return status;
    status = dcn_cl_check(
        "clEnqueueMarkerWithWaitList",
        dcn_cl.clEnqueueMarkerWithWaitList(queue->handle, wait.count, wait.events, sync->signal ? &event : NULL));
    if (status == DCN_SUCCESS && sync->signal)
        dcn_cl_event_mark(sync->signal, queue, NULL, event);
    return status;
}
