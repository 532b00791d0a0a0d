/* What the CUDA backend refuses, and that the detail says why. */
#include <string.h>

#include "cuda/cu_nvrtc.h"
#include "fixture.h"
#include "objects.h"

/* ---- devices -------------------------------------------------------------------------------------------- */

static void expect_no_device(const char *in_detail)
{
    dcn_context *context = NULL;
    expect_refused(dcn_context_create("cuda:0", NULL, &context), DCN_ERROR_NO_DEVICE, in_detail);
    assert_null(context);
}

static void test_no_device(void **state)
{
    (void)state;
    dcn_device_list *list = NULL;
    dcn_backend_info info = {.struct_size = sizeof info};
    /* The name is looked up twice: among the backend's devices, then for the message. */
    fail_after(&driver->calls, "cuInit", 0, DCN_CU_ERROR_STUB_LIBRARY);
    expect_success(dcn_device_list_create(&list));
    disarm(&driver->calls);
    expect_success(dcn_device_list_backend(list, 1, &info));
    assert_string_equal(info.name, "cuda");
    assert_string_equal(info.library, "libcuda.so.1");
    assert_string_equal(info.reason, "libcuda.so.1 finds no device: cuInit gives CUDA_ERROR_STUB_LIBRARY (34)");
    dcn_device_list_destroy(list);
    atomic_store(&driver->devices, 0);
    expect_no_device("\"cuda:0\"|libcuda.so.1 finds no device");
    atomic_store(&driver->devices, FAKE_DEVICES);
}

static void test_no_such_device(void **state)
{
    (void)state;
    dcn_context *context = NULL;
    dcn_device *device = NULL;
    /* Both devices have "10" in their titles: a number is an index and nothing else. */
    const char *const names[] = {"cuda:2", "cuda:10", "cuda:99999999999"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect_refused(dcn_context_create(names[i], NULL, &context), DCN_ERROR_NO_DEVICE, "cuda:0 (Fake 100|cuda:1");
        expect_detail(names[i]);
    }
    expect_refused(dcn_backend_cuda.open("2", NULL, &device), DCN_ERROR_NO_DEVICE, "CUDA device 2 of 2");
    expect_refused(dcn_backend_cuda.open("-1", NULL, &device), DCN_ERROR_NO_DEVICE, "CUDA device -1 of 2");
    expect_refused(dcn_backend_cuda.open("0.0", NULL, &device), DCN_ERROR_NO_DEVICE, "0.0");
    assert_true(!context && !device);
    expect_success(dcn_context_create("cuda:fake 101", NULL, &context));
    assert_int_equal(dcn_cuda_device(context), 1);
    dcn_context_destroy(context);
}

static void expect_unusable(const char *in_detail)
{
    dcn_context *context = NULL;
    expect_refused(dcn_context_create("cuda:0", NULL, &context), DCN_ERROR_UNSUPPORTED, in_detail);
    CUcontext own = driver->context_create(0);
    expect_refused(dcn_cuda_context_adopt(own, &context), DCN_ERROR_UNSUPPORTED, in_detail);
    driver->context_destroy(own);
    assert_null(context);
    assert_int_equal(live(FAKE_ALL), 0);
}

static void test_unusable(void **state)
{
    (void)state;
    atomic_store(&driver->version, 10020);
    expect_unusable("cuda:0 (Fake 100)|CUDA 10.2, but 11.0 is needed");
    atomic_store(&driver->version, 13000);
    atomic_store(&driver->compute_mode, DCN_CU_COMPUTEMODE_PROHIBITED);
    expect_unusable("compute mode");
    atomic_store(&driver->compute_mode, 0);
}

/* ---- memory --------------------------------------------------------------------------------------------- */

static void refuse(setting *given, dcn_slice slice, dcn_status wanted, const char *in_detail)
{
    dcn_slice tensors[TENSORS];
    memcpy(tensors, given->tensors, sizeof tensors);
    tensors[1] = slice;
    clear_steps();
    expect_refused(dcn_execute(given->plan, given->queue, tensors, TENSORS, NULL), wanted, in_detail);
    expect_detail("offset_mask");
    expect_steps("");
    assert_ptr_equal(driver->current(), given->application);
}

