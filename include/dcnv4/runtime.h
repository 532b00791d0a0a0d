/**
 * @file runtime.h
 * @brief The part of the API that knows no operator: status, devices, contexts, memory, queues, events, and plans as
 * they are executed. `dcnv4/dcnv4.h` includes it, and says what holds for every function.
 */
#ifndef DCNV4_RUNTIME_H
#define DCNV4_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#include <dcnv4/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(DCNV4_SHARED)
#ifdef DCNV4_BUILDING
#define DCN_API __declspec(dllexport)
#else
#define DCN_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define DCN_API __attribute__((visibility("default")))
#else
#define DCN_API
#endif

/* ------------------------------------------------------------------------------------------------ */
/** @name Version
 * The header's version is in `dcnv4/version.h`: #DCNV4_VERSION_MAJOR, #DCNV4_VERSION_MINOR, #DCNV4_VERSION_PATCH,
 * #DCNV4_VERSION (`major * 10000 + minor * 100 + patch`) and #DCNV4_VERSION_STRING.
 * @{ */

/** The version of the library that is loaded, encoded as #DCNV4_VERSION. Any thread. */
DCN_API int dcn_version(void);

/** The version of the library that is loaded, as text such as "0.1.0". Static storage. Any thread. */
DCN_API const char *dcn_version_string(void);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Status
 * @{ */

/**
 * Every status: name, value, short message. The values are part of the ABI and never change.
 * Expanded here for the enumeration and in the library for dcn_status_name() and dcn_status_message().
 */
#define DCN_STATUS_LIST(X)                                                                                             \
    X(DCN_SUCCESS, 0, "success")                                                                                       \
    X(DCN_ERROR_INVALID_ARGUMENT, -1, "an argument is invalid")                                                        \
    X(DCN_ERROR_INVALID_SHAPE, -2, "the shapes and parameters do not fit together")                                    \
    X(DCN_ERROR_BUFFER_TOO_SMALL, -3, "a buffer is too small")                                                         \
    X(DCN_ERROR_MISALIGNED, -4, "a buffer is not aligned to its element size")                                         \
    X(DCN_ERROR_WRONG_CONTEXT, -5, "an object belongs to another context or device")                                   \
    X(DCN_ERROR_VERSION, -6, "a descriptor's size is not one this library knows")                                      \
    X(DCN_ERROR_NO_DEVICE, -7, "no such device")                                                                       \
    X(DCN_ERROR_UNSUPPORTED, -8, "the device or build cannot do this")                                                 \
    X(DCN_ERROR_OUT_OF_MEMORY, -9, "out of memory")                                                                    \
    X(DCN_ERROR_BUILD, -10, "a kernel failed to build")                                                                \
    X(DCN_ERROR_DEVICE, -11, "a driver call failed")

/* The comment in the macro is what Doxygen shows for each code. */
#define DCN_STATUS_ENUM(name, value, message) name = value, /**< message */
/** Result of a call: #DCN_SUCCESS or a negative code. */
typedef enum dcn_status { DCN_STATUS_LIST(DCN_STATUS_ENUM) } dcn_status;
#undef DCN_STATUS_ENUM

/** The code's identifier, such as "DCN_ERROR_NO_DEVICE"; "DCN_STATUS_UNKNOWN" for any other value. Any thread. */
DCN_API const char *dcn_status_name(dcn_status status);

/** One short sentence about the code. Static storage. Any thread. */
DCN_API const char *dcn_status_message(dcn_status status);

/**
 * What exactly went wrong in the last call that failed on this thread: argument, rule, numbers, and for a driver
 * its function and native code. For #DCN_ERROR_BUILD it ends with the compiler's log.
 * Never NULL. Valid until the next failing call on the same thread.
 */
DCN_API const char *dcn_error_detail(void);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Devices
 * @{ */

/** What kind of hardware a device is. */
typedef enum dcn_device_type {
    DCN_DEVICE_CPU = 0,         /**< runs on the host's processor */
    DCN_DEVICE_GPU = 1,         /**< a graphics processor */
    DCN_DEVICE_ACCELERATOR = 2, /**< anything else */
} dcn_device_type;

/** A device as dcn_device_list_get() and dcn_context_device() describe it. All text is UTF-8 and terminated. */
typedef struct dcn_device_info {
    size_t struct_size;      /**< set by the caller: `sizeof(dcn_device_info)` */
    char name[32];           /**< what dcn_context_create() takes for exactly this device: "cpu", "cuda:0" */
    char backend[16];        /**< "cpu", "opencl" or "cuda" */
    char title[128];         /**< the device's own name */
    char platform[128];      /**< the driver's or platform's name */
    char driver[128];        /**< the driver's version */
    char features[256];      /**< instruction sets or extensions that the library uses here, blank-separated */
    char unusable[256];      /**< empty, or why this device cannot be used */
    dcn_device_type type;    /**< kind of hardware */
    uint32_t compute_units;  /**< hardware threads of a CPU, compute units of a GPU */
    uint64_t global_memory;  /**< bytes */
    uint64_t largest_buffer; /**< bytes in one buffer at most */
    uint64_t local_memory;   /**< bytes of work-group memory; 0 on the native CPU device */
} dcn_device_info;

/** A backend as dcn_device_list_backend() describes it. */
typedef struct dcn_backend_info {
    size_t struct_size; /**< set by the caller: `sizeof(dcn_backend_info)` */
    char name[16];      /**< "cpu", "opencl", "cuda" */
    char library[256];  /**< the run-time library in use; empty where none is needed or found */
    char reason[256];   /**< empty, or why the backend has no device: library, function, native code */
    uint32_t devices;   /**< how many devices it has */
} dcn_backend_info;

/** A snapshot of the machine's backends and devices. */
typedef struct dcn_device_list dcn_device_list;

/**
 * Looks for every backend and device. A missing driver is no error: its backend is listed with a reason.
 * @param[out] list receives the snapshot; end it with dcn_device_list_destroy()
 * @return #DCN_SUCCESS, #DCN_ERROR_INVALID_ARGUMENT (NULL), #DCN_ERROR_OUT_OF_MEMORY
 */
DCN_API dcn_status dcn_device_list_create(dcn_device_list **list);

/** Ends a snapshot; NULL is allowed. */
DCN_API void dcn_device_list_destroy(dcn_device_list *list);

/** How many devices the snapshot holds; 0 for NULL. Any thread. */
DCN_API size_t dcn_device_list_size(const dcn_device_list *list);

/**
 * Describes device `index`, in `0 … size-1`. Any thread.
 * @param[in,out] info its `struct_size` is set by the caller
 */
DCN_API dcn_status dcn_device_list_get(const dcn_device_list *list, size_t index, dcn_device_info *info);

/** How many backends this build has, usable or not; 0 for NULL. Any thread. */
DCN_API size_t dcn_device_list_backends(const dcn_device_list *list);

/**
 * Describes backend `index`, in `0 … backends-1`. Any thread.
 * @param[in,out] info its `struct_size` is set by the caller
 */
DCN_API dcn_status dcn_device_list_backend(const dcn_device_list *list, size_t index, dcn_backend_info *info);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Context: one opened device
 * @{ */

/** One opened device, with its compiled programs and, on the CPU, its thread pool. Safe to share between threads. */
typedef struct dcn_context dcn_context;

/** How to open a device. Start from dcn_context_options_default(). */
typedef struct dcn_context_options {
    size_t struct_size; /**< `sizeof(dcn_context_options)` */
    uint32_t threads;   /**< native CPU device: threads used, the caller's included; 0: one for each CPU of the
                             process's mask, or DCNV4_THREADS from the environment */
    int pin_threads;    /**< native CPU device: 1 binds each pool thread to a CPU of the mask (the caller's thread
                             is never bound) */
} dcn_context_options;

/** The defaults: threads 0, no pinning. */
static inline dcn_context_options dcn_context_options_default(void)
{
    dcn_context_options options;
    options.struct_size = sizeof options;
    options.threads = 0;
    options.pin_threads = 0;
    return options;
}

/**
 * Opens a device by name.
 *
 * - `"auto"` or NULL: the environment's `DCNV4_DEVICE` if set, else the fastest usable one: a GPU before a CPU, the
 *   native CPU device before an OpenCL CPU device
 * - `"cpu"`: the native CPU device
 * - `"cuda"`: the first usable CUDA device; `"cuda:N"`: device N, as the CUDA driver counts them
 * - `"opencl"`: the first usable OpenCL device
 * - `"opencl:P.D"`: platform P, device D, as the loader lists them (from 0; empty platforms count)
 * - `"opencl:TEXT"`, `"cuda:TEXT"`: the first whose platform's or device's name contains TEXT, in any letter case
 *
 * @param device  the name, or NULL for "auto"
 * @param options NULL for the defaults
 * @param[out] context end it with dcn_context_destroy()
 * @return #DCN_ERROR_NO_DEVICE when nothing fits (the detail lists what there is), #DCN_ERROR_INVALID_ARGUMENT,
 *         #DCN_ERROR_VERSION, #DCN_ERROR_UNSUPPORTED (a device that cannot run the library, with the reason),
 *         #DCN_ERROR_OUT_OF_MEMORY, #DCN_ERROR_DEVICE
 */
DCN_API dcn_status dcn_context_create(const char *device, const dcn_context_options *options, dcn_context **context);

/** Gives up the caller's hold on a context; NULL is allowed. Plans, buffers, queues and events keep it alive. */
DCN_API void dcn_context_destroy(dcn_context *context);

/**
 * Describes the context's device. Any thread.
 * @param[in,out] info its `struct_size` is set by the caller
 */
DCN_API dcn_status dcn_context_device(const dcn_context *context, dcn_device_info *info);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Kernel cache: compiled kernels on disk
 * Devices that compile kernels at run time keep the result in a private folder of the user, so that the next process
 * finds it there. Whatever is wrong with the folder or a file in it costs time and nothing else. The environment
 * decides, each time that a kernel is needed:
 * - `DCNV4_CACHE`: `off` keeps nothing and looks nowhere
 * - `DCNV4_CACHE_DIR`: the folder; else `$XDG_CACHE_HOME/dcnv4` or `$HOME/.cache/dcnv4`, on Windows
 *   `%LOCALAPPDATA%\dcnv4\cache`. One that belongs to another user, or that others may write to, is not used.
 * - `DCNV4_CACHE_LIMIT`: how large it may grow, in MiB, 256 if not set; what was not used for longest goes first
 * @{ */

/** The cache as dcn_kernel_cache_get() describes it. All text is terminated. */
typedef struct dcn_kernel_cache_info {
    size_t struct_size; /**< set by the caller: `sizeof(dcn_kernel_cache_info)` */
    char folder[1024];  /**< the folder, which need not exist yet; empty when there is no cache at all */
    char reason[256];   /**< empty, or why the cache is not used */
    uint64_t limit;     /**< bytes that it may have */
    uint64_t size;      /**< bytes that it has */
    uint64_t entries;   /**< compiled programs in it */
} dcn_kernel_cache_info;

/**
 * Describes the kernel cache as the environment and the folder are now. Makes no folder. Any thread.
 * @param[in,out] info its `struct_size` is set by the caller
 * @return #DCN_SUCCESS, #DCN_ERROR_INVALID_ARGUMENT (NULL), #DCN_ERROR_VERSION
 */
DCN_API dcn_status dcn_kernel_cache_get(dcn_kernel_cache_info *info);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Buffers, queues and events, for callers who bring none
 * @{ */

/** Device memory made by the library. On the native CPU device it is host memory. */
typedef struct dcn_buffer dcn_buffer;
/** An order of work on one device. */
typedef struct dcn_queue dcn_queue;
/** A mark in a queue's work that can be waited for. Made once, used many times: each use replaces the last mark. */
typedef struct dcn_event dcn_event;

/** Most events that one wait list may hold. */
#define DCN_WAIT_LIST_MAX 64

/** What a piece of work waits for, and what it marks. A NULL pointer stands for "nothing". */
typedef struct dcn_sync {
    dcn_event *const *wait; /**< events of the same context that must be complete first; NULL if `wait_count` is 0 */
    size_t wait_count;      /**< at most #DCN_WAIT_LIST_MAX */
    dcn_event *signal;      /**< marked with the end of this work, or NULL */
} dcn_sync;

/** Options of dcn_queue_create(), combined with `|`. */
typedef enum dcn_queue_flags {
    DCN_QUEUE_DEFAULT = 0,
    DCN_QUEUE_TIMING = 1,       /**< events record device time, for dcn_event_elapsed() */
    DCN_QUEUE_OUT_OF_ORDER = 2, /**< work is ordered by wait lists alone, where the device can; else in order */
} dcn_queue_flags;

/**
 * Makes device memory of `bytes` bytes (more than 0), aligned to 64 at least, contents undefined.
 * @return #DCN_ERROR_INVALID_ARGUMENT, #DCN_ERROR_OUT_OF_MEMORY (also more than the device's largest buffer)
 */
DCN_API dcn_status dcn_buffer_create(dcn_context *context, uint64_t bytes, dcn_buffer **buffer);

/** Frees a buffer; NULL is allowed. Work already queued on it still completes. */
DCN_API void dcn_buffer_destroy(dcn_buffer *buffer);

/** Its size in bytes; 0 for NULL. Any thread. */
DCN_API uint64_t dcn_buffer_size(const dcn_buffer *buffer);

/** Makes a queue; `flags` as #dcn_queue_flags. End it with dcn_queue_destroy(). */
DCN_API dcn_status dcn_queue_create(dcn_context *context, unsigned flags, dcn_queue **queue);

/** Ends a queue; NULL is allowed. Work already queued still completes. */
DCN_API void dcn_queue_destroy(dcn_queue *queue);

/** Hands queued work to the device without waiting. */
DCN_API dcn_status dcn_queue_flush(dcn_queue *queue);

/** Waits until everything queued is complete. */
DCN_API dcn_status dcn_queue_finish(dcn_queue *queue);

/** Makes an event, complete from the start. End it with dcn_event_destroy(). */
DCN_API dcn_status dcn_event_create(dcn_context *context, dcn_event **event);

/** Ends an event; NULL is allowed. The work it marks goes on. */
DCN_API void dcn_event_destroy(dcn_event *event);

/** Waits for the work that the event marks. May be called by several threads at once. */
DCN_API dcn_status dcn_event_wait(dcn_event *event);

/**
 * Asks without waiting.
 * @param[out] complete 1 when the work that the event marks is done, else 0
 */
DCN_API dcn_status dcn_event_query(dcn_event *event, int *complete);

/**
 * Device time from the start of the work that `first` marks to the end of the work that `last` marks; the two may
 * be the same event. Both must be complete and marked on a queue made with #DCN_QUEUE_TIMING.
 * @param[out] microseconds the time
 * @return #DCN_ERROR_INVALID_ARGUMENT when one was never marked, is not complete, or its queue has no timing
 */
DCN_API dcn_status dcn_event_elapsed(dcn_event *first, dcn_event *last, double *microseconds);

/**
 * Copies `bytes` bytes from host memory into a buffer at byte `offset`. Returns when `source` may be reused.
 * @param sync NULL for none
 */
DCN_API dcn_status dcn_buffer_write(dcn_queue *queue, dcn_buffer *buffer, uint64_t offset, uint64_t bytes,
                                    const void *source, const dcn_sync *sync);

/** Copies `bytes` bytes at byte `offset` of a buffer to host memory. Returns when `target` holds them. */
DCN_API dcn_status dcn_buffer_read(dcn_queue *queue, dcn_buffer *buffer, uint64_t offset, uint64_t bytes, void *target,
                                   const dcn_sync *sync);

/** Queues a copy between two buffers of the queue's context, or two disjoint ranges of one. */
DCN_API dcn_status dcn_buffer_copy(dcn_queue *queue, dcn_buffer *target, uint64_t target_offset, dcn_buffer *source,
                                   uint64_t source_offset, uint64_t bytes, const dcn_sync *sync);

/** Queues filling `bytes` bytes at byte `offset` with `value`. */
DCN_API dcn_status dcn_buffer_fill(dcn_queue *queue, dcn_buffer *buffer, uint64_t offset, uint64_t bytes, uint8_t value,
                                   const dcn_sync *sync);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Slices: how memory is handed to an operator
 * @{ */

/** What a slice's handle is. */
typedef enum dcn_memory_kind {
    DCN_MEMORY_NONE = 0,   /**< no memory: an optional tensor that is absent */
    DCN_MEMORY_BUFFER = 1, /**< a #dcn_buffer of the plan's context */
    DCN_MEMORY_HOST = 2,   /**< a host pointer; native CPU device only */
    DCN_MEMORY_OPENCL = 3, /**< a `cl_mem` of the plan's OpenCL context; see `dcnv4/opencl.h` */
    DCN_MEMORY_CUDA = 4,   /**< a device pointer of the plan's CUDA context; see `dcnv4/cuda.h` */
} dcn_memory_kind;

/**
 * A range of memory: handle, byte offset, byte size. The size is the rule: an operator touches nothing outside the
 * range and refuses one that is too small. Offset (and pointer) need only the element's own alignment.
 */
typedef struct dcn_slice {
    dcn_memory_kind kind; /**< what `handle` is */
    void *handle;         /**< buffer, pointer or native object */
    uint64_t offset;      /**< bytes */
    uint64_t size;        /**< bytes from `offset` on */
} dcn_slice;

/** No memory, for an optional tensor that is absent. */
static inline dcn_slice dcn_slice_none(void)
{
    dcn_slice slice;
    slice.kind = DCN_MEMORY_NONE;
    slice.handle = NULL;
    slice.offset = 0;
    slice.size = 0;
    return slice;
}

/** The whole of a buffer. */
static inline dcn_slice dcn_slice_buffer(dcn_buffer *buffer)
{
    dcn_slice slice;
    slice.kind = DCN_MEMORY_BUFFER;
    slice.handle = buffer;
    slice.offset = 0;
    slice.size = dcn_buffer_size(buffer);
    return slice;
}

/** `size` bytes of a buffer from byte `offset` on. */
static inline dcn_slice dcn_slice_range(dcn_buffer *buffer, uint64_t offset, uint64_t size)
{
    dcn_slice slice;
    slice.kind = DCN_MEMORY_BUFFER;
    slice.handle = buffer;
    slice.offset = offset;
    slice.size = size;
    return slice;
}

/** `size` bytes of host memory. An operator writes only to its results, so inputs may be const underneath. */
static inline dcn_slice dcn_slice_host(const void *pointer, uint64_t size)
{
    dcn_slice slice;
    slice.kind = DCN_MEMORY_HOST;
    slice.handle = (void *)(uintptr_t)pointer;
    slice.offset = 0;
    slice.size = size;
    return slice;
}
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Plans
 * @{ */

/** Storage type of the tensors of a call. Arithmetic is float32 for each, rounded once at the store. */
typedef enum dcn_dtype {
    DCN_FLOAT32 = 0,  /**< IEEE 754 binary32 */
    DCN_FLOAT16 = 1,  /**< IEEE 754 binary16 */
    DCN_BFLOAT16 = 2, /**< the upper half of a binary32 */
} dcn_dtype;

/** Bytes of one element, 4 or 2; 0 for an unknown type. Any thread. */
DCN_API size_t dcn_dtype_size(dcn_dtype dtype);

/** What a plan computes. */
typedef enum dcn_direction {
    DCN_FORWARD = 0,  /**< the operator's output */
    DCN_BACKWARD = 1, /**< gradients of its inputs, from the output's */
} dcn_direction;

/** One operator with its shapes, type and direction: checked, tuned and compiled once, executed many times. */
typedef struct dcn_plan dcn_plan;

/** How a plan is made. Start from dcn_plan_options_default(). */
typedef struct dcn_plan_options {
    size_t struct_size; /**< `sizeof(dcn_plan_options)` */
    /**
     * NULL or "" lets the library choose. Otherwise words separated by commas or blanks, each forcing one choice
     * that is normally made for the device and shape; the environment's `DCNV4_PATH` does the same for every plan
     * whose option is empty. Results agree within the type's accuracy whatever is forced.
     *
     * - `wide`, `long`: the kernel shape: a work-group owns a tile, lanes are channels; or an item owns a run of pixels
     * - `index32`, `index64`: the width of offsets within one image
     * - `fast`, `general`: the kernel with alignment and multiple-of-vector needs, or the one without
     * - `special`, `plain`: the fast kernel built for this plan's points, groups and channels, or for any
     * - `baseline`, `avx2`, `avx512`, `neon`: the native CPU device's instruction set
     */
    const char *path;
    /**
     * Bytes of workspace at most; 0 for no limit. A batch whose workspace would be larger goes in pieces of fewer
     * images, with the same bits. Where even one image needs more, the plan cannot be made, and the detail names the
     * least that would do.
     */
    uint64_t workspace_limit;
    int own_workspace; /**< 1: the plan makes and keeps its workspace; 0: see dcn_plan_set_workspace() */
} dcn_plan_options;

/** The defaults: everything chosen by the library, no limit, a workspace of the plan's own. */
static inline dcn_plan_options dcn_plan_options_default(void)
{
    dcn_plan_options options;
    options.struct_size = sizeof options;
    options.path = NULL;
    options.workspace_limit = 0;
    options.own_workspace = 1;
    return options;
}

/** Most extents that a tensor has. */
#define DCN_MAX_RANK 4

/** A tensor of a plan, as dcn_plan_tensor() describes it. */
typedef struct dcn_tensor_info {
    size_t struct_size;           /**< set by the caller: `sizeof(dcn_tensor_info)` */
    char name[32];                /**< "value", "offset_mask", "output" */
    dcn_dtype dtype;              /**< storage type */
    int is_output;                /**< 1: written by execute; 0: read only */
    int is_optional;              /**< 1: execute may be given #DCN_MEMORY_NONE, and does not compute it */
    int rank;                     /**< number of extents */
    int64_t extent[DCN_MAX_RANK]; /**< row-major, the last fastest; unused ones are 1 */
    uint64_t bytes;               /**< what a slice must hold at least */
} dcn_tensor_info;

/**
 * Another plan for the same work, for use by another thread; shares everything compiled. Cheap but for the workspace,
 * of which each clone has its own: made here, or to be set by the caller.
 */
DCN_API dcn_status dcn_plan_clone(const dcn_plan *plan, dcn_plan **clone);

/** Ends a plan; NULL is allowed. Work already queued still completes. */
DCN_API void dcn_plan_destroy(dcn_plan *plan);

/** How many tensors dcn_execute() takes for this plan; 0 for NULL. Any thread. */
DCN_API size_t dcn_plan_tensors(const dcn_plan *plan);

/**
 * Describes tensor `index` of the plan, in `0 … dcn_plan_tensors()-1`. Any thread.
 * @param[in,out] info its `struct_size` is set by the caller
 */
DCN_API dcn_status dcn_plan_tensor(const dcn_plan *plan, size_t index, dcn_tensor_info *info);

/**
 * Bytes of device memory that execute needs beside the tensors, fixed when the plan is made. 0 for every forward plan.
 *
 * Its contents mean nothing between two calls of dcn_execute(), so that plans may take turns with one workspace. Two
 * calls that use the same one, which calls of the same plan do, must not run at the same time: queue them in order, let
 * the second wait for the first one's event, or use a clone.
 * @param[out] bytes the size
 */
DCN_API dcn_status dcn_plan_workspace(const dcn_plan *plan, uint64_t *bytes);

/** What the start of a workspace must be a multiple of, bytes. Buffers of the library and of every driver are. */
#define DCN_WORKSPACE_ALIGNMENT 64

/**
 * Gives a plan made with dcn_plan_options::own_workspace 0 its workspace, once for all calls that follow. May be called
 * again, when no work of the plan is queued. The memory stays the caller's, and must live until that work is complete.
 * @param workspace memory as for a tensor, of at least dcn_plan_workspace() bytes, that overlaps no tensor
 * @return #DCN_ERROR_INVALID_ARGUMENT (also a plan that has its own), #DCN_ERROR_BUFFER_TOO_SMALL,
 *         #DCN_ERROR_MISALIGNED, #DCN_ERROR_WRONG_CONTEXT
 */
DCN_API dcn_status dcn_plan_set_workspace(dcn_plan *plan, const dcn_slice *workspace);

/**
 * The choices made for this plan, in the words of dcn_plan_options::path, such as "long,index32,fast,avx512".
 * Never NULL; valid as long as the plan. An execute whose slices lack the alignment that "fast" needs runs "general".
 */
DCN_API const char *dcn_plan_path(const dcn_plan *plan);

/**
 * Queues the plan's work. Allocates nothing. On a GPU or an OpenCL queue it returns before the work is done; on the
 * native CPU device it returns when it is done, and `sync->signal` is complete.
 *
 * Slices must stay valid until the work is complete. A result may not overlap any other slice. An optional tensor may
 * be absent (dcn_slice_none()), but not every result of a call.
 *
 * @param queue   a queue of the plan's context
 * @param tensors one slice for each tensor of the plan, in its order
 * @param tensor_count must equal dcn_plan_tensors()
 * @param sync    wait list and signal, or NULL
 * @return #DCN_ERROR_INVALID_ARGUMENT, #DCN_ERROR_BUFFER_TOO_SMALL, #DCN_ERROR_MISALIGNED,
 *         #DCN_ERROR_WRONG_CONTEXT, #DCN_ERROR_DEVICE
 */
DCN_API dcn_status dcn_execute(dcn_plan *plan, dcn_queue *queue, const dcn_slice *tensors, size_t tensor_count,
                               const dcn_sync *sync);

/**
 * Runs the plan on host memory, whatever the device: copies inputs over, executes, copies results back, and waits.
 * Allocates device memory for each call (none on the native CPU device).
 * @param tensors slices of kind #DCN_MEMORY_HOST, one for each tensor of the plan; optional ones may be absent
 */
DCN_API dcn_status dcn_execute_host(dcn_plan *plan, const dcn_slice *tensors, size_t tensor_count);
/** @} */

#ifdef __cplusplus
}
#endif

#endif
