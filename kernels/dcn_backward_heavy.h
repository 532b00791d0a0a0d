/*
 * Sums of heavy cells, in blocks of their points: for each block four corners' sums of every channel, which the gather
 * of dcn_backward_value.h adds up. They take the place of the points' cells, which nothing reads any more.
 *
 * A work-group has several teams, each with a block. A team puts its points into order: by parts of the plane first,
 * then by rank in a part. It stages some at a time, of which each row of `lanes` work-items sums its share, for two of
 * the corners; then the rows' sums are added up.
 */
#ifndef DCN_BACKWARD_HEAVY_H
#define DCN_BACKWARD_HEAVY_H

#include "dcn_backward_value.h"

/* Points that a work-item stages together. */
#define DCN_STAGE_TOGETHER 2

/* The item of a work-item that is in no team. */
#define DCN_NOBODY (1 << 30)

/* A team's block: some points of a cell. Those of a crowded one lie in order; of another they are those with a number
 * in a part of the plane. */
typedef struct dcn_block {
    unsigned plane;
    unsigned start;  /* of the cell, in the plane's points */
    unsigned number; /* of the block, in the cell */
    unsigned first;  /* of the points to look through … */
    unsigned count;  /* … 0: the team has none */
    int ordered;
    unsigned low;     /* the first number that is its own … */
    unsigned numbers; /* … and how many may be */
} dcn_block;

/* A team's work-group memory: numbers of points by parts of the plane, then in order; how many of each part there are,
 * and where they begin; the block; and of each staged point, over the first of these, its entry as the gather has it.
 */
typedef struct dcn_team {
    DCN_LOCAL dcn_float4 *memory;
    DCN_LOCAL unsigned *parted;
    DCN_LOCAL unsigned *ids;
    DCN_LOCAL unsigned *counts;
    DCN_LOCAL unsigned *begins;
    DCN_LOCAL dcn_block *block;
    DCN_LOCAL dcn_float2 *pairs;
    DCN_LOCAL dcn_bytes *at;
} dcn_team;

/* A work-item's place in its work-group. */
typedef struct dcn_member {
    dcn_team team;
    int number;  /* of the team */
    int item;    /* in the team */
    int lower;   /* which corners it sums, of those that its team does at once */
    int row;     /* of the team's for these */
    int channel; /* first one, of those that a row has at once */
} dcn_member;

/* The sums of a cell's upper or lower corners: registers for all four would be too many. */
typedef struct dcn_half_sums {
    float left[DCN_VECTOR];
    float right[DCN_VECTOR];
} dcn_half_sums;

/* A team that is a sub-group goes its own way; others go all together. */
#if defined(DCN_SUBGROUP)
#define DCN_IS_SUBGROUP(p) (dcn_team_items(p) == DCN_SUBGROUP)
#define DCN_TEAM_SYNC(p)                                                                                               \
    do {                                                                                                               \
        if (DCN_IS_SUBGROUP(p))                                                                                        \
            DCN_SUBGROUP_BARRIER();                                                                                    \
        else                                                                                                           \
            DCN_BARRIER();                                                                                             \
    } while (0)
#else
#define DCN_IS_SUBGROUP(p) 0
#define DCN_TEAM_SYNC(p)   DCN_BARRIER()
#endif

DCN_INLINE int dcn_team_items(const dcn_backward_wide_params *p)
{
    return p->team_rows * p->forward.lanes;
}

/* What a team sums at once: half of its rows upper corners, half lower ones; a single row one after the other. */
DCN_INLINE int dcn_halves(const dcn_backward_wide_params *p)
{
    return p->team_rows > 1 ? 2 : 1;
}

DCN_INLINE int dcn_half_rows(const dcn_backward_wide_params *p)
{
    return p->team_rows > 1 ? p->team_rows / 2 : 1;
}

DCN_INLINE dcn_team dcn_team_of(const dcn_backward_wide_params *p, DCN_LOCAL dcn_float4 *memory, int number)
{
    dcn_team team;
    team.memory = memory + number * (p->team_words / 4);
    team.pairs = (DCN_LOCAL dcn_float2 *)team.memory;
    team.at = (DCN_LOCAL dcn_bytes *)(team.pairs + 2 * DCN_STAGED);
    team.parted = (DCN_LOCAL unsigned *)team.memory;
    team.ids = team.parted + DCN_SORTED;
    team.counts = team.ids + DCN_SORTED;
    team.begins = team.counts + DCN_PARTS;
    team.block = (DCN_LOCAL dcn_block *)(team.begins + DCN_PARTS + 1);
    return team;
}

