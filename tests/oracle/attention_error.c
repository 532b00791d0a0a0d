/* The bounds of compare.h for multi-scale deformable attention. */
#include "attention.h"

#include <math.h>

#include "error_limits.h"

/*
 * float32 evaluation takes the cell from x * W - 0.5, two roundings of numbers as large as the position, and then the
 * fraction as fma(x, W, -cell) - 0.5: one rounding of a number below 2, since the subtraction is exact.
 */
static dcn_oracle_precision precision_of(const dcn_oracle_axis *axis)
{
    double moved = axis->stored * axis->rate;
    if (is_float32(moved) && is_float32(axis->position) && is_float32(moved - floor(axis->position))) {
        return (dcn_oracle_precision){0.0, 0.0};
    }
    double error = ROUNDOFF + fabs(axis->position) * 0x1p-50;
    return (dcn_oracle_precision){
        .error = error,
        .reach = error + ROUNDOFF * (fabs(moved) + fabs(axis->position)),
    };
}

static void place_head(const dcn_oracle_attention *op, int64_t head, dcn_oracle_workspace *w, int64_t count)
{
    dcn_oracle_attention_locate(op, head, w->points);
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_point *p = &w->points[k];
        w->placed[k] = dcn_oracle_place(p, precision_of(&p->x), precision_of(&p->y));
    }
    dcn_oracle_place_softmax(w->points, w->placed, count);
}

bool dcn_oracle_attention_errors(const dcn_oracle_attention *op, dcn_oracle_error *errors)
{
    int64_t count = op->levels * op->points;
    dcn_oracle_workspace w;
    bool good = dcn_oracle_workspace_make(&w, count);
    for (int64_t head = 0; good && head < op->batch * op->queries * op->group; head++) {
        place_head(op, head, &w, count);
        dcn_oracle_head_errors(w.placed, count, op->group_channels, op->value, errors + head * op->group_channels);
    }
    dcn_oracle_workspace_free(&w);
    return good;
}

bool dcn_oracle_attention_backward_errors(const dcn_oracle_attention *op, dcn_oracle_error *value,
                                          dcn_oracle_error *sampling)
{
    int64_t count = op->levels * op->points;
    int64_t values = op->batch * op->pixels * op->group * op->group_channels;
    dcn_oracle_workspace w;
    bool good = dcn_oracle_workspace_make(&w, count);
    dcn_oracle_errors_clear(value, values);
    for (int64_t head = 0; good && head < op->batch * op->queries * op->group; head++) {
        const double *grad_output = op->grad_output + head * op->group_channels;
        place_head(op, head, &w, count);
        dcn_oracle_head_value_errors(w.placed, count, op->group_channels, grad_output, value);
        dcn_oracle_head_point_errors(&w, count, op->group_channels, op->value, grad_output);
        for (int64_t k = 0; k < count; k++) {
            *sampling++ = w.errors[k].x;
            *sampling++ = w.errors[k].y;
        }
        for (int64_t k = 0; k < count; k++) {
            *sampling++ = w.errors[k].mask;
        }
    }
    dcn_oracle_errors_finish(value, values);
    dcn_oracle_workspace_free(&w);
    return good;
}
