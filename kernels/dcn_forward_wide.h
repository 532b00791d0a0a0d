/*
 * Forward, wide shape: a work-group owns a tile of output pixels and a block of groups. A slot is one (pixel, group) of
 * it; `lanes` work-items share a slot, each with DCN_VECTOR channels at a time. They prepare the slot's points into
 * work-group memory, then sum them without a branch. Neighbouring slots are neighbouring groups of one pixel, so that
 * loads of a corner fall on one stretch of memory. For GPUs.
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

/* What marks a point without corners. */
#define DCN_NOWHERE (~(dcn_bytes)0)

/* Elements that start so many bytes behind `base`. */
#define DCN_AT(base, bytes) ((DCN_GLOBAL const dcn_storage *)((DCN_GLOBAL const char *)(base) + (bytes)))

/* Work-group memory: for each slot and point of a chunk corners (bytes from the image's start) and weights, for each
 * slot its softmax, and, when the points come in several chunks, for each work-item its sums. */
typedef struct dcn_workspace {
    DCN_LOCAL dcn_bytes4 *corners;
    DCN_LOCAL dcn_float4 *weights;
    DCN_LOCAL float *sums;
    DCN_LOCAL float *softmax;
} dcn_workspace;

/* A work-item's place: its slot, its lane in it, the slot's group and pixel, and the tensors from there on. */
typedef struct dcn_place {
    int slot;
    int lane;
    int group;
    int x;
    int y;
    int inside; /* the tile may hang over the image, the block over the groups */
    dcn_i64 image;
    DCN_GLOBAL const dcn_storage *offset;
    DCN_GLOBAL const dcn_storage *mask;
} dcn_place;

/* n / d; for 32 bits by a divisor that host code prepared. */
#if DCN_INDEX_BITS == 64
#define dcn_divide(n, d, by) ((n) / (d))
#else
#define dcn_divide(n, d, by) ((int)((dcn_multiply_high(n, (by).multiplier) + (unsigned)(n)) >> (by).shift))
#endif

DCN_INLINE dcn_i64 dcn_pixel_of(const dcn_forward_params *p, dcn_place place)
{
    return (place.image * p->out_height + place.y) * p->out_width + place.x;
}

DCN_INLINE dcn_place dcn_place_of(dcn_forward_tensors t, const dcn_forward_params *p, dcn_i64 work_group, int item)
{
    dcn_place place;
    const dcn_index id = (dcn_index)work_group;
    const dcn_index tile = dcn_divide(id, p->group_blocks, p->by_group_blocks);
    const int block = (int)(id - tile * p->group_blocks);
    const dcn_index row = dcn_divide(tile, p->tiles_w, p->by_tiles_w);
    const int tile_x = (int)(tile - row * p->tiles_w);
    const dcn_index image = dcn_divide(row, p->tiles_h, p->by_tiles_h);
    const int tile_y = (int)(row - image * p->tiles_h);
    place.slot = item / p->lanes;
    place.lane = item - place.slot * p->lanes;
    const int tile_pixel = place.slot / p->tile_groups;
    place.group = block * p->tile_groups + place.slot - tile_pixel * p->tile_groups;
    place.y = tile_y * p->tile_h + tile_pixel / p->tile_w;
    place.x = tile_x * p->tile_w + tile_pixel % p->tile_w;
    place.inside = place.y < p->out_height && place.x < p->out_width && place.group < p->group;
    place.image = image;
    const dcn_i64 pixel = dcn_pixel_of(p, place);
    place.offset = t.offset + (pixel * p->offset_row + (dcn_i64)place.group * p->offset_group);
    place.mask = t.mask + (pixel * p->mask_row + (dcn_i64)place.group * p->mask_group);
    return place;
}

