#include "device_memory.h"

#include <inttypes.h>
#if defined(HAVE_MALLINFO2)
#include <malloc.h>
#endif
#include <stdio.h>
#include <string.h>

/* One line of /proc/self/status in bytes; false where there is none. */
static bool read_status(const char *label, uint64_t *bytes)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        if (strncmp(line, label, strlen(label)) == 0)
            found = sscanf(line + strlen(label), ": %" SCNu64, bytes) == 1;
    }
    if (file)
        fclose(file);
    *bytes *= 1024;
    return found;
}

#if defined(_WIN32)

static bool measure_devices(uint64_t *bytes)
{
    *bytes = 0;
    return false;
}

#else

#include <dlfcn.h>

/* What NVML's header declares. */
typedef struct nvml_memory {
    unsigned long long total, available, used;
} nvml_memory;

typedef struct nvml {
    int (*init)(void);
    int (*count)(unsigned *count);
    int (*handle)(unsigned index, void **device);
    int (*memory)(void *device, nvml_memory *memory);
} nvml;

/* The library stays open; POSIX lets a function be stored through an object pointer. */
static bool open_nvml(nvml *n)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (!library)
        return false;
    *(void **)&n->init = dlsym(library, "nvmlInit_v2");
    *(void **)&n->count = dlsym(library, "nvmlDeviceGetCount_v2");
    *(void **)&n->handle = dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
    *(void **)&n->memory = dlsym(library, "nvmlDeviceGetMemoryInfo");
    return n->init && n->count && n->handle && n->memory && n->init() == 0;
}

static bool measure_devices(uint64_t *bytes)
{
    static nvml n;
    static bool tried, open;
    if (!tried)
        open = open_nvml(&n);
    tried = true;
    unsigned count = 0;
    bool good = open && n.count(&count) == 0 && count > 0;
    *bytes = 0;
    for (unsigned i = 0; i < count && good; i++) {
        void *device = NULL;
        nvml_memory memory = {0, 0, 0};
        good = n.handle(i, &device) == 0 && n.memory(device, &memory) == 0;
        *bytes += memory.used;
    }
    return good;
}

#endif

bool memory_measure(memory_in_use *memory)
{
    memory->has_device = measure_devices(&memory->device);
#if defined(HAVE_MALLINFO2)
    /* Blocks that were not freed. Pages say less: the heap grows and shrinks 128 KB at a time. */
    const struct mallinfo2 heap = mallinfo2();
    memory->process = (uint64_t)heap.uordblks + (uint64_t)heap.hblkhd;
    if (memory->process > 0) /* sanitizers have a heap of their own */
        return true;
#endif
    return read_status("RssAnon", &memory->process) || read_status("VmRSS", &memory->process);
}
