/* The bounds of compare.h for the operators that sample a grid. */
#include "oracle.h"

#include <math.h>

#include "error_limits.h"

/*
 * float32 evaluation splits scale * grid = I + f at plan time, the scale into floats s and r, and takes t = r * offset
 * + f, n = floor(s * offset + t) and the fraction s * offset - n + t. If scale, f, scale * offset and the position
 * itself are float32 numbers, all of it is exact. Otherwise the fraction carries what s and r leave of the scale times
 * the offset, and roundings of numbers of about 1 at most: one at scale 1 (two where weights are taken from the cell's
 * other side), else up to four of half a unit roundoff, and a fifth where r is not 0.
 */
static dcn_oracle_precision precision_of(const dcn_oracle_axis *axis)
{
    double scale = axis->rate;
    double scaled_grid = scale * (double)axis->grid;
    double f = scaled_grid - floor(scaled_grid);
    double moved = scale * axis->stored;
    if (is_float32(scale) && is_float32(f) && is_float32(moved) && is_float32(moved + f) &&
        is_float32(axis->position)) {
        return (dcn_oracle_precision){0.0, 0.0};
    }
    double scale_error = is_float32(scale) ? 0.0 : 0x1p-48 * fabs(moved);
    double roundings = scale == 1.0 ? 1.0 : is_float32(scale) ? 2.0 : 2.5;
    double error = scale_error + roundings * ROUNDOFF + fabs(axis->position) * 0x1p-50;
    return (dcn_oracle_precision){
        .error = error,
        .reach = error + (scale == 1.0 ? 0.0 : ROUNDOFF * (fabs(moved) + 1.0)),
    };
}

static void place_head(const dcn_oracle_dcnv4 *op, const dcn_oracle_dcnv4_head *head, dcn_oracle_workspace *w,
                       int64_t count)
{
    dcn_oracle_dcnv4_locate(op, head, w->points);
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_point *p = &w->points[k];
        w->placed[k] = dcn_oracle_place(p, precision_of(&p->x), precision_of(&p->y));
    }
    if (op->softmax) {
        dcn_oracle_place_softmax(w->points, w->placed, count);
    }
}

bool dcn_oracle_dcnv4_errors(const dcn_oracle_dcnv4 *op, dcn_oracle_error *errors)
{
    int64_t count = dcn_oracle_dcnv4_points(op);
    dcn_oracle_workspace w;
    bool good = dcn_oracle_workspace_make(&w, count);
    for (int64_t h = 0; good && h < dcn_oracle_dcnv4_heads(op); h++) {
        dcn_oracle_dcnv4_head head = dcn_oracle_dcnv4_head_at(op, h);
        place_head(op, &head, &w, count);
        dcn_oracle_head_errors(w.placed, count, op->group_channels, op->value, errors + head.output);
    }
    dcn_oracle_workspace_free(&w);
    return good;
}

bool dcn_oracle_dcnv4_backward_errors(const dcn_oracle_dcnv4 *op, dcn_oracle_error *value,
                                      dcn_oracle_error *offset_mask, dcn_oracle_error *mask)
{
    int64_t count = dcn_oracle_dcnv4_points(op);
    dcn_oracle_error *masks = op->mask ? mask : offset_mask;
    dcn_oracle_workspace w;
    bool good = dcn_oracle_workspace_make(&w, count);
    dcn_oracle_errors_clear(value, dcn_oracle_dcnv4_value_count(op));
    dcn_oracle_errors_clear(offset_mask, dcn_oracle_dcnv4_offset_count(op));
    for (int64_t h = 0; good && h < dcn_oracle_dcnv4_heads(op); h++) {
        dcn_oracle_dcnv4_head head = dcn_oracle_dcnv4_head_at(op, h);
        const double *grad_output = op->grad_output + head.output;
        place_head(op, &head, &w, count);
        dcn_oracle_head_value_errors(w.placed, count, op->group_channels, grad_output, value);
        dcn_oracle_head_point_errors(&w, count, op->group_channels, op->value, grad_output);
        for (int64_t k = 0; k < count; k++) {
            offset_mask[head.offsets + 2 * k] = w.errors[k].x;
            offset_mask[head.offsets + 2 * k + 1] = w.errors[k].y;
            masks[head.masks + k] = w.errors[k].mask;
        }
    }
    dcn_oracle_errors_finish(value, dcn_oracle_dcnv4_value_count(op));
    dcn_oracle_workspace_free(&w);
    return good;
}
