#include "plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One sampling point. */
typedef struct point {
    int64_t x, y; /* its cell */
    float lx, ly;
    float rate_x, rate_y;
    float mask;
    bool counts;
    int64_t start, height, width; /* its image: place of the head's first channel, size */
    size_t at_x, at_y, at_mask;   /* where its numbers are in their tensors */
} point;

/* A call in float32. `masks` is the input that holds masks, and result of its gradient; offsets are input 1. */
typedef struct plain {
    const dcn_call *call;
    dcn_fault fault;
    float *inputs[DCN_CALL_MAX_INPUTS];
    float *results[DCN_CALL_MAX_RESULTS];
    size_t masks;
    bool backward, softmax;
    int64_t heads, points, channels, step; /* step: from a pixel to the next */
    point *head;
} plain;

/* Where the fraction of a position begins: a whole and a part in [0, 1). */
typedef struct split {
    double whole;
    float part;
} split;

static split split_grid(double scaled)
{
    double whole = floor(scaled);
    return (split){whole, (float)(scaled - whole)};
}

/* Along one axis of a grid: the cell and fraction of origin + scale * (grid + offset); false where it is outside. */
static bool place_grid(const plain *p, double origin, double scale, double grid, float offset, int64_t extent,
                       int64_t *cell, float *fraction)
{
    double scaled = p->fault == DCN_FAULT_SCALED_OFFSET ? grid : scale * grid;
    split at = split_grid(scaled);
    float s = (float)scale;
    float rest = p->fault == DCN_FAULT_ONE_FLOAT ? 0.0f : (float)(scale - (double)s);
    at.part = fmaf(rest, offset, at.part);
    float n = floorf(fmaf(s, offset, at.part));
    *fraction = fmaf(s, offset, -n) + at.part;
    if (p->fault == DCN_FAULT_ABSOLUTE) {
        float position = (float)(origin + scaled) + s * offset;
        n = floorf(position) - (float)(origin + at.whole);
        *fraction = position - floorf(position);
    }
    if (!(fabsf(n) < 1e9f)) {
        return false;
    }
    *cell = (int64_t)(origin + at.whole) + (int64_t)n;
    bool above = *cell > -1 || (*cell == -1 && (*fraction > 0.0f || p->fault == DCN_FAULT_MINUS_ONE));
    return above && *cell < extent;
}

/* The same for a location. */
static bool place_location(const plain *p, float location, int64_t extent, int64_t *cell, float *fraction)
{
    float size = (float)extent;
    float position = location * size - 0.5f;
    if (!(p->fault == DCN_FAULT_MINUS_ONE ? position >= -1.0f : position > -1.0f) || !(position < size)) {
        return false;
    }
    float n = floorf(position);
    *cell = (int64_t)n;
    *fraction = p->fault == DCN_FAULT_ABSOLUTE ? position - n : fmaf(location, size, -n) - 0.5f;
    return true;
}

/* A cell that is left by one, at the same place. */
static void take_left_cell(const plain *p, int64_t *cell, float *fraction)
{
    if (p->fault == DCN_FAULT_LEFT_DERIVATIVE && *fraction == 0.0f) {
        *cell -= 1;
        *fraction = 1.0f;
    }
}

static void soften(const plain *p)
{
    float largest = p->fault == DCN_FAULT_LARGEST_LOGIT ? 0.0f : -INFINITY;
    for (int64_t k = 0; k < p->points && p->fault != DCN_FAULT_LARGEST_LOGIT; k++) {
        largest = fmaxf(largest, p->head[k].mask);
    }
    float sum = 0.0f;
    for (int64_t k = 0; k < p->points; k++) {
        point *at = &p->head[k];
        at->mask = p->fault == DCN_FAULT_OUTSIDE_LOGITS && !at->counts ? 0.0f : expf(at->mask - largest);
        sum += at->mask;
    }
    for (int64_t k = 0; k < p->points; k++) {
        p->head[k].mask /= sum;
    }
}

