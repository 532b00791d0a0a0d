/*
 * What kernels of the wide shape share. A work-group owns a tile of output pixels and a block of groups. A slot is one
 * (pixel, group) of it; `lanes` work-items share a slot, each with DCN_VECTOR channels at a time. Neighbouring slots
 * are neighbouring groups of one pixel, so that loads of a corner fall on one stretch of memory.
 */
#ifndef DCN_WIDE_H
#define DCN_WIDE_H

#include "dcn_points.h"
#include "dcn_special.h"
#include "dcn_tensors.h"

/* Where a point's first corner lies, bytes from the image's start, with two flags above: the second column, the second
 * row coincide with the first (one of the two lies outside the image). All bits: the point does not count. */
#define DCN_ONE_COLUMN ((dcn_bytes)1 << (DCN_INDEX_BITS - 1))
#define DCN_ONE_ROW    ((dcn_bytes)1 << (DCN_INDEX_BITS - 2))
#define DCN_NOWHERE    (~(dcn_bytes)0)

/* Bytes from a point's upper corners to its lower ones. A level's row is a product of what is loaded, and where such a
 * product is skipped, ptxas 13.0 lets the 64-bit zero in its place be read before it is there: nothing is skipped. */
DCN_INLINE dcn_bytes dcn_down_of(dcn_bytes corner, dcn_bytes row)
{
#if defined(DCN_LEVELS)
    return row & (((corner & DCN_ONE_ROW) >> (DCN_INDEX_BITS - 2)) - 1);
#else
    return corner & DCN_ONE_ROW ? 0 : row;
#endif
}

/* Elements that start so many bytes behind `base`. */
#define DCN_AT(base, bytes) ((DCN_GLOBAL const dcn_storage *)((DCN_GLOBAL const char *)(base) + (bytes)))

/* What a work-group works on: its first output pixel and group. */
typedef struct dcn_tile {
    int group;
    int x;
    int y;
    dcn_index image;
} dcn_tile;

/* A slot's group and output pixel. */
typedef struct dcn_place {
    int group;
    int x;
    int y;
    int inside; /* the tile may hang over the image, the block over the groups */
} dcn_place;

/* n / d; for 32 bits by a divisor that host code prepared. */
#if DCN_INDEX_BITS == 64
#define dcn_divide(n, d, by) ((n) / (d))
#else
#define dcn_divide(n, d, by) ((int)((dcn_multiply_high(n, (by).multiplier) + (unsigned)(n)) >> (by).shift))
#endif

/* n / d of numbers that are not negative: unsigned division by a constant is the cheaper one. */
DCN_INLINE int dcn_over(int n, int d)
{
    return (int)((unsigned)n / (unsigned)d);
}

/* Neighbouring work-groups have neighbouring groups of one tile of pixels, whose values share cache lines. Locations in
 * levels are as far apart in any two groups as in any two pixels: there neighbours have the same groups, so that all
 * work-groups at a time read a part of the values only. */
DCN_INLINE dcn_tile dcn_tile_of(const dcn_forward_params *p, dcn_i64 work_group)
{
    dcn_tile tile;
    const dcn_index id = (dcn_index)work_group;
#if defined(DCN_LEVELS)
    const dcn_index blocks = dcn_divide(id, p->tiles_w, p->by_tiles_w);
    tile.image = dcn_divide(blocks, p->group_blocks, p->by_group_blocks);
    tile.group = (int)(blocks - tile.image * p->group_blocks) * p->tile_groups;
    tile.x = (int)(id - blocks * p->tiles_w) * p->tile_w;
    tile.y = 0;
#else
    const dcn_index tiles = dcn_divide(id, p->group_blocks, p->by_group_blocks);
    const dcn_index rows = dcn_divide(tiles, p->tiles_w, p->by_tiles_w);
    tile.image = dcn_divide(rows, p->tiles_h, p->by_tiles_h);
    tile.group = (int)(id - tiles * p->group_blocks) * p->tile_groups;
    tile.x = (int)(tiles - rows * p->tiles_w) * p->tile_w;
    tile.y = (int)(rows - tile.image * p->tiles_h) * p->tile_h;
#endif
    return tile;
}

DCN_INLINE dcn_place dcn_place_of(const dcn_forward_params *p, dcn_tile tile, int slot)
{
    dcn_place place;
    const int pixel = dcn_over(slot, p->tile_groups);
    const int row = dcn_over(pixel, p->tile_w);
    place.group = tile.group + slot - pixel * p->tile_groups;
    place.y = tile.y + row;
    place.x = tile.x + pixel - row * p->tile_w;
    place.inside = place.y < p->out_height && place.x < p->out_width && place.group < p->group;
    return place;
}

/* Where a slot's offsets, masks and output lie in their image, elements. */
DCN_INLINE dcn_index dcn_pixel_of(const dcn_forward_params *p, dcn_place place)
{
    return (dcn_index)place.y * p->out_width + place.x;
}

DCN_INLINE dcn_index dcn_offsets_of(const dcn_forward_params *p, dcn_place place)
{
    return dcn_pixel_of(p, place) * (dcn_index)p->offset_row + (dcn_index)place.group * p->offset_group;
}

DCN_INLINE dcn_index dcn_masks_of(const dcn_forward_params *p, dcn_place place)
{
#if defined(DCN_JOINT)
    return dcn_offsets_of(p, place) + 2 * DCN_POINTS;
#else
    return dcn_pixel_of(p, place) * (dcn_index)p->mask_row + (dcn_index)place.group * p->mask_group;
#endif
}

