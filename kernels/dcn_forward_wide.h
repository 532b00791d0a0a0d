/*
 * Forward, wide shape: a work-group owns a tile of output pixels and a block of groups. A slot is one (pixel, group) of
 * it; `lanes` work-items share a slot, each with DCN_VECTOR channels at a time. Neighbouring slots are neighbouring
 * groups of one pixel, so that loads of a corner fall on one stretch of memory. The work-items of a slot prepare its
 * points into work-group memory; then each sums them for its channels. A team, a sub-group where it can be or else the
 * work-group, goes from one to the other together. For GPUs.
 */
#include "dcn_points.h"
#include "dcn_special.h"

typedef struct dcn_forward_tensors {
    DCN_GLOBAL const dcn_storage *value;
    DCN_GLOBAL const dcn_storage *offset;
    DCN_GLOBAL const dcn_storage *mask;
    DCN_GLOBAL dcn_storage *output;
    DCN_GLOBAL const int *grid;
} dcn_forward_tensors;

/* Where a point's first corner lies, bytes from the image's start, with two flags above: the second column, the second
 * row coincide with the first (one of the two lies outside the image). All bits: the point does not count. */
#define DCN_ONE_COLUMN ((dcn_bytes)1 << (DCN_INDEX_BITS - 1))
#define DCN_ONE_ROW    ((dcn_bytes)1 << (DCN_INDEX_BITS - 2))
#define DCN_NOWHERE    (~(dcn_bytes)0)

/* Elements that start so many bytes behind `base`. */
#define DCN_AT(base, bytes) ((DCN_GLOBAL const dcn_storage *)((DCN_GLOBAL const char *)(base) + (bytes)))

/* Work-group memory: for each slot and point of a chunk its weights and where it lies, for each slot its softmax, and,
 * when the points come in several chunks, for each work-item its sums. */
typedef struct dcn_workspace {
    DCN_LOCAL dcn_float4 *weights;
    DCN_LOCAL dcn_bytes *corners;
    DCN_LOCAL float *sums;
    DCN_LOCAL float *softmax;
} dcn_workspace;

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

