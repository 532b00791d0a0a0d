#include "sampling.h"

dcn_status dcn_sampling_plan_create(dcn_context *context, const dcn_sampling_call *call,
                                    const dcn_plan_options *options, dcn_plan **plan)
{
    dcn_path path;
    dcn_status status = dcn_tensors_check(call->function, call->tensors, call->tensor_count);
    if (status == DCN_SUCCESS)
        status = dcn_path_parse(options ? options->path : NULL, &path);
    if (status != DCN_SUCCESS)
        return status;
    dcn_plan_parts parts = {
        .op = &dcn_forward_operator, .tensors = call->tensors, .tensor_count = call->tensor_count, .path = &path};
    if (call->direction == DCN_FORWARD)
        status = dcn_forward_create(context, &call->shape->forward, &path, &parts.state);
    else
        status = dcn_backward_create(context, call->shape, options ? options->workspace_limit : 0, &path, &parts.op,
                                     &parts.state, &parts.workspace);
    return status == DCN_SUCCESS ? dcn_plan_make(context, &parts, options, plan) : status;
}
