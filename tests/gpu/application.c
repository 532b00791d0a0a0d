/*
 * An application's own CUDA objects on a real GPU: streams, pointers of every kind of memory, events, graphs, contexts;
 * what is refused, and what a refusal leaves behind. Skipped where there is no CUDA device. (tests/cuda has the same
 * against a driver that can be made to fail.)
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dcnv4/cuda.h>

#include "cuda/cu_api.h"
#include "operator_call.h"

typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

/* X(function, exported name, parameter types...): what the backend does not need of the driver, but applications do. */
#define DRIVER(X)                                                                                                      \
    X(cuCtxCreate, "cuCtxCreate_v2", CUcontext *, unsigned, CUdevice)                                                  \
    X(cuCtxDestroy, "cuCtxDestroy_v2", CUcontext)                                                                      \
    X(cuCtxGetCurrent, "cuCtxGetCurrent", CUcontext *)                                                                 \
    X(cuMemAllocManaged, "cuMemAllocManaged", CUdeviceptr *, size_t, unsigned)                                         \
    X(cuMemHostAlloc, "cuMemHostAlloc", void **, size_t, unsigned)                                                     \
    X(cuMemFreeHost, "cuMemFreeHost", void *)                                                                          \
    X(cuMemcpyHtoD, "cuMemcpyHtoD_v2", CUdeviceptr, const void *, size_t)                                              \
    X(cuMemcpyDtoH, "cuMemcpyDtoH_v2", void *, CUdeviceptr, size_t)                                                    \
    X(cuMemsetD8, "cuMemsetD8_v2", CUdeviceptr, unsigned char, size_t)                                                 \
    X(cuStreamBeginCapture, "cuStreamBeginCapture_v2", CUstream, unsigned)                                             \
    X(cuStreamEndCapture, "cuStreamEndCapture", CUstream, CUgraph *)                                                   \
    X(cuGraphInstantiate, "cuGraphInstantiateWithFlags", CUgraphExec *, CUgraph, unsigned long long)                   \
    X(cuGraphLaunch, "cuGraphLaunch", CUgraphExec, CUstream)                                                           \
    X(cuGraphExecDestroy, "cuGraphExecDestroy", CUgraphExec)                                                           \
    X(cuGraphDestroy, "cuGraphDestroy", CUgraph)

#define POINTER(name, symbol, ...) static dcn_cu_result(DCN_CU_CALL *name)(__VA_ARGS__);
DRIVER(POINTER)

#define EXPECT(call) assert_int_equal((call), DCN_CU_SUCCESS)

enum { MEMORY_ATTACH_GLOBAL = 1, HOST_ALLOC_DEVICEMAP = 2, CAPTURE_RELAXED = 2, SPARE = 64, PATTERN = 0x5a };

static inputs in;
static float reference[VALUES];

/* The application: its context is current, and the library is given the rest. */
typedef struct application {
    CUdevice device;
    CUcontext own; /* current; of the same device, but not the library's */
    dcn_context *context;
    CUcontext primary; /* the library's */
    CUstream stream;   /* of it */
    dcn_queue *queue;  /* over the stream */
    dcn_plan *plan;
    CUdeviceptr memory[TENSORS];
    dcn_slice tensors[TENSORS];
} application;

static bool open_driver(void)
{
    if (dcn_cu_load())
        return false;
    void *library = dlopen(dcn_cu_library(), RTLD_NOW);
#define FIND(name, symbol, ...) *(void **)&name = dlsym(library, symbol);
    DRIVER(FIND)
#define MISSING(name, symbol, ...) || !name
    return library && !(false DRIVER(MISSING));
}

/* Runs driver calls in the library's context, as an application that uses the runtime API does. */
static void enter(const application *a)
{
    EXPECT(dcn_cu.cuCtxPushCurrent(a->primary));
}

static void leave(void)
{
    CUcontext popped = NULL;
    EXPECT(dcn_cu.cuCtxPopCurrent(&popped));
}

static void expect_own_current(const application *a)
{
    CUcontext current = NULL;
    EXPECT(cuCtxGetCurrent(&current));
    assert_ptr_equal(current, a->own);
}

