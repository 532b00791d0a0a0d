/*
 * What an error bound of one result element is made of; tests/conformance/compare.h says how the parts make a bound and
 * derives them for outputs. float32 evaluation with relative positions is assumed where a number depends on arithmetic.
 *
 * For gradients, with u = 2^-24 and in the notation of sample.h (go: grad_output; w: bilinear weights; v: corners):
 *
 * - value: the sum of go * mask * w over the points that have the pixel as a corner. A term passes 5 roundings (1 - lx,
 *   1 - ly, their product, times mask, times go) and terms - 1 additions, as in an output. A point that lies off by t
 *   along x and t' along y moves the pixel's weight wx * wy by at most t * (wy + t') + t' * wx: drift.
 * - mask: the sum over channels of go * w * v: 5 roundings, at most 4 * channels terms; drift is |go| times the travel
 *   times the steepest change of the image, as in an output.
 * - offset along x: rate * mask * sum over channels of go * (w_0 * (v01 - v00) + w_1 * (v11 - v10)). A term passes 7
 *   roundings (rate itself, 1 - ly, the difference, times w, go, mask, rate), 2 more than an output's; they are counted
 *   as terms. Within a cell it does not depend on lx, and on ly with the slope (v11 - v10) - (v01 - v00): drift is that
 *   times the travel along y. Across an integer lx it jumps. Where float32 may take either cell (`reach`), or the
 *   position is not exact and lies within 1e-6 of an integer, either one-sided derivative is right: `jump` is what the
 *   other one has more. At an exact integer position only the right-hand one is.
 * - logit k of a softmax: p_k * (d_k - S), d the mask gradients and S = sum of p_j * d_j. All terms of all points take
 *   part: magnitude p_k * (|d_k| + S's sum of |terms|), drift p_k * (d_k's + sum of p_j * d_j's), 3 roundings more
 * (times p_j, the difference, times p_k). softness: p_k's relative error moves it by |d_k - S| * p_k * error, the p_j's
 * in S by p_k * sum of p_j * error_j * |terms of d_j|. In the other gradients softness is the mask's relative error
 * times the magnitude. It does not matter whether S is summed by points or as go * output.
 */
#ifndef DCN_ORACLE_ERROR_H
#define DCN_ORACLE_ERROR_H

#include "sample.h"

typedef struct dcn_oracle_error {
    double magnitude; /* sum of |terms| */
    double terms;     /* how many there are */
    double drift;     /* how far the result can move because float32 places points slightly off */
    double softness;  /* how far it can move because the softmax is evaluated in float32 */
    double underflow; /* how far it can move because numbers below 2^-126 may be flushed to zero */
    double jump;      /* the other one-sided derivative minus this one, where either is right; else 0 */
    bool may_be_nonfinite;
    bool must_be_nonfinite;
} dcn_oracle_error;

/* How well float32 can know a position along one axis. */
typedef struct dcn_oracle_precision {
    double error; /* of the fraction within a cell, in pixels; 0: it is exact */
    double reach; /* how close to an integer the neighbouring cell may be taken instead, or a point be judged to lie on
                     the other side of an edge */
} dcn_oracle_precision;

/* A point along one axis, with what float32 may make of it. */
typedef struct dcn_oracle_range {
    int64_t cell;       /* floor of the position */
    double fraction;    /* position - cell */
    int64_t low, high;  /* first and last pixel that may be taken for a corner, the image's edges ignored */
    int64_t left;       /* the first and the last cell */
    int64_t right;      /*     whose derivative is right */
    double travel;      /* how far off the evaluated position may be, in pixels */
    double rate;        /* as in dcn_oracle_axis */
    bool surely, maybe; /* inside (-1, extent) however the position is rounded; for some rounding of it */
} dcn_oracle_range;

typedef struct dcn_oracle_placed {
    dcn_oracle_image image;
    dcn_oracle_range x, y;
    double mask;
    double mask_error; /* relative error of the mask, absolute */
    bool softmax;      /* the mask comes from a softmax */
    bool counts;
} dcn_oracle_placed;

/* Bounds for the gradients of a point's stored numbers. */
typedef struct dcn_oracle_point_error {
    dcn_oracle_error x, y, mask;
} dcn_oracle_point_error;

/* Room for one head. */
typedef struct dcn_oracle_workspace {
    dcn_oracle_point *points;
    dcn_oracle_placed *placed;
    dcn_oracle_point_error *errors;
    double *scratch;
} dcn_oracle_workspace;

/* Room for heads of `count` points; false when there is no memory. In either case dcn_oracle_workspace_free() ends it.
 */
bool dcn_oracle_workspace_make(dcn_oracle_workspace *workspace, int64_t count);
void dcn_oracle_workspace_free(dcn_oracle_workspace *workspace);

/* A point with what float32 may make of it; its mask is taken for exact. */
dcn_oracle_placed dcn_oracle_place(const dcn_oracle_point *point, dcn_oracle_precision x, dcn_oracle_precision y);

/* Sets the masks' errors of a head whose masks come from a softmax. */
void dcn_oracle_place_softmax(const dcn_oracle_point *points, dcn_oracle_placed *placed, int64_t count);

/* One entry for each channel of a head's output. */
void dcn_oracle_head_errors(const dcn_oracle_placed *placed, int64_t count, int64_t channels, const double *value,
                            dcn_oracle_error *errors);

/* Adds a head's share to the entries of grad_value, which are laid out as the values are; they begin cleared, and are
 * finished once all heads are in. */
void dcn_oracle_errors_clear(dcn_oracle_error *errors, int64_t count);
void dcn_oracle_head_value_errors(const dcn_oracle_placed *placed, int64_t count, int64_t channels,
                                  const double *grad_output, dcn_oracle_error *errors);
void dcn_oracle_errors_finish(dcn_oracle_error *errors, int64_t count);

/* Fills `errors` of a workspace whose points are placed. */
void dcn_oracle_head_point_errors(dcn_oracle_workspace *workspace, int64_t count, int64_t channels, const double *value,
                                  const double *grad_output);

#endif
