/*
 * Forward, wide shape: a work-group owns a tile of output pixels and a block of groups. A slot is one (pixel, group) of
 * it; `lanes` work-items share a slot, each with DCN_VECTOR channels at a time. They prepare the slot's points into
 * work-group memory, then sum them without a branch. Neighbouring slots are neighbouring groups of one pixel, so that
 * loads of a corner fall on one stretch of memory. For GPUs.
 */
#include "dcn_points.h"

typedef struct dcn_forward_tensors {
    DCN_GLOBAL const dcn_storage *value;
    DCN_GLOBAL const dcn_storage *offset;
    DCN_GLOBAL const dcn_storage *mask;
    DCN_GLOBAL dcn_storage *output;
    DCN_GLOBAL const int *grid;
} dcn_forward_tensors;

/* Work-group memory: for each slot and point of a chunk corners and weights, for each slot its softmax, and, when the
 * points come in several chunks, for each work-item its sums. */
typedef struct dcn_workspace {
    DCN_LOCAL dcn_index4 *corners;
    DCN_LOCAL dcn_float4 *weights;
    DCN_LOCAL float *sums;
    DCN_LOCAL float *softmax;
} dcn_workspace;

/* A work-item's place: its slot, its lane in it, the slot's pixel and group. */
typedef struct dcn_place {
    int slot;
    int lane;
    int group;
    int x;
    int y;
    int inside; /* the tile may hang over the image, the block over the groups */
    dcn_i64 pixel;
} dcn_place;

DCN_INLINE dcn_place dcn_place_of(const dcn_forward_params *p, dcn_i64 work_group, int item)
{
    dcn_place place;
    dcn_i64 rest = work_group;
    const int block = (int)(rest % p->group_blocks);
    rest /= p->group_blocks;
    const int tile_x = (int)(rest % p->tiles_w);
    rest /= p->tiles_w;
    const int tile_y = (int)(rest % p->tiles_h);
    const dcn_i64 n = rest / p->tiles_h;
    place.slot = item / p->lanes;
    place.lane = item - place.slot * p->lanes;
    const int tile_pixel = place.slot / p->tile_groups;
    place.group = block * p->tile_groups + place.slot - tile_pixel * p->tile_groups;
    place.y = tile_y * p->tile_h + tile_pixel / p->tile_w;
    place.x = tile_x * p->tile_w + tile_pixel % p->tile_w;
    place.inside = place.y < p->out_height && place.x < p->out_width && place.group < p->group;
    place.pixel = (n * p->out_height + place.y) * p->out_width + place.x;
    return place;
}

DCN_INLINE DCN_GLOBAL const dcn_storage *dcn_masks_of(dcn_forward_tensors t, const dcn_forward_params *p,
                                                      dcn_place place)
{
    return t.mask + place.pixel * p->mask_row + (dcn_i64)place.group * p->mask_group;
}

/* The largest logit and the sum of a slot, kept for all its lanes. */
DCN_INLINE void dcn_keep_softmax(dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place,
                                 dcn_workspace workspace)
{
    DCN_GLOBAL const dcn_storage *mask = dcn_masks_of(t, p, place);
    float largest = -INFINITY;
    for (int k = 0; k < p->points; k++) {
        const float logit = dcn_load(mask + k);
        largest = logit > largest ? logit : largest;
    }
    float sum = 0.0f;
    for (int k = 0; k < p->points; k++)
        sum += dcn_exp(dcn_load(mask + k) - largest);
    workspace.softmax[2 * place.slot] = largest;
    workspace.softmax[2 * place.slot + 1] = sum;
}

