/* The DCNv4 module, step by step. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers.h"
#include "oracle.h"

dcn_oracle_module dcn_oracle_module_default(void)
{
    return (dcn_oracle_module){
        .kernel_size = 3, .stride = 1, .pad = 1, .dilation = 1, .offset_scale = 1.0, .output_bias = true};
}

int64_t dcn_oracle_module_extent(const dcn_oracle_module *op, int64_t input)
{
    int64_t rest = input + 2 * op->pad - op->dilation * (op->kernel_size - 1) - 1;
    return rest < 0 ? 0 : rest / op->stride + 1;
}

static bool copy(const dcn_oracle_map *from, dcn_oracle_map *to)
{
    bool good = dcn_oracle_map_make(to, from->batch, from->height, from->width, from->channels);
    if (good) {
        memcpy(to->data, from->data,
               (size_t)(from->batch * from->height * from->width * from->channels) * sizeof *to->data);
    }
    return good;
}

/* The pixels at the centres of the outputs; 0 where a centre lies outside. */
static bool take_centers(const dcn_oracle_module *op, const dcn_oracle_map *from, dcn_oracle_map *to)
{
    int64_t center = op->dilation * (op->kernel_size - 1) / 2;
    int64_t height = dcn_oracle_module_extent(op, from->height);
    int64_t width = dcn_oracle_module_extent(op, from->width);
    bool good = dcn_oracle_map_make(to, from->batch, height, width, from->channels);
    for (int64_t pixel = 0; good && pixel < from->batch * height * width; pixel++) {
        int64_t n = pixel / width / height;
        int64_t y = pixel / width % height * op->stride - op->pad + center;
        int64_t x = pixel % width * op->stride - op->pad + center;
        if (y >= 0 && y < from->height && x >= 0 && x < from->width) {
            memcpy(to->data + pixel * to->channels,
                   from->data + ((n * from->height + y) * from->width + x) * to->channels,
                   (size_t)to->channels * sizeof *to->data);
        }
    }
    return good;
}

/* Offsets and masks, from the input and never from the values. */
static bool make_offset_mask(const dcn_oracle_module *op, const dcn_oracle_scope *scope, const dcn_oracle_map *input,
                             dcn_oracle_map *offset_mask)
{
    int64_t points = op->kernel_size * op->kernel_size - (op->remove_center ? 1 : 0);
    int64_t columns = (3 * op->group * points + 7) / 8 * 8;
    const dcn_oracle_convolution depthwise = {.channels = input->channels,
                                              .kernel = op->dw_kernel_size,
                                              .stride = 1,
                                              .pad = (op->dw_kernel_size - 1) / 2,
                                              .depthwise = true,
                                              .bias = true};
    dcn_oracle_map u = {0};
    bool good =
        copy(input, &u) && (op->dw_kernel_size == 0 || dcn_oracle_convolve(&u, depthwise, scope, "offset_mask_dw")) &&
        take_centers(op, &u, offset_mask) && dcn_oracle_linear(offset_mask, columns, true, scope, "offset_mask");
    dcn_oracle_map_free(&u);
    return good;
}

static bool sample(const dcn_oracle_module *op, const dcn_oracle_map *value, const dcn_oracle_map *offset_mask,
                   dcn_oracle_map *output)
{
    const dcn_oracle_dcnv4 core = {
        .batch = value->batch,
        .height = value->height,
        .width = value->width,
        .out_height = offset_mask->height,
        .out_width = offset_mask->width,
        .group = op->group,
        .group_channels = value->channels / op->group,
        .kernel_h = op->kernel_size,
        .kernel_w = op->kernel_size,
        .stride_h = op->stride,
        .stride_w = op->stride,
        .pad_h = op->pad,
        .pad_w = op->pad,
        .dilation_h = op->dilation,
        .dilation_w = op->dilation,
        .row = offset_mask->channels,
        .offset_scale = op->offset_scale,
        .remove_center = op->remove_center,
        .value = value->data,
        .offset_mask = offset_mask->data,
    };
    return dcn_oracle_map_make(output, value->batch, offset_mask->height, offset_mask->width, value->channels) &&
           dcn_oracle_dcnv4_forward(&core, output->data);
}

/* y (1 - a) + v a, v the values at the centres. */
static bool scale_centers(const dcn_oracle_module *op, const dcn_oracle_scope *scope, const dcn_oracle_map *value,
                          dcn_oracle_map *y)
{
    const int64_t channels = y->channels;
    const double *weight = dcn_oracle_scope_find(scope, "center_feature_scale_proj_weight", op->group * channels);
    const double *bias = dcn_oracle_scope_find(scope, "center_feature_scale_proj_bias", op->group);
    double *a = calloc((size_t)op->group, sizeof *a);
    dcn_oracle_map centers = {0};
    bool good = weight && bias && a && take_centers(op, value, &centers);
    for (int64_t pixel = 0; good && pixel < y->batch * y->height * y->width; pixel++) {
        double *at = y->data + pixel * channels;
        for (int64_t g = 0; g < op->group; g++) {
            a[g] = bias[g];
            for (int64_t c = 0; c < channels; c++) {
                a[g] += at[c] * weight[g * channels + c];
            }
            a[g] = 1.0 / (1.0 + exp(-a[g]));
        }
        for (int64_t c = 0; c < channels; c++) {
            double share = a[c / (channels / op->group)];
            at[c] = at[c] * (1.0 - share) + centers.data[pixel * channels + c] * share;
        }
    }
    free(a);
    dcn_oracle_map_free(&centers);
    return good;
}

bool dcn_oracle_module_apply(dcn_oracle_map *map, dcn_oracle_module op, const dcn_oracle_scope *scope)
{
    const int64_t channels = map->channels;
    dcn_oracle_map value = {0};
    dcn_oracle_map offset_mask = {0};
    dcn_oracle_map output = {0};
    bool good = copy(map, &value) &&
                (op.without_pointwise || dcn_oracle_linear(&value, channels, true, scope, "value_proj")) &&
                make_offset_mask(&op, scope, map, &offset_mask) && sample(&op, &value, &offset_mask, &output) &&
                (!op.center_feature_scale || scale_centers(&op, scope, &value, &output)) &&
                (op.without_pointwise || dcn_oracle_linear(&output, channels, op.output_bias, scope, "output_proj"));
    dcn_oracle_map_free(&value);
    dcn_oracle_map_free(&offset_mask);
    dcn_oracle_map_free(map);
    *map = output;
    return good;
}

bool dcn_oracle_module_forward(const dcn_oracle_module *op, dcn_oracle_weights weights, const char *prefix,
                               const double *input, double *output)
{
    const dcn_oracle_scope root = {.weights = weights};
    const dcn_oracle_scope scope = dcn_oracle_scope_in(&root, prefix);
    const dcn_oracle_map view = {op->batch, op->height, op->width, op->channels, (double *)(uintptr_t)input};
    dcn_oracle_map map = {0};
    bool good = copy(&view, &map) && dcn_oracle_module_apply(&map, *op, &scope);
    if (good) {
        memcpy(output, map.data, (size_t)(map.batch * map.height * map.width * map.channels) * sizeof *output);
    }
    dcn_oracle_map_free(&map);
    return good;
}
