/* Gradients: what their calls are refused for, the workspace, absent results, and that their bits never change. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { VALUE, OFFSET_MASK, GRAD_OUTPUT, GRAD_VALUE, GRAD_OFFSET_MASK, ALL };

static const char *const names[ALL] = {"value", "offset_mask", "grad_output", "grad_value", "grad_offset_mask"};

/* A backward plan with memory for each tensor, inputs filled, and the results of its first run. */
typedef struct call {
    dcn_context *context;
    dcn_queue *queue;
    dcn_plan *plan;
    dcn_buffer *buffers[ALL];
    uint64_t bytes[ALL];
    unsigned char *results[ALL];
} call;

/* Three images, so that a limit can cut the batch; enough rows for several bands. */
static dcn_dcnv4_desc backward_desc(dcn_dtype dtype)
{
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.dtype = dtype;
    desc.direction = DCN_BACKWARD;
    desc.batch = 3;
    desc.height = 44;
    desc.width = 7;
    desc.group = 3;
    desc.group_channels = 16;
    desc.channels = 48;
    return desc;
}

/* Numbers between -1 and 1; every ninth offset far away. */
static void fill(void *data, uint64_t bytes, dcn_dtype dtype, int is_offsets)
{
    const uint64_t count = bytes / dcn_dtype_size(dtype);
    for (uint64_t i = 0; i < count; i++) {
        float x = (float)((i * 7919) % 2003) / 1001.0f - 1.0f;
        if (is_offsets && i % 9 == 4)
            x *= 40.0f;
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        if (dtype == DCN_FLOAT32)
            ((uint32_t *)data)[i] = bits;
        else
            ((uint16_t *)data)[i] = (uint16_t)(bits >> 16); /* bfloat16 */
    }
}

static void run(call *c, dcn_plan *plan, const dcn_slice tensors[ALL])
{
    expect_success(dcn_execute(plan, c->queue, tensors, ALL, NULL));
    expect_success(dcn_queue_finish(c->queue));
}

static void slices_of_call(const call *c, dcn_slice tensors[ALL])
{
    for (int i = 0; i < ALL; i++)
        tensors[i] = dcn_slice_buffer(c->buffers[i]);
}

static void read_results(call *c, unsigned char *results[ALL])
{
    for (int i = GRAD_VALUE; i < ALL; i++) {
        results[i] = malloc(c->bytes[i]);
        assert_non_null(results[i]);
        expect_success(dcn_buffer_read(c->queue, c->buffers[i], 0, c->bytes[i], results[i], NULL));
        expect_success(dcn_buffer_fill(c->queue, c->buffers[i], 0, c->bytes[i], PATTERN, NULL));
    }
    expect_success(dcn_queue_finish(c->queue));
}

static void open_call(call *c, const dcn_dcnv4_desc *desc, uint32_t threads)
{
    dcn_context_options options = dcn_context_options_default();
    options.threads = threads;
    memset(c, 0, sizeof *c);
    expect_success(dcn_context_create(test_device, &options, &c->context));
    expect_success(dcn_queue_create(c->context, DCN_QUEUE_DEFAULT, &c->queue));
    expect_success(dcn_dcnv4_plan_create(c->context, desc, NULL, &c->plan));
    assert_int_equal(dcn_plan_tensors(c->plan), ALL);
    for (size_t i = 0; i < ALL; i++) {
        dcn_tensor_info info = {.struct_size = sizeof info};
        expect_success(dcn_plan_tensor(c->plan, i, &info));
        assert_string_equal(info.name, names[i]);
        assert_int_equal(info.is_output, i >= GRAD_VALUE);
        assert_int_equal(info.is_optional, i >= GRAD_VALUE);
        assert_int_equal(info.dtype, i >= GRAD_VALUE && desc->float32_gradients ? DCN_FLOAT32 : desc->dtype);
        c->bytes[i] = info.bytes;
        expect_success(dcn_buffer_create(c->context, info.bytes, &c->buffers[i]));
        void *data = malloc(info.bytes);
        assert_non_null(data);
        fill(data, info.bytes, info.dtype, i == OFFSET_MASK);
        expect_success(dcn_buffer_write(c->queue, c->buffers[i], 0, info.bytes, data, NULL));
        free(data);
    }
    dcn_slice tensors[ALL];
    slices_of_call(c, tensors);
    run(c, c->plan, tensors);
    read_results(c, c->results);
}

