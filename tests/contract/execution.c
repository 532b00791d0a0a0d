/* What dcn_execute() and dcn_execute_host() refuse, that a refusal writes nothing, and what an empty batch does. */
#include "fixture.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void refuse(fixture *f, const dcn_slice *tensors, const dcn_sync *sync, dcn_status wanted, const char *in_detail)
{
    expect_refused(dcn_execute(f->plan, f->queue, tensors, TENSORS, sync), wanted, in_detail);
    expect_untouched(f);
}

/* Tensor `index` replaced by `slice`; the detail must name the tensor. */
static void refuse_slice(fixture *f, int index, dcn_slice slice, dcn_status wanted, const char *in_detail)
{
    dcn_slice tensors[TENSORS];
    slices_of(f, tensors);
    tensors[index] = slice;
    refuse(f, tensors, NULL, wanted, in_detail);
    expect_detail(tensor_names[index]);
}

static void test_slices(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < TENSORS; i++) {
        const uint64_t bytes = tensor_bytes[i];
        dcn_buffer *own = f->buffers[i];
        const dcn_slice absent = {DCN_MEMORY_NONE, NULL, 0, 0};
        const dcn_slice unknown = {(dcn_memory_kind)99, own, 0, bytes};
        refuse_slice(f, i, absent, DCN_ERROR_INVALID_ARGUMENT, "DCN_MEMORY_NONE");
        refuse_slice(f, i, unknown, DCN_ERROR_INVALID_ARGUMENT, "kind 99");
        refuse_slice(f, i, dcn_slice_buffer(NULL), DCN_ERROR_INVALID_ARGUMENT, "handle|NULL");
        refuse_slice(f, i, dcn_slice_range(own, 0, 0), DCN_ERROR_BUFFER_TOO_SMALL, "0 bytes");
        refuse_slice(f, i, dcn_slice_range(own, 0, bytes - 1), DCN_ERROR_BUFFER_TOO_SMALL,
                     i == DCN_DCNV4_OFFSET_MASK ? "6719|6720" : "959|960");
        refuse_slice(f, i, dcn_slice_range(own, 2, bytes), DCN_ERROR_MISALIGNED, "2|element size 4");
        refuse_slice(f, i, dcn_slice_range(own, SPARE + 4, bytes), DCN_ERROR_BUFFER_TOO_SMALL,
                     i == DCN_DCNV4_OFFSET_MASK ? "6784|68|6720" : "1024|68|960");
        refuse_slice(f, i, dcn_slice_range(own, 0, UINT64_MAX), DCN_ERROR_BUFFER_TOO_SMALL, "18446744073709551615");
        refuse_slice(f, i, dcn_slice_range(own, UINT64_MAX - 3, bytes), DCN_ERROR_BUFFER_TOO_SMALL,
                     "18446744073709551612");
        refuse_slice(f, i, dcn_slice_buffer(f->other_buffer), DCN_ERROR_WRONG_CONTEXT, "another context");
    }
    expect_working(f);
}

/* Host memory: refused by any other device, and checked as far as a pointer can be. */
static void test_host_slices(void **state)
{
    fixture *f = *state;
    char *memory = malloc(tensor_bytes[1] + SPARE);
    assert_non_null(memory);
    for (int i = 0; i < TENSORS; i++) {
        dcn_slice slice = dcn_slice_host(memory + 2, tensor_bytes[i]);
        refuse_slice(f, i, slice, DCN_ERROR_MISALIGNED, "4");
        if (!f->native) {
            refuse_slice(f, i, dcn_slice_host(memory, tensor_bytes[i]), DCN_ERROR_WRONG_CONTEXT, "");
            continue;
        }
        slice = dcn_slice_host(memory, tensor_bytes[i] - 1);
        refuse_slice(f, i, slice, DCN_ERROR_BUFFER_TOO_SMALL, "bytes");
        slice = dcn_slice_host(memory, UINT64_MAX);
        refuse_slice(f, i, slice, DCN_ERROR_INVALID_ARGUMENT, "runs over the end of memory");
        slice = dcn_slice_host(memory, tensor_bytes[i]);
        slice.offset = UINT64_MAX - 3;
        refuse_slice(f, i, slice, DCN_ERROR_INVALID_ARGUMENT, "runs over the end of memory");
        slice.kind = DCN_MEMORY_OPENCL;
        slice.offset = 0;
        refuse_slice(f, i, slice, DCN_ERROR_WRONG_CONTEXT, "");
    }
    free(memory);
    expect_working(f);
}

