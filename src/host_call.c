/* Operators on host memory: a plan's work with the copies around it. */
#include <inttypes.h>

#include "plan.h"
#include "status.h"

static dcn_status check_host_slices(const dcn_plan *plan, const dcn_slice *tensors, size_t tensor_count)
{
    static const char function[] = "dcn_execute_host";
    if (!plan)
        return dcn_fail_null(function, "plan");
    if (!tensors)
        return dcn_fail_null(function, "tensors");
    if (tensor_count != plan->tensor_count)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: tensor_count is %zu, but the plan has %zu tensors", function,
                        tensor_count, plan->tensor_count);
    for (size_t i = 0; i < tensor_count; i++) {
        const dcn_tensor_info *tensor = &plan->tensors[i];
        if (dcn_slice_is_absent(tensor, &tensors[i]))
            continue;
        if (tensors[i].kind != DCN_MEMORY_HOST)
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: %s is of memory kind %d, but must be host memory (%d)",
                            function, tensor->name, (int)tensors[i].kind, (int)DCN_MEMORY_HOST);
        dcn_status status = dcn_slice_check(function, tensor, &tensors[i]);
        if (status != DCN_SUCCESS)
            return status;
    }
    return DCN_SUCCESS;
}

static char *host_pointer(const dcn_slice *slice)
{
    return (char *)slice->handle + slice->offset;
}

/* With device memory of its own for each tensor. */
static dcn_status execute_through_buffers(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors)
{
    dcn_buffer *buffers[DCN_MAX_TENSORS] = {NULL};
    dcn_slice slices[DCN_MAX_TENSORS];
    dcn_status status = DCN_SUCCESS;
    for (size_t i = 0; i < plan->tensor_count && status == DCN_SUCCESS; i++) {
        const dcn_tensor_info *tensor = &plan->tensors[i];
        slices[i] = tensors[i];
        if (dcn_slice_is_absent(tensor, &tensors[i]))
            continue;
        status = dcn_buffer_create(plan->context, tensor->bytes ? tensor->bytes : 1, &buffers[i]);
        if (status == DCN_SUCCESS && !tensor->is_output)
            status = dcn_buffer_write(queue, buffers[i], 0, tensor->bytes, host_pointer(&tensors[i]), NULL);
        slices[i] = dcn_slice_buffer(buffers[i]);
    }
    if (status == DCN_SUCCESS)
        status = dcn_execute(plan, queue, slices, plan->tensor_count, NULL);
    for (size_t i = 0; i < plan->tensor_count && status == DCN_SUCCESS; i++)
        if (plan->tensors[i].is_output && buffers[i])
            status = dcn_buffer_read(queue, buffers[i], 0, plan->tensors[i].bytes, host_pointer(&tensors[i]), NULL);
    for (size_t i = 0; i < plan->tensor_count; i++)
        dcn_buffer_destroy(buffers[i]);
    return status;
}

dcn_status dcn_execute_host(dcn_plan *plan, const dcn_slice *tensors, size_t tensor_count)
{
    dcn_status status = check_host_slices(plan, tensors, tensor_count);
    uint64_t bytes = 0;
    for (size_t i = 0; status == DCN_SUCCESS && i < tensor_count; i++)
        bytes |= plan->tensors[i].bytes;
    if (status != DCN_SUCCESS || bytes == 0)
        return status;
    status = dcn_results_check("dcn_execute_host", plan, tensors);
    if (status != DCN_SUCCESS)
        return status;
    dcn_queue *queue = NULL;
    status = dcn_queue_create(plan->context, DCN_QUEUE_DEFAULT, &queue);
    if (status != DCN_SUCCESS)
        return status;
    dcn_device_limits limits;
    plan->context->backend->limits(plan->context->device, &limits);
    if (limits.native)
        status = dcn_execute(plan, queue, tensors, tensor_count, NULL);
    else
        status = execute_through_buffers(plan, queue, tensors);
    dcn_queue_destroy(queue);
    return status;
}

dcn_status dcn_run_host(const char *device, dcn_plan_maker make, const void *desc, const dcn_slice *tensors,
                        size_t tensor_count)
{
    dcn_context *context = NULL;
    dcn_plan *plan = NULL;
    dcn_status status = dcn_context_create(device, NULL, &context);
    if (status == DCN_SUCCESS)
        status = make(context, desc, &plan);
    if (status == DCN_SUCCESS)
        status = dcn_execute_host(plan, tensors, tensor_count);
    dcn_plan_destroy(plan);
    dcn_context_destroy(context);
    return status;
}