static void test_memory(void **state)
{
    setting *given = *state;
    static char host[8192] __attribute__((aligned(256)));
    const uint64_t bytes = tensor_bytes[1]; /* 6720, in a buffer of 6784 */
    const uint64_t start = dcn_cuda_memory(given->buffers[1]);
    const uint64_t end = UINT64_MAX - 15;
    refuse(given, dcn_cuda_slice(0, 0, bytes), DCN_ERROR_INVALID_ARGUMENT, "NULL");
    refuse(given, dcn_cuda_slice((uintptr_t)host, 0, bytes), DCN_ERROR_INVALID_ARGUMENT, "is no device pointer");
    refuse(given, dcn_cuda_slice(start, 0, bytes - 1), DCN_ERROR_BUFFER_TOO_SMALL, "6719|6720");
    refuse(given, dcn_cuda_slice(start, 68, bytes), DCN_ERROR_BUFFER_TOO_SMALL, "6784 bytes|68|6720");
    refuse(given, dcn_cuda_slice(start + 64, 4, bytes), DCN_ERROR_BUFFER_TOO_SMALL, "6720 bytes|offset 4|6720");
    refuse(given, dcn_cuda_slice(start, 2, bytes), DCN_ERROR_MISALIGNED, "4 bytes");
    refuse(given, dcn_cuda_slice(start + 2, 0, bytes), DCN_ERROR_MISALIGNED, "4 bytes");
    refuse(given, dcn_cuda_slice(start, UINT64_MAX - 3, bytes), DCN_ERROR_INVALID_ARGUMENT, "end of memory");
    refuse(given, dcn_cuda_slice(end, 0, bytes), DCN_ERROR_INVALID_ARGUMENT, "end of memory");
    refuse(given, dcn_slice_host(host, bytes), DCN_ERROR_WRONG_CONTEXT, "host memory|cuda:0");
    const dcn_slice opencl = {DCN_MEMORY_OPENCL, host, 0, bytes};
    refuse(given, opencl, DCN_ERROR_WRONG_CONTEXT, "OpenCL memory|cuda:0");
    const dcn_slice none = {DCN_MEMORY_NONE, NULL, 0, 0};
    refuse(given, none, DCN_ERROR_INVALID_ARGUMENT, "DCN_MEMORY_NONE");
}