DCN_INLINE dcn_corners dcn_point_of(dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place,
                                    dcn_workspace workspace, int k)
{
    DCN_GLOBAL const dcn_storage *offset =
        t.offset + place.pixel * p->offset_row + (dcn_i64)place.group * p->offset_group;
    float mask = dcn_load(dcn_masks_of(t, p, place) + k);
    if (p->softmax) {
        dcn_softmax_stats stats;
        stats.largest = workspace.softmax[2 * place.slot];
        stats.sum = workspace.softmax[2 * place.slot + 1];
        mask = dcn_normalised(mask, stats);
    }
    return dcn_corners_of(dcn_load(offset + 2 * k), dcn_load(offset + 2 * k + 1), mask,
                          t.grid[k] + place.x * p->stride_w + p->origin_w,
                          t.grid[p->grid_plane + k] + place.y * p->stride_h + p->origin_h,
                          DCN_BITS_TO_FLOAT(t.grid[2 * p->grid_plane + k]),
                          DCN_BITS_TO_FLOAT(t.grid[3 * p->grid_plane + k]), p->scale, p->width, p->height);
}

DCN_INLINE dcn_index4 dcn_corner_indices(dcn_corners corners, const dcn_forward_params *p)
{
    const dcn_index top = (dcn_index)corners.y.first * p->width;
    const dcn_index bottom = (dcn_index)corners.y.second * p->width;
    return DCN_INDEX4((top + corners.x.first) * p->channels, (top + corners.x.second) * p->channels,
                      (bottom + corners.x.first) * p->channels, (bottom + corners.x.second) * p->channels);
}

/* Prepares this lane's share of points first … first+count-1. A point that does not count borrows the corners of one of
 * the slot's points that does, with weight 0, so that the sum needs no branch and reads no other pixel; a slot with no
 * such point is marked by x = -1. */
DCN_INLINE void dcn_prepare(dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place,
                            dcn_workspace workspace, int first, int count)
{
    DCN_LOCAL dcn_index4 *corners = workspace.corners + place.slot * p->chunk;
    DCN_LOCAL dcn_float4 *weights = workspace.weights + place.slot * p->chunk;
    dcn_index4 spare = DCN_INDEX4(-1, -1, -1, -1);
    int missing = 0;
    for (int k = place.lane; k < count; k += p->lanes) {
        const dcn_corners point = dcn_point_of(t, p, place, workspace, first + k);
        weights[k] = DCN_FLOAT4(point.w00, point.w01, point.w10, point.w11);
        if (point.counts) {
            spare = dcn_corner_indices(point, p);
            corners[k] = spare;
        } else {
            corners[k] = DCN_INDEX4(-1, -1, -1, -1);
            missing = 1;
        }
    }
    if (!missing)
        return;
    for (int k = 0; k < count && spare.x < 0; k++) {
        const dcn_corners point = dcn_point_of(t, p, place, workspace, first + k);
        if (point.counts)
            spare = dcn_corner_indices(point, p);
    }
    for (int k = place.lane; k < count; k += p->lanes)
        if (corners[k].x < 0)
            corners[k] = spare;
}

/* Channels first … of a slot: DCN_VECTOR of them, or `wanted` fewer on the general path. */
DCN_INLINE void dcn_sum(const int fast, dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place,
                        dcn_workspace workspace, int count, int first, int wanted, float *sums)
{
    DCN_LOCAL const dcn_index4 *corners = workspace.corners + place.slot * p->chunk;
    DCN_LOCAL const dcn_float4 *weights = workspace.weights + place.slot * p->chunk;
    DCN_GLOBAL const dcn_storage *value =
        t.value + place.pixel / ((dcn_i64)p->out_height * p->out_width) * p->image + first;
    if (corners[0].x < 0)
        return;
    for (int k = 0; k < count; k++) {
        const dcn_index4 i = corners[k];
        const dcn_float4 w = weights[k];
        if (fast) {
            float v00[DCN_VECTOR], v01[DCN_VECTOR], v10[DCN_VECTOR], v11[DCN_VECTOR];
            dcn_load_vector(value + i.x, v00);
            dcn_load_vector(value + i.y, v01);
            dcn_load_vector(value + i.z, v10);
            dcn_load_vector(value + i.w, v11);
            DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++)
            {
                sums[j] = dcn_multiply_add(w.x, v00[j], sums[j]);
                sums[j] = dcn_multiply_add(w.y, v01[j], sums[j]);
                sums[j] = dcn_multiply_add(w.z, v10[j], sums[j]);
                sums[j] = dcn_multiply_add(w.w, v11[j], sums[j]);
            }
        } else {
            for (int j = 0; j < wanted; j++) {
                sums[j] = dcn_multiply_add(w.x, dcn_load(value + i.x + j), sums[j]);
                sums[j] = dcn_multiply_add(w.y, dcn_load(value + i.y + j), sums[j]);
                sums[j] = dcn_multiply_add(w.z, dcn_load(value + i.z + j), sums[j]);
                sums[j] = dcn_multiply_add(w.w, dcn_load(value + i.w + j), sums[j]);
            }
        }
    }
}

