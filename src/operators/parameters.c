#include "parameters.h"

#include <inttypes.h>

#include "../status.h"

dcn_status dcn_check_ranges(const char *function, const dcn_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                            "%s: %s is %" PRId64 ", but must be from %" PRId64 " to %" PRId64, function, ranges[i].name,
                            ranges[i].value, ranges[i].least, ranges[i].most);
    return DCN_SUCCESS;
}

dcn_status dcn_check_flag(const char *function, const char *name, int value)
{
    if (value == 0 || value == 1)
        return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: %s is %d, but must be 0 or 1", function, name, value);
}

dcn_status dcn_check_kind(const char *function, dcn_dtype dtype, dcn_direction direction)
{
    if (dcn_dtype_size(dtype) == 0)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "%s: dtype is %d, but must be float32, float16 or bfloat16 (0 to 2)", function, (int)dtype);
    if (direction != DCN_FORWARD && direction != DCN_BACKWARD)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "%s: direction is %d, but must be DCN_FORWARD (0) or DCN_BACKWARD (1)", function,
                        (int)direction);
    return DCN_SUCCESS;
}

dcn_status dcn_refuse_workspace_limit(uint64_t workspace_limit, uint64_t least)
{
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                    "dcn_plan_options.workspace_limit is %" PRIu64 " bytes, but this plan needs at least %" PRIu64,
                    workspace_limit, least);
}