static void locate_grid_point(const plain *p, int64_t pixel, int64_t i, int64_t j, point *at)
{
    const dcn_dcnv4_desc *d = &p->call->desc.dcnv4;
    const int64_t *out = p->call->inputs[1]->extent;
    const bool divided = p->fault == DCN_FAULT_CENTER;
    int64_t cw = divided ? d->dilation_w * ((d->kernel_w - 1) / 2) : d->dilation_w * (d->kernel_w - 1) / 2;
    int64_t ch = divided ? d->dilation_h * ((d->kernel_h - 1) / 2) : d->dilation_h * (d->kernel_h - 1) / 2;
    double origin_x = (double)(pixel % out[2] * d->stride_w - d->pad_w + cw);
    double origin_y = (double)(pixel / out[2] % out[1] * d->stride_h - d->pad_h + ch);
    double grid_x = (double)(i * d->dilation_w - cw);
    double grid_y = (double)(j * d->dilation_h - ch);
    at->height = d->height;
    at->width = d->width;
    at->rate_x = at->rate_y = (float)d->offset_scale;
    bool x = place_grid(p, origin_x, d->offset_scale, grid_x, p->inputs[1][at->at_x], d->width, &at->x, &at->lx);
    bool y = place_grid(p, origin_y, d->offset_scale, grid_y, p->inputs[1][at->at_y], d->height, &at->y, &at->ly);
    at->counts = x && y;
}

static void locate_grid(const plain *p, int64_t head)
{
    const dcn_dcnv4_desc *d = &p->call->desc.dcnv4;
    const int64_t *out = p->call->inputs[1]->extent;
    int64_t pixel = head / d->group;
    int64_t g = head % d->group;
    int64_t n = (p->fault == DCN_FAULT_FIRST_IMAGE ? pixel / 8 * 8 : pixel) / (out[1] * out[2]);
    bool rows_first = p->fault == DCN_FAULT_ROWS_FIRST;
    size_t offsets = (size_t)(p->masks == 1 ? pixel * d->offset_mask_row + g * p->points * 3 : head * p->points * 2);
    size_t masks = p->masks == 1 ? offsets + 2 * (size_t)p->points : (size_t)(head * p->points);
    int64_t outer = rows_first ? d->kernel_h : d->kernel_w;
    int64_t inner = rows_first ? d->kernel_w : d->kernel_h;
    size_t k = 0;
    for (int64_t a = 0; a < outer; a++) {
        for (int64_t b = 0; b < inner; b++) {
            if (d->remove_center && a == outer / 2 && b == inner / 2) {
                continue;
            }
            point *at = &p->head[k];
            *at = (point){.at_x = offsets + 2 * k, .at_y = offsets + 2 * k + 1, .at_mask = masks + k};
            at->start = (n * d->height * d->width * d->group + g) * d->group_channels;
            locate_grid_point(p, pixel, rows_first ? b : a, rows_first ? a : b, at);
            at->mask = p->inputs[p->masks][at->at_mask];
            k++;
        }
    }
}

static void locate_attention(const plain *p, int64_t head)
{
    const dcn_attention_shape *s = &p->call->desc.attention;
    int64_t query = head / s->group;
    int64_t n = (p->fault == DCN_FAULT_FIRST_IMAGE ? query / 8 * 8 : query) / s->queries;
    size_t first = (size_t)(head * p->points * 3);
    for (int64_t k = 0; k < p->points; k++) {
        int64_t level = k / s->points;
        point *at = &p->head[k];
        *at = (point){.at_x = first + 2 * (size_t)k, .at_y = first + 2 * (size_t)k + 1};
        at->at_mask = first + (size_t)(2 * p->points + k);
        at->height = s->spatial_shapes[2 * level];
        at->width = s->spatial_shapes[2 * level + 1];
        at->rate_x = (float)at->width;
        at->rate_y = (float)at->height;
        at->start = ((n * s->pixels + s->level_start_index[level]) * s->group + head % s->group) * s->group_channels;
        bool x = place_location(p, p->inputs[1][at->at_x], at->width, &at->x, &at->lx);
        bool y = place_location(p, p->inputs[1][at->at_y], at->height, &at->y, &at->ly);
        at->counts = x && y;
        at->mask = p->inputs[1][at->at_mask];
    }
}

