#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geometry.h"
#include "runtime.h"
#include "status.h"

dcn_status dcn_plan_make(dcn_context *context, const dcn_operator *op, void *state, const dcn_path *path,
                         dcn_plan **plan)
{
    dcn_plan *made = calloc(1, sizeof *made);
    if (!made) {
        op->destroy(state);
        return dcn_fail_memory("a plan", sizeof *made);
    }
    made->context = context;
    made->op = op;
    made->state = state;
    dcn_path_format(path, made->path, sizeof made->path);
    dcn_context_retain(context);
    *plan = made;
    return DCN_SUCCESS;
}

dcn_status dcn_plan_add_tensor(dcn_plan *plan, const char *name, dcn_dtype dtype, int is_output, int rank,
                               const int64_t *extent)
{
    dcn_tensor_info *tensor = &plan->tensors[plan->tensor_count];
    int64_t bytes = (int64_t)dcn_dtype_size(dtype);
    tensor->struct_size = sizeof *tensor;
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
    tensor->dtype = dtype;
    tensor->is_output = is_output;
    tensor->rank = rank;
    for (int i = 0; i < DCN_MAX_RANK; i++)
        tensor->extent[i] = i < rank ? extent[i] : 1;
    for (int i = 0; i < rank; i++)
        if (!dcn_multiply(&bytes, extent[i]))
            return dcn_fail(DCN_ERROR_INVALID_SHAPE, "%s of %s has more than 2^63 bytes", name, plan->op->name);
    tensor->bytes = (uint64_t)bytes;
    plan->tensor_count++;
    return DCN_SUCCESS;
}

dcn_status dcn_plan_clone(const dcn_plan *plan, dcn_plan **clone)
{
    static const char function[] = "dcn_plan_clone";
    if (!plan)
        return dcn_fail_null(function, "plan");
    if (!clone)
        return dcn_fail_null(function, "clone");
    dcn_plan *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a plan", sizeof *made);
    *made = *plan;
    dcn_status status = plan->op->clone(plan->state, &made->state);
    if (status != DCN_SUCCESS) {
        free(made);
        return status;
    }
    dcn_context_retain(made->context);
    *clone = made;
    return DCN_SUCCESS;
}

void dcn_plan_destroy(dcn_plan *plan)
{
    if (!plan)
        return;
    plan->op->destroy(plan->state);
    dcn_context_destroy(plan->context);
    free(plan);
}

size_t dcn_plan_tensors(const dcn_plan *plan)
{
    return plan ? plan->tensor_count : 0;
}

dcn_status dcn_plan_tensor(const dcn_plan *plan, size_t index, dcn_tensor_info *info)
{
    static const char function[] = "dcn_plan_tensor";
    if (!plan)
        return dcn_fail_null(function, "plan");
    if (!info)
        return dcn_fail_null(function, "info");
    if (index >= plan->tensor_count)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: index is %zu, but the plan has %zu tensors", function, index,
                        plan->tensor_count);
    dcn_status status = dcn_check_struct_size(function, "dcn_tensor_info", info->struct_size, sizeof *info);
    if (status == DCN_SUCCESS)
        *info = plan->tensors[index];
    return status;
}

dcn_status dcn_plan_workspace(const dcn_plan *plan, uint64_t *bytes)
{
    static const char function[] = "dcn_plan_workspace";
    if (!plan)
        return dcn_fail_null(function, "plan");
    if (!bytes)
        return dcn_fail_null(function, "bytes");
    *bytes = plan->workspace;
    return DCN_SUCCESS;
}

const char *dcn_plan_path(const dcn_plan *plan)
{
    return plan ? plan->path : "";
}

dcn_status dcn_slice_check(const char *function, const dcn_tensor_info *tensor, const dcn_slice *slice)
{
    const uint64_t element = dcn_dtype_size(tensor->dtype);
    const char *name = tensor->name;
    if (!slice->handle && tensor->bytes > 0)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: the handle of %s is NULL", function, name);
    if (slice->size < tensor->bytes)
        return dcn_fail(DCN_ERROR_BUFFER_TOO_SMALL,
                        "%s: the slice of %s has %" PRIu64 " bytes, but the tensor needs %" PRIu64, function, name,
                        slice->size, tensor->bytes);
    const bool address = slice->kind == DCN_MEMORY_HOST || slice->kind == DCN_MEMORY_CUDA;
    if (!address) {
        if (slice->offset % element != 0)
            return dcn_fail(DCN_ERROR_MISALIGNED,
                            "%s: the offset of %s is %" PRIu64 ", but must be a multiple of its element size %" PRIu64,
                            function, name, slice->offset, element);
        return DCN_SUCCESS;
    }
    const uintptr_t start = (uintptr_t)slice->handle;
    if (slice->offset > UINTPTR_MAX - start || slice->size > UINTPTR_MAX - start - slice->offset)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "%s: pointer + offset %" PRIu64 " + size %" PRIu64 " of %s runs over the end of memory",
                        function, slice->offset, slice->size, name);
    if ((start + slice->offset) % element != 0)
        return dcn_fail(DCN_ERROR_MISALIGNED, "%s: %s is not aligned to its element size, %" PRIu64 " bytes", function,
                        name, element);
    return DCN_SUCCESS;
}

