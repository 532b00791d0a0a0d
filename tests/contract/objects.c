/* What the functions for devices, contexts, buffers, queues, events and plans refuse. */
#include "fixture.h"

#include <string.h>

#define COUNT(array)             (sizeof(array) / sizeof *(array))
#define NULL_REFUSED(call, text) expect_refused(call, DCN_ERROR_INVALID_ARGUMENT, text "|NULL")

static void test_null(void **state)
{
    fixture *f = *state;
    dcn_context *context = NULL;
    dcn_buffer *buffer = NULL;
    dcn_queue *queue = NULL;
    dcn_event *event = NULL;
    dcn_plan *plan = NULL;
    dcn_device_info info = {.struct_size = sizeof info};
    dcn_tensor_info tensor = {.struct_size = sizeof tensor};
    int complete = 7;
    double microseconds = 7.0;
    uint64_t bytes = 7;
    NULL_REFUSED(dcn_context_create(test_device, NULL, NULL), "context");
    NULL_REFUSED(dcn_context_device(NULL, &info), "context");
    NULL_REFUSED(dcn_context_device(f->context, NULL), "info");
    NULL_REFUSED(dcn_buffer_create(NULL, 4, &buffer), "context");
    NULL_REFUSED(dcn_buffer_create(f->context, 4, NULL), "buffer");
    NULL_REFUSED(dcn_queue_create(NULL, 0, &queue), "context");
    NULL_REFUSED(dcn_queue_create(f->context, 0, NULL), "queue");
    NULL_REFUSED(dcn_queue_flush(NULL), "queue");
    NULL_REFUSED(dcn_queue_finish(NULL), "queue");
    NULL_REFUSED(dcn_event_create(NULL, &event), "context");
    NULL_REFUSED(dcn_event_create(f->context, NULL), "event");
    NULL_REFUSED(dcn_event_wait(NULL), "event");
    NULL_REFUSED(dcn_event_query(NULL, &complete), "event");
    NULL_REFUSED(dcn_event_query(f->event, NULL), "complete");
    NULL_REFUSED(dcn_event_elapsed(NULL, f->event, &microseconds), "first");
    NULL_REFUSED(dcn_event_elapsed(f->event, NULL, &microseconds), "last");
    NULL_REFUSED(dcn_event_elapsed(f->event, f->event, NULL), "microseconds");
    NULL_REFUSED(dcn_plan_clone(NULL, &plan), "plan");
    NULL_REFUSED(dcn_plan_clone(f->plan, NULL), "clone");
    NULL_REFUSED(dcn_plan_tensor(NULL, 0, &tensor), "plan");
    NULL_REFUSED(dcn_plan_tensor(f->plan, 0, NULL), "info");
    NULL_REFUSED(dcn_plan_workspace(NULL, &bytes), "plan");
    NULL_REFUSED(dcn_plan_workspace(f->plan, NULL), "bytes");
    assert_true(!context && !buffer && !queue && !event && !plan);
    assert_true(complete == 7 && microseconds == 7.0 && bytes == 7 && info.name[0] == '\0' && tensor.name[0] == '\0');
    expect_working(f);
}

/* What takes NULL as nothing. */
static void test_null_allowed(void **state)
{
    (void)state;
    dcn_context_destroy(NULL);
    dcn_buffer_destroy(NULL);
    dcn_queue_destroy(NULL);
    dcn_event_destroy(NULL);
    dcn_plan_destroy(NULL);
    dcn_device_list_destroy(NULL);
    assert_int_equal(dcn_buffer_size(NULL), 0);
    assert_int_equal(dcn_plan_tensors(NULL), 0);
    assert_int_equal(dcn_device_list_size(NULL), 0);
    assert_int_equal(dcn_device_list_backends(NULL), 0);
    assert_non_null(dcn_plan_path(NULL));
}

static void test_lists(void **state)
{
    fixture *f = *state;
    dcn_device_list *list = NULL;
    dcn_device_info device = {.struct_size = sizeof device};
    dcn_backend_info backend = {.struct_size = sizeof backend};
    dcn_tensor_info tensor = {.struct_size = sizeof tensor};
    NULL_REFUSED(dcn_device_list_create(NULL), "list");
    expect_success(dcn_device_list_create(&list));
    NULL_REFUSED(dcn_device_list_get(NULL, 0, &device), "list");
    NULL_REFUSED(dcn_device_list_get(list, 0, NULL), "info");
    NULL_REFUSED(dcn_device_list_backend(NULL, 0, &backend), "list");
    NULL_REFUSED(dcn_device_list_backend(list, 0, NULL), "info");
    expect_refused(dcn_device_list_get(list, dcn_device_list_size(list), &device), DCN_ERROR_INVALID_ARGUMENT, "index");
    expect_refused(dcn_device_list_backend(list, 1000, &backend), DCN_ERROR_INVALID_ARGUMENT, "index|1000");
    expect_refused(dcn_plan_tensor(f->plan, TENSORS, &tensor), DCN_ERROR_INVALID_ARGUMENT, "index|3");
    device.struct_size--;
    backend.struct_size++;
    tensor.struct_size = 0;
    expect_refused(dcn_device_list_get(list, 0, &device), DCN_ERROR_VERSION, "dcn_device_info.struct_size");
    expect_refused(dcn_context_device(f->context, &device), DCN_ERROR_VERSION, "dcn_device_info.struct_size");
    expect_refused(dcn_device_list_backend(list, 0, &backend), DCN_ERROR_VERSION, "dcn_backend_info.struct_size");
    expect_refused(dcn_plan_tensor(f->plan, 0, &tensor), DCN_ERROR_VERSION, "dcn_tensor_info.struct_size|0");
    assert_true(device.name[0] == '\0' && backend.name[0] == '\0' && tensor.name[0] == '\0');
    dcn_device_list_destroy(list);
}

