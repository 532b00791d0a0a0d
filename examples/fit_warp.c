/*
 * Training: offsets and masks of a deformable convolution are fitted so that it reproduces a known warp of a
 * photograph.
 *
 * The target is the photograph with its middle twisted. Offsets and masks are fitted at every eighth pixel and
 * interpolated between, since neighbours move alike; they start as a plain 3 x 3 mean. A step is a forward call, the
 * gradient of the squared error, a backward call, which gives the gradients of all offsets and masks, and one step of
 * Adam (Kingma and Ba, 2015) on the host.
 *
 * usage: fit_warp PICTURE.png [DEVICE [STEPS]]
 *
 * Writes fit-loss.png, the error over the steps on a logarithmic scale, and fit-points.png, where the points of some
 * pixels (white) came to lie: a yellow disc for each, its size the mask, and a red ring where the twist takes the pixel
 * from.
 */
#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dcnv4/dcnv4.h>

enum { CHANNELS = 3, KERNEL = 3, K = KERNEL * KERNEL, ROW = 3 * K, SPACING = 8, MOST_STEPS = 10000 };

static const double TWIST = 0.3; /* radians in the middle */
static const float LEARNING_RATE = 0.05F;

typedef struct picture {
    int width, height;
    unsigned char *rgb; /* [height][width][3] */
} picture;

/* The operator in both directions, and the tensors on its device. */
typedef struct layer {
    dcn_context *context;
    dcn_queue *queue;
    dcn_plan *forward, *backward;
    dcn_buffer *value, *offset_mask, *output, *grad_output, *grad_offset_mask;
} layer;

/* What is fitted, on the host: nodes, one for every SPACING pixels each way, and the tensors around them. */
typedef struct fit {
    int width, nodes_x;
    size_t pixels, nodes;
    float *value, *target, *output, *grad_output; /* [pixels][CHANNELS] */
    float *offset_mask, *grad_offset_mask;        /* [pixels][ROW] */
    float *parameters, *gradient, *mean, *square; /* [nodes][ROW]; the last two are Adam's */
} fit;

/* ---- pictures --------------------------------------------------------------------------------- */

static int read_picture(const char *path, picture *p)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (png_image_begin_read_from_file(&image, path)) {
        image.format = PNG_FORMAT_RGB;
        p->width = (int)image.width;
        p->height = (int)image.height;
        p->rgb = malloc(PNG_IMAGE_SIZE(image));
        if (p->rgb && png_image_finish_read(&image, NULL, p->rgb, 0, NULL))
            return 1;
    }
    fprintf(stderr, "%s: %s\n", path, image.message[0] ? image.message : "out of memory");
    png_image_free(&image);
    return 0;
}

static int write_picture(const char *path, const picture *p)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB};
    image.width = (png_uint_32)p->width;
    image.height = (png_uint_32)p->height;
    if (png_image_write_to_file(&image, path, 0, p->rgb, 0, NULL)) {
        printf("wrote %s\n", path);
        return 1;
    }
    fprintf(stderr, "%s: %s\n", path, image.message);
    return 0;
}

/* A disc, or with `inner` above 0 a ring; what lies outside the picture is left out. */
static void draw_ring(const picture *p, double x, double y, double inner, double outer, const unsigned char *rgb)
{
    for (int v = (int)floor(y - outer); v <= (int)ceil(y + outer); v++) {
        for (int u = (int)floor(x - outer); u <= (int)ceil(x + outer); u++) {
            const double r = hypot(u - x, v - y);
            if (u >= 0 && v >= 0 && u < p->width && v < p->height && r >= inner && r <= outer)
                memcpy(p->rgb + ((size_t)v * (size_t)p->width + (size_t)u) * CHANNELS, rgb, CHANNELS);
        }
    }
}

/* ---- the warp --------------------------------------------------------------------------------- */

/* Where the twist takes pixel (x, y) from. */
static void warp_source(const picture *p, double x, double y, double *source_x, double *source_y)
{
    const double cx = 0.5 * (p->width - 1), cy = 0.5 * (p->height - 1);
    const double reach = 0.48 * (p->width < p->height ? p->width : p->height);
    const double r = hypot(x - cx, y - cy);
    const double angle = r < reach ? TWIST * (1.0 - r / reach) * (1.0 - r / reach) : 0.0;
    *source_x = cx + cos(angle) * (x - cx) - sin(angle) * (y - cy);
    *source_y = cy + sin(angle) * (x - cx) + cos(angle) * (y - cy);
}