/* What an image's points and values are read from. */
DCN_INLINE dcn_sources dcn_sources_at(dcn_sources s, const dcn_forward_params *p, dcn_i64 image)
{
    s.value += image * p->image;
    s.offset += image * p->offset_image;
#if defined(DCN_JOINT)
    s.mask = s.offset;
#else
    s.mask += image * p->mask_image;
#endif
    return s;
}

/* Softmax over some logits. */
DCN_INLINE dcn_softmax_stats dcn_softmax_of(DCN_GLOBAL const dcn_storage *mask, int points)
{
    dcn_softmax_stats stats = {-INFINITY, 0.0f};
    for (int k = 0; k < points; k++) {
        const float logit = dcn_load(mask + k);
        stats.largest = logit > stats.largest ? logit : stats.largest;
    }
    for (int k = 0; k < points; k++)
        stats.sum += dcn_exp(dcn_load(mask + k) - stats.largest);
    return stats;
}

/* Where a point lies along both axes. */
typedef struct dcn_axes {
    dcn_axis x, y;
} dcn_axes;

/* Where point k of an output pixel lies: in its image, or with DCN_LEVELS in its level. */
DCN_INLINE dcn_axes dcn_axes_of(DCN_GLOBAL const int *grid, const dcn_forward_params *p, dcn_place place, int k,
                                float offset_x, float offset_y)
{
    dcn_axes axes;
#if defined(DCN_LEVELS)
    (void)place;
    axes.x = dcn_locate_part(offset_x, grid[k]);
    axes.y = dcn_locate_part(offset_y, grid[p->grid_plane + k]);
#else
    const int origin_x = place.x * p->stride_w + p->origin_w;
    const int origin_y = place.y * p->stride_h + p->origin_h;
#if defined(DCN_KERNEL_H)
    const int cell = k < DCN_REMOVED ? k : k + 1;
    const int column = dcn_over(cell, DCN_KERNEL_H);
    const int row = cell - column * DCN_KERNEL_H;
    axes.x = dcn_locate_whole(offset_x, origin_x + column * DCN_DILATION_W - DCN_CENTER_W, p->width);
    axes.y = dcn_locate_whole(offset_y, origin_y + row * DCN_DILATION_H - DCN_CENTER_H, p->height);
#else
    axes.x =
        dcn_locate(offset_x, DCN_BITS_TO_FLOAT(grid[2 * p->grid_plane + k]), grid[k] + origin_x, p->scale, p->width);
    axes.y = dcn_locate(offset_y, DCN_BITS_TO_FLOAT(grid[3 * p->grid_plane + k]), grid[p->grid_plane + k] + origin_y,
                        p->scale, p->height);
#endif
#endif
    return axes;
}

DCN_INLINE dcn_corners dcn_point_of(DCN_GLOBAL const int *grid, const dcn_forward_params *p, dcn_place place, int k,
                                    float offset_x, float offset_y, float mask)
{
    const dcn_axes axes = dcn_axes_of(grid, p, place, k, offset_x, offset_y);
    return dcn_corners_between(axes.x, axes.y, mask);
}

/* What a position changes by with an offset, along x and y; with a location in point k's level. */
DCN_INLINE dcn_float2 dcn_scales_of(DCN_GLOBAL const int *grid, const dcn_forward_params *p, int k)
{
#if defined(DCN_LEVELS)
    return DCN_FLOAT2((float)grid[k], (float)grid[p->grid_plane + k]);
#else
    (void)grid;
    (void)k;
#if defined(DCN_KERNEL_H)
    (void)p;
    return DCN_FLOAT2(1.0f, 1.0f);
#else
    return DCN_FLOAT2(p->scale.nearest, p->scale.nearest);
#endif
#endif
}

/* Bytes from a pixel to the next one. */
DCN_INLINE dcn_bytes dcn_pixel_bytes(const dcn_forward_params *p)
{
    return (dcn_bytes)p->channels * (dcn_bytes)sizeof(dcn_storage);
}

/* Bytes from a row to the next one where point k lies; and to where the rows begin. */
DCN_INLINE dcn_bytes dcn_row_bytes(DCN_GLOBAL const int *grid, const dcn_forward_params *p, int k)
{
#if defined(DCN_LEVELS)
    return (dcn_bytes)grid[DCN_FIRST_OF_LEVEL(k)] * dcn_pixel_bytes(p);
#else
    (void)grid;
    (void)k;
    return (dcn_bytes)p->width * dcn_pixel_bytes(p);
#endif
}

DCN_INLINE dcn_bytes dcn_level_bytes(DCN_GLOBAL const int *grid, const dcn_forward_params *p, int k)
{
#if defined(DCN_LEVELS)
    return (dcn_bytes)grid[2 * p->grid_plane + k] * dcn_pixel_bytes(p);
#else
    (void)grid;
    (void)p;
    (void)k;
    return 0;
#endif
}

DCN_INLINE dcn_bytes dcn_corner_of(dcn_corners corners, DCN_GLOBAL const int *grid, const dcn_forward_params *p, int k)
{
    const dcn_bytes at = dcn_level_bytes(grid, p, k) + (dcn_bytes)corners.y.first * dcn_row_bytes(grid, p, k) +
                         (dcn_bytes)corners.x.first * dcn_pixel_bytes(p);
    const dcn_bytes flags = (corners.x.whole ? 0 : DCN_ONE_COLUMN) | (corners.y.whole ? 0 : DCN_ONE_ROW);
    return corners.counts ? at | flags : DCN_NOWHERE;
}

#endif
