#include "tuning.h"

#include <inttypes.h>

#include "status.h"

/* Work-items of a wide work-group: enough to hide memory latency, few enough for several groups on a compute unit. */
#define WIDE_ITEMS 256
/* Groups of a wide tile: their channels together fill the loads of one wavefront. */
#define WIDE_GROUPS 4
/* Work-group memory of a wide work-group, so that a compute unit holds several. */
#define WIDE_MEMORY 32768
/* Multiply-adds that make a long work-item worth its own scheduling, a few microseconds. */
#define LONG_WORK 100000
/* Long work-items for each compute unit, so that uneven ones even out. */
#define LONG_ITEMS 8

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
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

/* The largest power of two up to `limit`, at least 1. */
static int power_below(int64_t limit)
{
    int power = 1;
    while (2 * (int64_t)power <= limit)
        power *= 2;
    return power;
}

/* A tile as near to square as powers of two allow, no larger than the image. */
static void square_tile(int64_t pixels, int out_height, int out_width, dcn_wide_launch *launch)
{
    launch->tile_h = 1;
    launch->tile_w = 1;
    while (2 * (int64_t)launch->tile_h * launch->tile_w <= pixels) {
        const bool wider = launch->tile_w <= launch->tile_h ? launch->tile_w < out_width : launch->tile_h >= out_height;
        if (launch->tile_h >= out_height && launch->tile_w >= out_width)
            return;
        if (wider)
            launch->tile_w *= 2;
        else
            launch->tile_h *= 2;
    }
}

dcn_status dcn_tune_wide(const dcn_device_limits *limits, uint32_t work_items, dcn_dtype dtype, int index_bits,
                         int points, int group, int group_channels, int out_height, int out_width,
                         dcn_wide_launch *launch)
{
    const int vector = 16 / (int)dcn_dtype_size(dtype);
    const int64_t items = larger(smaller(WIDE_ITEMS, (int64_t)work_items), 1); /* drivers do report 0 */
    const uint64_t point_bytes = 4 * sizeof(float) + (uint64_t)index_bits / 8;
    const uint64_t memory = limits->local_memory < WIDE_MEMORY ? limits->local_memory : WIDE_MEMORY;
    launch->lanes = (int)smaller((group_channels + vector - 1) / vector, items);
    int64_t slots = larger(items / launch->lanes, 1);
    for (;; slots /= 2) {
        launch->tile_groups = power_below(smaller(smaller(group, WIDE_GROUPS), slots));
        square_tile(slots / launch->tile_groups, out_height, out_width, launch);
        const int64_t used = (int64_t)launch->tile_h * launch->tile_w * launch->tile_groups;
        launch->local = (uint32_t)(used * launch->lanes);
        const uint64_t fixed = 2 * sizeof(float) * (uint64_t)used;
        const uint64_t carried = (uint64_t)launch->local * (uint64_t)vector * sizeof(float);
        const uint64_t whole = fixed + (uint64_t)used * (uint64_t)points * point_bytes;
        launch->chunk = points;
        launch->local_bytes = whole;
        if (whole <= memory)
            return DCN_SUCCESS;
        const uint64_t room = memory > fixed + carried ? memory - fixed - carried : 0;
        launch->chunk = (int)smaller((int64_t)(room / ((uint64_t)used * point_bytes)), points);
        launch->local_bytes = fixed + carried + (uint64_t)used * (uint64_t)launch->chunk * point_bytes;
        if (launch->chunk > 0)
            return DCN_SUCCESS;
        if (slots == 1)
            return dcn_fail(DCN_ERROR_UNSUPPORTED,
                            "the wide shape needs more work-group memory than the %" PRIu64 " bytes of this device",
                            limits->local_memory);
    }
}

uint32_t dcn_tune_registers(dcn_dtype dtype)
{
    (void)dtype;
    return 64;
}
