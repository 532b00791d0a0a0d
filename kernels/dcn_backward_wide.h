/*
 * What the gradients' kernels of the wide shape share: tensors, the parts of the workspace, planes and cells.
 */
#ifndef DCN_BACKWARD_WIDE_H
#define DCN_BACKWARD_WIDE_H

#include "dcn_wide.h"

typedef struct dcn_backward_tensors {
    dcn_sources sources;
    DCN_GLOBAL const dcn_storage *grad_output;
    DCN_GLOBAL const int *grid;
} dcn_backward_tensors;

/* Tensors as a kernel without the value gets them. */
DCN_INLINE dcn_backward_tensors dcn_bound_tensors(DCN_GLOBAL const dcn_storage *offset,
                                                  DCN_GLOBAL const dcn_storage *mask,
                                                  DCN_GLOBAL const dcn_storage *grad_output, DCN_GLOBAL const int *grid,
                                                  const dcn_backward_wide_params *params)
{
    dcn_backward_tensors t;
    t.sources = dcn_sources_of(grad_output, offset, mask, &params->forward); /* the value is never read */
    t.grad_output = grad_output + params->forward.output_at;
    t.grid = grid;
    return t;
}

/* A point that has no cell. */
#define DCN_NO_CELL (~0u)

/* Words in front of the list of crowded cells, words of an entry of it, and of one of a block. */
#define DCN_CROWD_HEADER 4
#define DCN_CROWD_ENTRY  2
#define DCN_BLOCK_ENTRY  3

DCN_INLINE dcn_backward_wide_params dcn_backward_specialised(const dcn_backward_wide_params *given)
{
    dcn_backward_wide_params p = *given;
    p.forward = dcn_specialised(&given->forward);
#if defined(DCN_WORK_ITEMS)
    p.items = DCN_WORK_ITEMS;
#endif
#if defined(DCN_VALUE_TILE_H)
    p.value_h = DCN_VALUE_TILE_H;
    p.value_w = DCN_VALUE_TILE_W;
    p.room = DCN_ROOM;
#endif
    return p;
}

/* The tensors from an image's start on. */
DCN_INLINE dcn_backward_tensors dcn_backward_image(dcn_backward_tensors t, const dcn_forward_params *p, dcn_i64 image)
{
    t.sources = dcn_sources_at(t.sources, p, image);
    t.grad_output += image * p->output_image;
    return t;
}

/* Parts of the workspace, from a plane's start on. */
DCN_INLINE DCN_GLOBAL unsigned *dcn_counts_of(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                              dcn_i64 plane)
{
    return workspace + (p->counts_at + plane * p->cells);
}

DCN_INLINE DCN_GLOBAL unsigned *dcn_starts_of(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                              dcn_i64 plane)
{
    return workspace + (p->starts_at + plane * (p->cells + 1));
}

DCN_INLINE DCN_GLOBAL unsigned *dcn_ids_of(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                           dcn_i64 plane)
{
    return workspace + (p->ids_at + plane * p->points);
}

DCN_INLINE DCN_GLOBAL unsigned *dcn_bins_of(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                            dcn_i64 plane)
{
    return workspace + (p->bins_at + plane * p->points);
}

/* A point's place in its cell. Half a word is enough: nothing asks for those of a crowded cell. */
DCN_INLINE DCN_GLOBAL unsigned short *dcn_slot_of(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                                  dcn_i64 point)
{
    return (DCN_GLOBAL unsigned short *)(workspace + p->slots_at) + point;
}

/* The largest logit and the sum of each output pixel's groups, pairs in that order. */
DCN_INLINE DCN_GLOBAL float *dcn_statistics_of(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                               dcn_i64 image)
{
    return (DCN_GLOBAL float *)(workspace + p->slots_at) +
           image * p->forward.out_height * p->forward.out_width * p->forward.group * 2;
}

