#include "draw.h"

#include <math.h>

/* Signed distance from a point to the shape's border, negative inside. */
static double distance_to(const dcn_shape *shape, double x, double y)
{
    double along_x = shape->x1 - shape->x0, along_y = shape->y1 - shape->y0;
    double square = along_x * along_x + along_y * along_y;
    double t = square > 0 ? ((x - shape->x0) * along_x + (y - shape->y0) * along_y) / square : 0;
    t = fmin(fmax(t, 0), 1);
    double distance = hypot(x - shape->x0 - t * along_x, y - shape->y0 - t * along_y) - shape->radius;
    return shape->stroke > 0 ? fabs(distance) - shape->stroke / 2 : distance;
}

static void blend(uint8_t *pixel, dcn_colour colour, double amount)
{
    for (int c = 0; c < DCN_IMAGE_CHANNELS; c++)
        pixel[c] = (uint8_t)lrint(pixel[c] + amount * (colour.channel[c] - pixel[c]));
}

void dcn_draw(dcn_image *image, const dcn_shape *shape)
{
    double reach = shape->radius + shape->stroke / 2 + 1;
    int64_t left = (int64_t)fmax(0, floor(fmin(shape->x0, shape->x1) - reach));
    int64_t top = (int64_t)fmax(0, floor(fmin(shape->y0, shape->y1) - reach));
    int64_t right = (int64_t)fmin((double)image->width - 1, ceil(fmax(shape->x0, shape->x1) + reach));
    int64_t bottom = (int64_t)fmin((double)image->height - 1, ceil(fmax(shape->y0, shape->y1) + reach));
    for (int64_t y = top; y <= bottom; y++) {
        for (int64_t x = left; x <= right; x++) {
            double covered = fmin(fmax(0.5 - distance_to(shape, (double)x, (double)y), 0), 1);
            if (covered > 0)
                blend(dcn_image_at(image, x, y), shape->colour, covered * shape->opacity);
        }
    }
}

void dcn_draw_frame(dcn_image *image, int64_t x, int64_t y, int64_t width, int64_t height, int64_t stroke,
                    dcn_colour colour)
{
    dcn_image_fill(image, x, y, width, stroke, colour.channel);
    dcn_image_fill(image, x, y + height - stroke, width, stroke, colour.channel);
    dcn_image_fill(image, x, y, stroke, height, colour.channel);
    dcn_image_fill(image, x + width - stroke, y, stroke, height, colour.channel);
}
