#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geometry.h"
#include "status.h"

/* ---- making ----------------------------------------------------------------------------------- */

dcn_status dcn_plan_arguments_check(const char *function, const dcn_context *context, const void *desc,
                                    const dcn_plan_options *options, dcn_plan *const *plan)
{
    if (!context || !desc || !plan)
        return dcn_fail_null(function, !context ? "context" : !desc ? "desc" : "plan");
    if (!options)
        return DCN_SUCCESS;
    dcn_status status = dcn_check_struct_size(function, "dcn_plan_options", options->struct_size, sizeof *options);
    if (status == DCN_SUCCESS && options->own_workspace != 0 && options->own_workspace != 1)
        status = dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: own_workspace is %d, but must be 0 or 1", function,
                          options->own_workspace);
    return status;
}

static dcn_status fail_extents(const char *function, const dcn_tensor_spec *tensor)
{
    char text[128];
    size_t used = 0;
    for (int i = 0; i < tensor->rank; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%" PRId64, i ? " * " : "", tensor->extent[i]);
    return dcn_fail(DCN_ERROR_INVALID_SHAPE, "%s: %s has %s elements, more than 2^63 bytes", function, tensor->name,
                    text);
}

dcn_status dcn_tensors_check(const char *function, const dcn_tensor_spec *tensors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t bytes = (int64_t)dcn_dtype_size(tensors[i].dtype);
        for (int k = 0; k < tensors[i].rank; k++)
            if (!dcn_multiply(&bytes, tensors[i].extent[k] > 0 ? tensors[i].extent[k] : 1))
                return fail_extents(function, &tensors[i]);
    }
    return DCN_SUCCESS;
}

static void describe_tensor(const dcn_tensor_spec *spec, dcn_tensor_info *tensor)
{
    int64_t bytes = (int64_t)dcn_dtype_size(spec->dtype);
    tensor->struct_size = sizeof *tensor;
    snprintf(tensor->name, sizeof tensor->name, "%s", spec->name);
    tensor->dtype = spec->dtype;
    tensor->is_output = spec->is_output;
    tensor->is_optional = spec->is_optional;
    tensor->rank = spec->rank;
    for (int i = 0; i < DCN_MAX_RANK; i++) {
        tensor->extent[i] = i < spec->rank ? spec->extent[i] : 1;
        bytes *= tensor->extent[i];
    }
    tensor->bytes = (uint64_t)bytes;
}

/* Memory for the plan's own workspace. */
static dcn_status make_workspace(dcn_plan *plan)
{
    const dcn_backend *backend = plan->context->backend;
    dcn_device_limits limits;
    plan->workspace_memory = NULL;
    memset(&plan->workspace_slice, 0, sizeof plan->workspace_slice);
    if (!plan->own_workspace || plan->workspace == 0)
        return DCN_SUCCESS;
    backend->limits(plan->context->device, &limits);
    if (plan->workspace > limits.largest_buffer)
        return dcn_fail(DCN_ERROR_OUT_OF_MEMORY,
                        "the workspace of %s is %" PRIu64 " bytes, but this device's largest buffer is %" PRIu64
                        "; see dcn_plan_options.workspace_limit",
                        plan->op->name, plan->workspace, limits.largest_buffer);
    dcn_status status = backend->memory_create(plan->context->device, plan->workspace, &plan->workspace_memory);
    if (status != DCN_SUCCESS)
        return status;
    const dcn_slice slice = {DCN_MEMORY_BUFFER, NULL, 0, plan->workspace};
    return backend->bind(plan->context->device, &slice, plan->workspace_memory, "workspace", &plan->workspace_slice);
}

dcn_status dcn_plan_make(dcn_context *context, const dcn_plan_parts *parts, const dcn_plan_options *options,
                         dcn_plan **plan)
{
    dcn_plan *made = calloc(1, sizeof *made);
    if (!made) {
        parts->op->destroy(parts->state);
        return dcn_fail_memory("a plan", sizeof *made);
    }
    made->context = context;
    made->op = parts->op;
    made->state = parts->state;
    made->workspace = parts->workspace;
    made->own_workspace = !options || options->own_workspace;
    made->tensor_count = parts->tensor_count;
    for (size_t i = 0; i < parts->tensor_count; i++)
        describe_tensor(&parts->tensors[i], &made->tensors[i]);
    dcn_path_format(parts->path, made->path, sizeof made->path);
    dcn_context_retain(context);
    dcn_status status = make_workspace(made);
    if (status != DCN_SUCCESS) {
        dcn_plan_destroy(made);
        return status;
    }
    *plan = made;
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
    status = make_workspace(made);
    if (status != DCN_SUCCESS) {
        dcn_plan_destroy(made);
        return status;
    }
    *clone = made;
    return DCN_SUCCESS;
}

void dcn_plan_destroy(dcn_plan *plan)
{
    if (!plan)
        return;
    plan->op->destroy(plan->state);
    if (plan->workspace_memory)
        plan->context->backend->memory_destroy(plan->context->device, plan->workspace_memory);
    dcn_context_destroy(plan->context);
    free(plan);
}

/* ---- describing ------------------------------------------------------------------------------- */

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
