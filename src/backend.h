/*
 * backend.h: THE interface that a backend fills.
 *
 * A backend is a thin device runtime: find devices, make memory, build kernels, launch, order, copy. It knows nothing
 * of any operator: kernels reach it by name, as embedded source text or as compiled-in functions, and their arguments
 * as slices plus one block of parameters. Nothing above backends/ names a vendor, and no backend includes another.
 *
 * All functions are required unless their comment says what a NULL entry means. All return a dcn_status and set the
 * detail text (dcn_fail) when they fail. `dcn_device`, `dcn_memory`, `dcn_native_queue`, `dcn_native_event` and
 * `dcn_kernel` are the backend's own structures, opaque above.
 */
#ifndef DCN_BACKEND_H
#define DCN_BACKEND_H

#include <stdbool.h>

#include <dcnv4/dcnv4.h>

typedef struct dcn_device dcn_device;
typedef struct dcn_memory dcn_memory;
typedef struct dcn_native_queue dcn_native_queue;
typedef struct dcn_native_event dcn_native_event;
typedef struct dcn_kernel dcn_kernel;

/* What operators ask a device before they choose a kernel. */
typedef struct dcn_device_limits {
    dcn_device_type type;
    bool native;      /* kernels are compiled-in C: work-groups are loops, one work-item at a time */
    bool specialises; /* building a kernel for one plan's numbers is cheap, and worth it */
    uint32_t compute_units;
    uint32_t vector_width;   /* float lanes that suit the long shape: 4, 8 or 16; on a native device: the widest; 0: the
                                device is no CPU, and has no long shape */
    uint32_t max_work_group; /* work-items */
    uint32_t subgroup;     /* work-items that kernels may have exchange values (DCN_SUBGROUP of the dialect); 0: none */
    uint64_t local_memory; /* bytes of work-group memory that one launch may use */
    uint64_t largest_buffer; /* bytes */
} dcn_device_limits;

/* Receives one device while a backend lists its own. `index` identifies it for open(). */
typedef void (*dcn_device_visitor)(void *user, const char *index, const dcn_device_info *info);

/* One integer macro for a kernel's source. */
typedef struct dcn_define {
    const char *name;
    int64_t value;
} dcn_define;

/* Most macros of one kernel, and most slices of one launch. */
#define DCN_MAX_DEFINES  24
#define DCN_MAX_BINDINGS 10

/* Which kernel: a function of an embedded program, for one storage type and index width. */
typedef struct dcn_kernel_key {
    const char *program; /* name of the embedded source, such as "forward_long" */
    const char *entry;   /* the kernel function in it */
    dcn_dtype storage;   /* defines DCN_STORAGE: 0, 1 or 2, as dcn_dtype */
    int index_bits;      /* defines DCN_INDEX_BITS: 32 or 64 */
    uint32_t lanes;      /* defines DCN_LANES: vector width of the long shape, 1 for the wide shape */
    const char *isa;     /* native device only: instruction set, or NULL for the best */
    uint32_t registers;  /* of a work-item at most, so that more of them run at once; 0: no limit; a hint */
    dcn_define defines[DCN_MAX_DEFINES]; /* more macros; a device with compiled-in kernels ignores them */
    size_t define_count;
} dcn_kernel_key;

/* A slice that has been checked: the native memory (or NULL), where it starts, how it is aligned. */
typedef struct dcn_binding {
    void *handle;       /* what launch takes: a native object, or a pointer with the offset already in it */
    uint64_t offset;    /* bytes still to be added by the kernel: 0 where `handle` holds them already */
    uint64_t alignment; /* the largest power of two, up to 256, that the slice's start is a multiple of */
    uint64_t identity;  /* slices that can overlap have the same identity … */
    uint64_t first;     /* … and overlap when their byte ranges [first, first + size) do */
    uint64_t size;      /* bytes */
} dcn_binding;

/* The largest power of two, up to 256, that divides an address; or several, joined by |. */
static inline uint64_t dcn_alignment(uint64_t address)
{
    address |= 256;
    return address & (~address + 1);
}

/* One launch: `groups` work-groups of `local` work-items. Kernel arguments, in order: the bindings' memory, then
 * `params` by value, then, if local_bytes > 0, work-group memory. */
typedef struct dcn_launch {
    dcn_kernel *kernel;
    const dcn_binding *bindings[DCN_MAX_BINDINGS];
    size_t binding_count;
    const void *params;
    size_t params_size;
    uint64_t groups;
    uint32_t local;
    uint64_t local_bytes;
} dcn_launch;

