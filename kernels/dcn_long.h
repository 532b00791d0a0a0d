/*
 * What the long shape's kernels share: vectors of sampling points of an output pixel, fetched and prepared.
 *
 * A full vector may be loaded where fewer lanes are wanted, if the tensor goes on that far: spare lanes are dropped.
 */
#ifndef DCN_LONG_H
#define DCN_LONG_H

#include "dcn_points.h"
#include "dcn_tensors.h"

/* (group, point) slots prepared at once, without gaps between groups. */
#define DCN_SLOTS DCN_GRID_SLOTS

/* Points fetched and prepared; a store of the last ones may fill a vector beyond the slots. A point that does not count
 * has base -1. */
typedef struct dcn_prepared {
    float x[DCN_SLOTS + DCN_LANES], y[DCN_SLOTS + DCN_LANES], mask[DCN_SLOTS + DCN_LANES];
    float w00[DCN_SLOTS], w01[DCN_SLOTS], w10[DCN_SLOTS], w11[DCN_SLOTS];
    dcn_index base[DCN_SLOTS], step_x[DCN_SLOTS], step_y[DCN_SLOTS];
} dcn_prepared;

/* An output pixel: its image, its place, and what is left of the tensors from its data on. */
typedef struct dcn_pixel {
    DCN_GLOBAL const dcn_storage *value;
    dcn_i64 value_left;
    DCN_GLOBAL const dcn_storage *offset;
    dcn_i64 offset_left;
    DCN_GLOBAL const dcn_storage *mask;
    dcn_i64 mask_left;
    int origin_x;
    int origin_y;
} dcn_pixel;

/* Up to DCN_LANES stored elements of which `wanted` matter and `left` exist. */
DCN_INLINE dcn_vf dcn_load_some(DCN_GLOBAL const dcn_storage *p, int wanted, dcn_i64 left)
{
    if (left >= DCN_LANES)
        return dcn_load_lanes(p);
    float lanes[DCN_LANES];
    for (int i = 0; i < DCN_LANES; i++)
        lanes[i] = i < wanted ? dcn_load(p + i) : 0.0f;
    return dcn_peek(lanes);
}

DCN_INLINE dcn_softmax_stats dcn_softmax_of(DCN_GLOBAL const dcn_storage *mask, dcn_i64 left, int points)
{
    float lanes[DCN_LANES];
    dcn_softmax_stats stats;
    stats.largest = -INFINITY;
    for (int k = 0; k < points; k++) {
        const float logit = dcn_load(mask + k);
        stats.largest = logit > stats.largest ? logit : stats.largest;
    }
    stats.sum = 0.0f;
    for (int k = 0; k < points; k += DCN_LANES) {
        const int wanted = points - k < DCN_LANES ? points - k : DCN_LANES;
        dcn_keep(dcn_exp(dcn_load_some(mask + k, wanted, left - k) - DCN_SPLAT(stats.largest)), lanes);
        for (int i = 0; i < wanted; i++)
            stats.sum += lanes[i];
    }
    return stats;
}

/* DCN_LANES prepared points: their corners, the pixel that their image begins at, pixels of its rows, and how far a
 * point moves for an offset of 1. */
typedef struct dcn_chunk {
    dcn_corners corners;
    dcn_vi start;
    dcn_vi row;
    dcn_vf scale_x, scale_y;
} dcn_chunk;

/* Where the points that count lie among pixels of `channels` elements, -1 for others, and how far their other corners
 * are. */
DCN_INLINE void dcn_keep_places(dcn_index *bases, dcn_index *steps_x, dcn_index *steps_y, const dcn_chunk *chunk,
                                dcn_vi counts, int channels)
{
    const dcn_corners *corners = &chunk->corners;
#if DCN_INDEX_BITS == 64
    int x[DCN_LANES], y[DCN_LANES], step_x[DCN_LANES], step_y[DCN_LANES], counted[DCN_LANES], start[DCN_LANES],
        row[DCN_LANES];
    dcn_keep_ints(corners->x.first, x);
    dcn_keep_ints(corners->y.first, y);
    dcn_keep_ints(corners->x.second - corners->x.first, step_x);
    dcn_keep_ints(corners->y.second - corners->y.first, step_y);
    dcn_keep_ints(counts, counted);
    dcn_keep_ints(chunk->start, start);
    dcn_keep_ints(chunk->row, row);
    for (int i = 0; i < DCN_LANES; i++) {
        const dcn_index base = (start[i] + (dcn_index)y[i] * row[i] + x[i]) * channels;
        bases[i] = counted[i] ? base : -1;
        steps_x[i] = (dcn_index)step_x[i] * channels;
        steps_y[i] = (dcn_index)step_y[i] * row[i] * channels;
    }
#else
    const dcn_vi c = DCN_SPLATI(channels);
    const dcn_vi r = chunk->row * c;
    const dcn_vi none = DCN_SPLATI(0);
    /* Points that do not count may lie anywhere: their product is formed from 0. */
    const dcn_vi base = chunk->start * c + (corners->y.first & counts) * r + (corners->x.first & counts) * c;
    dcn_keep_ints(DCN_SELECT(counts, base, DCN_SPLATI(-1)), bases);
    dcn_keep_ints(DCN_SELECT(corners->x.second > corners->x.first, c, none), steps_x);
    dcn_keep_ints(DCN_SELECT(corners->y.second > corners->y.first, r, none), steps_y);
#endif
}

/* Takes offsets and masks of points first … first+count-1 of one group apart, into slots from `slot` on. What a vector
 * stores beyond them the next group overwrites. */
