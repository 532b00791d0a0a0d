/* What reaches the driver: arguments of launches, programs, and an application's own objects. */
#include <stdio.h>
#include <string.h>

#include "dcn_params_host.h"
#include "fixture.h"
#include "objects.h"

static dcn_forward_params launched_params(void)
{
    dcn_forward_params params;
    memcpy(&params, driver->launch.params, sizeof params);
    return params;
}

static void execute(const setting *given, const dcn_slice tensors[TENSORS])
{
    expect_success(dcn_execute(given->plan, given->queue, tensors, TENSORS, NULL));
}

/* Addresses of value, offsets, masks, output, grid; the parameters by value; groups and work-group memory. */
static void test_launch(void **state)
{
    const setting *given = *state;
    const fake_launch *launch = &driver->launch;
    execute(given, given->tensors);
    const dcn_forward_params params = launched_params();
    assert_string_equal(launch->function, "dcn_forward_wide_fast");
    assert_int_equal(launch->addresses[0], dcn_cuda_memory(given->buffers[0]));
    assert_int_equal(launch->addresses[1], dcn_cuda_memory(given->buffers[1]));
    assert_int_equal(launch->addresses[2], dcn_cuda_memory(given->buffers[1]));
    assert_int_equal(launch->addresses[3], dcn_cuda_memory(given->buffers[2]));
    assert_int_not_equal(launch->addresses[4], 0);
    assert_int_equal(params.height, HEIGHT);
    assert_int_equal(params.width, WIDTH);
    assert_int_equal(params.channels, CHANNELS);
    assert_int_equal(params.mask_at, 18); /* offsets of 9 points come first */
    assert_int_equal(launch->grid[0], params.tiles_h * params.tiles_w * params.group_blocks);
    assert_int_equal(launch->block[0], params.tile_h * params.tile_w * params.tile_groups * params.lanes);
    assert_true(launch->grid[0] > 0 && launch->block[0] > 0 && launch->shared > 0);
    for (int i = 1; i < 3; i++)
        assert_true(launch->grid[i] == 1 && launch->block[i] == 1);
}

/* A slice's offset is in the address, none is left to the kernel; less alignment means the general kernel. */
static void test_offsets(void **state)
{
    const setting *given = *state;
    dcn_slice tensors[TENSORS];
    memcpy(tensors, given->tensors, sizeof tensors);
    tensors[0].offset = 16;
    tensors[2] = dcn_cuda_slice(dcn_cuda_memory(given->buffers[2]) + 16, 32, tensor_bytes[2]);
    execute(given, tensors);
    assert_string_equal(driver->launch.function, "dcn_forward_wide_fast");
    assert_int_equal(driver->launch.addresses[0], dcn_cuda_memory(given->buffers[0]) + 16);
    assert_int_equal(driver->launch.addresses[3], dcn_cuda_memory(given->buffers[2]) + 48);
    assert_true(launched_params().value_at == 0 && launched_params().output_at == 0);
    tensors[0].offset = 4;
    execute(given, tensors);
    assert_string_equal(driver->launch.function, "dcn_forward_wide");
    assert_int_equal(driver->launch.addresses[0], dcn_cuda_memory(given->buffers[0]) + 4);
}

/* Slices of one allocation overlap wherever the pointers come from. */
static void test_overlap(void **state)
{
    const setting *given = *state;
    dcn_slice tensors[TENSORS];
    memcpy(tensors, given->tensors, sizeof tensors);
    tensors[2] = dcn_cuda_slice(dcn_cuda_memory(given->buffers[0]) + 64, 0, tensor_bytes[2]);
    expect_refused(dcn_execute(given->plan, given->queue, tensors, TENSORS, NULL), DCN_ERROR_INVALID_ARGUMENT,
                   "output|overlaps|value");
    expect_steps("");
}