static int make_application(void **state)
{
    application *a = calloc(1, sizeof *a);
    const dcn_dcnv4_desc desc = operator_desc();
    assert_non_null(a);
    *state = a;
    expect_success(dcn_context_create(test_device, NULL, &a->context));
    EXPECT(dcn_cu.cuDeviceGet(&a->device, dcn_cuda_device(a->context)));
    EXPECT(cuCtxCreate(&a->own, 0, a->device));
    a->primary = dcn_cuda_context(a->context);
    enter(a);
    EXPECT(dcn_cu.cuStreamCreate(&a->stream, DCN_CU_STREAM_NON_BLOCKING));
    for (int i = 0; i < TENSORS; i++) {
        EXPECT(dcn_cu.cuMemAlloc(&a->memory[i], tensor_bytes[i] + SPARE));
        EXPECT(cuMemsetD8(a->memory[i], PATTERN, tensor_bytes[i] + SPARE));
        a->tensors[i] = dcn_cuda_slice(a->memory[i], 0, tensor_bytes[i]);
    }
    EXPECT(cuMemcpyHtoD(a->memory[0], in.value, sizeof in.value));
    EXPECT(cuMemcpyHtoD(a->memory[1], in.offset_mask, sizeof in.offset_mask));
    leave();
    expect_success(dcn_cuda_queue_adopt(a->context, a->stream, &a->queue));
    expect_success(dcn_dcnv4_plan_create(a->context, &desc, NULL, &a->plan));
    expect_own_current(a);
    return 0;
}

static int end_application(void **state)
{
    application *a = *state;
    expect_own_current(a);
    dcn_plan_destroy(a->plan);
    dcn_queue_destroy(a->queue);
    enter(a);
    for (int i = 0; i < TENSORS; i++)
        EXPECT(dcn_cu.cuMemFree(a->memory[i]));
    EXPECT(dcn_cu.cuStreamDestroy(a->stream));
    leave();
    dcn_context_destroy(a->context);
    expect_own_current(a);
    EXPECT(cuCtxDestroy(a->own));
    free(a);
    return 0;
}

/* The output is right, and nothing behind it was written. */
static void expect_output(const application *a, CUdeviceptr from)
{
    float output[VALUES];
    unsigned char behind[SPARE];
    enter(a);
    EXPECT(dcn_cu.cuStreamSynchronize(a->stream));
    EXPECT(cuMemcpyDtoH(output, from, sizeof output));
    EXPECT(cuMemcpyDtoH(behind, from + sizeof output, sizeof behind));
    EXPECT(cuMemsetD8(from, PATTERN, sizeof output));
    leave();
    expect_agreement(output, reference);
    for (int i = 0; i < SPARE; i++)
        assert_int_equal(behind[i], PATTERN);
}

static void test_own_stream(void **state)
{
    application *a = *state;
    expect_success(dcn_execute(a->plan, a->queue, a->tensors, TENSORS, NULL));
    expect_own_current(a);
    expect_output(a, a->memory[2]);
}

/* The legacy default stream is NULL, as PyTorch hands it out. */
static void test_default_stream(void **state)
{
    application *a = *state;
    dcn_queue *queue = NULL;
    expect_success(dcn_cuda_queue_adopt(a->context, NULL, &queue));
    expect_success(dcn_execute(a->plan, queue, a->tensors, TENSORS, NULL));
    expect_success(dcn_queue_finish(queue));
    dcn_queue_destroy(queue);
    expect_output(a, a->memory[2]);
}

static void test_own_events(void **state)
{
    application *a = *state;
    CUevent events[2] = {NULL, NULL};
    enter(a);
    for (int i = 0; i < 2; i++)
        EXPECT(dcn_cu.cuEventCreate(&events[i], 0));
    leave();
    expect_success(dcn_cuda_execute(a->plan, a->queue, a->tensors, TENSORS, 0, NULL, events[0]));
    expect_success(dcn_cuda_execute(a->plan, a->queue, a->tensors, TENSORS, 1, &events[0], events[1]));
    enter(a);
    EXPECT(dcn_cu.cuEventSynchronize(events[1]));
    for (int i = 0; i < 2; i++)
        EXPECT(dcn_cu.cuEventDestroy(events[i]));
    leave();
    expect_output(a, a->memory[2]);
}

