/*
 * What the backend needs of the CUDA driver, declared here so that no vendor header is needed to build. The driver's
 * library is opened at run time. cu_check.c compares every line below with the real header wherever a build finds it.
 *
 * Handles are declared as cuda.h declares them; its enumerations are unsigned integers. Constants carry the prefix
 * DCN_CU_ where the real ones have CU_ or CUDA_.
 */
#ifndef DCN_CUDA_API_H
#define DCN_CUDA_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define DCN_CU_CALL __stdcall
#else
#define DCN_CU_CALL
#endif

typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef uint32_t dcn_cu_result;

/* X(name, value) */
#define DCN_CU_CONSTANTS(X)                                                                                            \
    X(COMPUTEMODE_PROHIBITED, 2)                                                                                       \
    X(DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1)                                                                       \
    X(DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 8)                                                                 \
    X(DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 16)                                                                       \
    X(DEVICE_ATTRIBUTE_COMPUTE_MODE, 20)                                                                               \
    X(DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 75)                                                                   \
    X(DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 76)                                                                   \
    X(EVENT_DEFAULT, 0)                                                                                                \
    X(FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 0)                                                                         \
    X(JIT_INFO_LOG_BUFFER, 3)                                                                                          \
    X(JIT_INFO_LOG_BUFFER_SIZE_BYTES, 4)                                                                               \
    X(JIT_ERROR_LOG_BUFFER, 5)                                                                                         \
    X(JIT_ERROR_LOG_BUFFER_SIZE_BYTES, 6)                                                                              \
    X(MEMORYTYPE_HOST, 1)                                                                                              \
    X(MEMORYTYPE_DEVICE, 2)                                                                                            \
    X(MEMORYTYPE_UNIFIED, 4)                                                                                           \
    X(POINTER_ATTRIBUTE_CONTEXT, 1)                                                                                    \
    X(POINTER_ATTRIBUTE_MEMORY_TYPE, 2)                                                                                \
    X(POINTER_ATTRIBUTE_DEVICE_POINTER, 3)                                                                             \
    X(POINTER_ATTRIBUTE_IS_MANAGED, 8)                                                                                 \
    X(POINTER_ATTRIBUTE_DEVICE_ORDINAL, 9)                                                                             \
    X(POINTER_ATTRIBUTE_RANGE_START_ADDR, 11)                                                                          \
    X(POINTER_ATTRIBUTE_RANGE_SIZE, 12)                                                                                \
    X(STREAM_NON_BLOCKING, 1)

#define DCN_CU_CONSTANT(name, value) DCN_CU_##name = value,
enum { DCN_CU_CONSTANTS(DCN_CU_CONSTANT) };
#undef DCN_CU_CONSTANT

