/* Pictures: 8-bit RGB in memory, PNG and JPEG files in, PNG files out. Files are treated as hostile. */
#ifndef DCN_DEMO_IMAGE_H
#define DCN_DEMO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

enum { DCN_IMAGE_CHANNELS = 3 };

typedef struct dcn_image {
    int64_t width, height;
    uint8_t *pixels; /* [height][width][3], red first */
} dcn_image;

/* A black picture of at most DCN_IMAGE_MAX_PIXELS; end it with dcn_image_free(). On failure `image` is empty. */
bool dcn_image_create(int64_t width, int64_t height, dcn_image *image, dcn_message *message);
void dcn_image_free(dcn_image *image);

uint8_t *dcn_image_at(const dcn_image *image, int64_t x, int64_t y);

/* Reads a whole PNG or JPEG file. */
bool dcn_image_read(const char *path, dcn_image *image, dcn_message *message);

/* The same from memory. */
bool dcn_image_decode(const uint8_t *data, size_t size, dcn_image *image, dcn_message *message);

bool dcn_image_write_png(const char *path, const dcn_image *image, dcn_message *message);

/* Scales down, by averaging areas, until no side is longer than `longest`. */
bool dcn_image_shrink(dcn_image *image, int64_t longest, dcn_message *message);

/* Copies `source` into `target` with its top left corner at (x, y); it must fit. */
void dcn_image_paste(dcn_image *target, int64_t x, int64_t y, const dcn_image *source);

/* Fills a rectangle inside the picture. */
void dcn_image_fill(dcn_image *image, int64_t x, int64_t y, int64_t width, int64_t height, const uint8_t *colour);

/* Decoders of one format, for dcn_image_decode(). */
bool dcn_image_decode_png(const uint8_t *data, size_t size, dcn_image *image, dcn_message *message);
bool dcn_image_decode_jpeg(const uint8_t *data, size_t size, dcn_image *image, dcn_message *message);

#endif
