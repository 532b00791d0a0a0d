#include "interop.h"

#include <inttypes.h>
#include <string.h>

#include "status.h"

dcn_status dcn_interop_check_backend(const char *function, const char *what, const dcn_context *context,
                                     const dcn_backend *backend, const char *wanted)
{
    if (context->backend == backend)
        return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: %s is of backend \"%s\", but must be %s one", function, what,
                    context->backend->name, wanted);
}

dcn_status dcn_interop_check_wait_list(const char *function, uint32_t count, const void *list)
{
    if (count > 0 && !list)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: wait_list is NULL, but wait_count is %" PRIu32, function,
                        count);
    for (uint32_t i = 0; i < count; i++) {
        const void *handle;
        memcpy(&handle, (const char *)list + i * sizeof handle, sizeof handle);
        if (!handle)
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: wait_list[%" PRIu32 "] is NULL", function, i);
    }
    return DCN_SUCCESS;
}
