/*
 * What the kernels of the gradients' long shape share: the points of an output pixel, the dot products that their
 * gradients are made of, and sums in grad_value.
 */
#ifndef DCN_LONG_GRADIENTS_H
#define DCN_LONG_GRADIENTS_H

#include "dcn_long.h"

/* The tensors of a launch, each from its own first element; gradients are float32 if the parameters say so. */
typedef struct dcn_backward_tensors {
    dcn_sources sources;
    DCN_GLOBAL const dcn_storage *grad_output;
    DCN_GLOBAL dcn_storage *grad_value;
    DCN_GLOBAL dcn_storage *grad_offset;
    DCN_GLOBAL dcn_storage *grad_mask;
    DCN_GLOBAL float *sums;
    DCN_GLOBAL int *far; /* for each unit and band, whether it has far points */
    DCN_GLOBAL const int *grid;
} dcn_backward_tensors;

/* Element `at` of a gradient. */
DCN_INLINE DCN_GLOBAL dcn_storage *dcn_gradient_at(DCN_GLOBAL dcn_storage *gradient, dcn_i64 at, int float32)
{
    return float32 ? (DCN_GLOBAL dcn_storage *)((DCN_GLOBAL float *)gradient + at) : gradient + at;
}

/* One image and block of channels: whole groups, or a part of one. */
typedef struct dcn_unit {
    dcn_i64 image;
    int first_group, end_group; /* which it has channels of */
    int first_channel, end_channel;
    int whole;              /* whether it has its first group's first channel, and so works out what a group has once */
    DCN_GLOBAL float *sums; /* of its first channel at pixel 0 */
    int pitch;              /* from one pixel's to the next one's */
} dcn_unit;

/* What a work-item keeps of an output pixel. A store of the last points may fill a vector beyond the slots. */
typedef struct dcn_work {
    dcn_prepared points;
    dcn_index base[DCN_SLOTS], step_x[DCN_SLOTS], step_y[DCN_SLOTS]; /* in the sums; -1: not to be added here */
    float dots[4][DCN_SLOTS + DCN_LANES]; /* of the output's gradient and each corner's values */
    float grad_x[DCN_SLOTS + DCN_LANES], grad_y[DCN_SLOTS + DCN_LANES], grad_mask[DCN_SLOTS + DCN_LANES];
    float row[3 * DCN_SLOTS + 2 * DCN_LANES];
    float total; /* softmax: the mean that a group's gradients are relative to */
    dcn_vi far;  /* whether any point was */
} dcn_work;

DCN_INLINE dcn_unit dcn_unit_of(dcn_backward_tensors t, const dcn_backward_long_params *p, dcn_i64 index)
{
    const dcn_forward_params *f = &p->forward;
    const dcn_i64 number = p->first_unit + index;
    const int block = (int)(number % p->blocks);
    dcn_unit u;
    u.image = number / p->blocks;
    if (p->block_parts > 1) {
        const int part = block % p->block_parts;
        u.first_group = block / p->block_parts;
        u.end_group = u.first_group + 1;
        u.first_channel = u.first_group * f->group_channels + part * p->part_channels;
        u.end_channel =
            part + 1 < p->block_parts ? u.first_channel + p->part_channels : u.end_group * f->group_channels;
        u.whole = part == 0;
    } else {
        u.first_group = block * p->block_groups;
        u.end_group = f->group - u.first_group < p->block_groups ? f->group : u.first_group + p->block_groups;
        u.first_channel = u.first_group * f->group_channels;
        u.end_channel = u.end_group * f->group_channels;
        u.whole = 1;
    }
    u.pitch = p->pitch;
    u.sums = p->in_place ? t.sums + u.image * f->image + u.first_channel : t.sums + index * p->unit_sums;
    return u;
}

/* The channels of a group that a unit has, from the group's first one on. */
DCN_INLINE int dcn_unit_first(const dcn_unit *u, int group, int group_channels)
{
    const int first = u->first_channel - group * group_channels;
    return first > 0 ? first : 0;
}

DCN_INLINE int dcn_unit_count(const dcn_unit *u, int group, int group_channels)
{
    const int end = u->end_channel - group * group_channels;
    return (end < group_channels ? end : group_channels) - dcn_unit_first(u, group, group_channels);
}

