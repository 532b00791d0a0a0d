#include "lens.h"

#include <math.h>

/* A strong lens, so that a small picture shows it; `dispersion` is the step of k1 from red to green to blue. */
static const double barrel = -0.24, barrel_k2 = 0.03, dispersion = 0.006;

/* Pixels kept free around the scene, as far as the filter reaches. */
static const double margin = 2;

/* Scene to picture, both in units of the radius. */
static double distort(const dcn_lens *lens, int colour, double u)
{
    double square = u * u;
    return u * (1 + square * (lens->k1[colour] + square * lens->k2));
}

/* Picture to scene, by bisection: distort() rises everywhere, since 9 * k1^2 < 20 * k2, and passes 1 before u = 4. */
static double undistort(const dcn_lens *lens, int colour, double d)
{
    double low = 0, high = 4;
    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (distort(lens, colour, middle) < d)
            low = middle;
        else
            high = middle;
    }
    return low;
}

dcn_lens dcn_lens_make(int64_t width, int64_t height)
{
    dcn_lens lens = {.width = width, .height = height, .k2 = barrel_k2};
    lens.center_x = (double)(width - 1) / 2;
    lens.center_y = (double)(height - 1) / 2;
    lens.radius = hypot(lens.center_x, lens.center_y);
    /* The scene bulges most in the middle of its longer sides, which must stay inside the picture. */
    double half = fmin(lens.center_x, lens.center_y);
    for (int colour = 0; colour < DCN_LENS_COLOURS; colour++) {
        lens.k1[colour] = barrel + dispersion * (1 - colour);
        lens.scale = fmax(lens.scale, distort(&lens, colour, half / lens.radius) * lens.radius / (half - margin));
    }
    return lens;
}

void dcn_lens_source(const dcn_lens *lens, dcn_lens_view view, int colour, double x, double y, double *source_x,
                     double *source_y)
{
    double dx = x - lens->center_x, dy = y - lens->center_y, distance = hypot(dx, dy) / lens->radius;
    double factor = 1;
    if (distance > 0 && view == DCN_LENS_CAMERA)
        factor = undistort(lens, colour, distance * lens->scale) / distance;
    else if (distance > 0)
        factor = distort(lens, colour, distance) / lens->scale / distance;
    *source_x = lens->center_x + factor * dx;
    *source_y = lens->center_y + factor * dy;
}

/* The three bilinear samples along one axis that together filter at `position`: where, and with which weight. */
typedef struct taps {
    double position[3], weight[3];
} taps;

static taps catmull_rom(double position)
{
    double cell = floor(position), f = position - cell;
    double first = f * (-0.5 + f * (1 - 0.5 * f)), third = f * (0.5 + f * (2 - 1.5 * f));
    double second = 1 + f * f * (-2.5 + 1.5 * f), fourth = f * f * (-0.5 + 0.5 * f);
    double middle = second + third;
    return (taps){{cell - 1, cell + third / middle, cell + 2}, {first, middle, fourth}};
}

/* Offsets and masks of one pixel and colour. Points are numbered column by column, and a point's offset counts from its
 * own place in the 3 x 3 grid. */
static void place_points(int64_t x, int64_t y, taps across, taps down, float *offsets, float *masks)
{
    for (int column = 0; column < 3; column++) {
        for (int line = 0; line < 3; line++) {
            int k = column * 3 + line;
            offsets[2 * k] = (float)(across.position[column] - (double)(x + column - 1));
            offsets[2 * k + 1] = (float)(down.position[line] - (double)(y + line - 1));
            masks[k] = (float)(across.weight[column] * down.weight[line]);
        }
    }
}

void dcn_lens_offset_mask(const dcn_lens *lens, dcn_lens_view view, int64_t row, float *offset_mask)
{
    for (int64_t y = 0; y < lens->height; y++) {
        for (int64_t x = 0; x < lens->width; x++) {
            float *pixel = offset_mask + (y * lens->width + x) * row;
            for (int colour = 0; colour < DCN_LENS_COLOURS; colour++) {
                float *offsets = pixel + colour * DCN_LENS_POINTS * 3;
                double source_x, source_y;
                dcn_lens_source(lens, view, colour, (double)x, (double)y, &source_x, &source_y);
                place_points(x, y, catmull_rom(source_x), catmull_rom(source_y), offsets,
                             offsets + 2 * DCN_LENS_POINTS);
            }
        }
    }
}
