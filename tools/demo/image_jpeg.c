/* JPEG through libjpeg, whose errors leave by longjmp: everything that it could leak hangs on `decoder`. */
#include "image.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

/* A progressive file may send the same pixels again and again; no encoder needs this many passes. */
enum { MAX_SCANS = 100 };

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf leave;
    dcn_image *image;
    dcn_message *message;
} decoder;

static void fail(j_common_ptr jpeg)
{
    decoder *d = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    d->errors.format_message(jpeg, text);
    dcn_message_set(d->message, "not a readable JPEG file: %s", text);
    longjmp(d->leave, 1);
}

/* Damaged data is only a warning to libjpeg, which goes on with grey; a photo with a hole is no photo. Stray bytes
 * between markers, which some cameras write, do no harm. */
static void refuse_damage(j_common_ptr jpeg, int level)
{
    if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA)
        fail(jpeg);
}

static void limit_scans(j_common_ptr jpeg)
{
    decoder *d = jpeg->client_data;
    if (d->jpeg.input_scan_number > MAX_SCANS) {
        dcn_message_set(d->message, "a JPEG file of more than %d scans", MAX_SCANS);
        longjmp(d->leave, 1);
    }
}

static void decode(decoder *d, const uint8_t *data, size_t size)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &d->progress;
    jpeg_mem_src(jpeg, data, (unsigned long)size);
    jpeg_read_header(jpeg, TRUE);
    if (!dcn_image_create(jpeg->image_width, jpeg->image_height, d->image, d->message))
        longjmp(d->leave, 1);
    jpeg->out_color_space = JCS_RGB;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = dcn_image_at(d->image, 0, jpeg->output_scanline);
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

/* Apart from the function that owns `d`, whose own variables a jump would leave undefined. */
static bool try_decode(decoder *d, const uint8_t *data, size_t size)
{
    if (setjmp(d->leave) != 0)
        return false;
    decode(d, data, size);
    return true;
}

bool dcn_image_decode_jpeg(const uint8_t *data, size_t size, dcn_image *image, dcn_message *message)
{
    decoder d = {.image = image, .message = message};
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.jpeg.client_data = &d;
    d.errors.error_exit = fail;
    d.errors.emit_message = refuse_damage;
    d.progress.progress_monitor = limit_scans;
    bool decoded = try_decode(&d, data, size);
    if (!decoded)
        dcn_image_free(image);
    jpeg_destroy_decompress(&d.jpeg);
    return decoded;
}
