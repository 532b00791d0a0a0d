/* NVRTC 13.0: see fake.h. What it makes of a program is its own name and the options, a line each. */
#if defined(__linux__)
#define _GNU_SOURCE /* RTLD_NOLOAD */
#endif
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake.h"

struct _nvrtcProgram {
    char name[64];
    char text[FAKE_TEXT - 16]; /* the code, without its kind */
    char log[128];
};

static fake_compiler compiler = {.calls = {.countdown = -1}, .newest = 90};

fake_compiler *fake_compiler_state(void)
{
    return &compiler;
}

#define FAILS(name)                                                                                                    \
    if (fake_fails(&compiler.calls, #name))                                                                            \
    return atomic_load(&compiler.calls.code)

FAKE_API dcn_nvrtc_result nvrtcVersion(int *major, int *minor)
{
    *major = 13;
    *minor = 0;
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcGetNumSupportedArchs(int *number)
{
    FAILS(nvrtcGetNumSupportedArchs);
    *number = 3;
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcGetSupportedArchs(int *architectures)
{
    FAILS(nvrtcGetSupportedArchs);
    architectures[0] = 75;
    architectures[1] = 80;
    architectures[2] = atomic_load(&compiler.newest);
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcCreateProgram(nvrtcProgram *program, const char *source, const char *name, int headers,
                                             const char *const *texts, const char *const *names)
{
    FAILS(nvrtcCreateProgram);
    if (!source || headers != 0 || texts || names)
        return DCN_NVRTC_ERROR_INVALID_INPUT;
    nvrtcProgram made = calloc(1, sizeof *made);
    if (!made)
        return DCN_NVRTC_ERROR_OUT_OF_MEMORY;
    snprintf(made->name, sizeof made->name, "%s", name);
    atomic_fetch_add(&compiler.programs, 1);
    *program = made;
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcDestroyProgram(nvrtcProgram *program)
{
    free(*program);
    *program = NULL;
    atomic_fetch_sub(&compiler.programs, 1);
    return DCN_NVRTC_SUCCESS;
}

/* As the real one does, it looks for its built-in functions by their bare name; here only among open libraries. */
static bool has_builtins(void)
{
    return dlopen("libnvrtc-builtins.so.13.0", RTLD_LAZY | RTLD_NOLOAD) != NULL;
}

FAKE_API dcn_nvrtc_result nvrtcCompileProgram(nvrtcProgram program, int number, const char *const *options)
{
    snprintf(program->log, sizeof program->log, "fake compiler: no good");
    FAILS(nvrtcCompileProgram);
    if (!has_builtins()) {
        snprintf(program->log, sizeof program->log, "fake compiler: libnvrtc-builtins.so.13.0 is not open");
        return DCN_NVRTC_ERROR_BUILTIN_OPERATION_FAILURE;
    }
    atomic_fetch_add(&compiler.compiled, 1);
    if (atomic_load(&compiler.slow))
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    size_t used = (size_t)snprintf(program->text, sizeof program->text, "%s\n", program->name);
    for (int i = 0; i < number; i++) {
        if (strcmp(options[i], "-D" FAKE_BROKEN "=1") == 0) {
            snprintf(program->log, sizeof program->log, "%s(7): error: broken", program->name);
            return DCN_NVRTC_ERROR_COMPILATION;
        }
        used += (size_t)snprintf(program->text + used, sizeof program->text - used, "%s\n", options[i]);
    }
    return DCN_NVRTC_SUCCESS;
}

/* The kind of code, a line, before what both kinds hold. */
static size_t write_code(nvrtcProgram program, const char *kind, char *text)
{
    return (size_t)snprintf(text, text ? FAKE_TEXT : 0, "%s\n%s", kind, program->text) + 1;
}

FAKE_API dcn_nvrtc_result nvrtcGetCUBINSize(nvrtcProgram program, size_t *size)
{
    FAILS(nvrtcGetCUBINSize);
    *size = write_code(program, "cubin", NULL);
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcGetCUBIN(nvrtcProgram program, char *code)
{
    FAILS(nvrtcGetCUBIN);
    write_code(program, "cubin", code);
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcGetPTXSize(nvrtcProgram program, size_t *size)
{
    FAILS(nvrtcGetPTXSize);
    *size = write_code(program, "ptx", NULL);
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcGetPTX(nvrtcProgram program, char *code)
{
    FAILS(nvrtcGetPTX);
    write_code(program, "ptx", code);
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcGetProgramLogSize(nvrtcProgram program, size_t *size)
{
    FAILS(nvrtcGetProgramLogSize);
    *size = strlen(program->log) + 1;
    return DCN_NVRTC_SUCCESS;
}

FAKE_API dcn_nvrtc_result nvrtcGetProgramLog(nvrtcProgram program, char *log)
{
    FAILS(nvrtcGetProgramLog);
    memcpy(log, program->log, strlen(program->log) + 1);
    return DCN_NVRTC_SUCCESS;
}
