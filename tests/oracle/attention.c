#include "attention.h"

#include <stdlib.h>

void dcn_oracle_attention_locate(const dcn_oracle_attention *op, int64_t index, dcn_oracle_point *points)
{
    int64_t count = op->levels * op->points;
    const double *locations = op->sampling + index * count * 3;
    const double *logits = locations + count * 2;
    int64_t g = index % op->group;
    int64_t n = index / op->group / op->queries;
    for (int64_t k = 0; k < count; k++) {
        int64_t level = k / op->points;
        int64_t height = op->spatial_shapes[2 * level];
        int64_t width = op->spatial_shapes[2 * level + 1];
        int64_t first_row = n * op->pixels + op->level_start_index[level];
        dcn_oracle_point *p = &points[k];
        p->image = (dcn_oracle_image){
            .start = (first_row * op->group + g) * op->group_channels,
            .step = op->group * op->group_channels,
            .height = height,
            .width = width,
        };
        p->x = (dcn_oracle_axis){.stored = locations[2 * k], .rate = (double)width};
        p->y = (dcn_oracle_axis){.stored = locations[2 * k + 1], .rate = (double)height};
        p->x.position = p->x.stored * (double)width - 0.5;
        p->y.position = p->y.stored * (double)height - 0.5;
        p->logit = logits[k];
        dcn_oracle_point_test(p);
    }
    dcn_oracle_softmax(points, count);
}

bool dcn_oracle_attention_forward(const dcn_oracle_attention *op, double *output)
{
    int64_t count = op->levels * op->points;
    dcn_oracle_point *points = calloc((size_t)count + 1, sizeof *points);
    for (int64_t head = 0; points && head < op->batch * op->queries * op->group; head++) {
        dcn_oracle_attention_locate(op, head, points);
        dcn_oracle_head_forward(points, count, op->group_channels, op->value, output + head * op->group_channels);
    }
    free(points);
    return points != NULL;
}

bool dcn_oracle_attention_backward(const dcn_oracle_attention *op, double *value, double *sampling)
{
    int64_t count = op->levels * op->points;
    dcn_oracle_point *points = calloc((size_t)count + 1, sizeof *points);
    dcn_oracle_point_gradient *gradients = calloc((size_t)count + 1, sizeof *gradients);
    bool good = points && gradients;
    for (int64_t i = 0; i < op->batch * op->pixels * op->group * op->group_channels; i++) {
        value[i] = 0.0;
    }
    for (int64_t head = 0; good && head < op->batch * op->queries * op->group; head++) {
        dcn_oracle_attention_locate(op, head, points);
        dcn_oracle_head_backward(points, count, op->group_channels, true, op->value,
                                 op->grad_output + head * op->group_channels, value, gradients);
        for (int64_t k = 0; k < count; k++) {
            *sampling++ = gradients[k].x;
            *sampling++ = gradients[k].y;
        }
        for (int64_t k = 0; k < count; k++) {
            *sampling++ = gradients[k].mask;
        }
    }
    free(points);
    free(gradients);
    return good;
}
