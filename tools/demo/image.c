#include "image.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far beyond any camera, and small enough that a lying header costs no more than memory that most machines have. */
enum { MAX_SIDE = 32768, MAX_PIXELS = 100000000, MAX_FILE_BYTES = 256 << 20 };

bool dcn_image_create(int64_t width, int64_t height, dcn_image *image, dcn_message *message)
{
    *image = (dcn_image){0};
    if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS)
        return dcn_message_set(message,
                               "a picture of %" PRId64 " x %" PRId64 " pixels; sides must be 1 ... %d, and all pixels "
                               "at most %d",
                               width, height, MAX_SIDE, MAX_PIXELS);
    image->pixels = calloc((size_t)(width * height), DCN_IMAGE_CHANNELS);
    if (!image->pixels)
        return dcn_message_memory(message, "a picture", (unsigned long long)(width * height * DCN_IMAGE_CHANNELS));
    image->width = width;
    image->height = height;
    return true;
}

void dcn_image_free(dcn_image *image)
{
    free(image->pixels);
    *image = (dcn_image){0};
}

uint8_t *dcn_image_at(const dcn_image *image, int64_t x, int64_t y)
{
    return image->pixels + (y * image->width + x) * DCN_IMAGE_CHANNELS;
}

bool dcn_image_decode(const uint8_t *data, size_t size, dcn_image *image, dcn_message *message)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, jpeg[] = {0xff, 0xd8, 0xff};
    *image = (dcn_image){0};
    if (size > sizeof png && memcmp(data, png, sizeof png) == 0)
        return dcn_image_decode_png(data, size, image, message);
    if (size > sizeof jpeg && memcmp(data, jpeg, sizeof jpeg) == 0)
        return dcn_image_decode_jpeg(data, size, image, message);
    return dcn_message_set(message, "neither a PNG nor a JPEG file: %zu bytes that start with neither's signature",
                           size);
}

/* The whole stream in memory from malloc, which grows only with bytes that were really read. */
static uint8_t *read_all(FILE *file, size_t *size, dcn_message *message)
{
    uint8_t *data = NULL;
    size_t capacity = 0, used = 0;
    do {
        if (used == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            uint8_t *grown = used < MAX_FILE_BYTES ? realloc(data, capacity) : NULL;
            if (!grown) {
                free(data);
                if (used >= MAX_FILE_BYTES)
                    dcn_message_set(message, "longer than %d bytes", MAX_FILE_BYTES);
                else
                    dcn_message_memory(message, "a file", capacity);
                return NULL;
            }
            data = grown;
        }
        used += fread(data + used, 1, capacity - used, file);
    } while (!feof(file) && !ferror(file));
    if (ferror(file)) {
        dcn_message_set(message, "cannot read: %s", strerror(errno));
        free(data);
        return NULL;
    }
    *size = used;
    return data;
}

bool dcn_image_read(const char *path, dcn_image *image, dcn_message *message)
{
    *image = (dcn_image){0};
    FILE *file = fopen(path, "rb");
    if (!file) {
        dcn_message_set(message, "cannot open: %s", strerror(errno));
        return dcn_message_prefix(message, path);
    }
    size_t size = 0;
    uint8_t *data = read_all(file, &size, message);
    fclose(file);
    bool right = data && dcn_image_decode(data, size, image, message);
    free(data);
    return right || dcn_message_prefix(message, path);
}

/* Mean of the source's pixels over [left, right) x [top, bottom), whose borders may cut pixels. */
static void average(const dcn_image *source, double left, double top, double right, double bottom, uint8_t *pixel)
{
    double sum[DCN_IMAGE_CHANNELS] = {0}, area = 0;
    int64_t last_x = (int64_t)ceil(right) < source->width ? (int64_t)ceil(right) : source->width;
    int64_t last_y = (int64_t)ceil(bottom) < source->height ? (int64_t)ceil(bottom) : source->height;
    for (int64_t y = (int64_t)top; y < last_y; y++) {
        double rows = fmin(bottom, (double)(y + 1)) - fmax(top, (double)y);
        for (int64_t x = (int64_t)left; x < last_x; x++) {
            double weight = rows * (fmin(right, (double)(x + 1)) - fmax(left, (double)x));
            for (int c = 0; c < DCN_IMAGE_CHANNELS; c++)
                sum[c] += weight * dcn_image_at(source, x, y)[c];
            area += weight;
        }
    }
    for (int c = 0; c < DCN_IMAGE_CHANNELS; c++)
        pixel[c] = (uint8_t)lrint(sum[c] / area);
}

static int64_t scaled(int64_t side, double factor)
{
    int64_t length = (int64_t)lrint((double)side / factor);
    return length < 1 ? 1 : length;
}

bool dcn_image_shrink(dcn_image *image, int64_t longest, dcn_message *message)
{
    int64_t side = image->width > image->height ? image->width : image->height;
    if (side <= longest)
        return true;
    double factor = (double)side / (double)longest;
    dcn_image small;
    if (!dcn_image_create(scaled(image->width, factor), scaled(image->height, factor), &small, message))
        return false;
    double step_x = (double)image->width / (double)small.width, step_y = (double)image->height / (double)small.height;
    for (int64_t y = 0; y < small.height; y++)
        for (int64_t x = 0; x < small.width; x++)
            average(image, (double)x * step_x, (double)y * step_y, (double)(x + 1) * step_x, (double)(y + 1) * step_y,
                    dcn_image_at(&small, x, y));
    dcn_image_free(image);
    *image = small;
    return true;
}

void dcn_image_paste(dcn_image *target, int64_t x, int64_t y, const dcn_image *source)
{
    for (int64_t row = 0; row < source->height; row++)
        memcpy(dcn_image_at(target, x, y + row), dcn_image_at(source, 0, row),
               (size_t)source->width * DCN_IMAGE_CHANNELS);
}

void dcn_image_fill(dcn_image *image, int64_t x, int64_t y, int64_t width, int64_t height, const uint8_t *colour)
{
    for (int64_t row = y; row < y + height; row++)
        for (int64_t column = x; column < x + width; column++)
            memcpy(dcn_image_at(image, column, row), colour, DCN_IMAGE_CHANNELS);
}
