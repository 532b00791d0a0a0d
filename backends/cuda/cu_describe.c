#include "cu_internal.h"

#include <stdio.h>
#include <string.h>

#include "cu_nvrtc.h"
#include "kernels.h"

/* The oldest CUDA version of a driver that has what the backend calls. */
#define OLDEST_DRIVER 11000

/* Most architectures of one NVRTC that are looked at. */
#define MAX_ARCHITECTURES 64

/* 0 when the driver does not answer. */
static int get_number(CUdevice device, unsigned what)
{
    int value = 0;
    return dcn_cu.cuDeviceGetAttribute(&value, what, device) == DCN_CU_SUCCESS && value > 0 ? value : 0;
}

static uint64_t get_memory(CUdevice device)
{
    size_t bytes = 0;
    return dcn_cu.cuDeviceTotalMem(&bytes, device) == DCN_CU_SUCCESS ? bytes : 0;
}

/* The device's own architecture where NVRTC has it, else PTX of the newest that the device can run. */
static void choose_architecture(int capability, char *text, size_t size)
{
    int architectures[MAX_ARCHITECTURES];
    int count = 0;
    int best = 0;
    text[0] = '\0';
    if (dcn_nvrtc_load() || dcn_nvrtc.nvrtcGetNumSupportedArchs(&count) != DCN_NVRTC_SUCCESS ||
        count > MAX_ARCHITECTURES || dcn_nvrtc.nvrtcGetSupportedArchs(architectures) != DCN_NVRTC_SUCCESS)
        return;
    for (int i = 0; i < count; i++)
        if (architectures[i] <= capability && architectures[i] > best)
            best = architectures[i];
    if (best > 0)
        snprintf(text, size, "%s_%d", best == capability ? "sm" : "compute", best);
}

/* Why nothing can be compiled or taken from the library for the device. */
static void describe_lack_of_code(int capability, char *reason, size_t size)
{
    const char *missing = dcn_nvrtc_load();
    if (missing)
        snprintf(reason, size, "no compiler: %s, and this build has no embedded kernels", missing);
    else
        snprintf(reason, size, "no compiler: NVRTC %d.%d does not know sm_%d, and this build has no embedded kernels",
                 dcn_nvrtc_version() / 1000, dcn_nvrtc_version() % 1000 / 10, capability);
}

/* Why the library cannot use the device; empty if it can. */
static void find_obstacle(CUdevice device, const dcn_cu_facts *facts, char *reason, size_t size)
{
    reason[0] = '\0';
    if (facts->driver < OLDEST_DRIVER)
        snprintf(reason, size, "its driver supports CUDA %d.%d, but 11.0 is needed", facts->driver / 1000,
                 facts->driver % 1000 / 10);
    else if (get_number(device, DCN_CU_DEVICE_ATTRIBUTE_COMPUTE_MODE) == DCN_CU_COMPUTEMODE_PROHIBITED)
        snprintf(reason, size, "its compute mode prohibits contexts");
    else if (!facts->limits.max_work_group || !facts->limits.local_memory || !facts->limits.largest_buffer ||
             !facts->capability)
        snprintf(reason, size, "its driver does not tell its limits");
    else if (!facts->architecture[0] && !dcn_fatbins[0].program)
        describe_lack_of_code(facts->capability, reason, size);
}

static void list_features(const dcn_cu_facts *facts, char *text, size_t size)
{
    if (facts->architecture[0])
        snprintf(text, size, "sm_%d nvrtc-%d.%d", facts->capability, dcn_nvrtc_version() / 1000,
                 dcn_nvrtc_version() % 1000 / 10);
    else
        snprintf(text, size, "sm_%d%s", facts->capability, dcn_fatbins[0].program ? " embedded" : "");
}

void dcn_cu_describe(CUdevice device, int ordinal, dcn_cu_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    dcn_device_info *info = &facts->info;
    dcn_device_limits *limits = &facts->limits;
    if (dcn_cu.cuDriverGetVersion(&facts->driver) != DCN_CU_SUCCESS)
        facts->driver = 0;
    facts->capability = 10 * get_number(device, DCN_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                        get_number(device, DCN_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    choose_architecture(facts->capability, facts->architecture, sizeof facts->architecture);

    limits->type = DCN_DEVICE_GPU;
    limits->specialises = facts->architecture[0] != '\0';
    limits->compute_units = (uint32_t)get_number(device, DCN_CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    limits->vector_width = 0; /* the long shape is one for CPUs */
    limits->max_work_group = (uint32_t)get_number(device, DCN_CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
    limits->subgroup = 32;
    limits->local_memory = (uint64_t)get_number(device, DCN_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
    limits->largest_buffer = get_memory(device);

    info->struct_size = sizeof *info;
    snprintf(info->name, sizeof info->name, "%s:%d", dcn_backend_cuda.name, ordinal);
    snprintf(info->backend, sizeof info->backend, "%s", dcn_backend_cuda.name);
    if (dcn_cu.cuDeviceGetName(info->title, (int)sizeof info->title, device) != DCN_CU_SUCCESS)
        info->title[0] = '\0';
    snprintf(info->platform, sizeof info->platform, "NVIDIA CUDA");
    snprintf(info->driver, sizeof info->driver, "%d.%d", facts->driver / 1000, facts->driver % 1000 / 10);
    list_features(facts, info->features, sizeof info->features);
    info->type = limits->type;
    info->compute_units = limits->compute_units;
    info->global_memory = limits->largest_buffer;
    info->largest_buffer = limits->largest_buffer;
    info->local_memory = limits->local_memory;
    find_obstacle(device, facts, info->unusable, sizeof info->unusable);
}
