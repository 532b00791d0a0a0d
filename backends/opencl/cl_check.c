/*
 * Compares the declarations of cl_api.h with the real OpenCL headers. Compiled only where a build finds those; it adds
 * nothing to the library. A mismatch is a compile error that names the declaration.
 */
#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>

#include "cl_api.h"

#define CHECK_CONSTANT(name, value) _Static_assert(DCN_CL_##name == (CL_##name), "CL_" #name);
DCN_CL_CONSTANTS(CHECK_CONSTANT)
DCN_CL_ERRORS(CHECK_CONSTANT)
_Static_assert(DCN_CL_DEVICE_TYPE_ALL == CL_DEVICE_TYPE_ALL, "CL_DEVICE_TYPE_ALL");

#define CHECK_FUNCTION(type, name, ...)                                                                                \
    _Static_assert(_Generic(&name, type(DCN_CL_CALL *)(__VA_ARGS__) : 1, default : 0), #name);
DCN_CL_REQUIRED(CHECK_FUNCTION)
#if defined(CL_VERSION_2_0)
DCN_CL_OPTIONAL(CHECK_FUNCTION)
#endif

/* What clGet…Info() and clSetKernelArg() fill or read by size alone, where no prototype would show a mismatch. */
#define CHECK_TYPE(real, own) _Static_assert(_Generic((real){0}, own : 1, default : 0), #real);
CHECK_TYPE(cl_int, int32_t)
CHECK_TYPE(cl_uint, uint32_t)
CHECK_TYPE(cl_ulong, uint64_t)
CHECK_TYPE(cl_bool, uint32_t)
CHECK_TYPE(cl_device_type, uint64_t)
CHECK_TYPE(cl_device_fp_config, uint64_t)
CHECK_TYPE(cl_command_queue_properties, uint64_t)
CHECK_TYPE(cl_mem_object_type, uint32_t)
CHECK_TYPE(cl_mem_flags, uint64_t)
CHECK_TYPE(cl_context_properties, intptr_t)
