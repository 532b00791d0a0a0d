#include "cl_api.h"

#include <stdio.h>

#include "platform.h"

dcn_cl_api dcn_cl;

static const char *library_name;
static char failure[256];

static dcn_function find(void *library, const char *name, const char **missing)
{
    dcn_function function = dcn_library_symbol(library, name);
    if (!function && missing && !*missing)
        *missing = name;
    return function;
}

/* Runs once in the process. */
static void load(void)
{
#if defined(_WIN32)
    static const char *const names[] = {"OpenCL.dll", NULL};
    static const char tried[] = "OpenCL.dll";
#else
    static const char *const names[] = {"libOpenCL.so.1", "libOpenCL.so", NULL};
    static const char tried[] = "libOpenCL.so.1, libOpenCL.so";
#endif
    const char *found = NULL;
    char reason[160] = "";
    void *library = dcn_library_open(names, &found, reason, sizeof reason);
    if (!library) {
        snprintf(failure, sizeof failure, "no OpenCL loader (tried %s): %s", tried, reason);
        return;
    }
    dcn_cl_api api;
    const char *missing = NULL;
#define FIND_REQUIRED(type, name, ...) api.name = (type(DCN_CL_CALL *)(__VA_ARGS__))find(library, #name, &missing);
#define FIND_OPTIONAL(type, name, ...) api.name = (type(DCN_CL_CALL *)(__VA_ARGS__))find(library, #name, NULL);
    DCN_CL_REQUIRED(FIND_REQUIRED)
    DCN_CL_OPTIONAL(FIND_OPTIONAL)
#undef FIND_REQUIRED
#undef FIND_OPTIONAL
    if (missing) {
        snprintf(failure, sizeof failure, "%s lacks %s, which OpenCL 1.2 has", found, missing);
        return;
    }
    dcn_cl = api;
    library_name = found;
}

const char *dcn_cl_load(void)
{
    static dcn_once once = DCN_ONCE_INIT;
    dcn_call_once(&once, load);
    return library_name ? NULL : failure;
}

const char *dcn_cl_library(void)
{
    return library_name;
}
