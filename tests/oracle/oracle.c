#include "oracle.h"

#include <math.h>
#include <stdlib.h>

int64_t dcn_oracle_dcnv4_points(const dcn_oracle_dcnv4 *op)
{
    return op->kernel_h * op->kernel_w - (op->remove_center ? 1 : 0);
}

static void normalise(dcn_oracle_point *points, int64_t count)
{
    double largest = -INFINITY;
    for (int64_t k = 0; k < count; k++) {
        if (points[k].logit > largest) {
            largest = points[k].logit;
        }
    }
    double sum = 0.0;
    for (int64_t k = 0; k < count; k++) {
        points[k].mask = exp(points[k].logit - largest);
        sum += points[k].mask;
    }
    for (int64_t k = 0; k < count; k++) {
        points[k].mask /= sum;
    }
}

void dcn_oracle_dcnv4_locate(const dcn_oracle_dcnv4 *op, int64_t n, int64_t oy, int64_t ox, int64_t g,
                             dcn_oracle_point *points)
{
    int64_t count = dcn_oracle_dcnv4_points(op);
    const double *offsets =
        op->offset_mask + ((n * op->out_height + oy) * op->out_width + ox) * op->row + g * count * 3;
    const double *masks = offsets + 2 * count;
    int64_t center_w = (op->dilation_w * (op->kernel_w - 1)) / 2;
    int64_t center_h = (op->dilation_h * (op->kernel_h - 1)) / 2;
    double origin_x = (double)(ox * op->stride_w - op->pad_w + center_w);
    double origin_y = (double)(oy * op->stride_h - op->pad_h + center_h);
    int64_t k = 0;
    for (int64_t i = 0; i < op->kernel_w; i++) {
        for (int64_t j = 0; j < op->kernel_h; j++) {
            if (op->remove_center && i == op->kernel_w / 2 && j == op->kernel_h / 2) {
                continue;
            }
            dcn_oracle_point *p = &points[k];
            p->column = i * op->dilation_w - center_w;
            p->line = j * op->dilation_h - center_h;
            p->offset_x = offsets[2 * k];
            p->offset_y = offsets[2 * k + 1];
            p->x = origin_x + op->offset_scale * ((double)p->column + p->offset_x);
            p->y = origin_y + op->offset_scale * ((double)p->line + p->offset_y);
            p->logit = p->mask = masks[k];
            p->counts = p->x > -1.0 && p->y > -1.0 && p->x < (double)op->width && p->y < (double)op->height;
            k++;
        }
    }
    if (op->softmax) {
        normalise(points, count);
    }
}

double dcn_oracle_dcnv4_pixel(const dcn_oracle_dcnv4 *op, int64_t n, int64_t y, int64_t x, int64_t c)
{
    if (y < 0 || y >= op->height || x < 0 || x >= op->width) {
        return 0.0;
    }
    return op->value[((n * op->height + y) * op->width + x) * op->group * op->group_channels + c];
}

static double bilinear(const dcn_oracle_dcnv4 *op, int64_t n, double y, double x, int64_t c)
{
    double floor_x = floor(x);
    double floor_y = floor(y);
    double lx = x - floor_x;
    double ly = y - floor_y;
    int64_t x0 = (int64_t)floor_x;
    int64_t y0 = (int64_t)floor_y;
    return (1.0 - ly) * (1.0 - lx) * dcn_oracle_dcnv4_pixel(op, n, y0, x0, c) +
           (1.0 - ly) * lx * dcn_oracle_dcnv4_pixel(op, n, y0, x0 + 1, c) +
           ly * (1.0 - lx) * dcn_oracle_dcnv4_pixel(op, n, y0 + 1, x0, c) +
           ly * lx * dcn_oracle_dcnv4_pixel(op, n, y0 + 1, x0 + 1, c);
}

static void group_output(const dcn_oracle_dcnv4 *op, int64_t n, int64_t g, const dcn_oracle_point *points,
                         double *output)
{
    int64_t count = dcn_oracle_dcnv4_points(op);
    for (int64_t d = 0; d < op->group_channels; d++) {
        double sum = 0.0;
        for (int64_t k = 0; k < count; k++) {
            if (points[k].counts) {
                sum += points[k].mask * bilinear(op, n, points[k].y, points[k].x, g * op->group_channels + d);
            }
        }
        output[d] = sum;
    }
}

bool dcn_oracle_dcnv4_forward(const dcn_oracle_dcnv4 *op, double *output)
{
    dcn_oracle_point *points = calloc((size_t)dcn_oracle_dcnv4_points(op) + 1, sizeof *points);
    if (!points) {
        return false;
    }
    for (int64_t n = 0; n < op->batch; n++) {
        for (int64_t oy = 0; oy < op->out_height; oy++) {
            for (int64_t ox = 0; ox < op->out_width; ox++) {
                for (int64_t g = 0; g < op->group; g++) {
                    dcn_oracle_dcnv4_locate(op, n, oy, ox, g, points);
                    group_output(op, n, g, points, output);
                    output += op->group_channels;
                }
            }
        }
    }
    free(points);
    return true;
}