DCN_INLINE dcn_tile dcn_tile_of(const dcn_forward_params *p, dcn_i64 work_group)
{
    dcn_tile tile;
    const dcn_index id = (dcn_index)work_group;
    const dcn_index tiles = dcn_divide(id, p->group_blocks, p->by_group_blocks);
    const dcn_index rows = dcn_divide(tiles, p->tiles_w, p->by_tiles_w);
    tile.image = dcn_divide(rows, p->tiles_h, p->by_tiles_h);
    tile.group = (int)(id - tiles * p->group_blocks) * p->tile_groups;
    tile.x = (int)(tiles - rows * p->tiles_w) * p->tile_w;
    tile.y = (int)(rows - tile.image * p->tiles_h) * p->tile_h;
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

/* The tensors from an image's start on. */
DCN_INLINE dcn_forward_tensors dcn_image_of(dcn_forward_tensors t, const dcn_forward_params *p, dcn_index image)
{
    t.value += image * p->image;
    t.offset += image * p->offset_image;
#if defined(DCN_JOINT)
    t.mask = t.offset;
#else
    t.mask += image * p->mask_image;
#endif
    t.output += image * p->output_image;
    return t;
}

/* The largest logit and the sum of a slot. */
DCN_INLINE void dcn_keep_softmax(DCN_GLOBAL const dcn_storage *mask, int points, DCN_LOCAL float *softmax)
{
    float largest = -INFINITY;
    for (int k = 0; k < points; k++) {
        const float logit = dcn_load(mask + k);
        largest = logit > largest ? logit : largest;
    }
    float sum = 0.0f;
    for (int k = 0; k < points; k++)
        sum += dcn_exp(dcn_load(mask + k) - largest);
    softmax[0] = largest;
    softmax[1] = sum;
}

/* Where point k of an output pixel lies. */
DCN_INLINE dcn_corners dcn_point_of(dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place, int k,
                                    float offset_x, float offset_y, float mask)
{
    const int origin_x = place.x * p->stride_w + p->origin_w;
    const int origin_y = place.y * p->stride_h + p->origin_h;
#if defined(DCN_KERNEL_H)
    const int cell = k < DCN_REMOVED ? k : k + 1;
    const int column = dcn_over(cell, DCN_KERNEL_H);
    const int row = cell - column * DCN_KERNEL_H;
    return dcn_corners_between(dcn_locate_whole(offset_x, origin_x + column * DCN_DILATION_W - DCN_CENTER_W, p->width),
                               dcn_locate_whole(offset_y, origin_y + row * DCN_DILATION_H - DCN_CENTER_H, p->height),
                               mask);
#else
    return dcn_corners_of(offset_x, offset_y, mask, t.grid[k] + origin_x, t.grid[p->grid_plane + k] + origin_y,
                          DCN_BITS_TO_FLOAT(t.grid[2 * p->grid_plane + k]),
                          DCN_BITS_TO_FLOAT(t.grid[3 * p->grid_plane + k]), p->scale, p->width, p->height);
#endif
}

/* Bytes from a pixel to the next one, and from a row. */
DCN_INLINE dcn_bytes dcn_pixel_bytes(const dcn_forward_params *p)
{
    return (dcn_bytes)p->channels * (dcn_bytes)sizeof(dcn_storage);
}

DCN_INLINE dcn_bytes dcn_row_bytes(const dcn_forward_params *p)
{
    return (dcn_bytes)p->width * dcn_pixel_bytes(p);
}

DCN_INLINE dcn_bytes dcn_corner_of(dcn_corners corners, const dcn_forward_params *p)
{
    const dcn_bytes at =
        (dcn_bytes)corners.y.first * dcn_row_bytes(p) + (dcn_bytes)corners.x.first * dcn_pixel_bytes(p);
    const dcn_bytes flags = (corners.x.whole ? 0 : DCN_ONE_COLUMN) | (corners.y.whole ? 0 : DCN_ONE_ROW);
    return corners.counts ? at | flags : DCN_NOWHERE;
}

/* Prepares this lane's share of a slot's points first … first+count-1. Returns whether any has a corner outside the
 * image. */
DCN_INLINE int dcn_prepare(dcn_forward_tensors t, const dcn_forward_params *p, dcn_tile tile, dcn_workspace workspace,
                           int item, int first, int count)
{
    const int slot = dcn_over(item, p->lanes);
    const int lane = item - slot * p->lanes;
    const dcn_place place = dcn_place_of(p, tile, slot);
    DCN_LOCAL dcn_float4 *weights = workspace.weights + (slot * p->pitch + lane);
    DCN_LOCAL dcn_bytes *corners = workspace.corners + (slot * p->pitch + lane);
    int outside = 0;
    if (!place.inside)
        return 0;
    DCN_GLOBAL const dcn_storage *offset = t.offset + (dcn_offsets_of(p, place) + 2 * (first + lane));
    DCN_GLOBAL const dcn_storage *masks = t.mask + (dcn_masks_of(p, place) + first + lane);
    DCN_UNROLL_POINTS for (int begin = 0; begin < count; begin += p->lanes)
    {
        if (begin + lane < count) {
            float mask = dcn_load(masks + begin);
            if (p->softmax) {
                dcn_softmax_stats stats;
                stats.largest = workspace.softmax[2 * slot];
                stats.sum = workspace.softmax[2 * slot + 1];
                mask = dcn_normalised(mask, stats);
            }
            const dcn_corners point = dcn_point_of(t, p, place, first + begin + lane, dcn_load(offset + 2 * begin),
                                                   dcn_load(offset + 2 * begin + 1), mask);
            weights[begin] = DCN_FLOAT4(point.w00, point.w01, point.w10, point.w11);
            corners[begin] = dcn_corner_of(point, p);
            outside |= !point.whole;
        }
    }
    return outside;
}

DCN_INLINE void dcn_add_corner(DCN_GLOBAL const dcn_storage *corner, float weight, float *sums)
{
    float v[DCN_VECTOR];
    dcn_load_vector(corner, v);
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) sums[j] = dcn_multiply_add(weight, v[j], sums[j]);
}

