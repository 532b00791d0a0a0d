/*
 * Tensors of more than 2^31 elements: one image that large, and a batch that is, on one device. Run by hand or as a
 * benchmark, since it takes 5 GB of memory in the 16-bit types and 9 GB in float32.
 *
 * A large stride keeps the output small, so that only windows around the sampled pixels are ever written; the rest of
 * the image is NaN. All arithmetic is exact in float32, so the result must be the rounded float64 value.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../oracle/oracle.h"
#include "compare.h"
#include "runner.h"

enum { GROUP = 4, GROUP_CHANNELS = 16, CHANNELS = GROUP * GROUP_CHANNELS, POINTS = 9, ROW = GROUP * POINTS * 3 };

/* Pixels that the points of one output pixel can touch: the 3×3 grid, offsets up to 1.5, and a cell's far corner. */
enum { REACH = 3, WINDOW = 2 * REACH + 1 };

typedef struct shape {
    const char *name;
    int64_t batch, height, width, stride_h, stride_w;
} shape;

/* Strides reach the last rows and columns: 4 * 1087 + 3 = 4351, 4 * 2047 + 3 = 8191, 3 * 483 + 3 = 1452. */
static const shape shapes[] = {
    {"one image", 1, 4352, 8192, 1087, 2047},
    {"batch of 3", 3, 1453, 8192, 483, 2047},
};

typedef struct large {
    const shape *shape;
    dcn_element storage;
    int64_t out_height, out_width, pixels; /* output pixels of the whole batch */
    double *windows;                       /* [pixels, WINDOW, WINDOW, CHANNELS]; 0 outside the image */
    double *offset_mask;                   /* [pixels, ROW] */
    double *reference;                     /* [pixels, CHANNELS] */
    unsigned char *stage;                  /* one line of a window, or all of offset_mask or output, as stored */
} large;