/* True for lanes first … end-1. */
DCN_INLINE dcn_vi dcn_lanes_between(int first, int end)
{
    float lanes[DCN_LANES];
    for (int i = 0; i < DCN_LANES; i++)
        lanes[i] = i >= first && i < end ? 1.0f : 0.0f;
    return dcn_peek(lanes) > DCN_SPLAT(0.0f);
}

/* ---- what a pixel's output gradient meets at the corners --------------------------------------- */

/* Sums over halves, quarters, … of two vectors at once, what is left of a before what is left of b. */
#if DCN_LANES == 16
#define DCN_FOLD_8(a, b)                                                                                               \
    (DCN_SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +                                       \
     DCN_SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#define DCN_FOLD_4(a, b)                                                                                               \
    (DCN_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +                                     \
     DCN_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
#define DCN_FOLD_2(a, b)                                                                                               \
    (DCN_SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +                                     \
     DCN_SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#define DCN_FOLD_1(a, b)                                                                                               \
    (DCN_SHUFFLE(a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30) +                                    \
     DCN_SHUFFLE(a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31))
#define DCN_PAIRS_LOW(x, y)  DCN_SHUFFLE(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define DCN_PAIRS_HIGH(x, y) DCN_SHUFFLE(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif DCN_LANES == 8
#define DCN_FOLD_4(a, b)     (DCN_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + DCN_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15))
#define DCN_FOLD_2(a, b)     (DCN_SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + DCN_SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15))
#define DCN_FOLD_1(a, b)     (DCN_SHUFFLE(a, b, 0, 2, 8, 10, 4, 6, 12, 14) + DCN_SHUFFLE(a, b, 1, 3, 9, 11, 5, 7, 13, 15))
#define DCN_PAIRS_LOW(x, y)  DCN_SHUFFLE(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
#define DCN_PAIRS_HIGH(x, y) DCN_SHUFFLE(x, y, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define DCN_FOLD_2(a, b)     (DCN_SHUFFLE(a, b, 0, 1, 4, 5) + DCN_SHUFFLE(a, b, 2, 3, 6, 7))
#define DCN_FOLD_1(a, b)     (DCN_SHUFFLE(a, b, 0, 2, 4, 6) + DCN_SHUFFLE(a, b, 1, 3, 5, 7))
#define DCN_PAIRS_LOW(x, y)  DCN_SHUFFLE(x, y, 0, 4, 1, 5)
#define DCN_PAIRS_HIGH(x, y) DCN_SHUFFLE(x, y, 2, 6, 3, 7)
#endif

/* Vectors that hold four numbers for each of four corners. */
#define DCN_FOLDED (16 / DCN_LANES)

/* From a vector for each corner to four partial sums for each. */
DCN_INLINE void dcn_fold_corners(const dcn_vf *corner, dcn_vf *folded)
{
#if DCN_LANES == 16
    const dcn_vf top = DCN_FOLD_8(corner[0], corner[1]);
    const dcn_vf bottom = DCN_FOLD_8(corner[2], corner[3]);
    folded[0] = DCN_FOLD_4(top, bottom);
#elif DCN_LANES == 8
    folded[0] = DCN_FOLD_4(corner[0], corner[1]);
    folded[1] = DCN_FOLD_4(corner[2], corner[3]);
#else
    DCN_UNROLL for (int i = 0; i < 4; i++) folded[i] = corner[i];
#endif
}

/* Stored values of a corner; a narrow group's spare lanes are 0. */
DCN_INLINE dcn_vf dcn_corner_values(const int narrow, DCN_GLOBAL const dcn_storage *p, int wanted, dcn_vi lanes,
                                    int whole)
{
    if (!narrow)
        return dcn_load_lanes(p);
    return whole ? DCN_SELECT(lanes, dcn_load_lanes(p), DCN_SPLAT(0.0f)) : dcn_load_some(p, wanted, 0);
}

/* The output's gradient, `channels` of them in `vectors` vectors, of which the last begins at `last`: lanes before
 * what the others hold are 0 there, as are those of a narrow group that are none of its channels. */
DCN_INLINE void dcn_load_gradient(dcn_vf *g, const int narrow, const int vectors, int last,
                                  DCN_GLOBAL const dcn_storage *p, int channels, dcn_i64 left)
{
    if (narrow) {
        g[0] = DCN_SELECT(dcn_lanes_between(0, channels), dcn_load_some(p, channels, left), DCN_SPLAT(0.0f));
        return;
    }
    DCN_UNROLL for (int j = 0; j < vectors - 1; j++) g[j] = dcn_load_lanes(p + j * DCN_LANES);
    g[vectors - 1] = dcn_load_lanes(p + last);
    if (last < (vectors - 1) * DCN_LANES)
        g[vectors - 1] =
            DCN_SELECT(dcn_lanes_between((vectors - 1) * DCN_LANES - last, DCN_LANES), g[vectors - 1], DCN_SPLAT(0.0f));
}

/* Dot products of the gradient's vectors with the corners of a group's points; added to what is there, or stored.
 * `left`: elements of the tensor from `value` on. */
DCN_INLINE void dcn_dots(const int narrow, const int vectors, dcn_work *work, int slot, int count, const dcn_vf *g,
                         int last, int channels, int add, DCN_GLOBAL const dcn_storage *value, dcn_i64 left)
{
    const dcn_prepared *points = &work->points;
    const dcn_vi lanes = narrow ? dcn_lanes_between(0, channels) : DCN_SPLATI(0);
    float four[16];
    for (int k = slot; k < slot + count; k += 4) {
        dcn_vf folded[4][DCN_FOLDED];
        DCN_NO_UNROLL for (int i = 0; i < 4; i++)
        {
            const dcn_index base = k + i < slot + count ? points->base[k + i] : -1;
            dcn_vf s[4];
            DCN_UNROLL for (int c = 0; c < 4; c++) s[c] = DCN_SPLAT(0.0f);
            if (base >= 0) {
                const dcn_index step_x = points->step_x[k + i];
                const dcn_index step_y = points->step_y[k + i];
                const int whole = !narrow || left - base - step_y - step_x >= DCN_LANES;
                DCN_GLOBAL const dcn_storage *corner[4];
                corner[0] = value + base;
                corner[1] = corner[0] + step_x;
                corner[2] = corner[0] + step_y;
                corner[3] = corner[2] + step_x;
                DCN_UNROLL for (int j = 0; j < vectors; j++)
                {
                    const int at = j < vectors - 1 ? j * DCN_LANES : last;
                    DCN_UNROLL for (int c = 0; c < 4; c++)
                    {
                        const dcn_vf v = dcn_corner_values(narrow, corner[c] + at, channels, lanes, whole);
                        s[c] = j == 0 ? g[j] * v : dcn_multiply_add(g[j], v, s[c]);
                    }
                }
            }
            dcn_fold_corners(s, folded[i]);
        }
        DCN_UNROLL for (int h = 0; h < DCN_FOLDED; h++)
        {
            const dcn_vf first = DCN_FOLD_2(folded[0][h], folded[1][h]);
            const dcn_vf second = DCN_FOLD_2(folded[2][h], folded[3][h]);
            dcn_keep(DCN_FOLD_1(first, second), four + h * DCN_LANES);
        }
        for (int c = 0; c < 4; c++)
            for (int i = 0; i < 4; i++)
                work->dots[c][k + i] = add ? work->dots[c][k + i] + four[4 * c + i] : four[4 * c + i];
    }
}

/* ---- sums ------------------------------------------------------------------------------------- */

/* Adds to sums; where fewer than a vector of them belong to the pixel, one by one. */
DCN_INLINE void dcn_add(DCN_GLOBAL float *sums, dcn_vf x, int wanted, int room)
{
    if (room >= DCN_LANES) {
        dcn_store_floats(dcn_load_floats(sums) + x, sums);
        return;
    }
    float lanes[DCN_LANES];
    dcn_keep(x, lanes);
    for (int i = 0; i < wanted; i++)
        sums[i] += lanes[i];
}

/* Adds the gradient times the weights to the sums of a group's near points. Neighbours with the same corners are one
 * point with the sum of their weights. `room`: channels of the pixel from `sums` on that are the unit's. */
DCN_INLINE void dcn_scatter(const int narrow, const int vectors, const dcn_work *work, int slot, int count,
                            const dcn_vf *g, int last, int channels, DCN_GLOBAL float *sums, int room)
{
    const dcn_prepared *points = &work->points;
    const dcn_vi lanes = narrow ? dcn_lanes_between(0, channels) : DCN_SPLATI(0);
    for (int k = slot; k < slot + count; k++) {
        const dcn_index base = work->base[k];
        const dcn_index step_x = work->step_x[k];
        const dcn_index step_y = work->step_y[k];
        float w[4];
        if (base < 0)
            continue;
        w[0] = points->w00[k];
        w[1] = points->w01[k];
        w[2] = points->w10[k];
        w[3] = points->w11[k];
        for (; k + 1 < slot + count && work->base[k + 1] == base && work->step_x[k + 1] == step_x &&
               work->step_y[k + 1] == step_y;
             k++) {
            w[0] += points->w00[k + 1];
            w[1] += points->w01[k + 1];
            w[2] += points->w10[k + 1];
            w[3] += points->w11[k + 1];
        }
        DCN_GLOBAL float *corner[4];
        corner[0] = sums + base;
        corner[1] = corner[0] + step_x;
        corner[2] = corner[0] + step_y;
        corner[3] = corner[2] + step_x;
        DCN_UNROLL for (int c = 0; c < 4; c++)
        {
            const dcn_vf weight = DCN_SPLAT(w[c]);
            DCN_UNROLL for (int j = 0; j < vectors; j++)
            {
                DCN_GLOBAL float *at = corner[c] + (j < vectors - 1 ? j * DCN_LANES : last);
                if (narrow)
                    dcn_add(at, DCN_SELECT(lanes, weight * g[j], DCN_SPLAT(0.0f)), channels, room);
                else
                    dcn_store_floats(dcn_multiply_add(weight, g[j], dcn_load_floats(at)), at);
            }
        }
    }
}

/* ---- one pixel and group ---------------------------------------------------------------------- */

/* Channels of a group, from `first` on, against its points: dot products or sums of `vectors` vectors. */
DCN_INLINE void dcn_meet(const int narrow, const int vectors, const int scatters, dcn_work *work, int slot, int count,
                         int channels, int add, DCN_GLOBAL const dcn_storage *gradient, dcn_i64 gradient_left,
                         DCN_GLOBAL const dcn_storage *value, dcn_i64 value_left, DCN_GLOBAL float *sums, int room)
{
    dcn_vf g[4];
    const int last = narrow ? 0 : channels - DCN_LANES;
    dcn_load_gradient(g, narrow, vectors, last, gradient, channels, gradient_left);
    if (scatters)
        dcn_scatter(narrow, vectors, work, slot, count, g, last, channels, sums, room);
    else
        dcn_dots(narrow, vectors, work, slot, count, g, last, channels, add, value, value_left);
}

/* The same for any number of channels, up to four vectors at a time. */
DCN_INLINE void dcn_meet_channels(const int scatters, dcn_work *work, int slot, int count, int channels,
                                  DCN_GLOBAL const dcn_storage *gradient, dcn_i64 gradient_left,
                                  DCN_GLOBAL const dcn_storage *value, dcn_i64 value_left, DCN_GLOBAL float *sums,
                                  int room)
{
#define DCN_MEET(narrow, vectors, channels)                                                                            \
    dcn_meet(narrow, vectors, scatters, work, slot, count, channels, c > 0, gradient + c, gradient_left - c,           \
             value + c, value_left - c, sums + c, room - c)
    for (int c = 0; c < channels;) {
        const int left = channels - c;
        if (channels < DCN_LANES) {
            DCN_MEET(1, 1, channels);
            c = channels;
        } else if (left > 3 * DCN_LANES) {
            DCN_MEET(0, 4, left < 4 * DCN_LANES ? left : 4 * DCN_LANES);
            c += 4 * DCN_LANES;
        } else if (left > DCN_LANES) {
            DCN_MEET(0, 2, left < 2 * DCN_LANES ? left : 2 * DCN_LANES);
            c += 2 * DCN_LANES;
        } else {
            DCN_MEET(0, 1, left);
            c += DCN_LANES;
        }
    }
#undef DCN_MEET
}

/* Gradients of the points in slots 0 … slots-1 with respect to offsets and, before any softmax, masks. */
DCN_INLINE void dcn_finish(dcn_work *work, int slots, const dcn_forward_params *f, const dcn_pixel *pixel,
                           DCN_GLOBAL const int *grid, int first)
{
    const dcn_vf zero = DCN_SPLAT(0.0f);
    for (int s = 0; s < slots; s += DCN_LANES) {
        const dcn_chunk chunk = dcn_chunk_of(&work->points, s, f, pixel, grid, first);
        const dcn_axis x = chunk.corners.x;
        const dcn_axis y = chunk.corners.y;
        const dcn_vi counts = chunk.corners.counts;
        const dcn_vf mask = dcn_peek(work->points.mask + s);
        const dcn_vf d00 = dcn_peek(work->dots[0] + s);
        const dcn_vf d01 = dcn_peek(work->dots[1] + s);
        const dcn_vf d10 = dcn_peek(work->dots[2] + s);
        const dcn_vf d11 = dcn_peek(work->dots[3] + s);
        const dcn_vf left = dcn_multiply_add(y.weight_first, d00, y.weight_second * d10);
        const dcn_vf right = dcn_multiply_add(y.weight_first, d01, y.weight_second * d11);
        const dcn_vf top = dcn_multiply_add(x.weight_first, d00, x.weight_second * d01);
        const dcn_vf bottom = dcn_multiply_add(x.weight_first, d10, x.weight_second * d11);
        const dcn_vf whole = dcn_multiply_add(y.weight_first, top, y.weight_second * bottom);
        const dcn_vf slope_x = DCN_SELECT(x.has_second, right, zero) - DCN_SELECT(x.has_first, left, zero);
        const dcn_vf slope_y = DCN_SELECT(y.has_second, bottom, zero) - DCN_SELECT(y.has_first, top, zero);
        dcn_keep(DCN_SELECT(counts, slope_x * (mask * chunk.scale_x), zero), work->grad_x + s);
        dcn_keep(DCN_SELECT(counts, slope_y * (mask * chunk.scale_y), zero), work->grad_y + s);
        dcn_keep(DCN_SELECT(counts, whole, zero), work->grad_mask + s);
    }
}

/* Softmax: the sum of mask times gradient over some points of a group. */
DCN_INLINE float dcn_softmax_total(const dcn_work *work, int slot, int count)
{
    float total = 0.0f;
    for (int k = slot; k < slot + count; k++)
        total += work->points.mask[k] * work->grad_mask[k];
    return total;
}

DCN_INLINE void dcn_softmax_gradient(dcn_work *work, int slot, int count, float total)
{
    for (int k = slot; k < slot + count; k++)
        work->grad_mask[k] = work->points.mask[k] * (work->grad_mask[k] - total);
}

/* ---- storing gradients of offsets and masks ---------------------------------------------------- */

/* `count` numbers into a gradient from element `at` on. The last vector overlaps the one before. */
DCN_INLINE void dcn_put(DCN_GLOBAL dcn_storage *gradient, dcn_i64 at, const float *from, int count, int float32)
{
    DCN_GLOBAL float *floats = (DCN_GLOBAL float *)gradient + at;
    DCN_GLOBAL dcn_storage *stored = gradient + at;
    if (count < DCN_LANES) {
        for (int i = 0; i < count; i++) {
            if (float32)
                floats[i] = from[i];
            else
                dcn_store(from[i], stored + i);
        }
        return;
    }
    for (int i = 0; i < count; i += DCN_LANES) {
        const int k = i <= count - DCN_LANES ? i : count - DCN_LANES;
        if (float32)
            dcn_store_floats(dcn_peek(from + k), floats + k);
        else
            dcn_store_lanes(dcn_peek(from + k), stored + k);
    }
}

/* x and y alternately, into whole vectors. */
DCN_INLINE void dcn_keep_pairs(float *row, const float *x, const float *y, int count)
{
    for (int k = 0; k < count; k += DCN_LANES) {
        const dcn_vf xs = dcn_peek(x + k);
        const dcn_vf ys = dcn_peek(y + k);
        dcn_keep(DCN_PAIRS_LOW(xs, ys), row + 2 * k);
        dcn_keep(DCN_PAIRS_HIGH(xs, ys), row + 2 * k + DCN_LANES);
    }
}

/* The gradients of points first … first+count-1 of some groups of output pixel q. */
DCN_INLINE void dcn_put_points(dcn_work *work, dcn_backward_tensors t, const dcn_backward_long_params *p, dcn_i64 q,
                               int group, int groups, int first, int count)
{
    const dcn_forward_params *f = &p->forward;
    const dcn_i64 offset_at = q * f->offset_row + (dcn_i64)group * f->offset_group + 2 * (dcn_i64)first;
    const dcn_i64 mask_at = q * f->mask_row + (dcn_i64)group * f->mask_group + first;
    const int slots = groups * count;
    if (p->joint && count == f->points) {
        for (int i = 0; i < groups; i++) {
            float *row = work->row + 3 * count * i;
            dcn_keep_pairs(row, work->grad_x + i * count, work->grad_y + i * count, count);
            for (int k = 0; k < count; k += DCN_LANES)
                dcn_keep(dcn_peek(work->grad_mask + i * count + k), row + 2 * count + k);
        }
        dcn_put(t.grad_offset, offset_at, work->row, 3 * slots, p->float32_gradients);
        return;
    }
    if (p->wants_offset) {
        dcn_keep_pairs(work->row, work->grad_x, work->grad_y, slots);
        dcn_put(t.grad_offset, offset_at, work->row, 2 * slots, p->float32_gradients);
    }
    if (p->wants_mask)
        dcn_put(t.grad_mask, mask_at, work->grad_mask, slots, p->float32_gradients);
}

/* The end of a row that belongs to no group. */
DCN_INLINE void dcn_put_padding(dcn_backward_tensors t, const dcn_backward_long_params *p, dcn_i64 q)
{
    const dcn_forward_params *f = &p->forward;
    for (dcn_i64 i = q * f->offset_row + (dcn_i64)f->group * f->offset_group; i < (q + 1) * f->offset_row; i++) {
        if (p->float32_gradients)
            ((DCN_GLOBAL float *)t.grad_offset)[i] = 0.0f;
        else
            dcn_store(0.0f, t.grad_offset + i);
    }
}

/* ---- an output pixel's points ------------------------------------------------------------------ */

/* Which points that count are near. In levels all are: their output pixels have no place, and are one band. */
DCN_INLINE dcn_vi dcn_near(const dcn_backward_long_params *p, const dcn_pixel *pixel, const dcn_chunk *chunk)
{
#if defined(DCN_LEVELS)
    (void)p;
    (void)pixel;
    return chunk->corners.counts;
#else
    const dcn_vi from_x = chunk->corners.x.first - DCN_SPLATI(pixel->origin_x - p->reach_w);
    const dcn_vi from_y = chunk->corners.y.first - DCN_SPLATI(pixel->origin_y - p->reach_h);
    return DCN_WITHIN(from_x, DCN_SPLATI(2 * p->reach_w)) & DCN_WITHIN(from_y, DCN_SPLATI(2 * p->reach_h)) &
           chunk->corners.counts;
#endif
}

/* Fetches and prepares points of some groups; those to be added, near or else far ones, get a place in the sums. */
DCN_INLINE void dcn_place(dcn_work *work, const dcn_backward_long_params *p, const dcn_unit *u, const dcn_pixel *pixel,
                          DCN_GLOBAL const int *grid, int group, int groups, int first, int count, const int far)
{
    const dcn_forward_params *f = &p->forward;
    for (int i = 0; i < groups; i++)
        dcn_fetch(&work->points, i * count, f, pixel, group + i, first, count);
    for (int s = 0; s < groups * count; s += DCN_LANES) {
        const dcn_chunk chunk = dcn_chunk_of(&work->points, s, f, pixel, grid, first);
        const dcn_vi near = dcn_near(p, pixel, &chunk);
        const dcn_vi away = chunk.corners.counts & ~near;
        dcn_keep_chunk(&work->points, s, &chunk, f->channels);
        if (p->wants_value) {
            work->far |= away;
            dcn_keep_places(work->base + s, work->step_x + s, work->step_y + s, &chunk, far ? away : near, u->pitch);
        }
    }
}

#endif
