#include "overlay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "lens.h"

enum {
    SPOTS = 4,
    GAP = 4,   /* pixels between the parts */
    FRAME = 2, /* and of a box's frame */
    SHOWN = 11 /* pixels of the source across a box */
};

static const dcn_colour white = {{255, 255, 255}}, black = {{0, 0, 0}};
static const dcn_colour group_colours[DCN_LENS_COLOURS] = {{{255, 84, 72}}, {{84, 232, 104}}, {{96, 152, 255}}};
static const dcn_colour spot_colours[SPOTS] = {{{255, 196, 0}}, {{0, 220, 230}}, {{255, 110, 200}}, {{180, 240, 60}}};

/* One sampling point: position in the source, and mask. */
typedef struct point {
    double x, y, mask;
} point;

typedef struct spot {
    int64_t x, y; /* output pixel */
    point points[DCN_LENS_COLOURS][DCN_LENS_POINTS];
    int64_t left, top; /* first source pixel of the box */
} spot;

/* How much the picture changes around a pixel. */
static double contrast_at(const dcn_image *image, int64_t x, int64_t y)
{
    double sum = 0;
    for (int64_t j = y - 2; j < y + 2; j++)
        for (int64_t i = x - 2; i < x + 2; i++)
            for (int c = 0; c < DCN_IMAGE_CHANNELS; c++)
                sum += abs(dcn_image_at(image, i + 1, j)[c] - dcn_image_at(image, i, j)[c]) +
                       abs(dcn_image_at(image, i, j + 1)[c] - dcn_image_at(image, i, j)[c]);
    return sum;
}

/* The pixel of strongest contrast in the outer part of a quadrant, where the lens bends most. */
static void choose_pixel(const dcn_image *result, int right, int lower, spot *s)
{
    int64_t x0 = result->width * (right ? 80 : 4) / 100, x1 = result->width * (right ? 96 : 20) / 100;
    int64_t y0 = result->height * (lower ? 65 : 10) / 100, y1 = result->height * (lower ? 90 : 35) / 100;
    double best = -1;
    for (int64_t y = y0 < 3 ? 3 : y0; y < y1 && y < result->height - 3; y++) {
        for (int64_t x = x0 < 3 ? 3 : x0; x < x1 && x < result->width - 3; x++) {
            double contrast = contrast_at(result, x, y);
            if (contrast > best) {
                best = contrast;
                s->x = x;
                s->y = y;
            }
        }
    }
}

/* First pixel of a box around `middle` that fits with its frame into `length` pixels. */
static int64_t place_box(double middle, int64_t length)
{
    return (int64_t)fmin(fmax(round(middle) - SHOWN / 2, FRAME), (double)(length - SHOWN - FRAME));
}

/* Reads the points of a pixel from the operator's own input, and lays the box around the middle of all of them. */
static void locate_points(const dcn_image *source, const float *pixel, spot *s)
{
    double sum_x = 0, sum_y = 0;
    for (int g = 0; g < DCN_LENS_COLOURS; g++) {
        const float *offsets = pixel + g * DCN_LENS_POINTS * 3, *masks = offsets + 2 * DCN_LENS_POINTS;
        for (int k = 0; k < DCN_LENS_POINTS; k++) {
            double x = (double)(s->x + k / 3 - 1) + offsets[2 * k], y = (double)(s->y + k % 3 - 1) + offsets[2 * k + 1];
            s->points[g][k] = (point){x, y, masks[k]};
            sum_x += x / (DCN_LENS_COLOURS * DCN_LENS_POINTS);
            sum_y += y / (DCN_LENS_COLOURS * DCN_LENS_POINTS);
        }
    }
    s->left = place_box(sum_x, source->width);
    s->top = place_box(sum_y, source->height);
}

