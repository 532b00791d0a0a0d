/* Memory, queues, events and launches of the native CPU device. Everything is done when a call returns, so a queue has
 * nothing to hold, and wait lists are always satisfied. */
#include <stdlib.h>
#include <string.h>

#include "cpu_device.h"
#include "platform.h"
#include "status.h"

struct dcn_memory {
    char *bytes;
};

struct dcn_native_queue {
    unsigned flags;
};

struct dcn_native_event {
    bool timed; /* marked on a queue with timing */
    uint64_t start_ns;
    uint64_t end_ns;
};

struct dcn_kernel {
    const dcn_native_kernel *native;
};

/* ---- memory ----------------------------------------------------------------------------------- */

static dcn_status memory_create(dcn_device *device, uint64_t bytes, dcn_memory **memory)
{
    (void)device;
    dcn_memory *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a buffer object", sizeof *made);
    made->bytes = dcn_aligned_alloc(64, bytes);
    if (!made->bytes) {
        free(made);
        return dcn_fail_memory("a buffer", bytes);
    }
    *memory = made;
    return DCN_SUCCESS;
}

static void memory_destroy(dcn_device *device, dcn_memory *memory)
{
    (void)device;
    dcn_aligned_free(memory->bytes);
    free(memory);
}

static dcn_status bind(dcn_device *device, const dcn_slice *slice, dcn_memory *memory, const char *name,
                       dcn_binding *binding)
{
    (void)device;
    if (!memory && slice->kind != DCN_MEMORY_HOST)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT,
                        "%s is of memory kind %d, but the native CPU device takes its own buffers and host memory",
                        name, (int)slice->kind);
    char *start = (memory ? memory->bytes : (char *)slice->handle) + slice->offset;
    const uintptr_t address = (uintptr_t)start;
    binding->handle = start;
    binding->offset = 0;
    binding->alignment = dcn_alignment(address);
    binding->identity = 0;
    binding->first = address;
    binding->size = slice->size;
    return DCN_SUCCESS;
}

/* ---- queues and events ------------------------------------------------------------------------ */

static dcn_status queue_create(dcn_device *device, unsigned flags, dcn_native_queue **queue)
{
    (void)device;
    dcn_native_queue *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a queue", sizeof *made);
    made->flags = flags;
    *queue = made;
    return DCN_SUCCESS;
}

static void queue_destroy(dcn_device *device, dcn_native_queue *queue)
{
    (void)device;
    free(queue);
}

static dcn_status queue_nothing(dcn_device *device, dcn_native_queue *queue)
{
    (void)device;
    (void)queue;
    return DCN_SUCCESS;
}

static dcn_status event_create(dcn_device *device, dcn_native_event **event)
{
    (void)device;
    *event = calloc(1, sizeof **event);
    return *event ? DCN_SUCCESS : dcn_fail_memory("an event", sizeof **event);
}

static void event_destroy(dcn_device *device, dcn_native_event *event)
{
    (void)device;
    free(event);
}

static dcn_status event_wait(dcn_device *device, dcn_native_event *event)
{
    (void)device;
    (void)event;
    return DCN_SUCCESS;
}

static dcn_status event_query(dcn_device *device, dcn_native_event *event, int *complete)
{
    (void)device;
    (void)event;
    *complete = 1;
    return DCN_SUCCESS;
}

static dcn_status event_elapsed(dcn_device *device, dcn_native_event *first, dcn_native_event *last,
                                double *microseconds)
{
    (void)device;
    if (!first->timed || !last->timed)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "dcn_event_elapsed: %s was never marked on a queue made with DCN_QUEUE_TIMING",
                        first->timed ? "last" : "first");
    *microseconds = ((double)last->end_ns - (double)first->start_ns) / 1000.0;
    return DCN_SUCCESS;
}

/* Work is timed only for an event on a queue that asks for it. */
static uint64_t start_time(const dcn_native_queue *queue, const dcn_native_sync *sync)
{
    return sync->signal && (queue->flags & DCN_QUEUE_TIMING) ? dcn_time_ns() : 0;
}

static void mark(const dcn_native_queue *queue, const dcn_native_sync *sync, uint64_t start)
{
    if (!sync->signal)
        return;
    sync->signal->timed = (queue->flags & DCN_QUEUE_TIMING) != 0;
    sync->signal->start_ns = start;
    sync->signal->end_ns = sync->signal->timed ? dcn_time_ns() : 0;
}

/* ---- copies ----------------------------------------------------------------------------------- */

static void copy_bytes(void *target, const void *source, uint64_t bytes)
{
    if (bytes > 0)
        memcpy(target, source, (size_t)bytes);
}

static dcn_status write_memory(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                               uint64_t bytes, const void *source, const dcn_native_sync *sync)
{
    (void)device;
    const uint64_t start = start_time(queue, sync);
    copy_bytes(memory->bytes + offset, source, bytes);
    mark(queue, sync, start);
    return DCN_SUCCESS;
}

static dcn_status read_memory(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                              uint64_t bytes, void *target, const dcn_native_sync *sync)
{
    (void)device;
    const uint64_t start = start_time(queue, sync);
    copy_bytes(target, memory->bytes + offset, bytes);
    mark(queue, sync, start);
    return DCN_SUCCESS;
}

/* A large copy by all threads, in pieces. */
typedef struct copy_job {
    char *target;
    const char *source;
    uint64_t bytes;
    uint64_t piece;
} copy_job;

