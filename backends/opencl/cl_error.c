#include "cl_internal.h"
#include "status.h"

const char *dcn_cl_error_name(int32_t code)
{
    switch (code) {
#define ERROR_NAME(name, value)                                                                                        \
    case value:                                                                                                        \
        return "CL_" #name;
        DCN_CL_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    default:
        return "an unknown code";
    }
}

/* Codes that say something about the caller's objects or the machine; all others are a driver's failure. */
static dcn_status status_of(int32_t code)
{
    switch (code) {
    case DCN_CL_SUCCESS:
        return DCN_SUCCESS;
    case DCN_CL_OUT_OF_HOST_MEMORY:
    case DCN_CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case DCN_CL_INVALID_BUFFER_SIZE:
        return DCN_ERROR_OUT_OF_MEMORY;
    case DCN_CL_BUILD_PROGRAM_FAILURE:
    case DCN_CL_COMPILE_PROGRAM_FAILURE:
    case DCN_CL_LINK_PROGRAM_FAILURE:
    case DCN_CL_INVALID_BUILD_OPTIONS:
        return DCN_ERROR_BUILD;
    case DCN_CL_COMPILER_NOT_AVAILABLE:
        return DCN_ERROR_UNSUPPORTED;
    case DCN_CL_INVALID_CONTEXT: /* every other object is checked before: an event of the application's wait list */
        return DCN_ERROR_WRONG_CONTEXT;
    case DCN_CL_INVALID_EVENT:
    case DCN_CL_INVALID_EVENT_WAIT_LIST:
        return DCN_ERROR_INVALID_ARGUMENT;
    default:
        return DCN_ERROR_DEVICE;
    }
}

dcn_status dcn_cl_check(const char *function, int32_t code)
{
    if (code == DCN_CL_SUCCESS)
        return DCN_SUCCESS;
    return dcn_fail(status_of(code), "%s failed with %s (%d)", function, dcn_cl_error_name(code), (int)code);
}
