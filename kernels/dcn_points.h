/* The sampling points of one output pixel and group, from stored offsets and masks to corners and weights. */
#ifndef DCN_POINTS_H
#define DCN_POINTS_H

#include "dcn_sample.h"

/* DCN_LANES points at once: the four corners' weights, and their offsets in the image as a base and two steps. */
typedef struct dcn_corners {
    dcn_vf w00, w01, w10, w11;
    dcn_axis x, y;
    dcn_vi counts;
} dcn_corners;

DCN_INLINE dcn_corners dcn_corners_of(dcn_vf offset_x, dcn_vf offset_y, dcn_vf mask, dcn_vi cell_x, dcn_vi cell_y,
                                      dcn_vf fraction_x, dcn_vf fraction_y, float scale, int width, int height)
{
    dcn_corners corners;
    corners.x = dcn_locate(offset_x, fraction_x, cell_x, scale, width);
    corners.y = dcn_locate(offset_y, fraction_y, cell_y, scale, height);
    corners.counts = corners.x.counts & corners.y.counts;
    const dcn_vf zero = DCN_SPLAT(0.0f);
    const dcn_vf top = DCN_SELECT(corners.counts, mask * corners.y.weight_first, zero);
    const dcn_vf bottom = DCN_SELECT(corners.counts, mask * corners.y.weight_second, zero);
    const dcn_vf left = DCN_SELECT(corners.counts, corners.x.weight_first, zero);
    const dcn_vf right = DCN_SELECT(corners.counts, corners.x.weight_second, zero);
    corners.w00 = top * left;
    corners.w01 = top * right;
    corners.w10 = bottom * left;
    corners.w11 = bottom * right;
    return corners;
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
