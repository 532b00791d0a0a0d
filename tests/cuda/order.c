/* What is queued on a stream, and in which order; that a stream under capture takes it; times. */
#include <stdlib.h>

#include "fixture.h"

/* The events that mark a piece of work, as the driver knows them. */
static void expect_object(size_t step, const void *object)
{
    assert_ptr_equal(driver->steps[step].object, object);
}

static void test_marks_and_waits(void **state)
{
    setting *given = *state;
    const dcn_sync first = {NULL, 0, given->events[0]};
    const dcn_sync second = {&given->events[0], 1, given->events[1]};
    expect_success(dcn_execute(given->plan, given->queue, given->tensors, TENSORS, &first));
    expect_success(dcn_execute(given->plan, given->timed, given->tensors, TENSORS, &second));
    expect_steps("cuLaunchKernel|cuEventRecord|cuStreamWaitEvent|cuEventRecord|cuLaunchKernel|cuEventRecord");
    expect_object(1, dcn_cuda_event(given->events[0]));
    expect_object(2, dcn_cuda_event(given->events[0]));
    expect_object(5, dcn_cuda_event(given->events[1]));
    assert_ptr_not_equal(driver->steps[3].object, driver->steps[5].object);
    for (size_t i = 0; i < 2; i++)
        assert_ptr_equal(driver->steps[i].stream, dcn_cuda_stream(given->queue));
    for (size_t i = 2; i < 6; i++)
        assert_ptr_equal(driver->steps[i].stream, dcn_cuda_stream(given->timed));
}

/* An event that was never marked is complete: nothing waits for it. */
static void test_event_never_marked(void **state)
{
    setting *given = *state;
    const dcn_sync sync = {given->events, 2, NULL};
    int complete = 0;
    expect_success(dcn_execute(given->plan, given->queue, given->tensors, TENSORS, &sync));
    expect_steps("cuLaunchKernel");
    expect_success(dcn_event_wait(given->events[0]));
    expect_success(dcn_event_query(given->events[0], &complete));
    assert_int_equal(complete, 1);
}

/* A batch of 0 is no launch, but waits and marks. */
static void test_empty_batch(void **state)
{
    setting *given = *state;
    dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plan = NULL;
    const dcn_slice none[TENSORS] = {{DCN_MEMORY_NONE, NULL, 0, 0}};
    const dcn_sync first = {NULL, 0, given->events[0]};
    const dcn_sync second = {&given->events[0], 1, given->events[1]};
    desc.batch = 0;
    expect_success(dcn_dcnv4_plan_create(given->context, &desc, NULL, &plan));
    clear_steps();
    expect_success(dcn_execute(plan, given->queue, none, TENSORS, &first));
    expect_success(dcn_execute(plan, given->queue, none, TENSORS, &second));
    expect_steps("cuEventRecord|cuStreamWaitEvent|cuEventRecord");
    dcn_plan_destroy(plan);
}

/* write() and read() are done with the host's side when they return; the others only queue. */
static void test_transfers(void **state)
{
    setting *given = *state;
    char data[64];
    char back[64] = {0};
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i + 1);
    dcn_buffer *const *buffers = given->buffers;
    const dcn_sync marked = {NULL, 0, given->events[0]};
    const dcn_sync after = {given->events, 1, given->events[0]};
    expect_success(dcn_buffer_write(given->queue, buffers[0], 8, sizeof data, data, &marked));
    expect_steps("cuMemcpyHtoDAsync|cuStreamSynchronize|cuEventRecord");
    clear_steps();
    expect_success(dcn_buffer_copy(given->queue, buffers[1], 4, buffers[0], 8, sizeof data, &after));
    expect_success(dcn_buffer_fill(given->queue, buffers[1], 4, 4, 0x5A, NULL));
    expect_success(dcn_buffer_fill(given->queue, buffers[1], 4, 0, 0x77, NULL));
    expect_steps("cuStreamWaitEvent|cuMemcpyDtoDAsync|cuEventRecord|cuMemsetD8Async");
    clear_steps();
    expect_success(dcn_buffer_read(given->queue, buffers[1], 4, sizeof back, back, NULL));
    expect_steps("cuMemcpyDtoHAsync|cuStreamSynchronize");
    for (size_t i = 0; i < sizeof back; i++)
        assert_int_equal(back[i], i < 4 ? 0x5A : data[i]);
}