/* Small numbers without pattern; the finaliser of splitmix64. */
static uint64_t scramble(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double small_integer(uint64_t index, int limit)
{
    return (double)(int)(scramble(index + 1) % (2 * (unsigned)limit + 1)) - limit;
}

static bool inside(const shape *s, int64_t y, int64_t x)
{
    return y >= 0 && y < s->height && x >= 0 && x < s->width;
}

/* The centre of output pixel q in its image: padding is 0, so that the first one is (1, 1). */
static void center_of(const large *l, int64_t q, int64_t *n, int64_t *y, int64_t *x)
{
    *x = q % l->out_width * l->shape->stride_w + 1;
    *y = q / l->out_width % l->out_height * l->shape->stride_h + 1;
    *n = q / l->out_width / l->out_height;
}

static bool allocate(large *l)
{
    const shape *s = l->shape;
    l->out_height = (s->height - 3) / s->stride_h + 1;
    l->out_width = (s->width - 3) / s->stride_w + 1;
    l->pixels = s->batch * l->out_height * l->out_width;
    size_t pixels = (size_t)l->pixels;
    l->windows = calloc(pixels * WINDOW * WINDOW * CHANNELS, sizeof *l->windows);
    l->offset_mask = calloc(pixels * ROW, sizeof *l->offset_mask);
    l->reference = calloc(pixels * CHANNELS, sizeof *l->reference);
    l->stage = calloc(pixels * ROW + (size_t)WINDOW * CHANNELS, sizeof(float));
    return l->windows && l->offset_mask && l->reference && l->stage;
}

static void release(large *l)
{
    free(l->windows);
    free(l->offset_mask);
    free(l->reference);
    free(l->stage);
}

static void draw(large *l)
{
    for (int64_t i = 0; i < l->pixels * ROW; i++) {
        bool is_mask = i % (POINTS * 3) >= 2 * POINTS;
        l->offset_mask[i] = is_mask ? small_integer((uint64_t)i, 2) / 2.0 : small_integer((uint64_t)i, 6) / 4.0;
    }
    for (int64_t q = 0; q < l->pixels; q++) {
        int64_t n, cy, cx;
        center_of(l, q, &n, &cy, &cx);
        for (int64_t i = 0; i < WINDOW * WINDOW * CHANNELS; i++) {
            int64_t y = cy - REACH + i / CHANNELS / WINDOW;
            int64_t x = cx - REACH + i / CHANNELS % WINDOW;
            int64_t at = q * WINDOW * WINDOW * CHANNELS + i;
            l->windows[at] = inside(l->shape, y, x) ? small_integer((uint64_t)at, 8) : 0.0;
        }
    }
}

/* Every window as an image of its own with one output pixel in its middle. */
static bool evaluate(large *l)
{
    dcn_oracle_dcnv4 oracle = {
        .batch = l->pixels,
        .height = WINDOW,
        .width = WINDOW,
        .out_height = 1,
        .out_width = 1,
        .group = GROUP,
        .group_channels = GROUP_CHANNELS,
        .kernel_h = 3,
        .kernel_w = 3,
        .stride_h = 1,
        .stride_w = 1,
        .pad_h = 1 - REACH,
        .pad_w = 1 - REACH,
        .dilation_h = 1,
        .dilation_w = 1,
        .row = ROW,
        .offset_scale = 1.0,
        .value = l->windows,
        .offset_mask = l->offset_mask,
    };
    return dcn_oracle_dcnv4_forward(&oracle, l->reference);
}

static dcn_status write_doubles(const large *l, dcn_queue *queue, dcn_buffer *buffer, uint64_t at, const double *from,
                                int64_t count)
{
    uint64_t size = dcn_element_size(l->storage);
    for (int64_t i = 0; i < count; i++) {
        dcn_convert_store(l->storage, l->stage, (uint64_t)i, from[i]);
    }
    return dcn_buffer_write(queue, buffer, at * size, (uint64_t)count * size, l->stage, NULL);
}

/* NaN everywhere but in the windows. */
static dcn_status write_value(const large *l, dcn_queue *queue, dcn_buffer *value)
{
    const shape *s = l->shape;
    dcn_status status = dcn_buffer_fill(queue, value, 0, dcn_buffer_size(value), 0xff, NULL);
    for (int64_t i = 0; i < l->pixels * WINDOW && status == DCN_SUCCESS; i++) {
        int64_t n, y, x;
        center_of(l, i / WINDOW, &n, &y, &x);
        y += i % WINDOW - REACH;
        int64_t first = x - REACH < 0 ? 0 : x - REACH;
        int64_t last = x + REACH < s->width ? x + REACH : s->width - 1;
        if (inside(s, y, x)) {
            const double *line = l->windows + (i * WINDOW + first - (x - REACH)) * CHANNELS;
            uint64_t at = (uint64_t)((n * s->height + y) * s->width + first) * CHANNELS;
            status = write_doubles(l, queue, value, at, line, (last - first + 1) * CHANNELS);
        }
    }
    return status;
}

static dcn_status make_plan(const large *l, dcn_context *context, const char *path, dcn_plan **plan)
{
    dcn_plan_options options = dcn_plan_options_default();
    options.path = path;
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.dtype = l->storage == DCN_ELEMENT_F32   ? DCN_FLOAT32
                 : l->storage == DCN_ELEMENT_F16 ? DCN_FLOAT16
                                                 : DCN_BFLOAT16;
    desc.batch = l->shape->batch;
    desc.height = l->shape->height;
    desc.width = l->shape->width;
    desc.channels = CHANNELS;
    desc.group = GROUP;
    desc.group_channels = GROUP_CHANNELS;
    desc.stride_h = l->shape->stride_h;
    desc.stride_w = l->shape->stride_w;
    desc.pad_h = desc.pad_w = 0;
    desc.offset_mask_row = ROW;
    return dcn_dcnv4_plan_create(context, &desc, &options, plan);
}

/* Runs, and leaves the output in the stage. */
static dcn_status run(const large *l, const dcn_runner *runner, dcn_plan *plan)
{
    dcn_buffer *buffers[DCN_DCNV4_FORWARD_TENSORS] = {NULL};
    dcn_slice slices[DCN_DCNV4_FORWARD_TENSORS];
    dcn_status status = DCN_SUCCESS;
    for (size_t i = 0; i < DCN_DCNV4_FORWARD_TENSORS && status == DCN_SUCCESS; i++) {
        dcn_tensor_info info = {.struct_size = sizeof info};
        status = dcn_plan_tensor(plan, i, &info);
        if (status == DCN_SUCCESS) {
            status = dcn_buffer_create(runner->context, info.bytes, &buffers[i]);
        }
        slices[i] = dcn_slice_buffer(buffers[i]);
    }
    if (status == DCN_SUCCESS) {
        status = write_value(l, runner->queue, buffers[DCN_DCNV4_VALUE]);
    }
    if (status == DCN_SUCCESS) {
        status = write_doubles(l, runner->queue, buffers[DCN_DCNV4_OFFSET_MASK], 0, l->offset_mask, l->pixels * ROW);
    }
    if (status == DCN_SUCCESS) {
        status = dcn_execute(plan, runner->queue, slices, DCN_DCNV4_FORWARD_TENSORS, NULL);
    }
    if (status == DCN_SUCCESS) {
        dcn_buffer *output = buffers[DCN_DCNV4_OUTPUT];
        status = dcn_buffer_read(runner->queue, output, 0, dcn_buffer_size(output), l->stage, NULL);
    }
    for (size_t i = 0; i < DCN_DCNV4_FORWARD_TENSORS; i++) {
        dcn_buffer_destroy(buffers[i]);
    }
    return status;
}

static bool judge(const large *l)
{
    uint64_t count = (uint64_t)l->pixels * CHANNELS;
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < count; i++) {
        dcn_expected expected = {.value = l->reference[i]};
        const unsigned char *result = l->stage + i * dcn_element_size(l->storage);
        wrong += dcn_compare_elements(&expected, l->storage, result, 1, true).wrong;
    }
    printf("%s: %" PRIu64 " of %" PRIu64 " elements are wrong\n", wrong ? "FAIL" : "good", wrong, count);
    return wrong == 0;
}

