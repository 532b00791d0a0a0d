#include "cu_internal.h"
#include "status.h"

const char *dcn_cu_error_name(dcn_cu_result code)
{
    switch (code) {
#define ERROR_NAME(name, value)                                                                                        \
    case value:                                                                                                        \
        return "CUDA_" #name;
        DCN_CU_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    default:
        return "an unknown code";
    }
}

/* Codes that say something about the caller's objects, the build or the machine; all others are a driver's failure. */
static dcn_status status_of(dcn_cu_result code)
{
    switch (code) {
    case DCN_CU_ERROR_OUT_OF_MEMORY:
        return DCN_ERROR_OUT_OF_MEMORY;
    case DCN_CU_ERROR_INVALID_PTX:
    case DCN_CU_ERROR_INVALID_IMAGE:
    case DCN_CU_ERROR_INVALID_SOURCE:
        return DCN_ERROR_BUILD;
    case DCN_CU_ERROR_NO_BINARY_FOR_GPU:
    case DCN_CU_ERROR_UNSUPPORTED_PTX_VERSION:
    case DCN_CU_ERROR_JIT_COMPILER_NOT_FOUND:
    case DCN_CU_ERROR_JIT_COMPILATION_DISABLED:
        return DCN_ERROR_UNSUPPORTED;
    case DCN_CU_ERROR_INVALID_HANDLE: /* every other object is the library's own: an event or stream of the application
                                       */
        return DCN_ERROR_INVALID_ARGUMENT;
    case DCN_CU_ERROR_INVALID_CONTEXT:
        return DCN_ERROR_WRONG_CONTEXT;
    default:
        return DCN_ERROR_DEVICE;
    }
}

dcn_status dcn_cu_check(const char *function, dcn_cu_result code)
{
    if (code == DCN_CU_SUCCESS)
        return DCN_SUCCESS;
    return dcn_fail(status_of(code), "%s failed with %s (%u)", function, dcn_cu_error_name(code), (unsigned)code);
}
