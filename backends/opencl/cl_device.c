#include "cl_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

/* Most platforms, and most devices of one, that are looked at. */
#define MAX_PLATFORMS 64
#define MAX_DEVICES   64

typedef struct platform_list {
    uint32_t count;
    cl_platform_id platforms[MAX_PLATFORMS];
} platform_list;

typedef struct device_list {
    uint32_t count;
    cl_device_id devices[MAX_DEVICES];
} device_list;

static int32_t find_platforms(platform_list *list)
{
    list->count = 0;
    int32_t error = dcn_cl.clGetPlatformIDs(MAX_PLATFORMS, list->platforms, &list->count);
    if (error != DCN_CL_SUCCESS)
        list->count = 0;
    else if (list->count > MAX_PLATFORMS)
        list->count = MAX_PLATFORMS;
    return error;
}

static int32_t find_devices(cl_platform_id platform, device_list *list)
{
    list->count = 0;
    int32_t error = dcn_cl.clGetDeviceIDs(platform, DCN_CL_DEVICE_TYPE_ALL, MAX_DEVICES, list->devices, &list->count);
    if (error != DCN_CL_SUCCESS)
        list->count = 0;
    else if (list->count > MAX_DEVICES)
        list->count = MAX_DEVICES;
    return error;
}

dcn_status dcn_cl_list(dcn_device_visitor visit, void *user, dcn_backend_info *info)
{
    const char *missing = dcn_cl_load();
    if (missing) {
        snprintf(info->reason, sizeof info->reason, "%s", missing);
        return DCN_SUCCESS;
    }
    snprintf(info->library, sizeof info->library, "%s", dcn_cl_library());
    platform_list platforms;
    int32_t error = find_platforms(&platforms);
    if (platforms.count == 0) {
        snprintf(info->reason, sizeof info->reason, "%s finds no driver: clGetPlatformIDs gives %s (%d)",
                 dcn_cl_library(), error == DCN_CL_SUCCESS ? "no platform" : dcn_cl_error_name(error), (int)error);
        return DCN_SUCCESS;
    }
    uint32_t visited = 0;
    int32_t reason = DCN_CL_DEVICE_NOT_FOUND; /* an empty platform is usual; any other failure tells more */
    for (uint32_t p = 0; p < platforms.count; p++) {
        device_list devices;
        error = find_devices(platforms.platforms[p], &devices);
        if (error != DCN_CL_SUCCESS && error != DCN_CL_DEVICE_NOT_FOUND)
            reason = error;
        for (uint32_t d = 0; d < devices.count; d++, visited++) {
            char index[24];
            snprintf(index, sizeof index, "%" PRIu32 ".%" PRIu32, p, d);
            dcn_cl_facts facts;
            dcn_cl_describe(platforms.platforms[p], devices.devices[d], index, &facts);
            visit(user, index, &facts.info);
        }
    }
    if (visited == 0)
        snprintf(info->reason, sizeof info->reason,
                 "no device on any of %" PRIu32 " platforms: clGetDeviceIDs gives %s (%d)", platforms.count,
                 dcn_cl_error_name(reason), (int)reason);
    return DCN_SUCCESS;
}

/* The handles behind "P.D". */
static dcn_status find_by_index(const char *index, cl_platform_id *platform, cl_device_id *id)
{
    const char *missing = dcn_cl_load();
    if (missing)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "%s", missing);
    uint32_t p = 0;
    uint32_t d = 0;
    char rest = '\0';
    if (sscanf(index, "%" SCNu32 ".%" SCNu32 "%c", &p, &d, &rest) != 2)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "\"%s\" is not the index of an OpenCL device, platform.device", index);
    platform_list platforms;
    dcn_status status = dcn_cl_check("clGetPlatformIDs", find_platforms(&platforms));
    if (status != DCN_SUCCESS)
        return status;
    if (p >= platforms.count)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "OpenCL platform %" PRIu32 " of %" PRIu32 " does not exist", p,
                        platforms.count);
    device_list devices;
    status = dcn_cl_check("clGetDeviceIDs", find_devices(platforms.platforms[p], &devices));
    if (status != DCN_SUCCESS)
        return status;
    if (d >= devices.count)
        return dcn_fail(DCN_ERROR_NO_DEVICE,
                        "device %" PRIu32 " of %" PRIu32 " of OpenCL platform %" PRIu32 " does not exist", d,
                        devices.count, p);
    *platform = platforms.platforms[p];
    *id = devices.devices[d];
    return DCN_SUCCESS;
}