/* One slice against the tensor it is for, as far as that is the same on every device. */
static dcn_status check_slice(const dcn_plan *plan, const dcn_tensor_info *tensor, const dcn_slice *slice)
{
    static const char function[] = "dcn_execute";
    if ((int)slice->kind < DCN_MEMORY_NONE || (int)slice->kind > DCN_MEMORY_CUDA)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: %s is of memory kind %d, which is unknown", function,
                        tensor->name, (int)slice->kind);
    if (slice->kind == DCN_MEMORY_NONE)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: %s is absent (DCN_MEMORY_NONE), but required", function,
                        tensor->name);
    if (slice->kind == DCN_MEMORY_BUFFER && !slice->handle)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: the handle of %s is NULL", function, tensor->name);
    dcn_status status = dcn_slice_check(function, tensor, slice);
    if (status != DCN_SUCCESS || slice->kind != DCN_MEMORY_BUFFER)
        return status;
    const dcn_buffer *buffer = slice->handle;
    if (buffer->context != plan->context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: the buffer of %s belongs to another context than the plan",
                        function, tensor->name);
    if (slice->offset > buffer->size || slice->size > buffer->size - slice->offset)
        return dcn_fail(DCN_ERROR_BUFFER_TOO_SMALL,
                        "%s: the buffer of %s has %" PRIu64 " bytes, but the slice goes from %" PRIu64
                        " on for %" PRIu64,
                        function, tensor->name, buffer->size, slice->offset, slice->size);
    return DCN_SUCCESS;
}

static dcn_status bind_slice(const dcn_plan *plan, const dcn_tensor_info *tensor, const dcn_slice *slice,
                             dcn_binding *binding)
{
    dcn_memory *memory = slice->kind == DCN_MEMORY_BUFFER ? ((const dcn_buffer *)slice->handle)->memory : NULL;
    const uint64_t element = dcn_dtype_size(tensor->dtype);
    dcn_status status = plan->context->backend->bind(plan->context->device, slice, memory, tensor->name, binding);
    if (status != DCN_SUCCESS)
        return status;
    if (binding->alignment % element != 0)
        return dcn_fail(DCN_ERROR_MISALIGNED,
                        "dcn_execute: %s starts at a multiple of %" PRIu64 " bytes, but its elements need %" PRIu64,
                        tensor->name, binding->alignment, element);
    return DCN_SUCCESS;
}

/* A result may share memory with nothing else. Overlap is judged by what the tensors use of their slices. */
static dcn_status check_overlap(const dcn_plan *plan, const dcn_binding *bindings)
{
    for (size_t i = 0; i < plan->tensor_count; i++) {
        for (size_t j = 0; j < plan->tensor_count; j++) {
            const dcn_binding *a = &bindings[i];
            const dcn_binding *b = &bindings[j];
            if (i == j || !plan->tensors[i].is_output || a->identity != b->identity)
                continue;
            if (a->first < b->first + plan->tensors[j].bytes && b->first < a->first + plan->tensors[i].bytes)
                return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                                "dcn_execute: the result %s (%" PRIu64 " bytes) overlaps %s (%" PRIu64 " bytes)",
                                plan->tensors[i].name, plan->tensors[i].bytes, plan->tensors[j].name,
                                plan->tensors[j].bytes);
        }
    }
    return DCN_SUCCESS;
}

static bool is_empty(const dcn_plan *plan)
{
    for (size_t i = 0; i < plan->tensor_count; i++)
        if (plan->tensors[i].bytes != 0)
            return false;
    return true;
}

static dcn_status check_call(const dcn_plan *plan, const dcn_queue *queue, const dcn_slice *tensors,
                             size_t tensor_count)
{
    static const char function[] = "dcn_execute";
    if (!plan)
        return dcn_fail_null(function, "plan");
    if (!queue)
        return dcn_fail_null(function, "queue");
    if (!tensors)
        return dcn_fail_null(function, "tensors");
    if (queue->context != plan->context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: plan and queue belong to different contexts", function);
    if (tensor_count != plan->tensor_count)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: tensor_count is %zu, but the plan has %zu tensors", function,
                        tensor_count, plan->tensor_count);
    return DCN_SUCCESS;
}

dcn_status dcn_plan_submit(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                           const dcn_native_sync *sync)
{
    dcn_binding bindings[DCN_MAX_TENSORS];
    dcn_launch launches[DCN_MAX_LAUNCHES];
    size_t count = 0;
    dcn_status status = check_call(plan, queue, tensors, tensor_count);
    if (status != DCN_SUCCESS)
        return status;
    /* An empty batch has no memory to check, but its wait list and signal still mean something. */
    if (!is_empty(plan)) {
        for (size_t i = 0; i < tensor_count && status == DCN_SUCCESS; i++)
            status = check_slice(plan, &plan->tensors[i], &tensors[i]);
        for (size_t i = 0; i < tensor_count && status == DCN_SUCCESS; i++)
            status = bind_slice(plan, &plan->tensors[i], &tensors[i], &bindings[i]);
        if (status == DCN_SUCCESS)
            status = check_overlap(plan, bindings);
        if (status != DCN_SUCCESS)
            return status;
        count = plan->op->launches(plan->state, bindings, launches);
    }
    return plan->context->backend->submit(plan->context->device, queue->native, launches, count, sync);
}

dcn_status dcn_execute(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                       const dcn_sync *sync)
{
    dcn_native_event *wait[DCN_WAIT_LIST_MAX];
    dcn_native_sync native;
    dcn_status status = check_call(plan, queue, tensors, tensor_count);
    if (status == DCN_SUCCESS)
        status = dcn_sync_unpack("dcn_execute", plan->context, sync, wait, &native);
    return status == DCN_SUCCESS ? dcn_plan_submit(plan, queue, tensors, tensor_count, &native) : status;
}