/* The largest logit and the sum of a slot, kept for all its lanes. */
DCN_INLINE void dcn_keep_softmax(const dcn_forward_params *p, dcn_place place, dcn_workspace workspace)
{
    float largest = -INFINITY;
    for (int k = 0; k < p->points; k++) {
        const float logit = dcn_load(place.mask + k);
        largest = logit > largest ? logit : largest;
    }
    float sum = 0.0f;
    for (int k = 0; k < p->points; k++)
        sum += dcn_exp(dcn_load(place.mask + k) - largest);
    workspace.softmax[2 * place.slot] = largest;
    workspace.softmax[2 * place.slot + 1] = sum;
}

DCN_INLINE dcn_corners dcn_point_of(dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place,
                                    dcn_workspace workspace, int k)
{
    float mask = dcn_load(place.mask + k);
    if (p->softmax) {
        dcn_softmax_stats stats;
        stats.largest = workspace.softmax[2 * place.slot];
        stats.sum = workspace.softmax[2 * place.slot + 1];
        mask = dcn_normalised(mask, stats);
    }
    const float offset_x = dcn_load(place.offset + 2 * k);
    const float offset_y = dcn_load(place.offset + 2 * k + 1);
    const int origin_x = place.x * p->stride_w + p->origin_w;
    const int origin_y = place.y * p->stride_h + p->origin_h;
#if defined(DCN_KERNEL_H)
    const int cell = k < DCN_REMOVED ? k : k + 1;
    const int column = cell / DCN_KERNEL_H;
    return dcn_corners_between(
        dcn_locate_whole(offset_x, origin_x + column * DCN_DILATION_W - DCN_CENTER_W, p->width),
        dcn_locate_whole(offset_y, origin_y + (cell - column * DCN_KERNEL_H) * DCN_DILATION_H - DCN_CENTER_H,
                         p->height),
        mask);
#else
    return dcn_corners_of(offset_x, offset_y, mask, t.grid[k] + origin_x, t.grid[p->grid_plane + k] + origin_y,
                          DCN_BITS_TO_FLOAT(t.grid[2 * p->grid_plane + k]),
                          DCN_BITS_TO_FLOAT(t.grid[3 * p->grid_plane + k]), p->scale, p->width, p->height);
#endif
}

DCN_INLINE dcn_bytes4 dcn_corner_bytes(dcn_corners corners, const dcn_forward_params *p)
{
    const dcn_bytes pixel = (dcn_bytes)p->channels * (dcn_bytes)sizeof(dcn_storage);
    const dcn_bytes row = (dcn_bytes)p->width * pixel;
    const dcn_bytes top = (dcn_bytes)corners.y.first * row;
    const dcn_bytes bottom = (dcn_bytes)corners.y.second * row;
    const dcn_bytes left = (dcn_bytes)corners.x.first * pixel;
    const dcn_bytes right = (dcn_bytes)corners.x.second * pixel;
    return DCN_BYTES4(top + left, top + right, bottom + left, bottom + right);
}

/* Prepares this lane's share of points first … first+count-1; whether any of them has a corner outside the image. */
DCN_INLINE int dcn_prepare(dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place, dcn_workspace workspace,
                           int first, int count)
{
    DCN_LOCAL dcn_bytes4 *corners = workspace.corners + place.slot * p->chunk;
    DCN_LOCAL dcn_float4 *weights = workspace.weights + place.slot * p->chunk;
    int outside = 0;
    DCN_UNROLL_POINTS for (int begin = 0; begin < count; begin += p->lanes)
    {
        const int k = begin + place.lane;
        if (k < count) {
            const dcn_corners point = dcn_point_of(t, p, place, workspace, first + k);
            const dcn_bytes4 bytes = dcn_corner_bytes(point, p);
            corners[k] = DCN_BYTES4(point.counts ? bytes.x : DCN_NOWHERE, bytes.y, bytes.z, bytes.w);
            weights[k] = DCN_FLOAT4(point.w00, point.w01, point.w10, point.w11);
            outside |= !point.whole;
        }
    }
    return outside;
}

/* A point that does not count borrows the corners of one of the slot's points that does, with weight 0, so that the sum
 * needs no branch and reads no other pixel. Where there is no such point, none is marked. */
