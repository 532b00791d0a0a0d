/* The backend's own structures, and what its files offer each other. */
#ifndef DCN_CUDA_INTERNAL_H
#define DCN_CUDA_INTERNAL_H

#include "backend.h"
#include "cu_api.h"
#include "platform.h"

/* ---- errors (cu_error.c) ---------------------------------------------------------------------- */

/* "CUDA_ERROR_NO_DEVICE" for 100; "an unknown code" for what this version does not know. */
const char *dcn_cu_error_name(dcn_cu_result code);

/* DCN_SUCCESS for CUDA_SUCCESS; otherwise the fitting status, with function, name and number of the code as detail. */
dcn_status dcn_cu_check(const char *function, dcn_cu_result code);

/* ---- devices (cu_describe.c, cu_device.c) ----------------------------------------------------- */

/* What a device says about itself. */
typedef struct dcn_cu_facts {
    dcn_device_info info;
    dcn_device_limits limits;
    int driver;            /* CUDA version that the driver supports: 1000 * major + 10 * minor */
    int capability;        /* compute capability: 10 * major + minor */
    char architecture[24]; /* what NVRTC compiles for: "sm_90", or "compute_89" for PTX; "": no NVRTC for the device */
} dcn_cu_facts;

/* Asks the device, which becomes "cuda:<ordinal>". Never fails: a driver that does not answer leaves a device that
 * info.unusable speaks of. Needs no context. */
void dcn_cu_describe(CUdevice device, int ordinal, dcn_cu_facts *facts);

typedef struct dcn_cu_program dcn_cu_program;

struct dcn_device {
    int ordinal;
    CUdevice id;
    CUcontext context;
    bool primary; /* the device's primary context, retained; else the application's */
    dcn_cu_facts facts;
    dcn_mutex *mutex;         /* guards `programs` */
    dcn_cu_program *programs; /* every one loaded so far; kept until the device is closed */
};

dcn_status dcn_cu_list(dcn_device_visitor visit, void *user, dcn_backend_info *info);
dcn_status dcn_cu_open(const char *index, const dcn_context_options *options, dcn_device **device);
void dcn_cu_close(dcn_device *device);

/* A device over the application's context. */
dcn_status dcn_cu_adopt(CUcontext context, dcn_device **device);

/* Makes the device's context current until dcn_cu_leave(), which brings back the caller's. Whatever needs a context
 * stands between the two, and each function of the backend's table leaves what it has entered. */
dcn_status dcn_cu_enter(const dcn_device *device);
void dcn_cu_leave(void);

/* The same where objects end and there is nobody to report to. False: the application has ended the context itself,
 * and all that was in it. */
bool dcn_cu_enter_quietly(const dcn_device *device);

/* ---- programs and kernels (cu_compile.c, cu_program.c) ----------------------------------------- */

/* Room for the text that names a program: its source, its compiler, the options. */
#define DCN_CU_KEY_SIZE 2048

/* Machine code, or PTX that the driver makes such of. */
typedef struct dcn_cu_code {
    const void *bytes;
    size_t size;
    void *owned; /* what dcn_cu_code_free() frees; NULL for code that is part of the library */
} dcn_cu_code;

void dcn_cu_code_free(dcn_cu_code *code);

/* The text for a kernel's program on the device; the same text always means the same code. */
dcn_status dcn_cu_write_key(const dcn_device *device, const dcn_kernel_key *key, char text[DCN_CU_KEY_SIZE]);

/* What NVRTC makes of the program that dcn_cu_write_key() has named. */
dcn_status dcn_cu_compile(const dcn_device *device, const char *text, dcn_cu_code *code);

/* What the kernel cache has of such a program, and what it is to have. Both leave the thread's detail alone. */
bool dcn_cu_cache_load(const char *text, dcn_cu_code *code);
void dcn_cu_cache_store(const char *text, const dcn_cu_code *code);

struct dcn_kernel {
    CUfunction function;
};

