#include "large_problem.h"

#include <stdlib.h>

#include "../oracle/oracle.h"

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

static bool inside(const large_shape *s, int64_t y, int64_t x)
{
    return y >= 0 && y < s->height && x >= 0 && x < s->width;
}

/* The centre of output pixel q in its image: padding is 0, so that the first one is (1, 1). */
static void center_of(const large_problem *l, int64_t q, int64_t *n, int64_t *y, int64_t *x)
{
    *x = q % l->out_width * l->shape->stride_w + 1;
    *y = q / l->out_width % l->out_height * l->shape->stride_h + 1;
    *n = q / l->out_width / l->out_height;
}

large_line large_line_of(const large_problem *l, int64_t index)
{
    const large_shape *s = l->shape;
    int64_t n, y, x;
    center_of(l, index / LARGE_WINDOW, &n, &y, &x);
    y += index % LARGE_WINDOW - LARGE_REACH;
    const int64_t first = x - LARGE_REACH < 0 ? 0 : x - LARGE_REACH;
    const int64_t last = x + LARGE_REACH < s->width ? x + LARGE_REACH : s->width - 1;
    large_line line = {0};
    if (inside(s, y, x)) {
        line.first = (index * LARGE_WINDOW + first - (x - LARGE_REACH)) * LARGE_CHANNELS;
        line.count = (last - first + 1) * LARGE_CHANNELS;
        line.at = (uint64_t)((n * s->height + y) * s->width + first) * LARGE_CHANNELS;
    }
    return line;
}

static bool allocate(large_problem *l)
{
    const large_shape *s = l->shape;
    l->out_height = (s->height - 3) / s->stride_h + 1;
    l->out_width = (s->width - 3) / s->stride_w + 1;
    l->pixels = s->batch * l->out_height * l->out_width;
    const size_t pixels = (size_t)l->pixels;
    const size_t window = (size_t)LARGE_WINDOW * LARGE_WINDOW * LARGE_CHANNELS;
    l->windows = calloc(pixels * window, sizeof *l->windows);
    l->offset_mask = calloc(pixels * LARGE_ROW, sizeof *l->offset_mask);
    l->grad_output = calloc(pixels * LARGE_CHANNELS, sizeof *l->grad_output);
    l->output = calloc(pixels * LARGE_CHANNELS, sizeof *l->output);
    l->grad_windows = calloc(pixels * window, sizeof *l->grad_windows);
    l->grad_offset_mask = calloc(pixels * LARGE_ROW, sizeof *l->grad_offset_mask);
    return l->windows && l->offset_mask && l->grad_output && l->output && l->grad_windows && l->grad_offset_mask;
}

/* No position is a whole number: at the image's border its gradient would depend on the side. */
static void draw(large_problem *l)
{
    for (int64_t i = 0; i < l->pixels * LARGE_ROW; i++) {
        const bool is_mask = i % (LARGE_POINTS * 3) >= 2 * LARGE_POINTS;
        const double number = small_integer((uint64_t)i, 2);
        l->offset_mask[i] = is_mask ? number / 2.0 : (2.0 * number + 1.0) / 4.0;
    }
    for (int64_t i = 0; i < l->pixels * LARGE_CHANNELS; i++)
        l->grad_output[i] = small_integer((uint64_t)i, 3);
    for (int64_t index = 0; index < l->pixels * LARGE_WINDOW; index++) {
        const large_line line = large_line_of(l, index);
        for (int64_t i = line.first; i < line.first + line.count; i++)
            l->windows[i] = small_integer((uint64_t)i, 8);
    }
}

/* Every window as an image of its own with one output pixel in its middle. */
static bool evaluate(large_problem *l)
{
    const dcn_oracle_dcnv4 oracle = {
        .batch = l->pixels,
        .height = LARGE_WINDOW,
        .width = LARGE_WINDOW,
        .out_height = 1,
        .out_width = 1,
        .group = LARGE_GROUP,
        .group_channels = LARGE_GROUP_CHANNELS,
        .kernel_h = 3,
        .kernel_w = 3,
        .stride_h = 1,
        .stride_w = 1,
        .pad_h = 1 - LARGE_REACH,
        .pad_w = 1 - LARGE_REACH,
        .dilation_h = 1,
        .dilation_w = 1,
        .row = LARGE_ROW,
        .offset_scale = 1.0,
        .value = l->windows,
        .offset_mask = l->offset_mask,
        .grad_output = l->grad_output,
    };
    return dcn_oracle_dcnv4_forward(&oracle, l->output) &&
           dcn_oracle_dcnv4_backward(&oracle, l->grad_windows, l->grad_offset_mask, NULL);
}

bool large_problem_make(large_problem *problem, const large_shape *shape)
{
    *problem = (large_problem){.shape = shape};
    if (!allocate(problem))
        return false;
    draw(problem);
    return evaluate(problem);
}

void large_problem_free(large_problem *problem)
{
    free(problem->windows);
    free(problem->offset_mask);
    free(problem->grad_output);
    free(problem->output);
    free(problem->grad_windows);
    free(problem->grad_offset_mask);
}