DCN_INLINE void dcn_borrow(dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place, dcn_workspace workspace,
                           int first, int count)
{
    DCN_LOCAL dcn_bytes4 *corners = workspace.corners + place.slot * p->chunk;
    dcn_bytes4 spare = DCN_BYTES4(DCN_NOWHERE, 0, 0, 0);
    int missing = 0;
    for (int k = place.lane; k < count; k += p->lanes) {
        const dcn_bytes4 own = corners[k];
        missing |= own.x == DCN_NOWHERE;
        spare = own.x != DCN_NOWHERE ? own : spare;
    }
    if (!missing)
        return;
    /* Other lanes are at work on their points, so these are worked out again; a lane with none is rare. */
    DCN_NO_UNROLL for (int k = 0; k < count && spare.x == DCN_NOWHERE; k++)
    {
        const dcn_corners point = dcn_point_of(t, p, place, workspace, first + k);
        if (point.counts)
            spare = dcn_corner_bytes(point, p);
    }
    for (int k = place.lane; k < count; k += p->lanes)
        if (corners[k].x == DCN_NOWHERE)
            corners[k] = spare;
}

DCN_INLINE void dcn_add_corner(DCN_GLOBAL const dcn_storage *corner, float weight, float *sums)
{
    float v[DCN_VECTOR];
    dcn_load_vector(corner, v);
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) sums[j] = dcn_multiply_add(weight, v[j], sums[j]);
}

/* Adds the points of a chunk to DCN_VECTOR channels of a slot, from `value` on: the image's, at those channels. */
DCN_INLINE void dcn_sum_vector(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes4 *corners,
                               DCN_LOCAL const dcn_float4 *weights, int count, float *sums)
{
    DCN_UNROLL_POINTS for (int k = 0; k < count; k++)
    {
        const dcn_bytes4 at = corners[k];
        const dcn_float4 w = weights[k];
        dcn_add_corner(DCN_AT(value, at.x), w.x, sums);
        dcn_add_corner(DCN_AT(value, at.y), w.y, sums);
        dcn_add_corner(DCN_AT(value, at.z), w.z, sums);
        dcn_add_corner(DCN_AT(value, at.w), w.w, sums);
    }
}

/* The same where all corners lie inside the image, at fixed distances from the first. */
DCN_INLINE void dcn_sum_whole(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes4 *corners,
                              DCN_LOCAL const dcn_float4 *weights, int count, const dcn_forward_params *p, float *sums)
{
    const dcn_bytes row = (dcn_bytes)p->width * (dcn_bytes)p->channels * (dcn_bytes)sizeof(dcn_storage);
    DCN_GLOBAL const dcn_storage *below = DCN_AT(value, row);
    DCN_UNROLL_POINTS for (int k = 0; k < count; k++)
    {
        const dcn_bytes at = corners[k].x;
        const dcn_float4 w = weights[k];
        dcn_add_corner(DCN_AT(value, at), w.x, sums);
        dcn_add_corner(DCN_AT(value, at) + p->channels, w.y, sums);
        dcn_add_corner(DCN_AT(below, at), w.z, sums);
        dcn_add_corner(DCN_AT(below, at) + p->channels, w.w, sums);
    }
}

/* The same as dcn_sum_vector for `wanted` channels, at any alignment. */
DCN_INLINE void dcn_sum_elements(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes4 *corners,
                                 DCN_LOCAL const dcn_float4 *weights, int count, int wanted, float *sums)
{
    for (int k = 0; k < count; k++) {
        const dcn_bytes4 at = corners[k];
        const dcn_float4 w = weights[k];
        for (int j = 0; j < wanted; j++) {
            sums[j] = dcn_multiply_add(w.x, dcn_load(DCN_AT(value, at.x) + j), sums[j]);
            sums[j] = dcn_multiply_add(w.y, dcn_load(DCN_AT(value, at.y) + j), sums[j]);
            sums[j] = dcn_multiply_add(w.z, dcn_load(DCN_AT(value, at.z) + j), sums[j]);
            sums[j] = dcn_multiply_add(w.w, dcn_load(DCN_AT(value, at.w) + j), sums[j]);
        }
    }
}

