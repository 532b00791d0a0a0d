#include "cpu_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "status.h"

/* More threads than any machine has; guards against a mistyped DCNV4_THREADS. */
#define MAX_THREADS 4096

bool dcn_cpu_has(const char *isa)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    if (strcmp(isa, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(isa, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    return strcmp(isa, "baseline") == 0 || strcmp(isa, "neon") == 0;
}

/* Visits each instruction set that is compiled in and runs here, in rising order. */
static uint32_t widest_vector(char *features, size_t size)
{
    const char *last = "";
    uint32_t widest = 4;
    size_t used = 0;
    features[0] = '\0';
    for (size_t i = 0; dcn_native_tables[i]; i++) {
        const dcn_native_kernel *kernel = dcn_native_tables[i];
        if (!dcn_cpu_has(kernel->isa))
            continue;
        widest = kernel->lanes > widest ? kernel->lanes : widest;
        if (strcmp(kernel->isa, last) != 0 && used < size)
            used += (size_t)snprintf(features + used, size - used, "%s%s", used ? " " : "", kernel->isa);
        last = kernel->isa;
    }
    return widest;
}

static uint64_t memory_size(void)
{
    const uint64_t physical = dcn_physical_memory();
    return physical ? physical : (uint64_t)SIZE_MAX / 2;
}

void dcn_cpu_describe(const dcn_device *device, dcn_device_info *info)
{
    memset(info, 0, sizeof *info);
    info->struct_size = sizeof *info;
    snprintf(info->name, sizeof info->name, "cpu");
    snprintf(info->backend, sizeof info->backend, "cpu");
    dcn_cpu_name(info->title, sizeof info->title);
    snprintf(info->platform, sizeof info->platform, "native");
    snprintf(info->driver, sizeof info->driver, "%s", dcn_version_string());
    widest_vector(info->features, sizeof info->features);
    info->type = DCN_DEVICE_CPU;
    info->compute_units = device ? dcn_pool_threads(device->pool) : dcn_cpu_count();
    info->global_memory = memory_size();
    info->largest_buffer = memory_size();
}

void dcn_cpu_limits(const dcn_device *device, dcn_device_limits *limits)
{
    char features[64];
    limits->type = DCN_DEVICE_CPU;
    limits->native = true;
    limits->compute_units = dcn_pool_threads(device->pool);
    limits->vector_width = widest_vector(features, sizeof features);
    limits->max_work_group = 1024;
    limits->local_memory = DCN_CPU_LOCAL_MEMORY;
    limits->largest_buffer = memory_size();
}

dcn_status dcn_cpu_list(dcn_device_visitor visit, void *user, dcn_backend_info *info)
{
    (void)info;
    dcn_device_info device;
    dcn_cpu_describe(NULL, &device);
    visit(user, "", &device);
    return DCN_SUCCESS;
}

static dcn_status thread_count(const dcn_context_options *options, uint32_t *threads)
{
    const char *text = dcn_environment("DCNV4_THREADS");
    *threads = options->threads;
    if (*threads == 0 && text) {
        char *end;
        errno = 0;
        const unsigned long value = strtoul(text, &end, 10);
        if (*end || errno || value == 0 || value > MAX_THREADS || text[0] == '-')
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "DCNV4_THREADS is \"%s\", but must be from 1 to %d", text,
                            MAX_THREADS);
        *threads = (uint32_t)value;
    }
    if (*threads > MAX_THREADS)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "dcn_context_options.threads is %u, but must be at most %d",
                        *threads, MAX_THREADS);
    if (*threads == 0)
        *threads = dcn_cpu_count();
    return DCN_SUCCESS;
}

dcn_status dcn_cpu_open(const char *index, const dcn_context_options *options, dcn_device **device)
{
    uint32_t threads;
    (void)index;
    dcn_status status = thread_count(options, &threads);
    if (status != DCN_SUCCESS)
        return status;
    dcn_device *made = calloc(1, sizeof *made);
    if (!made)
        return dcn_fail_memory("the CPU device", sizeof *made);
    made->pool = dcn_pool_create(threads, options->pin_threads != 0);
    made->local = made->pool ? dcn_aligned_alloc(64, (uint64_t)threads * DCN_CPU_LOCAL_MEMORY) : NULL;
    if (!made->local) {
        dcn_cpu_close(made);
        return dcn_fail_memory("the CPU device's threads", (uint64_t)threads * DCN_CPU_LOCAL_MEMORY);
    }
    *device = made;
    return DCN_SUCCESS;
}

void dcn_cpu_close(dcn_device *device)
{
    dcn_pool_destroy(device->pool);
    dcn_aligned_free(device->local);
    free(device);
}
