/*
 * Programs and kernels. A device keeps every program that it has built, and builds one at most once. The mutex is held
 * through a build: a second thread that wants the same program finds it ready, and compilers that are not as
 * thread-safe as OpenCL wants them (oclgrind's crashes) never run twice at a time. Execute does not come here.
 */
#include "cl_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "status.h"

/* Room for a program's name and its options. */
#define KEY_SIZE 2048

struct dcn_cl_program {
    dcn_cl_program *next;
    cl_program handle;
    char key[]; /* the name of the source, a blank, the options */
};

/* ---- building ----------------------------------------------------------------------------------- */

/* The whole key of a program; its options start at `options`. */
static dcn_status write_key(const dcn_device *device, const dcn_kernel_key *key, char text[KEY_SIZE],
                            const char **options)
{
    int used =
        snprintf(text, KEY_SIZE, "%s -cl-std=CL1.2 -DDCN_STORAGE=%d -DDCN_INDEX_BITS=%d -DDCN_LANES=%" PRIu32 "%s",
                 key->program, (int)key->storage, key->index_bits, key->lanes,
                 device->facts.correct_divide ? " -cl-fp32-correctly-rounded-divide-sqrt" : "");
    for (size_t i = 0; i < key->define_count && used > 0 && used < KEY_SIZE; i++) {
        int added = snprintf(text + used, (size_t)(KEY_SIZE - used), " -D%s=%" PRId64, key->defines[i].name,
                             key->defines[i].value);
        used = added < 0 ? added : used + added;
    }
    if (key->registers > 0 && device->facts.register_limit && used > 0 && used < KEY_SIZE) {
        int added = snprintf(text + used, (size_t)(KEY_SIZE - used), " -cl-nv-maxrregcount=%" PRIu32, key->registers);
        used = added < 0 ? added : used + added;
    }
    if (used < 0 || used >= KEY_SIZE)
        return dcn_fail(DCN_ERROR_BUILD, "the build options of %s do not fit %d bytes", key->program, KEY_SIZE);
    *options = text + strlen(key->program) + 1;
    return DCN_SUCCESS;
}

/* Adds what the compiler said to the detail of a build that failed. */
static dcn_status add_build_log(const dcn_device *device, cl_program program, const char *name, const char *options,
                                dcn_status status)
{
    char why[128];
    snprintf(why, sizeof why, "%s", dcn_error_detail());
    size_t size = 0;
    char *log = NULL;
    if (dcn_cl.clGetProgramBuildInfo(program, device->id, DCN_CL_PROGRAM_BUILD_LOG, 0, NULL, &size) == DCN_CL_SUCCESS)
        log = calloc(1, size + 1);
    if (log)
        dcn_cl.clGetProgramBuildInfo(program, device->id, DCN_CL_PROGRAM_BUILD_LOG, size, log, NULL);
    dcn_fail(status, "%s for program \"%s\" with \"%s\" on %s (%s); the compiler's log:\n%s", why, name, options,
             device->facts.info.name, device->facts.info.title, log && log[0] ? log : "(empty)");
    free(log);
    return status;
}

static dcn_status build(const dcn_device *device, const char *name, const char *options, cl_program *program)
{
    const char *source = dcn_kernel_source(name);
    if (!source)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "this build has no program \"%s\"", name);
    int32_t error = DCN_CL_SUCCESS;
    cl_program made = dcn_cl.clCreateProgramWithSource(device->context, 1, &source, NULL, &error);
    if (error != DCN_CL_SUCCESS)
        return dcn_cl_check("clCreateProgramWithSource", error);
    dcn_status status =
        dcn_cl_check("clBuildProgram", dcn_cl.clBuildProgram(made, 1, &device->id, options, NULL, NULL));
    if (status != DCN_SUCCESS) {
        status = add_build_log(device, made, name, options, status);
        dcn_cl.clReleaseProgram(made);
        return status;
    }
    *program = made;
    return DCN_SUCCESS;
}

/* ---- the device's programs ---------------------------------------------------------------------- */

static const dcn_cl_program *find_program(const dcn_device *device, const char *key)
{
    const dcn_cl_program *program = device->programs;
    while (program && strcmp(program->key, key) != 0)
        program = program->next;
    return program;
}

static dcn_status add_program(dcn_device *device, const char *key, const char *name, const char *options,
                              cl_program *handle)
{
    const size_t key_size = strlen(key) + 1;
    dcn_cl_program *program = malloc(sizeof *program + key_size);
    if (!program)
        return dcn_fail_memory("an OpenCL program", sizeof *program + key_size);
    dcn_status status = build(device, name, options, &program->handle);
    if (status != DCN_SUCCESS) {
        free(program);
        return status;
    }
    memcpy(program->key, key, key_size);
    program->next = device->programs;
    device->programs = program;
    *handle = program->handle;
    return DCN_SUCCESS;
}

/* The program for a key, which stays the device's. */
static dcn_status get_program(dcn_device *device, const dcn_kernel_key *key, cl_program *handle)
{
    char text[KEY_SIZE];
    const char *options = NULL;
    dcn_status status = write_key(device, key, text, &options);
    if (status != DCN_SUCCESS)
        return status;
    dcn_mutex_lock(device->mutex);
    const dcn_cl_program *program = find_program(device, text);
    if (program)
        *handle = program->handle;
    else
        status = add_program(device, text, key->program, options, handle);
    dcn_mutex_unlock(device->mutex);
    return status;
}

void dcn_cl_programs_release(dcn_device *device)
{
    while (device->programs) {
        dcn_cl_program *program = device->programs;
        device->programs = program->next;
        dcn_cl.clReleaseProgram(program->handle);
        free(program);
    }
}

/* ---- kernels ------------------------------------------------------------------------------------ */

dcn_status dcn_cl_kernel_create(dcn_device *device, const dcn_kernel_key *key, dcn_kernel **kernel)
{
    cl_program program = NULL;
    dcn_status status = get_program(device, key, &program);
    if (status != DCN_SUCCESS)
        return status;
    dcn_kernel *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("an OpenCL kernel", sizeof *made);
    int32_t error = DCN_CL_SUCCESS;
    made->handle = dcn_cl.clCreateKernel(program, key->entry, &error);
    if (error != DCN_CL_SUCCESS) {
        free(made);
        status = dcn_cl_check("clCreateKernel", error);
        return dcn_fail_context(status, "kernel \"%s\" of program \"%s\": ", key->entry, key->program);
    }
    *kernel = made;
    return DCN_SUCCESS;
}

void dcn_cl_kernel_destroy(dcn_device *device, dcn_kernel *kernel)
{
    (void)device;
    if (!kernel)
        return;
    dcn_cl.clReleaseKernel(kernel->handle);
    free(kernel);
}

dcn_status dcn_cl_kernel_work_group(dcn_device *device, dcn_kernel *kernel, uint32_t *work_items)
{
    size_t most = 0;
    dcn_status status =
        dcn_cl_check("clGetKernelWorkGroupInfo",
                     dcn_cl.clGetKernelWorkGroupInfo(kernel->handle, device->id, DCN_CL_KERNEL_WORK_GROUP_SIZE,
                                                     sizeof most, &most, NULL));
    if (status != DCN_SUCCESS)
        return status;
    uint32_t limit = device->facts.limits.max_work_group;
    *work_items = most < limit ? (uint32_t)most : limit;
    return DCN_SUCCESS;
}
