#include "tuning.h"

#include <inttypes.h>

#include "status.h"

typedef int64_t dcn_i64;
#include "dcn_params.h"

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
/* What work-items cost that no sub-group can hold whole, where they would exchange values. */
#define TEAMLESS 1.5
/* The gradient of the value: pairs of pixels of a work-group; a staged point's share of a pixel's time, and a
 * work-group's own in pairs; points that are room for at least. */
#define GATHER_PAIRS 32
#define STAGE_COST   0.4
#define FEW_COST     4.0
#define ROOM         256
/* Counting points by cell: points that a work-group keeps in its memory, and as many cells; output pixels along one
 * side of its tile, groups, and cells around those that points without offsets fall into. */
#define COUNT_POINTS 2048
#define COUNT_EXTENT 8
#define COUNT_GROUPS 2
#define COUNT_MARGIN 2
/* The same in levels: points of a work-item that are counted together, and of a work-group at most; work-groups for
 * each compute unit, where there are as many; and cells that it counts in its memory. */
#define LEVEL_TOGETHER 4
#define LEVEL_POINTS   4096
#define LEVEL_GROUPS   4
#define LEVEL_CELLS    2048
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

/* The cheapest tile of at most `slots` pixels times groups; among equals the largest. Work-items that `team` does not
 * divide cost more, unless it is 0. */