static void test_overlap(void **state)
{
    fixture *f = *state;
    dcn_slice tensors[TENSORS];
    dcn_buffer *large = NULL;
    expect_success(dcn_buffer_create(f->context, 4 * tensor_bytes[1], &large));
    slices_of(f, tensors);
    tensors[DCN_DCNV4_OUTPUT] = tensors[DCN_DCNV4_VALUE];
    refuse(f, tensors, NULL, DCN_ERROR_INVALID_ARGUMENT, "output|overlaps|value|960");
    tensors[DCN_DCNV4_OUTPUT] = dcn_slice_range(f->buffers[1], SPARE, tensor_bytes[2]);
    refuse(f, tensors, NULL, DCN_ERROR_INVALID_ARGUMENT, "output|overlaps|offset_mask|6720");
    const uint64_t bytes = tensor_bytes[2];
    tensors[DCN_DCNV4_VALUE] = dcn_slice_range(large, bytes, bytes);
    const uint64_t overlapping[] = {4, bytes - 4, bytes, bytes + 4, 2 * bytes - 4};
    for (size_t i = 0; i < COUNT(overlapping); i++) {
        tensors[DCN_DCNV4_OUTPUT] = dcn_slice_range(large, overlapping[i], bytes);
        refuse(f, tensors, NULL, DCN_ERROR_INVALID_ARGUMENT, "output|overlaps|value");
    }
    /* Ranges that only touch, and inputs that share memory, are fine. */
    const uint64_t touching[] = {0, 2 * bytes};
    for (size_t i = 0; i < COUNT(touching); i++) {
        tensors[DCN_DCNV4_OUTPUT] = dcn_slice_range(large, touching[i], bytes);
        expect_success(dcn_execute(f->plan, f->queue, tensors, TENSORS, NULL));
    }
    tensors[DCN_DCNV4_VALUE] = tensors[DCN_DCNV4_OFFSET_MASK];
    expect_success(dcn_execute(f->plan, f->queue, tensors, TENSORS, NULL));
    expect_success(dcn_queue_finish(f->queue));
    dcn_buffer_destroy(large);
    expect_working(f);
}

static void test_calls(void **state)
{
    fixture *f = *state;
    dcn_slice tensors[TENSORS + 1];
    slices_of(f, tensors);
    tensors[TENSORS] = tensors[0];
#define REFUSED(plan, queue, tensors, count, wanted, text)                                                             \
    expect_refused(dcn_execute(plan, queue, tensors, count, NULL), wanted, text)
    REFUSED(NULL, f->queue, tensors, TENSORS, DCN_ERROR_INVALID_ARGUMENT, "plan|NULL");
    REFUSED(f->plan, NULL, tensors, TENSORS, DCN_ERROR_INVALID_ARGUMENT, "queue|NULL");
    REFUSED(f->plan, f->queue, NULL, TENSORS, DCN_ERROR_INVALID_ARGUMENT, "tensors|NULL");
    REFUSED(f->plan, f->queue, tensors, TENSORS - 1, DCN_ERROR_INVALID_ARGUMENT, "tensor_count|2|3");
    REFUSED(f->plan, f->queue, tensors, TENSORS + 1, DCN_ERROR_INVALID_ARGUMENT, "tensor_count|4|3");
    REFUSED(f->plan, f->queue, tensors, 0, DCN_ERROR_INVALID_ARGUMENT, "tensor_count|0|3");
    REFUSED(f->plan, f->other_queue, tensors, TENSORS, DCN_ERROR_WRONG_CONTEXT, "plan|queue");
    REFUSED(f->other_plan, f->queue, tensors, TENSORS, DCN_ERROR_WRONG_CONTEXT, "plan|queue");
#undef REFUSED
    expect_untouched(f);
    expect_working(f);
}

static void test_sync(void **state)
{
    fixture *f = *state;
    dcn_slice tensors[TENSORS];
    dcn_event *many[DCN_WAIT_LIST_MAX + 1];
    dcn_event *const missing[] = {f->event, NULL};
    dcn_event *const foreign[] = {f->event, f->other_event};
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = f->event;
    const struct {
        dcn_sync sync;
        dcn_status status;
        const char *in_detail;
    } rows[] = {
        {{many, COUNT(many), NULL}, DCN_ERROR_INVALID_ARGUMENT, "wait_count|65|64"},
        {{NULL, SIZE_MAX, NULL}, DCN_ERROR_INVALID_ARGUMENT, "wait_count|64"},
        {{NULL, 3, NULL}, DCN_ERROR_INVALID_ARGUMENT, "sync.wait|NULL|3"},
        {{missing, 2, NULL}, DCN_ERROR_INVALID_ARGUMENT, "sync.wait[1]|NULL"},
        {{foreign, 2, NULL}, DCN_ERROR_WRONG_CONTEXT, "sync.wait[1]"},
        {{NULL, 0, f->other_event}, DCN_ERROR_WRONG_CONTEXT, "sync.signal"},
    };
    slices_of(f, tensors);
    for (size_t i = 0; i < COUNT(rows); i++)
        refuse(f, tensors, &rows[i].sync, rows[i].status, rows[i].in_detail);
    const dcn_sync full = {many, DCN_WAIT_LIST_MAX, NULL};
    expect_success(dcn_execute(f->plan, f->queue, tensors, TENSORS, &full));
    expect_working(f);
}

