/*
 * Forward, wide shape: a work-group owns a tile of output pixels and a block of groups (dcn_wide.h). The work-items of
 * a slot prepare its points into work-group memory; then each sums them for its channels. A team, a sub-group where it
 * can be or else the work-group, goes from one to the other together. For GPUs.
 */
#include "dcn_wide.h"

/* Work-group memory: for each slot and point of a chunk its weights and where it lies, for each work-item its share of
 * its slot's softmax, and, when the points come in several chunks, its sums. */
typedef struct dcn_workspace {
    DCN_LOCAL dcn_float4 *weights;
    DCN_LOCAL dcn_bytes *corners;
    DCN_LOCAL float *sums;
    DCN_LOCAL float *largest;
    DCN_LOCAL float *exponentials;
} dcn_workspace;

/* The tensors from an image's start on. */
DCN_INLINE dcn_forward_tensors dcn_image_of(dcn_forward_tensors t, const dcn_forward_params *p, dcn_index image)
{
    t.sources = dcn_sources_at(t.sources, p, image);
    t.output += image * p->output_image;
    return t;
}

/* Softmax, first step: the largest logit among this lane's share of its slot's points. */
DCN_INLINE void dcn_keep_largest(dcn_forward_tensors t, const dcn_forward_params *p, dcn_tile tile,
                                 dcn_workspace workspace, int item)
{
    const int slot = dcn_over(item, p->lanes);
    const dcn_place place = dcn_place_of(p, tile, slot);
    if (!place.inside)
        return;
    DCN_GLOBAL const dcn_storage *masks = t.sources.mask + dcn_masks_of(p, place);
    float largest = -INFINITY;
    DCN_UNROLL_LOGITS for (int k = item - slot * p->lanes; k < p->points; k += p->lanes)
    {
        const float logit = dcn_load(masks + k);
        largest = logit > largest ? logit : largest;
    }
    workspace.largest[item] = largest;
}

/* What the lanes of a slot have found, put together. */
DCN_INLINE dcn_softmax_stats dcn_softmax_together(dcn_workspace workspace, const dcn_forward_params *p, int slot)
{
    dcn_softmax_stats stats = {-INFINITY, 0.0f};
    for (int lane = 0; lane < p->lanes; lane++) {
        const float largest = workspace.largest[slot * p->lanes + lane];
        stats.largest = largest > stats.largest ? largest : stats.largest;
        stats.sum += workspace.exponentials[slot * p->lanes + lane];
    }
    return stats;
}

/* Second step: this lane's share of the sum. The exponentials are kept where the first weights will be, if every point
 * has its place. */