/* 0 right, 1 wrong, 77 left out. */
static int run_shape(const dcn_runner *runner, const shape *s, dcn_element storage, const char *path)
{
    large l = {.shape = s, .storage = storage};
    dcn_plan *plan = NULL;
    if (!allocate(&l)) {
        release(&l);
        return 77;
    }
    draw(&l);
    dcn_status status = evaluate(&l) ? make_plan(&l, runner->context, path, &plan) : DCN_ERROR_OUT_OF_MEMORY;
    printf("%s %s, %" PRId64 " elements, path %s: ", s->name, dcn_element_long_name(storage),
           s->batch * s->height * s->width * CHANNELS, plan ? dcn_plan_path(plan) : "?");
    fflush(stdout);
    if (status == DCN_SUCCESS) {
        status = run(&l, runner, plan);
    }
    int code = 1;
    if (status == DCN_SUCCESS) {
        code = judge(&l) ? 0 : 1;
    } else {
        code = status == DCN_ERROR_OUT_OF_MEMORY ? 77 : 1;
        printf("%s: %s\n", code == 77 ? "left out" : "FAIL", dcn_error_detail());
    }
    dcn_plan_destroy(plan);
    release(&l);
    return code;
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
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int code = run_shape(&runner, &shapes[i], storage, argc > 3 ? argv[3] : NULL);
        counts[code == 77 ? 2 : code]++;
    }
    dcn_runner_close(&runner);
    printf("%zu passed, %zu failed, %zu skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] ? 1 : counts[0] ? 0 : 77;
}