/* X(name, value): every code of a CUresult. */
#define DCN_CU_ERRORS(X)                                                                                               \
    X(SUCCESS, 0)                                                                                                      \
    X(ERROR_INVALID_VALUE, 1)                                                                                          \
    X(ERROR_OUT_OF_MEMORY, 2)                                                                                          \
    X(ERROR_NOT_INITIALIZED, 3)                                                                                        \
    X(ERROR_DEINITIALIZED, 4)                                                                                          \
    X(ERROR_PROFILER_DISABLED, 5)                                                                                      \
    X(ERROR_PROFILER_NOT_INITIALIZED, 6)                                                                               \
    X(ERROR_PROFILER_ALREADY_STARTED, 7)                                                                               \
    X(ERROR_PROFILER_ALREADY_STOPPED, 8)                                                                               \
    X(ERROR_STUB_LIBRARY, 34)                                                                                          \
    X(ERROR_CALL_REQUIRES_NEWER_DRIVER, 36)                                                                            \
    X(ERROR_DEVICE_UNAVAILABLE, 46)                                                                                    \
    X(ERROR_NO_DEVICE, 100)                                                                                            \
    X(ERROR_INVALID_DEVICE, 101)                                                                                       \
    X(ERROR_DEVICE_NOT_LICENSED, 102)                                                                                  \
    X(ERROR_INVALID_IMAGE, 200)                                                                                        \
    X(ERROR_INVALID_CONTEXT, 201)                                                                                      \
    X(ERROR_CONTEXT_ALREADY_CURRENT, 202)                                                                              \
    X(ERROR_MAP_FAILED, 205)                                                                                           \
    X(ERROR_UNMAP_FAILED, 206)                                                                                         \
    X(ERROR_ARRAY_IS_MAPPED, 207)                                                                                      \
    X(ERROR_ALREADY_MAPPED, 208)                                                                                       \
    X(ERROR_NO_BINARY_FOR_GPU, 209)                                                                                    \
    X(ERROR_ALREADY_ACQUIRED, 210)                                                                                     \
    X(ERROR_NOT_MAPPED, 211)                                                                                           \
    X(ERROR_NOT_MAPPED_AS_ARRAY, 212)                                                                                  \
    X(ERROR_NOT_MAPPED_AS_POINTER, 213)                                                                                \
    X(ERROR_ECC_UNCORRECTABLE, 214)                                                                                    \
    X(ERROR_UNSUPPORTED_LIMIT, 215)                                                                                    \
    X(ERROR_CONTEXT_ALREADY_IN_USE, 216)                                                                               \
    X(ERROR_PEER_ACCESS_UNSUPPORTED, 217)                                                                              \
    X(ERROR_INVALID_PTX, 218)                                                                                          \
    X(ERROR_INVALID_GRAPHICS_CONTEXT, 219)                                                                             \
    X(ERROR_NVLINK_UNCORRECTABLE, 220)                                                                                 \
    X(ERROR_JIT_COMPILER_NOT_FOUND, 221)                                                                               \
    X(ERROR_UNSUPPORTED_PTX_VERSION, 222)                                                                              \
    X(ERROR_JIT_COMPILATION_DISABLED, 223)                                                                             \
    X(ERROR_UNSUPPORTED_EXEC_AFFINITY, 224)                                                                            \
    X(ERROR_UNSUPPORTED_DEVSIDE_SYNC, 225)                                                                             \
    X(ERROR_CONTAINED, 226)                                                                                            \
    X(ERROR_INVALID_SOURCE, 300)                                                                                       \
    X(ERROR_FILE_NOT_FOUND, 301)                                                                                       \
    X(ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND, 302)                                                                       \
    X(ERROR_SHARED_OBJECT_INIT_FAILED, 303)                                                                            \
    X(ERROR_OPERATING_SYSTEM, 304)                                                                                     \
    X(ERROR_INVALID_HANDLE, 400)                                                                                       \
    X(ERROR_ILLEGAL_STATE, 401)                                                                                        \
    X(ERROR_LOSSY_QUERY, 402)                                                                                          \
    X(ERROR_NOT_FOUND, 500)                                                                                            \
    X(ERROR_NOT_READY, 600)                                                                                            \
    X(ERROR_ILLEGAL_ADDRESS, 700)                                                                                      \
    X(ERROR_LAUNCH_OUT_OF_RESOURCES, 701)                                                                              \
    X(ERROR_LAUNCH_TIMEOUT, 702)                                                                                       \
    X(ERROR_LAUNCH_INCOMPATIBLE_TEXTURING, 703)                                                                        \
    X(ERROR_PEER_ACCESS_ALREADY_ENABLED, 704)                                                                          \
    X(ERROR_PEER_ACCESS_NOT_ENABLED, 705)                                                                              \
    X(ERROR_PRIMARY_CONTEXT_ACTIVE, 708)                                                                               \
    X(ERROR_CONTEXT_IS_DESTROYED, 709)                                                                                 \
    X(ERROR_ASSERT, 710)                                                                                               \
    X(ERROR_TOO_MANY_PEERS, 711)                                                                                       \
    X(ERROR_HOST_MEMORY_ALREADY_REGISTERED, 712)                                                                       \
    X(ERROR_HOST_MEMORY_NOT_REGISTERED, 713)                                                                           \
    X(ERROR_HARDWARE_STACK_ERROR, 714)                                                                                 \
    X(ERROR_ILLEGAL_INSTRUCTION, 715)                                                                                  \
    X(ERROR_MISALIGNED_ADDRESS, 716)                                                                                   \
    X(ERROR_INVALID_ADDRESS_SPACE, 717)                                                                                \
    X(ERROR_INVALID_PC, 718)                                                                                           \
    X(ERROR_LAUNCH_FAILED, 719)                                                                                        \
    X(ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, 720)                                                                         \
    X(ERROR_TENSOR_MEMORY_LEAK, 721)                                                                                   \
    X(ERROR_NOT_PERMITTED, 800)                                                                                        \
    X(ERROR_NOT_SUPPORTED, 801)                                                                                        \
    X(ERROR_SYSTEM_NOT_READY, 802)                                                                                     \
    X(ERROR_SYSTEM_DRIVER_MISMATCH, 803)                                                                               \
    X(ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, 804)                                                                       \
    X(ERROR_MPS_CONNECTION_FAILED, 805)                                                                                \
    X(ERROR_MPS_RPC_FAILURE, 806)                                                                                      \
    X(ERROR_MPS_SERVER_NOT_READY, 807)                                                                                 \
    X(ERROR_MPS_MAX_CLIENTS_REACHED, 808)                                                                              \
    X(ERROR_MPS_MAX_CONNECTIONS_REACHED, 809)                                                                          \
    X(ERROR_MPS_CLIENT_TERMINATED, 810)                                                                                \
    X(ERROR_CDP_NOT_SUPPORTED, 811)                                                                                    \
    X(ERROR_CDP_VERSION_MISMATCH, 812)                                                                                 \
    X(ERROR_STREAM_CAPTURE_UNSUPPORTED, 900)                                                                           \
    X(ERROR_STREAM_CAPTURE_INVALIDATED, 901)                                                                           \
    X(ERROR_STREAM_CAPTURE_MERGE, 902)                                                                                 \
    X(ERROR_STREAM_CAPTURE_UNMATCHED, 903)                                                                             \
    X(ERROR_STREAM_CAPTURE_UNJOINED, 904)                                                                              \
    X(ERROR_STREAM_CAPTURE_ISOLATION, 905)                                                                             \
    X(ERROR_STREAM_CAPTURE_IMPLICIT, 906)                                                                              \
    X(ERROR_CAPTURED_EVENT, 907)                                                                                       \
    X(ERROR_STREAM_CAPTURE_WRONG_THREAD, 908)                                                                          \
    X(ERROR_TIMEOUT, 909)                                                                                              \
    X(ERROR_GRAPH_EXEC_UPDATE_FAILURE, 910)                                                                            \
    X(ERROR_EXTERNAL_DEVICE, 911)                                                                                      \
    X(ERROR_INVALID_CLUSTER_SIZE, 912)                                                                                 \
    X(ERROR_FUNCTION_NOT_LOADED, 913)                                                                                  \
    X(ERROR_INVALID_RESOURCE_TYPE, 914)                                                                                \
    X(ERROR_INVALID_RESOURCE_CONFIGURATION, 915)                                                                       \
    X(ERROR_KEY_ROTATION, 916)                                                                                         \
    X(ERROR_UNKNOWN, 999)

