/*
 * A wide-angle lens as offsets and masks of a deformable convolution.
 *
 * The lens is a radial one: a scene point at distance u from the optical axis appears at distance
 *
 *     D(u) = u * (1 + k1 * u^2 + k2 * u^4),
 *
 * u = 1 being a corner of the scene. With k1 < 0 straight lines bulge outwards (barrel distortion). Glass bends each
 * colour differently, so that k1 differs between red, green and blue and edges get coloured fringes (lateral chromatic
 * aberration): this is what groups are for. Each colour is a group of its own, with one channel.
 *
 * Every view of the lens below is one call of the operator, 3 x 3, stride 1, padding 1. The source position of an
 * output pixel usually falls between pixels, and a plain bilinear sample would blur it. The nine points of the kernel
 * do better: a Catmull-Rom bicubic filter over 4 x 4 pixels is the sum of nine bilinear samples, three for each axis,
 * because its two middle taps, both positive, are one bilinear sample between them. The outer taps are negative, which
 * the operator allows, masks being unbounded.
 */
#ifndef DCN_DEMO_LENS_H
#define DCN_DEMO_LENS_H

#include <stdint.h>

enum { DCN_LENS_COLOURS = 3, DCN_LENS_POINTS = 9 };

typedef struct dcn_lens {
    int64_t width, height;           /* of all pictures */
    double center_x, center_y;       /* the optical axis, pixels */
    double radius;                   /* from there to a corner, pixels */
    double k1[DCN_LENS_COLOURS], k2; /* red, green, blue */
    double scale;                    /* D at one radius from the axis of the camera's picture */
} dcn_lens;

typedef enum dcn_lens_view {
    DCN_LENS_CAMERA,    /* of the scene: the whole of it through this lens, black around */
    DCN_LENS_RECTIFIED, /* of the camera's picture: lines straight and colours together again */
} dcn_lens_view;

/* A lens for pictures of that size, at least DCN_LENS_SMALLEST pixels each way. */
dcn_lens dcn_lens_make(int64_t width, int64_t height);

enum { DCN_LENS_SMALLEST = 32 };

/* Where pixel (x, y) of a view comes from, for one colour. */
void dcn_lens_source(const dcn_lens *lens, dcn_lens_view view, int colour, double x, double y, double *source_x,
                     double *source_y);

/* Fills offset_mask [height, width, row] for a view; `row` is at least 3 colours * 9 points * 3. */
void dcn_lens_offset_mask(const dcn_lens *lens, dcn_lens_view view, int64_t row, float *offset_mask);

#endif