DCN_INLINE void dcn_keep_exponentials(dcn_forward_tensors t, const dcn_forward_params *p, dcn_tile tile,
                                      dcn_workspace workspace, int item)
{
    const int slot = dcn_over(item, p->lanes);
    const dcn_place place = dcn_place_of(p, tile, slot);
    if (!place.inside)
        return;
    DCN_GLOBAL const dcn_storage *masks = t.sources.mask + dcn_masks_of(p, place);
    float largest = -INFINITY;
    for (int lane = 0; lane < p->lanes; lane++) {
        const float other = workspace.largest[slot * p->lanes + lane];
        largest = other > largest ? other : largest;
    }
    float sum = 0.0f;
    DCN_UNROLL_LOGITS for (int k = item - slot * p->lanes; k < p->points; k += p->lanes)
    {
        const float exponential = dcn_exp(dcn_load(masks + k) - largest);
        if (p->chunk == p->points)
            workspace.weights[slot * p->pitch + k].x = exponential;
        sum += exponential;
    }
    workspace.exponentials[item] = sum;
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
    dcn_softmax_stats stats = {0.0f, 1.0f};
    int outside = 0;
    if (!place.inside)
        return 0;
    if (p->softmax)
        stats = dcn_softmax_together(workspace, p, slot);
    DCN_GLOBAL const dcn_storage *offset = t.sources.offset + (dcn_offsets_of(p, place) + 2 * (first + lane));
    DCN_GLOBAL const dcn_storage *masks = t.sources.mask + (dcn_masks_of(p, place) + first + lane);
    DCN_UNROLL_POINTS for (int begin = 0; begin < count; begin += p->lanes)
    {
        if (begin + lane < count) {
            float mask;
            if (p->softmax && p->chunk == p->points)
                mask = weights[begin].x / stats.sum;
            else if (p->softmax)
                mask = dcn_normalised(dcn_load(masks + begin), stats);
            else
                mask = dcn_load(masks + begin);
            const dcn_corners point = dcn_point_of(t.grid, p, place, first + begin + lane, dcn_load(offset + 2 * begin),
                                                   dcn_load(offset + 2 * begin + 1), mask);
            weights[begin] = DCN_FLOAT4(point.w00, point.w01, point.w10, point.w11);
            corners[begin] = dcn_corner_of(point, t.grid, p, first + begin + lane);
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

/* Adds the points of a chunk, of which `grid` has the first, to DCN_VECTOR channels of a slot, from `value` on: the
 * image's, at those channels. */
DCN_INLINE void dcn_sum_vector(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes *corners,
                               DCN_LOCAL const dcn_float4 *weights, int count, DCN_GLOBAL const int *grid,
                               const dcn_forward_params *p, float *sums)
{
    DCN_UNROLL_POINTS for (int k = 0; k < count; k++)
    {
        const dcn_bytes corner = corners[k];
        if (corner != DCN_NOWHERE) {
            const dcn_float4 w = weights[k];
            const dcn_bytes right = corner & DCN_ONE_COLUMN ? 0 : dcn_pixel_bytes(p);
            DCN_GLOBAL const dcn_storage *top = DCN_AT(value, corner & ~(DCN_ONE_COLUMN | DCN_ONE_ROW));
            DCN_GLOBAL const dcn_storage *bottom = DCN_AT(top, dcn_down_of(corner, dcn_row_bytes(grid, p, k)));
            dcn_add_corner(top, w.x, sums);
            dcn_add_corner(DCN_AT(top, right), w.y, sums);
            dcn_add_corner(bottom, w.z, sums);
            dcn_add_corner(DCN_AT(bottom, right), w.w, sums);
        }
    }
}

/* The same where all corners lie inside the image, at fixed distances from the first. */
DCN_INLINE void dcn_sum_whole(DCN_GLOBAL const dcn_storage *value, DCN_LOCAL const dcn_bytes *corners,
                              DCN_LOCAL const dcn_float4 *weights, int count, DCN_GLOBAL const int *grid,
                              const dcn_forward_params *p, float *sums)
{
    DCN_GLOBAL const dcn_storage *below = DCN_AT(value, dcn_row_bytes(grid, p, 0));
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
                                 DCN_LOCAL const dcn_float4 *weights, int count, int wanted, DCN_GLOBAL const int *grid,
                                 const dcn_forward_params *p, float *sums)
{
    for (int k = 0; k < count; k++) {
        const dcn_bytes corner = corners[k];
        const dcn_float4 w = weights[k];
        const dcn_bytes right = corner & DCN_ONE_COLUMN ? 0 : dcn_pixel_bytes(p);
        const dcn_bytes down = dcn_down_of(corner, dcn_row_bytes(grid, p, k));
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
    DCN_GLOBAL const dcn_storage *value = t.sources.value + in_pixel;
    DCN_LOCAL const dcn_bytes *corners = workspace.corners + slot * p->pitch;
    DCN_LOCAL const dcn_float4 *weights = workspace.weights + slot * p->pitch;
    float sums[DCN_VECTOR];
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) sums[j] = 0.0f;
    if (fast && whole)
        dcn_sum_whole(value, corners, weights, count, t.grid + first, p, sums);
    else if (fast)
        dcn_sum_vector(value, corners, weights, count, t.grid + first, p, sums);
    else
        dcn_sum_elements(value, corners, weights, count, wanted, t.grid + first, p, sums);
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
    workspace.largest = (DCN_LOCAL float *)(workspace.corners + slots * p->pitch);
    workspace.exponentials = workspace.largest + items;
    workspace.sums = workspace.exponentials + items;
    if (p->softmax) {
        DCN_FOR_ITEMS(item, items)
        dcn_keep_largest(t, p, tile, workspace, item);
        DCN_TEAM_BARRIER();
        DCN_FOR_ITEMS(item, items)
        dcn_keep_exponentials(t, p, tile, workspace, item);
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
