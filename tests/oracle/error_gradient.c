/* The bounds of gradients, which error.h derives. */
#include "error_limits.h"

/* Roundings of an offset's and of a logit's gradient beyond those of an output. */
#define OFFSET_ROUNDINGS 2.0
#define LOGIT_ROUNDINGS  3.0

/* The weight that a pixel has along an axis. */
static double weight_of(const dcn_oracle_range *range, int64_t pixel)
{
    double weight = pixel == range->cell ? 1.0 - range->fraction : pixel == range->cell + 1 ? range->fraction : 0.0;
    return weight;
}

static void add_share(const dcn_oracle_placed *p, double wy, double wx, double go, dcn_oracle_error *e)
{
    double factor = fabs(go * p->mask);
    if (!is_finite(go) || !is_finite(p->mask)) {
        bool clear = wx > CLEAR_WEIGHT && wy > CLEAR_WEIGHT && fabs(go) > CLEAR_FACTOR && fabs(p->mask) > CLEAR_FACTOR;
        e->may_be_nonfinite = true;
        e->must_be_nonfinite = e->must_be_nonfinite || (clear && !p->softmax && p->x.surely && p->y.surely);
        return;
    }
    double share = p->counts ? factor * wx * wy : 0.0;
    e->magnitude += share;
    e->terms += 1.0;
    e->drift += factor * (p->x.travel * (wy + p->y.travel) + p->y.travel * wx);
    e->softness += share * p->mask_error;
    e->underflow += SMALLEST_NORMAL * (1.0 + fabs(p->mask)) * (1.0 + fabs(go));
    e->may_be_nonfinite = e->may_be_nonfinite || factor > SAFE_MAGNITUDE;
}

void dcn_oracle_head_value_errors(const dcn_oracle_placed *placed, int64_t count, int64_t channels,
                                  const double *grad_output, dcn_oracle_error *errors)
{
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_placed *p = &placed[k];
        if (!p->x.maybe || !p->y.maybe) {
            continue;
        }
        for (int64_t y = p->y.low; y <= p->y.high; y++) {
            for (int64_t x = p->x.low; x <= p->x.high; x++) {
                if (y < 0 || y >= p->image.height || x < 0 || x >= p->image.width) {
                    continue;
                }
                dcn_oracle_error *at = errors + p->image.start + (y * p->image.width + x) * p->image.step;
                for (int64_t c = 0; c < channels; c++) {
                    add_share(p, weight_of(&p->y, y), weight_of(&p->x, x), grad_output[c], &at[c]);
                }
            }
        }
    }
}

/* The derivative of the head's sum along one axis, mask and rate left out, as one cell of that axis has it. */
typedef struct slope {
    double value;
    double magnitude;
    double bend; /* how fast it changes along the other axis */
    double underflow;
    bool may_be_nonfinite;
    bool must_be_nonfinite;
} slope;

/* Channel c of the pixel at `along` the derivative's axis and at `across`. */
static double pixel_on(const dcn_oracle_placed *p, bool vertical, const double *value, int64_t along, int64_t across,
                       int64_t c)
{
    return vertical ? dcn_oracle_pixel(&p->image, value, along, across, c)
                    : dcn_oracle_pixel(&p->image, value, across, along, c);
}

static void add_channel(const dcn_oracle_placed *p, bool vertical, const double *value, int64_t cell, int64_t c,
                        double go, slope *s)
{
    const dcn_oracle_range *other = vertical ? &p->x : &p->y;
    double before = 0.0;
    double bend = 0.0;
    for (int64_t at = other->low; at <= other->high; at++) {
        double v0 = pixel_on(p, vertical, value, cell, at, c);
        double v1 = pixel_on(p, vertical, value, cell + 1, at, c);
        double weight = weight_of(other, at);
        bool corner = at == other->cell || at == other->cell + 1;
        if (!is_finite(v0) || !is_finite(v1) || !is_finite(go)) {
            s->may_be_nonfinite = true;
            s->must_be_nonfinite = s->must_be_nonfinite || (corner && weight > CLEAR_WEIGHT && fabs(go) > CLEAR_FACTOR);
            continue;
        }
        s->may_be_nonfinite = s->may_be_nonfinite || (1.0 + fabs(go)) * (fabs(v0) + fabs(v1)) > SAFE_MAGNITUDE;
        s->value += corner ? go * weight * (v1 - v0) : 0.0;
        s->magnitude += corner ? fabs(go) * weight * (fabs(v0) + fabs(v1)) : 0.0;
        s->underflow += 2.0 * SMALLEST_NORMAL * (1.0 + fabs(go)) * (1.0 + fabs(v0) + fabs(v1));
        bend = at > other->low ? fmax(bend, fabs(v1 - v0 - before)) : bend;
        before = v1 - v0;
    }
    s->bend += is_finite(go) ? fabs(go) * bend : 0.0;
}

static slope slope_at(const dcn_oracle_placed *p, bool vertical, int64_t channels, const double *value,
                      const double *grad_output, int64_t cell)
{
    slope s = {0};
    for (int64_t c = 0; c < channels; c++) {
        add_channel(p, vertical, value, cell, c, grad_output[c], &s);
    }
    return s;
}