static void close_call(call *c)
{
    for (int i = 0; i < ALL; i++) {
        dcn_buffer_destroy(c->buffers[i]);
        free(c->results[i]);
    }
    dcn_plan_destroy(c->plan);
    dcn_queue_destroy(c->queue);
    dcn_context_destroy(c->context);
}

/* Runs a plan on the call's memory; the results must be those of the first run, bit for bit. */
static void expect_same(call *c, dcn_plan *plan, const unsigned char *const results[ALL], const char *what)
{
    unsigned char *now[ALL];
    dcn_slice tensors[ALL];
    slices_of_call(c, tensors);
    run(c, plan, tensors);
    read_results(c, now);
    for (int i = GRAD_VALUE; i < ALL; i++) {
        if (memcmp(now[i], results[i], c->bytes[i]) != 0)
            fail_msg("%s: other bits of %s", what, names[i]);
        free(now[i]);
    }
}

#define FIRST(c) ((const unsigned char *const *)(c)->results)

static void test_runs_and_threads(void **state)
{
    (void)state;
    const dcn_dtype types[] = {DCN_FLOAT32, DCN_BFLOAT16};
    for (size_t t = 0; t < COUNT(types); t++) {
        const dcn_dcnv4_desc desc = backward_desc(types[t]);
        call first;
        open_call(&first, &desc, 1);
        for (int i = 0; i < 5; i++)
            expect_same(&first, first.plan, FIRST(&first), "another run");
        for (uint32_t threads = 2; threads <= 3; threads++) {
            call other;
            open_call(&other, &desc, threads);
            expect_same(&other, other.plan, FIRST(&first), "more threads");
            close_call(&other);
        }
        close_call(&first);
    }
}

static void test_limits(void **state)
{
    (void)state;
    const dcn_dcnv4_desc desc = backward_desc(DCN_BFLOAT16);
    call c;
    uint64_t whole = 0;
    open_call(&c, &desc, 0);
    expect_success(dcn_plan_workspace(c.plan, &whole));
    const uint64_t points = (uint64_t)desc.batch * 44 * 7 * 3 * 9;
    const uint64_t cells = (uint64_t)desc.batch * 45 * 8 * 3;
    assert_true(whole > 0 && whole <= 12 * points + 8 * cells);
    dcn_plan_options options = dcn_plan_options_default();
    for (uint64_t limit = whole; limit > whole / 16; limit -= whole / 7) {
        dcn_plan *plan = NULL;
        uint64_t bytes = 0;
        options.workspace_limit = limit;
        const dcn_status status = dcn_dcnv4_plan_create(c.context, &desc, &options, &plan);
        if (status != DCN_SUCCESS) { /* less than the least */
            expect_refused(status, DCN_ERROR_INVALID_ARGUMENT, "workspace_limit|at least");
            break;
        }
        expect_success(dcn_plan_workspace(plan, &bytes));
        assert_true(bytes > 0 && bytes <= limit);
        expect_same(&c, plan, FIRST(&c), "less workspace");
        dcn_plan_destroy(plan);
    }
    const char *const paths[] = {"", "wide"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        options.workspace_limit = 1;
        options.path = paths[i];
        dcn_plan *none = NULL;
        expect_refused(dcn_dcnv4_plan_create(c.context, &desc, &options, &none), DCN_ERROR_INVALID_ARGUMENT,
                       "workspace_limit|1 bytes|at least");
        assert_null(none);
    }
    close_call(&c);
}

static void refuse_workspace(dcn_plan *plan, dcn_slice slice, dcn_status wanted, const char *in_detail)
{
    expect_refused(dcn_plan_set_workspace(plan, &slice), wanted, in_detail);
}

