#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 8 };

/* An operator that can be measured, and how a plan is made of a case. */
typedef struct operator_row {
    const char *name;
    dcn_status (*plan)(dcn_context *context, const dcn_bench_case *test, const dcn_plan_options *options,
                       dcn_plan **plan);
} operator_row;

/* Fills a dcn_dcnv4_desc or a dcn_dcnv3_desc, whose members have the same names. */
#define DESCRIBE_GRID(desc, test)                                                                                      \
    do {                                                                                                               \
        (desc).dtype = (test)->dtype;                                                                                  \
        (desc).direction = (test)->direction;                                                                          \
        (desc).batch = (test)->batch;                                                                                  \
        (desc).height = (test)->height;                                                                                \
        (desc).width = (test)->width;                                                                                  \
        (desc).group = (test)->group;                                                                                  \
        (desc).group_channels = (test)->group_channels;                                                                \
        (desc).channels = (test)->group * (test)->group_channels;                                                      \
        (desc).kernel_h = (test)->kernel_h;                                                                            \
        (desc).kernel_w = (test)->kernel_w;                                                                            \
        (desc).pad_h = ((test)->kernel_h - 1) / 2;                                                                     \
        (desc).pad_w = ((test)->kernel_w - 1) / 2;                                                                     \
    } while (0)

static dcn_status plan_dcnv4(dcn_context *context, const dcn_bench_case *test, const dcn_plan_options *options,
                             dcn_plan **plan)
{
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    DESCRIBE_GRID(desc, test);
    return dcn_dcnv4_plan_create(context, &desc, options, plan);
}

static dcn_status plan_dcnv3(dcn_context *context, const dcn_bench_case *test, const dcn_plan_options *options,
                             dcn_plan **plan)
{
    dcn_dcnv3_desc desc = dcn_dcnv3_desc_default();
    DESCRIBE_GRID(desc, test);
    return dcn_dcnv3_plan_create(context, &desc, options, plan);
}

static dcn_status plan_attention(dcn_context *context, const dcn_bench_case *test, const dcn_plan_options *options,
                                 dcn_plan **plan)
{
    dcn_flash_deform_attn_desc desc = dcn_flash_deform_attn_desc_default();
    desc.dtype = test->dtype;
    desc.direction = test->direction;
    desc.batch = test->batch;
    desc.queries = test->queries;
    desc.group = test->group;
    desc.group_channels = test->group_channels;
    desc.levels = test->level_count;
    desc.points = test->points;
    desc.spatial_shapes = test->levels[0];
    for (int64_t l = 0; l < test->level_count; l++)
        desc.pixels += test->levels[l][0] * test->levels[l][1];
    return dcn_flash_deform_attn_plan_create(context, &desc, options, plan);
}

static const operator_row operators[] = {
    {"dcnv4", plan_dcnv4}, {"dcnv3", plan_dcnv3}, {"flash_deform_attn", plan_attention}};

static const operator_row *find_operator(const char *name)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strcmp(name, operators[i].name) == 0)
            return &operators[i];
    return NULL;
}

int dcn_bench_supports(const char *op)
{
    return find_operator(op) != NULL;
}

int dcn_bench_is_attention(const char *op)
{
    return strcmp(op, "flash_deform_attn") == 0;
}

dcn_bench *dcn_bench_create(void)
{
    return calloc(1, sizeof(dcn_bench));
}

void dcn_bench_destroy(dcn_bench *bench)
{
    if (!bench)
        return;
    for (size_t i = 0; i < DCN_BENCH_BURST; i++)
        dcn_event_destroy(bench->events[i]);
    dcn_queue_destroy(bench->queue);
    free(bench);
}

dcn_status dcn_bench_open(dcn_bench *bench, dcn_context *context)
{
    bench->context = context;
    bench->device.struct_size = sizeof bench->device;
    dcn_status status = dcn_context_device(context, &bench->device);
    if (status == DCN_SUCCESS)
        status = dcn_queue_create(context, DCN_QUEUE_TIMING, &bench->queue);
    for (size_t i = 0; i < DCN_BENCH_BURST && status == DCN_SUCCESS; i++)
        status = dcn_event_create(context, &bench->events[i]);
    return status;
}

/* Makes a buffer for each tensor, fills the inputs, and measures. */
static dcn_status run_plan(dcn_bench *bench, const dcn_bench_case *test, dcn_plan *plan, dcn_buffer **buffers,
                           dcn_bench_result *result)
{
    dcn_tensor_info tensors[MAX_TENSORS];
    dcn_slice slices[MAX_TENSORS];
    size_t count = dcn_plan_tensors(plan);
    dcn_status status = DCN_SUCCESS;
    result->bytes = 0;
    for (size_t i = 0; i < count && status == DCN_SUCCESS; i++) {
        tensors[i].struct_size = sizeof tensors[i];
        status = dcn_plan_tensor(plan, i, &tensors[i]);
        if (status == DCN_SUCCESS)
            status = dcn_buffer_create(bench->context, tensors[i].bytes, &buffers[i]);
        if (status == DCN_SUCCESS) {
            slices[i] = dcn_slice_buffer(buffers[i]);
            result->bytes += tensors[i].bytes;
        }
    }
    if (status == DCN_SUCCESS)
        status = dcn_bench_fill(bench, test, tensors, count, buffers);
    if (status == DCN_SUCCESS)
        status = dcn_bench_time(bench, plan, slices, count, test->launches, &result->timing);
    return status;
}

dcn_status dcn_bench_run(dcn_bench *bench, const dcn_bench_case *test, dcn_bench_result *result)
{
    const operator_row *op = find_operator(test->op);
    dcn_plan *plan = NULL;
    dcn_buffer *buffers[MAX_TENSORS] = {0};
    dcn_plan_options options = dcn_plan_options_default();
    options.path = test->path;
    dcn_status status = op->plan(bench->context, test, &options, &plan);
    if (status == DCN_SUCCESS)
        status = dcn_bench_copy_rate(bench, &result->copy_gb_per_s);
    if (status == DCN_SUCCESS) {
        snprintf(result->path, sizeof result->path, "%s", dcn_plan_path(plan));
        status = run_plan(bench, test, plan, buffers, result);
    }
    if (status == DCN_SUCCESS)
        result->gb_per_s = (double)result->bytes / (result->timing.device_us * 1e3);
    for (size_t i = 0; i < MAX_TENSORS; i++)
        dcn_buffer_destroy(buffers[i]);
    dcn_plan_destroy(plan);
    return status;
}