static void test_contexts(void **state)
{
    (void)state;
    const char *const nowhere[] = {"nonsense", "opencl:99.0", "opencl:no such device", "", "cpu:1"};
    dcn_context *context = NULL;
    for (size_t i = 0; i < COUNT(nowhere); i++) {
        expect_refused(dcn_context_create(nowhere[i], NULL, &context), DCN_ERROR_NO_DEVICE, "no device fits|cpu");
        expect_detail(nowhere[i]);
    }
    set_environment("DCNV4_DEVICE", "elsewhere");
    expect_refused(dcn_context_create(NULL, NULL, &context), DCN_ERROR_NO_DEVICE, "\"elsewhere\"|DCNV4_DEVICE");
    set_environment("DCNV4_DEVICE", NULL);
    dcn_context_options options = dcn_context_options_default();
    options.struct_size = 4;
    expect_refused(dcn_context_create("cpu", &options, &context), DCN_ERROR_VERSION,
                   "dcn_context_options.struct_size|4");
    options = dcn_context_options_default();
    options.threads = 1000000;
    expect_refused(dcn_context_create("cpu", &options, &context), DCN_ERROR_INVALID_ARGUMENT, "threads|1000000|4096");
    const char *const counts[] = {"0", "-1", "many", "3x", "99999999999999999999"};
    for (size_t i = 0; i < COUNT(counts); i++) {
        set_environment("DCNV4_THREADS", counts[i]);
        expect_refused(dcn_context_create("cpu", NULL, &context), DCN_ERROR_INVALID_ARGUMENT, "DCNV4_THREADS");
        expect_detail(counts[i]);
    }
    set_environment("DCNV4_THREADS", NULL);
    assert_null(context);
}

static void test_create(void **state)
{
    fixture *f = *state;
    dcn_buffer *buffer = NULL;
    dcn_queue *queue = NULL;
    expect_refused(dcn_buffer_create(f->context, 0, &buffer), DCN_ERROR_INVALID_ARGUMENT, "bytes is 0");
    expect_refused(dcn_buffer_create(f->context, UINT64_MAX, &buffer), DCN_ERROR_OUT_OF_MEMORY,
                   "18446744073709551615|largest buffer");
    expect_refused(dcn_queue_create(f->context, 4, &queue), DCN_ERROR_INVALID_ARGUMENT, "flags|0x4");
    expect_refused(dcn_queue_create(f->context, ~0u, &queue), DCN_ERROR_INVALID_ARGUMENT, "flags|0xffffffff");
    assert_true(!buffer && !queue);
    expect_working(f);
}

/* A range of a buffer that does not exist, for every function that takes one. */
static void test_ranges(void **state)
{
    fixture *f = *state;
    char host[16];
    char before[16];
    dcn_buffer *out = f->buffers[DCN_DCNV4_OUTPUT];
    const uint64_t size = dcn_buffer_size(out);
    const struct {
        uint64_t offset, bytes;
        const char *in_detail;
    } rows[] = {
        {0, size + 1, "1024|1025"},
        {size, 1, "offset 1024"},
        {size - 8, 9, "offset 1016 + 9"},
        {size + 1, 0, "offset 1025 + 0"},
        {UINT64_MAX, 2, "18446744073709551615 + 2"},
        {8, UINT64_MAX, "8 + 18446744073709551615"},
    };
    memset(host, 3, sizeof host);
    memcpy(before, host, sizeof host);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint64_t offset = rows[i].offset;
        const uint64_t bytes = rows[i].bytes;
#define REFUSED(call) expect_refused(call, DCN_ERROR_BUFFER_TOO_SMALL, rows[i].in_detail)
        REFUSED(dcn_buffer_write(f->queue, out, offset, bytes, host, NULL));
        REFUSED(dcn_buffer_read(f->queue, out, offset, bytes, host, NULL));
        REFUSED(dcn_buffer_fill(f->queue, out, offset, bytes, 1, NULL));
        REFUSED(dcn_buffer_copy(f->queue, out, offset, f->buffers[0], 0, bytes, NULL));
        if (offset <= size)
            continue;
        REFUSED(dcn_buffer_copy(f->queue, f->buffers[2], 0, f->buffers[0], offset, bytes, NULL));
#undef REFUSED
    }
    assert_memory_equal(host, before, sizeof host);
    expect_untouched(f);
}