/* "P.D" of a device of the application; "adopted" for one that the loader does not list, such as a part of a device. */
static void find_index(cl_device_id id, char *index, size_t size)
{
    snprintf(index, size, "adopted");
    platform_list platforms;
    find_platforms(&platforms);
    for (uint32_t p = 0; p < platforms.count; p++) {
        device_list devices;
        find_devices(platforms.platforms[p], &devices);
        for (uint32_t d = 0; d < devices.count; d++)
            if (devices.devices[d] == id) {
                snprintf(index, size, "%" PRIu32 ".%" PRIu32, p, d);
                return;
            }
    }
}

/* A described device that holds no OpenCL object yet; dcn_cl_close() ends it. */
static dcn_status make_device(cl_platform_id platform, cl_device_id id, const char *index, dcn_device **device)
{
    dcn_device *made = calloc(1, sizeof *made);
    if (!made)
        return dcn_fail_memory("an OpenCL device", sizeof *made);
    dcn_cl_describe(platform, id, index, &made->facts);
    dcn_status status = DCN_SUCCESS;
    if (made->facts.info.unusable[0])
        status = dcn_fail(DCN_ERROR_UNSUPPORTED, "%s (%s) cannot be used: %s", made->facts.info.name,
                          made->facts.info.title, made->facts.info.unusable);
    if (status == DCN_SUCCESS) {
        made->mutex = dcn_mutex_create();
        if (!made->mutex)
            status = dcn_fail_memory("a mutex", 0);
    }
    if (status == DCN_SUCCESS)
        status = dcn_cl_check("clRetainDevice", dcn_cl.clRetainDevice(id));
    if (status != DCN_SUCCESS) {
        dcn_cl_close(made);
        return status;
    }
    made->id = id;
    *device = made;
    return DCN_SUCCESS;
}

dcn_status dcn_cl_open(const char *index, const dcn_context_options *options, dcn_device **device)
{
    (void)options; /* threads and pinning are the native CPU device's */
    cl_platform_id platform = NULL;
    cl_device_id id = NULL;
    dcn_device *made = NULL;
    dcn_status status = find_by_index(index, &platform, &id);
    if (status == DCN_SUCCESS)
        status = make_device(platform, id, index, &made);
    if (status != DCN_SUCCESS)
        return status;
    const intptr_t properties[] = {DCN_CL_CONTEXT_PLATFORM, (intptr_t)platform, 0};
    int32_t error = DCN_CL_SUCCESS;
    made->context = dcn_cl.clCreateContext(properties, 1, &id, NULL, NULL, &error);
    if (error != DCN_CL_SUCCESS) {
        made->context = NULL;
        dcn_cl_close(made);
        return dcn_cl_check("clCreateContext", error);
    }
    *device = made;
    return DCN_SUCCESS;
}

void dcn_cl_close(dcn_device *device)
{
    dcn_cl_programs_release(device);
    if (device->context)
        dcn_cl.clReleaseContext(device->context);
    if (device->id)
        dcn_cl.clReleaseDevice(device->id);
    dcn_mutex_destroy(device->mutex);
    free(device);
}

static dcn_status check_membership(cl_context context, cl_device_id id)
{
    cl_device_id devices[MAX_DEVICES];
    size_t bytes = 0;
    dcn_status status = dcn_cl_check(
        "clGetContextInfo", dcn_cl.clGetContextInfo(context, DCN_CL_CONTEXT_DEVICES, sizeof devices, devices, &bytes));
    if (status != DCN_SUCCESS)
        return status;
    size_t count = bytes / sizeof devices[0];
    for (size_t i = 0; i < count; i++)
        if (devices[i] == id)
            return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "cl_device is none of the %zu devices of cl_context", count);
}

dcn_status dcn_cl_adopt(cl_context context, cl_device_id id, dcn_device **device)
{
    const char *missing = dcn_cl_load();
    if (missing)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "%s", missing);
    cl_platform_id platform = NULL;
    dcn_status status = check_membership(context, id);
    if (status == DCN_SUCCESS)
        status = dcn_cl_check("clGetDeviceInfo",
                              dcn_cl.clGetDeviceInfo(id, DCN_CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL));
    if (status != DCN_SUCCESS)
        return status;
    char index[24];
    find_index(id, index, sizeof index);
    dcn_device *made = NULL;
    status = make_device(platform, id, index, &made);
    if (status == DCN_SUCCESS) {
        status = dcn_cl_check("clRetainContext", dcn_cl.clRetainContext(context));
        if (status != DCN_SUCCESS) {
            dcn_cl_close(made);
            return status;
        }
        made->context = context;
        *device = made;
    }
    return status;
}
