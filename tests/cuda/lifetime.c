/*
 * No CUDA object outlives its owner: whatever order things are destroyed in, and whichever call fails, of the driver or
 * of NVRTC. The application's context is current before and after every one.
 *
 * Every step below makes what it needs, works, and destroys it again. It runs once as it is, then once more for each
 * call that it makes, with that call failing: the step must end with a clean status whose detail names the function
 * and the native code, and with nothing left.
 */
#include <stdbool.h>
#include <string.h>

#include "cuda/cu_nvrtc.h"
#include "fixture.h"
#include "platform.h"
#include "steps.h"

/* Codes that nothing gives here, so that they can only be the ones asked for. */
#define DRIVER_CODE   DCN_CU_ERROR_NVLINK_UNCORRECTABLE
#define DRIVER_NAME   "CUDA_ERROR_NVLINK_UNCORRECTABLE (220)"
#define COMPILER_CODE DCN_NVRTC_ERROR_TIME_FILE_WRITE_FAILED
#define COMPILER_NAME "NVRTC_ERROR_TIME_FILE_WRITE_FAILED (12)"

/* ---- steps ---------------------------------------------------------------------------------------------- */

typedef dcn_status (*step)(setting *given);

static dcn_status open_and_describe(setting *given)
{
    (void)given;
    dcn_context *context = NULL;
    dcn_device_info info = {.struct_size = sizeof info};
    dcn_status status = dcn_context_create("cuda:1", NULL, &context);
    TRY(status, dcn_context_device(context, &info));
    dcn_context_destroy(context);
    return status;
}

static dcn_status adopt(setting *given)
{
    dcn_context *context = NULL;
    dcn_queue *queue = NULL;
    dcn_status status = dcn_cuda_context_adopt(dcn_cuda_context(given->context), &context);
    TRY(status, dcn_cuda_queue_adopt(context, dcn_cuda_stream(given->queue), &queue));
    dcn_context_destroy(context);
    dcn_queue_destroy(queue);
    return status;
}

/* In a context of its own, so that every program is built anew: machine code, then PTX. */
static dcn_status make_plans(setting *given)
{
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_status status = DCN_SUCCESS;
    for (int capability = 90; capability > 80; capability -= 4) {
        dcn_context *context = NULL;
        dcn_plan *plan = NULL;
        dcn_plan *clone = NULL;
        atomic_store(&driver->capability, capability);
        TRY(status, dcn_cuda_context_adopt(dcn_cuda_context(given->context), &context));
        atomic_store(&driver->capability, 90);
        TRY(status, dcn_dcnv4_plan_create(context, &desc, NULL, &plan));
        TRY(status, dcn_plan_clone(plan, &clone));
        dcn_plan_destroy(plan);
        dcn_plan_destroy(clone);
        dcn_context_destroy(context);
    }
    return status;
}

static dcn_status queues(setting *given)
{
    return make_queues(given->context);
}

static dcn_status transfers(setting *given)
{
    return transfer(given->context, given->timed, given->buffers[0]);
}

static dcn_status executes(setting *given)
{
    return execute_twice(given->plan, given->context, given->timed, given->queue, given->tensors);
}