/* Page-locked host memory and managed memory are the device's too. */
static void test_kinds_of_memory(void **state)
{
    application *a = *state;
    void *pinned = NULL;
    CUdeviceptr managed = 0;
    dcn_slice tensors[TENSORS];
    memcpy(tensors, a->tensors, sizeof tensors);
    enter(a);
    EXPECT(cuMemHostAlloc(&pinned, sizeof in.value, HOST_ALLOC_DEVICEMAP));
    EXPECT(cuMemAllocManaged(&managed, sizeof in.offset_mask, MEMORY_ATTACH_GLOBAL));
    memcpy(pinned, in.value, sizeof in.value);
    memcpy((void *)(uintptr_t)managed, in.offset_mask, sizeof in.offset_mask);
    leave();
    tensors[0] = dcn_cuda_slice((uintptr_t)pinned, 0, sizeof in.value);
    tensors[1] = dcn_cuda_slice(managed, 0, sizeof in.offset_mask);
    expect_success(dcn_execute(a->plan, a->queue, tensors, TENSORS, NULL));
    expect_output(a, a->memory[2]);
    enter(a);
    EXPECT(cuMemFreeHost(pinned));
    EXPECT(dcn_cu.cuMemFree(managed));
    leave();
}

/* Captured once, replayed on other inputs. */
static void test_graph(void **state)
{
    application *a = *state;
    CUgraph graph = NULL;
    CUgraphExec executable = NULL;
    EXPECT(cuStreamBeginCapture(a->stream, CAPTURE_RELAXED));
    expect_success(dcn_execute(a->plan, a->queue, a->tensors, TENSORS, NULL));
    EXPECT(cuStreamEndCapture(a->stream, &graph));
    expect_own_current(a);
    enter(a);
    unsigned char first = 0;
    EXPECT(cuMemcpyDtoH(&first, a->memory[2], 1));
    assert_int_equal(first, PATTERN); /* captured, not run */
    EXPECT(cuGraphInstantiate(&executable, graph, 0));
    EXPECT(cuMemsetD8(a->memory[0], 0, sizeof in.value));
    EXPECT(cuGraphLaunch(executable, a->stream));
    EXPECT(dcn_cu.cuStreamSynchronize(a->stream));
    float zeros[VALUES];
    EXPECT(cuMemcpyDtoH(zeros, a->memory[2], sizeof zeros));
    for (int i = 0; i < VALUES; i++)
        assert_true(zeros[i] == 0.0f);
    EXPECT(cuMemcpyHtoD(a->memory[0], in.value, sizeof in.value));
    EXPECT(cuGraphLaunch(executable, a->stream));
    leave();
    expect_output(a, a->memory[2]);
    enter(a);
    EXPECT(cuGraphExecDestroy(executable));
    EXPECT(cuGraphDestroy(graph));
    leave();
}

/* A plan computes what it should on host memory. */
static void expect_right_on_host(dcn_plan *plan)
{
    float output[VALUES];
    const dcn_slice tensors[TENSORS] = {dcn_slice_host(in.value, tensor_bytes[0]),
                                        dcn_slice_host(in.offset_mask, tensor_bytes[1]),
                                        dcn_slice_host(output, tensor_bytes[2])};
    expect_success(dcn_execute_host(plan, tensors, TENSORS));
    expect_agreement(output, reference);
}

/* A context of the application's own, not the primary one. */
static void test_own_context(void **state)
{
    application *a = *state;
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_context *context = NULL;
    dcn_plan *plan = NULL;
    expect_success(dcn_cuda_context_adopt(a->own, &context));
    assert_ptr_equal(dcn_cuda_context(context), a->own);
    expect_success(dcn_dcnv4_plan_create(context, &desc, NULL, &plan));
    expect_right_on_host(plan);
    dcn_plan_destroy(plan);
    dcn_context_destroy(context);
}

static void refuse(const application *a, int index, dcn_slice slice, dcn_status wanted, const char *in_detail)
{
    dcn_slice tensors[TENSORS];
    memcpy(tensors, a->tensors, sizeof tensors);
    tensors[index] = slice;
    expect_refused(dcn_execute(a->plan, a->queue, tensors, TENSORS, NULL), wanted, in_detail);
    expect_own_current(a);
}

/* Each is refused before anything is queued, and the next execute works. */
static void test_refused_memory(void **state)
{
    application *a = *state;
    CUdeviceptr foreign = 0;
    EXPECT(dcn_cu.cuMemAlloc(&foreign, tensor_bytes[0])); /* of the application's own context */
    refuse(a, 0, dcn_cuda_slice((uintptr_t)in.value, 0, tensor_bytes[0]), DCN_ERROR_INVALID_ARGUMENT,
           "value|no device pointer");
    refuse(a, 0, dcn_slice_host(in.value, tensor_bytes[0]), DCN_ERROR_WRONG_CONTEXT, "value");
    refuse(a, 0, dcn_cuda_slice(foreign, 0, tensor_bytes[0]), DCN_ERROR_WRONG_CONTEXT, "value|CUcontext");
    refuse(a, 2, dcn_cuda_slice(a->memory[2], 4096, tensor_bytes[2]), DCN_ERROR_BUFFER_TOO_SMALL, "output|4096");
    EXPECT(dcn_cu.cuMemFree(foreign));
    expect_success(dcn_execute(a->plan, a->queue, a->tensors, TENSORS, NULL));
    expect_output(a, a->memory[2]);
}

