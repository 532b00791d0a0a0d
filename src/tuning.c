#include "tuning.h"

#include <inttypes.h>

#include "status.h"

/* Work-items of a wide work-group: enough to hide memory latency, few enough for several groups on a compute unit. */
#define WIDE_ITEMS 256
/* Most bytes of a pixel that one tile's groups share, and bytes of a cache line. */
#define WIDE_BYTES 512
#define LINE       128
/* Pixels along one side of a wide tile. */
#define WIDE_EXTENT 16
/* Stores of 16 bytes that work-group memory takes at once. */
#define BANK_STORES 8
/* Work-items that run together, on most GPUs a multiple or a part of it. */
#define WAVEFRONT 32
/* Shares of a tile's time, as measured on a GPU: of its pixels with their neighbours, in parts of its pixels, of each
 * further line that is loaded for the same bytes, and of the work-items that some of the units lack. */
#define HALO_COST   0.05
#define LINE_COST   0.15
#define UNEVEN_COST 0.3
/* Work-group memory of a wide work-group, so that a compute unit holds several. */
#define WIDE_MEMORY 32768
/* Multiply-adds that make a long work-item worth its own scheduling, a few microseconds. */
#define LONG_WORK 100000
/* Long work-items for each compute unit, so that uneven ones even out. */
#define LONG_ITEMS 8
/* Gradients, long shape: floats of a row of values that a block may have, so that the few rows which it works on stay
 * in the second-level cache; channels of a block at least; lanes of the widest vector; output rows of a band at least;
 * pixels beyond the grid that are near; work-items at once that are worth narrower blocks, and that are enough without
 * bands. Memory is read in longer runs, and points of more groups prepared at once, where blocks are few. */
#define BACKWARD_ROW      20480
#define BACKWARD_CHANNELS 64
#define BACKWARD_VECTOR   16
#define BACKWARD_ROWS     9
#define BACKWARD_NEAR     3
#define BACKWARD_ITEMS    2
#define BACKWARD_UNITS    64

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t blocks(int64_t extent, int64_t block)
{
    return (extent + block - 1) / block;
}

uint32_t dcn_tune_lanes(const dcn_device_limits *limits, int64_t group_channels)
{
    uint32_t lanes = 4;
    while (lanes < limits->vector_width && lanes < group_channels)
        lanes *= 2;
    return lanes;
}

const char *dcn_tune_isa(const dcn_device_limits *limits, int64_t group_channels)
{
    /* A vector that crosses a cache line costs two loads; with few channels shorter ones cross less often. */
    return limits->native && limits->vector_width == 16 && group_channels <= 8 ? "avx2" : NULL;
}

dcn_long_launch dcn_tune_long(const dcn_device_limits *limits, int64_t pixels, int64_t work)
{
    const int64_t units = larger((int64_t)limits->compute_units, 1);
    const int64_t total = pixels > INT64_MAX / larger(work, 1) ? INT64_MAX : pixels * work;
    const int64_t wanted = larger(units, smaller(total / LONG_WORK, LONG_ITEMS * units));
    dcn_long_launch launch = {.run = 1, .items = 0};
    if (pixels == 0)
        return launch;
    launch.run = smaller(larger((pixels + wanted - 1) / wanted, 1), INT32_MAX);
    launch.items = (pixels + launch.run - 1) / launch.run;
    return launch;
}

/* The narrowest vector's channels are too few for a block: its points would be prepared too often. */
static int64_t part_of(int64_t group_channels, int64_t most_channels)
{
    const int64_t wanted = most_channels / BACKWARD_VECTOR * BACKWARD_VECTOR;
    return larger(wanted, BACKWARD_VECTOR) <= group_channels ? larger(wanted, BACKWARD_VECTOR) : group_channels;
}

