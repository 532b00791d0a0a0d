/*
 * What the deformable operators have in common: a head of one output pixel (one group, one query) is a weighted sum of
 * values that are interpolated at sampling points. Operators differ in where the points lie and how tensors are laid
 * out; that is in oracle.c and attention.c.
 *
 *     output[c] = sum over k of mask_k * bilinear_k[c]
 *
 * A point that does not count contributes nothing, and its gradients are 0; with softmax its logit still takes part.
 */
#ifndef DCN_ORACLE_SAMPLE_H
#define DCN_ORACLE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/* The pixels that a point samples, as places in the tensor of values. */
typedef struct dcn_oracle_image {
    int64_t start; /* the head's first channel of pixel (0, 0) */
    int64_t step;  /* from a pixel to the next */
    int64_t height, width;
} dcn_oracle_image;

/* A point along one axis. */
typedef struct dcn_oracle_axis {
    double position; /* in pixels */
    double stored;   /* the offset or location it is made of */
    double rate;     /* d position / d stored */
    int64_t grid;    /* place in the kernel grid: index * dilation - center; 0 where there is no grid */
} dcn_oracle_axis;

/* One sampling point of one head. */
typedef struct dcn_oracle_point {
    dcn_oracle_image image;
    dcn_oracle_axis x, y;
    double logit; /* the mask as stored */
    double mask;  /* the mask as used, after softmax if there is one */
    bool counts;  /* -1 < x < width and -1 < y < height */
} dcn_oracle_point;

/* What the stored numbers of a point have as gradients. */
typedef struct dcn_oracle_point_gradient {
    double x, y, mask;
} dcn_oracle_point_gradient;

/* Sets `counts` from the position. */
void dcn_oracle_point_test(dcn_oracle_point *point);

/* Softmax over the logits of a head: sets `mask`. */
void dcn_oracle_softmax(dcn_oracle_point *points, int64_t count);

/* Channel c of pixel (y, x); 0 outside the image. */
double dcn_oracle_pixel(const dcn_oracle_image *image, const double *value, int64_t y, int64_t x, int64_t c);

/* One head's channels of the output. */
void dcn_oracle_head_forward(const dcn_oracle_point *points, int64_t count, int64_t channels, const double *value,
                             double *output);

/* One head's share of the gradients: added to `grad_value`, which is laid out as the values are, and one entry of
 * `gradients` for each point. `softmax` says that masks are made from logits, which the mask gradients are then of. */
void dcn_oracle_head_backward(const dcn_oracle_point *points, int64_t count, int64_t channels, bool softmax,
                              const double *value, const double *grad_output, double *grad_value,
                              dcn_oracle_point_gradient *gradients);

#endif
