/* What a call of a plan is checked for, and how it reaches the device. */
#include <inttypes.h>
#include <string.h>

#include "plan.h"
#include "runtime.h"
#include "status.h"

/* ---- checking slices -------------------------------------------------------------------------- */

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

bool dcn_slice_is_absent(const dcn_tensor_info *tensor, const dcn_slice *slice)
{
    return tensor->is_optional && slice->kind == DCN_MEMORY_NONE;
}

dcn_status dcn_results_check(const char *function, const dcn_plan *plan, const dcn_slice *tensors)
{
    for (size_t i = 0; i < plan->tensor_count; i++)
        if (plan->tensors[i].is_output && !dcn_slice_is_absent(&plan->tensors[i], &tensors[i]))
            return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: every result is absent (DCN_MEMORY_NONE), but one is required",
                    function);
}

/* One slice against the tensor it is for, as far as that is the same on every device. */
static dcn_status check_slice(const char *function, const dcn_plan *plan, const dcn_tensor_info *tensor,
                              const dcn_slice *slice)
{
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

/* Binds a checked slice, whose start must be a multiple of `alignment` bytes. */
static dcn_status bind_slice(const char *function, const dcn_plan *plan, const dcn_tensor_info *tensor,
                             const dcn_slice *slice, uint64_t alignment, dcn_binding *binding)
{
    dcn_memory *memory = slice->kind == DCN_MEMORY_BUFFER ? ((const dcn_buffer *)slice->handle)->memory : NULL;
    dcn_status status = plan->context->backend->bind(plan->context->device, slice, memory, tensor->name, binding);
    if (status == DCN_SUCCESS && binding->alignment % alignment != 0)
        status = dcn_fail(DCN_ERROR_MISALIGNED,
                          "%s: %s starts at a multiple of %" PRIu64 " bytes, but must at one of %" PRIu64, function,
                          tensor->name, binding->alignment, alignment);
    return status;
}

/* All slices of a call: first each by itself, then on the device. */
static dcn_status bind_tensors(const dcn_plan *plan, const dcn_slice *tensors, dcn_binding *bindings)
{
    static const char function[] = "dcn_execute";
    dcn_status status = dcn_results_check(function, plan, tensors);
    memset(bindings, 0, plan->tensor_count * sizeof *bindings);
    for (size_t i = 0; i < plan->tensor_count && status == DCN_SUCCESS; i++)
        if (!dcn_slice_is_absent(&plan->tensors[i], &tensors[i]))
            status = check_slice(function, plan, &plan->tensors[i], &tensors[i]);
    for (size_t i = 0; i < plan->tensor_count && status == DCN_SUCCESS; i++)
        if (!dcn_slice_is_absent(&plan->tensors[i], &tensors[i]))
            status = bind_slice(function, plan, &plan->tensors[i], &tensors[i], dcn_dtype_size(plan->tensors[i].dtype),
                                &bindings[i]);
    return status;
}

static bool overlap(const dcn_binding *a, uint64_t a_bytes, const dcn_binding *b, uint64_t b_bytes)
{
    return a->handle && b->handle && a->identity == b->identity && a->first < b->first + b_bytes &&
           b->first < a->first + a_bytes;
}

/* A result may share memory with nothing else. Overlap is judged by what the tensors use of their slices. */
static dcn_status check_overlap(const dcn_plan *plan, const dcn_binding *bindings)
{
    for (size_t i = 0; i < plan->tensor_count; i++) {
        const dcn_tensor_info *a = &plan->tensors[i];
        if (overlap(&plan->workspace_slice, plan->workspace, &bindings[i], a->bytes))
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                            "dcn_execute: the workspace (%" PRIu64 " bytes) overlaps %s (%" PRIu64 " bytes)",
                            plan->workspace, a->name, a->bytes);
        for (size_t j = 0; j < plan->tensor_count; j++) {
            const dcn_tensor_info *b = &plan->tensors[j];
            if (i != j && a->is_output && overlap(&bindings[i], a->bytes, &bindings[j], b->bytes))
                return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                                "dcn_execute: the result %s (%" PRIu64 " bytes) overlaps %s (%" PRIu64 " bytes)",
                                a->name, a->bytes, b->name, b->bytes);
        }
    }
    return DCN_SUCCESS;
}

/* ---- the workspace ---------------------------------------------------------------------------- */

dcn_status dcn_plan_set_workspace(dcn_plan *plan, const dcn_slice *workspace)
{
    static const char function[] = "dcn_plan_set_workspace";
    if (!plan)
        return dcn_fail_null(function, "plan");
    if (!workspace)
        return dcn_fail_null(function, "workspace");
    if (plan->own_workspace)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "%s: the plan keeps a workspace of its own; see dcn_plan_options.own_workspace", function);
    const dcn_tensor_info info = {.name = "workspace", .dtype = DCN_FLOAT32, .bytes = plan->workspace};
    dcn_binding binding = {.handle = NULL};
    dcn_status status = check_slice(function, plan, &info, workspace);
    if (status == DCN_SUCCESS)
        status = bind_slice(function, plan, &info, workspace, DCN_WORKSPACE_ALIGNMENT, &binding);
    if (status == DCN_SUCCESS)
        plan->workspace_slice = binding;
    return status;
}

/* The workspace as launches take it: NULL where the plan needs none. */
static dcn_status find_workspace(const dcn_plan *plan, const dcn_binding **workspace)
{
    *workspace = plan->workspace > 0 ? &plan->workspace_slice : NULL;
    if (*workspace && !(*workspace)->handle)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "dcn_execute: the plan needs a workspace of %" PRIu64
                        " bytes, but none was given with dcn_plan_set_workspace",
                        plan->workspace);
    return DCN_SUCCESS;
}

/* ---- the call --------------------------------------------------------------------------------- */

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
    const dcn_binding *workspace = NULL;
    const dcn_launch *launches = NULL;
    size_t count = 0;
    dcn_status status = check_call(plan, queue, tensors, tensor_count);
    if (status != DCN_SUCCESS)
        return status;
    /* An empty batch has no memory to check, but its wait list and signal still mean something. */
    if (!is_empty(plan)) {
        status = bind_tensors(plan, tensors, bindings);
        if (status == DCN_SUCCESS)
            status = find_workspace(plan, &workspace);
        if (status == DCN_SUCCESS)
            status = check_overlap(plan, bindings);
        if (status != DCN_SUCCESS)
            return status;
        count = plan->op->launches(plan->state, bindings, workspace, &launches);
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