DCN_INLINE void dcn_fetch(dcn_prepared *prepared, int slot, const dcn_forward_params *p, const dcn_pixel *pixel,
                          int group, int first, int count)
{
    const dcn_i64 offset_at = (dcn_i64)group * p->offset_group + 2 * (dcn_i64)first;
    const dcn_i64 mask_at = (dcn_i64)group * p->mask_group;
    dcn_softmax_stats stats;
    if (p->softmax)
        stats = dcn_softmax_of(pixel->mask + mask_at, pixel->mask_left - mask_at, p->points);
    for (int k = 0; k < count; k += DCN_LANES) {
        const int wanted = count - k < DCN_LANES ? count - k : DCN_LANES;
        const dcn_i64 o = offset_at + 2 * k;
        const dcn_i64 m = mask_at + first + k;
        const dcn_vf pairs0 = dcn_load_some(pixel->offset + o, 2 * wanted, pixel->offset_left - o);
        const dcn_vf pairs1 = 2 * wanted > DCN_LANES
                                  ? dcn_load_some(pixel->offset + o + DCN_LANES, 2 * wanted - DCN_LANES,
                                                  pixel->offset_left - o - DCN_LANES)
                                  : pairs0;
        dcn_vf mask = dcn_load_some(pixel->mask + m, wanted, pixel->mask_left - m);
        if (p->softmax)
            mask = dcn_normalised(mask, stats);
        dcn_keep(DCN_EVENS(pairs0, pairs1), prepared->x + slot + k);
        dcn_keep(DCN_ODDS(pairs0, pairs1), prepared->y + slot + k);
        dcn_keep(mask, prepared->mask + slot + k);
    }
}

/* The fetched points in slots slot … slot+DCN_LANES-1, of which slot 0 has the grid's point `first`. */
DCN_INLINE dcn_chunk dcn_chunk_of(const dcn_prepared *prepared, int slot, const dcn_forward_params *p,
                                  const dcn_pixel *pixel, DCN_GLOBAL const int *grid, int first)
{
    DCN_GLOBAL const int *plane = grid + first + slot;
    const dcn_vf x = dcn_peek(prepared->x + slot);
    const dcn_vf y = dcn_peek(prepared->y + slot);
    const dcn_vf mask = dcn_peek(prepared->mask + slot);
    dcn_chunk chunk;
#if defined(DCN_LEVELS)
    const dcn_vi width = dcn_load_ints(plane);
    const dcn_vi height = dcn_load_ints(plane + p->grid_plane);
    (void)pixel;
    chunk.corners = dcn_corners_between(dcn_locate_part(x, width), dcn_locate_part(y, height), mask);
    chunk.start = dcn_load_ints(plane + 2 * p->grid_plane);
    chunk.row = width;
    chunk.scale_x = DCN_TO_FLOAT(width);
    chunk.scale_y = DCN_TO_FLOAT(height);
#else
    const dcn_vi cell_x = dcn_load_ints(plane) + DCN_SPLATI(pixel->origin_x);
    const dcn_vi cell_y = dcn_load_ints(plane + p->grid_plane) + DCN_SPLATI(pixel->origin_y);
    const dcn_vf fraction_x = DCN_BITS_TO_FLOAT(dcn_load_ints(plane + 2 * p->grid_plane));
    const dcn_vf fraction_y = DCN_BITS_TO_FLOAT(dcn_load_ints(plane + 3 * p->grid_plane));
    chunk.corners = dcn_corners_of(x, y, mask, cell_x, cell_y, fraction_x, fraction_y, p->scale, p->width, p->height);
    chunk.start = DCN_SPLATI(0);
    chunk.row = DCN_SPLATI(p->width);
    chunk.scale_x = chunk.scale_y = DCN_SPLAT(p->scale.nearest);
#endif
    return chunk;
}

/* Weights and places of a chunk, into slots from `slot` on. */
DCN_INLINE void dcn_keep_chunk(dcn_prepared *prepared, int slot, const dcn_chunk *chunk, int channels)
{
    dcn_keep(chunk->corners.w00, prepared->w00 + slot);
    dcn_keep(chunk->corners.w01, prepared->w01 + slot);
    dcn_keep(chunk->corners.w10, prepared->w10 + slot);
    dcn_keep(chunk->corners.w11, prepared->w11 + slot);
    dcn_keep_places(prepared->base + slot, prepared->step_x + slot, prepared->step_y + slot, chunk,
                    chunk->corners.counts, channels);
}

/* Prepares the fetched points in slots 0 … slots-1, the first of which is the grid's point `first`. */
DCN_INLINE void dcn_prepare(dcn_prepared *prepared, int slots, const dcn_forward_params *p, const dcn_pixel *pixel,
                            DCN_GLOBAL const int *grid, int first)
{
    for (int s = 0; s < slots; s += DCN_LANES) {
        const dcn_chunk chunk = dcn_chunk_of(prepared, s, p, pixel, grid, first);
        dcn_keep_chunk(prepared, s, &chunk, p->channels);
    }
}

/* Output pixel q of the batch: (x, y) of image n. */
DCN_INLINE dcn_pixel dcn_pixel_at(dcn_sources t, const dcn_forward_params *p, dcn_i64 q, dcn_i64 n, int y, int x)
{
    dcn_pixel pixel;
    pixel.value = t.value + n * p->image;
    pixel.value_left = p->value_size - n * p->image;
    pixel.offset = t.offset + q * p->offset_row;
    pixel.offset_left = p->offset_size - q * p->offset_row;
    pixel.mask = t.mask + q * p->mask_row;
    pixel.mask_left = p->mask_size - q * p->mask_row;
    pixel.origin_x = x * p->stride_w + p->origin_w;
    pixel.origin_y = y * p->stride_h + p->origin_h;
    return pixel;
}

#endif
