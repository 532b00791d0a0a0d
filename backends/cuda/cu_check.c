/*
 * Compares the declarations of cu_api.h and cu_nvrtc.h with CUDA's own headers. Compiled only where a build finds
 * those, and no part of the library. A mismatch is a compile error that names the declaration.
 */
#include <cuda.h>
#if defined(__has_include)
#if __has_include(<nvrtc.h>)
#include <nvrtc.h>
#define HAVE_NVRTC
#endif
#endif

#include "cu_api.h"
#include "cu_nvrtc.h"

#define CHECK_CONSTANT(name, value) _Static_assert((int)DCN_CU_##name == (int)(CU_##name), "CU_" #name);
DCN_CU_CONSTANTS(CHECK_CONSTANT)

/* Codes are added with every version, and enumerators cannot be asked for. */
#if CUDA_VERSION >= 13000
#define CHECK_ERROR(name, value) _Static_assert((int)DCN_CU_##name == (int)(CUDA_##name), "CUDA_" #name);
DCN_CU_ERRORS(CHECK_ERROR)
#endif

#define CHECK_FUNCTION(name, symbols, ...)                                                                             \
    _Static_assert(_Generic(&name, dcn_cu_result(DCN_CU_CALL *)(__VA_ARGS__) : 1, default : 0), #name);
DCN_CU_REQUIRED(CHECK_FUNCTION)
#if CUDA_VERSION >= 12040
DCN_CU_OPTIONAL(CHECK_FUNCTION)
#endif

/* What is handed over by address alone, where no prototype would show a mismatch. */
_Static_assert(_Generic((CUresult)0, dcn_cu_result : 1, default : 0), "CUresult");
_Static_assert(sizeof(CUmemorytype) == sizeof(unsigned), "CUmemorytype");
_Static_assert(sizeof(CUdeviceptr) == sizeof(uint64_t), "CUdeviceptr");

#if defined(HAVE_NVRTC)
#define CHECK_NVRTC_ERROR(name, value) _Static_assert((int)DCN_NVRTC_##name == (int)(NVRTC_##name), "NVRTC_" #name);
#if CUDA_VERSION >= 13000
DCN_NVRTC_ERRORS(CHECK_NVRTC_ERROR)
#endif
#define CHECK_NVRTC_FUNCTION(name, ...)                                                                                \
    _Static_assert(_Generic(&name, dcn_nvrtc_result(*)(__VA_ARGS__) : 1, default : 0), #name);
DCN_NVRTC_REQUIRED(CHECK_NVRTC_FUNCTION)
#endif
