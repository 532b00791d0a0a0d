#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <io.h>
#define isatty _isatty
#define fileno _fileno
#else
#include <unistd.h>
#endif

static void print_error(const char *command, const char *format, va_list arguments)
{
    fflush(stdout); /* so that output and message keep their order where both go to one place */
    fprintf(stderr, "dcnv4 %s: ", command);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int dcn_tool_error(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_error(command, format, arguments);
    va_end(arguments);
    return DCN_EXIT_BAD_INPUT;
}

int dcn_tool_usage_error(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_error(command, format, arguments);
    va_end(arguments);
    return dcn_tool_option_error(command);
}

int dcn_tool_option_error(const char *command)
{
    fprintf(stderr, "Try 'dcnv4 %s --help'.\n", command);
    return DCN_EXIT_BAD_INPUT;
}

int dcn_tool_status_error(const char *command, dcn_status status)
{
    dcn_tool_error(command, "%s: %s", dcn_status_message(status), dcn_error_detail());
    return status == DCN_ERROR_NO_DEVICE ? DCN_EXIT_NO_DEVICE : DCN_EXIT_BAD_INPUT;
}

int dcn_tool_open(const char *command, const char *device, dcn_context **context)
{
    dcn_status status = dcn_context_create(device, NULL, context);
    if (status == DCN_SUCCESS)
        return DCN_EXIT_DONE;
    int code = dcn_tool_status_error(command, status);
    return status == DCN_ERROR_UNSUPPORTED ? DCN_EXIT_NO_DEVICE : code;
}

dcn_backend_info dcn_tool_backend(const dcn_device_list *list, size_t index)
{
    dcn_backend_info info = {.struct_size = sizeof info};
    dcn_device_list_backend(list, index, &info);
    return info;
}

dcn_device_info dcn_tool_device(const dcn_device_list *list, size_t index)
{
    dcn_device_info info = {.struct_size = sizeof info};
    dcn_device_list_get(list, index, &info);
    return info;
}

bool dcn_tool_parse_integer(const char *text, int64_t minimum, int64_t maximum, int64_t *value)
{
    const char *digits = text + (*text == '-');
    if (!*digits || digits[strspn(digits, "0123456789")])
        return false;
    errno = 0;
    long long parsed = strtoll(text, NULL, 10);
    if (errno || parsed < minimum || parsed > maximum)
        return false;
    *value = parsed;
    return true;
}

bool dcn_tool_parse_extents(const char *text, size_t count, int64_t minimum, int64_t maximum, int64_t *values)
{
    for (size_t i = 0; i < count; i++) {
        char digits[24];
        size_t length = strcspn(text, "x");
        bool last = i + 1 == count;
        if (length >= sizeof digits || (text[length] == '\0') != last)
            return false;
        memcpy(digits, text, length);
        digits[length] = '\0';
        if (!dcn_tool_parse_integer(digits, minimum, maximum, &values[i]))
            return false;
        text += length + !last;
    }
    return true;
}

const char *dcn_tool_device_type_name(dcn_device_type type)
{
    return type == DCN_DEVICE_CPU ? "cpu" : type == DCN_DEVICE_GPU ? "gpu" : "accelerator";
}

static bool interactive(void)
{
    return isatty(fileno(stderr)) != 0;
}

/* Back to the line's start, and erase to its end. */
#define ERASE_LINE "\r\033[K"

bool dcn_tool_progress(const char *format, ...)
{
    if (!interactive())
        return false;
    va_list arguments;
    va_start(arguments, format);
    fputs(ERASE_LINE, stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    return true;
}

void dcn_tool_progress_end(void)
{
    if (interactive())
        fputs(ERASE_LINE, stderr);
}
