/* The parts of platform.h that every system has alike. */
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

void dcn_cpu_name(char *name, size_t size)
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned words[12];
    if ((unsigned)__get_cpuid_max(0x80000000u, NULL) >= 0x80000004u) {
        for (unsigned i = 0; i < 3; i++)
            __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3]);
        char text[sizeof words + 1];
        memcpy(text, words, sizeof words);
        text[sizeof words] = '\0';
        snprintf(name, size, "%s", text + strspn(text, " "));
        return;
    }
#endif
    snprintf(name, size, "host processor");
}

const char *dcn_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}
