/*
 * Sums of heavy cells, in blocks of their points: for each block four corners' sums of every channel, which the gather
 * of dcn_backward_value.h adds up. They take the place of the points' cells, which nothing reads any more.
 */
#include "dcn_backward_value.h"

/* Sums of a staged part of a block, for one channel of each corner. */
DCN_INLINE void dcn_add_block(DCN_GLOBAL const dcn_storage *grad, dcn_gather gather, unsigned first, unsigned last,
                              float *sums)
{
    for (unsigned begin = first; begin < last; begin += DCN_SERIAL) {
        const unsigned end = last - begin > DCN_SERIAL ? begin + DCN_SERIAL : last;
        float part[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (unsigned e = begin; e < end; e++) {
            const float v = dcn_load(DCN_AT(grad, gather.at[e]));
            part[0] = dcn_multiply_add(gather.pairs[2u * e].x, v, part[0]);
            part[1] = dcn_multiply_add(gather.pairs[2u * e + 1u].x, v, part[1]);
            part[2] = dcn_multiply_add(gather.pairs[2u * e].y, v, part[2]);
            part[3] = dcn_multiply_add(gather.pairs[2u * e + 1u].y, v, part[3]);
        }
        DCN_UNROLL for (int corner = 0; corner < 4; corner++) sums[corner] += part[corner];
    }
}

typedef struct dcn_block_sums {
    float corner[4];
} dcn_block_sums;

/* Stages points of a heavy cell: each at its rank where they are all that the cell has, and so in no order yet. */
DCN_INLINE void dcn_stage_block(dcn_backward_tensors t, const dcn_backward_wide_params *p,
                                DCN_GLOBAL const float *statistics, int group, DCN_GLOBAL const unsigned *ids,
                                unsigned count, int ordered, dcn_gather gather)
{
    DCN_FOR_ITEMS(item, p->items)
    for (unsigned i = (unsigned)item; i < count; i += (unsigned)p->items)
        gather.ids[i] = ids[i];
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, p->items)
    for (unsigned i = (unsigned)item; i < count; i += (unsigned)p->items) {
        const unsigned id = gather.ids[i];
        unsigned place = ordered ? i : 0u;
        for (unsigned other = 0u; !ordered && other < count; other++)
            place += gather.ids[other] < id;
        dcn_stage_entry(p, gather, dcn_binned_of(t, p, statistics, group, id), place);
    }
    DCN_BARRIER();
}

/* The block of a heavy cell that an entry of the list names. */
DCN_INLINE void dcn_sum_block(dcn_backward_tensors all, const dcn_backward_wide_params *p,
                              DCN_GLOBAL unsigned *workspace, DCN_LOCAL dcn_float4 *memory, unsigned plane,
                              unsigned cell, unsigned block)
{
    const dcn_forward_params *f = &p->forward;
    const dcn_gather gather = dcn_gather_of(p, memory);
    const dcn_i64 image = dcn_divide((dcn_index)plane, f->group, p->by_group);
    const int group = (int)(plane - image * f->group);
    const dcn_backward_tensors t = dcn_backward_image(all, f, image);
    const unsigned start = dcn_starts_of(workspace, p, plane)[cell];
    const unsigned cell_points = dcn_starts_of(workspace, p, plane)[cell + 1] - start;
    const unsigned left = cell_points - block * (unsigned)p->block;
    const unsigned count = left < (unsigned)p->block ? left : (unsigned)p->block;
    DCN_GLOBAL const unsigned *ids = dcn_ids_of(workspace, p, plane) + start + block * (unsigned)p->block;
    DCN_GLOBAL float *result = dcn_heavy_sums(workspace, p, plane, start, block);
    const int channels = f->group_channels < p->items ? f->group_channels : p->items;
    const int parts = dcn_over(p->items, channels);
    DCN_LOCAL dcn_float4 *kept = (DCN_LOCAL dcn_float4 *)gather.pairs;
    for (int from = 0; from < f->group_channels; from += channels) {
        DCN_KEEP(dcn_block_sums, sums);
        DCN_FOR_ITEMS(item, p->items)
        DCN_UNROLL for (int corner = 0; corner < 4; corner++) DCN_KEPT(sums, item).corner[corner] = 0.0f;
        for (unsigned begin = 0; begin < count; begin += (unsigned)p->room) {
            const unsigned staged = count - begin < (unsigned)p->room ? count - begin : (unsigned)p->room;
            dcn_stage_block(t, p, dcn_statistics_of(workspace, p, image), group, ids + begin, staged,
                            cell_points > (unsigned)p->room, gather);
            DCN_FOR_ITEMS(item, p->items)
            {
                const int part = dcn_over(item, channels);
                const int channel = from + item - part * channels;
                const unsigned each = (staged + (unsigned)parts - 1u) / (unsigned)parts;
                const unsigned last = ((unsigned)part + 1u) * each < staged ? ((unsigned)part + 1u) * each : staged;
                if (part < parts && channel < f->group_channels)
                    dcn_add_block(t.grad_output + group * f->group_channels + channel, gather, (unsigned)part * each,
                                  last, DCN_KEPT(sums, item).corner);
            }
            DCN_BARRIER();
        }
        DCN_FOR_ITEMS(item, p->items)
        kept[item] = DCN_FLOAT4(DCN_KEPT(sums, item).corner[0], DCN_KEPT(sums, item).corner[1],
                                DCN_KEPT(sums, item).corner[2], DCN_KEPT(sums, item).corner[3]);
        DCN_BARRIER();
        DCN_FOR_ITEMS(item, p->items)
        if (item < channels && from + item < f->group_channels) {
            dcn_float4 sum = kept[item];
            for (int part = 1; part < parts; part++) {
                const dcn_float4 more = kept[part * channels + item];
                sum = DCN_FLOAT4(sum.x + more.x, sum.y + more.y, sum.z + more.z, sum.w + more.w);
            }
            result[from + item] = sum.x;
            result[f->group_channels + from + item] = sum.y;
            result[2 * f->group_channels + from + item] = sum.z;
            result[3 * f->group_channels + from + item] = sum.w;
        }
        DCN_BARRIER();
    }
}

/* Every block of a heavy cell that is this work-group's. */
DCN_INLINE void dcn_heavy_group(dcn_backward_tensors t, const dcn_backward_wide_params *given,
                                DCN_GLOBAL unsigned *workspace, DCN_LOCAL dcn_float4 *memory, dcn_i64 work_group)
{
    const dcn_backward_wide_params special = dcn_backward_specialised(given);
    const dcn_backward_wide_params *p = &special;
    const unsigned blocks = workspace[p->crowds_at + 1];
    for (unsigned i = (unsigned)work_group; i < blocks; i += (unsigned)p->heavy_workers) {
        DCN_GLOBAL const unsigned *entry = workspace + (p->blocks_at + (dcn_i64)DCN_BLOCK_ENTRY * i);
        dcn_sum_block(t, p, workspace, memory, entry[0], entry[1], entry[2]);
    }
}
