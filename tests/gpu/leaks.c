/*
 * Nothing is left behind: plans, clones, buffers, queues, events and contexts are made, used and destroyed many times,
 * and neither the process's own memory nor the device's may grow. Through the public API alone, on any device.
 *
 * Each phase runs all its rounds twice, so that caches and the driver's pools are as full as they get, and measures
 * around the second time: what the process has allocated, and for a GPU the memory in use of all NVIDIA GPUs together
 * as NVML counts it, which needs no context and sees what a destroyed one left.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dcnv4/dcnv4.h>

#include "device_memory.h"

enum {
    SKIPPED = 77,
    DEFAULT_ROUNDS = 10000,
    ROUNDS_PER_CONTEXT = 100,
    FEWEST_CONTEXTS = 50,
    OPERATORS = 6, /* operators and directions */
    TENSORS = DCN_DCNV3_BACKWARD_TENSORS
};

/* Room for the largest tensor of any plan, 2 images of 12×12 pixels with 4 groups of 27 offsets and masks in a padded
 * row of 112. */
#define TENSOR_BYTES ((uint64_t)2 * 12 * 12 * 112 * sizeof(float))

/* What a phase may grow. Whatever a round loses is at least a heap block of 32 bytes, 320 KB in 10,000 rounds, and a
 * context of the CPU device has more than 1 KB, 100 KB in 100 rounds; the library alone was not seen to grow. A
 * driver keeps something too: PoCL about 10 KB of each context and what it compiled there. Its limit still shows a
 * plan, kernel or event lost in each of 10,000 rounds, which hold more than 400 bytes in any driver. */
#define LIBRARY_BYTES (UINT64_C(64) * 1024)
#define DRIVER_BYTES  (UINT64_C(4) * 1024 * 1024)

/* A GPU's memory is taken in blocks of 2 MiB, one of which may come late; a sampling grid or a module lost in each
 * round takes 512 bytes at least, 5 MB in 10,000 rounds, and a lost context 100 MB. */
#define DEVICE_BYTES (UINT64_C(2) * 1024 * 1024)

/* What the rounds of one context share. */
typedef struct bench {
    const char *device;
    dcn_device_info info;
    dcn_context *context;
    dcn_queue *queue;
    dcn_buffer *buffers[TENSORS];
    dcn_event *event;
} bench;

typedef dcn_status (*round_function)(bench *b, int round);

static void close_bench(bench *b)
{
    dcn_context_destroy(b->context); /* first, since the others keep it alive */
    for (int i = 0; i < TENSORS; i++)
        dcn_buffer_destroy(b->buffers[i]);
    dcn_event_destroy(b->event);
    dcn_queue_destroy(b->queue);
    memset(b, 0, sizeof *b);
}

static dcn_status open_bench(bench *b, const char *device)
{
    memset(b, 0, sizeof *b);
    b->device = device;
    b->info.struct_size = sizeof b->info;
    dcn_status status = dcn_context_create(device, NULL, &b->context);
    if (status == DCN_SUCCESS)
        status = dcn_context_device(b->context, &b->info);
    if (status == DCN_SUCCESS)
        status = dcn_queue_create(b->context, DCN_QUEUE_DEFAULT, &b->queue);
    if (status == DCN_SUCCESS)
        status = dcn_event_create(b->context, &b->event);
    for (int i = 0; i < TENSORS && status == DCN_SUCCESS; i++) {
        status = dcn_buffer_create(b->context, TENSOR_BYTES, &b->buffers[i]);
        if (status == DCN_SUCCESS)
            status = dcn_buffer_fill(b->queue, b->buffers[i], 0, TENSOR_BYTES, 0, NULL);
    }
    return status;
}

/* Every storage type, the fast and the general kernel, a kernel with more points than one. */
static dcn_dcnv4_desc describe(int round)
{
    static const dcn_dtype types[] = {DCN_FLOAT32, DCN_FLOAT16, DCN_BFLOAT16};
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.dtype = types[round % 3];
    desc.batch = 1 + round % 2;
    desc.height = desc.width = 12;
    desc.group = 4;
    desc.group_channels = round % 5 ? 16 : 5;
    desc.channels = desc.group * desc.group_channels;
    desc.softmax = round % 7 == 0;
    return desc;
}

typedef dcn_status (*plan_maker)(dcn_context *context, int round, dcn_plan **plan);

static dcn_status make_dcnv4(dcn_context *context, int round, dcn_plan **plan)
{
    const dcn_dcnv4_desc desc = describe(round);
    return dcn_dcnv4_plan_create(context, &desc, NULL, plan);
}

static dcn_status make_dcnv3(dcn_context *context, int round, dcn_direction direction, dcn_plan **plan)
{
    const dcn_dcnv4_desc like = describe(round);
    dcn_dcnv3_desc desc = dcn_dcnv3_desc_default();
    desc.dtype = like.dtype;
    desc.direction = direction;
    desc.batch = like.batch;
    desc.height = like.height;
    desc.width = like.width;
    desc.group = like.group;
    desc.group_channels = like.group_channels;
    desc.channels = like.channels;
    return dcn_dcnv3_plan_create(context, &desc, NULL, plan);
}

