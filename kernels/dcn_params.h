/* Parameters that host code and kernels share. Only dcn_i64, int and float members, the widest first, so that every
 * compiler lays them out alike; and no gap at a block's end, since one OpenCL compiler then copies it through memory,
 * at a third of the speed. */
#ifndef DCN_PARAMS_H
#define DCN_PARAMS_H

/* The widest vector of any device: how far a vector load runs over the end of a plane of the sampling grid. */
#define DCN_GRID_PAD 16

/* Points that the long shape prepares at once, a multiple of DCN_GRID_PAD: enough for every group of a pixel in most
 * networks, and little enough to stay in the first-level cache. The grid's planes repeat its points over as many. */
#define DCN_GRID_SLOTS 512

/* What n / d takes for one d and any n in 0 … 2^31 - 1: see dcn_divide(). */
typedef struct dcn_divisor {
    int multiplier; /* floor(2^32 (2^shift - d) / d) + 1, as the bits of an unsigned number */
    int shift;      /* the least one with 2^shift >= d */
} dcn_divisor;

/* A number in double precision as two floats, `rest` what the nearest float leaves. */
typedef struct dcn_scale {
    float nearest;
    float rest;
} dcn_scale;

typedef struct dcn_forward_params {
    dcn_i64 value_at;  /* where each tensor starts in its buffer, elements */
    dcn_i64 offset_at; /* offsets and masks are two tensors that may share a buffer */
    dcn_i64 mask_at;
    dcn_i64 output_at;
    dcn_i64 pixels;       /* N * Ho * Wo */
    dcn_i64 image;        /* elements of one value image: H * W * C */
    dcn_i64 offset_image; /* of one image's offsets, masks, output */
    dcn_i64 mask_image;
    dcn_i64 output_image;
    dcn_i64 value_size; /* elements from a tensor's start to its end: what a vector load may run into */
    dcn_i64 offset_size;
    dcn_i64 mask_size;
    dcn_i64 offset_row; /* elements from one output pixel's offsets to the next one's */
    dcn_i64 mask_row;
    int offset_group; /* elements from one group's offsets to the next one's */
    int mask_group;
    int height; /* H, W of the value */
    int width;
    int out_height; /* Ho, Wo */
    int out_width;
    int channels; /* C = group * group_channels */
    int group;
    int group_channels;
    int points;     /* K */
    int grid_plane; /* K rounded up to DCN_GRID_PAD */
    int stride_h;
    int stride_w;
    int origin_h; /* position of output pixel (0, 0): centre of the kernel less the padding */
    int origin_w;
    dcn_scale scale; /* offset_scale */
    int softmax;
    int run;    /* long shape: output pixels of one work-item */
    int tile_h; /* wide shape: output pixels and groups of one work-group */
    int tile_w;
    int tile_groups;
    int tiles_h; /* wide shape: tiles of an image, blocks of groups; and to divide by them */
    int tiles_w;
    int group_blocks;
    dcn_divisor by_tiles_h;
    dcn_divisor by_tiles_w;
    dcn_divisor by_group_blocks;
    int lanes;        /* wide shape: work-items of one (pixel, group) slot */
    int chunk;        /* wide shape: points prepared at once */
    int pitch;        /* wide shape: points from one slot's to the next one's in work-group memory */
    int level_points; /* attention: points of a level */
    int no_gap;       /* fills the block up */
} dcn_forward_params;

/* Sums of heavy cells: points that a team puts into order at once, parts of a plane that it sorts them by, points that
 * it then has the weights of, in at most a sixth of the memory, and words of its memory besides points: two for each
 * part, a block. */
#define DCN_SORTED     768
#define DCN_PARTS      31
#define DCN_STAGED     128
#define DCN_TEAM_WORDS (2 * DCN_PARTS + 1 + 8)

/* The wide shape of the gradients. A plane is one image and group; its points are numbered by output pixel, then by
 * point of the kernel; its cells are the squares between pixels that a point may fall into, (H + 1) * (W + 1). Words
 * are of 4 bytes, counted from the workspace's start. */
