/* The backend's own structures, and what its files offer each other. */
#ifndef DCN_OPENCL_INTERNAL_H
#define DCN_OPENCL_INTERNAL_H

#include "backend.h"
#include "cl_api.h"
#include "platform.h"

/* ---- errors (cl_error.c) ---------------------------------------------------------------------- */

/* "CL_OUT_OF_RESOURCES" for -5; "an unknown code" for what OpenCL 1.2 does not have. */
const char *dcn_cl_error_name(int32_t code);

/* DCN_SUCCESS for CL_SUCCESS; otherwise the fitting status, with function, name and number of the code as detail. */
dcn_status dcn_cl_check(const char *function, int32_t code);

/* ---- devices (cl_describe.c, cl_device.c) ----------------------------------------------------- */

/* What a device says about itself. */
typedef struct dcn_cl_facts {
    dcn_device_info info;
    dcn_device_limits limits;
    uint32_t version;        /* OpenCL of platform and device, the lesser: 10 * major + minor */
    uint64_t base_alignment; /* bytes that memory made by the driver is aligned to */
    bool correct_divide;     /* takes -cl-fp32-correctly-rounded-divide-sqrt */
    bool register_limit;     /* takes -cl-nv-maxrregcount */
    bool out_of_order;       /* has out-of-order queues */
} dcn_cl_facts;

/* Asks the device; `index` becomes part of its name. Never fails: a driver that does not answer leaves a device that
 * info.unusable speaks of. */
void dcn_cl_describe(cl_platform_id platform, cl_device_id device, const char *index, dcn_cl_facts *facts);

typedef struct dcn_cl_program dcn_cl_program;

struct dcn_device {
    cl_device_id id;
    cl_context context;
    dcn_cl_facts facts;
    dcn_mutex *mutex;         /* guards `programs` */
    dcn_cl_program *programs; /* every one built so far; kept until the device is closed */
};

dcn_status dcn_cl_list(dcn_device_visitor visit, void *user, dcn_backend_info *info);
dcn_status dcn_cl_open(const char *index, const dcn_context_options *options, dcn_device **device);
void dcn_cl_close(dcn_device *device);

/* A device over the application's context, which is retained. */
dcn_status dcn_cl_adopt(cl_context context, cl_device_id id, dcn_device **device);

/* ---- programs and kernels (cl_program.c) ------------------------------------------------------- */

struct dcn_kernel {
    cl_kernel handle;
};

dcn_status dcn_cl_kernel_create(dcn_device *device, const dcn_kernel_key *key, dcn_kernel **kernel);
void dcn_cl_kernel_destroy(dcn_device *device, dcn_kernel *kernel);
dcn_status dcn_cl_kernel_work_group(dcn_device *device, dcn_kernel *kernel, uint32_t *work_items);

/* Ends every program of the device. */
void dcn_cl_programs_release(dcn_device *device);

/* ---- memory (cl_memory.c) ----------------------------------------------------------------------- */

struct dcn_memory {
    cl_mem handle;
};

dcn_status dcn_cl_memory_create(dcn_device *device, uint64_t bytes, dcn_memory **memory);
void dcn_cl_memory_destroy(dcn_device *device, dcn_memory *memory);
dcn_status dcn_cl_bind(dcn_device *device, const dcn_slice *slice, dcn_memory *memory, const char *name,
                       dcn_binding *binding);

/* ---- queues and work (cl_queue.c, cl_transfer.c) ------------------------------------------------ */

struct dcn_native_queue {
    cl_command_queue handle;
    bool out_of_order;
    bool timing;
};

dcn_status dcn_cl_queue_create(dcn_device *device, unsigned flags, dcn_native_queue **queue);
dcn_status dcn_cl_queue_adopt(dcn_device *device, cl_command_queue handle, dcn_native_queue **queue);
void dcn_cl_queue_destroy(dcn_device *device, dcn_native_queue *queue);
dcn_status dcn_cl_queue_flush(dcn_device *device, dcn_native_queue *queue);
dcn_status dcn_cl_queue_finish(dcn_device *device, dcn_native_queue *queue);
dcn_status dcn_cl_submit(dcn_device *device, dcn_native_queue *queue, const dcn_launch *launches, size_t count,
                         const dcn_native_sync *sync);

/* No work: what comes after waits all the same, and the signal is marked. */
dcn_status dcn_cl_submit_nothing(dcn_native_queue *queue, const dcn_native_sync *sync);

dcn_status dcn_cl_write(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset,
                        uint64_t bytes, const void *source, const dcn_native_sync *sync);
dcn_status dcn_cl_read(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       void *target, const dcn_native_sync *sync);
dcn_status dcn_cl_copy(dcn_device *device, dcn_native_queue *queue, dcn_memory *target, uint64_t target_offset,
                       dcn_memory *source, uint64_t source_offset, uint64_t bytes, const dcn_native_sync *sync);
dcn_status dcn_cl_fill(dcn_device *device, dcn_native_queue *queue, dcn_memory *memory, uint64_t offset, uint64_t bytes,
                       uint8_t value, const dcn_native_sync *sync);

/* ---- events (cl_event.c) ------------------------------------------------------------------------ */

/* Marks one piece of work. The zeroed structure is an event that was never marked. */
struct dcn_native_event {
    cl_event begin;         /* the work's first command; NULL when it is the last one too */
    cl_event end;           /* its last command; NULL: never marked, and so complete */
    cl_command_queue queue; /* where they are, retained: to be flushed by whoever waits */
    bool timed;             /* on a queue that records times */

    /* Instead of all that, an application's own wait list; not retained. */
    const cl_event *borrowed;
    uint32_t borrowed_count;
};

dcn_status dcn_cl_event_create(dcn_device *device, dcn_native_event **event);
void dcn_cl_event_destroy(dcn_device *device, dcn_native_event *event);
dcn_status dcn_cl_event_wait(dcn_device *device, dcn_native_event *event);
dcn_status dcn_cl_event_query(dcn_device *device, dcn_native_event *event, int *complete);
dcn_status dcn_cl_event_elapsed(dcn_device *device, dcn_native_event *first, dcn_native_event *last,
                                double *microseconds);

/* Replaces what the event marks; takes over both references. `begin` may be NULL. */
void dcn_cl_event_mark(dcn_native_event *event, const dcn_native_queue *queue, cl_event begin, cl_event end);

/* Lets go of what the event marks. */
void dcn_cl_event_clear(dcn_native_event *event);

/* A wait list as clEnqueue…() take it. */
typedef struct dcn_cl_wait {
    uint32_t count;
    const cl_event *events; /* NULL if there are none */
    cl_event room[DCN_WAIT_LIST_MAX];
} dcn_cl_wait;

/* The native events of a wait list, for a command on `queue`. */
dcn_status dcn_cl_wait_gather(const dcn_native_queue *queue, const dcn_native_sync *sync, dcn_cl_wait *wait);

#endif