static dcn_status make_attention(dcn_context *context, int round, dcn_direction direction, dcn_plan **plan)
{
    static const int64_t shapes[] = {9, 8, 4, 5};
    const dcn_dcnv4_desc like = describe(round);
    dcn_flash_deform_attn_desc desc = dcn_flash_deform_attn_desc_default();
    desc.dtype = like.dtype;
    desc.direction = direction;
    desc.batch = like.batch;
    desc.queries = 40;
    desc.group = like.group;
    desc.group_channels = like.group_channels;
    desc.levels = 2;
    desc.points = 3;
    desc.pixels = 9 * 8 + 4 * 5;
    desc.spatial_shapes = shapes;
    return dcn_flash_deform_attn_plan_create(context, &desc, NULL, plan);
}

/* Every operator and direction in turn. */
static dcn_status make_any(dcn_context *context, int round, dcn_plan **plan)
{
    const dcn_direction direction = round % 2 ? DCN_FORWARD : DCN_BACKWARD;
    if (round % OPERATORS / 2 == 1)
        return make_dcnv3(context, round / OPERATORS, direction, plan);
    if (round % OPERATORS / 2 == 2)
        return make_attention(context, round / OPERATORS, direction, plan);
    dcn_dcnv4_desc desc = describe(round / OPERATORS);
    desc.direction = direction;
    return dcn_dcnv4_plan_create(context, &desc, NULL, plan);
}

static dcn_status execute(bench *b, dcn_plan *plan, const dcn_sync *sync)
{
    dcn_slice slices[TENSORS];
    const size_t count = dcn_plan_tensors(plan);
    for (size_t i = 0; i < count; i++) {
        dcn_tensor_info info = {.struct_size = sizeof info};
        dcn_status status = dcn_plan_tensor(plan, i, &info);
        if (status != DCN_SUCCESS)
            return status;
        slices[i] = dcn_slice_range(b->buffers[i], 0, info.bytes);
    }
    return dcn_execute(plan, b->queue, slices, count, sync);
}

/* A plan and its clone, executed one behind the other and destroyed in either order, often before the work is done. */
static dcn_status use_plan(bench *b, int round, plan_maker make)
{
    const dcn_sync mark = {.signal = b->event};
    const dcn_sync wait = {.wait = &b->event, .wait_count = 1, .signal = b->event};
    dcn_plan *plan = NULL;
    dcn_plan *clone = NULL;
    dcn_status status = make(b->context, round, &plan);
    if (status == DCN_SUCCESS)
        status = execute(b, plan, &mark);
    if (status == DCN_SUCCESS)
        status = dcn_plan_clone(plan, &clone);
    if (status == DCN_SUCCESS && round % 2) {
        dcn_plan_destroy(plan);
        plan = NULL;
    }
    if (status == DCN_SUCCESS)
        status = execute(b, clone, &wait);
    dcn_plan_destroy(clone);
    dcn_plan_destroy(plan);
    return status == DCN_SUCCESS && round % 8 == 0 ? dcn_queue_finish(b->queue) : status;
}

static dcn_status plan_round(bench *b, int round)
{
    return use_plan(b, round, make_dcnv4);
}

static dcn_status operator_round(bench *b, int round)
{
    return use_plan(b, round, make_any);
}

/* A plan that is refused. */
static dcn_status refused_round(bench *b, int round)
{
    dcn_dcnv4_desc desc = describe(round);
    dcn_plan_options options = dcn_plan_options_default();
    options.path = "long,fast";
    dcn_plan *plan = NULL;
    if (dcn_dcnv4_plan_create(b->context, &desc, &options, &plan) == DCN_ERROR_UNSUPPORTED)
        return DCN_SUCCESS;
    dcn_plan_destroy(plan);
    printf("path long,fast was not refused\n");
    return DCN_ERROR_INVALID_ARGUMENT;
}

/* A queue with its event and a buffer, with copies in every direction. */
static dcn_status object_round(bench *b, int round)
{
    static const unsigned flags[] = {DCN_QUEUE_DEFAULT, DCN_QUEUE_TIMING, DCN_QUEUE_OUT_OF_ORDER};
    unsigned char bytes[512] = {1, 2, 3};
    const uint64_t size = (uint64_t)1024 << round % 10;
    dcn_queue *queue = NULL;
    dcn_event *event = NULL;
    dcn_buffer *buffer = NULL;
    dcn_status status = dcn_queue_create(b->context, flags[round % 3], &queue);
    if (status == DCN_SUCCESS)
        status = dcn_event_create(b->context, &event);
    if (status == DCN_SUCCESS)
        status = dcn_buffer_create(b->context, size, &buffer);
    const dcn_sync mark = {.signal = event};
    const dcn_sync wait = {.wait = &event, .wait_count = 1, .signal = event};
    if (status == DCN_SUCCESS)
        status = dcn_buffer_write(queue, buffer, 0, sizeof bytes, bytes, &mark);
    if (status == DCN_SUCCESS)
        status = dcn_buffer_copy(queue, buffer, sizeof bytes, buffer, 0, sizeof bytes, &wait);
    if (status == DCN_SUCCESS)
        status = dcn_buffer_fill(queue, buffer, 0, sizeof bytes, 7, &wait);
    if (status == DCN_SUCCESS)
        status = dcn_buffer_read(queue, buffer, sizeof bytes, sizeof bytes, bytes, &wait);
    if (status == DCN_SUCCESS)
        status = dcn_event_wait(event);
    dcn_buffer_destroy(buffer);
    dcn_event_destroy(event);
    dcn_queue_destroy(queue);
    return status;
}

