/* The numbers that the bound of compare.h is made of, for the sampling core of DCNv4. */
#include "oracle.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Unit roundoff and smallest normal number of float32. */
#define ROUNDOFF        0x1p-24
#define SMALLEST_NORMAL 0x1p-126
/* Below this, one product or partial sum cannot overflow float32. */
#define SAFE_MAGNITUDE 0x1p126

/* A point along one axis, with what float32 may make of it. */
typedef struct axis {
    int64_t cell;       /* floor of the position */
    double fraction;    /* position - cell */
    int64_t low, high;  /* first and last pixel that may be taken for a corner, the image's edges ignored */
    double travel;      /* how far off the evaluated position may be, in pixels */
    bool surely, maybe; /* inside (-1, extent) however the position is rounded; for some rounding of it */
} axis;

static bool is_finite(double value)
{
    return fabs(value) <= DBL_MAX;
}

static bool is_float32(double value)
{
    return (double)(float)value == value;
}

/*
 * float32 evaluation splits scale * grid = I + f at plan time and takes n = floor(scale * offset + f) and the fraction
 * scale * offset - n + f. If scale, f, scale * offset and the position itself are float32 numbers, all of it is exact.
 * Otherwise the fraction carries the scale's own error times the offset, and roundings of numbers of at most 1: one at
 * scale 1 (two where weights are taken from the cell's other side), up to four of half a unit roundoff else. Where
 * the rounding of scale * offset + f crosses an integer, the neighbouring cell is used, and extended a little: there
 * the distance covered counts once in each of the two cells.
 */
static axis place(double position, double scale, double offset, int64_t grid, int64_t extent)
{
    axis a = {0};
    double scaled_grid = scale * (double)grid;
    double f = scaled_grid - floor(scaled_grid);
    double moved = scale * offset;
    bool exact =
        is_float32(scale) && is_float32(f) && is_float32(moved) && is_float32(moved + f) && is_float32(position);
    double error = 0.0;
    double reach = 0.0;
    if (!exact) {
        double scale_error = fabs((double)(float)scale - scale) * fabs(offset);
        error = scale_error + (scale == 1.0 ? 1.0 : 2.0) * ROUNDOFF + fabs(position) * 0x1p-50;
        reach = error + (scale == 1.0 ? 0.0 : ROUNDOFF * (fabs(moved) + 1.0));
    }
    a.surely = position > -1.0 + reach && position < (double)extent - reach;
    a.maybe = position > -1.0 - reach && position < (double)extent + reach;
    if (!a.maybe) {
        return a; /* also NaN and infinity, which must not reach the conversion below */
    }
    a.cell = (int64_t)floor(position);
    a.fraction = position - floor(position);
    a.low = a.cell - (a.fraction < reach ? 1 : 0);
    a.high = a.cell + 1 + (1.0 - a.fraction < reach ? 1 : 0);
    a.travel = a.high - a.low > 1 ? 2.0 * reach : error;
    return a;
}

typedef struct placed {
    axis x, y;
    double mask;
    double softmax_error; /* relative error of the mask, in units of ROUNDOFF */
    bool counts;
} placed;

/*
 * Relative error of float32 softmax: logit - largest is rounded once (its error enters the exponential with its own
 * size, and once more where the exponential is made from exp2), exp has at most 3 ulp, the sum adds count - 1 roundings
 * and the mean error of its addends, the division has at most 2.5 ulp.
 */
static void softmax_errors(const dcn_oracle_point *points, placed *out, int64_t count)
{
    double largest = -INFINITY;
    for (int64_t k = 0; k < count; k++) {
        largest = points[k].logit > largest ? points[k].logit : largest;
    }
    double mean = 0.0;
    for (int64_t k = 0; k < count; k++) {
        /* What lies further below the largest than this is smaller than SMALLEST_NORMAL. */
        out[k].softmax_error = 2.0 * fmin(largest - points[k].logit, 90.0);
        mean += points[k].mask > 0.0 ? points[k].mask * out[k].softmax_error : 0.0;
    }
    for (int64_t k = 0; k < count; k++) {
        out[k].softmax_error += mean + (double)count + 24.0;
    }
}

static void place_all(const dcn_oracle_dcnv4 *op, const dcn_oracle_point *points, placed *out, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_point *p = &points[k];
        out[k].x = place(p->x, op->offset_scale, p->offset_x, p->column, op->width);
        out[k].y = place(p->y, op->offset_scale, p->offset_y, p->line, op->height);
        out[k].mask = p->mask;
        out[k].counts = p->counts;
        out[k].softmax_error = 0.0;
    }
    if (op->softmax) {
        softmax_errors(points, out, count);
    }
}

