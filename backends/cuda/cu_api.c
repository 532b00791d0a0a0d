#include "cu_api.h"

#include <stdio.h>
#include <string.h>

#include "platform.h"

dcn_cu_api dcn_cu;

static const char *library_name;
static char failure[256];

/* The first of the blank-separated names that the library exports. */
static dcn_function find(void *library, const char *symbols)
{
    while (*symbols) {
        const size_t length = strcspn(symbols, " ");
        char symbol[64];
        snprintf(symbol, sizeof symbol, "%.*s", (int)length, symbols);
        dcn_function function = dcn_library_symbol(library, symbol);
        if (function)
            return function;
        symbols += length + (symbols[length] == ' ');
    }
    return NULL;
}

/* Runs once in the process. */
static void load(void)
{
#if defined(_WIN32)
    static const char *const names[] = {"nvcuda.dll", NULL};
#else
    static const char *const names[] = {"libcuda.so.1", NULL};
#endif
    const char *found = NULL;
    const char *missing = NULL;
    char reason[160] = "";
    void *library = dcn_library_open(names, &found, reason, sizeof reason);
    if (!library) {
        snprintf(failure, sizeof failure, "no CUDA driver (tried %s): %s", names[0], reason);
        return;
    }
    dcn_cu_api api;
#define FIND(name, symbols, ...) api.name = (dcn_cu_result(DCN_CU_CALL *)(__VA_ARGS__))find(library, symbols);
#define NOTE_MISSING(name, symbols, ...)                                                                               \
    if (!api.name && !missing)                                                                                         \
        missing = symbols;
    DCN_CU_REQUIRED(FIND)
    DCN_CU_OPTIONAL(FIND)
    DCN_CU_REQUIRED(NOTE_MISSING)
#undef FIND
#undef NOTE_MISSING
    if (missing) {
        snprintf(failure, sizeof failure, "%s lacks %.*s, which CUDA 11.0 has", found, (int)strcspn(missing, " "),
                 missing);
        return;
    }
    dcn_cu = api;
    library_name = found;
}

const char *dcn_cu_load(void)
{
    static dcn_once once = DCN_ONCE_INIT;
    dcn_call_once(&once, load);
    return library_name ? NULL : failure;
}

const char *dcn_cu_library(void)
{
    return library_name;
}