typedef struct dcn_backward_wide_params {
    dcn_forward_params forward; /* output: grad_output; tile: outputs of a work-group */
    dcn_i64 grad_value_at;      /* where each gradient starts in its buffer, elements of the gradients' type */
    dcn_i64 grad_offset_at;
    dcn_i64 grad_mask_at;
    dcn_i64 cells;  /* of a plane */
    dcn_i64 points; /* of a plane */
    dcn_i64 planes;
    dcn_i64 workspace_at; /* words */
    dcn_i64 counts_at;    /* for each cell how many points it has */
    dcn_i64 starts_at;    /* for each cell where its points begin in `ids`, and at a plane's end their number */
    dcn_i64 ids_at;       /* points by cell */
    dcn_i64 bins_at;      /* for each point its cell; then the sums of heavy cells, `sum_words` for each point */
    dcn_i64 slots_at;     /* for each point its place in its cell, half a word; then softmax statistics */
    dcn_i64 crowds_at;    /* how many crowded cells, how many blocks of heavy ones; then the cells */
    dcn_i64 blocks_at;    /* blocks of heavy cells */
    int float32_gradients;
    int wants_offset; /* which results there are */
    int wants_mask;
    int padding;  /* elements at the end of an output pixel's offsets that belong to no group */
    int items;    /* of a work-group */
    int window_w; /* cells around a tile of outputs that it counts by itself, 0: none; in levels the last ones */
    int window_h;
    int window_x; /* the first one, from the tile's first output pixel on; in levels the cell itself */
    int window_y;
    int reserve_cells;  /* cells of a work-group that reserves */
    int reserve_blocks; /* work-groups of a plane */
    int fill_blocks;
    int workers; /* work-groups for crowded cells */
    int crowd;   /* more points make a cell crowded: no work-group could put them into order */
    int heavy;   /* more points make a cell heavy: its sums come in blocks */
    int block;   /* points of a crowded cell's block */
    int split;   /* points of any other one's, about: it has those of a part of the plane */
    int heavy_workers;
    int teams;      /* of a work-group for blocks */
    int team_rows;  /* of a team, each of `lanes` work-items */
    int team_words; /* of work-group memory, a multiple of 4 */
    int part_shift; /* from a point's number to its part of the plane, DCN_PARTS of them at most */
    int sum_words;  /* for each point in the sums of heavy cells */
    int room;       /* points that a work-group sums at once */
    int value_h;    /* value pixels of a work-group */
    int value_w;
    int values_h; /* tiles of an image */
    int values_w;
    dcn_divisor by_group;
    dcn_divisor by_out_width;
    dcn_divisor by_points;
    dcn_divisor by_values_h;
    dcn_divisor by_values_w;
    dcn_divisor by_reserve_blocks;
    dcn_divisor by_fill_blocks;
    dcn_divisor by_lanes;
    dcn_divisor by_team; /* its work-items */
} dcn_backward_wide_params;

/* The long shape of the gradients. A unit is one image and block of channels, a band a range of output rows. */
typedef struct dcn_backward_long_params {
    dcn_forward_params forward; /* output: grad_output */
    dcn_i64 grad_value_at;      /* where each gradient starts in its buffer, elements of the gradients' type */
    dcn_i64 grad_offset_at;
    dcn_i64 grad_mask_at;
    dcn_i64 far_at;       /* in the workspace: one word for each unit and band of the launch */
    dcn_i64 sums_at;      /* in the workspace or, in place, in grad_value: floats */
    dcn_i64 unit_sums;    /* in the workspace: from one unit's sums to the next one's */
    dcn_i64 image_pixels; /* of one image of the values */
    dcn_i64 first_unit;   /* of the launch */
    int in_place;         /* 1: sums are made in grad_value itself */
    int pitch;            /* sums from one pixel to the next */
    int float32_gradients;
    int joint;       /* 1: a group's masks follow its offsets in one tensor */
    int wants_value; /* which results there are */
    int wants_offset;
    int wants_mask;
    int blocks; /* of an image's channels: of whole groups or, where block_parts is more than 1, of parts of one */
    int block_groups;
    int block_parts;
    int part_channels; /* of all parts but a group's last */
    int bands;
    int first_band; /* of the launch, and from one to the next */
    int band_step;
    int band_count; /* for each unit of the launch */
    int reach_h;    /* a point is near if its first corner is at most so many pixels from its output's centre */
    int reach_w;
    int store_run;  /* pixels that one work-item stores */
    int front;      /* how far before an output's centre the image is asked for */
    int far_groups; /* of a work-item for far points */
} dcn_backward_long_params;

#endif
