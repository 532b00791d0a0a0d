/*
 * What the backend needs of OpenCL, declared here so that no vendor header is needed to build. The loader is opened at
 * run time. cl_check.c compares every line below with the real headers wherever a build finds them.
 *
 * Handles are declared as CL/cl.h declares them; scalars are plain fixed-width integers, which is what cl_int,
 * cl_bool, cl_bitfield and the rest are. Constants carry the prefix DCN_CL_ where the real ones have CL_.
 */
#ifndef DCN_OPENCL_API_H
#define DCN_OPENCL_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define DCN_CL_CALL __stdcall
#else
#define DCN_CL_CALL
#endif

typedef struct _cl_platform_id *cl_platform_id;
typedef struct _cl_device_id *cl_device_id;
typedef struct _cl_context *cl_context;
typedef struct _cl_command_queue *cl_command_queue;
typedef struct _cl_mem *cl_mem;
typedef struct _cl_program *cl_program;
typedef struct _cl_kernel *cl_kernel;
typedef struct _cl_event *cl_event;

typedef void(DCN_CL_CALL *dcn_cl_context_notify)(const char *, const void *, size_t, void *);
typedef void(DCN_CL_CALL *dcn_cl_build_notify)(cl_program, void *);

/* X(name, value) */
#define DCN_CL_CONSTANTS(X)                                                                                            \
    X(PLATFORM_VERSION, 0x0901)                                                                                        \
    X(PLATFORM_NAME, 0x0902)                                                                                           \
    X(DEVICE_TYPE_CPU, 1 << 1)                                                                                         \
    X(DEVICE_TYPE_GPU, 1 << 2)                                                                                         \
    X(DEVICE_TYPE_ACCELERATOR, 1 << 3)                                                                                 \
    X(DEVICE_TYPE, 0x1000)                                                                                             \
    X(DEVICE_MAX_COMPUTE_UNITS, 0x1002)                                                                                \
    X(DEVICE_MAX_WORK_ITEM_DIMENSIONS, 0x1003)                                                                         \
    X(DEVICE_MAX_WORK_GROUP_SIZE, 0x1004)                                                                              \
    X(DEVICE_MAX_WORK_ITEM_SIZES, 0x1005)                                                                              \
    X(DEVICE_MAX_MEM_ALLOC_SIZE, 0x1010)                                                                               \
    X(DEVICE_MEM_BASE_ADDR_ALIGN, 0x1019)                                                                              \
    X(DEVICE_SINGLE_FP_CONFIG, 0x101B)                                                                                 \
    X(DEVICE_GLOBAL_MEM_SIZE, 0x101F)                                                                                  \
    X(DEVICE_LOCAL_MEM_SIZE, 0x1023)                                                                                   \
    X(DEVICE_ENDIAN_LITTLE, 0x1026)                                                                                    \
    X(DEVICE_AVAILABLE, 0x1027)                                                                                        \
    X(DEVICE_COMPILER_AVAILABLE, 0x1028)                                                                               \
    X(DEVICE_QUEUE_PROPERTIES, 0x102A)                                                                                 \
    X(DEVICE_NAME, 0x102B)                                                                                             \
    X(DEVICE_VENDOR, 0x102C)                                                                                           \
    X(DRIVER_VERSION, 0x102D)                                                                                          \
    X(DEVICE_PROFILE, 0x102E)                                                                                          \
    X(DEVICE_VERSION, 0x102F)                                                                                          \
    X(DEVICE_EXTENSIONS, 0x1030)                                                                                       \
    X(DEVICE_PLATFORM, 0x1031)                                                                                         \
    X(DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, 0x103A)                                                                        \
    X(FP_INF_NAN, 1 << 1)                                                                                              \
    X(FP_ROUND_TO_NEAREST, 1 << 2)                                                                                     \
    X(FP_FMA, 1 << 5)                                                                                                  \
    X(FP_CORRECTLY_ROUNDED_DIVIDE_SQRT, 1 << 7)                                                                        \
    X(QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 1 << 0)                                                                     \
    X(QUEUE_PROFILING_ENABLE, 1 << 1)                                                                                  \
    X(CONTEXT_DEVICES, 0x1081)                                                                                         \
    X(CONTEXT_PLATFORM, 0x1084)                                                                                        \
    X(QUEUE_CONTEXT, 0x1090)                                                                                           \
    X(QUEUE_DEVICE, 0x1091)                                                                                            \
    X(QUEUE_PROPERTIES, 0x1093)                                                                                        \
    X(MEM_READ_WRITE, 1 << 0)                                                                                          \
    X(MEM_USE_HOST_PTR, 1 << 3)                                                                                        \
    X(MEM_OBJECT_BUFFER, 0x10F0)                                                                                       \
    X(MEM_TYPE, 0x1100)                                                                                                \
    X(MEM_FLAGS, 0x1101)                                                                                               \
    X(MEM_SIZE, 0x1102)                                                                                                \
    X(MEM_HOST_PTR, 0x1103)                                                                                            \
    X(MEM_CONTEXT, 0x1106)                                                                                             \
    X(MEM_ASSOCIATED_MEMOBJECT, 0x1107)                                                                                \
    X(MEM_OFFSET, 0x1108)                                                                                              \
    X(PROGRAM_DEVICES, 0x1163)                                                                                         \
    X(PROGRAM_BINARY_SIZES, 0x1165)                                                                                    \
    X(PROGRAM_BINARIES, 0x1166)                                                                                        \
    X(PROGRAM_BUILD_LOG, 0x1183)                                                                                       \
    X(KERNEL_WORK_GROUP_SIZE, 0x11B0)                                                                                  \
    X(EVENT_COMMAND_EXECUTION_STATUS, 0x11D3)                                                                          \
    X(COMPLETE, 0x0)                                                                                                   \
    X(PROFILING_COMMAND_START, 0x1282)                                                                                 \
    X(PROFILING_COMMAND_END, 0x1283)

