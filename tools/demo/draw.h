/* Anti-aliased shapes on a picture. Coordinates are in pixels; (0, 0) is the centre of the top left pixel. */
#ifndef DCN_DEMO_DRAW_H
#define DCN_DEMO_DRAW_H

#include "image.h"

typedef struct dcn_colour {
    uint8_t channel[DCN_IMAGE_CHANNELS];
} dcn_colour;

/* Everything within `radius` of the line from (x0, y0) to (x1, y1): a disc where both ends are the same. With `stroke`
 * above 0 only the outline, that wide. Parts outside the picture are left out. */
typedef struct dcn_shape {
    double x0, y0, x1, y1;
    double radius;
    double stroke;
    dcn_colour colour;
    double opacity; /* 0 ... 1 */
} dcn_shape;

void dcn_draw(dcn_image *image, const dcn_shape *shape);

/* The frame of a rectangle with its top left corner at (x, y), `stroke` whole pixels wide, inside the rectangle. */
void dcn_draw_frame(dcn_image *image, int64_t x, int64_t y, int64_t width, int64_t height, int64_t stroke,
                    dcn_colour colour);

#endif