static void test_transfers(void **state)
{
    fixture *f = *state;
    char host[16] = {0};
    dcn_buffer *out = f->buffers[DCN_DCNV4_OUTPUT];
    dcn_buffer *in = f->buffers[DCN_DCNV4_VALUE];
    const dcn_sync foreign = {NULL, 0, f->other_event};
    NULL_REFUSED(dcn_buffer_write(NULL, out, 0, 4, host, NULL), "queue");
    NULL_REFUSED(dcn_buffer_write(f->queue, NULL, 0, 4, host, NULL), "buffer");
    NULL_REFUSED(dcn_buffer_write(f->queue, out, 0, 4, NULL, NULL), "source");
    NULL_REFUSED(dcn_buffer_read(NULL, out, 0, 4, host, NULL), "queue");
    NULL_REFUSED(dcn_buffer_read(f->queue, NULL, 0, 4, host, NULL), "buffer");
    NULL_REFUSED(dcn_buffer_read(f->queue, out, 0, 4, NULL, NULL), "target");
    NULL_REFUSED(dcn_buffer_fill(NULL, out, 0, 4, 1, NULL), "queue");
    NULL_REFUSED(dcn_buffer_fill(f->queue, NULL, 0, 4, 1, NULL), "buffer");
    NULL_REFUSED(dcn_buffer_copy(NULL, out, 0, in, 0, 4, NULL), "queue");
    NULL_REFUSED(dcn_buffer_copy(f->queue, NULL, 0, in, 0, 4, NULL), "target");
    NULL_REFUSED(dcn_buffer_copy(f->queue, out, 0, NULL, 0, 4, NULL), "source");
#define FOREIGN(call, text) expect_refused(call, DCN_ERROR_WRONG_CONTEXT, text)
    FOREIGN(dcn_buffer_write(f->other_queue, out, 0, 4, host, NULL), "buffer|queue");
    FOREIGN(dcn_buffer_read(f->other_queue, out, 0, 4, host, NULL), "buffer|queue");
    FOREIGN(dcn_buffer_fill(f->other_queue, out, 0, 4, 1, NULL), "buffer|queue");
    FOREIGN(dcn_buffer_copy(f->queue, f->other_buffer, 0, in, 0, 4, NULL), "target|queue");
    FOREIGN(dcn_buffer_copy(f->queue, out, 0, f->other_buffer, 0, 4, NULL), "source|queue");
    FOREIGN(dcn_buffer_write(f->queue, out, 0, 4, host, &foreign), "sync.signal");
    FOREIGN(dcn_buffer_read(f->queue, out, 0, 4, host, &foreign), "sync.signal");
    FOREIGN(dcn_buffer_fill(f->queue, out, 0, 4, 1, &foreign), "sync.signal");
    FOREIGN(dcn_buffer_copy(f->queue, out, 0, in, 0, 4, &foreign), "sync.signal");
#undef FOREIGN
    expect_refused(dcn_buffer_copy(f->queue, out, 0, out, 7, 8, NULL), DCN_ERROR_INVALID_ARGUMENT, "overlap|0|7|8");
    expect_refused(dcn_buffer_copy(f->queue, out, 7, out, 0, 8, NULL), DCN_ERROR_INVALID_ARGUMENT, "overlap|7|0|8");
    expect_untouched(f);
    expect_success(dcn_buffer_copy(f->queue, out, 0, out, 8, 8, NULL));
    expect_success(dcn_queue_finish(f->queue));
    expect_untouched(f);
    expect_working(f);
}

static void test_elapsed(void **state)
{
    fixture *f = *state;
    double microseconds = -7.0;
    const dcn_sync sync = {NULL, 0, f->event};
    expect_refused(dcn_event_elapsed(f->event, f->event, &microseconds), DCN_ERROR_INVALID_ARGUMENT, "marked");
    expect_success(dcn_buffer_fill(f->queue, f->buffers[0], 0, 4, 1, &sync));
    expect_success(dcn_event_wait(f->event));
    expect_refused(dcn_event_elapsed(f->event, f->event, &microseconds), DCN_ERROR_INVALID_ARGUMENT, "first|queue");
    expect_refused(dcn_event_elapsed(f->event, f->other_event, &microseconds), DCN_ERROR_WRONG_CONTEXT, "first|last");
    assert_true(microseconds == -7.0);
}

int main(int argc, char **argv)
{
    const int missing = choose_device(argc, argv, "cpu");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_null),      WITH_FIXTURE(test_null_allowed), WITH_FIXTURE(test_lists),
        WITH_FIXTURE(test_contexts),  WITH_FIXTURE(test_create),       WITH_FIXTURE(test_ranges),
        WITH_FIXTURE(test_transfers), WITH_FIXTURE(test_elapsed),
    };
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
