/*
 * Tensors of more than 2^31 elements: one image that large, and a batch that is, on one device, forward and backward.
 * Run by hand or as a benchmark, since it takes 5 GB of memory in the 16-bit types and 9 GB in float32, twice that for
 * gradients. What is computed: large_problem.h.
 *
 * All of the image but the windows is NaN, and so is all of the results before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "large_problem.h"
#include "operators.h"
#include "runner.h"

enum { TENSORS = DCN_DCNV4_BACKWARD_TENSORS };

/* Strides reach the last rows and columns: 4 * 1087 + 3 = 4351, 4 * 2047 + 3 = 8191, 3 * 483 + 3 = 1452. */
static const large_shape shapes[] = {
    {"one image", 1, 4352, 8192, 1087, 2047},
    {"batch of 3", 3, 1453, 8192, 483, 2047},
};

/* A problem on a device. */
typedef struct large {
    large_problem problem;
    dcn_element storage;
    dcn_direction direction;
    unsigned char *stage; /* one line of a window, or all of a small tensor, as stored */
    dcn_queue *queue;
    dcn_buffer *buffers[TENSORS];
} large;

static dcn_status write_doubles(const large *l, dcn_buffer *buffer, uint64_t at, const double *from, int64_t count)
{
    const uint64_t size = dcn_element_size(l->storage);
    for (int64_t i = 0; i < count; i++)
        dcn_convert_store(l->storage, l->stage, (uint64_t)i, from[i]);
    return dcn_buffer_write(l->queue, buffer, at * size, (uint64_t)count * size, l->stage, NULL);
}

static dcn_status write_windows(const large *l, dcn_buffer *value)
{
    dcn_status status = DCN_SUCCESS;
    for (int64_t i = 0; i < l->problem.pixels * LARGE_WINDOW && status == DCN_SUCCESS; i++) {
        const large_line line = large_line_of(&l->problem, i);
        if (line.count > 0)
            status = write_doubles(l, value, line.at, l->problem.windows + line.first, line.count);
    }
    return status;
}

static dcn_status make_plan(const large *l, dcn_context *context, const char *path, dcn_plan **plan)
{
    const large_shape *s = l->problem.shape;
    dcn_plan_options options = dcn_plan_options_default();
    options.path = path;
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.dtype = dcn_dtype_of(l->storage);
    desc.direction = l->direction;
    desc.batch = s->batch;
    desc.height = s->height;
    desc.width = s->width;
    desc.channels = LARGE_CHANNELS;
    desc.group = LARGE_GROUP;
    desc.group_channels = LARGE_GROUP_CHANNELS;
    desc.stride_h = s->stride_h;
    desc.stride_w = s->stride_w;
    desc.pad_h = desc.pad_w = 0;
    desc.offset_mask_row = LARGE_ROW;
    return dcn_dcnv4_plan_create(context, &desc, &options, plan);
}

/* Buffers of NaN for all tensors, then the inputs. */
static dcn_status make_tensors(large *l, const dcn_runner *runner, const dcn_plan *plan)
{
    dcn_status status = DCN_SUCCESS;
    for (size_t i = 0; i < dcn_plan_tensors(plan) && status == DCN_SUCCESS; i++) {
        dcn_tensor_info info = {.struct_size = sizeof info};
        status = dcn_plan_tensor(plan, i, &info);
        if (status == DCN_SUCCESS)
            status = dcn_buffer_create(runner->context, info.bytes, &l->buffers[i]);
        if (status == DCN_SUCCESS)
            status = dcn_buffer_fill(l->queue, l->buffers[i], 0, info.bytes, 0xff, NULL);
    }
    const large_problem *p = &l->problem;
    if (status == DCN_SUCCESS)
        status = write_windows(l, l->buffers[DCN_DCNV4_VALUE]);
    if (status == DCN_SUCCESS)
        status = write_doubles(l, l->buffers[DCN_DCNV4_OFFSET_MASK], 0, p->offset_mask, p->pixels * LARGE_ROW);
    if (status == DCN_SUCCESS && l->direction == DCN_BACKWARD)
        status = write_doubles(l, l->buffers[DCN_DCNV4_GRAD_OUTPUT], 0, p->grad_output, p->pixels * LARGE_CHANNELS);
    return status;
}

static dcn_status execute(const large *l, dcn_plan *plan)
{
    dcn_slice slices[TENSORS];
    const size_t count = dcn_plan_tensors(plan);
    for (size_t i = 0; i < count; i++)
        slices[i] = dcn_slice_buffer(l->buffers[i]);
    return dcn_execute(plan, l->queue, slices, count, NULL);
}

/* Adds the wrong ones of some elements of a result, and all of them. */
static dcn_status compare(const large *l, dcn_buffer *result, uint64_t at, const double *reference, int64_t count,
                          uint64_t *wrong, uint64_t *all)
{
    const uint64_t size = dcn_element_size(l->storage);
    const dcn_status status = dcn_buffer_read(l->queue, result, at * size, (uint64_t)count * size, l->stage, NULL);
    for (int64_t i = 0; i < count && status == DCN_SUCCESS; i++) {
        const dcn_expected expected = {.value = reference[i]};
        *wrong += dcn_compare_elements(&expected, l->storage, l->stage + (uint64_t)i * size, 1, true).wrong;
    }
    *all += (uint64_t)count;
    return status;
}

