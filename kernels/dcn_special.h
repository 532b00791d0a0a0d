/*
 * Parameters as macros. Host code may build a wide kernel for some of its parameters (DCN_SPECIAL and the macros
 * below), where compiling is cheap and constants are worth much: on GPUs. Kernels use the parameters under their usual
 * names. All points are then one chunk, and all channels one pass.
 *
 * | macro | parameter |
 * |---|---|
 * | DCN_POINTS, DCN_GROUPS, DCN_GROUP_CHANNELS, DCN_USES_SOFTMAX | points, group, group_channels, softmax |
 * | DCN_SLOT_LANES, DCN_PITCH | lanes, pitch |
 * | DCN_TILE_H, DCN_TILE_W, DCN_TILE_GROUPS | tile_h, tile_w, tile_groups |
 * | DCN_WORK_ITEMS | none: the size of a work-group |
 * | DCN_WORK_GROUPS | none: how many of them a compute unit is to hold; where a compiler has a word for it |
 * | DCN_VALUE_TILE_H, DCN_VALUE_TILE_W, DCN_ROOM | value_h, value_w, room of the gradient of the value |
 * | DCN_GENERAL | none, and not of special kernels: the program's fast kernels are left out |
 * | DCN_JOINT | none: a group's masks follow its offsets in one tensor, as dcnv4 has them |
 * | DCN_LEVEL_POINTS | level_points, in multi-scale attention only |
 * | DCN_KERNEL_H, DCN_DILATION_H, DCN_DILATION_W, DCN_CENTER_H, DCN_CENTER_W, DCN_REMOVED | the sampling grid, where
 * its positions are whole numbers; DCN_REMOVED is the point that a kernel without its centre lacks, K where none is |
 */
#ifndef DCN_SPECIAL_H
#define DCN_SPECIAL_H

#if defined(DCN_SPECIAL)

DCN_INLINE dcn_forward_params dcn_specialised(const dcn_forward_params *given)
{
    dcn_forward_params p = *given;
    p.points = DCN_POINTS;
    p.chunk = DCN_POINTS;
    p.group = DCN_GROUPS;
    p.group_channels = DCN_GROUP_CHANNELS;
    p.channels = DCN_GROUPS * DCN_GROUP_CHANNELS;
    p.lanes = DCN_SLOT_LANES;
    p.pitch = DCN_PITCH;
    p.tile_h = DCN_TILE_H;
    p.tile_w = DCN_TILE_W;
    p.tile_groups = DCN_TILE_GROUPS;
    p.softmax = DCN_USES_SOFTMAX;
#if defined(DCN_LEVELS)
    p.level_points = DCN_LEVEL_POINTS;
#endif
    return p;
}

/* A long loop written out would not fit the instruction cache. */
#if DCN_POINTS <= 16
#define DCN_UNROLL_POINTS DCN_UNROLL
#define DCN_UNROLL_LOGITS DCN_UNROLL
#else
#define DCN_UNROLL_LOGITS DCN_NO_UNROLL
#endif

#define dcn_passes(p) 1

/* The first point of the level that point k lies in: one number for several points is loaded once. */
#define DCN_FIRST_OF_LEVEL(k) ((k) / DCN_LEVEL_POINTS * DCN_LEVEL_POINTS)

/* A team is a sub-group where one can hold whole slots. */
#if defined(DCN_SUBGROUP)
#if DCN_SUBGROUP % DCN_SLOT_LANES == 0 && DCN_WORK_ITEMS % DCN_SUBGROUP == 0
#define DCN_TEAM_BARRIER() DCN_SUBGROUP_BARRIER()
#define DCN_TEAM_ALL(x)    dcn_subgroup_all(x)
#if (DCN_SLOT_LANES & (DCN_SLOT_LANES - 1)) == 0
#define DCN_TEAM_EXCHANGE(x, apart) dcn_subgroup_exchange(x, apart)
#endif
#endif
#endif

#else

#define DCN_FIRST_OF_LEVEL(k) (k)

#define dcn_passes(p) (((p)->group_channels + (p)->lanes * DCN_VECTOR - 1) / ((p)->lanes * DCN_VECTOR))

DCN_INLINE dcn_forward_params dcn_specialised(const dcn_forward_params *given)
{
    return *given;
}

#endif

#if !defined(DCN_UNROLL_POINTS)
#define DCN_UNROLL_POINTS
#endif
#if !defined(DCN_UNROLL_LOGITS)
#define DCN_UNROLL_LOGITS
#endif
#if !defined(DCN_TEAM_BARRIER)
#define DCN_TEAM_BARRIER() DCN_BARRIER()
#endif
/* Some corners of many levels' points do lie outside, and their rows are no constant distance apart: no vote. */
#if !defined(DCN_TEAM_ALL) || defined(DCN_LEVELS)
#undef DCN_TEAM_ALL
#define DCN_TEAM_ALL(x) ((void)(x), 0)
#endif

#endif
