#include "sample.h"

#include <math.h>

void dcn_oracle_point_test(dcn_oracle_point *point)
{
    point->counts = point->x.position > -1.0 && point->y.position > -1.0 &&
                    point->x.position < (double)point->image.width && point->y.position < (double)point->image.height;
}

void dcn_oracle_softmax(dcn_oracle_point *points, int64_t count)
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

double dcn_oracle_pixel(const dcn_oracle_image *image, const double *value, int64_t y, int64_t x, int64_t c)
{
    if (y < 0 || y >= image->height || x < 0 || x >= image->width) {
        return 0.0;
    }
    return value[image->start + (y * image->width + x) * image->step + c];
}

/* The cell of a point that counts, and where in it the point lies. */
typedef struct cell {
    int64_t x, y;
    double lx, ly;
} cell;

static cell cell_of(const dcn_oracle_point *point)
{
    double floor_x = floor(point->x.position);
    double floor_y = floor(point->y.position);
    return (cell){
        .x = (int64_t)floor_x,
        .y = (int64_t)floor_y,
        .lx = point->x.position - floor_x,
        .ly = point->y.position - floor_y,
    };
}

static double bilinear(const dcn_oracle_point *p, const double *value, int64_t c)
{
    cell at = cell_of(p);
    return (1.0 - at.ly) * (1.0 - at.lx) * dcn_oracle_pixel(&p->image, value, at.y, at.x, c) +
           (1.0 - at.ly) * at.lx * dcn_oracle_pixel(&p->image, value, at.y, at.x + 1, c) +
           at.ly * (1.0 - at.lx) * dcn_oracle_pixel(&p->image, value, at.y + 1, at.x, c) +
           at.ly * at.lx * dcn_oracle_pixel(&p->image, value, at.y + 1, at.x + 1, c);
}

void dcn_oracle_head_forward(const dcn_oracle_point *points, int64_t count, int64_t channels, const double *value,
                             double *output)
{
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0.0;
        for (int64_t k = 0; k < count; k++) {
            if (points[k].counts) {
                sum += points[k].mask * bilinear(&points[k], value, c);
            }
        }
        output[c] = sum;
    }
}

/* Adds to a pixel of the gradient, unless it lies outside the image. */
static void add_to_pixel(const dcn_oracle_image *image, double *grad_value, int64_t y, int64_t x, int64_t c, double add)
{
    if (y >= 0 && y < image->height && x >= 0 && x < image->width) {
        grad_value[image->start + (y * image->width + x) * image->step + c] += add;
    }
}

/* The gradients of one point that counts; the mask's is with respect to the mask as used. */
static dcn_oracle_point_gradient point_backward(const dcn_oracle_point *p, int64_t channels, const double *value,
                                                const double *grad_output, double *grad_value)
{
    cell at = cell_of(p);
    dcn_oracle_point_gradient sum = {0};
    for (int64_t c = 0; c < channels; c++) {
        double go = grad_output[c];
        double v00 = dcn_oracle_pixel(&p->image, value, at.y, at.x, c);
        double v01 = dcn_oracle_pixel(&p->image, value, at.y, at.x + 1, c);
        double v10 = dcn_oracle_pixel(&p->image, value, at.y + 1, at.x, c);
        double v11 = dcn_oracle_pixel(&p->image, value, at.y + 1, at.x + 1, c);
        sum.mask += go * bilinear(p, value, c);
        sum.x += go * ((1.0 - at.ly) * (v01 - v00) + at.ly * (v11 - v10));
        sum.y += go * ((1.0 - at.lx) * (v10 - v00) + at.lx * (v11 - v01));
        add_to_pixel(&p->image, grad_value, at.y, at.x, c, go * p->mask * (1.0 - at.ly) * (1.0 - at.lx));
        add_to_pixel(&p->image, grad_value, at.y, at.x + 1, c, go * p->mask * (1.0 - at.ly) * at.lx);
        add_to_pixel(&p->image, grad_value, at.y + 1, at.x, c, go * p->mask * at.ly * (1.0 - at.lx));
        add_to_pixel(&p->image, grad_value, at.y + 1, at.x + 1, c, go * p->mask * at.ly * at.lx);
    }
    sum.x *= p->x.rate * p->mask;
    sum.y *= p->y.rate * p->mask;
    return sum;
}

void dcn_oracle_head_backward(const dcn_oracle_point *points, int64_t count, int64_t channels, bool softmax,
                              const double *value, const double *grad_output, double *grad_value,
                              dcn_oracle_point_gradient *gradients)
{
    double mean = 0.0;
    for (int64_t k = 0; k < count; k++) {
        const dcn_oracle_point *p = &points[k];
        dcn_oracle_point_gradient none = {0};
        gradients[k] = p->counts ? point_backward(p, channels, value, grad_output, grad_value) : none;
        mean += p->mask * gradients[k].mask;
    }
    for (int64_t k = 0; k < count && softmax; k++) {
        gradients[k].mask = points[k].mask * (gradients[k].mask - mean);
    }
}
