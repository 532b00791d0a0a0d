/* What the program's commands share: exit codes, messages, strict parsing of arguments, opening a device. */
#ifndef DCN_TOOL_COMMON_H
#define DCN_TOOL_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include <dcnv4/dcnv4.h>

#if defined(__GNUC__) && !defined(_WIN32)
#define DCN_TOOL_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#elif defined(__GNUC__)
#define DCN_TOOL_PRINTF(format_index, first) __attribute__((format(gnu_printf, format_index, first)))
#else
#define DCN_TOOL_PRINTF(format_index, first)
#endif

enum dcn_exit {
    DCN_EXIT_DONE = 0,
    DCN_EXIT_DIFFERS = 1,   /* a comparison failed */
    DCN_EXIT_BAD_INPUT = 2, /* bad input or usage, or anything else that kept a command from its end */
    DCN_EXIT_NO_DEVICE = 3, /* no such device, or one that cannot be used */
};

/* Prints "dcnv4 COMMAND: message" on stderr and returns DCN_EXIT_BAD_INPUT, so that a check reads
 * `return dcn_tool_error(...)`. */
int dcn_tool_error(const char *command, const char *format, ...) DCN_TOOL_PRINTF(2, 3);

/* The same with a hint at the command's --help. */
int dcn_tool_usage_error(const char *command, const char *format, ...) DCN_TOOL_PRINTF(2, 3);

/* Prints a failed call's status and detail, and returns the exit code that fits it. */
int dcn_tool_status_error(const char *command, dcn_status status);

/* getopt_long() has printed what is wrong with an option; adds the hint and returns DCN_EXIT_BAD_INPUT. */
int dcn_tool_option_error(const char *command);

/* Opens a device by name, NULL for "auto". Returns DCN_EXIT_DONE, or prints why not and returns the exit code. */
int dcn_tool_open(const char *command, const char *device, dcn_context **context);

/* Entries that exist: `index` is below the list's size. */
dcn_backend_info dcn_tool_backend(const dcn_device_list *list, size_t index);
dcn_device_info dcn_tool_device(const dcn_device_list *list, size_t index);

/* A plain decimal integer in minimum ... maximum and nothing else; false otherwise. */
bool dcn_tool_parse_integer(const char *text, int64_t minimum, int64_t maximum, int64_t *value);

/* `count` integers in minimum ... maximum, separated by 'x'; false otherwise. */
bool dcn_tool_parse_extents(const char *text, size_t count, int64_t minimum, int64_t maximum, int64_t *values);

/* "cpu", "gpu" or "accelerator". */
const char *dcn_tool_device_type_name(dcn_device_type type);

/* A line on stderr that the next one, or dcn_tool_progress_end(), replaces. Where stderr is no terminal nothing is
 * printed, and it is false. */
bool dcn_tool_progress(const char *format, ...) DCN_TOOL_PRINTF(1, 2);
void dcn_tool_progress_end(void);

#endif