/* One pass over a slot's channels: sums a chunk and stores, or carries the sums of earlier chunks along. */
DCN_INLINE void dcn_pass(const int fast, dcn_forward_tensors t, const dcn_forward_params *p, dcn_place place,
                         dcn_workspace workspace, int item, int pass, int first, int count)
{
    const int channel = (pass * p->lanes + place.lane) * DCN_VECTOR;
    const int left = p->group_channels - channel;
    const int wanted = fast || left > DCN_VECTOR ? DCN_VECTOR : left;
    if (!place.inside || left <= 0)
        return;
    const int in_group = place.group * p->group_channels + channel;
    float sums[DCN_VECTOR];
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) sums[j] = 0.0f;
    dcn_sum(fast, t, p, place, workspace, count, in_group, wanted, sums);
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
    DCN_GLOBAL dcn_storage *output = t.output + place.pixel * p->channels + in_group;
    if (fast) {
        dcn_store_vector(sums, output);
    } else {
        for (int j = 0; j < wanted; j++)
            dcn_store(sums[j], output + j);
    }
}

DCN_INLINE void dcn_forward_wide_group(const int fast, dcn_forward_tensors t, const dcn_forward_params *p,
                                       DCN_LOCAL dcn_index4 *memory, dcn_i64 work_group)
{
    const int slots = p->tile_h * p->tile_w * p->tile_groups;
    const int items = slots * p->lanes;
    const int passes = (p->group_channels + p->lanes * DCN_VECTOR - 1) / (p->lanes * DCN_VECTOR);
    dcn_workspace workspace;
    workspace.corners = memory;
    workspace.weights = (DCN_LOCAL dcn_float4 *)(workspace.corners + slots * p->chunk);
    workspace.softmax = (DCN_LOCAL float *)(workspace.weights + slots * p->chunk);
    workspace.sums = workspace.softmax + 2 * slots;
    if (p->softmax) {
        DCN_FOR_ITEMS(item, items)
        {
            const dcn_place place = dcn_place_of(p, work_group, item);
            if (place.inside && place.lane == 0)
                dcn_keep_softmax(t, p, place, workspace);
        }
        DCN_BARRIER();
    }
    for (int pass = 0; pass < passes; pass++) {
        for (int first = 0; first < p->points; first += p->chunk) {
            const int count = p->points - first < p->chunk ? p->points - first : p->chunk;
            if (pass == 0 || p->chunk < p->points) {
                DCN_BARRIER();
                DCN_FOR_ITEMS(item, items)
                {
                    const dcn_place place = dcn_place_of(p, work_group, item);
                    if (place.inside)
                        dcn_prepare(t, p, place, workspace, first, count);
                }
                DCN_BARRIER();
            }
            DCN_FOR_ITEMS(item, items)
            dcn_pass(fast, t, p, dcn_place_of(p, work_group, item), workspace, item, pass, first, count);
        }
    }
}
