/* Threads, contexts and thread counts: whatever runs at the same time, the bits of the result are the same. */
#include "fixture.h"

#include <string.h>

#include "platform.h"

enum { THREADS = 8, CONTEXTS = 3, ROUNDS = 20 };

/* One thread's work: a plan and a queue of its own, on memory of its own. */
typedef struct worker {
    dcn_plan *plan;
    dcn_context *context;
    const fixture *inputs;
    float output[VALUES];
    dcn_status status;
    char detail[256];
} worker;

static dcn_status run_once(worker *w, dcn_queue *queue, dcn_buffer *const buffers[TENSORS])
{
    dcn_slice tensors[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_slice_buffer(buffers[i]);
    dcn_status status = dcn_buffer_write(queue, buffers[0], 0, tensor_bytes[0], w->inputs->in.value, NULL);
    if (status == DCN_SUCCESS)
        status = dcn_buffer_write(queue, buffers[1], 0, tensor_bytes[1], w->inputs->in.offset_mask, NULL);
    if (status == DCN_SUCCESS)
        status = dcn_buffer_fill(queue, buffers[2], 0, tensor_bytes[2], PATTERN, NULL);
    if (status == DCN_SUCCESS)
        status = dcn_execute(w->plan, queue, tensors, TENSORS, NULL);
    return status == DCN_SUCCESS ? dcn_buffer_read(queue, buffers[2], 0, tensor_bytes[2], w->output, NULL) : status;
}

static void run(void *argument)
{
    worker *w = argument;
    dcn_queue *queue = NULL;
    dcn_buffer *buffers[TENSORS] = {NULL};
    w->status = dcn_queue_create(w->context, DCN_QUEUE_DEFAULT, &queue);
    for (int i = 0; i < TENSORS && w->status == DCN_SUCCESS; i++)
        w->status = dcn_buffer_create(w->context, tensor_bytes[i], &buffers[i]);
    for (int i = 0; i < ROUNDS && w->status == DCN_SUCCESS; i++)
        w->status = run_once(w, queue, buffers);
    if (w->status != DCN_SUCCESS)
        strncpy(w->detail, dcn_error_detail(), sizeof w->detail - 1);
    for (int i = 0; i < TENSORS; i++)
        dcn_buffer_destroy(buffers[i]);
    dcn_queue_destroy(queue);
}

static void expect_same(const worker *w, const float wanted[VALUES])
{
    if (w->status != DCN_SUCCESS)
        fail_msg("%s: %s", dcn_status_name(w->status), w->detail);
    assert_memory_equal(w->output, wanted, sizeof w->output);
}

/* All workers at once, against the same work done alone. */
static void run_together(worker *workers, size_t count)
{
    dcn_thread *threads[THREADS];
    worker alone = workers[0];
    run(&alone);
    expect_same(&alone, alone.output);
    for (size_t i = 0; i < count; i++) {
        threads[i] = dcn_thread_start(run, &workers[i]);
        assert_non_null(threads[i]);
    }
    for (size_t i = 0; i < count; i++)
        dcn_thread_join(threads[i]);
    for (size_t i = 0; i < count; i++)
        expect_same(&workers[i], alone.output);
}

static void test_one_context(void **state)
{
    fixture *f = *state;
    static worker workers[THREADS];
    const dcn_dcnv4_desc desc = operator_desc();
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.context = f->context, .inputs = f};
        /* Half of them clones of the fixture's plan. */
        if (i % 2)
            expect_success(dcn_plan_clone(f->plan, &workers[i].plan));
        else
            expect_success(dcn_dcnv4_plan_create(f->context, &desc, NULL, &workers[i].plan));
        assert_string_equal(dcn_plan_path(workers[i].plan), dcn_plan_path(f->plan));
    }
    run_together(workers, THREADS);
    for (int i = 0; i < THREADS; i++)
        dcn_plan_destroy(workers[i].plan);
    expect_working(f);
}