/* Options as promised, and code for the device's own architecture; without it, PTX of the newest that is known. */
static void test_programs(void **state)
{
    setting *given = *state;
    const dcn_kernel_key key = {.program = "forward_wide",
                                .entry = "dcn_forward_wide",
                                .storage = DCN_BFLOAT16,
                                .index_bits = 64,
                                .lanes = 1,
                                .defines = {{"DCN_ONE", 1}, {"DCN_LESS", -2}},
                                .define_count = 2};
    const char options[] = "--fmad=false\n--std=c++17\n-default-device\n-DDCN_STORAGE=2\n-DDCN_INDEX_BITS=64\n"
                           "-DDCN_LANES=1\n-DDCN_ONE=1\n-DDCN_LESS=-2\n";
    const struct {
        int capability;
        const char *code;
        const char *features;
    } rows[] = {
        {90, "cubin\nforward_wide\n--gpu-architecture=sm_90\n", "sm_90 nvrtc-13.0"},
        {75, "cubin\nforward_wide\n--gpu-architecture=sm_75\n", "sm_75 nvrtc-13.0"},
        {86, "ptx\nforward_wide\n--gpu-architecture=compute_80\n", "sm_86 nvrtc-13.0"},
        {120, "ptx\nforward_wide\n--gpu-architecture=compute_90\n", "sm_120 nvrtc-13.0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dcn_device *device = NULL;
        dcn_kernel *kernel = NULL;
        dcn_device_info info;
        char wanted[512];
        atomic_store(&driver->capability, rows[i].capability);
        expect_success(dcn_backend_cuda.open("1", NULL, &device));
        atomic_store(&driver->capability, 90);
        expect_success(dcn_backend_cuda.kernel_create(device, &key, &kernel));
        snprintf(wanted, sizeof wanted, "%s%s", rows[i].code, options);
        assert_string_equal(driver->image, wanted);
        dcn_backend_cuda.describe(device, &info);
        assert_string_equal(info.features, rows[i].features);
        dcn_backend_cuda.kernel_destroy(device, kernel);
        dcn_backend_cuda.close(device);
    }
    assert_ptr_equal(driver->current(), given->application);
}

/* A program is compiled once for its key; a clone, and another kernel of it, take what is there. */
static void test_programs_are_kept(void **state)
{
    setting *given = *state;
    const long before = atomic_load(&compiler->compiled);
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plans[2] = {NULL, NULL};
    expect_success(dcn_dcnv4_plan_create(given->context, &desc, NULL, &plans[0]));
    expect_success(dcn_plan_clone(given->plan, &plans[1]));
    assert_int_equal(atomic_load(&compiler->compiled), before);
    dcn_plan_destroy(plans[0]);
    dcn_plan_destroy(plans[1]);
}

static void test_description(void **state)
{
    setting *given = *state;
    dcn_device_info info = {.struct_size = sizeof info};
    dcn_device_limits limits;
    expect_success(dcn_context_device(given->context, &info));
    dcn_backend_cuda.limits(given->context->device, &limits);
    assert_string_equal(info.name, "cuda:0");
    assert_string_equal(info.backend, "cuda");
    assert_string_equal(info.title, "Fake 100");
    assert_string_equal(info.platform, "NVIDIA CUDA");
    assert_string_equal(info.driver, "13.0");
    assert_string_equal(info.unusable, "");
    assert_int_equal(info.type, DCN_DEVICE_GPU);
    assert_int_equal(info.compute_units, 132);
    assert_true(info.global_memory == UINT64_C(1) << 36 && info.largest_buffer == info.global_memory);
    assert_int_equal(info.local_memory, 49152);
    assert_int_equal(limits.max_work_group, 1024);
    assert_int_equal(limits.vector_width, 0);
    assert_true(!limits.native);
}

/* An application's context on the second device, with a stream, memory and events of its own. */
static void test_adopted(void **state)
{
    (void)state;
    const dcn_dcnv4_desc desc = operator_desc();
    CUcontext own = driver->context_create(1);
    CUcontext popped = NULL;
    CUstream stream = NULL;
    CUevent events[2];
    CUdeviceptr memory[TENSORS];
    dcn_slice tensors[TENSORS];
    assert_int_equal(dcn_cu.cuCtxPushCurrent(own), DCN_CU_SUCCESS);
    assert_int_equal(dcn_cu.cuStreamCreate(&stream, DCN_CU_STREAM_NON_BLOCKING), DCN_CU_SUCCESS);
    for (int i = 0; i < 2; i++)
        assert_int_equal(dcn_cu.cuEventCreate(&events[i], DCN_CU_EVENT_DEFAULT), DCN_CU_SUCCESS);
    for (int i = 0; i < TENSORS; i++) {
        assert_int_equal(dcn_cu.cuMemAlloc(&memory[i], tensor_bytes[i]), DCN_CU_SUCCESS);
        tensors[i] = dcn_cuda_slice(memory[i], 0, tensor_bytes[i]);
    }
    assert_int_equal(dcn_cu.cuEventRecord(events[0], stream), DCN_CU_SUCCESS);
    assert_int_equal(dcn_cu.cuCtxPopCurrent(&popped), DCN_CU_SUCCESS);
    const long before = live(FAKE_ALL);

    dcn_context *context = NULL;
    dcn_queue *queues[2] = {NULL, NULL};
    dcn_plan *plan = NULL;
    expect_success(dcn_cuda_context_adopt(own, &context));
    expect_success(dcn_cuda_queue_adopt(context, stream, &queues[0]));
    expect_success(dcn_cuda_queue_adopt(context, NULL, &queues[1]));
    expect_success(dcn_dcnv4_plan_create(context, &desc, NULL, &plan));
    assert_int_equal(live(FAKE_PRIMARY), 1); /* the setting's own */
    assert_ptr_equal(dcn_cuda_context(context), own);
    assert_int_equal(dcn_cuda_device(context), 1);
    clear_steps();
    expect_success(dcn_cuda_execute(plan, queues[0], tensors, TENSORS, 1, events, events[1]));
    expect_success(dcn_cuda_execute(plan, queues[1], tensors, TENSORS, 0, NULL, NULL));
    expect_steps("cuStreamWaitEvent|cuLaunchKernel|cuEventRecord|cuLaunchKernel");
    assert_ptr_equal(driver->steps[0].object, events[0]);
    assert_ptr_equal(driver->steps[2].object, events[1]);
    assert_ptr_equal(driver->steps[1].stream, stream);
    assert_null(driver->steps[3].stream);
    assert_int_equal(driver->launch.addresses[0], memory[0]);
    dcn_plan_destroy(plan);
    dcn_queue_destroy(queues[0]);
    dcn_queue_destroy(queues[1]);
    dcn_context_destroy(context);
    assert_int_equal(live(FAKE_ALL), before); /* the application's are all still there */

    assert_int_equal(dcn_cu.cuCtxPushCurrent(own), DCN_CU_SUCCESS);
    assert_int_equal(dcn_cu.cuStreamDestroy(stream), DCN_CU_SUCCESS);
    for (int i = 0; i < 2; i++)
        assert_int_equal(dcn_cu.cuEventDestroy(events[i]), DCN_CU_SUCCESS);
    for (int i = 0; i < TENSORS; i++)
        assert_int_equal(dcn_cu.cuMemFree(memory[i]), DCN_CU_SUCCESS);
    assert_int_equal(dcn_cu.cuCtxPopCurrent(&popped), DCN_CU_SUCCESS);
    driver->context_destroy(own);
}

/* Memory that the device can address, though it did not come from an allocation in this context. */
static void test_memory_of_others(void **state)
{
    const setting *given = *state;
    static char host[4096] __attribute__((aligned(256)));
    const CUdeviceptr start = (CUdeviceptr)(uintptr_t)host;
    const struct {
        fake_region region;
        CUdeviceptr address; /* what the kernel must get for `start` */
    } rows[] = {
        {{start, sizeof host, DCN_CU_MEMORYTYPE_DEVICE, false, 0, NULL, start}, start}, /* of a pool */
        {{start, sizeof host, DCN_CU_MEMORYTYPE_HOST, false, 1, NULL, start}, start},   /* page-locked */
        {{start, sizeof host, DCN_CU_MEMORYTYPE_HOST, false, 0, NULL, start + (1u << 20)}, start + (1u << 20)},
        {{start, sizeof host, DCN_CU_MEMORYTYPE_DEVICE, true, 1, NULL, start}, start}, /* managed */
        {{start, sizeof host, DCN_CU_MEMORYTYPE_UNIFIED, true, 0, NULL, 0}, start},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dcn_slice tensors[TENSORS];
        memcpy(tensors, given->tensors, sizeof tensors);
        tensors[0] = dcn_cuda_slice(start, 64, tensor_bytes[0]);
        driver->region_set(&rows[i].region);
        execute(given, tensors);
        assert_int_equal(driver->launch.addresses[0], rows[i].address + 64);
    }
    driver->region_set(NULL);
}

static void test_native_handles(void **state)
{
    const setting *given = *state;
    dcn_context *cpu = NULL;
    dcn_queue *cpu_queue = NULL;
    assert_non_null(dcn_cuda_context(given->context));
    assert_int_equal(dcn_cuda_device(given->context), 0);
    assert_non_null(dcn_cuda_stream(given->queue));
    assert_int_not_equal(dcn_cuda_memory(given->buffers[0]), 0);
    assert_non_null(dcn_cuda_event(given->events[0])); /* also before it is marked */
    expect_success(dcn_context_create("cpu", NULL, &cpu));
    expect_success(dcn_queue_create(cpu, DCN_QUEUE_DEFAULT, &cpu_queue));
    assert_null(dcn_cuda_context(cpu));
    assert_int_equal(dcn_cuda_device(cpu), -1);
    assert_null(dcn_cuda_stream(cpu_queue));
    dcn_queue_destroy(cpu_queue);
    dcn_context_destroy(cpu);
    assert_null(dcn_cuda_context(NULL));
    assert_int_equal(dcn_cuda_device(NULL), -1);
    assert_null(dcn_cuda_stream(NULL));
    assert_int_equal(dcn_cuda_memory(NULL), 0);
    assert_null(dcn_cuda_event(NULL));
}

/* A kernel's own limit shapes its launch. */
static void test_work_group_limit(void **state)
{
    setting *given = *state;
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plan = NULL;
    atomic_store(&driver->work_group, 32);
    const dcn_status status = dcn_dcnv4_plan_create(given->context, &desc, NULL, &plan);
    atomic_store(&driver->work_group, 1024);
    expect_success(status);
    expect_success(dcn_execute(plan, given->queue, given->tensors, TENSORS, NULL));
    assert_true(driver->launch.block[0] <= 32);
    dcn_plan_destroy(plan);
}

int main(void)
{
    if (open_driver() || open_compiler())
        return 1;
    const struct CMUnitTest tests[] = {
        WITH_SETTING(test_launch),           WITH_SETTING(test_offsets),     WITH_SETTING(test_overlap),
        WITH_SETTING(test_programs),         WITH_SETTING(test_adopted),     WITH_SETTING(test_programs_are_kept),
        WITH_SETTING(test_memory_of_others), WITH_SETTING(test_description), WITH_SETTING(test_native_handles),
        WITH_SETTING(test_work_group_limit),
    };
    return cmocka_run_group_tests_name("interop", tests, NULL, NULL);
}
