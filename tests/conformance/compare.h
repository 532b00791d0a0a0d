/*
 * How results are judged against the float64 evaluation. Three tiers:
 *
 * EXACT. For cases made so that every product and every partial sum is a float32 number: the result must be the float64
 * value correctly rounded to the storage type, bit for bit (the sign of a zero aside), on every device and path.
 *
 * BOUNDED. For everything else. Any evaluation in float32, in any order, gives a number x with |x - exact| <= slack;
 * stored, it must lie between the roundings of exact - slack and exact + slack, since rounding is monotonic. With
 * u = 2^-24, slack is derived, not guessed:
 *
 *     slack = 1.001 * ( (terms + 5) u / (1 - (terms + 5) u) * magnitude + drift + softness ) + underflow
 *
 * - magnitude is the sum of |mask * weight * value| over the corners inside the image of the points that count, and
 *   terms their number. Each term passes at most 5 roundings (1 - lx, 1 - ly, their product, times mask, times value)
 *   and terms - 1 additions, whatever their order.
 * - drift is what the position's own error can move: for each point |mask| times, along each axis, the error of the
 *   in-cell fraction times the steepest change of the image in the cells it can fall into. With positions kept relative
 *   the fraction is good to 2^-24 at offset_scale 1 whatever the image's size, else to 2^-23 plus the rounding error of
 *   the scale times |offset|; it is exact where scale, offset and position are float32 numbers (oracle_error.c). The
 *   interpolated image is continuous, also at the cuts at -1, W and H where points stop to count, so that a point that
 *   falls on the other side of an integer or of a cut is covered by the same term.
 * - softness is the same for the softmax: p_k's relative error is at most (points + 24 + 2 |logit_k - largest| + the
 *   mean of that over the points) u.
 * - underflow allows numbers below 2^-126 to be flushed to zero.
 * - A gradient has parts of the same kind, which oracle/error.h derives. An offset's gradient jumps at integers; where
 *   either one-sided derivative is right, the result may lie within slack of the other one, exact + jump, instead.
 * - 1.001 covers products of two of these errors.
 *
 * A NaN or infinity is allowed only where one of the value's non-finite pixels is a corner of a counting point, or a
 * counting point's mask is not finite, or a partial sum may overflow; it is required where such a mask or such a pixel
 * has a clear weight. Everywhere else it is a failure.
 *
 * NORM. For files with a stored float64 evaluation: ||result - float64|| / ||float64|| stays below a limit:
 *
 *                                    float32  float16  bfloat16
 *     outputs                           3e-7   2.4e-4    1.9e-3
 *     gradients                         3e-7   2.5e-4      2e-3
 *     gradients of locations            3e-7     3e-4      2e-3
 *
 * Locations are those of attention; their gradients differ in size from level to level.
 */
#ifndef DCN_CONFORMANCE_COMPARE_H
#define DCN_CONFORMANCE_COMPARE_H

#include "operators.h"

/* The outcome for one result tensor. */
typedef struct dcn_verdict {
    uint64_t wrong;   /* elements outside what is allowed */
    uint64_t worst;   /* index of the worst of them */
    double result;    /* that element */
    double expected;  /* its float64 value */
    double allowed;   /* its slack; 0 in the exact tier */
    const char *what; /* what is wrong with it */
} dcn_verdict;

/* EXACT or BOUNDED; `exact` says which. `expected` and `result` have `count` elements. */
dcn_verdict dcn_compare_elements(const dcn_expected *expected, dcn_element storage, const void *result, uint64_t count,
                                 bool exact);

/* The slack of one element from its parts, in the notation above. */
double dcn_compare_slack(double magnitude, double terms, double drift, double softness, double underflow);

typedef struct dcn_norm {
    double largest;   /* largest |result - reference|; infinity where only one of them is finite */
    uint64_t index;   /* and where it is */
    double relative;  /* ||result - reference|| / ||reference|| */
    double reference; /* ||reference|| */
} dcn_norm;

/* NORM, against values in double. An element whose reference rounds to what is stored, infinity and NaN included,
 * counts as right. */
dcn_norm dcn_compare_norm(const double *reference, dcn_element storage, const void *result, uint64_t count);

/* The limit on dcn_norm::relative, for outputs and for any result. */
double dcn_compare_limit(dcn_element storage);
double dcn_compare_limit_of(dcn_tolerance tolerance, dcn_element storage);

/* For NORM: adds the jump to those of the reference's elements that are nearer to the result with it. */
void dcn_compare_take_sides(const dcn_expected *expected, dcn_element storage, const void *result, uint64_t count,
                            double *reference);

/* How many elements differ in their bits. */
uint64_t dcn_compare_bits(dcn_element storage, const void *left, const void *right, uint64_t count);

#endif
