/*
 * Programs that a driver has compiled, to and from the kernel cache. Whatever goes wrong here is a miss: codes are
 * compared and not reported, so that the thread's detail stays what it was.
 */
#include "cl_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_cache.h"
#include "kernels.h"

/* Room for a key, and for one text of it. */
#define KEY_SIZE  8192
#define TEXT_SIZE 512

/* Most devices of an application's context. */
#define MAX_DEVICES 64

/* Adds a line to the key; false when the driver does not answer or there is no room. */
static bool add_text(char key[KEY_SIZE], cl_platform_id platform, cl_device_id device, uint32_t what)
{
    char text[TEXT_SIZE] = "";
    const int32_t error = device ? dcn_cl.clGetDeviceInfo(device, what, sizeof text, text, NULL)
                                 : dcn_cl.clGetPlatformInfo(platform, what, sizeof text, text, NULL);
    const size_t used = strlen(key);
    return error == DCN_CL_SUCCESS && snprintf(key + used, KEY_SIZE - used, "%s\n", text) < (int)(KEY_SIZE - used);
}

/* Everything that decides what the driver makes of a program; false when there is no cache, or some of it is unknown.
 */
static bool write_key(const dcn_device *device, const char *name, const char *options, char key[KEY_SIZE])
{
    static const uint32_t of_platform[] = {DCN_CL_PLATFORM_NAME, DCN_CL_PLATFORM_VERSION};
    static const uint32_t of_device[] = {DCN_CL_DEVICE_NAME, DCN_CL_DEVICE_VENDOR, DCN_CL_DEVICE_VERSION,
                                         DCN_CL_DRIVER_VERSION};
    const char *hash = dcn_kernel_source_hash(name);
    cl_platform_id platform = NULL;
    if (!dcn_cache_enabled() || !hash ||
        dcn_cl.clGetDeviceInfo(device->id, DCN_CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL) != DCN_CL_SUCCESS)
        return false;
    bool known = snprintf(key, KEY_SIZE, "opencl\n%s %s\n%s\n", name, hash, options) < KEY_SIZE;
    for (size_t i = 0; i < sizeof of_platform / sizeof of_platform[0] && known; i++)
        known = add_text(key, platform, NULL, of_platform[i]);
    for (size_t i = 0; i < sizeof of_device / sizeof of_device[0] && known; i++)
        known = add_text(key, NULL, device->id, of_device[i]);
    return known;
}

/* Whether a driver that has taken a binary has also found the kernel in it. */
static bool has_kernel(cl_program program, const char *entry)
{
    int32_t error = DCN_CL_SUCCESS;
    cl_kernel kernel = dcn_cl.clCreateKernel(program, entry, &error);
    if (error != DCN_CL_SUCCESS)
        return false;
    dcn_cl.clReleaseKernel(kernel);
    return true;
}

static cl_program load_binary(const dcn_device *device, const void *data, size_t size, const char *options,
                              const char *entry)
{
    const unsigned char *binary = data;
    int32_t taken = DCN_CL_SUCCESS;
    int32_t error = DCN_CL_SUCCESS;
    cl_program program =
        dcn_cl.clCreateProgramWithBinary(device->context, 1, &device->id, &size, &binary, &taken, &error);
    if (error != DCN_CL_SUCCESS)
        return NULL;
    if (taken == DCN_CL_SUCCESS &&
        dcn_cl.clBuildProgram(program, 1, &device->id, options, NULL, NULL) == DCN_CL_SUCCESS &&
        has_kernel(program, entry))
        return program;
    dcn_cl.clReleaseProgram(program);
    return NULL;
}

cl_program dcn_cl_cache_load(const dcn_device *device, const char *name, const char *options, const char *entry)
{
    char key[KEY_SIZE];
    void *data = NULL;
    size_t size = 0;
    if (!write_key(device, name, options, key) || !dcn_cache_load(key, &data, &size))
        return NULL;
    cl_program program = load_binary(device, data, size, options, entry);
    free(data);
    return program;
}

/* The device's place among those of the program, which has all of an application's context; below 0 if unknown. */
static int find_device(const dcn_device *device, cl_program program, uint32_t *count)
{
    cl_device_id devices[MAX_DEVICES];
    size_t size = 0;
    if (dcn_cl.clGetProgramInfo(program, DCN_CL_PROGRAM_DEVICES, sizeof devices, devices, &size) != DCN_CL_SUCCESS)
        return -1;
    *count = (uint32_t)(size / sizeof devices[0]);
    for (uint32_t i = 0; i < *count; i++)
        if (devices[i] == device->id)
            return (int)i;
    return -1;
}

void dcn_cl_cache_store(const dcn_device *device, const char *name, const char *options, cl_program program)
{
    char key[KEY_SIZE];
    size_t sizes[MAX_DEVICES] = {0};
    unsigned char *binaries[MAX_DEVICES] = {NULL}; /* NULL: not wanted */
    uint32_t count = 0;
    if (!write_key(device, name, options, key))
        return;
    const int own = find_device(device, program, &count);
    if (own < 0 || dcn_cl.clGetProgramInfo(program, DCN_CL_PROGRAM_BINARY_SIZES, count * sizeof sizes[0], sizes,
                                           NULL) != DCN_CL_SUCCESS)
        return;
    binaries[own] = malloc(sizes[own]);
    if (binaries[own] && dcn_cl.clGetProgramInfo(program, DCN_CL_PROGRAM_BINARIES, count * sizeof binaries[0], binaries,
                                                 NULL) == DCN_CL_SUCCESS)
        dcn_cache_store(key, binaries[own], sizes[own]);
    free(binaries[own]);
}
