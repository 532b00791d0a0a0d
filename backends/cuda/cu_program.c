/*
 * Programs and kernels. A device keeps every program that it has loaded, and makes one at most once. The mutex is held
 * through that: a second thread that wants the same program finds it ready. Execute does not come here.
 */
#include "cu_internal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cu_nvrtc.h"
#include "kernels.h"
#include "status.h"

/* Room for what the driver says of code that it does not take, and of code that it takes. */
#define LOG_SIZE 4096

struct dcn_cu_program {
    dcn_cu_program *next;
    CUmodule module;
    char key[];
};

/* ---- making a module ---------------------------------------------------------------------------- */

/* What the build has compiled already: code for several architectures, of which the driver takes the fitting one. */
static dcn_status find_embedded(const dcn_kernel_key *key, dcn_cu_code *code)
{
    for (const dcn_fatbin *fatbin = dcn_fatbins; fatbin->program; fatbin++)
        if (strcmp(fatbin->program, key->program) == 0 && fatbin->storage == key->storage &&
            fatbin->index_bits == key->index_bits) {
            *code = (dcn_cu_code){fatbin->data, fatbin->size, NULL};
            return DCN_SUCCESS;
        }
    const char *missing = dcn_nvrtc_load();
    return dcn_fail(DCN_ERROR_UNSUPPORTED,
                    "no compiler: %s, and this build has no embedded program \"%s\" for storage type %d and index%d",
                    missing ? missing : "NVRTC does not know this device", key->program, (int)key->storage,
                    key->index_bits);
}

/* What a code means that says that the program and this driver or device do not fit; else "". */
static void explain(const dcn_device *device, dcn_cu_result code, char *text, size_t size)
{
    text[0] = '\0';
    if (code == DCN_CU_ERROR_UNSUPPORTED_PTX_VERSION)
        snprintf(text, size, "the PTX is newer than this driver, which supports CUDA %s; ", device->facts.info.driver);
    else if (code == DCN_CU_ERROR_NO_BINARY_FOR_GPU)
        snprintf(text, size, "there is no code for sm_%d; ", device->facts.capability);
}