#define DCN_CL_CONSTANT(name, value) DCN_CL_##name = value,
enum { DCN_CL_CONSTANTS(DCN_CL_CONSTANT) };
#undef DCN_CL_CONSTANT

/* Does not fit an int. */
#define DCN_CL_DEVICE_TYPE_ALL UINT32_C(0xFFFFFFFF)

/* X(name, value): every native error code that OpenCL 1.2 and its loader can give. */
#define DCN_CL_ERRORS(X)                                                                                               \
    X(SUCCESS, 0)                                                                                                      \
    X(DEVICE_NOT_FOUND, -1)                                                                                            \
    X(DEVICE_NOT_AVAILABLE, -2)                                                                                        \
    X(COMPILER_NOT_AVAILABLE, -3)                                                                                      \
    X(MEM_OBJECT_ALLOCATION_FAILURE, -4)                                                                               \
    X(OUT_OF_RESOURCES, -5)                                                                                            \
    X(OUT_OF_HOST_MEMORY, -6)                                                                                          \
    X(PROFILING_INFO_NOT_AVAILABLE, -7)                                                                                \
    X(MEM_COPY_OVERLAP, -8)                                                                                            \
    X(IMAGE_FORMAT_MISMATCH, -9)                                                                                       \
    X(IMAGE_FORMAT_NOT_SUPPORTED, -10)                                                                                 \
    X(BUILD_PROGRAM_FAILURE, -11)                                                                                      \
    X(MAP_FAILURE, -12)                                                                                                \
    X(MISALIGNED_SUB_BUFFER_OFFSET, -13)                                                                               \
    X(EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, -14)                                                                  \
    X(COMPILE_PROGRAM_FAILURE, -15)                                                                                    \
    X(LINKER_NOT_AVAILABLE, -16)                                                                                       \
    X(LINK_PROGRAM_FAILURE, -17)                                                                                       \
    X(DEVICE_PARTITION_FAILED, -18)                                                                                    \
    X(KERNEL_ARG_INFO_NOT_AVAILABLE, -19)                                                                              \
    X(INVALID_VALUE, -30)                                                                                              \
    X(INVALID_DEVICE_TYPE, -31)                                                                                        \
    X(INVALID_PLATFORM, -32)                                                                                           \
    X(INVALID_DEVICE, -33)                                                                                             \
    X(INVALID_CONTEXT, -34)                                                                                            \
    X(INVALID_QUEUE_PROPERTIES, -35)                                                                                   \
    X(INVALID_COMMAND_QUEUE, -36)                                                                                      \
    X(INVALID_HOST_PTR, -37)                                                                                           \
    X(INVALID_MEM_OBJECT, -38)                                                                                         \
    X(INVALID_IMAGE_FORMAT_DESCRIPTOR, -39)                                                                            \
    X(INVALID_IMAGE_SIZE, -40)                                                                                         \
    X(INVALID_SAMPLER, -41)                                                                                            \
    X(INVALID_BINARY, -42)                                                                                             \
    X(INVALID_BUILD_OPTIONS, -43)                                                                                      \
    X(INVALID_PROGRAM, -44)                                                                                            \
    X(INVALID_PROGRAM_EXECUTABLE, -45)                                                                                 \
    X(INVALID_KERNEL_NAME, -46)                                                                                        \
    X(INVALID_KERNEL_DEFINITION, -47)                                                                                  \
    X(INVALID_KERNEL, -48)                                                                                             \
    X(INVALID_ARG_INDEX, -49)                                                                                          \
    X(INVALID_ARG_VALUE, -50)                                                                                          \
    X(INVALID_ARG_SIZE, -51)                                                                                           \
    X(INVALID_KERNEL_ARGS, -52)                                                                                        \
    X(INVALID_WORK_DIMENSION, -53)                                                                                     \
    X(INVALID_WORK_GROUP_SIZE, -54)                                                                                    \
    X(INVALID_WORK_ITEM_SIZE, -55)                                                                                     \
    X(INVALID_GLOBAL_OFFSET, -56)                                                                                      \
    X(INVALID_EVENT_WAIT_LIST, -57)                                                                                    \
    X(INVALID_EVENT, -58)                                                                                              \
    X(INVALID_OPERATION, -59)                                                                                          \
    X(INVALID_GL_OBJECT, -60)                                                                                          \
    X(INVALID_BUFFER_SIZE, -61)                                                                                        \
    X(INVALID_MIP_LEVEL, -62)                                                                                          \
    X(INVALID_GLOBAL_WORK_SIZE, -63)                                                                                   \
    X(INVALID_PROPERTY, -64)                                                                                           \
    X(INVALID_IMAGE_DESCRIPTOR, -65)                                                                                   \
    X(INVALID_COMPILER_OPTIONS, -66)                                                                                   \
    X(INVALID_LINKER_OPTIONS, -67)                                                                                     \
    X(INVALID_DEVICE_PARTITION_COUNT, -68)                                                                             \
    X(PLATFORM_NOT_FOUND_KHR, -1001)