/* Adds the points of a chunk to DCN_VECTOR channels of a slot, from `value` on: the image's, at those channels. */
DCN_INLINE void dcn_sum_vector(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes *corners,
                               DCN_LOCAL const dcn_float4 *weights, int count, const dcn_forward_params *p, float *sums)
{
    DCN_UNROLL_POINTS for (int k = 0; k < count; k++)
    {
        const dcn_bytes corner = corners[k];
        if (corner != DCN_NOWHERE) {
            const dcn_float4 w = weights[k];
            const dcn_bytes right = corner & DCN_ONE_COLUMN ? 0 : dcn_pixel_bytes(p);
            DCN_GLOBAL const dcn_storage *top = DCN_AT(value, corner & ~(DCN_ONE_COLUMN | DCN_ONE_ROW));
            DCN_GLOBAL const dcn_storage *bottom = DCN_AT(top, corner & DCN_ONE_ROW ? 0 : dcn_row_bytes(p));
            dcn_add_corner(top, w.x, sums);
            dcn_add_corner(DCN_AT(top, right), w.y, sums);
            dcn_add_corner(bottom, w.z, sums);
            dcn_add_corner(DCN_AT(bottom, right), w.w, sums);
        }
    }
}

/* The same where all corners lie inside the image, at fixed distances from the first. */
DCN_INLINE void dcn_sum_whole(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes *corners,
                              DCN_LOCAL const dcn_float4 *weights, int count, const dcn_forward_params *p, float *sums)
{
    DCN_GLOBAL const dcn_storage *below = DCN_AT(value, dcn_row_bytes(p));
    DCN_UNROLL_POINTS for (int k = 0; k < count; k++)
    {
        const dcn_bytes at = corners[k];
        const dcn_float4 w = weights[k];
        dcn_add_corner(DCN_AT(value, at), w.x, sums);
        dcn_add_corner(DCN_AT(value, at) + p->channels, w.y, sums);
        dcn_add_corner(DCN_AT(below, at), w.z, sums);
        dcn_add_corner(DCN_AT(below, at) + p->channels, w.w, sums);
    }
}

/* The same as dcn_sum_vector for `wanted` channels, at any alignment. */
DCN_INLINE void dcn_sum_elements(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes *corners,
                                 DCN_LOCAL const dcn_float4 *weights, int count, int wanted,
                                 const dcn_forward_params *p, float *sums)
{
    for (int k = 0; k < count; k++) {
        const dcn_bytes corner = corners[k];
        const dcn_float4 w = weights[k];
        const dcn_bytes right = corner & DCN_ONE_COLUMN ? 0 : dcn_pixel_bytes(p);
        const dcn_bytes down = corner & DCN_ONE_ROW ? 0 : dcn_row_bytes(p);
        const dcn_bytes at = corner & ~(DCN_ONE_COLUMN | DCN_ONE_ROW);
        for (int j = 0; j < wanted && corner != DCN_NOWHERE; j++) {
            sums[j] = dcn_multiply_add(w.x, dcn_load(DCN_AT(value, at) + j), sums[j]);
            sums[j] = dcn_multiply_add(w.y, dcn_load(DCN_AT(value, at + right) + j), sums[j]);
            sums[j] = dcn_multiply_add(w.z, dcn_load(DCN_AT(value, at + down) + j), sums[j]);
            sums[j] = dcn_multiply_add(w.w, dcn_load(DCN_AT(value, at + down + right) + j), sums[j]);
        }
    }
}

/* One pass over a slot's channels: sums a chunk and stores, or carries the sums of earlier chunks along. `whole`: no
 * corner lies outside the image. */
