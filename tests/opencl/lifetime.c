/*
 * No OpenCL object outlives its owner: whatever order things are destroyed in, and whichever call of the driver fails.
 *
 * Every step below makes what it needs, works, and destroys it again. It runs once as it is, then once more for each
 * call that it makes, with that call failing: the step must end with a clean status whose detail names the function
 * and the native code, and with nothing left.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <dcnv4/opencl.h>

#include "counting.h"
#include "opencl/cl_api.h"
#include "operator_call.h"
#include "steps.h"
#include "platform.h"

/* A code that no driver gives here, so that it can only be the one asked for. */
#define INJECTED      DCN_CL_INVALID_GL_OBJECT
#define INJECTED_NAME "CL_INVALID_GL_OBJECT (-60)"

/* ---- steps ---------------------------------------------------------------------------------------------- */

/* What the steps after the first one start from, made without failures. */
typedef struct setting {
    dcn_context *context;
    dcn_plan *plan;
    dcn_buffer *buffers[TENSORS];
    dcn_queue *queue;              /* out of order, with times */
    cl_command_queue native_queue; /* the application's */
    cl_mem native_memory[TENSORS];
} setting;

typedef dcn_status (*step)(setting *given);

static dcn_status open_and_describe(setting *given)
{
    (void)given;
    dcn_context *context = NULL;
    dcn_device_info info = {.struct_size = sizeof info};
    dcn_status status = dcn_context_create(test_device, NULL, &context);
    TRY(status, dcn_context_device(context, &info));
    dcn_context_destroy(context);
    return status;
}

static dcn_status adopt(setting *given)
{
    dcn_context *context = NULL;
    dcn_queue *queue = NULL;
    dcn_status status =
        dcn_opencl_context_adopt(dcn_opencl_context(given->context), dcn_opencl_device(given->context), &context);
    TRY(status, dcn_opencl_queue_adopt(context, given->native_queue, &queue));
    dcn_context_destroy(context);
    dcn_queue_destroy(queue);
    return status;
}

static dcn_status make_plans(setting *given)
{
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_context *context = NULL;
    dcn_plan *plan = NULL;
    dcn_plan *clone = NULL;
    /* A context of its own, so that every program is built anew. */
    dcn_status status =
        dcn_opencl_context_adopt(dcn_opencl_context(given->context), dcn_opencl_device(given->context), &context);
    TRY(status, dcn_dcnv4_plan_create(context, &desc, NULL, &plan));
    TRY(status, dcn_plan_clone(plan, &clone));
    dcn_plan_destroy(plan);
    dcn_plan_destroy(clone);
    dcn_context_destroy(context);
    return status;
}

static dcn_status queues(setting *given)
{
    return make_queues(given->context);
}

static dcn_status transfers(setting *given)
{
    return transfer(given->context, given->queue, given->buffers[0]);
}