static void test_refused_stream(void **state)
{
    application *a = *state;
    CUstream foreign = NULL;
    dcn_queue *queue = NULL;
    EXPECT(dcn_cu.cuStreamCreate(&foreign, DCN_CU_STREAM_NON_BLOCKING));
    expect_refused(dcn_cuda_queue_adopt(a->context, foreign, &queue), DCN_ERROR_WRONG_CONTEXT, "cu_stream");
    assert_null(queue);
    EXPECT(dcn_cu.cuStreamDestroy(foreign));
}

static void test_refused_device(void **state)
{
    (void)state;
    dcn_context *context = NULL;
    expect_refused(dcn_context_create("cuda:99", NULL, &context), DCN_ERROR_NO_DEVICE, "cuda:99|cuda:0");
    assert_null(context);
}

/* Each device computes with its own memory, side by side, and refuses the other's. */
static void test_two_devices(void **state)
{
    application *a = *state;
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_context *other = NULL;
    dcn_plan *plan = NULL;
    dcn_queue *queue = NULL;
    if (dcn_context_create(a->device == 0 ? "cuda:1" : "cuda:0", NULL, &other) == DCN_ERROR_NO_DEVICE)
        skip();
    assert_non_null(other);
    assert_int_not_equal(dcn_cuda_device(other), dcn_cuda_device(a->context));
    expect_success(dcn_dcnv4_plan_create(other, &desc, NULL, &plan));
    expect_success(dcn_queue_create(other, 0, &queue));
    expect_success(dcn_execute(a->plan, a->queue, a->tensors, TENSORS, NULL));
    expect_right_on_host(plan);
    expect_refused(dcn_execute(plan, queue, a->tensors, TENSORS, NULL), DCN_ERROR_WRONG_CONTEXT,
                   "value|memory of CUDA device");
    expect_own_current(a);
    expect_output(a, a->memory[2]);
    dcn_queue_destroy(queue);
    dcn_plan_destroy(plan);
    dcn_context_destroy(other);
}

/* More than the device has: a clean failure, and the context goes on. */
static void test_out_of_memory(void **state)
{
    application *a = *state;
    dcn_device_info info = {.struct_size = sizeof info};
    dcn_buffer *buffers[2] = {NULL, NULL};
    expect_success(dcn_context_device(a->context, &info));
    expect_success(dcn_buffer_create(a->context, info.global_memory / 2, &buffers[0]));
    expect_refused(dcn_buffer_create(a->context, info.global_memory / 4 * 3, &buffers[1]), DCN_ERROR_OUT_OF_MEMORY,
                   "bytes|CUDA_ERROR_OUT_OF_MEMORY (2)");
    assert_null(buffers[1]);
    dcn_buffer_destroy(buffers[0]);
    expect_success(dcn_execute(a->plan, a->queue, a->tensors, TENSORS, NULL));
    expect_output(a, a->memory[2]);
}

int main(int argc, char **argv)
{
    const int chosen = choose_device(argc, argv, "cuda:0");
    if (chosen != 0)
        return chosen;
    if (!open_driver()) {
        printf("skipped: the driver lacks functions that this test needs\n");
        return 77;
    }
    fill_inputs(&in);
    reference_output(&in, reference);
#define WITH_APPLICATION(test) cmocka_unit_test_setup_teardown(test, make_application, end_application)
    const struct CMUnitTest tests[] = {
        WITH_APPLICATION(test_own_stream),     WITH_APPLICATION(test_default_stream),
        WITH_APPLICATION(test_own_events),     WITH_APPLICATION(test_kinds_of_memory),
        WITH_APPLICATION(test_graph),          WITH_APPLICATION(test_own_context),
        WITH_APPLICATION(test_refused_memory), WITH_APPLICATION(test_refused_stream),
        WITH_APPLICATION(test_refused_device), WITH_APPLICATION(test_two_devices),
        WITH_APPLICATION(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("application", tests, NULL, NULL);
}