DCN_INLINE void dcn_pass(const int fast, dcn_forward_tensors t, const dcn_forward_params *p, dcn_tile tile,
                         dcn_workspace workspace, int item, int pass, int first, int count, int whole)
{
    const int slot = dcn_over(item, p->lanes);
    const dcn_place place = dcn_place_of(p, tile, slot);
    const int channel = (pass * p->lanes + item - slot * p->lanes) * DCN_VECTOR;
    const int left = p->group_channels - channel;
    const int wanted = left > DCN_VECTOR ? DCN_VECTOR : left;
    if (!place.inside || left <= 0)
        return;
    const int in_pixel = place.group * p->group_channels + channel;
    DCN_GLOBAL const dcn_storage *value = t.value + in_pixel;
    DCN_LOCAL const dcn_bytes *corners = workspace.corners + slot * p->pitch;
    DCN_LOCAL const dcn_float4 *weights = workspace.weights + slot * p->pitch;
    float sums[DCN_VECTOR];
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) sums[j] = 0.0f;
    if (fast && whole)
        dcn_sum_whole(value, corners, weights, count, p, sums);
    else if (fast)
        dcn_sum_vector(value, corners, weights, count, p, sums);
    else
        dcn_sum_elements(value, corners, weights, count, wanted, p, sums);
    if (p->chunk < p->points) {
        DCN_LOCAL float *carried = workspace.sums + item * DCN_VECTOR;
        for (int j = 0; j < DCN_VECTOR; j++) {
            if (first > 0)
                sums[j] += carried[j];
            carried[j] = sums[j];
        }
        if (first + count < p->points)
            return;
    }
    DCN_GLOBAL dcn_storage *output = t.output + (dcn_pixel_of(p, place) * p->channels + in_pixel);
    if (fast) {
        dcn_store_vector(sums, output);
    } else {
        for (int j = 0; j < wanted; j++)
            dcn_store(sums[j], output + j);
    }
}

DCN_INLINE void dcn_forward_wide_group(const int fast, dcn_forward_tensors all, const dcn_forward_params *given,
                                       DCN_LOCAL dcn_float4 *memory, dcn_i64 work_group)
{
    const dcn_forward_params special = dcn_specialised(given);
    const dcn_forward_params *p = &special;
    const int slots = p->tile_h * p->tile_w * p->tile_groups;
    const int items = slots * p->lanes;
    const int passes = dcn_passes(p);
    const dcn_tile tile = dcn_tile_of(p, work_group);
    const dcn_forward_tensors t = dcn_image_of(all, p, tile.image);
    dcn_workspace workspace;
    workspace.weights = memory;
    workspace.corners = (DCN_LOCAL dcn_bytes *)(workspace.weights + slots * p->pitch);
    workspace.softmax = (DCN_LOCAL float *)(workspace.corners + slots * p->pitch);
    workspace.sums = workspace.softmax + 2 * slots;
    if (p->softmax) {
        DCN_FOR_ITEMS(item, items)
        {
            const dcn_place place = dcn_place_of(p, tile, item / p->lanes);
            if (place.inside && item % p->lanes == 0)
                dcn_keep_softmax(t.mask + dcn_masks_of(p, place), p->points, workspace.softmax + 2 * (item / p->lanes));
        }
        DCN_TEAM_BARRIER();
    }
    for (int pass = 0; pass < passes; pass++) {
        for (int first = 0; first < p->points; first += p->chunk) {
            const int count = p->points - first < p->chunk ? p->points - first : p->chunk;
            int whole = 0; /* only where a team is a sub-group */
            if (pass == 0 || p->chunk < p->points) {
                if (pass > 0 || first > 0)
                    DCN_TEAM_BARRIER();
                DCN_FOR_ITEMS(item, items)
                {
                    const int outside = dcn_prepare(t, p, tile, workspace, item, first, count);
                    whole = DCN_TEAM_ALL(!outside);
                }
                DCN_TEAM_BARRIER();
            }
            DCN_FOR_ITEMS(item, items)
            dcn_pass(fast, t, p, tile, workspace, item, pass, first, count, whole);
        }
    }
}