dcn_status dcn_cu_kernel_create(dcn_device *device, const dcn_kernel_key *key, dcn_kernel **kernel);
void dcn_cu_kernel_destroy(dcn_device *device, dcn_kernel *kernel);
dcn_status dcn_cu_kernel_work_group(dcn_device *device, dcn_kernel *kernel, uint32_t *work_items);

/* Ends every program of the device, once what is queued on it is done. */
void dcn_cu_programs_release(dcn_device *device);

/* ---- memory (cu_memory.c) ----------------------------------------------------------------------- */

struct dcn_memory {
    CUdeviceptr address;
};

dcn_status dcn_cu_memory_create(dcn_device *device, uint64_t bytes, dcn_memory **memory);
void dcn_cu_memory_destroy(dcn_device *device, dcn_memory *memory);
dcn_status dcn_cu_bind(dcn_device *device, const dcn_slice *slice, dcn_memory *memory, const char *name,
                       dcn_binding *binding);

/* ---- queues and work (cu_queue.c, cu_transfer.c) ------------------------------------------------ */

struct dcn_native_queue {
    CUstream stream;
    bool owned; /* made here, not the application's */
    bool timing;
};

dcn_status dcn_cu_queue_create(dcn_device *device, unsigned flags, dcn_native_queue **queue);
dcn_status dcn_cu_queue_adopt(dcn_device *device, CUstream stream, dcn_native_queue **queue);
void dcn_cu_queue_destroy(dcn_device *device, dcn_native_queue *queue);
dcn_status dcn_cu_queue_flush(dcn_device *device, dcn_native_queue *queue);
dcn_status dcn_cu_queue_finish(dcn_device *device, dcn_native_queue *queue);
dcn_status dcn_cu_submit(dcn_device *device, dcn_native_queue *queue, const dcn_launch *launches, size_t count,
                         const dcn_native_sync *sync);

/* Around what one piece of work queues: enters the device and waits for what `sync` wants waited for; then, with the
 * status of the work itself, marks the signal and leaves. A begin that fails needs no end. */
dcn_status dcn_cu_work_begin(const dcn_device *device, const dcn_native_queue *queue, const dcn_native_sync *sync);
dcn_status dcn_cu_work_end(const dcn_native_queue *queue, const dcn_native_sync *sync, dcn_status status);

dcn_status dcn_cu_write(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                        uint64_t bytes, const void *source, const dcn_native_sync *sync);
dcn_status dcn_cu_read(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       void *target, const dcn_native_sync *sync);
dcn_status dcn_cu_copy(dcn_device *device, dcn_native_queue *queue, dcn_memory *target, uint64_t target_offset,
                       dcn_memory *source, uint64_t source_offset, uint64_t bytes, const dcn_native_sync *sync);
dcn_status dcn_cu_fill(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       uint8_t value, const dcn_native_sync *sync);

/* ---- events (cu_event.c) ------------------------------------------------------------------------ */

/* Marks one piece of work. Both native events are made with it, so that marking allocates nothing. */
struct dcn_native_event {
    CUevent begin; /* recorded before the work on a queue with times */
    CUevent end;   /* recorded behind it */
    bool marked;   /* `end` was recorded; until then the event is complete */
    bool timed;    /* `begin` was recorded for the same work */

    /* Instead of all that, an application's own wait list. */
    const CUevent *borrowed;
    uint32_t borrowed_count;
};

dcn_status dcn_cu_event_create(dcn_device *device, dcn_native_event **event);
void dcn_cu_event_destroy(dcn_device *device, dcn_native_event *event);
dcn_status dcn_cu_event_wait(dcn_device *device, dcn_native_event *event);
dcn_status dcn_cu_event_query(dcn_device *device, dcn_native_event *event, int *complete);
dcn_status dcn_cu_event_elapsed(dcn_device *device, dcn_native_event *first, dcn_native_event *last,
                                double *microseconds);

#endif
