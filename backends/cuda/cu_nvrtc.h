/*
 * What the backend needs of NVRTC, CUDA's compiler as a library: declared and opened as cu_api.h does with the driver,
 * and compared with the real header by cu_check.c. Constants carry the prefix DCN_NVRTC_ where the real ones have
 * NVRTC_.
 */
#ifndef DCN_CUDA_NVRTC_H
#define DCN_CUDA_NVRTC_H

#include <stddef.h>
#include <stdint.h>

typedef struct _nvrtcProgram *nvrtcProgram;
typedef uint32_t dcn_nvrtc_result;

/* X(name, value): every code of an nvrtcResult. */
#define DCN_NVRTC_ERRORS(X)                                                                                            \
    X(SUCCESS, 0)                                                                                                      \
    X(ERROR_OUT_OF_MEMORY, 1)                                                                                          \
    X(ERROR_PROGRAM_CREATION_FAILURE, 2)                                                                               \
    X(ERROR_INVALID_INPUT, 3)                                                                                          \
    X(ERROR_INVALID_PROGRAM, 4)                                                                                        \
    X(ERROR_INVALID_OPTION, 5)                                                                                         \
    X(ERROR_COMPILATION, 6)                                                                                            \
    X(ERROR_BUILTIN_OPERATION_FAILURE, 7)                                                                              \
    X(ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION, 8)                                                                  \
    X(ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION, 9)                                                                    \
    X(ERROR_NAME_EXPRESSION_NOT_VALID, 10)                                                                             \
    X(ERROR_INTERNAL_ERROR, 11)                                                                                        \
    X(ERROR_TIME_FILE_WRITE_FAILED, 12)                                                                                \
    X(ERROR_NO_PCH_CREATE_ATTEMPTED, 13)                                                                               \
    X(ERROR_PCH_CREATE_HEAP_EXHAUSTED, 14)                                                                             \
    X(ERROR_PCH_CREATE, 15)                                                                                            \
    X(ERROR_CANCELLED, 16)                                                                                             \
    X(ERROR_TIME_TRACE_FILE_WRITE_FAILED, 17)

#define DCN_NVRTC_ERROR_CONSTANT(name, value) DCN_NVRTC_##name = value,
enum { DCN_NVRTC_ERRORS(DCN_NVRTC_ERROR_CONSTANT) };
#undef DCN_NVRTC_ERROR_CONSTANT

/* X(function, parameter types...): what NVRTC has since CUDA 11.2, and all of it is needed. */
#define DCN_NVRTC_REQUIRED(X)                                                                                          \
    X(nvrtcVersion, int *, int *)                                                                                      \
    X(nvrtcGetNumSupportedArchs, int *)                                                                                \
    X(nvrtcGetSupportedArchs, int *)                                                                                   \
    X(nvrtcCreateProgram, nvrtcProgram *, const char *, const char *, int, const char *const *, const char *const *)   \
    X(nvrtcDestroyProgram, nvrtcProgram *)                                                                             \
    X(nvrtcCompileProgram, nvrtcProgram, int, const char *const *)                                                     \
    X(nvrtcGetCUBINSize, nvrtcProgram, size_t *)                                                                       \
    X(nvrtcGetCUBIN, nvrtcProgram, char *)                                                                             \
    X(nvrtcGetPTXSize, nvrtcProgram, size_t *)                                                                         \
    X(nvrtcGetPTX, nvrtcProgram, char *)                                                                               \
    X(nvrtcGetProgramLogSize, nvrtcProgram, size_t *)                                                                  \
    X(nvrtcGetProgramLog, nvrtcProgram, char *)

#define DCN_NVRTC_POINTER(name, ...) dcn_nvrtc_result (*name)(__VA_ARGS__);
typedef struct dcn_nvrtc_api {
    DCN_NVRTC_REQUIRED(DCN_NVRTC_POINTER)
} dcn_nvrtc_api;
#undef DCN_NVRTC_POINTER

/* NVRTC's functions: filled by the first dcn_nvrtc_load(), constant afterwards. */
extern dcn_nvrtc_api dcn_nvrtc;

/* Opens NVRTC once in the process, after the driver, and its built-in functions with it. Returns NULL, or why there is
 * none. DCNV4_NVRTC in the environment names the library or its folder, or is "off". */
const char *dcn_nvrtc_load(void);

/* Of the NVRTC that dcn_nvrtc_load() has found, as 1000 * major + 10 * minor, like the driver's. */
int dcn_nvrtc_version(void);

#endif