static void test_own_workspace(void **state)
{
    fixture *f = *state; /* for the other context */
    const dcn_dcnv4_desc desc = backward_desc(DCN_BFLOAT16);
    dcn_plan_options options = dcn_plan_options_default();
    dcn_plan *plan = NULL, *clone = NULL;
    dcn_buffer *room = NULL, *foreign = NULL;
    dcn_slice tensors[ALL];
    uint64_t bytes = 0;
    call c;
    open_call(&c, &desc, 0);
    options.own_workspace = 2;
    expect_refused(dcn_dcnv4_plan_create(c.context, &desc, &options, &plan), DCN_ERROR_INVALID_ARGUMENT,
                   "own_workspace|2");
    options.own_workspace = 0;
    expect_success(dcn_dcnv4_plan_create(c.context, &desc, &options, &plan));
    expect_success(dcn_plan_workspace(plan, &bytes));
    expect_success(dcn_buffer_create(c.context, 2 * bytes + DCN_WORKSPACE_ALIGNMENT, &room));
    expect_success(dcn_buffer_create(f->context, bytes, &foreign));
    slices_of_call(&c, tensors);
    expect_refused(dcn_execute(plan, c.queue, tensors, ALL, NULL), DCN_ERROR_INVALID_ARGUMENT,
                   "workspace|dcn_plan_set_workspace");
    expect_refused(dcn_plan_set_workspace(NULL, &tensors[0]), DCN_ERROR_INVALID_ARGUMENT, "plan|NULL");
    expect_refused(dcn_plan_set_workspace(plan, NULL), DCN_ERROR_INVALID_ARGUMENT, "workspace|NULL");
    refuse_workspace(c.plan, dcn_slice_buffer(room), DCN_ERROR_INVALID_ARGUMENT, "own_workspace");
    refuse_workspace(plan, dcn_slice_none(), DCN_ERROR_INVALID_ARGUMENT, "workspace|DCN_MEMORY_NONE");
    refuse_workspace(plan, dcn_slice_range(room, 0, bytes - 1), DCN_ERROR_BUFFER_TOO_SMALL, "workspace|bytes");
    refuse_workspace(plan, dcn_slice_range(room, 2 * bytes, bytes), DCN_ERROR_BUFFER_TOO_SMALL, "workspace|bytes");
    refuse_workspace(plan, dcn_slice_range(room, 32, bytes), DCN_ERROR_MISALIGNED, "workspace|32|64");
    refuse_workspace(plan, dcn_slice_buffer(foreign), DCN_ERROR_WRONG_CONTEXT, "workspace|another context");
    const dcn_slice good = dcn_slice_range(room, DCN_WORKSPACE_ALIGNMENT, bytes);
    expect_success(dcn_plan_set_workspace(plan, &good));
    expect_same(&c, plan, FIRST(&c), "the caller's workspace");
    for (int i = VALUE; i < ALL; i++) {
        slices_of_call(&c, tensors);
        if (c.bytes[i] > 2 * bytes)
            continue;
        tensors[i] = dcn_slice_range(room, DCN_WORKSPACE_ALIGNMENT + bytes - 4, c.bytes[i]);
        if (c.bytes[i] <= bytes + 4)
            expect_refused(dcn_execute(plan, c.queue, tensors, ALL, NULL), DCN_ERROR_INVALID_ARGUMENT,
                           "workspace|overlaps");
    }
    expect_success(dcn_plan_clone(plan, &clone));
    slices_of_call(&c, tensors);
    expect_refused(dcn_execute(clone, c.queue, tensors, ALL, NULL), DCN_ERROR_INVALID_ARGUMENT,
                   "workspace|dcn_plan_set_workspace");
    expect_success(dcn_plan_set_workspace(clone, &good));
    expect_same(&c, clone, FIRST(&c), "a clone");
    dcn_plan_destroy(clone);
    expect_success(dcn_plan_clone(c.plan, &clone));
    expect_same(&c, clone, FIRST(&c), "a clone with its own workspace");
    dcn_plan_destroy(clone);
    dcn_plan_destroy(plan);
    dcn_buffer_destroy(room);
    dcn_buffer_destroy(foreign);
    close_call(&c);
}