/* On the picture itself: a line from the output pixel to the box, the box as it was, its frame, and a cross. */
static void draw_spot(dcn_image *overlay, const dcn_image *source, const spot *s, dcn_colour colour)
{
    double x = (double)s->x, y = (double)s->y;
    dcn_shape line = {x, y, (double)s->left + SHOWN / 2, (double)s->top + SHOWN / 2, 0.75, 0, colour, 1};
    dcn_draw(overlay, &line);
    for (int64_t row = 0; row < SHOWN; row++)
        memcpy(dcn_image_at(overlay, s->left, s->top + row), dcn_image_at(source, s->left, s->top + row),
               (size_t)SHOWN * DCN_IMAGE_CHANNELS);
    dcn_draw_frame(overlay, s->left - FRAME, s->top - FRAME, SHOWN + 2 * FRAME, SHOWN + 2 * FRAME, FRAME, colour);
    for (int outline = 1; outline >= 0; outline--) {
        dcn_shape arm = {x - 5, y, x + 5, y, outline ? 2 : 1, 0, outline ? black : colour, 1};
        dcn_draw(overlay, &arm);
        arm = (dcn_shape){x, y - 5, x, y + 5, arm.radius, 0, arm.colour, 1};
        dcn_draw(overlay, &arm);
    }
}

static void enlarge(const dcn_image *source, const spot *s, dcn_image *tile)
{
    for (int64_t y = 0; y < tile->height; y++)
        for (int64_t x = 0; x < tile->width; x++)
            memcpy(dcn_image_at(tile, x, y),
                   dcn_image_at(source, s->left + x * SHOWN / tile->width, s->top + y * SHOWN / tile->height),
                   DCN_IMAGE_CHANNELS);
}

/* The point in the tile's pixels. */
static point enlarged(const spot *s, const point *p, double factor)
{
    return (point){(p->x - (double)s->left + 0.5) * factor - 0.5, (p->y - (double)s->top + 0.5) * factor - 0.5,
                   p->mask};
}

/* A group's points, with thin lines along rows and columns of its grid. */
static void draw_group(dcn_image *tile, const spot *s, int group)
{
    dcn_colour colour = group_colours[group];
    double factor = (double)tile->width / SHOWN;
    point at[DCN_LENS_POINTS];
    for (int k = 0; k < DCN_LENS_POINTS; k++)
        at[k] = enlarged(s, &s->points[group][k], factor);
    for (int i = 0; i < 3; i++) {
        dcn_shape column = {at[3 * i].x, at[3 * i].y, at[3 * i + 2].x, at[3 * i + 2].y, 0.5, 0, colour, 0.7};
        dcn_shape line = {at[i].x, at[i].y, at[i + 6].x, at[i + 6].y, 0.5, 0, colour, 0.7};
        dcn_draw(tile, &column);
        dcn_draw(tile, &line);
    }
    for (int k = 0; k < DCN_LENS_POINTS; k++) {
        double radius = factor * 0.5 * sqrt(fabs(at[k].mask)) + 0.8;
        bool negative = at[k].mask < 0;
        dcn_shape back = {at[k].x, at[k].y, at[k].x, at[k].y, radius + 1, 0, black, 0.8};
        dcn_shape front = {at[k].x, at[k].y, at[k].x, at[k].y, radius, negative ? 1.4 : 0, colour, 1};
        dcn_draw(tile, &back);
        dcn_draw(tile, &front);
    }
}

static void draw_tile(const dcn_image *source, const spot *s, dcn_colour colour, dcn_image *tile)
{
    enlarge(source, s, tile);
    for (int g = 0; g < DCN_LENS_COLOURS; g++)
        draw_group(tile, s, g);
    dcn_draw_frame(tile, 0, 0, tile->width, tile->height, FRAME, colour);
}

bool dcn_overlay_make(const dcn_image *source, const dcn_image *result, const float *offset_mask, int64_t row,
                      dcn_image *overlay, dcn_message *message)
{
    int64_t side = (source->height - GAP) / 2;
    dcn_image tile;
    if (!dcn_image_create(side, side, &tile, message))
        return false;
    if (!dcn_image_create(source->width + 2 * (GAP + side), source->height, overlay, message)) {
        dcn_image_free(&tile);
        return false;
    }
    dcn_image_fill(overlay, 0, 0, overlay->width, overlay->height, white.channel);
    dcn_image_paste(overlay, 0, 0, source);
    for (int i = 0; i < SPOTS; i++) {
        int right = i % 2, lower = i / 2;
        spot s = {0};
        choose_pixel(result, right, lower, &s);
        locate_points(source, offset_mask + (s.y * source->width + s.x) * row, &s);
        draw_spot(overlay, source, &s, spot_colours[i]);
        draw_tile(source, &s, spot_colours[i], &tile);
        dcn_image_paste(overlay, source->width + GAP + right * (side + GAP), lower * (source->height - side), &tile);
    }
    dcn_image_free(&tile);
    return true;
}
