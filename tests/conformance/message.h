/* One line of text for people, saying what is wrong with the rule and the numbers. */
#ifndef DCN_CONFORMANCE_MESSAGE_H
#define DCN_CONFORMANCE_MESSAGE_H

#include <stdbool.h>

#if defined(__GNUC__) && !defined(_WIN32)
#define DCN_MESSAGE_FORMAT(format_index, first) __attribute__((format(printf, format_index, first)))
#elif defined(__GNUC__)
#define DCN_MESSAGE_FORMAT(format_index, first) __attribute__((format(gnu_printf, format_index, first)))
#else
#define DCN_MESSAGE_FORMAT(format_index, first)
#endif

typedef struct dcn_message {
    char text[512];
} dcn_message;

/* Sets the text, cut to fit, and returns false, so that a check reads `return dcn_message_set(...)`. Control characters
 * become '?': the text may quote a file that nobody vouches for, and is meant for a terminal. */
bool dcn_message_set(dcn_message *message, const char *format, ...) DCN_MESSAGE_FORMAT(2, 3);

/* Puts "prefix: " in front, for a caller that knows more; returns false. */
bool dcn_message_prefix(dcn_message *message, const char *prefix);

/* "out of memory" for so many bytes of the named thing; returns false. */
bool dcn_message_memory(dcn_message *message, const char *what, unsigned long long bytes);

#endif