static void choose_tile(int64_t slots, int lanes, int64_t group_bytes, int out_height, int out_width, int group,
                        int64_t team, dcn_wide_launch *launch)
{
    const int64_t most_groups = larger(WIDE_BYTES / group_bytes, 1);
    double least = 0.0;
    int64_t largest = 0;
    for (int64_t groups = smaller(smaller(most_groups, group), slots); groups >= 1; groups--) {
        const int64_t pixels = slots / groups;
        for (int64_t h = 1; h <= smaller(pixels, smaller(WIDE_EXTENT, out_height)); h++) {
            for (int64_t w = 1; w <= smaller(pixels / h, smaller(WIDE_EXTENT, out_width)); w++) {
                double cost = tile_cost(h, w, groups, lanes, group_bytes, out_height, out_width, group);
                if (team > 0 && h * w * groups * lanes % team != 0)
                    cost *= TEAMLESS;
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

/* A tile of points that lie anywhere: as few groups as fill it, so that work-groups at a time read a part of the values
 * (kernels/dcn_wide.h). */
static void choose_scattered_tile(int64_t slots, int out_width, int group, dcn_wide_launch *launch)
{
    launch->tile_h = 1;
    launch->tile_w = (int)smaller(slots, out_width);
    launch->tile_groups = (int)smaller(slots / launch->tile_w, group);
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

/* Bytes of work-group memory that a kernel of the wide shape needs. */
typedef struct slot_memory {
    uint64_t point;  /* for each point of a slot */
    uint64_t lane;   /* for each point and lane of a slot */
    uint64_t slot;   /* for each slot */
    uint64_t item;   /* for each work-item */
    uint64_t vector; /* for each work-item, when points come in chunks */
} slot_memory;

/* Fits points into the memory of a tile: all of them or a chunk; false where not even one fits. */
static bool fit_points(const slot_memory *need, uint64_t memory, int points, dcn_wide_launch *launch)
{
    const uint64_t used = (uint64_t)launch->tile_h * (uint64_t)launch->tile_w * (uint64_t)launch->tile_groups;
    const uint64_t point_bytes = need->point + need->lane * (uint64_t)launch->lanes;
    const uint64_t fixed = need->slot * used + need->item * (uint64_t)launch->local;
    const uint64_t carried = need->vector * (uint64_t)launch->local;
    launch->chunk = points;
    launch->pitch = apart(points, launch->lanes);
    launch->local_bytes = fixed + used * (uint64_t)launch->pitch * point_bytes;
    if (launch->local_bytes <= memory)
        return true;
    const uint64_t room = memory > fixed + carried ? memory - fixed - carried : 0;
    launch->chunk = launch->pitch = (int)smaller((int64_t)(room / (used * point_bytes)), points);
    launch->local_bytes = fixed + carried + used * (uint64_t)launch->pitch * point_bytes;
    return launch->chunk > 0;
}

static dcn_status fail_memory(const dcn_device_limits *limits)
{
    return dcn_fail(DCN_ERROR_UNSUPPORTED,
                    "the wide shape needs more work-group memory than the %" PRIu64 " bytes of this device",
                    limits->local_memory);
}

static dcn_status tune_slots(const dcn_device_limits *limits, const slot_memory *need, int64_t team,
                             const dcn_wide_problem *w, dcn_wide_launch *launch)
{
    const int64_t element = (int64_t)dcn_dtype_size(w->dtype);
    const int64_t vector = 16 / element;
    const int64_t items = larger(smaller(WIDE_ITEMS, (int64_t)w->work_items), 1); /* drivers do report 0 */
    const uint64_t memory = limits->local_memory < WIDE_MEMORY ? limits->local_memory : WIDE_MEMORY;
    launch->lanes = (int)smaller((w->group_channels + vector - 1) / vector, items);
    for (int64_t slots = larger(items / launch->lanes, 1);; slots /= 2) {
        if (w->scattered)
            choose_scattered_tile(slots, w->out_width, w->group, launch);
        else
            choose_tile(slots, launch->lanes, w->group_channels * element, w->out_height, w->out_width, w->group, team,
                        launch);
        launch->local = (uint32_t)(launch->tile_h * launch->tile_w * launch->tile_groups) * (uint32_t)launch->lanes;
        if (fit_points(need, memory, w->points, launch))
            return DCN_SUCCESS;
        if (slots == 1)
            return fail_memory(limits);
    }
}

dcn_status dcn_tune_wide(const dcn_device_limits *limits, const dcn_wide_problem *w, dcn_wide_launch *launch)
{
    const uint64_t index = (uint64_t)w->index_bits / 8;
    const slot_memory need = {.point = 4 * sizeof(float) + index,
                              .item = 2 * sizeof(float),
                              .vector = 16 / dcn_dtype_size(w->dtype) * sizeof(float)};
    return tune_slots(limits, &need, 0, w, launch);
}

dcn_status dcn_tune_points(const dcn_device_limits *limits, const dcn_wide_problem *w, bool special,
                           dcn_wide_launch *launch)
{
    const uint64_t index = (uint64_t)w->index_bits / 8;
    const int64_t team = special && limits->specialises ? (int64_t)limits->subgroup : 0;
    slot_memory need = {.point = 4 * sizeof(float) + index, .slot = 3 * sizeof(float)};
    dcn_status status = tune_slots(limits, &need, team, w, launch);
    const bool exchanges = team > 0 && launch->local % team == 0 && team % launch->lanes == 0 &&
                           (launch->lanes & (launch->lanes - 1)) == 0;
    if (status != DCN_SUCCESS || exchanges)
        return status;
    need.lane = 4 * sizeof(float);
    return tune_slots(limits, &need, 0, w, launch);
}

dcn_status dcn_tune_gather(const dcn_device_limits *limits, const dcn_gather_problem *g, dcn_gather_launch *launch)
{
    const int64_t vector = 16 / (int64_t)dcn_dtype_size(g->dtype);
    const int64_t items = larger(smaller(WIDE_ITEMS, (int64_t)g->work_items), 1);
    const int64_t memory = (int64_t)(limits->local_memory < WIDE_MEMORY ? limits->local_memory : WIDE_MEMORY);
    const int64_t point_bytes = 4 * (int64_t)sizeof(float) + g->index_bits / 8 + (int64_t)sizeof(uint32_t);
    launch->lanes = (int)smaller((g->group_channels + vector - 1) / vector, items);
    const int64_t pairs = larger(smaller(items / launch->lanes, GATHER_PAIRS), 1);
    double least = 0.0;
    for (int64_t h = 1; h <= smaller(pairs, blocks(g->height, 2)); h++) {
        for (int64_t w = 1; w <= smaller(pairs / h, g->width); w++) {
            const double pixels =
                (double)blocks(g->height, 2 * h) * (double)(2 * h) * (double)(blocks(g->width, w) * w);
            const double partial =
                (double)(blocks(h * w * launch->lanes, WAVEFRONT) * WAVEFRONT) / (double)(h * w * launch->lanes);
            const double halo = (double)((2 * h + 1) * (w + 1)) / (double)(2 * h * w);
            const double cost = pixels * partial * (1.0 + STAGE_COST * halo) * (1.0 + FEW_COST / (double)(h * w));
            if (least > 0.0 && cost >= least)
                continue;
            least = cost;
            launch->value_h = (int)(2 * h);
            launch->value_w = (int)w;
        }
    }
    const int64_t wavefronts = blocks(launch->value_h / 2 * launch->value_w * launch->lanes, WAVEFRONT);
    launch->local = (uint32_t)smaller(wavefronts * WAVEFRONT, items);
    const int64_t cells = (launch->value_h + 1) * (launch->value_w + 1);
    const int64_t fixed = 4 * ((int64_t)(launch->value_h + 1) * (launch->value_w + 2) + launch->value_h + 2) + 64;
    const int64_t most = (memory - fixed) / point_bytes;
    const int64_t usual = (int64_t)smaller((int64_t)(g->density * 1.125 * (double)cells), INT32_MAX / 2) + 64;
    if (most < (int64_t)launch->local)
        return fail_memory(limits);
    launch->room = (int)smaller(larger(blocks(usual, 32) * 32, ROOM), most);
    launch->local_bytes = (uint64_t)(launch->room * point_bytes + fixed);
    return DCN_SUCCESS;
}

dcn_status dcn_tune_heavy(const dcn_device_limits *limits, int items, int lanes, dcn_dtype dtype,
                          dcn_heavy_launch *launch)
{
    const int64_t vector = 16 / (int64_t)dcn_dtype_size(dtype);
    const int64_t memory = (int64_t)(limits->local_memory < WIDE_MEMORY ? limits->local_memory : WIDE_MEMORY);
    int64_t rows = larger(smaller(WAVEFRONT, items) / lanes, 1);
    rows -= rows > 1 ? rows % 2 : 0; /* half of them are for upper corners */
    /* The rows' sums of one corner are there for a moment. */
    const int64_t words = larger(2 * DCN_SORTED + DCN_TEAM_WORDS, vector * (rows + 1) * lanes);
    launch->team_rows = (int)rows;
    launch->team_words = (int)(blocks(words, 4) * 4);
    const int64_t team = launch->team_words * (int64_t)sizeof(uint32_t);
    launch->teams = (int)smaller(items / (rows * lanes), larger(memory / team, 1));
    launch->local_bytes = (uint64_t)(launch->teams * team);
    if (launch->local_bytes > limits->local_memory)
        return fail_memory(limits);
    return DCN_SUCCESS;
}

dcn_level_count_launch dcn_tune_level_count(const dcn_device_limits *limits, const dcn_level_count_problem *c)
{
    const int64_t wanted = larger(c->queries * c->planes / (larger(limits->compute_units, 1) * LEVEL_GROUPS), 1);
    const int64_t least = larger((int64_t)c->items * LEVEL_TOGETHER / c->points, 1);
    const int64_t most = larger(LEVEL_POINTS / c->points, 1);
    dcn_level_count_launch launch;
    launch.queries = (int)larger(smaller(smaller(larger(wanted, least), most), c->queries), 1);
    launch.window = smaller(LEVEL_CELLS, (int64_t)(limits->local_memory / 2 / sizeof(uint32_t)));
    return launch;
}

void dcn_tune_count(const dcn_device_limits *limits, const dcn_count_problem *c, dcn_count_launch *launch)
{
    const int64_t most = smaller(COUNT_POINTS, (int64_t)(limits->local_memory / 2 / sizeof(uint32_t)));
    int64_t h = blocks(c->out_height, blocks(c->out_height, COUNT_EXTENT));
    int64_t w = blocks(c->out_width, blocks(c->out_width, COUNT_EXTENT));
    while (h * w * c->points > most && h * w > 1) {
        if (h > 1)
            h = blocks(h, 2);
        else
            w = blocks(w, 2);
    }
    launch->tile_h = (int)h;
    launch->tile_w = (int)w;
    launch->chunk = (int)smaller(c->points, most);
    launch->tile_groups = (int)larger(smaller(c->group, smaller(COUNT_GROUPS, most / (h * w * launch->chunk))), 1);
    const int64_t window_h = (h - 1) * c->stride_h + c->reach_h + 2 * COUNT_MARGIN;
    const int64_t window_w = (w - 1) * c->stride_w + c->reach_w + 2 * COUNT_MARGIN;
    const bool small = window_h <= most && window_w <= most && window_h * window_w * launch->tile_groups <= most;
    launch->margin = small ? COUNT_MARGIN : 0;
    launch->window_h = small ? (int)window_h : 0;
    launch->window_w = small ? (int)window_w : 0;
    launch->local_bytes = sizeof(uint32_t) * (uint64_t)(launch->tile_groups *
                                                        (h * w * launch->chunk + launch->window_h * launch->window_w));
}