/* A context of its own with one of everything. */
static dcn_status context_round(bench *b, int round)
{
    bench own;
    dcn_status status = open_bench(&own, b->device);
    for (int i = 0; i < 3 && status == DCN_SUCCESS; i++)
        status = plan_round(&own, 3 * round + i);
    if (status == DCN_SUCCESS)
        status = object_round(&own, round);
    if (status == DCN_SUCCESS)
        status = dcn_queue_finish(own.queue);
    close_bench(&own);
    return status;
}

static dcn_status run_rounds(bench *b, round_function run, int rounds)
{
    dcn_status status = DCN_SUCCESS;
    for (int i = 0; i < rounds && status == DCN_SUCCESS; i++)
        status = run(b, i);
    return status == DCN_SUCCESS ? dcn_queue_finish(b->queue) : status;
}

/* Says how one kind of memory grew; false when by more than `limit`. */
static bool judge(const char *phase, const char *what, int rounds, uint64_t before, uint64_t after, uint64_t limit)
{
    const uint64_t growth = after > before ? after - before : 0;
    printf("%s: %s, %d rounds, %s: %" PRIu64 " bytes before, %" PRIu64 " after: grew by %" PRIu64 ", limit %" PRIu64
           "\n",
           growth > limit ? "FAIL" : "good", phase, rounds, what, before, after, growth, limit);
    fflush(stdout);
    return growth <= limit;
}

static bool run_phase(bench *b, const char *phase, round_function run, int rounds)
{
    memory_in_use before, after;
    dcn_status status = run_rounds(b, run, rounds);
    memory_measure(&before);
    if (status == DCN_SUCCESS)
        status = run_rounds(b, run, rounds);
    memory_measure(&after);
    if (status != DCN_SUCCESS) {
        printf("FAIL: %s: %s: %s\n", phase, dcn_status_name(status), dcn_error_detail());
        return false;
    }
    const uint64_t limit = strcmp(b->info.backend, "cpu") == 0 ? LIBRARY_BYTES : DRIVER_BYTES;
    bool good = judge(phase, "process", rounds, before.process, after.process, limit);
    if (b->info.type == DCN_DEVICE_GPU && after.has_device)
        good = judge(phase, "device", rounds, before.device, after.device, DEVICE_BYTES) && good;
    return good;
}

static int run_phases(bench *b, int rounds)
{
    const int contexts = rounds / ROUNDS_PER_CONTEXT > FEWEST_CONTEXTS ? rounds / ROUNDS_PER_CONTEXT : FEWEST_CONTEXTS;
    const struct {
        const char *name;
        round_function run;
        int rounds;
    } phases[] = {
        {"plans and clones", plan_round, rounds},
        {"plans of every operator, gradients too", operator_round, rounds / 4},
        {"refused plans", refused_round, rounds},
        {"buffers, queues and events", object_round, rounds / 4},
        {"contexts", context_round, contexts},
    };
    int failed = 0;
    const int count = sizeof phases / sizeof *phases;
    for (int i = 0; i < count; i++)
        failed += !run_phase(b, phases[i].name, phases[i].run, phases[i].rounds);
    printf("%d passed, %d failed, 0 skipped\n", count - failed, failed);
    return failed ? 1 : 0;
}

/* 0 where the text is no number of rounds. */
static int parse_rounds(const char *text)
{
    char *end = NULL;
    const long rounds = strtol(text, &end, 10);
    return *end == '\0' && rounds >= 8 && rounds <= 100000000 ? (int)rounds : 0;
}

int main(int argc, char **argv)
{
    const int rounds = argc < 3 ? DEFAULT_ROUNDS : parse_rounds(argv[2]);
    if (argc < 2 || argc > 3 || rounds == 0) {
        fprintf(stderr, "usage: leaks DEVICE [ROUNDS, at least 8]\n");
        return 2;
    }
    memory_in_use first;
    if (!memory_measure(&first)) {
        printf("skipped: this system does not tell what memory a process has\n");
        return SKIPPED;
    }
    bench b;
    dcn_status status = open_bench(&b, argv[1]);
    int code = 1;
    if (status == DCN_ERROR_NO_DEVICE) {
        printf("skipped: %s\n", dcn_error_detail());
        code = SKIPPED;
    } else if (status != DCN_SUCCESS) {
        printf("FAIL: %s: %s\n", dcn_status_name(status), dcn_error_detail());
    } else {
        code = run_phases(&b, rounds);
    }
    close_bench(&b);
    return code;
}