static void test_several_contexts(void **state)
{
    fixture *f = *state;
    static worker workers[CONTEXTS];
    const dcn_dcnv4_desc desc = operator_desc();
    for (int i = 0; i < CONTEXTS; i++) {
        workers[i] = (worker){.inputs = f};
        expect_success(dcn_context_create(test_device, NULL, &workers[i].context));
        expect_success(dcn_dcnv4_plan_create(workers[i].context, &desc, NULL, &workers[i].plan));
    }
    run_together(workers, CONTEXTS);
    for (int i = 0; i < CONTEXTS; i++) {
        dcn_context_destroy(workers[i].context); /* the plan keeps it alive */
        dcn_plan_destroy(workers[i].plan);
    }
}

/* Objects are made and ended by all threads at once. */
static void make_and_end(void *argument)
{
    worker *w = argument;
    const dcn_dcnv4_desc desc = operator_desc();
    for (int i = 0; i < ROUNDS && w->status == DCN_SUCCESS; i++) {
        w->status = dcn_dcnv4_plan_create(w->context, &desc, NULL, &w->plan);
        if (w->status == DCN_SUCCESS)
            run(w);
        dcn_plan_destroy(w->plan);
        w->plan = NULL;
    }
}

static void test_objects(void **state)
{
    fixture *f = *state;
    static worker workers[4];
    dcn_thread *threads[4];
    worker alone = {.plan = f->plan, .context = f->context, .inputs = f};
    run(&alone);
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker){.context = f->context, .inputs = f};
        threads[i] = dcn_thread_start(make_and_end, &workers[i]);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < 4; i++)
        dcn_thread_join(threads[i]);
    for (int i = 0; i < 4; i++)
        expect_same(&workers[i], alone.output);
}

/* An image large enough that every thread has a part of it. */
enum { TALL = 40, BROAD = 50, LARGE_VALUES = TALL * BROAD * CHANNELS, LARGE_OFFSETS = TALL * BROAD * ROW };

static void run_large(dcn_context *context, const char *path, float output[LARGE_VALUES])
{
    static float value[LARGE_VALUES];
    static float offset_mask[LARGE_OFFSETS];
    dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plan = NULL;
    for (int i = 0; i < LARGE_VALUES; i++)
        value[i] = (float)((i * 37) % 1009) / 500.0f - 1.0f;
    for (int i = 0; i < LARGE_OFFSETS; i++)
        offset_mask[i] = (float)((i * 53) % 997) / 300.0f - 1.5f;
    desc.height = TALL;
    desc.width = BROAD;
    dcn_plan_options options = dcn_plan_options_default();
    options.path = path;
    memset(output, PATTERN, LARGE_VALUES * sizeof *output);
    expect_success(dcn_dcnv4_plan_create(context, &desc, &options, &plan));
    const dcn_slice tensors[TENSORS] = {dcn_slice_host(value, sizeof value),
                                        dcn_slice_host(offset_mask, sizeof offset_mask),
                                        dcn_slice_host(output, LARGE_VALUES * sizeof *output)};
    expect_success(dcn_execute_host(plan, tensors, TENSORS));
    dcn_plan_destroy(plan);
}

/* The native CPU device's thread count changes the speed only; on any other device the option means nothing. The
 * device's own shape, and the wide one: it has work-group memory, which threads must not share. */
static void test_thread_counts(void **state)
{
    const fixture *f = *state;
    const uint32_t counts[] = {1, 2, 3, 8};
    static const char *const paths[] = {"", "wide"};
    static float first[2][LARGE_VALUES];
    static float output[LARGE_VALUES];
    for (size_t p = 0; p < 2; p++)
        run_large(f->context, paths[p], first[p]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        dcn_context *context = NULL;
        dcn_device_info info = {.struct_size = sizeof info};
        dcn_context_options options = dcn_context_options_default();
        options.threads = counts[i];
        options.pin_threads = i % 2 ? 1 : 0;
        expect_success(dcn_context_create(test_device, &options, &context));
        expect_success(dcn_context_device(context, &info));
        assert_true(!f->native || info.compute_units == counts[i]);
        for (size_t p = 0; p < 2; p++) {
            run_large(context, paths[p], output);
            assert_memory_equal(output, first[p], sizeof output);
        }
        dcn_context_destroy(context);
    }
}

int main(int argc, char **argv)
{
    const int missing = choose_device(argc, argv, "cpu");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_one_context),
        WITH_FIXTURE(test_several_contexts),
        WITH_FIXTURE(test_objects),
        WITH_FIXTURE(test_thread_counts),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
