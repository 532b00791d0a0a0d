#include "status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for a compiler's log; more is cut at the end. */
#define DETAIL_SIZE 8192

static _Thread_local char detail[DETAIL_SIZE];

const char *dcn_status_name(dcn_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, message)                                                                              \
    case name:                                                                                                         \
        return #name;
        DCN_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    }
    return "DCN_STATUS_UNKNOWN";
}

const char *dcn_status_message(dcn_status status)
{
    switch (status) {
#define STATUS_MESSAGE(name, value, message)                                                                           \
    case name:                                                                                                         \
        return message;
        DCN_STATUS_LIST(STATUS_MESSAGE)
#undef STATUS_MESSAGE
    }
    return "unknown status";
}

const char *dcn_error_detail(void)
{
    return detail;
}

dcn_status dcn_fail(dcn_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    return status;
}

dcn_status dcn_fail_context(dcn_status status, const char *format, ...)
{
    char before[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(before, sizeof before, format, arguments);
    va_end(arguments);
    size_t room = length < 0 ? 0 : (size_t)length < sizeof before ? (size_t)length : sizeof before - 1;
    size_t kept = strlen(detail);
    if (kept > sizeof detail - 1 - room)
        kept = sizeof detail - 1 - room;
    memmove(detail + room, detail, kept);
    memcpy(detail, before, room);
    detail[room + kept] = '\0';
    return status;
}

dcn_status dcn_fail_memory(const char *what, uint64_t bytes)
{
    return dcn_fail(DCN_ERROR_OUT_OF_MEMORY, "no memory for %s (%" PRIu64 " bytes)", what, bytes);
}

dcn_status dcn_fail_null(const char *function, const char *argument)
{
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, argument);
}

dcn_status dcn_check_struct_size(const char *function, const char *type, size_t given, size_t known)
{
    if (given == known)
        return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_VERSION, "%s: %s.struct_size is %zu, but this library (%s) knows only %zu", function,
                    type, given, dcn_version_string(), known);
}

size_t dcn_dtype_size(dcn_dtype dtype)
{
    switch (dtype) {
    case DCN_FLOAT32:
        return 4;
    case DCN_FLOAT16:
    case DCN_BFLOAT16:
        return 2;
    }
    return 0;
}

int dcn_version(void)
{
    return DCNV4_VERSION;
}

const char *dcn_version_string(void)
{
    return DCNV4_VERSION_STRING;
}