static void test_finish_and_flush(void **state)
{
    setting *given = *state;
    expect_success(dcn_queue_flush(given->queue));
    expect_steps("");
    expect_success(dcn_queue_finish(given->queue));
    expect_steps("cuStreamSynchronize");
}

/* While the application captures, an execute becomes part of its graph: nothing waits, asks or allocates. */
static void test_capture(void **state)
{
    setting *given = *state;
    const dcn_sync marked = {NULL, 0, given->events[0]};
    const dcn_sync after = {given->events, 1, given->events[1]};
    dcn_slice tensors[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_cuda_slice(dcn_cuda_memory(given->buffers[i]), 0, tensor_bytes[i]);
    atomic_store(&driver->capturing, true);
    dcn_status status = dcn_execute(given->plan, given->timed, tensors, TENSORS, &marked);
    if (status == DCN_SUCCESS)
        status = dcn_execute(given->plan, given->queue, given->tensors, TENSORS, &after);
    atomic_store(&driver->capturing, false);
    expect_success(status);
    assert_null(atomic_load(&driver->broken));
    expect_steps("cuEventRecord|cuLaunchKernel|cuEventRecord|cuStreamWaitEvent|cuLaunchKernel|cuEventRecord");
}

/* The fake's clock goes on by half a millisecond with each record. */
static void test_times(void **state)
{
    setting *given = *state;
    const dcn_sync first = {NULL, 0, given->events[0]};
    const dcn_sync last = {NULL, 0, given->events[1]};
    double microseconds = -1;
    expect_success(dcn_buffer_fill(given->timed, given->buffers[0], 0, 4, 0, &first));
    expect_success(dcn_execute(given->plan, given->timed, given->tensors, TENSORS, &last));
    expect_success(dcn_event_elapsed(given->events[0], given->events[0], &microseconds));
    assert_true(microseconds == 500.0);
    expect_success(dcn_event_elapsed(given->events[0], given->events[1], &microseconds));
    assert_true(microseconds == 1500.0);
    atomic_store(&driver->pending, true);
    int complete = 1;
    const dcn_status status = dcn_event_query(given->events[0], &complete);
    expect_refused(dcn_event_elapsed(given->events[0], given->events[1], &microseconds), DCN_ERROR_INVALID_ARGUMENT,
                   "first|not complete");
    atomic_store(&driver->pending, false);
    expect_success(status);
    assert_int_equal(complete, 0);
    expect_success(dcn_execute(given->plan, given->queue, given->tensors, TENSORS, &last));
    expect_refused(dcn_event_elapsed(given->events[0], given->events[1], &microseconds), DCN_ERROR_INVALID_ARGUMENT,
                   "last|no times");
}

/* A launch that fails between the two records leaves no time that would belong to nothing. */
static void test_time_of_failed_work(void **state)
{
    setting *given = *state;
    const dcn_sync sync = {NULL, 0, given->events[0]};
    double microseconds = -1;
    expect_success(dcn_execute(given->plan, given->timed, given->tensors, TENSORS, &sync));
    fail_after(&driver->calls, "cuLaunchKernel", 0, DCN_CU_ERROR_LAUNCH_FAILED);
    expect_refused(dcn_execute(given->plan, given->timed, given->tensors, TENSORS, &sync), DCN_ERROR_DEVICE,
                   "cuLaunchKernel|CUDA_ERROR_LAUNCH_FAILED (719)");
    disarm(&driver->calls);
    expect_refused(dcn_event_elapsed(given->events[0], given->events[0], &microseconds), DCN_ERROR_INVALID_ARGUMENT,
                   "first");
    assert_true(microseconds == -1);
}

int main(void)
{
    if (open_driver() || open_compiler())
        return 1;
    const struct CMUnitTest tests[] = {
        WITH_SETTING(test_marks_and_waits), WITH_SETTING(test_event_never_marked),  WITH_SETTING(test_empty_batch),
        WITH_SETTING(test_transfers),       WITH_SETTING(test_finish_and_flush),    WITH_SETTING(test_capture),
        WITH_SETTING(test_times),           WITH_SETTING(test_time_of_failed_work),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
