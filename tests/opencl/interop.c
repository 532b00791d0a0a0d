/*
 * The functions of dcnv4/opencl.h with an application's own context, queues, memory and events: right results, whatever
 * the memory, and order by events alone.
 */
#include <stdlib.h>
#include <string.h>

#include "application.h"
#include "backend.h"
#include "loader.h"
#include "objects.h"
#include "platform.h"

/* Of the loader, beyond what the library uses. */
typedef cl_mem(DCN_CL_CALL *create_sub_buffer)(cl_mem, uint64_t, uint32_t, const void *, int32_t *);
typedef cl_event(DCN_CL_CALL *create_user_event)(cl_context, int32_t *);
typedef int32_t(DCN_CL_CALL *set_user_event)(cl_event, int32_t);

static void check_output(application *app, cl_mem memory, size_t offset, cl_event after)
{
    float output[VALUES];
    assert_int_equal(dcn_cl.clEnqueueReadBuffer(app->queue, memory, 1, offset, sizeof output, output, 1, &after, NULL),
                     DCN_CL_SUCCESS);
    expect_agreement(output, app->reference);
}

/* ---- results and order ---------------------------------------------------------------------------------- */

/* Two uploads, the operator behind both, the download behind the operator, on an out-of-order queue. */
static void test_order_by_events(void **state)
{
    application *app = *state;
    dcn_slice tensors[TENSORS];
    cl_event uploads[2];
    cl_event done = NULL;
    slices_of(app->memory, tensors);
    write_native(app->queue, app->memory[0], 0, sizeof app->in.value, app->in.value, &uploads[0]);
    write_native(app->queue, app->memory[1], 0, sizeof app->in.offset_mask, app->in.offset_mask, &uploads[1]);
    assert_int_equal(dcn_opencl_execute(app->plan, app->adopted_queue, tensors, TENSORS, 2, uploads, &done),
                     DCN_SUCCESS);
    assert_non_null(done);
    check_output(app, app->memory[2], 0, done);
    dcn_cl.clReleaseEvent(uploads[0]);
    dcn_cl.clReleaseEvent(uploads[1]);
    dcn_cl.clReleaseEvent(done);
}

static int32_t event_state(cl_event event)
{
    int32_t value = 0;
    assert_int_equal(dcn_cl.clGetEventInfo(event, DCN_CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof value, &value, NULL),
                     DCN_CL_SUCCESS);
    return value;
}

/* A driver that runs its work on the caller's thread, as those with a single compute unit do, would wait for an event
 * that the same thread is to set. */
static int works_on_its_own_threads(const application *app)
{
    dcn_device_info info = {.struct_size = sizeof info};
    assert_int_equal(dcn_context_device(app->adopted, &info), DCN_SUCCESS);
    return info.compute_units > 1;
}

/* Execute returns while its work still waits, here for an event that the host sets later: the last one of a wait list
 * that is longer than the neutral API's. */
static void test_execute_returns_before_completion(void **state)
{
    application *app = *state;
    create_user_event create = (create_user_event)find_in_loader("clCreateUserEvent");
    set_user_event set = (set_user_event)find_in_loader("clSetUserEventStatus");
    if (!create || !set || !works_on_its_own_threads(app))
        skip();
    int32_t error = 0;
    dcn_slice tensors[TENSORS];
    enum { COUNT = DCN_WAIT_LIST_MAX + 1 };
    cl_event gate = create(app->context, &error);
    cl_event wait_list[COUNT];
    cl_event done = NULL;
    assert_int_equal(error, DCN_CL_SUCCESS);
    write_native(app->queue, app->memory[0], 0, sizeof app->in.value, app->in.value, &wait_list[0]);
    for (int i = 1; i < COUNT; i++)
        wait_list[i] = i < COUNT - 1 ? wait_list[0] : gate;
    slices_of(app->memory, tensors);
    assert_int_equal(dcn_opencl_execute(app->plan, app->adopted_queue, tensors, TENSORS, COUNT, wait_list, &done),
                     DCN_SUCCESS);
    assert_int_equal(dcn_queue_flush(app->adopted_queue), DCN_SUCCESS);
    const uint64_t give_up = dcn_time_ns() + 200000000u; /* long enough for work that did not wait to be done */
    while (dcn_time_ns() < give_up)
        assert_true(event_state(done) > DCN_CL_COMPLETE);
    /* The second input arrives only now: a result that is right proves that nothing ran ahead. */
    dcn_queue *upload = NULL;
    cl_command_queue native = make_native_queue(app->context, app->device, 0);
    assert_int_equal(dcn_opencl_queue_adopt(app->adopted, native, &upload), DCN_SUCCESS);
    write_native(native, app->memory[1], 0, sizeof app->in.offset_mask, app->in.offset_mask, NULL);
    assert_int_equal(dcn_queue_finish(upload), DCN_SUCCESS);
    dcn_queue_destroy(upload);
    dcn_cl.clReleaseCommandQueue(native);
    assert_int_equal(set(gate, DCN_CL_COMPLETE), DCN_CL_SUCCESS);
    check_output(app, app->memory[2], 0, done);
    dcn_cl.clReleaseEvent(wait_list[0]);
    dcn_cl.clReleaseEvent(gate);
    dcn_cl.clReleaseEvent(done);
}