DCN_INLINE dcn_member dcn_member_of(const dcn_backward_wide_params *p, DCN_LOCAL dcn_float4 *memory, int item)
{
    dcn_member member;
    const int team = (int)dcn_divide(item, dcn_team_items(p), p->by_team);
    const int own = item - team * dcn_team_items(p);
    member.number = team < p->teams ? team : 0;
    member.item = team < p->teams ? own : DCN_NOBODY;
    member.team = dcn_team_of(p, memory, member.number);
    const int row = (int)dcn_divide(own, p->forward.lanes, p->by_lanes);
    member.lower = row >= dcn_half_rows(p);
    member.row = member.lower ? row - dcn_half_rows(p) : row;
    member.channel = (own - row * p->forward.lanes) * DCN_VECTOR;
    return member;
}

/* The block that an entry of the list names. */
DCN_INLINE dcn_block dcn_block_of(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, unsigned number)
{
    dcn_block block = {0u, 0u, 0u, 0u, 0u, 0, 0u, 0u};
    if (number >= workspace[p->crowds_at + 1])
        return block;
    DCN_GLOBAL const unsigned *entry = workspace + (p->blocks_at + (dcn_i64)DCN_BLOCK_ENTRY * number);
    block.plane = entry[0];
    block.number = entry[2];
    DCN_GLOBAL const unsigned *starts = dcn_starts_of(workspace, p, block.plane) + entry[1];
    block.start = starts[0];
    const unsigned points = starts[1] - block.start;
    block.ordered = points > (unsigned)p->crowd;
    if (block.ordered) {
        const unsigned before = block.number * (unsigned)p->block;
        block.first = block.start + before;
        block.count = points - before < (unsigned)p->block ? points - before : (unsigned)p->block;
    } else {
        block.first = block.start;
        block.count = points;
        block.numbers = (unsigned)p->points / dcn_blocks_of(p, points) + 1u;
        block.low = block.number * block.numbers;
    }
    return block;
}

/* How many points a team has put into order, of those from `begin` on. */
DCN_INLINE unsigned dcn_ordered_of(dcn_team team, unsigned begin)
{
    const dcn_block block = *team.block;
    const unsigned left = begin < block.count ? block.count - begin : 0u;
    if (block.ordered)
        return left < DCN_SORTED ? left : DCN_SORTED;
    return begin == 0u && block.count > 0u ? team.begins[DCN_PARTS] : 0u;
}

/* ---- order ------------------------------------------------------------------------------------ */

/* A block's own numbers are counted by parts; when that is done, with `fills`, they go to their parts in any order. */
DCN_INLINE void dcn_sort_parts(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_member member,
                               const int fills)
{
    const dcn_team team = member.team;
    const dcn_block block = *team.block;
    DCN_GLOBAL const unsigned *ids = dcn_ids_of(workspace, p, block.plane) + block.first;
    const unsigned count = block.ordered ? 0u : block.count;
    const unsigned apart = (unsigned)dcn_team_items(p);
    for (unsigned i = (unsigned)member.item; i < count; i += DCN_TOGETHER * apart) {
        unsigned id[DCN_TOGETHER];
        DCN_UNROLL for (unsigned j = 0; j < DCN_TOGETHER; j++) id[j] =
            ids[i + j * apart < count ? i + j * apart : count - 1u];
        DCN_UNROLL for (unsigned j = 0; j < DCN_TOGETHER; j++)
        {
            const int own = i + j * apart < count && id[j] - block.low < block.numbers;
            const unsigned part = id[j] >> p->part_shift;
            if (own && fills)
                team.parted[team.begins[part] + dcn_local_add(team.counts + part, ~0u) - 1u] = id[j];
            else if (own)
                dcn_local_add(team.counts + part, 1u);
        }
    }
}

DCN_INLINE void dcn_clear_parts(const dcn_backward_wide_params *p, dcn_member member)
{
    for (int part = member.item; part < DCN_PARTS; part += dcn_team_items(p))
        member.team.counts[part] = 0u;
}

DCN_INLINE void dcn_begin_parts(const dcn_backward_wide_params *p, dcn_member member)
{
    for (int part = member.item; part <= DCN_PARTS; part += dcn_team_items(p)) {
        unsigned before = 0u;
        DCN_UNROLL for (int other = 0; other < DCN_PARTS; other++) before +=
            other < part ? member.team.counts[other] : 0u;
        member.team.begins[part] = before;
    }
}