/* A bilinear sample inside the picture, 0 ... 1. */
static float sample(const picture *p, double x, double y, int channel)
{
    const int x0 = (int)fmin(floor(x), p->width - 2), y0 = (int)fmin(floor(y), p->height - 2);
    const unsigned char *v = p->rgb + ((size_t)y0 * (size_t)p->width + (size_t)x0) * CHANNELS + channel;
    const unsigned char *below = v + (size_t)p->width * CHANNELS;
    const double lx = x - x0, ly = y - y0;
    return (
        float)(((1 - ly) * ((1 - lx) * v[0] + lx * v[CHANNELS]) + ly * ((1 - lx) * below[0] + lx * below[CHANNELS])) /
               255.0);
}

static int make_fit(const picture *p, fit *f)
{
    f->width = p->width;
    f->nodes_x = p->width / SPACING + 2;
    f->pixels = (size_t)p->width * (size_t)p->height;
    f->nodes = (size_t)f->nodes_x * (size_t)(p->height / SPACING + 2);
    float **const images[] = {&f->value, &f->target, &f->output, &f->grad_output};
    float **const rows[] = {&f->offset_mask, &f->grad_offset_mask};
    float **const nodes[] = {&f->parameters, &f->gradient, &f->mean, &f->square};
    for (int i = 0; i < 4; i++)
        if (!(*images[i] = calloc(f->pixels * CHANNELS, sizeof(float))))
            return 0;
    for (int i = 0; i < 2; i++)
        if (!(*rows[i] = calloc(f->pixels * ROW, sizeof(float))))
            return 0;
    for (int i = 0; i < 4; i++)
        if (!(*nodes[i] = calloc(f->nodes * ROW, sizeof(float))))
            return 0;
    for (size_t i = 0; i < f->pixels; i++) {
        double x, y;
        warp_source(p, (double)(i % (size_t)p->width), (double)(i / (size_t)p->width), &x, &y);
        for (size_t c = 0; c < CHANNELS; c++) {
            f->value[i * CHANNELS + c] = (float)(p->rgb[i * CHANNELS + c] / 255.0);
            f->target[i * CHANNELS + c] = sample(p, x, y, (int)c);
        }
    }
    for (size_t i = 0; i < f->nodes; i++)
        for (size_t k = 2 * K; k < ROW; k++)
            f->parameters[i * ROW + k] = 1.0F / K;
    return 1;
}