/* What a piece of work waits for and marks; native counterparts of dcn_sync. */
typedef struct dcn_native_sync {
    dcn_native_event *const *wait;
    size_t wait_count;
    dcn_native_event *signal;
} dcn_native_sync;

typedef struct dcn_backend {
    const char *name; /* what stands before ':' in a device's name */

    /* Visits every device, usable or not. Without any, `info->reason` says why. No driver is no failure: only lack of
     * memory is. */
    dcn_status (*list)(dcn_device_visitor visit, void *user, dcn_backend_info *info);

    /* Opens the device that list() called `index`. */
    dcn_status (*open)(const char *index, const dcn_context_options *options, dcn_device **device);
    void (*close)(dcn_device *device);
    void (*limits)(const dcn_device *device, dcn_device_limits *limits);
    void (*describe)(const dcn_device *device, dcn_device_info *info);

    /* Device memory, aligned to 64 bytes at least. */
    dcn_status (*memory_create)(dcn_device *device, uint64_t bytes, dcn_memory **memory);
    void (*memory_destroy)(dcn_device *device, dcn_memory *memory);

    /* The slice as launch() takes it. `memory` is the slice's own for DCN_MEMORY_BUFFER (whose bounds are checked by
     * the caller) and NULL otherwise. Refuses kinds that are not this device's, memory of another context, and an
     * offset + size beyond the end of memory whose size is known. `name` is for messages. */
    dcn_status (*bind)(dcn_device *device, const dcn_slice *slice, dcn_memory *memory, const char *name,
                       dcn_binding *binding);

    /* Queues and events. */
    dcn_status (*queue_create)(dcn_device *device, unsigned flags, dcn_native_queue **queue);
    void (*queue_destroy)(dcn_device *device, dcn_native_queue *queue);
    dcn_status (*queue_flush)(dcn_device *device, dcn_native_queue *queue);
    dcn_status (*queue_finish)(dcn_device *device, dcn_native_queue *queue);
    dcn_status (*event_create)(dcn_device *device, dcn_native_event **event);
    void (*event_destroy)(dcn_device *device, dcn_native_event *event);
    dcn_status (*event_wait)(dcn_device *device, dcn_native_event *event);
    dcn_status (*event_query)(dcn_device *device, dcn_native_event *event, int *complete);
    dcn_status (*event_elapsed)(dcn_device *device, dcn_native_event *first, dcn_native_event *last,
                                double *microseconds);

    /* Copies; bounds are checked by the caller. write() returns when `source` may be reused, read() when `target`
     * holds the data; copy() and fill() only queue. */
    dcn_status (*write)(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                        uint64_t bytes, const void *source, const dcn_native_sync *sync);
    dcn_status (*read)(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       void *target, const dcn_native_sync *sync);
    dcn_status (*copy)(dcn_device *device, dcn_native_queue *queue, dcn_memory *target, uint64_t target_offset,
                       dcn_memory *source, uint64_t source_offset, uint64_t bytes, const dcn_native_sync *sync);
    dcn_status (*fill)(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       uint8_t value, const dcn_native_sync *sync);

    /* A kernel, with argument state of its own: one for each plan and clone. Programs are shared within the device
     * and built at most once for a key, also when several threads ask. */
    dcn_status (*kernel_create)(dcn_device *device, const dcn_kernel_key *key, dcn_kernel **kernel);
    void (*kernel_destroy)(dcn_device *device, dcn_kernel *kernel);

    /* The largest work-group this kernel can be launched with, at most the device's own limit. */
    dcn_status (*kernel_work_group)(dcn_device *device, dcn_kernel *kernel, uint32_t *work_items);

    /* The instruction set that a native kernel was compiled for, such as "avx2". NULL entry: the backend compiles for
     * the device and has no such choice. */
    const char *(*kernel_isa)(const dcn_kernel *kernel);

    /* Queues launches that run one after the other, each seeing the results of those before, also on an out-of-order
     * queue. Waits before the first, signals after the last. Allocates nothing of its own. */
    dcn_status (*submit)(dcn_device *device, dcn_native_queue *queue, const dcn_launch *launches, size_t count,
                         const dcn_native_sync *sync);
} dcn_backend;

/* Every backend of this build, in order of preference for the same hardware; NULL-terminated. */
extern const dcn_backend *const dcn_backends[];

extern const dcn_backend dcn_backend_cpu;
extern const dcn_backend dcn_backend_cuda;
extern const dcn_backend dcn_backend_opencl;

#endif