/* Numbers go to their ranks; of a crowded cell those from `begin` on. */
DCN_INLINE void dcn_rank(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_member member,
                         unsigned begin)
{
    const dcn_team team = member.team;
    const dcn_block block = *team.block;
    DCN_GLOBAL const unsigned *ids = dcn_ids_of(workspace, p, block.plane) + block.first;
    const unsigned count = dcn_ordered_of(team, begin);
    for (unsigned i = (unsigned)member.item; i < count; i += (unsigned)dcn_team_items(p)) {
        const unsigned id = block.ordered ? ids[begin + i] : team.parted[i];
        unsigned rank = i;
        if (!block.ordered) {
            const unsigned end = team.begins[(id >> p->part_shift) + 1u];
            rank = team.begins[id >> p->part_shift];
            for (unsigned other = rank; other < end; other++)
                rank += team.parted[other] < id;
        }
        team.ids[rank] = id;
    }
}

/* The numbers of the blocks' points from `begin` on, in order, as many as are sorted at once. */
DCN_INLINE void dcn_order_blocks(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace,
                                 DCN_LOCAL dcn_float4 *memory, unsigned begin)
{
    DCN_FOR_ITEMS(item, p->items)
    dcn_clear_parts(p, dcn_member_of(p, memory, item));
    DCN_TEAM_SYNC(p);
    DCN_FOR_ITEMS(item, p->items)
    dcn_sort_parts(p, workspace, dcn_member_of(p, memory, item), 0);
    DCN_TEAM_SYNC(p);
    DCN_FOR_ITEMS(item, p->items)
    dcn_begin_parts(p, dcn_member_of(p, memory, item));
    DCN_TEAM_SYNC(p);
    DCN_FOR_ITEMS(item, p->items)
    dcn_sort_parts(p, workspace, dcn_member_of(p, memory, item), 1);
    DCN_TEAM_SYNC(p);
    DCN_FOR_ITEMS(item, p->items)
    dcn_rank(p, workspace, dcn_member_of(p, memory, item), begin);
    DCN_TEAM_SYNC(p);
}

/* ---- sums ------------------------------------------------------------------------------------- */

/* How many of `ordered` points are staged from the `at`-th on. */
DCN_INLINE unsigned dcn_staged_of(unsigned ordered, unsigned at)
{
    const unsigned left = at < ordered ? ordered - at : 0u;
    return left < DCN_STAGED ? left : DCN_STAGED;
}

/* Stages `count` points of those in order, from the `at`-th on. */
DCN_INLINE void dcn_stage_block(dcn_backward_tensors all, const dcn_backward_wide_params *p,
                                DCN_GLOBAL unsigned *workspace, dcn_member member, unsigned at, unsigned count)
{
    const dcn_team team = member.team;
    const dcn_block block = *team.block;
    DCN_LOCAL const unsigned *ids = team.ids + at;
    const dcn_i64 image = dcn_divide((dcn_index)block.plane, p->forward.group, p->by_group);
    const int group = (int)(block.plane - image * p->forward.group);
    const dcn_backward_tensors t = dcn_backward_image(all, &p->forward, image);
    DCN_GLOBAL const float *statistics = dcn_statistics_of(workspace, p, image);
    const unsigned apart = (unsigned)dcn_team_items(p);
    for (unsigned i = (unsigned)member.item; i < count; i += DCN_STAGE_TOGETHER * apart) {
        dcn_binned point[DCN_STAGE_TOGETHER];
        DCN_UNROLL for (unsigned j = 0; j < DCN_STAGE_TOGETHER; j++) point[j] =
            dcn_binned_of(t, p, statistics, group, ids[i + j * apart < count ? i + j * apart : count - 1u]);
        DCN_UNROLL for (unsigned j = 0; j < DCN_STAGE_TOGETHER; j++) if (i + j * apart < count)
            dcn_stage_entry(p, team.pairs, team.at, point[j], i + j * apart);
    }
}

/* The gradients of a staged point's output pixel. */
DCN_INLINE void dcn_load_staged(const int fast, DCN_GLOBAL const dcn_storage *grad, dcn_bytes at, int wanted, float *v)
{
    if (fast) {
        dcn_load_vector(DCN_AT(grad, at), v);
    } else {
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) v[j] = j < wanted ? dcn_load(DCN_AT(grad, at) + j) : 0.0f;
    }
}

DCN_INLINE void dcn_add_half(dcn_team team, unsigned e, int lower, const float *v, dcn_half_sums *sums)
{
    DCN_LOCAL const float *weights = (DCN_LOCAL const float *)(team.pairs + 2u * e) + lower;
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++)
    {
        sums->left[j] = dcn_multiply_add(weights[0], v[j], sums->left[j]);
        sums->right[j] = dcn_multiply_add(weights[2], v[j], sums->right[j]);
    }
}