/* More events than the neutral API's wait lists hold. */
static void test_long_wait_list(void **state)
{
    enum { MANY = DCN_WAIT_LIST_MAX + 36 };
    application *app = *state;
    dcn_slice tensors[TENSORS];
    cl_event events[MANY];
    cl_event done = NULL;
    slices_of(app->memory, tensors);
    write_native(app->queue, app->memory[1], 0, sizeof app->in.offset_mask, app->in.offset_mask, &events[0]);
    for (int i = 1; i < MANY; i++) {
        size_t part = sizeof app->in.value / (MANY - 1);
        size_t offset = part * (size_t)(i - 1);
        size_t bytes = i == MANY - 1 ? sizeof app->in.value - offset : part;
        write_native(app->queue, app->memory[0], offset, bytes, (const char *)app->in.value + offset, &events[i]);
    }
    assert_int_equal(dcn_opencl_execute(app->plan, app->adopted_queue, tensors, TENSORS, MANY, events, &done),
                     DCN_SUCCESS);
    check_output(app, app->memory[2], 0, done);
    for (int i = 0; i < MANY; i++)
        dcn_cl.clReleaseEvent(events[i]);
    dcn_cl.clReleaseEvent(done);
}

/* The neutral API and the native one see the same objects. */
static void test_native_handles(void **state)
{
    application *app = *state;
    dcn_buffer *buffer = NULL;
    dcn_event *event = NULL;
    dcn_context *cpu = NULL;
    assert_ptr_equal(dcn_opencl_context(app->adopted), app->context);
    assert_ptr_equal(dcn_opencl_device(app->adopted), app->device);
    assert_ptr_equal(dcn_opencl_queue(app->adopted_queue), app->queue);
    assert_int_equal(dcn_buffer_create(app->adopted, 64, &buffer), DCN_SUCCESS);
    assert_non_null(dcn_opencl_memory(buffer));
    assert_int_equal(dcn_event_create(app->adopted, &event), DCN_SUCCESS);
    assert_null(dcn_opencl_event(event));
    const dcn_sync sync = {NULL, 0, event};
    assert_int_equal(dcn_buffer_fill(app->adopted_queue, buffer, 0, 64, 0, &sync), DCN_SUCCESS);
    assert_non_null(dcn_opencl_event(event));
    assert_int_equal(dcn_event_wait(event), DCN_SUCCESS);
    dcn_event_destroy(event);
    dcn_buffer_destroy(buffer);

    assert_int_equal(dcn_context_create("cpu", NULL, &cpu), DCN_SUCCESS);
    assert_null(dcn_opencl_context(cpu));
    assert_null(dcn_opencl_device(cpu));
    dcn_context_destroy(cpu);
    assert_null(dcn_opencl_context(NULL));
    assert_null(dcn_opencl_queue(NULL));
    assert_null(dcn_opencl_memory(NULL));
    assert_null(dcn_opencl_event(NULL));
}

