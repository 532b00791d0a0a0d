/* The driver: see fake.h. Functions stand in the order of cu_api.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

struct CUctx_st {
    int device;
};

struct CUmod_st {
    CUcontext context;
};

struct CUfunc_st {
    char name[64];
    CUcontext context;
    bool loaded;
    CUfunction next;
};

struct CUstream_st {
    CUcontext context;
};

struct CUevent_st {
    CUcontext context;
    bool recorded;
    long tick;
};

typedef struct allocation {
    fake_region region;
    struct allocation *next;
} allocation;

enum { DEEPEST = 16, SHARED_MEMORY = 49152 };

static struct CUctx_st primary[FAKE_DEVICES] = {{0}, {1}};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows, and the launch and image */
static allocation *allocations;
static fake_region foreign;
static CUfunction functions; /* all that were ever asked for: they end with the process */
static atomic_long clock_ticks;

static _Thread_local CUcontext stack[DEEPEST];
static _Thread_local int depth;

static CUcontext current(void)
{
    return depth > 0 ? stack[depth - 1] : NULL;
}

static CUcontext context_create(int device)
{
    CUcontext context = malloc(sizeof *context);
    if (context)
        context->device = device;
    return context;
}

static void context_destroy(CUcontext context)
{
    free(context);
}

static void region_set(const fake_region *region)
{
    pthread_mutex_lock(&lock);
    foreign = region ? *region : (fake_region){.size = 0};
    pthread_mutex_unlock(&lock);
}

static fake_driver driver = {
    .calls = {.countdown = -1},
    .version = 13000,
    .devices = FAKE_DEVICES,
    .capability = 90,
    .work_group = 1024,
    .current = current,
    .context_create = context_create,
    .context_destroy = context_destroy,
    .region_set = region_set,
};

fake_driver *fake_driver_state(void)
{
    return &driver;
}

static void count(fake_kind kind, long change)
{
    atomic_fetch_add(&driver.live[kind], change);
}

/* Memory for an object. A test may leave some behind on purpose, which a leak checker must not take for lost. */
static void *make_object(size_t size)
{
    static void *made[1 << 16];
    static atomic_size_t made_count;
    void *object = calloc(1, size);
    made[atomic_fetch_add(&made_count, 1) % (sizeof made / sizeof made[0])] = object;
    return object;
}