/* Adds a row's share of `count` staged points to two corners. Gradients begin at the row's channels. */
DCN_INLINE void dcn_add_staged(const int fast, DCN_GLOBAL const dcn_storage *grad, const dcn_backward_wide_params *p,
                               dcn_member member, unsigned count, int wanted, int lower, dcn_half_sums *sums)
{
    const dcn_team team = member.team;
    const unsigned rows = (unsigned)dcn_half_rows(p);
    dcn_half_sums part;
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) part.left[j] = part.right[j] = 0.0f;
    DCN_NO_UNROLL for (unsigned e = (unsigned)member.row; e < count; e += DCN_TOGETHER * rows)
    {
        float v[DCN_TOGETHER][DCN_VECTOR];
        DCN_UNROLL for (unsigned i = 0; i < DCN_TOGETHER; i++)
        {
            const unsigned at = e + i * rows;
            dcn_load_staged(fast, grad, team.at[at < count ? at : e], wanted, v[i]);
        }
        DCN_UNROLL for (unsigned i = 0; i < DCN_TOGETHER; i++) if (e + i * rows < count)
            dcn_add_half(team, e + i * rows, lower, v[i], &part);
    }
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++)
    {
        sums->left[j] += part.left[j];
        sums->right[j] += part.right[j];
    }
}

/* Adds a work-item's share of what its team has staged, for channels from `channel` on. */
DCN_INLINE void dcn_sum_staged(const int fast, dcn_backward_tensors all, const dcn_backward_wide_params *p,
                               dcn_member member, unsigned count, int channel, int lower, dcn_half_sums *sums)
{
    const dcn_block block = *member.team.block;
    const int own = channel + member.channel;
    const int wanted = p->forward.group_channels - own;
    if (member.item == DCN_NOBODY || count == 0u || wanted <= 0)
        return;
    const dcn_i64 image = dcn_divide((dcn_index)block.plane, p->forward.group, p->by_group);
    const int group = (int)(block.plane - image * p->forward.group);
    DCN_GLOBAL const dcn_storage *grad =
        all.grad_output + (image * p->forward.output_image + group * p->forward.group_channels + own);
    dcn_add_staged(fast, grad, p, member, count, wanted, lower + member.lower, sums);
}

/* Puts a work-item's sums of one corner into its team's memory: for each element of a vector one of each work-item. */
DCN_INLINE void dcn_keep_corner(const dcn_backward_wide_params *p, dcn_member member, const float *sums)
{
    DCN_LOCAL float *kept = (DCN_LOCAL float *)member.team.memory + member.item;
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) kept[j * (dcn_team_items(p) + p->forward.lanes)] = sums[j];
}

/* Adds up what a team's rows have kept of a left or right corner; of both, an upper and a lower one, where they sum
 * both. */
DCN_INLINE void dcn_store_corner(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_member member,
                                 dcn_block block, int corner, int channel)
{
    const int lanes = p->forward.lanes;
    const int items = dcn_team_items(p);
    const int row_channels = lanes * DCN_VECTOR;
    DCN_GLOBAL float *result = dcn_heavy_sums(workspace, p, block.plane, block.start, block.number) +
                               (corner * p->forward.group_channels + channel);
    for (int i = member.item; i < dcn_halves(p) * row_channels; i += items) {
        const int lower = i >= row_channels;
        const int c = lower ? i - row_channels : i;
        const int lane = c / DCN_VECTOR;
        DCN_LOCAL const float *own =
            (DCN_LOCAL const float *)member.team.memory +
            ((c - lane * DCN_VECTOR) * (items + lanes) + lower * dcn_half_rows(p) * lanes + lane);
        float sum = own[0];
        for (int row = 1; row < dcn_half_rows(p); row++)
            sum += own[row * lanes];
        if (block.count > 0u && channel + c < p->forward.group_channels)
            result[2 * lower * p->forward.group_channels + c] = sum;
    }
}

/* ---- a work-group ----------------------------------------------------------------------------- */

/* Gives the teams their blocks, from entry `first` of the list on. */
DCN_INLINE void dcn_take_blocks(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace,
                                DCN_LOCAL dcn_float4 *memory, unsigned first)
{
    DCN_FOR_ITEMS(item, p->items)
    {
        const dcn_member member = dcn_member_of(p, memory, item);
        if (member.item == 0)
            *member.team.block = dcn_block_of(p, workspace, first + (unsigned)member.number);
    }
    DCN_TEAM_SYNC(p);
}