static dcn_status execute_natively(setting *given)
{
    dcn_queue *queue = NULL;
    const CUevent events[2] = {dcn_cuda_event(given->events[0]), dcn_cuda_event(given->events[1])};
    dcn_slice tensors[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_cuda_slice(dcn_cuda_memory(given->buffers[i]), 0, tensor_bytes[i]);
    dcn_status status = dcn_cuda_queue_adopt(given->context, dcn_cuda_stream(given->queue), &queue);
    TRY(status, dcn_cuda_execute(given->plan, queue, tensors, TENSORS, 0, NULL, events[0]));
    TRY(status, dcn_cuda_execute(given->plan, queue, tensors, TENSORS, 1, events, events[1]));
    TRY(status, dcn_cuda_execute(given->plan, queue, tensors, TENSORS, 2, events, NULL));
    TRY(status, dcn_queue_finish(queue));
    dcn_queue_destroy(queue);
    return status;
}

static dcn_status execute_on_host_memory(setting *given)
{
    static inputs in;
    static float output[VALUES];
    const dcn_slice tensors[TENSORS] = {dcn_slice_host(in.value, tensor_bytes[0]),
                                        dcn_slice_host(in.offset_mask, tensor_bytes[1]),
                                        dcn_slice_host(output, tensor_bytes[2])};
    return dcn_execute_host(given->plan, tensors, TENSORS);
}

/* ---- each call failing in turn -------------------------------------------------------------------------- */

/* Functions whose failure the library may survive: what a device does not tell counts as absent, and it may be
 * another than the one that was asked for; a backend that fails to list its devices is asked again for the message. */
static bool may_be_survived(const char *function)
{
    static const char *const names[] = {
        "cuInit",          "cuDeviceGetCount",     "cuDriverGetVersion",        "cuDeviceTotalMem",      "cuDeviceGet",
        "cuDeviceGetName", "cuDeviceGetAttribute", "nvrtcGetNumSupportedArchs", "nvrtcGetSupportedArchs"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

/* A device that does not tell what is needed is left out, with a reason of its own. */
static bool has_own_reason(const char *function)
{
    static const char *const names[] = {"cuDriverGetVersion", "cuDeviceGetAttribute", "cuDeviceTotalMem",
                                        "nvrtcGetNumSupportedArchs", "nvrtcGetSupportedArchs"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

static void check_failure(const char *name, const char *function, dcn_status status, const char *code)
{
    if (status == DCN_SUCCESS) {
        if (!may_be_survived(function))
            fail_msg("%s: %s failed, but the step succeeded", name, function);
        return;
    }
    const char *detail = dcn_error_detail();
    if (!has_own_reason(function) && (!strstr(detail, function) || !strstr(detail, code)))
        fail_msg("%s: %s failed, but the detail is: %s", name, function, detail);
}

static void check_live(const char *name, const char *when, long wanted)
{
    if (live(FAKE_ALL) != wanted)
        fail_msg("%s, %s: %ld objects should be left, but there is %s", name, when, wanted, describe_live());
}

/* Where a context cannot be entered to end what is in it, the application has ended the context, and that with it: the
 * library counts it as gone. Here it is not, so it is counted anew. */
static bool is_left_behind(const char *function, dcn_status status)
{
    return status == DCN_SUCCESS && strcmp(function, "cuCtxPushCurrent") == 0;
}

static long fail_each(const char *name, step work, setting *given, fake_calls *calls, unsigned code, const char *text)
{
    long failures = 0;
    dcn_status status = DCN_SUCCESS;
    for (;; failures++) {
        const long before = live(FAKE_ALL);
        fail_after(calls, NULL, failures, code);
        status = work(given);
        const char *function = disarm(calls);
        if (!function)
            break;
        assert_ptr_equal(driver->current(), given->application);
        assert_int_equal(live(FAKE_PUSHED), 1);
        if (is_left_behind(function, status)) {
            left_behind += live(FAKE_ALL) - before;
            continue;
        }
        check_failure(name, function, status, text);
        check_live(name, function, before);
    }
    expect_success(status);
    return failures;
}

static void run_step(const char *name, step work, setting *given)
{
    const long before = live(FAKE_ALL);
    expect_success(work(given));
    check_live(name, "after success", before);
    assert_ptr_equal(driver->current(), given->application);
    const long of_driver = fail_each(name, work, given, &driver->calls, DRIVER_CODE, DRIVER_NAME);
    const long of_compiler = fail_each(name, work, given, &compiler->calls, COMPILER_CODE, COMPILER_NAME);
    print_message("%s: %ld calls of the driver and %ld of NVRTC failed in turn\n", name, of_driver, of_compiler);
    assert_true(of_driver > 0);
}

#define STEPS(X)                                                                                                       \
    X(open_and_describe)                                                                                               \
    X(adopt)                                                                                                           \
    X(make_plans)                                                                                                      \
    X(queues)                                                                                                          \
    X(transfers)                                                                                                       \
    X(executes)                                                                                                        \
    X(execute_natively)                                                                                                \
    X(execute_on_host_memory)

#define STEP_TEST(name)                                                                                                \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        run_step(#name, name, *state);                                                                                 \
    }
STEPS(STEP_TEST)

/* ---- orders of destruction ------------------------------------------------------------------------------ */

/* Objects that keep each other alive: each is once the first to go, forwards and backwards. */
enum { CONTEXT, PLAN, CLONE, QUEUE, EVENT, BUFFER, OBJECTS };

static void make_and_destroy(int first, int direction)
{
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_context *context = NULL;
    dcn_plan *plans[2] = {NULL, NULL};
    dcn_queue *queue = NULL;
    dcn_event *event = NULL;
    dcn_buffer *buffer = NULL;
    expect_success(dcn_context_create("cuda:0", NULL, &context));
    expect_success(dcn_dcnv4_plan_create(context, &desc, NULL, &plans[0]));
    expect_success(dcn_plan_clone(plans[0], &plans[1]));
    expect_success(dcn_queue_create(context, DCN_QUEUE_DEFAULT, &queue));
    expect_success(dcn_event_create(context, &event));
    expect_success(dcn_buffer_create(context, 64, &buffer));
    const dcn_sync sync = {NULL, 0, event};
    expect_success(dcn_buffer_fill(queue, buffer, 0, 64, 0, &sync));
    for (int i = 0; i < OBJECTS; i++)
        switch ((first + direction * i + OBJECTS) % OBJECTS) {
        case CONTEXT:
            dcn_context_destroy(context);
            break;
        case PLAN:
            dcn_plan_destroy(plans[0]);
            break;
        case CLONE:
            dcn_plan_destroy(plans[1]);
            break;
        case QUEUE:
            dcn_queue_destroy(queue);
            break;
        case EVENT:
            dcn_event_destroy(event);
            break;
        default:
            dcn_buffer_destroy(buffer);
        }
}

static void test_destruction_in_any_order(void **state)
{
    (void)state;
    for (int first = 0; first < OBJECTS; first++)
        for (int direction = 1; direction >= -1; direction -= 2) {
            make_and_destroy(first, direction);
            check_live("destruction", direction > 0 ? "forwards" : "backwards", 0);
        }
}

/* ---- programs are shared between threads ---------------------------------------------------------------- */

enum { THREADS = 8 };

typedef struct planner {
    dcn_context *context;
    dcn_status status;
} planner;

static void make_plan_in_thread(void *argument)
{
    planner *given = argument;
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plan = NULL;
    given->status = dcn_dcnv4_plan_create(given->context, &desc, NULL, &plan);
    dcn_plan_destroy(plan);
}

static void test_programs_are_built_once(void **state)
{
    (void)state;
    dcn_context *context = NULL;
    dcn_thread *threads[THREADS];
    planner planners[THREADS];
    expect_success(dcn_context_create("cuda:0", NULL, &context));
    const long compiled = atomic_load(&compiler->compiled);
    const long modules = live(FAKE_MODULE);
    atomic_store(&compiler->slow, true);
    for (int i = 0; i < THREADS; i++) {
        planners[i] = (planner){context, DCN_ERROR_DEVICE};
        threads[i] = dcn_thread_start(make_plan_in_thread, &planners[i]);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        dcn_thread_join(threads[i]);
        expect_success(planners[i].status);
    }
    atomic_store(&compiler->slow, false);
    /* One for the plan's own numbers, one for slices without the alignment that it needs. */
    assert_int_equal(atomic_load(&compiler->compiled) - compiled, 2);
    assert_int_equal(live(FAKE_MODULE) - modules, 2);
    dcn_context_destroy(context);
    check_live("threads", "at the end", 0);
}

int main(void)
{
    if (open_driver() || open_compiler())
        return 1;
#define STEP_ENTRY(name) cmocka_unit_test_setup_teardown(test_##name, make_setting, end_setting),
    const struct CMUnitTest tests[] = {
        STEPS(STEP_ENTRY) cmocka_unit_test(test_destruction_in_any_order),
        cmocka_unit_test(test_programs_are_built_once),
    };
    return cmocka_run_group_tests_name("lifetime", tests, NULL, NULL);
}