/* What each function begins with: the failure that was asked for; no context; what a capture does not allow. */
#define FAILS(name)                                                                                                    \
    if (fake_fails(&driver.calls, #name))                                                                              \
    return atomic_load(&driver.calls.code)
#define NEEDS_CONTEXT()                                                                                                \
    if (!current())                                                                                                    \
    return DCN_CU_ERROR_INVALID_CONTEXT
#define BREAKS_CAPTURE(name)                                                                                           \
    if (atomic_load(&driver.capturing)) {                                                                              \
        atomic_store(&driver.broken, #name);                                                                           \
        return DCN_CU_ERROR_STREAM_CAPTURE_UNSUPPORTED;                                                                \
    }
#define NEEDS_OWN(context)                                                                                             \
    if ((context) != current())                                                                                        \
    return DCN_CU_ERROR_INVALID_HANDLE
/* The default stream is the current context's. */
#define NEEDS_OWN_STREAM(stream)                                                                                       \
    if ((stream) && (stream)->context != current())                                                                    \
    return DCN_CU_ERROR_INVALID_HANDLE

static void note(const char *function, CUstream stream, const void *object)
{
    const size_t at = atomic_fetch_add(&driver.step_count, 1);
    if (at < FAKE_STEPS)
        driver.steps[at] = (fake_step){function, stream, object};
}

/* ---- devices and contexts --------------------------------------------------------------------------- */

FAKE_API dcn_cu_result cuInit(unsigned flags)
{
    FAILS(cuInit);
    return flags == 0 ? DCN_CU_SUCCESS : DCN_CU_ERROR_INVALID_VALUE;
}

FAKE_API dcn_cu_result cuDriverGetVersion(int *version)
{
    FAILS(cuDriverGetVersion);
    *version = atomic_load(&driver.version);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuDeviceGetCount(int *number)
{
    FAILS(cuDeviceGetCount);
    *number = atomic_load(&driver.devices);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuDeviceGet(CUdevice *device, int ordinal)
{
    FAILS(cuDeviceGet);
    if (ordinal < 0 || ordinal >= atomic_load(&driver.devices))
        return DCN_CU_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuDeviceGetName(char *name, int size, CUdevice device)
{
    FAILS(cuDeviceGetName);
    snprintf(name, (size_t)size, "Fake 10%d", device);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuDeviceGetAttribute(int *value, unsigned what, CUdevice device)
{
    FAILS(cuDeviceGetAttribute);
    (void)device;
    const int capability = atomic_load(&driver.capability);
    const struct {
        unsigned what;
        int value;
    } answers[] = {
        {DCN_CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
        {DCN_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, SHARED_MEMORY},
        {DCN_CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 132},
        {DCN_CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, atomic_load(&driver.compute_mode)},
        {DCN_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, capability / 10},
        {DCN_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, capability % 10},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].what == what) {
            *value = answers[i].value;
            return DCN_CU_SUCCESS;
        }
    return DCN_CU_ERROR_INVALID_VALUE;
}

FAKE_API dcn_cu_result cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    FAILS(cuDeviceTotalMem);
    (void)device;
    *bytes = (size_t)1 << 36;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    FAILS(cuDevicePrimaryCtxRetain);
    count(FAKE_PRIMARY, 1);
    *context = &primary[device];
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    (void)device;
    count(FAKE_PRIMARY, -1);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuCtxPushCurrent_v2(CUcontext context)
{
    FAILS(cuCtxPushCurrent);
    if (depth == DEEPEST)
        return DCN_CU_ERROR_INVALID_VALUE;
    stack[depth++] = context;
    count(FAKE_PUSHED, 1);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuCtxPopCurrent_v2(CUcontext *context)
{
    if (depth == 0)
        return DCN_CU_ERROR_INVALID_CONTEXT;
    *context = stack[--depth];
    count(FAKE_PUSHED, -1);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuCtxGetDevice(CUdevice *device)
{
    FAILS(cuCtxGetDevice);
    NEEDS_CONTEXT();
    *device = current()->device;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuCtxSynchronize(void)
{
    NEEDS_CONTEXT();
    BREAKS_CAPTURE(cuCtxSynchronize);
    return DCN_CU_SUCCESS;
}

/* ---- modules ---------------------------------------------------------------------------------------- */

FAKE_API dcn_cu_result cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned options, unsigned *names,
                                          void **values)
{
    for (unsigned i = 0; i < options; i++)
        if (names[i] == DCN_CU_JIT_ERROR_LOG_BUFFER)
            snprintf(values[i], 64, "fake linker: no good");
    FAILS(cuModuleLoadDataEx);
    NEEDS_CONTEXT();
    BREAKS_CAPTURE(cuModuleLoadDataEx);
    CUmodule made = make_object(sizeof *made);
    if (!made)
        return DCN_CU_ERROR_OUT_OF_MEMORY;
    made->context = current();
    count(FAKE_MODULE, 1);
    pthread_mutex_lock(&lock);
    snprintf(driver.image, sizeof driver.image, "%s", (const char *)image);
    driver.image_at = image;
    pthread_mutex_unlock(&lock);
    *module = made;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuModuleUnload(CUmodule module)
{
    NEEDS_OWN(module->context);
    count(FAKE_MODULE, -1);
    free(module);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
    FAILS(cuModuleGetFunction);
    NEEDS_OWN(module->context);
    if (strncmp(name, "dcn_", 4) != 0)
        return DCN_CU_ERROR_NOT_FOUND;
    CUfunction made = malloc(sizeof *made);
    if (!made)
        return DCN_CU_ERROR_OUT_OF_MEMORY;
    snprintf(made->name, sizeof made->name, "%s", name);
    made->context = module->context;
    made->loaded = false;
    pthread_mutex_lock(&lock);
    made->next = functions;
    functions = made;
    pthread_mutex_unlock(&lock);
    *function = made;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuFuncGetAttribute(int *value, unsigned what, CUfunction function)
{
    FAILS(cuFuncGetAttribute);
    NEEDS_OWN(function->context);
    if (what != DCN_CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)
        return DCN_CU_ERROR_INVALID_VALUE;
    *value = atomic_load(&driver.work_group);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuFuncLoad(CUfunction function)
{
    FAILS(cuFuncLoad);
    NEEDS_OWN(function->context);
    function->loaded = true;
    return DCN_CU_SUCCESS;
}

/* ---- memory ----------------------------------------------------------------------------------------- */

FAKE_API dcn_cu_result cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes)
{
    FAILS(cuMemAlloc);
    NEEDS_CONTEXT();
    BREAKS_CAPTURE(cuMemAlloc);
    allocation *made = malloc(sizeof *made);
    void *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!made || !memory) {
        free(made);
        free(memory);
        return DCN_CU_ERROR_OUT_OF_MEMORY;
    }
    const CUdeviceptr start = (CUdeviceptr)(uintptr_t)memory;
    made->region = (fake_region){start, bytes, DCN_CU_MEMORYTYPE_DEVICE, false, current()->device, current(), start};
    pthread_mutex_lock(&lock);
    made->next = allocations;
    allocations = made;
    pthread_mutex_unlock(&lock);
    count(FAKE_MEMORY, 1);
    *pointer = start;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuMemFree_v2(CUdeviceptr pointer)
{
    dcn_cu_result error = DCN_CU_ERROR_INVALID_VALUE;
    NEEDS_CONTEXT();
    BREAKS_CAPTURE(cuMemFree);
    pthread_mutex_lock(&lock);
    for (allocation **at = &allocations; *at; at = &(*at)->next) {
        allocation *found = *at;
        if (found->region.start != pointer)
            continue;
        *at = found->next;
        free((void *)(uintptr_t)pointer);
        free(found);
        count(FAKE_MEMORY, -1);
        error = DCN_CU_SUCCESS;
        break;
    }
    pthread_mutex_unlock(&lock);
    return error;
}

static dcn_cu_result copy(const char *function, void *target, const void *source, size_t bytes, CUstream stream)
{
    if (fake_fails(&driver.calls, function))
        return atomic_load(&driver.calls.code);
    NEEDS_CONTEXT();
    NEEDS_OWN_STREAM(stream);
    note(function, stream, NULL);
    memcpy(target, source, bytes);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void *source, size_t bytes, CUstream stream)
{
    return copy("cuMemcpyHtoDAsync", (void *)(uintptr_t)target, source, bytes, stream);
}

FAKE_API dcn_cu_result cuMemcpyDtoHAsync_v2(void *target, CUdeviceptr source, size_t bytes, CUstream stream)
{
    return copy("cuMemcpyDtoHAsync", target, (const void *)(uintptr_t)source, bytes, stream);
}

FAKE_API dcn_cu_result cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes, CUstream stream)
{
    return copy("cuMemcpyDtoDAsync", (void *)(uintptr_t)target, (const void *)(uintptr_t)source, bytes, stream);
}

FAKE_API dcn_cu_result cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t bytes, CUstream stream)
{
    FAILS(cuMemsetD8Async);
    NEEDS_CONTEXT();
    NEEDS_OWN_STREAM(stream);
    note("cuMemsetD8Async", stream, (const void *)(uintptr_t)target);
    memset((void *)(uintptr_t)target, value, bytes);
    return DCN_CU_SUCCESS;
}

static bool holds(const fake_region *region, CUdeviceptr pointer)
{
    return pointer >= region->start && pointer - region->start < region->size;
}

static fake_region find_region(CUdeviceptr pointer)
{
    fake_region found = {.size = 0};
    pthread_mutex_lock(&lock);
    if (holds(&foreign, pointer))
        found = foreign;
    for (const allocation *at = allocations; at; at = at->next)
        if (holds(&at->region, pointer))
            found = at->region;
    pthread_mutex_unlock(&lock);
    return found;
}

FAKE_API dcn_cu_result cuPointerGetAttributes(unsigned number, unsigned *names, void **values, CUdeviceptr pointer)
{
    FAILS(cuPointerGetAttributes);
    NEEDS_CONTEXT();
    const fake_region region = find_region(pointer);
    for (unsigned i = 0; i < number; i++)
        switch (names[i]) {
        case DCN_CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
            *(unsigned *)values[i] = region.type;
            break;
        case DCN_CU_POINTER_ATTRIBUTE_IS_MANAGED:
            *(bool *)values[i] = region.managed;
            break;
        case DCN_CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
            *(int *)values[i] = region.size ? region.ordinal : -2;
            break;
        case DCN_CU_POINTER_ATTRIBUTE_CONTEXT:
            *(CUcontext *)values[i] = region.context;
            break;
        case DCN_CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
            *(CUdeviceptr *)values[i] = region.address ? region.address + (pointer - region.start) : 0;
            break;
        case DCN_CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
            *(CUdeviceptr *)values[i] = region.start;
            break;
        case DCN_CU_POINTER_ATTRIBUTE_RANGE_SIZE:
            *(size_t *)values[i] = region.size;
            break;
        default:
            return DCN_CU_ERROR_INVALID_VALUE;
        }
    return DCN_CU_SUCCESS;
}

/* ---- streams ---------------------------------------------------------------------------------------- */

FAKE_API dcn_cu_result cuStreamCreate(CUstream *stream, unsigned flags)
{
    FAILS(cuStreamCreate);
    NEEDS_CONTEXT();
    if (flags != DCN_CU_STREAM_NON_BLOCKING)
        return DCN_CU_ERROR_INVALID_VALUE;
    CUstream made = make_object(sizeof *made);
    if (!made)
        return DCN_CU_ERROR_OUT_OF_MEMORY;
    made->context = current();
    count(FAKE_STREAM, 1);
    *stream = made;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuStreamDestroy_v2(CUstream stream)
{
    NEEDS_OWN(stream->context);
    count(FAKE_STREAM, -1);
    free(stream);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuStreamSynchronize(CUstream stream)
{
    FAILS(cuStreamSynchronize);
    NEEDS_CONTEXT();
    NEEDS_OWN_STREAM(stream);
    BREAKS_CAPTURE(cuStreamSynchronize);
    note("cuStreamSynchronize", stream, NULL);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuStreamGetCtx(CUstream stream, CUcontext *context)
{
    FAILS(cuStreamGetCtx);
    NEEDS_CONTEXT();
    *context = stream ? stream->context : current();
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags)
{
    FAILS(cuStreamWaitEvent);
    NEEDS_CONTEXT();
    NEEDS_OWN_STREAM(stream);
    if (flags != 0 || !event->recorded)
        return DCN_CU_ERROR_STREAM_CAPTURE_ISOLATION; /* what a capture makes of it */
    note("cuStreamWaitEvent", stream, event);
    return DCN_CU_SUCCESS;
}

/* ---- events ----------------------------------------------------------------------------------------- */

FAKE_API dcn_cu_result cuEventCreate(CUevent *event, unsigned flags)
{
    FAILS(cuEventCreate);
    NEEDS_CONTEXT();
    if (flags != DCN_CU_EVENT_DEFAULT)
        return DCN_CU_ERROR_INVALID_VALUE;
    CUevent made = make_object(sizeof *made);
    if (!made)
        return DCN_CU_ERROR_OUT_OF_MEMORY;
    made->context = current();
    count(FAKE_EVENT, 1);
    *event = made;
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuEventDestroy_v2(CUevent event)
{
    NEEDS_OWN(event->context);
    count(FAKE_EVENT, -1);
    free(event);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuEventRecord(CUevent event, CUstream stream)
{
    FAILS(cuEventRecord);
    NEEDS_OWN(event->context);
    NEEDS_OWN_STREAM(stream);
    event->recorded = true;
    event->tick = atomic_fetch_add(&clock_ticks, 1);
    note("cuEventRecord", stream, event);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuEventSynchronize(CUevent event)
{
    FAILS(cuEventSynchronize);
    NEEDS_OWN(event->context);
    BREAKS_CAPTURE(cuEventSynchronize);
    return DCN_CU_SUCCESS;
}

FAKE_API dcn_cu_result cuEventQuery(CUevent event)
{
    FAILS(cuEventQuery);
    NEEDS_OWN(event->context);
    BREAKS_CAPTURE(cuEventQuery);
    return atomic_load(&driver.pending) ? DCN_CU_ERROR_NOT_READY : DCN_CU_SUCCESS;
}

/* Half a millisecond passes from one record to the next. */
FAKE_API dcn_cu_result cuEventElapsedTime(float *milliseconds, CUevent first, CUevent last)
{
    FAILS(cuEventElapsedTime);
    NEEDS_OWN(first->context);
    if (!first->recorded || !last->recorded)
        return DCN_CU_ERROR_INVALID_HANDLE;
    *milliseconds = 0.5f * (float)(last->tick - first->tick);
    return DCN_CU_SUCCESS;
}

/* ---- launches --------------------------------------------------------------------------------------- */

FAKE_API dcn_cu_result cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                      unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                                      CUstream stream, void **arguments, void **extra)
{
    FAILS(cuLaunchKernel);
    NEEDS_OWN(function->context);
    NEEDS_OWN_STREAM(stream);
    if (extra || shared > SHARED_MEMORY)
        return DCN_CU_ERROR_INVALID_VALUE;
    if (!function->loaded)
        BREAKS_CAPTURE(cuLaunchKernel) /* it would load the function now */
    pthread_mutex_lock(&lock);
    fake_launch *launch = &driver.launch;
    snprintf(launch->function, sizeof launch->function, "%s", function->name);
    memcpy(launch->grid, (const unsigned[]){grid_x, grid_y, grid_z}, sizeof launch->grid);
    memcpy(launch->block, (const unsigned[]){block_x, block_y, block_z}, sizeof launch->block);
    launch->shared = shared;
    for (int i = 0; i < FAKE_ARGUMENTS; i++)
        memcpy(&launch->addresses[i], arguments[i], sizeof launch->addresses[i]);
    memcpy(launch->params, arguments[FAKE_ARGUMENTS], driver.params_size);
    pthread_mutex_unlock(&lock);
    note("cuLaunchKernel", stream, function);
    return DCN_CU_SUCCESS;
}