static void refuse(call *c, const dcn_slice tensors[ALL], dcn_status wanted, const char *in_detail)
{
    expect_refused(dcn_execute(c->plan, c->queue, tensors, ALL, NULL), wanted, in_detail);
    for (int i = GRAD_VALUE; i < ALL; i++) {
        unsigned char *bytes = malloc(c->bytes[i]);
        assert_non_null(bytes);
        expect_success(dcn_buffer_read(c->queue, c->buffers[i], 0, c->bytes[i], bytes, NULL));
        for (uint64_t k = 0; k < c->bytes[i]; k++)
            if (bytes[k] != PATTERN)
                fail_msg("byte %llu of %s was written in spite of a refusal", (unsigned long long)k, names[i]);
        free(bytes);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    const dcn_dcnv4_desc desc = backward_desc(DCN_FLOAT32);
    dcn_slice tensors[ALL];
    call c;
    open_call(&c, &desc, 0);
    for (int i = GRAD_VALUE; i < ALL; i++) {
        for (int k = VALUE; k < ALL; k++) {
            slices_of_call(&c, tensors);
            if (i == k || c.bytes[k] < c.bytes[i])
                continue;
            tensors[i] = dcn_slice_range(c.buffers[k], 0, c.bytes[i]);
            refuse(&c, tensors, DCN_ERROR_INVALID_ARGUMENT, "overlaps");
            expect_detail(names[i]);
            expect_detail(names[k]);
        }
        slices_of_call(&c, tensors);
        tensors[i].size--;
        refuse(&c, tensors, DCN_ERROR_BUFFER_TOO_SMALL, names[i]);
    }
    for (int i = VALUE; i < GRAD_VALUE; i++) {
        slices_of_call(&c, tensors);
        tensors[i] = dcn_slice_none();
        refuse(&c, tensors, DCN_ERROR_INVALID_ARGUMENT, "DCN_MEMORY_NONE");
        expect_detail(names[i]);
    }
    slices_of_call(&c, tensors);
    tensors[GRAD_VALUE] = tensors[GRAD_OFFSET_MASK] = dcn_slice_none();
    refuse(&c, tensors, DCN_ERROR_INVALID_ARGUMENT, "every result is absent");
    expect_refused(dcn_execute_host(c.plan, tensors, ALL), DCN_ERROR_INVALID_ARGUMENT, "value|kind 1");
    expect_same(&c, c.plan, FIRST(&c), "after refusals");
    close_call(&c);
}

/* One result alone has the bits that it has with the other. */
static void test_absent(void **state)
{
    (void)state;
    const dcn_dtype types[] = {DCN_FLOAT32, DCN_BFLOAT16};
    for (size_t t = 0; t < COUNT(types); t++) {
        const dcn_dcnv4_desc desc = backward_desc(types[t]);
        call c;
        open_call(&c, &desc, 0);
        for (int absent = GRAD_VALUE; absent < ALL; absent++) {
            const int present = GRAD_VALUE + GRAD_OFFSET_MASK - absent;
            unsigned char *now[ALL];
            dcn_slice tensors[ALL];
            slices_of_call(&c, tensors);
            tensors[absent] = dcn_slice_none();
            run(&c, c.plan, tensors);
            read_results(&c, now);
            assert_memory_equal(now[present], c.results[present], c.bytes[present]);
            for (uint64_t k = 0; k < c.bytes[absent]; k++)
                assert_int_equal(now[absent][k], PATTERN);
            free(now[GRAD_VALUE]);
            free(now[GRAD_OFFSET_MASK]);
        }
        close_call(&c);
    }
}

/* float32 gradients of bfloat16 inputs, rounded, are the bfloat16 gradients. */
static void test_float32_gradients(void **state)
{
    (void)state;
    dcn_dcnv4_desc desc = backward_desc(DCN_BFLOAT16);
    call stored, floats;
    open_call(&stored, &desc, 0);
    desc.float32_gradients = 1;
    open_call(&floats, &desc, 0);
    for (int i = GRAD_VALUE; i < ALL; i++) {
        assert_int_equal(floats.bytes[i], 2 * stored.bytes[i]);
        for (uint64_t k = 0; k < stored.bytes[i] / 2; k++) {
            const uint32_t bits = ((const uint32_t *)(const void *)floats.results[i])[k];
            const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
            if (rounded != ((const uint16_t *)(const void *)stored.results[i])[k])
                fail_msg("element %llu of %s", (unsigned long long)k, names[i]);
        }
    }
    desc.float32_gradients = 3;
    dcn_plan *none = NULL;
    expect_refused(dcn_dcnv4_plan_create(floats.context, &desc, NULL, &none), DCN_ERROR_INVALID_ARGUMENT,
                   "float32_gradients|3");
    desc.float32_gradients = 0;
    desc.direction = (dcn_direction)2;
    expect_refused(dcn_dcnv4_plan_create(floats.context, &desc, NULL, &none), DCN_ERROR_INVALID_ARGUMENT,
                   "direction|2|DCN_BACKWARD");
    close_call(&stored);
    close_call(&floats);
}

/* On host memory, with one gradient or both; DCNv3 has three. */
static void test_host(void **state)
{
    fixture *f = *state;
    dcn_dcnv4_desc desc = operator_desc();
    static float grad_value[VALUES], grad_offset_mask[OFFSETS], again[VALUES];
    desc.direction = DCN_BACKWARD;
    dcn_slice tensors[ALL] = {
        dcn_slice_host(f->in.value, sizeof f->in.value), dcn_slice_host(f->in.offset_mask, sizeof f->in.offset_mask),
        dcn_slice_host(f->in.value, sizeof f->in.value), dcn_slice_host(grad_value, sizeof grad_value),
        dcn_slice_host(grad_offset_mask, sizeof grad_offset_mask)};
    expect_success(dcn_dcnv4_run_host(test_device, &desc, tensors, ALL));
    tensors[GRAD_VALUE] = dcn_slice_host(again, sizeof again);
    tensors[GRAD_OFFSET_MASK] = dcn_slice_none();
    expect_success(dcn_dcnv4_run_host(test_device, &desc, tensors, ALL));
    assert_memory_equal(again, grad_value, sizeof again);
    tensors[GRAD_VALUE] = dcn_slice_none();
    expect_refused(dcn_dcnv4_run_host(test_device, &desc, tensors, ALL), DCN_ERROR_INVALID_ARGUMENT,
                   "every result is absent");
    tensors[VALUE] = dcn_slice_none();
    expect_refused(dcn_dcnv4_run_host(test_device, &desc, tensors, ALL), DCN_ERROR_INVALID_ARGUMENT, "value|kind 0");
}

static void test_dcnv3(void **state)
{
    fixture *f = *state;
    static const char *const tensors[] = {"input",      "offset",      "mask",     "grad_output",
                                          "grad_input", "grad_offset", "grad_mask"};
    dcn_dcnv3_desc desc = dcn_dcnv3_desc_default();
    dcn_plan *plan = NULL;
    desc.batch = 1;
    desc.height = HEIGHT;
    desc.width = WIDTH;
    desc.channels = CHANNELS;
    desc.group = GROUP;
    desc.group_channels = DEPTH + 1;
    expect_refused(dcn_dcnv3_plan_create(f->context, &desc, NULL, &plan), DCN_ERROR_INVALID_SHAPE,
                   "dcn_dcnv3_plan_create|channels|8|2 * 5");
    desc.group_channels = DEPTH;
    desc.struct_size--;
    expect_refused(dcn_dcnv3_plan_create(f->context, &desc, NULL, &plan), DCN_ERROR_VERSION, "dcn_dcnv3_desc");
    desc.struct_size++;
    expect_refused(dcn_dcnv3_plan_create(NULL, &desc, NULL, &plan), DCN_ERROR_INVALID_ARGUMENT, "context|NULL");
    desc.direction = DCN_BACKWARD;
    expect_success(dcn_dcnv3_plan_create(f->context, &desc, NULL, &plan));
    assert_int_equal(dcn_plan_tensors(plan), DCN_DCNV3_BACKWARD_TENSORS);
    for (size_t i = 0; i < COUNT(tensors); i++) {
        dcn_tensor_info info = {.struct_size = sizeof info};
        expect_success(dcn_plan_tensor(plan, i, &info));
        assert_string_equal(info.name, tensors[i]);
        assert_int_equal(info.is_optional, i > DCN_DCNV3_GRAD_OUTPUT);
    }
    dcn_plan_destroy(plan);
}

int main(int argc, char **argv)
{
    const int missing = choose_device(argc, argv, "cpu");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_runs_and_threads),
        WITH_FIXTURE(test_limits),
        WITH_FIXTURE(test_own_workspace),
        WITH_FIXTURE(test_refusals),
        WITH_FIXTURE(test_absent),
        WITH_FIXTURE(test_float32_gradients),
        WITH_FIXTURE(test_host),
        WITH_FIXTURE(test_dcnv3),
    };
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
