/*
 * A CUDA driver and an NVRTC for tests, without any device behind them: device memory is host memory, work is done or
 * noted down at once, and a module is what it was loaded from. They are shared libraries with the real ones' names, so
 * the library under test opens them as it would the real ones.
 *
 * They refuse what the real ones refuse, as far as the backend could get it wrong: a call without a current context,
 * an object of another context, a call that a stream under capture does not allow. They count what is alive, and let a
 * call fail on demand.
 */
#ifndef DCN_TEST_FAKE_H
#define DCN_TEST_FAKE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cuda/cu_api.h"
#include "cuda/cu_nvrtc.h"

#define FAKE_API __attribute__((visibility("default")))

/* ---- counting and failing, alike in both libraries ------------------------------------------------------ */

typedef struct fake_calls {
    atomic_long countdown;      /* calls until the failure; below 0 when none is wanted */
    atomic_uint code;           /* which then is given */
    const char *_Atomic only;   /* NULL, or the one function whose calls count */
    const char *_Atomic failed; /* the function that failed; NULL: none yet */
} fake_calls;

/* Counts a call of a function and says whether it is the one to fail. */
bool fake_fails(fake_calls *calls, const char *function);

/* ---- the driver ----------------------------------------------------------------------------------------- */

/* What is counted while it is alive. */
#define FAKE_KINDS(X)                                                                                                  \
    X(PRIMARY, "retained primary contexts")                                                                            \
    X(PUSHED, "pushed contexts")                                                                                       \
    X(STREAM, "streams")                                                                                               \
    X(EVENT, "events")                                                                                                 \
    X(MODULE, "modules")                                                                                               \
    X(MEMORY, "allocations")
#define FAKE_KIND(name, text) FAKE_##name,
typedef enum fake_kind { FAKE_KINDS(FAKE_KIND) FAKE_ALL } fake_kind;

enum { FAKE_DEVICES = 2, FAKE_STEPS = 64, FAKE_TEXT = 4096, FAKE_ARGUMENTS = 5, FAKE_PARAMS = 512 };

/* One thing that was queued on a stream. */
typedef struct fake_step {
    const char *function;
    CUstream stream;
    const void *object; /* the event, or what was launched */
} fake_step;

/* The last launch. The block of parameters is the argument behind the five addresses of the forward kernels. */
typedef struct fake_launch {
    char function[64];
    unsigned grid[3], block[3], shared;
    CUdeviceptr addresses[FAKE_ARGUMENTS];
    unsigned char params[FAKE_PARAMS];
} fake_launch;

/* Memory that the driver did not allocate itself but knows of. */
typedef struct fake_region {
    CUdeviceptr start;
    size_t size;
    unsigned type; /* a CUmemorytype */
    bool managed;
    int ordinal;
    CUcontext context;
    CUdeviceptr address; /* where the device finds `start`; 0: nowhere */
} fake_region;

typedef struct fake_driver {
    fake_calls calls;

    /* What the driver says of itself, for tests to change. */
    atomic_int version;
    atomic_int devices;
    atomic_int capability; /* 10 * major + minor */
    atomic_int compute_mode;
    atomic_int work_group; /* of every kernel */
    atomic_bool capturing; /* every stream is: what would wait or allocate is refused, and noted as `broken` */
    atomic_bool pending;   /* no event is complete */
    size_t params_size;    /* bytes of the parameters that a launch copies */

    /* What was done. */
    atomic_long live[FAKE_ALL];
    const char *_Atomic broken; /* the function that was called on a stream under capture and must not be */
    fake_launch launch;
    atomic_size_t step_count;
    fake_step steps[FAKE_STEPS];
    char image[FAKE_TEXT]; /* the beginning of what the last module was loaded from */
    const void *image_at;

    /* The application's side. */
    CUcontext (*current)(void);
    CUcontext (*context_create)(int device);
    void (*context_destroy)(CUcontext context);
    void (*region_set)(const fake_region *region); /* one at a time; NULL: none */
} fake_driver;

FAKE_API fake_driver *fake_driver_state(void);

/* ---- NVRTC ---------------------------------------------------------------------------------------------- */

typedef struct fake_compiler {
    fake_calls calls;
    atomic_long programs; /* alive */
    atomic_long compiled; /* so far */
    atomic_int newest;    /* the newest architecture of three: 75, 80 and this */
    atomic_bool slow;     /* compiling takes as long as another thread needs to get in between */
} fake_compiler;

FAKE_API fake_compiler *fake_compiler_state(void);

/* A macro that the compiler stumbles over. */
#define FAKE_BROKEN "FAKE_BROKEN"

#endif