/* Blocks of a heavy cell with so many points. */
DCN_INLINE unsigned dcn_blocks_of(const dcn_backward_wide_params *p, unsigned count)
{
    if (count > (unsigned)p->crowd)
        return (count + (unsigned)p->block - 1u) / (unsigned)p->block;
    return count > (unsigned)p->split ? count / (unsigned)p->split : 1u;
}

/* The number of point k's cell in its plane: cells begin one pixel outside the image, and each level's follow those of
 * the one before. */
DCN_INLINE unsigned dcn_cell_of(DCN_GLOBAL const int *grid, const dcn_forward_params *p, int k, dcn_axes point)
{
    const unsigned y = (unsigned)(point.y.cell + 1);
    const unsigned x = (unsigned)(point.x.cell + 1);
#if defined(DCN_LEVELS)
    return (unsigned)grid[3 * p->grid_plane + k] + y * (unsigned)(grid[k] + 1) + x;
#else
    (void)grid;
    (void)k;
    return y * (unsigned)(p->width + 1) + x;
#endif
}

/* A binned point: output pixel, place, mask. */
typedef struct dcn_binned {
    int pixel;
    dcn_axes axes;
    float mask;
} dcn_binned;

/* Loads point `id` of a group of the image that the tensors begin at. */
DCN_INLINE dcn_binned dcn_binned_of(dcn_backward_tensors t, const dcn_backward_wide_params *p,
                                    DCN_GLOBAL const float *statistics, int group, unsigned id)
{
    const dcn_forward_params *f = &p->forward;
    dcn_binned point;
    dcn_place place;
#if defined(DCN_SPECIAL)
    point.pixel = dcn_over((int)id, DCN_POINTS);
#else
    point.pixel = (int)dcn_divide((dcn_index)id, f->points, p->by_points);
#endif
    const int k = (int)id - point.pixel * f->points;
    place.group = group;
#if defined(DCN_LEVELS)
    place.y = 0; /* queries are one row */
#else
    place.y = (int)dcn_divide((dcn_index)point.pixel, f->out_width, p->by_out_width);
#endif
    place.x = point.pixel - place.y * f->out_width;
    place.inside = 1;
    DCN_GLOBAL const dcn_storage *offset = t.sources.offset + (dcn_offsets_of(f, place) + 2 * k);
    point.mask = dcn_load(t.sources.mask + (dcn_masks_of(f, place) + k));
    if (f->softmax) {
        DCN_GLOBAL const float *pair = statistics + 2 * ((dcn_index)point.pixel * f->group + group);
        dcn_softmax_stats stats;
        stats.largest = pair[0];
        stats.sum = pair[1];
        point.mask = dcn_normalised(point.mask, stats);
    }
    point.axes = dcn_axes_of(t.grid, f, place, k, dcn_load(offset), dcn_load(offset + 1));
    return point;
}

/* Exclusive prefix sums of a word for each work-item, in place, and the total behind them; memory: 2 * items + 1
 * words. The caller's words are in work-group memory by a barrier, and so are the sums. */
DCN_INLINE void dcn_scan(DCN_LOCAL unsigned *words, int items)
{
    DCN_LOCAL unsigned *from = words;
    DCN_LOCAL unsigned *to = words + items + 1;
    for (int apart = 1; apart < items; apart *= 2) {
        DCN_FOR_ITEMS(item, items)
        to[item] = from[item] + (item >= apart ? from[item - apart] : 0u);
        DCN_BARRIER();
        DCN_LOCAL unsigned *other = from;
        from = to;
        to = other;
    }
    DCN_KEEP(unsigned, before);
    DCN_KEEP(unsigned, total);
    DCN_FOR_ITEMS(item, items)
    {
        DCN_KEPT(before, item) = item > 0 ? from[item - 1] : 0u;
        DCN_KEPT(total, item) = from[items - 1];
    }
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, items)
    {
        words[item] = DCN_KEPT(before, item);
        if (item == 0)
            words[items] = DCN_KEPT(total, item);
    }
    DCN_BARRIER();
}

#endif