/* An event of one queue, waited for on another that would never start without the first one's flush; and a poll. */
static void test_events_across_queues(void **state)
{
    application *app = *state;
    dcn_queue *queues[2] = {NULL, NULL};
    dcn_buffer *buffers[TENSORS] = {NULL};
    dcn_event *events[2] = {NULL, NULL};
    dcn_slice tensors[TENSORS];
    float output[VALUES];
    int complete = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dcn_queue_create(app->adopted, DCN_QUEUE_DEFAULT, &queues[i]), DCN_SUCCESS);
        assert_int_equal(dcn_event_create(app->adopted, &events[i]), DCN_SUCCESS);
    }
    for (int i = 0; i < TENSORS; i++) {
        assert_int_equal(dcn_buffer_create(app->adopted, tensor_bytes[i], &buffers[i]), DCN_SUCCESS);
        tensors[i] = dcn_slice_buffer(buffers[i]);
    }
    assert_int_equal(dcn_buffer_write(queues[0], buffers[0], 0, tensor_bytes[0], app->in.value, NULL), DCN_SUCCESS);
    assert_int_equal(dcn_buffer_write(queues[0], buffers[1], 0, tensor_bytes[1], app->in.offset_mask, NULL),
                     DCN_SUCCESS);
    const dcn_sync first = {NULL, 0, events[0]};
    const dcn_sync second = {&events[0], 1, events[1]};
    assert_int_equal(dcn_execute(app->plan, queues[0], tensors, TENSORS, &first), DCN_SUCCESS);
    assert_int_equal(dcn_buffer_copy(queues[1], buffers[0], 0, buffers[2], 0, tensor_bytes[2], &second), DCN_SUCCESS);
    while (!complete)
        assert_int_equal(dcn_event_query(events[1], &complete), DCN_SUCCESS);
    assert_int_equal(dcn_buffer_read(queues[1], buffers[0], 0, tensor_bytes[2], output, NULL), DCN_SUCCESS);
    expect_agreement(output, app->reference);
    for (int i = 0; i < TENSORS; i++)
        dcn_buffer_destroy(buffers[i]);
    for (int i = 0; i < 2; i++) {
        dcn_event_destroy(events[i]);
        dcn_queue_destroy(queues[i]);
    }
}

/* ---- memory --------------------------------------------------------------------------------------------- */