static dcn_status judge(const large *l, uint64_t *wrong, uint64_t *all)
{
    const large_problem *p = &l->problem;
    if (l->direction == DCN_FORWARD)
        return compare(l, l->buffers[DCN_DCNV4_OUTPUT], 0, p->output, p->pixels * LARGE_CHANNELS, wrong, all);
    dcn_status status =
        compare(l, l->buffers[DCN_DCNV4_GRAD_OFFSET_MASK], 0, p->grad_offset_mask, p->pixels * LARGE_ROW, wrong, all);
    for (int64_t i = 0; i < p->pixels * LARGE_WINDOW && status == DCN_SUCCESS; i++) {
        const large_line line = large_line_of(p, i);
        if (line.count > 0)
            status = compare(l, l->buffers[DCN_DCNV4_GRAD_VALUE], line.at, p->grad_windows + line.first, line.count,
                             wrong, all);
    }
    return status;
}

static dcn_status run(large *l, const dcn_runner *runner, const char *path, uint64_t *wrong, uint64_t *all)
{
    const large_shape *s = l->problem.shape;
    dcn_plan *plan = NULL;
    dcn_status status = make_plan(l, runner->context, path, &plan);
    printf("%s %s %s, %" PRId64 " elements, path %s: ", s->name, dcn_element_long_name(l->storage),
           l->direction == DCN_FORWARD ? "forward" : "backward", s->batch * s->height * s->width * LARGE_CHANNELS,
           plan ? dcn_plan_path(plan) : "?");
    fflush(stdout);
    if (status == DCN_SUCCESS)
        status = make_tensors(l, runner, plan);
    if (status == DCN_SUCCESS)
        status = execute(l, plan);
    if (status == DCN_SUCCESS)
        status = judge(l, wrong, all);
    for (size_t i = 0; i < TENSORS; i++)
        dcn_buffer_destroy(l->buffers[i]);
    dcn_plan_destroy(plan);
    return status;
}

/* 0 right, 1 wrong, 77 left out. */
static int run_shape(const dcn_runner *runner, const large_shape *s, dcn_element storage, dcn_direction direction,
                     const char *path)
{
    large l = {.storage = storage, .direction = direction, .queue = runner->queue};
    uint64_t wrong = 0, all = 0;
    dcn_status status = DCN_ERROR_OUT_OF_MEMORY;
    if (large_problem_make(&l.problem, s))
        l.stage =
            malloc(((size_t)l.problem.pixels * LARGE_ROW + (size_t)LARGE_WINDOW * LARGE_CHANNELS) * sizeof(float));
    if (l.stage)
        status = run(&l, runner, path, &wrong, &all);
    else
        printf("%s: no memory for the float64 evaluation\n", s->name);
    free(l.stage);
    large_problem_free(&l.problem);
    if (status == DCN_SUCCESS) {
        printf("%s: %" PRIu64 " of %" PRIu64 " elements are wrong\n", wrong ? "FAIL" : "good", wrong, all);
        return wrong > 0;
    }
    printf("%s: %s\n", status == DCN_ERROR_OUT_OF_MEMORY ? "left out" : "FAIL", dcn_error_detail());
    return status == DCN_ERROR_OUT_OF_MEMORY ? 77 : 1;
}

/* False for a name that is no storage type's. */
static bool parse_storage(const char *name, dcn_element *storage)
{
    static const dcn_element storages[] = {DCN_ELEMENT_F32, DCN_ELEMENT_F16, DCN_ELEMENT_BF16};
    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++) {
        if (strcmp(name, dcn_element_long_name(storages[i])) == 0) {
            *storage = storages[i];
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    dcn_element storage = DCN_ELEMENT_F16;
    if (argc < 2 || argc > 4 || (argc > 2 && !parse_storage(argv[2], &storage))) {
        fprintf(stderr, "usage: large DEVICE [float32|float16|bfloat16 [PATH]]\n");
        return 2;
    }
    dcn_runner runner;
    dcn_message message;
    if (dcn_runner_open(argv[1], &runner, &message) != DCN_SUCCESS) {
        fprintf(stderr, "large: %s\n", message.text);
        return 3;
    }
    size_t counts[3] = {0};
    for (size_t i = 0; i < 2 * (sizeof shapes / sizeof *shapes); i++) {
        const dcn_direction direction = i % 2 ? DCN_BACKWARD : DCN_FORWARD;
        const int code = run_shape(&runner, &shapes[i / 2], storage, direction, argc > 3 ? argv[3] : NULL);
        counts[code == 77 ? 2 : code]++;
    }
    dcn_runner_close(&runner);
    printf("%zu passed, %zu failed, %zu skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] ? 1 : counts[0] ? 0 : 77;
}
