/* Placing points, and the bounds of outputs. */
#include "error.h"

#include <stdlib.h>

#include "error_limits.h"

/* Closer to an integer than this, either one-sided derivative is right unless the position is exact. */
#define EITHER_SIDE 1e-6

bool dcn_oracle_workspace_make(dcn_oracle_workspace *workspace, int64_t count)
{
    size_t room = (size_t)count + 1;
    workspace->points = calloc(room, sizeof *workspace->points);
    workspace->placed = calloc(room, sizeof *workspace->placed);
    workspace->errors = calloc(room, sizeof *workspace->errors);
    workspace->scratch = calloc(room, sizeof *workspace->scratch);
    return workspace->points && workspace->placed && workspace->errors && workspace->scratch;
}

void dcn_oracle_workspace_free(dcn_oracle_workspace *workspace)
{
    free(workspace->points);
    free(workspace->placed);
    free(workspace->errors);
    free(workspace->scratch);
}

/*
 * Where the rounding of a position crosses an integer, the neighbouring cell is used, and extended a little: there the
 * distance covered counts once in each of the two cells.
 */
static dcn_oracle_range range_of(const dcn_oracle_axis *axis, dcn_oracle_precision precision, int64_t extent)
{
    dcn_oracle_range r = {.rate = axis->rate};
    double position = axis->position;
    double reach = precision.reach;
    r.surely = position > -1.0 + reach && position < (double)extent - reach;
    r.maybe = position > -1.0 - reach && position < (double)extent + reach;
    if (!r.maybe) {
        return r; /* also NaN and infinity, which must not reach the conversion below */
    }
    double side = precision.error > 0.0 ? fmax(reach, EITHER_SIDE) : 0.0;
    r.cell = (int64_t)floor(position);
    r.fraction = position - floor(position);
    r.low = r.cell - (r.fraction < reach ? 1 : 0);
    r.high = r.cell + 1 + (1.0 - r.fraction < reach ? 1 : 0);
    r.left = r.cell - (r.fraction < side ? 1 : 0);
    r.right = r.cell + (1.0 - r.fraction < side ? 1 : 0);
    r.travel = r.high - r.low > 1 ? 2.0 * reach : precision.error;
    return r;
}

dcn_oracle_placed dcn_oracle_place(const dcn_oracle_point *point, dcn_oracle_precision x, dcn_oracle_precision y)
{
    return (dcn_oracle_placed){
        .image = point->image,
        .x = range_of(&point->x, x, point->image.width),
        .y = range_of(&point->y, y, point->image.height),
        .mask = point->mask,
        .counts = point->counts,
    };
}

/*
 * Relative error of float32 softmax, in units of ROUNDOFF: logit - largest is rounded once (its error enters the
 * exponential with its own size, and once more where the exponential is made from exp2), exp has at most 3 ulp, the sum
 * adds count - 1 roundings and the mean error of its addends, the division has at most 2.5 ulp.
 */
void dcn_oracle_place_softmax(const dcn_oracle_point *points, dcn_oracle_placed *placed, int64_t count)
{
    double largest = -INFINITY;
    for (int64_t k = 0; k < count; k++) {
        largest = points[k].logit > largest ? points[k].logit : largest;
    }
    double mean = 0.0;
    for (int64_t k = 0; k < count; k++) {
        /* What lies further below the largest than this is smaller than SMALLEST_NORMAL. */
        placed[k].mask_error = 2.0 * fmin(largest - points[k].logit, 90.0);
        mean += points[k].mask > 0.0 ? points[k].mask * placed[k].mask_error : 0.0;
    }
    for (int64_t k = 0; k < count; k++) {
        placed[k].mask_error = (placed[k].mask_error + mean + (double)count + 24.0) * ROUNDOFF;
        placed[k].softmax = true;
    }
}

/* The corners as the definition has them: their share of the sum, and whether a non-finite one must show. */
static void add_corners(const dcn_oracle_placed *p, const double *value, int64_t c, dcn_oracle_error *e)
{
    double weighted = 0.0;
    for (int64_t corner = 0; corner < 4; corner++) {
        int64_t y = p->y.cell + corner / 2;
        int64_t x = p->x.cell + corner % 2;
        if (y < 0 || y >= p->image.height || x < 0 || x >= p->image.width) {
            continue;
        }
        double weight =
            (corner / 2 ? p->y.fraction : 1.0 - p->y.fraction) * (corner % 2 ? p->x.fraction : 1.0 - p->x.fraction);
        double pixel = fabs(dcn_oracle_pixel(&p->image, value, y, x, c));
        if (!is_finite(pixel)) {
            bool clear = weight > CLEAR_WEIGHT && fabs(p->mask) > CLEAR_FACTOR;
            e->must_be_nonfinite = e->must_be_nonfinite || (clear && p->x.surely && p->y.surely);
            continue;
        }
        e->terms += 1.0;
        weighted += weight * pixel;
        e->underflow += SMALLEST_NORMAL * (1.0 + fabs(p->mask)) * (1.0 + pixel);
    }
    e->magnitude += fabs(p->mask) * weighted;
    e->softness += fabs(p->mask) * weighted * p->mask_error;
}

double dcn_oracle_drift(const dcn_oracle_placed *p, const double *value, int64_t c, double factor, bool *nonfinite)
{
    double slope_x = 0.0;
    double slope_y = 0.0;
    for (int64_t y = p->y.low; y <= p->y.high; y++) {
        for (int64_t x = p->x.low; x <= p->x.high; x++) {
            double pixel = dcn_oracle_pixel(&p->image, value, y, x, c);
            if (!is_finite(pixel) || fabs(factor * pixel) > SAFE_MAGNITUDE) {
                *nonfinite = true;
            }
            if (x < p->x.high) {
                slope_x = fmax(slope_x, fabs(dcn_oracle_pixel(&p->image, value, y, x + 1, c) - pixel));
            }
            if (y < p->y.high) {
                slope_y = fmax(slope_y, fabs(dcn_oracle_pixel(&p->image, value, y + 1, x, c) - pixel));
            }
        }
    }
    return fabs(factor) * (p->x.travel * slope_x + p->y.travel * slope_y);
}

static dcn_oracle_error output_error(const dcn_oracle_placed *placed, int64_t count, const double *value, int64_t c)
{
    dcn_oracle_error e = {0};
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_placed *p = &placed[k];
        if (!p->x.maybe || !p->y.maybe) {
            continue;
        }
        if (!is_finite(p->mask)) {
            e.may_be_nonfinite = true;
            e.must_be_nonfinite = e.must_be_nonfinite || (!p->softmax && p->x.surely && p->y.surely);
            continue;
        }
        if (p->counts) {
            add_corners(p, value, c, &e);
        }
        e.drift += dcn_oracle_drift(p, value, c, p->mask, &e.may_be_nonfinite);
    }
    return e;
}

void dcn_oracle_errors_clear(dcn_oracle_error *errors, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        errors[i] = (dcn_oracle_error){0};
    }
}

void dcn_oracle_errors_finish(dcn_oracle_error *errors, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        dcn_oracle_error *e = &errors[i];
        e->may_be_nonfinite = e->may_be_nonfinite || e->must_be_nonfinite || !(e->magnitude <= SAFE_MAGNITUDE);
    }
}

void dcn_oracle_head_errors(const dcn_oracle_placed *placed, int64_t count, int64_t channels, const double *value,
                            dcn_oracle_error *errors)
{
    for (int64_t c = 0; c < channels; c++) {
        errors[c] = output_error(placed, count, value, c);
    }
    dcn_oracle_errors_finish(errors, channels);
}
