#include "cu_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "status.h"

/* ---- finding devices ---------------------------------------------------------------------------- */

/* Starts the driver, as often as wanted, and counts its devices; `function` is the one that the code is of. */
static dcn_cu_result count_devices(int *count, const char **function)
{
    *count = 0;
    *function = "cuInit";
    dcn_cu_result error = dcn_cu.cuInit(0);
    if (error != DCN_CU_SUCCESS)
        return error;
    *function = "cuDeviceGetCount";
    return dcn_cu.cuDeviceGetCount(count);
}

dcn_status dcn_cu_list(dcn_device_visitor visit, void *user, dcn_backend_info *info)
{
    const char *missing = dcn_cu_load();
    if (missing) {
        snprintf(info->reason, sizeof info->reason, "%s", missing);
        return DCN_SUCCESS;
    }
    snprintf(info->library, sizeof info->library, "%s", dcn_cu_library());
    int count = 0;
    int visited = 0;
    const char *function = NULL;
    dcn_cu_result error = count_devices(&count, &function);
    for (int i = 0; i < count && error == DCN_CU_SUCCESS; i++) {
        CUdevice id = 0;
        function = "cuDeviceGet";
        error = dcn_cu.cuDeviceGet(&id, i);
        if (error != DCN_CU_SUCCESS)
            break;
        char index[16];
        snprintf(index, sizeof index, "%d", i);
        dcn_cu_facts facts;
        dcn_cu_describe(id, i, &facts);
        visit(user, index, &facts.info);
        visited++;
    }
    if (visited == 0 && error == DCN_CU_SUCCESS)
        snprintf(info->reason, sizeof info->reason, "%s finds no device", dcn_cu_library());
    else if (visited == 0)
        snprintf(info->reason, sizeof info->reason, "%s finds no device: %s gives %s (%u)", dcn_cu_library(), function,
                 dcn_cu_error_name(error), (unsigned)error);
    return DCN_SUCCESS;
}

static dcn_status find_by_index(const char *index, int *ordinal, CUdevice *id)
{
    const char *missing = dcn_cu_load();
    if (missing)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "%s", missing);
    int count = 0;
    char rest = '\0';
    const char *function = NULL;
    if (sscanf(index, "%d%c", ordinal, &rest) != 1)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "\"%s\" is not the index of a CUDA device, a number", index);
    const dcn_cu_result error = count_devices(&count, &function);
    if (error != DCN_CU_SUCCESS)
        return dcn_cu_check(function, error);
    if (*ordinal < 0 || *ordinal >= count)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "CUDA device %d of %d does not exist", *ordinal, count);
    return dcn_cu_check("cuDeviceGet", dcn_cu.cuDeviceGet(id, *ordinal));
}

/* The number that cuDeviceGet() takes for a device. */
static dcn_status find_ordinal(CUdevice id, int *ordinal)
{
    int count = 0;
    const char *function = NULL;
    dcn_cu_result error = count_devices(&count, &function);
    dcn_status status = dcn_cu_check(function, error);
    for (int i = 0; i < count && status == DCN_SUCCESS; i++) {
        CUdevice candidate = 0;
        status = dcn_cu_check("cuDeviceGet", dcn_cu.cuDeviceGet(&candidate, i));
        if (status == DCN_SUCCESS && candidate == id) {
            *ordinal = i;
            return DCN_SUCCESS;
        }
    }
    return status == DCN_SUCCESS ? dcn_fail(DCN_ERROR_DEVICE, "the context's device is none of the driver's %d", count)
                                 : status;
}

/* ---- opening ------------------------------------------------------------------------------------ */

/* A described device that holds no CUDA object yet; dcn_cu_close() ends it. */
static dcn_status make_device(CUdevice id, int ordinal, dcn_device **device)
{
    dcn_device *made = calloc(1, sizeof *made);
    if (!made)
        return dcn_fail_memory("a CUDA device", sizeof *made);
    made->id = id;
    made->ordinal = ordinal;
    dcn_cu_describe(id, ordinal, &made->facts);
    dcn_status status = DCN_SUCCESS;
    if (made->facts.info.unusable[0])
        status = dcn_fail(DCN_ERROR_UNSUPPORTED, "%s (%s) cannot be used: %s", made->facts.info.name,
                          made->facts.info.title, made->facts.info.unusable);
    if (status == DCN_SUCCESS) {
        made->mutex = dcn_mutex_create();
        if (!made->mutex)
            status = dcn_fail_memory("a mutex", 0);
    }
    if (status != DCN_SUCCESS) {
        dcn_cu_close(made);
        return status;
    }
    *device = made;
    return DCN_SUCCESS;
}

dcn_status dcn_cu_open(const char *index, const dcn_context_options *options, dcn_device **device)
{
    (void)options; /* threads and pinning are the native CPU device's */
    CUdevice id = 0;
    int ordinal = 0;
    dcn_device *made = NULL;
    dcn_status status = find_by_index(index, &ordinal, &id);
    if (status == DCN_SUCCESS)
        status = make_device(id, ordinal, &made);
    if (status != DCN_SUCCESS)
        return status;
    status = dcn_cu_check("cuDevicePrimaryCtxRetain", dcn_cu.cuDevicePrimaryCtxRetain(&made->context, made->id));
    if (status != DCN_SUCCESS) {
        made->context = NULL;
        dcn_cu_close(made);
        return status;
    }
    made->primary = true;
    *device = made;
    return DCN_SUCCESS;
}

static dcn_status ask_device(CUcontext context, CUdevice *id)
{
    const dcn_device asked = {.context = context};
    dcn_status status = dcn_cu_enter(&asked);
    if (status != DCN_SUCCESS)
        return status;
    status = dcn_cu_check("cuCtxGetDevice", dcn_cu.cuCtxGetDevice(id));
    dcn_cu_leave();
    return status;
}

dcn_status dcn_cu_adopt(CUcontext context, dcn_device **device)
{
    const char *missing = dcn_cu_load();
    if (missing)
        return dcn_fail(DCN_ERROR_NO_DEVICE, "%s", missing);
    CUdevice id = 0;
    int ordinal = 0;
    dcn_status status = ask_device(context, &id);
    if (status == DCN_SUCCESS)
        status = find_ordinal(id, &ordinal);
    if (status == DCN_SUCCESS)
        status = make_device(id, ordinal, device);
    if (status == DCN_SUCCESS)
        (*device)->context = context;
    return status;
}

void dcn_cu_close(dcn_device *device)
{
    dcn_cu_programs_release(device);
    if (device->primary)
        dcn_cu.cuDevicePrimaryCtxRelease(device->id);
    dcn_mutex_destroy(device->mutex);
    free(device);
}