/* The place of a corner's first channel, or -1 outside the image. */
static int64_t corner_of(const plain *p, const point *at, int corner)
{
    int64_t x = at->x + corner % 2;
    int64_t y = at->y + corner / 2;
    if (p->fault == DCN_FAULT_CLAMPED) {
        x = x < 0 ? 0 : x >= at->width ? at->width - 1 : x;
        y = y < 0 ? 0 : y >= at->height ? at->height - 1 : y;
    }
    bool inside = x >= 0 && x < at->width && y >= 0 && y < at->height;
    return inside ? at->start + (y * at->width + x) * p->step : -1;
}

static void load_corners(const plain *p, const point *at, int64_t c, float v[4])
{
    for (int corner = 0; corner < 4; corner++) {
        int64_t place = corner_of(p, at, corner);
        v[corner] = place < 0 ? 0.0f : p->inputs[0][place + c];
    }
}

static float interpolate(const point *at, const float v[4])
{
    return (1.0f - at->ly) * (1.0f - at->lx) * v[0] + (1.0f - at->ly) * at->lx * v[1] +
           at->ly * (1.0f - at->lx) * v[2] + at->ly * at->lx * v[3];
}

static void head_forward(const plain *p, int64_t head)
{
    for (int64_t c = 0; c < p->channels; c++) {
        float sum = 0.0f;
        for (int64_t k = 0; k < p->points; k++) {
            const point *at = &p->head[k];
            float v[4];
            if (at->counts) {
                load_corners(p, at, c, v);
                sum += at->mask * interpolate(at, v);
            } else if (p->fault == DCN_FAULT_MASK_TIMES_ZERO) {
                sum += at->mask * 0.0f;
            }
        }
        p->results[0][head * p->channels + c] = sum;
    }
}

static void add_to_values(const plain *p, const point *at, const float *go)
{
    for (int corner = 0; corner < 4; corner++) {
        float weight = (corner / 2 ? at->ly : 1.0f - at->ly) * (corner % 2 ? at->lx : 1.0f - at->lx);
        int64_t place = corner_of(p, at, corner);
        for (int64_t c = 0; c < p->channels && place >= 0; c++) {
            float *sum = &p->results[0][place + c];
            float before = p->fault == DCN_FAULT_FIRST_ITEM ? 0.0f : *sum;
            *sum = before + go[c] * at->mask * weight;
            if (p->fault == DCN_FAULT_STORED_SUMS) {
                *sum = (float)dcn_convert_round(p->call->storage, *sum);
            }
        }
    }
}

/* d mask, d x, d y of a point that counts, rate and mask left out of the last two. */
static void dot_channels(const plain *p, const point *at, const float *go, float dots[3])
{
    int64_t channels = p->channels;
    if (p->fault == DCN_FAULT_CHANNELS) {
        for (channels = 1; 2 * channels <= p->channels;) {
            channels *= 2;
        }
    }
    dots[0] = dots[1] = dots[2] = 0.0f;
    for (int64_t c = 0; c < channels; c++) {
        float v[4];
        load_corners(p, at, c, v);
        dots[0] += go[c] * interpolate(at, v);
        dots[1] += go[c] * ((1.0f - at->ly) * (v[1] - v[0]) + at->ly * (v[3] - v[2]));
        dots[2] += go[c] * ((1.0f - at->lx) * (v[2] - v[0]) + at->lx * (v[3] - v[1]));
    }
}

static void store_offsets(const plain *p, const point *at, const float dots[3])
{
    float mask = p->fault == DCN_FAULT_NO_MASK ? 1.0f : at->mask;
    bool rate = p->fault != DCN_FAULT_NO_RATE;
    bool swapped = p->fault == DCN_FAULT_SWAPPED_AXES;
    p->results[1][at->at_x] = (rate ? at->rate_x : 1.0f) * mask * dots[swapped ? 2 : 1];
    p->results[1][at->at_y] = (rate ? at->rate_y : 1.0f) * mask * dots[swapped ? 1 : 2];
}

