/* The sampling points of one output pixel and group, from stored offsets and masks to corners and weights. */
#ifndef DCN_POINTS_H
#define DCN_POINTS_H

#include "dcn_sample.h"

/* DCN_LANES points at once: the four corners' weights and positions, whether the points count, and whether all four
 * corners lie inside the image. */
typedef struct dcn_corners {
    dcn_vf w00, w01, w10, w11;
    dcn_axis x, y;
    dcn_vi counts;
    dcn_vi whole;
} dcn_corners;

DCN_INLINE dcn_corners dcn_corners_between(dcn_axis x, dcn_axis y, dcn_vf mask)
{
    dcn_corners corners;
    corners.x = x;
    corners.y = y;
    corners.counts = x.counts & y.counts;
    corners.whole = x.whole & y.whole;
    mask = DCN_SELECT(corners.counts, mask, DCN_SPLAT(0.0f));
    const dcn_vf top = mask * y.weight_first;
    const dcn_vf bottom = mask * y.weight_second;
    corners.w00 = top * x.weight_first;
    corners.w01 = top * x.weight_second;
    corners.w10 = bottom * x.weight_first;
    corners.w11 = bottom * x.weight_second;
    return corners;
}

DCN_INLINE dcn_corners dcn_corners_of(dcn_vf offset_x, dcn_vf offset_y, dcn_vf mask, dcn_vi cell_x, dcn_vi cell_y,
                                      dcn_vf fraction_x, dcn_vf fraction_y, dcn_scale scale, int width, int height)
{
    return dcn_corners_between(dcn_locate(offset_x, fraction_x, cell_x, scale, width),
                               dcn_locate(offset_y, fraction_y, cell_y, scale, height), mask);
}

/* Softmax over K stored masks: what to subtract, and what to divide by. */
typedef struct dcn_softmax_stats {
    float largest;
    float sum;
} dcn_softmax_stats;

/* A mask, normalised if the operator asks for it. */
DCN_INLINE dcn_vf dcn_normalised(dcn_vf mask, dcn_softmax_stats stats)
{
    return dcn_exp(mask - DCN_SPLAT(stats.largest)) / DCN_SPLAT(stats.sum);
}

#endif