/* A multiple of 4, so that both turns have as many, and pairs of processors too; fewer would mostly take turns. */
static int64_t bands_of(int64_t out_height, int64_t stride_h, int64_t reach_h)
{
    /* The rows of a band and of the next but one must not touch: (rows + 1) * stride > 2 * reach + 1. */
    const int64_t least = larger((2 * reach_h + 1) / stride_h, BACKWARD_ROWS);
    const int64_t bands = out_height / least / 4 * 4;
    return larger(bands, 1);
}

/* Whole groups that a block takes of each image. */
static int64_t groups_of(const dcn_backward_call *c, int64_t bands, int64_t most_channels)
{
    const int64_t turn = c->batch * larger(bands / 2, 1);
    const int64_t fitting = larger(smaller(BACKWARD_ROW / c->width, most_channels) / c->group_channels, 1);
    int64_t groups = smaller(fitting, c->group);
    while (groups > 1 && turn * blocks(c->group, groups) < BACKWARD_ITEMS &&
           (groups + 1) / 2 * c->group_channels >= BACKWARD_CHANNELS)
        groups = (groups + 1) / 2;
    return groups;
}

dcn_backward_cut dcn_tune_backward_long(const dcn_backward_call *c, int64_t most_channels)
{
    dcn_backward_cut cut = {.block_groups = 1, .block_parts = 1, .far_groups = 1};
    const int64_t limit = most_channels > 0 ? most_channels : INT64_MAX;
    cut.near = BACKWARD_NEAR;
    cut.reach_h = (int)(c->grid_reach_h + BACKWARD_NEAR);
    cut.reach_w = (int)(c->grid_reach_w + BACKWARD_NEAR);
    const int64_t bands = bands_of(c->out_height, c->stride_h, cut.reach_h);
    int64_t channels = c->group_channels;
    if (c->group_channels < BACKWARD_VECTOR) {
        /* Vectors of the last groups would touch sums of another block. */
        cut.block_groups = cut.far_groups = (int)c->group;
        channels *= c->group;
    } else if (c->group_channels > limit) {
        cut.part_channels = (int)part_of(c->group_channels, limit);
        cut.block_parts = (int)(c->group_channels / cut.part_channels);
        channels -= (cut.block_parts - 1) * cut.part_channels;
    } else {
        cut.block_groups = (int)groups_of(c, bands, limit);
        channels *= cut.block_groups;
    }
    cut.block_channels = (int)channels;
    cut.blocks = (int)(cut.block_parts > 1 ? c->group * cut.block_parts : blocks(c->group, cut.block_groups));
    cut.bands = c->batch >= BACKWARD_UNITS / cut.blocks ? 1 : (int)bands;
    return cut;
}

/* What a tile costs for each output pixel and group, in parts of what it would if all its work-items had work and its
 * pixels no neighbours: work-items run a wavefront at a time, on four units of a compute unit, tiles hang over the
 * image, values are loaded once for each tile that reads them, and a whole cache line for any part of it. */
static double tile_cost(int64_t h, int64_t w, int64_t groups, int lanes, int64_t group_bytes, int out_height,
                        int out_width, int group)
{
    const double covered = (double)(blocks(out_height, h) * h) * (double)(blocks(out_width, w) * w) *
                           (double)(blocks(group, groups) * groups);
    const double idle = covered / ((double)out_height * out_width * group);
    const double items = (double)(h * w * groups * lanes);
    const double partial = (double)(blocks(h * w * groups * lanes, WAVEFRONT) * WAVEFRONT) / items;
    const double uneven = (double)(blocks(h * w * groups * lanes, 4 * WAVEFRONT) * 4 * WAVEFRONT) / items - 1.0;
    const double halo = (double)(smaller(h + 2, out_height) * smaller(w + 2, out_width)) / (double)(h * w);
    const double line = groups * group_bytes < LINE ? (double)LINE / (double)(groups * group_bytes) - 1.0 : 0.0;
    return idle * partial * (1.0 + HALO_COST * halo) * (1.0 + LINE_COST * line) * (1.0 + UNEVEN_COST * uneven);
}

