#include "cu_nvrtc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cu_api.h"
#include "platform.h"
#include "status.h"

#if defined(_WIN32)
#define BUILTINS "nvrtc-builtins64_%d%d.dll"
static const char *const usual_names[] = {"nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll", NULL};
#else
#define BUILTINS "libnvrtc-builtins.so.%d.%d"
static const char *const usual_names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so", NULL};
#endif

#define PATH_SIZE 1024

dcn_nvrtc_api dcn_nvrtc;

static int version; /* 0: none was found */
static char failure[256];

static int driver_version(void)
{
    int driver = 0;
    return dcn_cu.cuDriverGetVersion(&driver) == DCN_CU_SUCCESS ? driver : 0;
}

static const char *find_all(void *library, dcn_nvrtc_api *api)
{
    const char *missing = NULL;
#define FIND(name, ...)                                                                                                \
    api->name = (dcn_nvrtc_result(*)(__VA_ARGS__))dcn_library_symbol(library, #name);                                  \
    if (!api->name && !missing)                                                                                        \
        missing = #name;
    DCN_NVRTC_REQUIRED(FIND)
#undef FIND
    return missing;
}

/* NVRTC opens this library by its bare name when it first compiles, which finds it only in the system's folders or
 * when it is open already. Where it is missing, the compiler's log says so. */
static void open_builtins(int major, int minor)
{
    char path[PATH_SIZE];
    char name[64];
    if (!dcn_library_folder((dcn_function)dcn_nvrtc.nvrtcVersion, path, sizeof path))
        return;
    const size_t used = strlen(path);
    snprintf(name, sizeof name, BUILTINS, major, minor);
    snprintf(path + used, sizeof path - used, "%s", name);
    const char *const names[] = {path, NULL};
    const char *found = NULL;
    char reason[160];
    dcn_library_open(names, &found, reason, sizeof reason);
}

/* Why a library that is there is not taken: the first reason stays. */
DCN_PRINTF(1, 2) static void refuse(const char *format, ...)
{
    if (failure[0])
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure, sizeof failure, format, arguments);
    va_end(arguments);
}

/* Takes the library of this name, if it is there and made for a driver of `newest` at most; 0: whatever it is for. */
static void try_name(const char *name, int newest)
{
    const char *const names[] = {name, NULL};
    const char *found = NULL;
    char reason[160];
    int major = 0;
    int minor = 0;
    dcn_nvrtc_api api;
    void *library = dcn_library_open(names, &found, reason, sizeof reason);
    if (!library)
        return;
    const char *missing = find_all(library, &api);
    if (missing) {
        refuse("%s lacks %s, which NVRTC 11.2 has", name, missing);
    } else if (api.nvrtcVersion(&major, &minor) != DCN_NVRTC_SUCCESS) {
        refuse("%s does not tell its version", name);
    } else if (newest && major > newest / 1000) {
        refuse("%s is NVRTC %d.%d, but the driver supports CUDA %d.%d", name, major, minor, newest / 1000,
               newest % 1000 / 10);
    } else {
        dcn_nvrtc = api;
        version = 1000 * major + 10 * minor;
        open_builtins(major, minor);
    }
}

/* The library at `path`, or in the folder `path`. It is what was asked for, so any version is taken. */
static void try_path(const char *path)
{
    char file[PATH_SIZE];
    try_name(path, 0);
    for (size_t i = 0; usual_names[i] && !version; i++) {
        snprintf(file, sizeof file, "%s/%s", path, usual_names[i]);
        try_name(file, 0);
    }
    if (!version && !failure[0])
        snprintf(failure, sizeof failure, "NVRTC was not found (tried %s, from DCNV4_NVRTC)", path);
}

/* Code of a later major version than the driver's need not load, so such a compiler is passed over. */
static void try_usual_names(void)
{
    const int newest = driver_version();
    for (size_t i = 0; usual_names[i] && !version; i++)
        try_name(usual_names[i], newest);
    if (version || failure[0])
        return;
    size_t used = (size_t)snprintf(failure, sizeof failure, "NVRTC was not found (tried");
    for (size_t i = 0; usual_names[i]; i++)
        used += (size_t)snprintf(failure + used, sizeof failure - used, "%s %s", i ? "," : "", usual_names[i]);
    snprintf(failure + used, sizeof failure - used, ")");
}

/* Runs once in the process. */
static void load(void)
{
    const char *given = dcn_environment("DCNV4_NVRTC");
    if (!given)
        try_usual_names();
    else if (strcmp(given, "off") == 0)
        snprintf(failure, sizeof failure, "NVRTC is switched off (DCNV4_NVRTC)");
    else
        try_path(given);
}

const char *dcn_nvrtc_load(void)
{
    static dcn_once once = DCN_ONCE_INIT;
    dcn_call_once(&once, load);
    return version ? NULL : failure;
}

int dcn_nvrtc_version(void)
{
    return version;
}
