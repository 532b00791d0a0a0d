/*
 * A picture of where the operator samples. Left, the picture that it reads, with four output pixels: a cross marks the
 * output pixel, a box the place that it samples, a line joins them. Right, each box enlarged, pixel by pixel, with the
 * sampling points of the three groups in their colours: discs for positive masks, rings for negative ones, their area
 * in proportion to the mask.
 */
#ifndef DCN_DEMO_OVERLAY_H
#define DCN_DEMO_OVERLAY_H

#include "image.h"

/* `source` is what the operator reads and `result` what it makes of it; offset_mask [height, width, row] is as the
 * devices get it, with three groups of 3 x 3 points. End `overlay` with dcn_image_free(). */
bool dcn_overlay_make(const dcn_image *source, const dcn_image *result, const float *offset_mask, int64_t row,
                      dcn_image *overlay, dcn_message *message);

#endif