static void head_backward(const plain *p, int64_t head)
{
    const float *go = p->inputs[p->call->input_count - 1] + head * p->channels;
    float *masks = p->results[p->masks];
    float mean = 0.0f;
    float dots[3] = {0};
    for (int64_t k = 0; k < p->points; k++) {
        point *at = &p->head[k];
        float mask_gradient = 0.0f;
        if (at->counts) {
            take_left_cell(p, &at->x, &at->lx);
            take_left_cell(p, &at->y, &at->ly);
            dot_channels(p, at, go, dots);
            add_to_values(p, at, go);
            store_offsets(p, at, dots);
            mask_gradient = dots[0];
        } else if (p->fault == DCN_FAULT_STALE_LOCATION) {
            store_offsets(p, at, dots);
        } else if (p->fault == DCN_FAULT_STALE_LOGIT) {
            mask_gradient = dots[0];
        } else if (p->fault == DCN_FAULT_MASK_TIMES_ZERO) {
            store_offsets(p, at, (const float[3]){0});
        }
        masks[at->at_mask] = mask_gradient;
        mean += at->mask * mask_gradient;
    }
    for (int64_t k = 0; k < p->points && p->softmax; k++) {
        const point *at = &p->head[k];
        float subtracted = p->fault == DCN_FAULT_NO_SOFTMAX_MEAN ? 0.0f : mean;
        masks[at->at_mask] = at->mask * (masks[at->at_mask] - subtracted);
    }
}

static void describe(plain *p)
{
    const dcn_call *call = p->call;
    p->backward = call->op->direction == DCN_CALL_BACKWARD;
    if (strcmp(call->op->name, "flash_deform_attn") == 0) {
        const dcn_attention_shape *s = &call->desc.attention;
        p->heads = s->batch * s->queries * s->group;
        p->points = s->levels * s->points;
        p->channels = s->group_channels;
        p->step = s->group * s->group_channels;
        p->softmax = true;
        p->masks = 1;
        return;
    }
    const dcn_dcnv4_desc *d = &call->desc.dcnv4;
    const int64_t *out = call->inputs[1]->extent;
    p->heads = out[0] * out[1] * out[2] * d->group;
    p->points = d->kernel_h * d->kernel_w - d->remove_center;
    p->channels = d->group_channels;
    p->step = d->channels;
    p->softmax = d->softmax != 0;
    p->masks = strcmp(call->op->name, "dcnv3") == 0 ? 2 : 1;
}

static bool allocate(plain *p)
{
    const dcn_call *call = p->call;
    p->head = calloc((size_t)p->points + 1, sizeof *p->head);
    bool good = p->head != NULL;
    for (size_t i = 0; i < call->input_count; i++) {
        uint64_t count = call->inputs[i]->bytes / dcn_element_size(call->storage);
        p->inputs[i] = malloc(((size_t)count + 1) * sizeof(float));
        for (uint64_t e = 0; p->inputs[i] && e < count; e++) {
            p->inputs[i][e] = (float)dcn_convert_load(call->storage, call->inputs[i]->data, e);
        }
        good = good && p->inputs[i];
    }
    for (size_t r = 0; r < call->result_count; r++) {
        p->results[r] = calloc((size_t)call->results[r].count + 1, sizeof(float));
        good = good && p->results[r];
        for (uint64_t e = 0; good && p->fault == DCN_FAULT_PADDING && r == 1 && e < call->results[r].count; e++) {
            p->results[r][e] = 1.0f;
        }
    }
    return good;
}

static void release(plain *p)
{
    for (size_t i = 0; i < DCN_CALL_MAX_INPUTS; i++) {
        free(p->inputs[i]);
    }
    for (size_t r = 0; r < DCN_CALL_MAX_RESULTS; r++) {
        free(p->results[r]);
    }
    free(p->head);
}

static void run(plain *p, int64_t head)
{
    if (strcmp(p->call->op->name, "flash_deform_attn") == 0) {
        locate_attention(p, head);
    } else {
        locate_grid(p, head);
    }
    if (p->softmax) {
        soften(p);
    }
    if (p->backward) {
        head_backward(p, head);
    } else {
        head_forward(p, head);
    }
}

bool dcn_plain_run(const dcn_call *call, dcn_fault fault, void *const *results)
{
    plain p = {.call = call, .fault = fault};
    describe(&p);
    bool good = allocate(&p);
    for (int64_t head = 0; good && head < p.heads; head++) {
        run(&p, head);
    }
    for (size_t r = 0; r < call->result_count && good; r++) {
        for (uint64_t i = 0; i < call->results[r].count; i++) {
            dcn_convert_store(call->storage, results[r], i, p.results[r][i]);
        }
    }
    release(&p);
    return good;
}
