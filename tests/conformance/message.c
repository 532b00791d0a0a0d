#include "message.h"

#include <stdarg.h>
#include <stdio.h>

static void make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

bool dcn_message_set(dcn_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    make_printable(message->text);
    return false;
}

bool dcn_message_prefix(dcn_message *message, const char *prefix)
{
    dcn_message old = *message;
    return dcn_message_set(message, "%.200s: %.300s", prefix, old.text);
}

bool dcn_message_memory(dcn_message *message, const char *what, unsigned long long bytes)
{
    return dcn_message_set(message, "out of memory: %llu bytes for %s", bytes, what);
}
