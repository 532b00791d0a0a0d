#include "rectify.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "reference.h"

bool dcn_rectify_make(dcn_rectify *r, dcn_image *photo, dcn_message *message)
{
    *r = (dcn_rectify){.photo = *photo};
    *photo = (dcn_image){0};
    int64_t width = r->photo.width, height = r->photo.height, row = dcn_pass_row();
    if (width < DCN_LENS_SMALLEST || height < DCN_LENS_SMALLEST)
        return dcn_message_set(
            message, "a photograph of %" PRId64 " x %" PRId64 " pixels is too small; it must have %d each way", width,
            height, DCN_LENS_SMALLEST);
    size_t pixels = (size_t)(width * height), values = pixels * DCN_IMAGE_CHANNELS;
    r->values = (int64_t)values;
    r->camera = calloc(pixels * (size_t)row, sizeof *r->camera);
    r->rectify = calloc(pixels * (size_t)row, sizeof *r->rectify);
    r->value = malloc(values * sizeof *r->value);
    r->output = malloc(values * sizeof *r->output);
    r->reference = malloc(values * sizeof *r->reference);
    if (!r->camera || !r->rectify || !r->value || !r->output || !r->reference)
        return dcn_message_memory(message, "the offsets and masks", 2ULL * pixels * (size_t)row * sizeof(float));
    dcn_lens lens = dcn_lens_make(width, height);
    dcn_lens_offset_mask(&lens, DCN_LENS_CAMERA, row, r->camera);
    dcn_lens_offset_mask(&lens, DCN_LENS_RECTIFIED, row, r->rectify);
    return dcn_image_create(width, height, &r->before, message) && dcn_image_create(width, height, &r->after, message);
}

void dcn_rectify_free(dcn_rectify *r)
{
    dcn_image_free(&r->photo);
    dcn_image_free(&r->before);
    dcn_image_free(&r->after);
    free(r->camera);
    free(r->rectify);
    free(r->value);
    free(r->output);
    free(r->reference);
    *r = (dcn_rectify){0};
}

/* Pictures are 0 ... 1 to the operator. */
static void read_picture(const dcn_image *image, int64_t values, float *tensor)
{
    for (int64_t i = 0; i < values; i++)
        tensor[i] = (float)image->pixels[i] / 255.0F;
}

/* The filter may overshoot at an edge; what is no number becomes black. */
static uint8_t to_level(float value)
{
    return value > 0 ? (uint8_t)lrintf(fminf(value, 1) * 255.0F) : 0;
}

static void write_picture(const float *tensor, int64_t values, dcn_image *image)
{
    for (int64_t i = 0; i < values; i++)
        image->pixels[i] = to_level(tensor[i]);
}

/* The first device takes the camera's picture, which all devices then start from as if it had come from a file. */
static dcn_status take_picture(dcn_rectify *r, dcn_pass *pass)
{
    read_picture(&r->photo, r->values, r->value);
    dcn_status status = dcn_pass_run(pass, r->value, r->camera, r->output);
    if (status == DCN_SUCCESS) {
        write_picture(r->output, r->values, &r->before);
        read_picture(&r->before, r->values, r->value);
    }
    return status;
}

static void compare(const dcn_rectify *r, dcn_rectify_result *result)
{
    result->error = dcn_compare_norm(r->reference, DCN_ELEMENT_F32, r->output, (uint64_t)r->values);
    result->differing = 0;
    result->largest_step = 0;
    for (int64_t i = 0; i < r->values; i++) {
        int step = abs(to_level(r->output[i]) - r->after.pixels[i]);
        result->differing += step > 0;
        result->largest_step = step > result->largest_step ? step : result->largest_step;
    }
}

static dcn_status run_pass(dcn_rectify *r, dcn_pass *pass, dcn_rectify_result *result)
{
    dcn_bench_timing timing = {0};
    dcn_status status = r->started ? DCN_SUCCESS : take_picture(r, pass);
    if (status == DCN_SUCCESS)
        status = dcn_pass_run(pass, r->value, r->rectify, r->output);
    if (status == DCN_SUCCESS)
        status = dcn_pass_time(pass, &timing);
    result->microseconds = timing.device_us;
    result->gb_per_s = (double)pass->bytes / (timing.device_us * 1e3);
    return status;
}

bool dcn_rectify_run(dcn_rectify *r, dcn_context *context, dcn_rectify_result *result, dcn_message *message)
{
    dcn_bench *bench = dcn_bench_create();
    if (!bench)
        return dcn_message_set(message, "out of memory");
    int64_t width = r->photo.width, height = r->photo.height;
    dcn_pass pass;
    dcn_status status = dcn_pass_open(&pass, context, bench, width, height);
    if (status == DCN_SUCCESS)
        status = run_pass(r, &pass, result);
    dcn_pass_close(&pass);
    if (status != DCN_SUCCESS)
        return dcn_message_set(message, "%s: %s", dcn_status_message(status), dcn_error_detail());
    if (!r->started) {
        if (!dcn_reference_run(width, height, dcn_pass_row(), r->value, r->rectify, r->reference, message))
            return false;
        write_picture(r->output, r->values, &r->after);
        r->started = true;
    }
    compare(r, result);
    return true;
}

double dcn_rectify_likeness(const dcn_image *a, const dcn_image *b)
{
    int64_t values = a->width * a->height * DCN_IMAGE_CHANNELS;
    double sum = 0;
    for (int64_t i = 0; i < values; i++) {
        double difference = a->pixels[i] - b->pixels[i];
        sum += difference * difference;
    }
    return 10 * log10(255.0 * 255.0 * (double)values / sum);
}