#define DCN_CU_ERROR_CONSTANT(name, value) DCN_CU_##name = value,
enum { DCN_CU_ERRORS(DCN_CU_ERROR_CONSTANT) };
#undef DCN_CU_ERROR_CONSTANT

/* X(function, exported names in order of preference, parameter types...): what a driver of CUDA 11.0 has, and all of
 * it is needed. Older names stand second only where an old driver should get as far as to tell its version. */
#define DCN_CU_REQUIRED(X)                                                                                             \
    X(cuInit, "cuInit", unsigned)                                                                                      \
    X(cuDriverGetVersion, "cuDriverGetVersion", int *)                                                                 \
    X(cuDeviceGetCount, "cuDeviceGetCount", int *)                                                                     \
    X(cuDeviceGet, "cuDeviceGet", CUdevice *, int)                                                                     \
    X(cuDeviceGetName, "cuDeviceGetName", char *, int, CUdevice)                                                       \
    X(cuDeviceGetAttribute, "cuDeviceGetAttribute", int *, unsigned, CUdevice)                                         \
    X(cuDeviceTotalMem, "cuDeviceTotalMem_v2", size_t *, CUdevice)                                                     \
    X(cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain", CUcontext *, CUdevice)                                     \
    X(cuDevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2 cuDevicePrimaryCtxRelease", CUdevice)                   \
    X(cuCtxPushCurrent, "cuCtxPushCurrent_v2", CUcontext)                                                              \
    X(cuCtxPopCurrent, "cuCtxPopCurrent_v2", CUcontext *)                                                              \
    X(cuCtxGetDevice, "cuCtxGetDevice", CUdevice *)                                                                    \
    X(cuCtxSynchronize, "cuCtxSynchronize", void)                                                                      \
    X(cuModuleLoadDataEx, "cuModuleLoadDataEx", CUmodule *, const void *, unsigned, unsigned *, void **)               \
    X(cuModuleUnload, "cuModuleUnload", CUmodule)                                                                      \
    X(cuModuleGetFunction, "cuModuleGetFunction", CUfunction *, CUmodule, const char *)                                \
    X(cuFuncGetAttribute, "cuFuncGetAttribute", int *, unsigned, CUfunction)                                           \
    X(cuMemAlloc, "cuMemAlloc_v2", CUdeviceptr *, size_t)                                                              \
    X(cuMemFree, "cuMemFree_v2", CUdeviceptr)                                                                          \
    X(cuMemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", CUdeviceptr, const void *, size_t, CUstream)                          \
    X(cuMemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", void *, CUdeviceptr, size_t, CUstream)                                \
    X(cuMemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", CUdeviceptr, CUdeviceptr, size_t, CUstream)                           \
    X(cuMemsetD8Async, "cuMemsetD8Async", CUdeviceptr, unsigned char, size_t, CUstream)                                \
    X(cuPointerGetAttributes, "cuPointerGetAttributes", unsigned, unsigned *, void **, CUdeviceptr)                    \
    X(cuStreamCreate, "cuStreamCreate", CUstream *, unsigned)                                                          \
    X(cuStreamDestroy, "cuStreamDestroy_v2", CUstream)                                                                 \
    X(cuStreamSynchronize, "cuStreamSynchronize", CUstream)                                                            \
    X(cuStreamGetCtx, "cuStreamGetCtx", CUstream, CUcontext *)                                                         \
    X(cuStreamWaitEvent, "cuStreamWaitEvent", CUstream, CUevent, unsigned)                                             \
    X(cuEventCreate, "cuEventCreate", CUevent *, unsigned)                                                             \
    X(cuEventDestroy, "cuEventDestroy_v2", CUevent)                                                                    \
    X(cuEventRecord, "cuEventRecord", CUevent, CUstream)                                                               \
    X(cuEventSynchronize, "cuEventSynchronize", CUevent)                                                               \
    X(cuEventQuery, "cuEventQuery", CUevent)                                                                           \
    X(cuEventElapsedTime, "cuEventElapsedTime", float *, CUevent, CUevent)                                             \
    X(cuLaunchKernel, "cuLaunchKernel", CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,        \
      unsigned, CUstream, void **, void **)

/* Newer functions: NULL where the driver does not have them. */
#define DCN_CU_OPTIONAL(X) X(cuFuncLoad, "cuFuncLoad", CUfunction)

#define DCN_CU_POINTER(name, symbols, ...) dcn_cu_result(DCN_CU_CALL *name)(__VA_ARGS__);
typedef struct dcn_cu_api {
    DCN_CU_REQUIRED(DCN_CU_POINTER)
    DCN_CU_OPTIONAL(DCN_CU_POINTER)
} dcn_cu_api;
#undef DCN_CU_POINTER

/* The driver's functions: filled by the first dcn_cu_load(), constant afterwards. */
extern dcn_cu_api dcn_cu;

/* Opens the driver's library once in the process. Returns NULL, or why there is none: what was tried, what is
 * missing. */
const char *dcn_cu_load(void);

/* The name under which the library was found; NULL before dcn_cu_load() has succeeded. */
const char *dcn_cu_library(void);

#endif
