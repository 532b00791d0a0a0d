#include "oracle.h"

#include <stdlib.h>

int64_t dcn_oracle_dcnv4_points(const dcn_oracle_dcnv4 *op)
{
    return op->kernel_h * op->kernel_w - (op->remove_center ? 1 : 0);
}

static int64_t offset_row(const dcn_oracle_dcnv4 *op)
{
    return op->mask ? op->group * dcn_oracle_dcnv4_points(op) * 2 : op->row;
}

static int64_t out_pixels(const dcn_oracle_dcnv4 *op)
{
    return op->batch * op->out_height * op->out_width;
}

int64_t dcn_oracle_dcnv4_value_count(const dcn_oracle_dcnv4 *op)
{
    return op->batch * op->height * op->width * op->group * op->group_channels;
}

int64_t dcn_oracle_dcnv4_offset_count(const dcn_oracle_dcnv4 *op)
{
    return out_pixels(op) * offset_row(op);
}

int64_t dcn_oracle_dcnv4_mask_count(const dcn_oracle_dcnv4 *op)
{
    return op->mask ? out_pixels(op) * op->group * dcn_oracle_dcnv4_points(op) : 0;
}

int64_t dcn_oracle_dcnv4_heads(const dcn_oracle_dcnv4 *op)
{
    return out_pixels(op) * op->group;
}

dcn_oracle_dcnv4_head dcn_oracle_dcnv4_head_at(const dcn_oracle_dcnv4 *op, int64_t index)
{
    int64_t points = dcn_oracle_dcnv4_points(op);
    int64_t pixel = index / op->group;
    dcn_oracle_dcnv4_head head = {
        .n = pixel / op->out_width / op->out_height,
        .oy = pixel / op->out_width % op->out_height,
        .ox = pixel % op->out_width,
        .g = index % op->group,
        .output = index * op->group_channels,
    };
    if (op->mask) {
        head.offsets = index * points * 2;
        head.masks = index * points;
    } else {
        head.offsets = pixel * op->row + head.g * points * 3;
        head.masks = head.offsets + points * 2;
    }
    return head;
}

void dcn_oracle_dcnv4_locate(const dcn_oracle_dcnv4 *op, const dcn_oracle_dcnv4_head *head, dcn_oracle_point *points)
{
    const double *offsets = op->offset_mask + head->offsets;
    const double *masks = (op->mask ? op->mask : op->offset_mask) + head->masks;
    const dcn_oracle_image image = {
        .start = (head->n * op->height * op->width * op->group + head->g) * op->group_channels,
        .step = op->group * op->group_channels,
        .height = op->height,
        .width = op->width,
    };
    int64_t center_w = (op->dilation_w * (op->kernel_w - 1)) / 2;
    int64_t center_h = (op->dilation_h * (op->kernel_h - 1)) / 2;
    double origin_x = (double)(head->ox * op->stride_w - op->pad_w + center_w);
    double origin_y = (double)(head->oy * op->stride_h - op->pad_h + center_h);
    int64_t k = 0;
    for (int64_t i = 0; i < op->kernel_w; i++) {
        for (int64_t j = 0; j < op->kernel_h; j++) {
            if (op->remove_center && i == op->kernel_w / 2 && j == op->kernel_h / 2) {
                continue;
            }
            dcn_oracle_point *p = &points[k];
            p->image = image;
            p->x = (dcn_oracle_axis){.stored = offsets[2 * k], .rate = op->offset_scale};
            p->y = (dcn_oracle_axis){.stored = offsets[2 * k + 1], .rate = op->offset_scale};
            p->x.grid = i * op->dilation_w - center_w;
            p->y.grid = j * op->dilation_h - center_h;
            p->x.position = origin_x + op->offset_scale * ((double)p->x.grid + p->x.stored);
            p->y.position = origin_y + op->offset_scale * ((double)p->y.grid + p->y.stored);
            p->logit = p->mask = masks[k];
            dcn_oracle_point_test(p);
            k++;
        }
    }
    if (op->softmax) {
        dcn_oracle_softmax(points, k);
    }
}

bool dcn_oracle_dcnv4_forward(const dcn_oracle_dcnv4 *op, double *output)
{
    int64_t count = dcn_oracle_dcnv4_points(op);
    dcn_oracle_point *points = calloc((size_t)count + 1, sizeof *points);
    for (int64_t h = 0; points && h < dcn_oracle_dcnv4_heads(op); h++) {
        dcn_oracle_dcnv4_head head = dcn_oracle_dcnv4_head_at(op, h);
        dcn_oracle_dcnv4_locate(op, &head, points);
        dcn_oracle_head_forward(points, count, op->group_channels, op->value, output + head.output);
    }
    free(points);
    return points != NULL;
}

static void clear(double *numbers, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        numbers[i] = 0.0;
    }
}

bool dcn_oracle_dcnv4_backward(const dcn_oracle_dcnv4 *op, double *value, double *offset_mask, double *mask)
{
    int64_t count = dcn_oracle_dcnv4_points(op);
    dcn_oracle_point *points = calloc((size_t)count + 1, sizeof *points);
    dcn_oracle_point_gradient *gradients = calloc((size_t)count + 1, sizeof *gradients);
    bool good = points && gradients;
    clear(value, dcn_oracle_dcnv4_value_count(op));
    clear(offset_mask, dcn_oracle_dcnv4_offset_count(op));
    double *masks = op->mask ? mask : offset_mask;
    for (int64_t h = 0; good && h < dcn_oracle_dcnv4_heads(op); h++) {
        dcn_oracle_dcnv4_head head = dcn_oracle_dcnv4_head_at(op, h);
        dcn_oracle_dcnv4_locate(op, &head, points);
        dcn_oracle_head_backward(points, count, op->group_channels, op->softmax, op->value,
                                 op->grad_output + head.output, value, gradients);
        for (int64_t k = 0; k < count; k++) {
            offset_mask[head.offsets + 2 * k] = gradients[k].x;
            offset_mask[head.offsets + 2 * k + 1] = gradients[k].y;
            masks[head.masks + k] = gradients[k].mask;
        }
    }
    free(points);
    free(gradients);
    return good;
}