static void test_memory_of_others(void **state)
{
    setting *given = *state;
    static char memory[8192] __attribute__((aligned(256)));
    const CUdeviceptr start = (CUdeviceptr)(uintptr_t)memory;
    const struct {
        fake_region region;
        dcn_status status;
        const char *in_detail;
    } rows[] = {
        {{start, sizeof memory, DCN_CU_MEMORYTYPE_DEVICE, false, 1, NULL, start},
         DCN_ERROR_WRONG_CONTEXT,
         "memory of CUDA device 1|device 0"},
        {{start, sizeof memory, DCN_CU_MEMORYTYPE_DEVICE, false, 0, given->application, start},
         DCN_ERROR_WRONG_CONTEXT,
         "another CUcontext"},
        {{start, sizeof memory, DCN_CU_MEMORYTYPE_HOST, false, 0, NULL, 0},
         DCN_ERROR_INVALID_ARGUMENT,
         "cannot address"},
        {{start, 6000, DCN_CU_MEMORYTYPE_HOST, false, 0, NULL, start}, DCN_ERROR_BUFFER_TOO_SMALL, "6000|6720"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        driver->region_set(&rows[i].region);
        refuse(given, dcn_cuda_slice(start, 0, tensor_bytes[1]), rows[i].status, rows[i].in_detail);
    }
    driver->region_set(NULL);
}

static void test_out_of_memory(void **state)
{
    setting *given = *state;
    dcn_buffer *buffer = NULL;
    fail_after(&driver->calls, "cuMemAlloc", 0, DCN_CU_ERROR_OUT_OF_MEMORY);
    expect_refused(dcn_buffer_create(given->context, 123456, &buffer), DCN_ERROR_OUT_OF_MEMORY,
                   "123456 bytes|cuMemAlloc|CUDA_ERROR_OUT_OF_MEMORY (2)");
    disarm(&driver->calls);
    expect_refused(dcn_buffer_create(given->context, (UINT64_C(1) << 36) + 1, &buffer), DCN_ERROR_OUT_OF_MEMORY,
                   "68719476737|largest buffer is 68719476736");
    assert_null(buffer);
}

/* ---- objects of the application ------------------------------------------------------------------------- */

static void test_adoptions(void **state)
{
    setting *given = *state;
    dcn_context *context = NULL;
    dcn_context *cpu = NULL;
    dcn_queue *queue = NULL;
    CUstream stream = NULL;
    expect_refused(dcn_cuda_context_adopt(NULL, &context), DCN_ERROR_INVALID_ARGUMENT, "cu_context|NULL");
    expect_refused(dcn_cuda_context_adopt(given->application, NULL), DCN_ERROR_INVALID_ARGUMENT, "context|NULL");
    expect_refused(dcn_cuda_queue_adopt(NULL, NULL, &queue), DCN_ERROR_INVALID_ARGUMENT, "context|NULL");
    expect_refused(dcn_cuda_queue_adopt(given->context, NULL, NULL), DCN_ERROR_INVALID_ARGUMENT, "queue|NULL");
    assert_int_equal(dcn_cu.cuStreamCreate(&stream, DCN_CU_STREAM_NON_BLOCKING), DCN_CU_SUCCESS);
    expect_refused(dcn_cuda_queue_adopt(given->context, stream, &queue), DCN_ERROR_WRONG_CONTEXT,
                   "dcn_cuda_queue_adopt|cu_stream|another CUcontext");
    assert_int_equal(dcn_cu.cuStreamDestroy(stream), DCN_CU_SUCCESS);
    expect_success(dcn_context_create("cpu", NULL, &cpu));
    expect_refused(dcn_cuda_queue_adopt(cpu, NULL, &queue), DCN_ERROR_WRONG_CONTEXT, "\"cpu\"");
    dcn_context_destroy(cpu);
    assert_true(!context && !queue);
}

static void test_executions(void **state)
{
    setting *given = *state;
    const CUevent nothing[] = {NULL};
    CUevent foreign = NULL;
#define REFUSED(plan, queue, count, list, event, wanted, text)                                                         \
    expect_refused(dcn_cuda_execute(plan, queue, given->tensors, TENSORS, count, list, event), wanted, text)
    REFUSED(NULL, given->queue, 0, NULL, NULL, DCN_ERROR_INVALID_ARGUMENT, "plan");
    REFUSED(given->plan, NULL, 0, NULL, NULL, DCN_ERROR_INVALID_ARGUMENT, "queue");
    REFUSED(given->plan, given->queue, 2, NULL, NULL, DCN_ERROR_INVALID_ARGUMENT, "wait_list|2");
    REFUSED(given->plan, given->queue, 1, nothing, NULL, DCN_ERROR_INVALID_ARGUMENT, "wait_list[0]");
    assert_int_equal(dcn_cu.cuEventCreate(&foreign, DCN_CU_EVENT_DEFAULT), DCN_CU_SUCCESS);
    REFUSED(given->plan, given->queue, 0, NULL, foreign, DCN_ERROR_INVALID_ARGUMENT,
            "cuEventRecord|CUDA_ERROR_INVALID_HANDLE (400)");
    assert_int_equal(dcn_cu.cuEventDestroy(foreign), DCN_CU_SUCCESS);
#undef REFUSED
}

/* ---- programs and launches ------------------------------------------------------------------------------ */

static void refuse_kernel(const setting *given, const dcn_kernel_key *key, dcn_status wanted, const char *in_detail)
{
    dcn_kernel *kernel = NULL;
    expect_refused(dcn_backend_cuda.kernel_create(given->context->device, key, &kernel), wanted, in_detail);
    assert_null(kernel);
    assert_ptr_equal(driver->current(), given->application);
}

static void test_programs(void **state)
{
    setting *given = *state;
    dcn_kernel_key key = {.program = "forward_wide", .entry = "dcn_forward_wide", .index_bits = 32, .lanes = 9};
    const long before = live(FAKE_ALL);
    const struct {
        unsigned code;
        dcn_status status;
        const char *in_detail;
    } rows[] = {
        {DCN_CU_ERROR_UNSUPPORTED_PTX_VERSION, DCN_ERROR_UNSUPPORTED,
         "CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)|the PTX is newer than this driver, which supports CUDA 13.0"},
        {DCN_CU_ERROR_NO_BINARY_FOR_GPU, DCN_ERROR_UNSUPPORTED, "CUDA_ERROR_NO_BINARY_FOR_GPU (209)|no code for sm_90"},
        {DCN_CU_ERROR_INVALID_PTX, DCN_ERROR_BUILD, "CUDA_ERROR_INVALID_PTX (218)"},
        {DCN_CU_ERROR_OUT_OF_MEMORY, DCN_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY (2)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fail_after(&driver->calls, "cuModuleLoadDataEx", 0, rows[i].code);
        refuse_kernel(given, &key, rows[i].status, rows[i].in_detail);
        disarm(&driver->calls);
        expect_detail("cuModuleLoadDataEx|forward_wide|cuda:0 (Fake 100)|fake linker: no good");
    }
    fail_after(&compiler->calls, "nvrtcCreateProgram", 0, DCN_NVRTC_ERROR_OUT_OF_MEMORY);
    refuse_kernel(given, &key, DCN_ERROR_OUT_OF_MEMORY, "nvrtcCreateProgram|NVRTC_ERROR_OUT_OF_MEMORY (1)");
    disarm(&compiler->calls);
    key.defines[0] = (dcn_define){FAKE_BROKEN, 1};
    key.define_count = 1;
    refuse_kernel(given, &key, DCN_ERROR_BUILD,
                  "NVRTC_ERROR_COMPILATION (6)|-DFAKE_BROKEN=1|forward_wide(7): error: broken");
    key.define_count = 0;
    key.program = "nothing";
    refuse_kernel(given, &key, DCN_ERROR_UNSUPPORTED, "no program \"nothing\"");
    assert_int_equal(live(FAKE_ALL), before);
    key.program = "forward_wide";
    key.entry = "nothing";
    refuse_kernel(given, &key, DCN_ERROR_DEVICE, "\"nothing\"|forward_wide|CUDA_ERROR_NOT_FOUND (500)");
}

static void test_shapes(void **state)
{
    setting *given = *state;
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_plan_options options = dcn_plan_options_default();
    dcn_plan *plan = NULL;
    options.path = "long";
    expect_refused(dcn_dcnv4_plan_create(given->context, &desc, &options, &plan), DCN_ERROR_UNSUPPORTED, "long");
    options.path = "avx2";
    expect_refused(dcn_dcnv4_plan_create(given->context, &desc, &options, &plan), DCN_ERROR_UNSUPPORTED, "avx2");
    assert_null(plan);
}

/* One more work-group than a grid can have; nothing of the same call is queued. */
static void test_too_many_groups(void **state)
{
    setting *given = *state;
    const dcn_kernel_key key = {.program = "forward_wide", .entry = "dcn_forward_wide", .index_bits = 32, .lanes = 1};
    dcn_device *device = given->context->device;
    const dcn_native_sync sync = {NULL, 0, given->events[0]->native};
    int params = 0;
    dcn_launch launches[2] = {{.params = &params, .params_size = sizeof params, .groups = 1, .local = 1}};
    expect_success(dcn_backend_cuda.kernel_create(device, &key, &launches[0].kernel));
    launches[1] = launches[0];
    launches[1].groups = UINT64_C(2147483648);
    expect_refused(dcn_backend_cuda.submit(device, given->queue->native, launches, 2, &sync), DCN_ERROR_UNSUPPORTED,
                   "2147483648|2147483647");
    expect_steps("");
    dcn_backend_cuda.kernel_destroy(device, launches[0].kernel);
}

/* A kernel that went astray shows in whatever is called next. */
static void test_sticky_error(void **state)
{
    setting *given = *state;
    fail_after(&driver->calls, "cuStreamSynchronize", 0, DCN_CU_ERROR_ILLEGAL_ADDRESS);
    expect_refused(dcn_queue_finish(given->queue), DCN_ERROR_DEVICE,
                   "cuStreamSynchronize|CUDA_ERROR_ILLEGAL_ADDRESS (700)");
    fail_after(&driver->calls, "cuLaunchKernel", 0, 12345);
    expect_refused(dcn_execute(given->plan, given->queue, given->tensors, TENSORS, NULL), DCN_ERROR_DEVICE,
                   "cuLaunchKernel|an unknown code (12345)|work-groups of");
    disarm(&driver->calls);
}

int main(void)
{
    if (open_driver() || open_compiler())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_device), cmocka_unit_test(test_no_such_device), cmocka_unit_test(test_unusable),
        WITH_SETTING(test_memory),        WITH_SETTING(test_memory_of_others),   WITH_SETTING(test_out_of_memory),
        WITH_SETTING(test_adoptions),     WITH_SETTING(test_executions),         WITH_SETTING(test_programs),
        WITH_SETTING(test_shapes),        WITH_SETTING(test_too_many_groups),    WITH_SETTING(test_sticky_error),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