static dcn_status load_module(const dcn_device *device, const dcn_cu_code *code, const char *text, CUmodule *module)
{
    char errors[LOG_SIZE] = "";
    char notes[LOG_SIZE] = "";
    char meaning[256];
    unsigned options[] = {DCN_CU_JIT_ERROR_LOG_BUFFER, DCN_CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                          DCN_CU_JIT_INFO_LOG_BUFFER, DCN_CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {errors, (void *)(uintptr_t)LOG_SIZE, notes, (void *)(uintptr_t)LOG_SIZE};
    const dcn_cu_result error =
        dcn_cu.cuModuleLoadDataEx(module, code->bytes, sizeof options / sizeof options[0], options, values);
    dcn_status status = dcn_cu_check("cuModuleLoadDataEx", error);
    if (status == DCN_SUCCESS)
        return status;
    char why[128];
    snprintf(why, sizeof why, "%s", dcn_error_detail());
    errors[LOG_SIZE - 1] = notes[LOG_SIZE - 1] = '\0';
    explain(device, error, meaning, sizeof meaning);
    return dcn_fail(status, "%s for program \"%s\" on %s (%s); %sthe driver's log:\n%s%s", why, text,
                    device->facts.info.name, device->facts.info.title, meaning, errors[0] ? errors : "(empty)", notes);
}

/* Compiles and loads; what the driver takes is worth keeping. */
static dcn_status compile_module(const dcn_device *device, const char *text, CUmodule *module)
{
    dcn_cu_code code = {.bytes = NULL};
    dcn_status status = dcn_cu_compile(device, text, &code);
    if (status == DCN_SUCCESS)
        status = load_module(device, &code, text, module);
    if (status == DCN_SUCCESS)
        dcn_cu_cache_store(text, &code);
    dcn_cu_code_free(&code);
    return status;
}

static dcn_status make_module(const dcn_device *device, const dcn_kernel_key *key, const char *text, CUmodule *module)
{
    dcn_cu_code code = {.bytes = NULL};
    if (!device->facts.architecture[0]) {
        dcn_status status = find_embedded(key, &code);
        return status == DCN_SUCCESS ? load_module(device, &code, text, module) : status;
    }
    const bool loaded = dcn_cu_cache_load(text, &code) && load_module(device, &code, text, module) == DCN_SUCCESS;
    dcn_cu_code_free(&code);
    return loaded ? DCN_SUCCESS : compile_module(device, text, module);
}

/* ---- the device's programs ---------------------------------------------------------------------- */

static const dcn_cu_program *find_program(const dcn_device *device, const char *text)
{
    const dcn_cu_program *program = device->programs;
    while (program && strcmp(program->key, text) != 0)
        program = program->next;
    return program;
}

static dcn_status add_program(dcn_device *device, const dcn_kernel_key *key, const char *text, CUmodule *module)
{
    const size_t text_size = strlen(text) + 1;
    dcn_cu_program *program = malloc(sizeof *program + text_size);
    if (!program)
        return dcn_fail_memory("a CUDA program", sizeof *program + text_size);
    dcn_status status = make_module(device, key, text, &program->module);
    if (status != DCN_SUCCESS) {
        free(program);
        return status;
    }
    memcpy(program->key, text, text_size);
    program->next = device->programs;
    device->programs = program;
    *module = program->module;
    return DCN_SUCCESS;
}

/* The module for a key, which stays the device's. */
static dcn_status get_module(dcn_device *device, const dcn_kernel_key *key, CUmodule *module)
{
    char text[DCN_CU_KEY_SIZE];
    dcn_status status = dcn_cu_write_key(device, key, text);
    if (status != DCN_SUCCESS)
        return status;
    dcn_mutex_lock(device->mutex);
    const dcn_cu_program *program = find_program(device, text);
    if (program)
        *module = program->module;
    else
        status = add_program(device, key, text, module);
    dcn_mutex_unlock(device->mutex);
    return status;
}

void dcn_cu_programs_release(dcn_device *device)
{
    const bool entered = device->programs && dcn_cu_enter_quietly(device);
    if (entered)
        dcn_cu.cuCtxSynchronize(); /* what is queued completes, and it runs these programs */
    while (device->programs) {
        dcn_cu_program *program = device->programs;
        device->programs = program->next;
        if (entered)
            dcn_cu.cuModuleUnload(program->module);
        free(program);
    }
    if (entered)
        dcn_cu_leave();
}

/* ---- kernels ------------------------------------------------------------------------------------ */

/* The function, fully loaded: a driver that loads lazily would do it in the first launch, which may neither wait nor
 * allocate. */
static dcn_status get_function(CUmodule module, const dcn_kernel_key *key, CUfunction *function)
{
    dcn_status status = dcn_cu_check("cuModuleGetFunction", dcn_cu.cuModuleGetFunction(function, module, key->entry));
    if (status == DCN_SUCCESS && dcn_cu.cuFuncLoad)
        status = dcn_cu_check("cuFuncLoad", dcn_cu.cuFuncLoad(*function));
    return status == DCN_SUCCESS
               ? status
               : dcn_fail_context(status, "kernel \"%s\" of program \"%s\": ", key->entry, key->program);
}

static dcn_status make_kernel(dcn_device *device, const dcn_kernel_key *key, dcn_kernel **kernel)
{
    CUmodule module = NULL;
    CUfunction function = NULL;
    dcn_status status = get_module(device, key, &module);
    if (status == DCN_SUCCESS)
        status = get_function(module, key, &function);
    if (status != DCN_SUCCESS)
        return status;
    dcn_kernel *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a CUDA kernel", sizeof *made);
    made->function = function;
    *kernel = made;
    return DCN_SUCCESS;
}

dcn_status dcn_cu_kernel_create(dcn_device *device, const dcn_kernel_key *key, dcn_kernel **kernel)
{
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    status = make_kernel(device, key, kernel);
    dcn_cu_leave();
    return status;
}

void dcn_cu_kernel_destroy(dcn_device *device, dcn_kernel *kernel)
{
    (void)device;
    free(kernel); /* the function is its module's */
}

dcn_status dcn_cu_kernel_work_group(dcn_device *device, dcn_kernel *kernel, uint32_t *work_items)
{
    int most = 0;
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    status =
        dcn_cu_check("cuFuncGetAttribute",
                     dcn_cu.cuFuncGetAttribute(&most, DCN_CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel->function));
    dcn_cu_leave();
    if (status != DCN_SUCCESS)
        return status;
    const uint32_t limit = device->facts.limits.max_work_group;
    *work_items = most >= 0 && (uint32_t)most < limit ? (uint32_t)most : limit;
    return DCN_SUCCESS;
}