static dcn_status executes(setting *given)
{
    dcn_slice tensors[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_slice_buffer(given->buffers[i]);
    return execute_twice(given->plan, given->context, given->queue, given->queue, tensors);
}

static dcn_status execute_natively(setting *given)
{
    dcn_queue *queue = NULL;
    cl_event events[2] = {NULL, NULL};
    dcn_slice tensors[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_opencl_slice(given->native_memory[i], 0, tensor_bytes[i]);
    dcn_status status = dcn_opencl_queue_adopt(given->context, given->native_queue, &queue);
    TRY(status, dcn_opencl_execute(given->plan, queue, tensors, TENSORS, 0, NULL, &events[0]));
    TRY(status, dcn_opencl_execute(given->plan, queue, tensors, TENSORS, 1, &events[0], &events[1]));
    TRY(status, dcn_opencl_execute(given->plan, queue, tensors, TENSORS, 2, events, NULL));
    TRY(status, dcn_queue_finish(queue));
    for (int i = 0; i < 2; i++)
        if (events[i])
            dcn_cl.clReleaseEvent(events[i]);
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

/* ---- the setting ---------------------------------------------------------------------------------------- */

static void make_setting(setting *made)
{
    const dcn_dcnv4_desc desc = operator_desc();
    int32_t error = 0;
    assert_int_equal(dcn_context_create(test_device, NULL, &made->context), DCN_SUCCESS);
    assert_int_equal(dcn_dcnv4_plan_create(made->context, &desc, NULL, &made->plan), DCN_SUCCESS);
    assert_int_equal(dcn_queue_create(made->context, DCN_QUEUE_TIMING | DCN_QUEUE_OUT_OF_ORDER, &made->queue),
                     DCN_SUCCESS);
    made->native_queue =
        dcn_cl.clCreateCommandQueue(dcn_opencl_context(made->context), dcn_opencl_device(made->context), 0, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    for (int i = 0; i < TENSORS; i++) {
        assert_int_equal(dcn_buffer_create(made->context, tensor_bytes[i], &made->buffers[i]), DCN_SUCCESS);
        made->native_memory[i] = dcn_cl.clCreateBuffer(dcn_opencl_context(made->context), DCN_CL_MEM_READ_WRITE,
                                                       (size_t)tensor_bytes[i], NULL, &error);
        assert_int_equal(error, DCN_CL_SUCCESS);
    }
    /* The inputs hold numbers: the time that a kernel takes must not depend on what memory held before. */
    for (int i = 0; i < TENSORS; i++)
        assert_int_equal(dcn_buffer_fill(made->queue, made->buffers[i], 0, tensor_bytes[i], 0, NULL), DCN_SUCCESS);
    assert_int_equal(dcn_queue_finish(made->queue), DCN_SUCCESS);
}

static void end_setting(setting *made)
{
    dcn_queue_finish(made->queue);
    dcn_plan_destroy(made->plan);
    dcn_queue_destroy(made->queue);
    dcn_cl.clReleaseCommandQueue(made->native_queue);
    for (int i = 0; i < TENSORS; i++) {
        dcn_buffer_destroy(made->buffers[i]);
        dcn_cl.clReleaseMemObject(made->native_memory[i]);
    }
    dcn_context_destroy(made->context);
}

/* ---- tests ---------------------------------------------------------------------------------------------- */

/* Functions whose failure the library may survive: what a device does not tell counts as absent, and a queue that is
 * not retained for those who wait is flushed at once. */
static bool may_be_survived(const char *function)
{
    static const char *const names[] = {"clGetPlatformIDs", "clGetPlatformInfo",    "clGetDeviceIDs",
                                        "clGetDeviceInfo",  "clRetainCommandQueue", "clFlush"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

/* A device that does not tell what is needed is left out, with a reason of its own. */
static bool has_own_reason(const char *function)
{
    return strcmp(function, "clGetDeviceInfo") == 0 || strcmp(function, "clGetPlatformInfo") == 0;
}

static void check_failure(const char *name, const char *function, dcn_status status)
{
    if (status == DCN_SUCCESS) {
        if (!may_be_survived(function))
            fail_msg("%s: %s failed, but the step succeeded", name, function);
        return;
    }
    const char *detail = dcn_error_detail();
    if (!has_own_reason(function) && (!strstr(detail, function) || !strstr(detail, INJECTED_NAME)))
        fail_msg("%s: %s failed, but the detail is: %s", name, function, detail);
}

static void check_live(const char *name, const char *when, long wanted)
{
    if (counting_live(COUNTED_NONE) != wanted)
        fail_msg("%s, %s: %ld objects should be left, but there is %s", name, when, wanted, counting_describe());
}

static void run_step(const char *name, step work)
{
    setting given;
    memset(&given, 0, sizeof given);
    make_setting(&given);
    long before = counting_live(COUNTED_NONE);
    dcn_status status = work(&given);
    if (status != DCN_SUCCESS)
        fail_msg("%s: %s", name, dcn_error_detail());
    check_live(name, "after success", before);

    long failures = 0;
    for (;; failures++) {
        counting_fail_after(failures, INJECTED);
        status = work(&given);
        const char *function = counting_disarm();
        if (!function)
            break;
        check_failure(name, function, status);
        dcn_queue_finish(given.queue);
        check_live(name, function, before);
    }
    assert_int_equal(status, DCN_SUCCESS);
    end_setting(&given);
    check_live(name, "at the end", 0);
    print_message("%s: %ld calls failed in turn\n", name, failures);
    assert_true(failures > 0);
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
        (void)state;                                                                                                   \
        run_step(#name, name);                                                                                         \
    }
STEPS(STEP_TEST)

/* Objects that keep each other alive, in the orders of destruction: each is once the first, forwards and backwards. */
enum { CONTEXT, PLAN, CLONE, QUEUE, EVENT, BUFFERS, OBJECTS };

typedef struct objects {
    dcn_context *context;
    dcn_plan *plans[2];
    dcn_queue *queue;
    dcn_event *event;
    dcn_buffer *buffers[TENSORS];
} objects;

static void destroy(objects *made, int which)
{
    switch (which) {
    case CONTEXT:
        dcn_context_destroy(made->context);
        break;
    case PLAN:
    case CLONE:
        dcn_plan_destroy(made->plans[which - PLAN]);
        break;
    case QUEUE:
        dcn_queue_destroy(made->queue);
        break;
    case EVENT:
        dcn_event_destroy(made->event);
        break;
    default:
        for (int i = 0; i < TENSORS; i++)
            dcn_buffer_destroy(made->buffers[i]);
    }
}

/* Everything, with work that both plans have queued and nobody has waited for. */
static void make_objects(objects *made)
{
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_slice tensors[TENSORS];
    assert_int_equal(dcn_context_create(test_device, NULL, &made->context), DCN_SUCCESS);
    assert_int_equal(dcn_dcnv4_plan_create(made->context, &desc, NULL, &made->plans[0]), DCN_SUCCESS);
    assert_int_equal(dcn_plan_clone(made->plans[0], &made->plans[1]), DCN_SUCCESS);
    assert_int_equal(dcn_queue_create(made->context, DCN_QUEUE_OUT_OF_ORDER, &made->queue), DCN_SUCCESS);
    assert_int_equal(dcn_event_create(made->context, &made->event), DCN_SUCCESS);
    for (int i = 0; i < TENSORS; i++) {
        assert_int_equal(dcn_buffer_create(made->context, tensor_bytes[i], &made->buffers[i]), DCN_SUCCESS);
        assert_int_equal(dcn_buffer_fill(made->queue, made->buffers[i], 0, tensor_bytes[i], 0, NULL), DCN_SUCCESS);
        tensors[i] = dcn_slice_buffer(made->buffers[i]);
    }
    assert_int_equal(dcn_queue_finish(made->queue), DCN_SUCCESS);
    for (int i = 0; i < 2; i++) {
        const dcn_sync sync = {&made->event, 1, made->event};
        assert_int_equal(dcn_execute(made->plans[i], made->queue, tensors, TENSORS, &sync), DCN_SUCCESS);
    }
}

static void test_destruction_in_any_order(void **state)
{
    (void)state;
    for (int first = 0; first < OBJECTS; first++)
        for (int direction = 1; direction >= -1; direction -= 2) {
            objects made;
            make_objects(&made);
            for (int i = 0; i < OBJECTS; i++)
                destroy(&made, (first + direction * i + OBJECTS) % OBJECTS);
            check_live("destruction", direction > 0 ? "forwards" : "backwards", 0);
        }
}

/* Execute neither waits nor makes or asks for anything but its work. */
static void test_execute_does_not_wait(void **state)
{
    (void)state;
    static const char *const waits[] = {"clFinish", "clWaitForEvents", "clFlush", "clCreateBuffer", "clBuildProgram"};
    enum { WAITS = sizeof waits / sizeof waits[0] };
    long before[WAITS];
    setting given;
    make_setting(&given);
    dcn_slice tensors[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_slice_buffer(given.buffers[i]);
    for (int i = 0; i < WAITS; i++)
        before[i] = counting_calls(waits[i]);
    assert_int_equal(dcn_execute(given.plan, given.queue, tensors, TENSORS, NULL), DCN_SUCCESS);
    for (int i = 0; i < WAITS; i++)
        assert_int_equal(counting_calls(waits[i]), before[i]);
    end_setting(&given);
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

static long builds_with_threads(int count)
{
    dcn_context *context = NULL;
    dcn_thread *threads[THREADS];
    planner planners[THREADS];
    assert_int_equal(dcn_context_create(test_device, NULL, &context), DCN_SUCCESS);
    long before = counting_calls("clBuildProgram");
    for (int i = 0; i < count; i++) {
        planners[i] = (planner){context, DCN_SUCCESS};
        threads[i] = dcn_thread_start(make_plan_in_thread, &planners[i]);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < count; i++) {
        dcn_thread_join(threads[i]);
        assert_int_equal(planners[i].status, DCN_SUCCESS);
    }
    dcn_context_destroy(context);
    check_live("threads", "at the end", 0);
    return counting_calls("clBuildProgram") - before;
}

static void test_programs_are_built_once(void **state)
{
    (void)state;
    long alone = builds_with_threads(1);
    assert_true(alone > 0);
    assert_int_equal(builds_with_threads(THREADS), alone);
}

int main(int argc, char **argv)
{
    int missing = choose_device(argc, argv, "opencl");
    if (missing)
        return missing;
    /* Every program is built from its source, so that each step makes the same calls each time; cache.c has the calls
     * fail that the kernel cache makes. */
    set_environment("DCNV4_CACHE", "off");
    counting_install();
#define STEP_ENTRY(name) cmocka_unit_test(test_##name),
    const struct CMUnitTest tests[] = {
        STEPS(STEP_ENTRY) cmocka_unit_test(test_destruction_in_any_order),
        cmocka_unit_test(test_execute_does_not_wait),
        cmocka_unit_test(test_programs_are_built_once),
    };
    return cmocka_run_group_tests_name("lifetime", tests, NULL, NULL);
}