static void copy_pieces(void *user, uint32_t thread, uint64_t first, uint64_t last)
{
    const copy_job *job = user;
    (void)thread;
    const uint64_t begin = first * job->piece;
    const uint64_t end = last * job->piece < job->bytes ? last * job->piece : job->bytes;
    copy_bytes(job->target + begin, job->source + begin, end - begin);
}

static dcn_status copy_memory(dcn_device *device, dcn_native_queue *queue, dcn_memory *target, uint64_t target_offset,
                              dcn_memory *source, uint64_t source_offset, uint64_t bytes, const dcn_native_sync *sync)
{
    const uint64_t start = start_time(queue, sync);
    copy_job job = {target->bytes + target_offset, source->bytes + source_offset, bytes, 1u << 20};
    dcn_pool_run(device->pool, (bytes + job.piece - 1) / job.piece, copy_pieces, &job);
    mark(queue, sync, start);
    return DCN_SUCCESS;
}

static dcn_status fill_memory(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                              uint64_t bytes, uint8_t value, const dcn_native_sync *sync)
{
    (void)device;
    const uint64_t start = start_time(queue, sync);
    memset(memory->bytes + offset, value, (size_t)bytes);
    mark(queue, sync, start);
    return DCN_SUCCESS;
}

/* ---- kernels ---------------------------------------------------------------------------------- */

/* The best compiled-in kernel for the key that this processor runs. */
static const dcn_native_kernel *find_kernel(const dcn_kernel_key *key)
{
    const dcn_native_kernel *best = NULL;
    for (size_t i = 0; dcn_native_tables[i]; i++)
        for (const dcn_native_kernel *k = dcn_native_tables[i]; k->run; k++)
            if (k->storage == key->storage && k->index_bits == key->index_bits &&
                strcmp(k->program, key->program) == 0 && strcmp(k->entry, key->entry) == 0 &&
                (!key->isa || strcmp(k->isa, key->isa) == 0) && dcn_cpu_has(k->isa))
                best = k;
    return best;
}

static dcn_status kernel_create(dcn_device *device, const dcn_kernel_key *key, dcn_kernel **kernel)
{
    (void)device;
    const dcn_native_kernel *native = find_kernel(key);
    if (!native)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "this processor or build has no %s for the instruction set %s",
                        key->entry, key->isa ? key->isa : "(any)");
    dcn_kernel *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a kernel", sizeof *made);
    made->native = native;
    *kernel = made;
    return DCN_SUCCESS;
}

static void kernel_destroy(dcn_device *device, dcn_kernel *kernel)
{
    (void)device;
    free(kernel);
}

static dcn_status kernel_work_group(dcn_device *device, dcn_kernel *kernel, uint32_t *work_items)
{
    dcn_device_limits limits;
    (void)kernel;
    dcn_cpu_limits(device, &limits);
    *work_items = limits.max_work_group;
    return DCN_SUCCESS;
}

static const char *kernel_isa(const dcn_kernel *kernel)
{
    return kernel->native->isa;
}

/* ---- launches --------------------------------------------------------------------------------- */

typedef struct launch_job {
    const dcn_launch *launch;
    dcn_device *device;
    uint64_t piece; /* work-groups taken at once */
} launch_job;

static void run_groups(void *user, uint32_t thread, uint64_t first, uint64_t last)
{
    const launch_job *job = user;
    const dcn_launch *launch = job->launch;
    dcn_native_args args;
    for (size_t i = 0; i < launch->binding_count; i++)
        args.buffers[i] = launch->bindings[i]->handle;
    args.params = launch->params;
    args.local = job->device->local + (uint64_t)thread * DCN_CPU_LOCAL_MEMORY;
    args.local_size = launch->local;
    const uint64_t end = last * job->piece < launch->groups ? last * job->piece : launch->groups;
    launch->kernel->native->run(&args, first * job->piece, end);
}

static dcn_status submit(dcn_device *device, dcn_native_queue *queue, const dcn_launch *launches, size_t count,
                         const dcn_native_sync *sync)
{
    const uint64_t start = start_time(queue, sync);
    for (size_t i = 0; i < count; i++) {
        if (launches[i].groups == 0)
            continue;
        /* Few enough pieces that taking one costs nothing beside it, enough that uneven ones even out. */
        const uint64_t pieces = 16 * (uint64_t)dcn_pool_threads(device->pool);
        launch_job job = {&launches[i], device, launches[i].groups / pieces + 1};
        dcn_pool_run(device->pool, (launches[i].groups + job.piece - 1) / job.piece, run_groups, &job);
    }
    mark(queue, sync, start);
    return DCN_SUCCESS;
}

const dcn_backend dcn_backend_cpu = {
    .name = "cpu",
    .list = dcn_cpu_list,
    .open = dcn_cpu_open,
    .close = dcn_cpu_close,
    .limits = dcn_cpu_limits,
    .describe = dcn_cpu_describe,
    .memory_create = memory_create,
    .memory_destroy = memory_destroy,
    .bind = bind,
    .queue_create = queue_create,
    .queue_destroy = queue_destroy,
    .queue_flush = queue_nothing,
    .queue_finish = queue_nothing,
    .event_create = event_create,
    .event_destroy = event_destroy,
    .event_wait = event_wait,
    .event_query = event_query,
    .event_elapsed = event_elapsed,
    .write = write_memory,
    .read = read_memory,
    .copy = copy_memory,
    .fill = fill_memory,
    .kernel_create = kernel_create,
    .kernel_destroy = kernel_destroy,
    .kernel_work_group = kernel_work_group,
    .kernel_isa = kernel_isa,
    .submit = submit,
};