static void free_fit(fit *f)
{
    float *const all[] = {f->value,      f->target,   f->output, f->grad_output, f->offset_mask, f->grad_offset_mask,
                          f->parameters, f->gradient, f->mean,   f->square};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* The four nodes around a pixel, as elements of a [nodes][ROW] tensor, and their weights. */
static void nodes_of(const fit *f, size_t pixel, size_t node[4], float weight[4])
{
    const size_t x = pixel % (size_t)f->width, y = pixel / (size_t)f->width;
    const float lx = (float)(x % SPACING) / SPACING, ly = (float)(y % SPACING) / SPACING;
    const size_t first = (y / SPACING * (size_t)f->nodes_x + x / SPACING) * ROW;
    node[0] = first, node[1] = first + ROW;
    node[2] = first + (size_t)f->nodes_x * ROW, node[3] = node[2] + ROW;
    weight[0] = (1 - lx) * (1 - ly), weight[1] = lx * (1 - ly), weight[2] = (1 - lx) * ly, weight[3] = lx * ly;
}

static void interpolate(fit *f)
{
    for (size_t i = 0; i < f->pixels; i++) {
        size_t node[4];
        float weight[4];
        nodes_of(f, i, node, weight);
        for (size_t k = 0; k < ROW; k++) {
            float sum = 0.0F;
            for (int corner = 0; corner < 4; corner++)
                sum += weight[corner] * f->parameters[node[corner] + k];
            f->offset_mask[i * ROW + k] = sum;
        }
    }
}

/* The gradient of the nodes from that of the pixels. */
static void gather_gradient(fit *f)
{
    memset(f->gradient, 0, f->nodes * ROW * sizeof(float));
    for (size_t i = 0; i < f->pixels; i++) {
        size_t node[4];
        float weight[4];
        nodes_of(f, i, node, weight);
        for (int corner = 0; corner < 4; corner++)
            for (size_t k = 0; k < ROW; k++)
                f->gradient[node[corner] + k] += weight[corner] * f->grad_offset_mask[i * ROW + k];
    }
}

/* ---- the operator ----------------------------------------------------------------------------- */

static dcn_status open_layer(const char *device, const picture *p, const fit *f, layer *l)
{
    const size_t image = f->pixels * CHANNELS * sizeof(float), row = f->pixels * ROW * sizeof(float);
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.batch = 1, desc.height = p->height, desc.width = p->width;
    desc.group = 1, desc.group_channels = desc.channels = CHANNELS, desc.offset_mask_row = ROW;
    dcn_status s = dcn_context_create(device, NULL, &l->context);
    if (s == DCN_SUCCESS)
        s = dcn_queue_create(l->context, DCN_QUEUE_DEFAULT, &l->queue);
    if (s == DCN_SUCCESS)
        s = dcn_dcnv4_plan_create(l->context, &desc, NULL, &l->forward);
    desc.direction = DCN_BACKWARD;
    if (s == DCN_SUCCESS)
        s = dcn_dcnv4_plan_create(l->context, &desc, NULL, &l->backward);
    dcn_buffer **const images[] = {&l->value, &l->output, &l->grad_output};
    dcn_buffer **const rows[] = {&l->offset_mask, &l->grad_offset_mask};
    for (int i = 0; i < 3 && s == DCN_SUCCESS; i++)
        s = dcn_buffer_create(l->context, image, images[i]);
    for (int i = 0; i < 2 && s == DCN_SUCCESS; i++)
        s = dcn_buffer_create(l->context, row, rows[i]);
    return s == DCN_SUCCESS ? dcn_buffer_write(l->queue, l->value, 0, image, f->value, NULL) : s;
}

static void close_layer(layer *l)
{
    dcn_buffer *const buffers[] = {l->value, l->offset_mask, l->output, l->grad_output, l->grad_offset_mask};
    for (int i = 0; i < 5; i++)
        dcn_buffer_destroy(buffers[i]);
    dcn_plan_destroy(l->forward);
    dcn_plan_destroy(l->backward);
    dcn_queue_destroy(l->queue);
    dcn_context_destroy(l->context);
}

static dcn_status run_forward(const layer *l, fit *f)
{
    const dcn_slice tensors[] = {dcn_slice_buffer(l->value), dcn_slice_buffer(l->offset_mask),
                                 dcn_slice_buffer(l->output)};
    dcn_status s = dcn_buffer_write(l->queue, l->offset_mask, 0, f->pixels * ROW * sizeof(float), f->offset_mask, NULL);
    if (s == DCN_SUCCESS)
        s = dcn_execute(l->forward, l->queue, tensors, DCN_DCNV4_FORWARD_TENSORS, NULL);
    if (s == DCN_SUCCESS)
        s = dcn_buffer_read(l->queue, l->output, 0, f->pixels * CHANNELS * sizeof(float), f->output, NULL);
    return s;
}

/* The photograph itself is not fitted: its gradient is left out. */
static dcn_status run_backward(const layer *l, fit *f)
{
    const dcn_slice tensors[] = {dcn_slice_buffer(l->value), dcn_slice_buffer(l->offset_mask),
                                 dcn_slice_buffer(l->grad_output), dcn_slice_none(),
                                 dcn_slice_buffer(l->grad_offset_mask)};
    dcn_status s =
        dcn_buffer_write(l->queue, l->grad_output, 0, f->pixels * CHANNELS * sizeof(float), f->grad_output, NULL);
    if (s == DCN_SUCCESS)
        s = dcn_execute(l->backward, l->queue, tensors, DCN_DCNV4_BACKWARD_TENSORS, NULL);
    if (s == DCN_SUCCESS)
        s = dcn_buffer_read(l->queue, l->grad_offset_mask, 0, f->pixels * ROW * sizeof(float), f->grad_offset_mask,
                            NULL);
    return s;
}

/* ---- fitting ---------------------------------------------------------------------------------- */

/* The mean squared error; grad_output becomes the gradient of the squared errors' sum. */
static double loss_of(fit *f)
{
    double sum = 0.0;
    for (size_t i = 0; i < f->pixels * CHANNELS; i++) {
        const float difference = f->output[i] - f->target[i];
        sum += (double)difference * difference;
        f->grad_output[i] = 2.0F * difference;
    }
    return sum / (double)(f->pixels * CHANNELS);
}

/* `left`: the part of the way that is left, by which steps grow shorter. */
static void step_of_adam(fit *f, int step, float left)
{
    const float first = 0.9F, second = 0.99F;
    const float unbias_first = 1.0F - powf(first, (float)step), unbias_second = 1.0F - powf(second, (float)step);
    for (size_t i = 0; i < f->nodes * ROW; i++) {
        const float g = f->gradient[i];
        f->mean[i] += (1.0F - first) * (g - f->mean[i]);
        f->square[i] += (1.0F - second) * (g * g - f->square[i]);
        f->parameters[i] -=
            LEARNING_RATE * left * (f->mean[i] / unbias_first) / (sqrtf(f->square[i] / unbias_second) + 1e-3F);
    }
}

static dcn_status fit_steps(const layer *l, fit *f, int steps, double *losses)
{
    dcn_status s = DCN_SUCCESS;
    for (int step = 0; step <= steps && s == DCN_SUCCESS; step++) {
        interpolate(f);
        s = run_forward(l, f);
        losses[step] = loss_of(f);
        if (step % 20 == 0 || step == steps)
            printf("step %3d: mean squared error %.2e\n", step, losses[step]);
        if (s == DCN_SUCCESS && step < steps)
            s = run_backward(l, f);
        if (s == DCN_SUCCESS && step < steps) {
            gather_gradient(f);
            step_of_adam(f, step + 1, 1.0F - (float)step / (float)steps);
        }
    }
    return s;
}

/* ---- results ---------------------------------------------------------------------------------- */

static int draw_losses(const double *losses, int steps)
{
    enum { MARGIN = 16, WIDTH = 480, HEIGHT = 240 };
    static unsigned char rgb[WIDTH * HEIGHT * CHANNELS];
    static const unsigned char blue[] = {30, 90, 200}, grey[] = {205, 205, 205};
    const picture plot = {WIDTH, HEIGHT, rgb};
    const double high = ceil(log10(losses[0])), low = floor(log10(losses[steps])) - 1.0;
    memset(rgb, 255, sizeof rgb);
    for (double decade = low; decade <= high; decade += 1.0) /* a line for each power of ten */
        for (int x = MARGIN; x < WIDTH - MARGIN; x++)
            draw_ring(&plot, x, MARGIN + (HEIGHT - 2 * MARGIN) * (high - decade) / (high - low), 0.0, 0.5, grey);
    for (int i = 0; i < 10 * (WIDTH - 2 * MARGIN); i++) {
        const double part = 0.1 * i / (WIDTH - 2 * MARGIN), at = part * steps;
        const int step = (int)at;
        const double loss = log10(losses[step]) * (1 - at + step) + log10(losses[step + 1]) * (at - step);
        draw_ring(&plot, MARGIN + part * (WIDTH - 2 * MARGIN),
                  MARGIN + (HEIGHT - 2 * MARGIN) * (high - loss) / (high - low), 0.0, 1.2, blue);
    }
    return write_picture("fit-loss.png", &plot);
}

/* How much the picture changes around a pixel. */
static double contrast(const fit *f, size_t pixel)
{
    double sum = 0.0;
    for (size_t c = 0; c < CHANNELS; c++) {
        const float *v = f->value + pixel * CHANNELS + c;
        sum += hypot((double)v[CHANNELS] - (double)v[-CHANNELS],
                     (double)v[(size_t)f->width * CHANNELS] - (double)v[-(ptrdiff_t)f->width * CHANNELS]);
    }
    return sum;
}

/* The pixel of most contrast in one of the twist's eight sectors. */
static size_t find_spot(const picture *p, const fit *f, int sector)
{
    const double cx = 0.5 * (p->width - 1), cy = 0.5 * (p->height - 1);
    const double reach = 0.4 * (p->width < p->height ? p->width : p->height);
    size_t best = f->pixels / 2;
    double most = -1.0;
    for (int y = 1; y < p->height - 1; y++) {
        for (int x = 1; x < p->width - 1; x++) {
            const double r = hypot(x - cx, y - cy), angle = atan2(y - cy, x - cx) + 3.1415927;
            const size_t pixel = (size_t)y * (size_t)p->width + (size_t)x;
            if (r < 0.2 * reach || r > reach || (int)(angle * 8 / 6.2831854) != sector || contrast(f, pixel) <= most)
                continue;
            most = contrast(f, pixel);
            best = pixel;
        }
    }
    return best;
}

static void draw_spot(const picture *plot, const picture *p, const fit *f, size_t pixel, double scale)
{
    static const unsigned char yellow[] = {255, 220, 0}, red[] = {255, 40, 40}, white[] = {255, 255, 255};
    const double x = (double)(pixel % (size_t)p->width), y = (double)(pixel / (size_t)p->width), middle = 0.5 * scale;
    const float *row = f->offset_mask + pixel * ROW;
    double source_x, source_y;
    warp_source(p, x, y, &source_x, &source_y);
    for (int k = 0; k < K; k++) { /* column by column */
        const double px = x + k / KERNEL - 1 + (double)row[2 * k], py = y + k % KERNEL - 1 + (double)row[2 * k + 1];
        draw_ring(plot, px * scale + middle, py * scale + middle, 0.0, scale * sqrt(fabs((double)row[2 * K + k])),
                  yellow);
    }
    draw_ring(plot, x * scale + middle, y * scale + middle, 0.0, 2.5, white);
    draw_ring(plot, source_x * scale + middle, source_y * scale + middle, 2.0 * scale - 1.5, 2.0 * scale, red);
}

static int draw_points(const picture *p, const fit *f)
{
    enum { SCALE = 5 };
    picture plot = {p->width * SCALE, p->height * SCALE, NULL};
    plot.rgb = malloc((size_t)plot.width * (size_t)plot.height * CHANNELS);
    if (!plot.rgb)
        return 0;
    for (int y = 0; y < plot.height; y++)
        for (int x = 0; x < plot.width; x++)
            memcpy(plot.rgb + ((size_t)y * (size_t)plot.width + (size_t)x) * CHANNELS,
                   p->rgb + ((size_t)(y / SCALE) * (size_t)p->width + (size_t)(x / SCALE)) * CHANNELS, CHANNELS);
    for (int sector = 0; sector < 8; sector++)
        draw_spot(&plot, p, f, find_spot(p, f, sector), SCALE);
    const int written = write_picture("fit-points.png", &plot);
    free(plot.rgb);
    return written;
}

static int run(const picture *p, const char *device, int steps, fit *f, layer *l, double *losses)
{
    if (!losses || !make_fit(p, f)) {
        fprintf(stderr, "out of memory\n");
        return 0;
    }
    if (open_layer(device, p, f, l) != DCN_SUCCESS || fit_steps(l, f, steps, losses) != DCN_SUCCESS) {
        fprintf(stderr, "%s\n", dcn_error_detail());
        return 0;
    }
    printf("the error fell to 1/%.0f\n", losses[0] / losses[steps]);
    return losses[steps] < losses[0] && draw_losses(losses, steps) && draw_points(p, f);
}

int main(int argc, char **argv)
{
    const char *device = argc > 2 ? argv[2] : "auto";
    const int steps = argc > 3 ? atoi(argv[3]) : 200;
    picture p = {0};
    layer l = {0};
    fit f = {0};
    if (argc < 2 || argc > 4 || steps < 1 || steps > MOST_STEPS) {
        fprintf(stderr, "usage: fit_warp PICTURE.png [DEVICE [STEPS]], with 1 to %d steps\n", MOST_STEPS);
        return 2;
    }
    double *losses = calloc((size_t)steps + 1, sizeof *losses);
    const int done = read_picture(argv[1], &p) && run(&p, device, steps, &f, &l, losses);
    close_layer(&l);
    free_fit(&f);
    free(p.rgb);
    free(losses);
    return done ? 0 : 1;
}