#define DCN_CL_ERROR(name, value) DCN_CL_##name = value,
enum { DCN_CL_ERRORS(DCN_CL_ERROR) };
#undef DCN_CL_ERROR

/* X(returned type, function, parameter types...): what OpenCL 1.2 has. The loader must offer all of them. */
#define DCN_CL_REQUIRED(X)                                                                                             \
    X(int32_t, clGetPlatformIDs, uint32_t, cl_platform_id *, uint32_t *)                                               \
    X(int32_t, clGetPlatformInfo, cl_platform_id, uint32_t, size_t, void *, size_t *)                                  \
    X(int32_t, clGetDeviceIDs, cl_platform_id, uint64_t, uint32_t, cl_device_id *, uint32_t *)                         \
    X(int32_t, clGetDeviceInfo, cl_device_id, uint32_t, size_t, void *, size_t *)                                      \
    X(int32_t, clRetainDevice, cl_device_id)                                                                           \
    X(int32_t, clReleaseDevice, cl_device_id)                                                                          \
    X(cl_context, clCreateContext, const intptr_t *, uint32_t, const cl_device_id *, dcn_cl_context_notify, void *,    \
      int32_t *)                                                                                                       \
    X(int32_t, clRetainContext, cl_context)                                                                            \
    X(int32_t, clReleaseContext, cl_context)                                                                           \
    X(int32_t, clGetContextInfo, cl_context, uint32_t, size_t, void *, size_t *)                                       \
    X(cl_command_queue, clCreateCommandQueue, cl_context, cl_device_id, uint64_t, int32_t *)                           \
    X(int32_t, clRetainCommandQueue, cl_command_queue)                                                                 \
    X(int32_t, clReleaseCommandQueue, cl_command_queue)                                                                \
    X(int32_t, clGetCommandQueueInfo, cl_command_queue, uint32_t, size_t, void *, size_t *)                            \
    X(int32_t, clFlush, cl_command_queue)                                                                              \
    X(int32_t, clFinish, cl_command_queue)                                                                             \
    X(cl_mem, clCreateBuffer, cl_context, uint64_t, size_t, void *, int32_t *)                                         \
    X(int32_t, clReleaseMemObject, cl_mem)                                                                             \
    X(int32_t, clGetMemObjectInfo, cl_mem, uint32_t, size_t, void *, size_t *)                                         \
    X(cl_program, clCreateProgramWithSource, cl_context, uint32_t, const char **, const size_t *, int32_t *)           \
    X(cl_program, clCreateProgramWithBinary, cl_context, uint32_t, const cl_device_id *, const size_t *,               \
      const unsigned char **, int32_t *, int32_t *)                                                                    \
    X(int32_t, clReleaseProgram, cl_program)                                                                           \
    X(int32_t, clBuildProgram, cl_program, uint32_t, const cl_device_id *, const char *, dcn_cl_build_notify, void *)  \
    X(int32_t, clGetProgramInfo, cl_program, uint32_t, size_t, void *, size_t *)                                       \
    X(int32_t, clGetProgramBuildInfo, cl_program, cl_device_id, uint32_t, size_t, void *, size_t *)                    \
    X(cl_kernel, clCreateKernel, cl_program, const char *, int32_t *)                                                  \
    X(int32_t, clReleaseKernel, cl_kernel)                                                                             \
    X(int32_t, clSetKernelArg, cl_kernel, uint32_t, size_t, const void *)                                              \
    X(int32_t, clGetKernelWorkGroupInfo, cl_kernel, cl_device_id, uint32_t, size_t, void *, size_t *)                  \
    X(int32_t, clRetainEvent, cl_event)                                                                                \
    X(int32_t, clReleaseEvent, cl_event)                                                                               \
    X(int32_t, clWaitForEvents, uint32_t, const cl_event *)                                                            \
    X(int32_t, clGetEventInfo, cl_event, uint32_t, size_t, void *, size_t *)                                           \
    X(int32_t, clGetEventProfilingInfo, cl_event, uint32_t, size_t, void *, size_t *)                                  \
    X(int32_t, clEnqueueReadBuffer, cl_command_queue, cl_mem, uint32_t, size_t, size_t, void *, uint32_t,              \
      const cl_event *, cl_event *)                                                                                    \
    X(int32_t, clEnqueueWriteBuffer, cl_command_queue, cl_mem, uint32_t, size_t, size_t, const void *, uint32_t,       \
      const cl_event *, cl_event *)                                                                                    \
    X(int32_t, clEnqueueCopyBuffer, cl_command_queue, cl_mem, cl_mem, size_t, size_t, size_t, uint32_t,                \
      const cl_event *, cl_event *)                                                                                    \
    X(int32_t, clEnqueueFillBuffer, cl_command_queue, cl_mem, const void *, size_t, size_t, size_t, uint32_t,          \
      const cl_event *, cl_event *)                                                                                    \
    X(int32_t, clEnqueueNDRangeKernel, cl_command_queue, cl_kernel, uint32_t, const size_t *, const size_t *,          \
      const size_t *, uint32_t, const cl_event *, cl_event *)                                                          \
    X(int32_t, clEnqueueMarkerWithWaitList, cl_command_queue, uint32_t, const cl_event *, cl_event *)

/* Newer functions: NULL where the loader stops at OpenCL 1.2. To be called only for a platform and device that report
 * the version, because a loader may offer a function that the driver below it does not have. */
#define DCN_CL_OPTIONAL(X)                                                                                             \
    X(cl_command_queue, clCreateCommandQueueWithProperties, cl_context, cl_device_id, const uint64_t *, int32_t *)

#define DCN_CL_POINTER(type, name, ...) type(DCN_CL_CALL *name)(__VA_ARGS__);
typedef struct dcn_cl_api {
    DCN_CL_REQUIRED(DCN_CL_POINTER)
    DCN_CL_OPTIONAL(DCN_CL_POINTER)
} dcn_cl_api;
#undef DCN_CL_POINTER

/* The loader's functions: filled by the first dcn_cl_load(), constant afterwards. */
extern dcn_cl_api dcn_cl;

/* Opens the loader once in the process. Returns NULL, or why there is none: what was tried, what is missing. */
const char *dcn_cl_load(void);

/* The name under which the loader was found; NULL before dcn_cl_load() has succeeded. */
const char *dcn_cl_library(void);

#endif