static dcn_oracle_error offset_error(const dcn_oracle_placed *p, bool vertical, int64_t channels, const double *value,
                                     const double *grad_output)
{
    const dcn_oracle_range *axis = vertical ? &p->y : &p->x;
    const dcn_oracle_range *other = vertical ? &p->x : &p->y;
    dcn_oracle_error e = {0};
    slope left = slope_at(p, vertical, channels, value, grad_output, axis->left);
    slope right = axis->right > axis->left ? slope_at(p, vertical, channels, value, grad_output, axis->right) : left;
    double factor = axis->rate * p->mask;
    bool surely = p->x.surely && p->y.surely && axis->left == axis->right;
    if (!is_finite(factor)) {
        e.may_be_nonfinite = true;
        e.must_be_nonfinite = surely && !p->softmax && axis->rate != 0.0 && fabs(left.value) > CLEAR_FACTOR;
        return e;
    }
    e.terms = 4.0 * (double)channels + OFFSET_ROUNDINGS;
    e.magnitude = fabs(factor) * fmax(left.magnitude, right.magnitude);
    e.softness = e.magnitude * p->mask_error;
    e.drift = fabs(factor) * other->travel * fmax(left.bend, right.bend);
    e.underflow = (1.0 + fabs(p->mask)) * (1.0 + fabs(axis->rate)) * fmax(left.underflow, right.underflow);
    if (axis->left < axis->right) {
        double here = !p->counts ? 0.0 : axis->cell == axis->left ? left.value : right.value;
        double other_side = fabs(left.value - here) > fabs(right.value - here) ? left.value : right.value;
        e.jump = factor * (other_side - here);
    }
    e.may_be_nonfinite = left.may_be_nonfinite || right.may_be_nonfinite;
    e.must_be_nonfinite = surely && left.must_be_nonfinite && fabs(factor) > CLEAR_FACTOR;
    return e;
}

/* With respect to the mask as used; `gradient` receives what of it is finite. */
static dcn_oracle_error mask_error(const dcn_oracle_placed *p, int64_t channels, const double *value,
                                   const double *grad_output, double *gradient)
{
    dcn_oracle_error e = {.terms = 4.0 * (double)channels};
    *gradient = 0.0;
    for (int64_t c = 0; c < channels; c++) {
        double go = grad_output[c];
        bool nonfinite = !is_finite(go);
        e.drift += dcn_oracle_drift(p, value, c, go, &nonfinite);
        e.may_be_nonfinite = e.may_be_nonfinite || nonfinite;
        for (int64_t corner = 0; corner < 4; corner++) {
            int64_t y = p->y.cell + corner / 2;
            int64_t x = p->x.cell + corner % 2;
            double weight = weight_of(&p->y, y) * weight_of(&p->x, x);
            double pixel = dcn_oracle_pixel(&p->image, value, y, x, c);
            if (is_finite(pixel) && is_finite(go)) {
                *gradient += p->counts ? go * weight * pixel : 0.0;
                e.magnitude += fabs(go) * weight * fabs(pixel);
                e.underflow += SMALLEST_NORMAL * (1.0 + fabs(go)) * (1.0 + fabs(pixel));
            } else if (weight > CLEAR_WEIGHT && fabs(go) > CLEAR_FACTOR) {
                e.must_be_nonfinite = p->x.surely && p->y.surely;
            }
        }
    }
    return e;
}

/* Bounds of mask gradients become those of logit gradients; `gradients` are the mask gradients themselves. */
static void soften(const dcn_oracle_placed *placed, int64_t count, const double *gradients,
                   dcn_oracle_point_error *errors)
{
    dcn_oracle_error all = {0};
    double mean = 0.0;
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_error *e = &errors[k].mask;
        double mask = placed[k].mask;
        mean += mask * gradients[k];
        all.magnitude += mask * e->magnitude;
        all.terms += e->terms;
        all.drift += mask * e->drift;
        all.softness += mask * placed[k].mask_error * e->magnitude;
        all.underflow += (1.0 + mask) * e->underflow + SMALLEST_NORMAL * (1.0 + e->magnitude);
        all.may_be_nonfinite = all.may_be_nonfinite || e->may_be_nonfinite || !is_finite(mask);
    }
    for (int64_t k = 0; k < count; k++) {
        dcn_oracle_error *e = &errors[k].mask;
        double mask = placed[k].mask;
        e->softness = mask * (placed[k].mask_error * fabs(gradients[k] - mean) + all.softness);
        e->magnitude = mask * (e->magnitude + all.magnitude);
        e->terms = all.terms > 0.0 ? all.terms + LOGIT_ROUNDINGS : 0.0;
        e->drift = mask * (e->drift + all.drift);
        e->underflow = all.underflow;
        e->may_be_nonfinite = all.may_be_nonfinite;
        e->must_be_nonfinite = false;
    }
}

void dcn_oracle_head_point_errors(dcn_oracle_workspace *workspace, int64_t count, int64_t channels, const double *value,
                                  const double *grad_output)
{
    const dcn_oracle_placed *placed = workspace->placed;
    dcn_oracle_point_error *errors = workspace->errors;
    double *gradients = workspace->scratch;
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_placed *p = &placed[k];
        errors[k] = (dcn_oracle_point_error){0};
        gradients[k] = 0.0;
        if (p->x.maybe && p->y.maybe) {
            errors[k].x = offset_error(p, false, channels, value, grad_output);
            errors[k].y = offset_error(p, true, channels, value, grad_output);
            errors[k].mask = mask_error(p, channels, value, grad_output, &gradients[k]);
        }
    }
    if (count > 0 && placed[0].softmax) {
        soften(placed, count, gradients, errors);
    }
    for (int64_t k = 0; k < count; k++) {
        dcn_oracle_errors_finish(&errors[k].x, 1);
        dcn_oracle_errors_finish(&errors[k].y, 1);
        dcn_oracle_errors_finish(&errors[k].mask, 1);
    }
}
