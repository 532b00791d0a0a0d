/* Status codes with a thread-local detail text. Every failing path in the library goes through dcn_fail(). */
#ifndef DCN_STATUS_H
#define DCN_STATUS_H

#include <dcnv4/dcnv4.h>

#if defined(__GNUC__) && !defined(_WIN32)
#define DCN_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#elif defined(__GNUC__)
#define DCN_PRINTF(format_index, first) __attribute__((format(gnu_printf, format_index, first)))
#else
#define DCN_PRINTF(format_index, first)
#endif

/* Sets this thread's detail text and returns `status`, so that a check reads `return dcn_fail(...)`. Texts longer than
 * the buffer (8 KiB: room for a compiler's log) are cut. */
dcn_status dcn_fail(dcn_status status, const char *format, ...) DCN_PRINTF(2, 3);

/* Puts text in front of this thread's detail, for a caller that knows more than the function that failed. */
dcn_status dcn_fail_context(dcn_status status, const char *format, ...) DCN_PRINTF(2, 3);

/* A malloc of the named thing failed. */
dcn_status dcn_fail_memory(const char *what, uint64_t bytes);

/* The argument is NULL. */
dcn_status dcn_fail_null(const char *function, const char *argument);

/* A descriptor's struct_size is not the one this library was built with. */
dcn_status dcn_check_struct_size(const char *function, const char *type, size_t given, size_t known);

#endif
