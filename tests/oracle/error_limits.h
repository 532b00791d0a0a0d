/* What error.c and error_gradient.c share. */
#ifndef DCN_ORACLE_ERROR_LIMITS_H
#define DCN_ORACLE_ERROR_LIMITS_H

#include <float.h>
#include <math.h>

#include "error.h"

/* Unit roundoff and smallest normal number of float32. */
#define ROUNDOFF        0x1p-24
#define SMALLEST_NORMAL 0x1p-126
/* Below this, one product or partial sum cannot overflow float32. */
#define SAFE_MAGNITUDE 0x1p126
/* What a non-finite number is multiplied with is above these: it must show, whatever is flushed or rounded. */
#define CLEAR_WEIGHT 0x1p-20
#define CLEAR_FACTOR 0x1p-60

static inline bool is_finite(double value)
{
    return fabs(value) <= DBL_MAX;
}

static inline bool is_float32(double value)
{
    return (double)(float)value == value;
}

/* How far `factor` times channel c interpolated at the point can move with the position; `nonfinite` is set where a
 * pixel that may be taken for a corner is not finite or may overflow. */
double dcn_oracle_drift(const dcn_oracle_placed *p, const double *value, int64_t c, double factor, bool *nonfinite);

#endif
