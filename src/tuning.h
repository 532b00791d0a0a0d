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

/* `work_items`: the kernel's own limit. Fails when the device's work-group memory cannot hold a single point. */
dcn_status dcn_tune_wide(const dcn_device_limits *limits, uint32_t work_items, dcn_dtype dtype, int index_bits,
                         int points, int group, int group_channels, int out_height, int out_width,
                         dcn_wide_launch *launch);

/* Registers of a work-item of a wide kernel at most: four work-groups then share a compute unit that has 65,536. */
#define DCN_WIDE_REGISTERS 64

#endif
