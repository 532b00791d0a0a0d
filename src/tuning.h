/* The one place where launch shapes and vector widths are chosen. */
#ifndef DCN_TUNING_H
#define DCN_TUNING_H

#include "backend.h"

/* Long shape: vector width for a device that compiles at run time, and instruction set for a native one (NULL: best).
 */
uint32_t dcn_tune_lanes(const dcn_device_limits *limits, int64_t group_channels);
const char *dcn_tune_isa(const dcn_device_limits *limits, int64_t group_channels);

typedef struct dcn_long_launch {
    int64_t run; /* output pixels of one work-item */
    int64_t items;
} dcn_long_launch;

/* `work`: multiply-adds of one output pixel, corners apart: channels * points. */
dcn_long_launch dcn_tune_long(const dcn_device_limits *limits, int64_t pixels, int64_t work);

/* How the long shape of the gradients is cut; decided by the shape alone, since the order of sums follows. */
typedef struct dcn_backward_cut {
    int block_groups;     /* a block of channels is so many groups … */
    int block_parts;      /* … or one of so many parts of a group; one of the two is 1 */
    int part_channels;    /* of all parts but the last */
    int far_groups;       /* groups of a block that one work-item adds far points to */
    int blocks;           /* of an image */
    int block_channels;   /* of the largest block */
    int bands;            /* of output rows */
    int near;             /* … and that beyond the sampling grid */
    int reach_h, reach_w; /* how far from its output pixel's centre a near point's first corner is at most */
} dcn_backward_cut;

/* What it depends on; `grid_reach_…`: how far the sampling grid goes from its centre, pixels. */
typedef struct dcn_backward_call {
    int64_t batch, width, group, group_channels, out_height, stride_h;
    int64_t grid_reach_h, grid_reach_w;
} dcn_backward_call;

/* `most_channels`: what a block may have for the workspace's sake, 0 for any number. */
dcn_backward_cut dcn_tune_backward_long(const dcn_backward_call *call, int64_t most_channels);

/* Pixels that a work-item rounds to the storage type. */
#define DCN_STORE_RUN 1024

typedef struct dcn_wide_launch {
    int tile_h, tile_w, tile_groups; /* output pixels and groups of a work-group */
    int lanes;                       /* work-items of one (pixel, group) */
    int chunk;                       /* points prepared at once */
    int pitch;                       /* points from one (pixel, group) to the next in memory, at least chunk */
    uint32_t local;                  /* work-items of a work-group */
    uint64_t local_bytes;            /* its memory */
} dcn_wide_launch;

/* What a wide launch is for. `work_items`: the kernel's own limit. */
typedef struct dcn_wide_problem {
    uint32_t work_items;
    dcn_dtype dtype;
    int index_bits;
    int points, group, group_channels, out_height, out_width;
    bool scattered; /* one row of output pixels whose points lie anywhere, each group's elsewhere */
} dcn_wide_problem;

/* The forward kernel. Fails when the device's work-group memory cannot hold a single point. */
dcn_status dcn_tune_wide(const dcn_device_limits *limits, const dcn_wide_problem *problem, dcn_wide_launch *launch);

/* The gradients of offsets and masks; `special`: the kernel is built for the plan's numbers. */
dcn_status dcn_tune_points(const dcn_device_limits *limits, const dcn_wide_problem *problem, bool special,
                           dcn_wide_launch *launch);

/* The gradient of the value. `density`: points for each cell, on average. */
typedef struct dcn_gather_problem {
    uint32_t work_items;
    dcn_dtype dtype;
    int index_bits;
    int group_channels, height, width;
    double density;
} dcn_gather_problem;

typedef struct dcn_gather_launch {
    int value_h, value_w; /* value pixels of a work-group; the height is even */
    int lanes;            /* work-items of a pair of pixels */
    int room;             /* points that it sums at once */
    uint32_t local;
    uint64_t local_bytes;
} dcn_gather_launch;

/* Fails when the device has too little work-group memory. */
dcn_status dcn_tune_gather(const dcn_device_limits *limits, const dcn_gather_problem *problem,
                           dcn_gather_launch *launch);

/* Sums of cells with many points, by teams of a work-group of the same size. */
typedef struct dcn_heavy_launch {
    int teams;
    int team_rows;  /* of a team, each of `lanes` work-items */
    int team_words; /* of work-group memory */
    uint64_t local_bytes;
} dcn_heavy_launch;

/* Fails as the one above. */
dcn_status dcn_tune_heavy(const dcn_device_limits *limits, int items, int lanes, dcn_dtype dtype,
                          dcn_heavy_launch *launch);

/* Counting points by cell. `reach`: cells that the points of an output pixel without offsets fall into. */
typedef struct dcn_count_problem {
    int points, group, out_height, out_width, stride_h, stride_w;
    int64_t reach_h, reach_w;
} dcn_count_problem;

typedef struct dcn_count_launch {
    int tile_h, tile_w, tile_groups; /* output pixels and groups of a work-group */
    int chunk;                       /* points of a kernel at once */
    int margin;                      /* cells around the tile's, counted in work-group memory … */
    int window_h, window_w;          /* … with those; 0: none are */
    uint64_t local_bytes;
} dcn_count_launch;

void dcn_tune_count(const dcn_device_limits *limits, const dcn_count_problem *problem, dcn_count_launch *launch);

/* The same for points in levels: queries of a work-group of so many items, and cells that it may count by itself. */
typedef struct dcn_level_count_problem {
    int items, points, queries;
    int64_t planes;
} dcn_level_count_problem;

typedef struct dcn_level_count_launch {
    int queries;
    int64_t window;
} dcn_level_count_launch;

dcn_level_count_launch dcn_tune_level_count(const dcn_device_limits *limits, const dcn_level_count_problem *problem);

/* Registers of a work-item of a wide kernel at most: four work-groups then share a compute unit that has 65,536. */
#define DCN_WIDE_REGISTERS 64

/* The same for the gradients of offsets and masks, as a limit that limits nothing: they need fewer, but under 64, or
 * without a word of it, one compiler spills. */
#define DCN_POINTS_REGISTERS 255

/* Work-items of gradients with 64-bit indices, or of points in levels, that a compute unit is to hold at least: a
 * compiler that is not told so spills. */
#define DCN_WIDE_UNIT_ITEMS 1024

/* The same for the gradients of offsets and masks with 64-bit indices. */
#define DCN_LONG_INDEX_ITEMS 512

#endif