/* The cheapest tile of at most `slots` pixels times groups; among equals the largest. */
static void choose_tile(int64_t slots, int lanes, int64_t group_bytes, int out_height, int out_width, int group,
                        dcn_wide_launch *launch)
{
    const int64_t most_groups = larger(WIDE_BYTES / group_bytes, 1);
    double least = 0.0;
    int64_t largest = 0;
    for (int64_t groups = smaller(smaller(most_groups, group), slots); groups >= 1; groups--) {
        const int64_t pixels = slots / groups;
        for (int64_t h = 1; h <= smaller(pixels, smaller(WIDE_EXTENT, out_height)); h++) {
            for (int64_t w = 1; w <= smaller(pixels / h, smaller(WIDE_EXTENT, out_width)); w++) {
                const double cost = tile_cost(h, w, groups, lanes, group_bytes, out_height, out_width, group);
                if (largest > 0 && (cost > least || (cost == least && h * w * groups <= largest)))
                    continue;
                least = cost;
                largest = h * w * groups;
                launch->tile_h = (int)h;
                launch->tile_w = (int)w;
                launch->tile_groups = (int)groups;
            }
        }
    }
}

/* The least pitch for so many points with which neighbouring lanes of neighbouring (pixel, group) slots, 8 in all,
 * store 16 bytes each to different banks of work-group memory. */
static int apart(int points, int lanes)
{
    int pitch = points;
    if (BANK_STORES % lanes == 0 && lanes < BANK_STORES)
        while (pitch % (2 * lanes) != lanes)
            pitch++;
    return pitch;
}

dcn_status dcn_tune_wide(const dcn_device_limits *limits, uint32_t work_items, dcn_dtype dtype, int index_bits,
                         int points, int group, int group_channels, int out_height, int out_width,
                         dcn_wide_launch *launch)
{
    const int64_t element = (int64_t)dcn_dtype_size(dtype);
    const int64_t vector = 16 / element;
    const int64_t items = larger(smaller(WIDE_ITEMS, (int64_t)work_items), 1); /* drivers do report 0 */
    const uint64_t point_bytes = 4 * sizeof(float) + (uint64_t)index_bits / 8;
    const uint64_t memory = limits->local_memory < WIDE_MEMORY ? limits->local_memory : WIDE_MEMORY;
    launch->lanes = (int)smaller((group_channels + vector - 1) / vector, items);
    for (int64_t slots = larger(items / launch->lanes, 1);; slots /= 2) {
        choose_tile(slots, launch->lanes, group_channels * element, out_height, out_width, group, launch);
        const uint64_t used = (uint64_t)launch->tile_h * (uint64_t)launch->tile_w * (uint64_t)launch->tile_groups;
        launch->local = (uint32_t)used * (uint32_t)launch->lanes;
        const uint64_t fixed = 2 * sizeof(float) * used;
        const uint64_t carried = (uint64_t)launch->local * (uint64_t)vector * sizeof(float);
        launch->chunk = points;
        launch->pitch = apart(points, launch->lanes);
        launch->local_bytes = fixed + used * (uint64_t)launch->pitch * point_bytes;
        if (launch->local_bytes <= memory)
            return DCN_SUCCESS;
        const uint64_t room = memory > fixed + carried ? memory - fixed - carried : 0;
        launch->chunk = launch->pitch = (int)smaller((int64_t)(room / (used * point_bytes)), points);
        launch->local_bytes = fixed + carried + used * (uint64_t)launch->pitch * point_bytes;
        if (launch->chunk > 0)
            return DCN_SUCCESS;
        if (slots == 1)
            return dcn_fail(DCN_ERROR_UNSUPPORTED,
                            "the wide shape needs more work-group memory than the %" PRIu64 " bytes of this device",
                            limits->local_memory);
    }
}