/* Most points of a team's block, or of those that it has put into order from `begin` on; of all teams that go together.
 */
DCN_INLINE unsigned dcn_most_of(const dcn_backward_wide_params *p, DCN_LOCAL dcn_float4 *memory, const int ordered,
                                unsigned begin)
{
    unsigned most = 0u;
    DCN_FOR_ITEMS(item, p->items)
    {
        const dcn_member member = dcn_member_of(p, memory, item);
        const int alone = DCN_IS_SUBGROUP(p);
        const int last = !alone ? p->teams : member.item == DCN_NOBODY ? 0 : member.number + 1;
        for (int i = alone ? member.number : 0; i < last; i++) {
            const dcn_team team = dcn_team_of(p, memory, i);
            const unsigned count = ordered ? dcn_ordered_of(team, begin) : team.block->count;
            most = count > most ? count : most;
        }
    }
    return most;
}

/* The teams' blocks, for the channels of a row, and upper corners or lower ones where that is not up to the row. */
DCN_INLINE void dcn_sum_blocks(const int fast, dcn_backward_tensors t, const dcn_backward_wide_params *p,
                               DCN_GLOBAL unsigned *workspace, DCN_LOCAL dcn_float4 *memory, int channel, int lower)
{
    const unsigned most = dcn_most_of(p, memory, 0, 0u);
    DCN_KEEP(dcn_half_sums, sums);
    DCN_FOR_ITEMS(item, p->items)
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) DCN_KEPT(sums, item).left[j] = DCN_KEPT(sums, item).right[j] = 0.0f;
    for (unsigned begin = 0u; begin < most; begin += DCN_SORTED) {
        dcn_order_blocks(p, workspace, memory, begin);
        const unsigned most_ordered = dcn_most_of(p, memory, 1, begin);
        for (unsigned at = 0u; at < most_ordered; at += DCN_STAGED) {
            DCN_FOR_ITEMS(item, p->items)
            {
                const dcn_member member = dcn_member_of(p, memory, item);
                dcn_stage_block(t, p, workspace, member, at, dcn_staged_of(dcn_ordered_of(member.team, begin), at));
            }
            DCN_TEAM_SYNC(p);
            DCN_FOR_ITEMS(item, p->items)
            {
                const dcn_member member = dcn_member_of(p, memory, item);
                dcn_sum_staged(fast, t, p, member, dcn_staged_of(dcn_ordered_of(member.team, begin), at), channel,
                               lower, &DCN_KEPT(sums, item));
            }
            DCN_TEAM_SYNC(p);
        }
    }
    DCN_KEEP(dcn_block, blocks); /* the rows' sums lie over the memory that these are in */
    DCN_FOR_ITEMS(item, p->items)
    if (dcn_member_of(p, memory, item).item != DCN_NOBODY)
        DCN_KEPT(blocks, item) = *dcn_member_of(p, memory, item).team.block;
    DCN_TEAM_SYNC(p);
    DCN_UNROLL for (int right = 0; right < 2; right++)
    {
        DCN_FOR_ITEMS(item, p->items)
        {
            const dcn_member member = dcn_member_of(p, memory, item);
            if (member.item != DCN_NOBODY)
                dcn_keep_corner(p, member, right ? DCN_KEPT(sums, item).right : DCN_KEPT(sums, item).left);
        }
        DCN_TEAM_SYNC(p);
        DCN_FOR_ITEMS(item, p->items)
        dcn_store_corner(p, workspace, dcn_member_of(p, memory, item), DCN_KEPT(blocks, item), 2 * lower + right,
                         channel);
        DCN_TEAM_SYNC(p);
    }
}

/* Every block that is this work-group's. */
DCN_INLINE void dcn_heavy_group(const int fast, dcn_backward_tensors t, const dcn_backward_wide_params *p,
                                DCN_GLOBAL unsigned *workspace, DCN_LOCAL dcn_float4 *memory, dcn_i64 work_group)
{
    const unsigned blocks = workspace[p->crowds_at + 1];
    const unsigned step = (unsigned)p->heavy_workers * (unsigned)p->teams;
    for (unsigned first = (unsigned)work_group * (unsigned)p->teams; first < blocks; first += step)
        for (int channel = 0; channel < p->forward.group_channels; channel += p->forward.lanes * DCN_VECTOR)
            for (int lower = 0; lower < 2; lower += dcn_halves(p)) {
                dcn_take_blocks(p, workspace, memory, first);
                dcn_sum_blocks(fast, t, p, workspace, memory, channel, lower);
            }
}

#endif