/* One pass over a slot's channels: sums a chunk and stores, or carries the sums of earlier chunks along. `whole`: no
 * corner lies outside the image. */
DCN_INLINE void dcn_pass(const int fast, dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place,
                         dcn_workspace workspace, int item, int pass, int first, int count, int whole)
{
    const int channel = (pass * p->lanes + place.lane) * DCN_VECTOR;
    const int left = p->group_channels - channel;
    const int wanted = left > DCN_VECTOR ? DCN_VECTOR : left;
    if (!place.inside || left <= 0)
        return;
    const int in_group = place.group * p->group_channels + channel;
    DCN_GLOBAL const dcn_storage *value = t.value + (place.image * p->image + in_group);
    DCN_LOCAL const dcn_bytes4 *corners = workspace.corners + place.slot * p->chunk;
    DCN_LOCAL const dcn_float4 *weights = workspace.weights + place.slot * p->chunk;
    float sums[DCN_VECTOR];
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) sums[j] = 0.0f;
    if (fast && whole)
        dcn_sum_whole(value, corners, weights, count, p, sums);
    else if (corners[0].x != DCN_NOWHERE) {
        if (fast)
            dcn_sum_vector(value, corners, weights, count, sums);
        else
            dcn_sum_elements(value, corners, weights, count, wanted, sums);
    }
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
    DCN_GLOBAL dcn_storage *output = t.output + (dcn_pixel_of(p, place) * p->channels + in_group);
    if (fast) {
        dcn_store_vector(sums, output);
    } else {
        for (int j = 0; j < wanted; j++)
            dcn_store(sums[j], output + j);
    }
}

DCN_INLINE void dcn_forward_wide_group(const int fast, dcn_forward_tensors t, const dcn_forward_params *given,
                                       DCN_LOCAL dcn_bytes4 *memory, dcn_i64 work_group)
{
    const dcn_forward_params special = dcn_specialised(given);
    const dcn_forward_params *p = &special;
    const int slots = p->tile_h * p->tile_w * p->tile_groups;
    const int items = slots * p->lanes;
    const int passes = dcn_passes(p);
    dcn_workspace workspace;
    workspace.corners = memory;
    workspace.weights = (DCN_LOCAL dcn_float4 *)(workspace.corners + slots * p->chunk);
    workspace.softmax = (DCN_LOCAL float *)(workspace.weights + slots * p->chunk);
    workspace.sums = workspace.softmax + 2 * slots;
    if (p->softmax) {
        DCN_FOR_ITEMS(item, items)
        {
            const dcn_place place = dcn_place_of(t, p, work_group, item);
            if (place.inside && place.lane == 0)
                dcn_keep_softmax(p, place, workspace);
        }
        DCN_SLOT_BARRIER();
    }
    for (int pass = 0; pass < passes; pass++) {
        for (int first = 0; first < p->points; first += p->chunk) {
            const int count = p->points - first < p->chunk ? p->points - first : p->chunk;
            int whole = 0;
            if (pass == 0 || p->chunk < p->points) {
                if (pass > 0 || first > 0)
                    DCN_SLOT_BARRIER();
                DCN_FOR_ITEMS(item, items)
                {
                    const dcn_place place = dcn_place_of(t, p, work_group, item);
                    const int outside = place.inside && dcn_prepare(t, p, place, workspace, first, count);
                    if (outside)
                        dcn_borrow(t, p, place, workspace, first, count);
                    whole = DCN_SUBGROUP_ALL(!outside);
                }
                DCN_SLOT_BARRIER();
            }
            DCN_FOR_ITEMS(item, items)
            {
                const dcn_place place = dcn_place_of(t, p, work_group, item);
                dcn_pass(fast, t, p, place, workspace, item, pass, first, count, whole);
            }
        }
    }
}
