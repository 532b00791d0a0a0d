/* PNG through libpng's simplified interface, which returns errors instead of jumping out. */
#include "image.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

/* Transparent pixels show this grey. */
static const png_color background = {128, 128, 128};

bool dcn_image_decode_png(const uint8_t *data, size_t size, dcn_image *image, dcn_message *message)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&png, data, size))
        return dcn_message_set(message, "not a readable PNG file: %s", png.message);
    if (!dcn_image_create(png.width, png.height, image, message)) {
        png_image_free(&png);
        return false;
    }
    png.format = PNG_FORMAT_RGB;
    if (!png_image_finish_read(&png, &background, image->pixels, 0, NULL)) {
        dcn_image_free(image);
        return dcn_message_set(message, "not a readable PNG file: %s", png.message);
    }
    return true;
}

bool dcn_image_write_png(const char *path, const dcn_image *image, dcn_message *message)
{
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)image->width,
                     .height = (png_uint_32)image->height,
                     .format = PNG_FORMAT_RGB};
    if (png_image_write_to_file(&png, path, 0, image->pixels, 0, NULL))
        return true;
    dcn_message_set(message, "cannot write: %s", png.message);
    return dcn_message_prefix(message, path);
}
