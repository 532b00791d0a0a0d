#include "reference.h"

#include <stdlib.h>

#include "lens.h"
#include "oracle.h"

/* Lines of the picture that are evaluated at a time: offset_mask in double is large. */
enum { BAND = 32 };

static void widen(const float *from, int64_t count, double *to)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i];
}

/* The oracle sees a band as an output of few lines that starts further down: with less padding at the top. */
static bool run_bands(dcn_oracle_dcnv4 *op, const float *offset_mask, double *band, double *output)
{
    int64_t line = op->width * op->row;
    for (int64_t y = 0; y < op->height; y += BAND) {
        op->out_height = op->height - y < BAND ? op->height - y : BAND;
        op->pad_h = 1 - y;
        widen(offset_mask + y * line, op->out_height * line, band);
        if (!dcn_oracle_dcnv4_forward(op, output + y * op->width * DCN_LENS_COLOURS))
            return false;
    }
    return true;
}

bool dcn_reference_run(int64_t width, int64_t height, int64_t row, const float *value, const float *offset_mask,
                       double *output, dcn_message *message)
{
    int64_t values = width * height * DCN_LENS_COLOURS, band_values = width * BAND * row;
    double *wide_value = malloc((size_t)values * sizeof *wide_value);
    double *band = malloc((size_t)band_values * sizeof *band);
    bool right = wide_value && band;
    if (right) {
        dcn_oracle_dcnv4 op = {.batch = 1, .height = height, .width = width, .out_width = width, .row = row};
        op.group = DCN_LENS_COLOURS;
        op.group_channels = 1;
        op.kernel_h = op.kernel_w = 3;
        op.stride_h = op.stride_w = op.dilation_h = op.dilation_w = op.pad_w = 1;
        op.offset_scale = 1;
        op.value = wide_value;
        op.offset_mask = band;
        widen(value, values, wide_value);
        right = run_bands(&op, offset_mask, band, output);
    }
    free(wide_value);
    free(band);
    return right || dcn_message_memory(message, "the float64 evaluation",
                                       (unsigned long long)(values + band_values) * sizeof(double));
}