/* All three tensors in one cl_mem, with only the element's alignment, and guards that must survive. */
static void test_offsets_in_one_memory(void **state)
{
    application *app = *state;
    int32_t error = 0;
    const size_t gap = 12;
    size_t at[TENSORS];
    size_t total = gap;
    dcn_slice tensors[TENSORS];
    cl_event done = NULL;
    for (int i = 0; i < TENSORS; i++) {
        at[i] = total;
        total += (size_t)tensor_bytes[i] + gap;
    }
    unsigned char *image = malloc(total);
    unsigned char *after = malloc(total);
    assert_non_null(image);
    assert_non_null(after);
    memset(image, 0xA5, total);
    memcpy(image + at[0], app->in.value, sizeof app->in.value);
    memcpy(image + at[1], app->in.offset_mask, sizeof app->in.offset_mask);
    cl_mem memory = dcn_cl.clCreateBuffer(app->context, DCN_CL_MEM_READ_WRITE, total, NULL, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    assert_int_equal(dcn_cl.clEnqueueWriteBuffer(app->queue, memory, 1, 0, total, image, 0, NULL, NULL),
                     DCN_CL_SUCCESS);
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_opencl_slice(memory, at[i], tensor_bytes[i]);
    assert_int_equal(dcn_opencl_execute(app->plan, app->adopted_queue, tensors, TENSORS, 0, NULL, &done), DCN_SUCCESS);
    check_output(app, memory, at[2], done);
    assert_int_equal(dcn_cl.clEnqueueReadBuffer(app->queue, memory, 1, 0, total, after, 1, &done, NULL),
                     DCN_CL_SUCCESS);
    assert_memory_equal(after, image, at[2]);
    assert_memory_equal(after + total - gap, image + total - gap, gap);
    dcn_cl.clReleaseEvent(done);
    dcn_cl.clReleaseMemObject(memory);
    free(image);
    free(after);
}

/* A driver that works in the application's memory starts wherever that starts: the general kernels must be taken. */
static void test_host_memory_of_the_application(void **state)
{
    application *app = *state;
    int32_t error = 0;
    dcn_slice tensors[TENSORS];
    cl_mem memory[TENSORS];
    cl_event done = NULL;
    unsigned char *host = malloc((size_t)tensor_bytes[0] + 4);
    assert_non_null(host);
    memcpy(host + 4, app->in.value, sizeof app->in.value);
    memcpy(memory, app->memory, sizeof memory);
    memory[0] = dcn_cl.clCreateBuffer(app->context, DCN_CL_MEM_READ_WRITE | DCN_CL_MEM_USE_HOST_PTR,
                                      (size_t)tensor_bytes[0], host + 4, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    write_native(app->queue, memory[1], 0, sizeof app->in.offset_mask, app->in.offset_mask, NULL);
    assert_int_equal(dcn_queue_finish(app->adopted_queue), DCN_SUCCESS);
    slices_of(memory, tensors);
    dcn_binding binding;
    assert_int_equal(dcn_backend_opencl.bind(app->adopted->device, &tensors[0], NULL, "value", &binding), DCN_SUCCESS);
    assert_true(((uintptr_t)(host + 4)) % binding.alignment == 0);
    assert_int_equal(dcn_opencl_execute(app->plan, app->adopted_queue, tensors, TENSORS, 0, NULL, &done), DCN_SUCCESS);
    check_output(app, memory[2], 0, done);
    dcn_cl.clReleaseEvent(done);
    dcn_cl.clReleaseMemObject(memory[0]);
    free(host);
}

typedef struct region {
    size_t origin;
    size_t size;
} region;

static cl_mem make_sub_buffer(cl_mem parent, size_t origin, size_t size)
{
    create_sub_buffer create = (create_sub_buffer)find_in_loader("clCreateSubBuffer");
    const uint32_t by_region = 0x1220;
    const region part = {origin, size};
    int32_t error = 0;
    assert_non_null(create);
    cl_mem made = create(parent, DCN_CL_MEM_READ_WRITE, by_region, &part, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    return made;
}

/* Sub-buffers work, and their overlap with each other and with their parent is found. */
static void test_sub_buffers(void **state)
{
    application *app = *state;
    const size_t step = 65536; /* what any device allows as an origin */
    int32_t error = 0;
    dcn_slice tensors[TENSORS];
    cl_event done = NULL;
    cl_mem parent = dcn_cl.clCreateBuffer(app->context, DCN_CL_MEM_READ_WRITE, 3 * step, NULL, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    cl_mem parts[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        parts[i] = make_sub_buffer(parent, step * (size_t)i, step);
    write_native(app->queue, parts[0], 0, sizeof app->in.value, app->in.value, NULL);
    write_native(app->queue, parts[1], 0, sizeof app->in.offset_mask, app->in.offset_mask, NULL);
    assert_int_equal(dcn_queue_finish(app->adopted_queue), DCN_SUCCESS);
    slices_of(parts, tensors);
    assert_int_equal(dcn_opencl_execute(app->plan, app->adopted_queue, tensors, TENSORS, 0, NULL, &done), DCN_SUCCESS);
    check_output(app, parts[2], 0, done);
    dcn_cl.clReleaseEvent(done);

    tensors[2] = dcn_opencl_slice(parent, step + 4, tensor_bytes[2]); /* inside parts[1] */
    assert_int_equal(dcn_execute(app->plan, app->adopted_queue, tensors, TENSORS, NULL), DCN_ERROR_INVALID_ARGUMENT);
    for (int i = 0; i < TENSORS; i++)
        dcn_cl.clReleaseMemObject(parts[i]);
    dcn_cl.clReleaseMemObject(parent);
}

int main(int argc, char **argv)
{
    int missing = choose_device(argc, argv, "opencl");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_APPLICATION(test_order_by_events),
        WITH_APPLICATION(test_execute_returns_before_completion),
        WITH_APPLICATION(test_long_wait_list),
        WITH_APPLICATION(test_native_handles),
        WITH_APPLICATION(test_events_across_queues),
        WITH_APPLICATION(test_offsets_in_one_memory),
        WITH_APPLICATION(test_host_memory_of_the_application),
        WITH_APPLICATION(test_sub_buffers),
    };
    return cmocka_run_group_tests_name("interop", tests, NULL, NULL);
}