/* The corners as the definition has them: their share of the sum, and whether a non-finite one must show. */
static void add_corners(const dcn_oracle_dcnv4 *op, const placed *p, int64_t n, int64_t c, dcn_oracle_error *e)
{
    double weighted = 0.0;
    for (int64_t corner = 0; corner < 4; corner++) {
        int64_t y = p->y.cell + corner / 2;
        int64_t x = p->x.cell + corner % 2;
        if (y < 0 || y >= op->height || x < 0 || x >= op->width) {
            continue;
        }
        double weight =
            (corner / 2 ? p->y.fraction : 1.0 - p->y.fraction) * (corner % 2 ? p->x.fraction : 1.0 - p->x.fraction);
        double value = fabs(dcn_oracle_dcnv4_pixel(op, n, y, x, c));
        if (!is_finite(value)) {
            bool clear = weight > 0x1p-20 && fabs(p->mask) > 0x1p-60;
            e->must_be_nonfinite = e->must_be_nonfinite || (clear && p->x.surely && p->y.surely);
            continue;
        }
        e->terms += 1.0;
        weighted += weight * value;
        e->underflow += SMALLEST_NORMAL * (1.0 + fabs(p->mask)) * (1.0 + value);
    }
    e->magnitude += fabs(p->mask) * weighted;
    e->softness += fabs(p->mask) * weighted * p->softmax_error * ROUNDOFF;
}

/* The pixels that may be taken for corners: how fast the interpolated image changes there, and what may leak in. */
static void add_surroundings(const dcn_oracle_dcnv4 *op, const placed *p, int64_t n, int64_t c, dcn_oracle_error *e)
{
    double slope_x = 0.0;
    double slope_y = 0.0;
    for (int64_t y = p->y.low; y <= p->y.high; y++) {
        for (int64_t x = p->x.low; x <= p->x.high; x++) {
            double value = dcn_oracle_dcnv4_pixel(op, n, y, x, c);
            if (!is_finite(value) || fabs(p->mask * value) > SAFE_MAGNITUDE) {
                e->may_be_nonfinite = true;
            }
            if (x < p->x.high) {
                slope_x = fmax(slope_x, fabs(dcn_oracle_dcnv4_pixel(op, n, y, x + 1, c) - value));
            }
            if (y < p->y.high) {
                slope_y = fmax(slope_y, fabs(dcn_oracle_dcnv4_pixel(op, n, y + 1, x, c) - value));
            }
        }
    }
    e->drift += fabs(p->mask) * (p->x.travel * slope_x + p->y.travel * slope_y);
}

static dcn_oracle_error element_error(const dcn_oracle_dcnv4 *op, const placed *points, int64_t count, int64_t n,
                                      int64_t c)
{
    dcn_oracle_error e = {0};
    for (int64_t k = 0; k < count; k++) {
        const placed *p = &points[k];
        if (!p->x.maybe || !p->y.maybe) {
            continue;
        }
        if (!is_finite(p->mask)) {
            e.may_be_nonfinite = true;
            e.must_be_nonfinite = e.must_be_nonfinite || (!op->softmax && p->x.surely && p->y.surely);
            continue;
        }
        if (p->counts) {
            add_corners(op, p, n, c, &e);
        }
        add_surroundings(op, p, n, c, &e);
    }
    e.may_be_nonfinite = e.may_be_nonfinite || e.must_be_nonfinite || e.magnitude > SAFE_MAGNITUDE;
    return e;
}

bool dcn_oracle_dcnv4_errors(const dcn_oracle_dcnv4 *op, dcn_oracle_error *errors)
{
    int64_t count = dcn_oracle_dcnv4_points(op);
    dcn_oracle_point *points = calloc((size_t)count + 1, sizeof *points);
    placed *placements = calloc((size_t)count + 1, sizeof *placements);
    int64_t pixels = points && placements ? op->batch * op->out_height * op->out_width : 0;
    for (int64_t q = 0; q < pixels; q++) {
        int64_t ox = q % op->out_width;
        int64_t oy = q / op->out_width % op->out_height;
        int64_t n = q / op->out_width / op->out_height;
        for (int64_t g = 0; g < op->group; g++) {
            dcn_oracle_dcnv4_locate(op, n, oy, ox, g, points);
            place_all(op, points, placements, count);
            for (int64_t d = 0; d < op->group_channels; d++) {
                *errors++ = element_error(op, placements, count, n, g * op->group_channels + d);
            }
        }
    }
    bool good = points && placements;
    free(points);
    free(placements);
    return good;
}