static void test_execute_host(void **state)
{
    fixture *f = *state;
    static float output[VALUES + 1];
    dcn_slice good[TENSORS] = {dcn_slice_host(f->in.value, tensor_bytes[0]),
                               dcn_slice_host(f->in.offset_mask, tensor_bytes[1]),
                               dcn_slice_host(output, tensor_bytes[2])};
    const struct {
        int index;
        dcn_slice slice;
        dcn_status status;
        const char *in_detail;
    } rows[] = {
        {0, dcn_slice_buffer(f->buffers[0]), DCN_ERROR_INVALID_ARGUMENT, "value|kind 1"},
        {1, {DCN_MEMORY_NONE, NULL, 0, 0}, DCN_ERROR_INVALID_ARGUMENT, "offset_mask|kind 0"},
        {2, dcn_slice_host(NULL, tensor_bytes[2]), DCN_ERROR_INVALID_ARGUMENT, "output|NULL"},
        {2, dcn_slice_host(output, tensor_bytes[2] - 1), DCN_ERROR_BUFFER_TOO_SMALL, "output|959|960"},
        {2, dcn_slice_host((char *)output + 1, tensor_bytes[2]), DCN_ERROR_MISALIGNED, "output|4 bytes"},
        {2, {DCN_MEMORY_HOST, output, 2, tensor_bytes[2]}, DCN_ERROR_MISALIGNED, "output|4 bytes"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        dcn_slice tensors[TENSORS] = {good[0], good[1], good[2]};
        tensors[rows[i].index] = rows[i].slice;
        expect_refused(dcn_execute_host(f->plan, tensors, TENSORS), rows[i].status, rows[i].in_detail);
    }
    expect_refused(dcn_execute_host(NULL, good, TENSORS), DCN_ERROR_INVALID_ARGUMENT, "plan|NULL");
    expect_refused(dcn_execute_host(f->plan, NULL, TENSORS), DCN_ERROR_INVALID_ARGUMENT, "tensors|NULL");
    expect_refused(dcn_execute_host(f->plan, good, 2), DCN_ERROR_INVALID_ARGUMENT, "tensor_count|2|3");
    for (int i = 0; i <= VALUES; i++)
        assert_true(output[i] == 0.0f);
    expect_success(dcn_execute_host(f->plan, good, TENSORS));
    expect_working(f);
}

/* A batch of 0 touches no memory, needs none, and still marks its event. */
static void test_empty_batch(void **state)
{
    fixture *f = *state;
    dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plan = NULL;
    dcn_queue *timed = NULL;
    dcn_slice tensors[TENSORS] = {{DCN_MEMORY_NONE, NULL, 0, 0}};
    const dcn_sync sync = {&f->event, 1, f->event};
    int complete = 0;
    double microseconds = -1.0;
    desc.batch = 0;
    expect_success(dcn_dcnv4_plan_create(f->context, &desc, NULL, &plan));
    expect_success(dcn_queue_create(f->context, DCN_QUEUE_TIMING, &timed));
    expect_success(dcn_execute(plan, timed, tensors, TENSORS, &sync));
    expect_success(dcn_event_wait(f->event));
    expect_success(dcn_event_query(f->event, &complete));
    assert_int_equal(complete, 1);
    expect_success(dcn_event_elapsed(f->event, f->event, &microseconds)); /* only a marked event has a time */
    assert_true(microseconds >= 0.0);
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_slice_host(NULL, 0);
    expect_success(dcn_execute_host(plan, tensors, TENSORS));
    slices_of(f, tensors);
    expect_success(dcn_execute(plan, timed, tensors, TENSORS, NULL));
    expect_refused(dcn_execute(plan, timed, tensors, 2, NULL), DCN_ERROR_INVALID_ARGUMENT, "tensor_count|2|3");
    expect_success(dcn_queue_finish(timed));
    expect_untouched(f);
    dcn_plan_destroy(plan);
    dcn_queue_destroy(timed);
    expect_working(f);
}

int main(int argc, char **argv)
{
    const int missing = choose_device(argc, argv, "cpu");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_slices),      WITH_FIXTURE(test_host_slices), WITH_FIXTURE(test_overlap),
        WITH_FIXTURE(test_calls),       WITH_FIXTURE(test_sync),        WITH_FIXTURE(test_execute_host),
        WITH_FIXTURE(test_empty_batch),
    };
    return cmocka_run_group_tests_name("execution", tests, NULL, NULL);
}
