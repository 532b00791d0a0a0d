#include "layers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYER_NORM_EPS 1e-6

dcn_oracle_scope dcn_oracle_scope_in(const dcn_oracle_scope *scope, const char *name)
{
    dcn_oracle_scope inner = {.weights = scope->weights};
    snprintf(inner.prefix, sizeof inner.prefix, "%s%s", scope->prefix, name);
    return inner;
}

const double *dcn_oracle_scope_find(const dcn_oracle_scope *scope, const char *name, int64_t count)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s", scope->prefix, name);
    return scope->weights.find(scope->weights.context, full, count);
}

/* The weights of a layer that are called `kind`. */
static const double *find(const dcn_oracle_scope *scope, const char *layer, const char *kind, int64_t count)
{
    char name[96];
    snprintf(name, sizeof name, "%s.%s", layer, kind);
    return dcn_oracle_scope_find(scope, name, count);
}

bool dcn_oracle_map_make(dcn_oracle_map *map, int64_t batch, int64_t height, int64_t width, int64_t channels)
{
    *map = (dcn_oracle_map){batch, height, width, channels, NULL};
    const int64_t extents[] = {batch, height, width, channels};
    int64_t room = INT64_MAX / (int64_t)sizeof *map->data - 1;
    int64_t size = 1;
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
        if (extents[i] < 0 || (extents[i] > 0 && size > room / extents[i])) {
            return false;
        }
        size *= extents[i];
    }
    map->data = calloc((size_t)size + 1, sizeof *map->data);
    return map->data != NULL;
}

void dcn_oracle_map_free(dcn_oracle_map *map)
{
    free(map->data);
    map->data = NULL;
}

/* Where element i of a map lies when planes come first. */
static int64_t plane_index(const dcn_oracle_map *map, int64_t i)
{
    int64_t c = i % map->channels;
    int64_t pixel = i / map->channels;
    int64_t pixels = map->height * map->width;
    return (pixel / pixels * map->channels + c) * pixels + pixel % pixels;
}

static int64_t size_of(const dcn_oracle_map *map)
{
    return map->batch * map->height * map->width * map->channels;
}

bool dcn_oracle_map_from_planes(dcn_oracle_map *map, int64_t batch, int64_t height, int64_t width, int64_t channels,
                                const double *planes)
{
    bool good = dcn_oracle_map_make(map, batch, height, width, channels);
    for (int64_t i = 0; good && i < size_of(map); i++) {
        map->data[i] = planes[plane_index(map, i)];
    }
    return good;
}

void dcn_oracle_map_to_planes(const dcn_oracle_map *map, double *planes)
{
    for (int64_t i = 0; i < size_of(map); i++) {
        planes[plane_index(map, i)] = map->data[i];
    }
}

/* One number of a convolution's output; `weight` begins at its own channel's. */
static double convolved(const dcn_oracle_map *in, const dcn_oracle_convolution *how, const double *weight, int64_t n,
                        int64_t oy, int64_t ox, int64_t o)
{
    int64_t first = how->depthwise ? o : 0;
    int64_t inputs = how->depthwise ? 1 : in->channels;
    double sum = 0.0;
    for (int64_t j = 0; j < how->kernel; j++) {
        for (int64_t i = 0; i < how->kernel; i++) {
            int64_t y = oy * how->stride - how->pad + j;
            int64_t x = ox * how->stride - how->pad + i;
            if (y < 0 || y >= in->height || x < 0 || x >= in->width) {
                continue;
            }
            const double *pixel = in->data + ((n * in->height + y) * in->width + x) * in->channels + first;
            for (int64_t c = 0; c < inputs; c++) {
                sum += weight[(c * how->kernel + j) * how->kernel + i] * pixel[c];
            }
        }
    }
    return sum;
}

bool dcn_oracle_convolve(dcn_oracle_map *map, dcn_oracle_convolution how, const dcn_oracle_scope *scope,
                         const char *name)
{
    int64_t each = (how.depthwise ? 1 : map->channels) * how.kernel * how.kernel;
    const double *weight = find(scope, name, "weight", how.channels * each);
    const double *bias = how.bias ? find(scope, name, "bias", how.channels) : NULL;
    dcn_oracle_map out;
    int64_t height = (map->height + 2 * how.pad - how.kernel) / how.stride + 1;
    int64_t width = (map->width + 2 * how.pad - how.kernel) / how.stride + 1;
    if (!weight || (how.bias && !bias) || !dcn_oracle_map_make(&out, map->batch, height, width, how.channels)) {
        return false;
    }
    for (int64_t i = 0; i < size_of(&out); i++) {
        int64_t o = i % how.channels;
        int64_t pixel = i / how.channels;
        int64_t n = pixel / width / height;
        out.data[i] = convolved(map, &how, weight + o * each, n, pixel / width % height, pixel % width, o) +
                      (bias ? bias[o] : 0.0);
    }
    dcn_oracle_map_free(map);
    *map = out;
    return true;
}

bool dcn_oracle_linear(dcn_oracle_map *map, int64_t channels, bool bias, const dcn_oracle_scope *scope,
                       const char *name)
{
    const dcn_oracle_convolution how = {.channels = channels, .kernel = 1, .stride = 1, .bias = bias};
    return dcn_oracle_convolve(map, how, scope, name);
}

static void normalise_pixel(double *pixel, int64_t channels, const double *weight, const double *bias)
{
    double mean = 0.0;
    double variance = 0.0;
    for (int64_t c = 0; c < channels; c++) {
        mean += pixel[c] / (double)channels;
    }
    for (int64_t c = 0; c < channels; c++) {
        variance += (pixel[c] - mean) * (pixel[c] - mean) / (double)channels;
    }
    for (int64_t c = 0; c < channels; c++) {
        pixel[c] = (pixel[c] - mean) / sqrt(variance + LAYER_NORM_EPS) * weight[c] + bias[c];
    }
}

bool dcn_oracle_layer_norm(dcn_oracle_map *map, const dcn_oracle_scope *scope, const char *name)
{
    const double *weight = find(scope, name, "weight", map->channels);
    const double *bias = find(scope, name, "bias", map->channels);
    for (int64_t i = 0; weight && bias && i < size_of(map); i += map->channels) {
        normalise_pixel(map->data + i, map->channels, weight, bias);
    }
    return weight && bias;
}

bool dcn_oracle_batch_norm(dcn_oracle_map *map, double eps, const dcn_oracle_scope *scope, const char *name)
{
    const double *weight = find(scope, name, "weight", map->channels);
    const double *bias = find(scope, name, "bias", map->channels);
    const double *mean = find(scope, name, "running_mean", map->channels);
    const double *variance = find(scope, name, "running_var", map->channels);
    bool good = weight && bias && mean && variance;
    for (int64_t i = 0; good && i < size_of(map); i++) {
        int64_t c = i % map->channels;
        map->data[i] = (map->data[i] - mean[c]) / sqrt(variance[c] + eps) * weight[c] + bias[c];
    }
    return good;
}

void dcn_oracle_gelu(dcn_oracle_map *map)
{
    for (int64_t i = 0; i < size_of(map); i++) {
        map->data[i] *= 0.5 * (1.0 + erf(map->data[i] * sqrt(0.5)));
    }
}

void dcn_oracle_silu(dcn_oracle_map *map)
{
    for (int64_t i = 0; i < size_of(map); i++) {
        map->data[i] /= 1.0 + exp(-map->data[i]);
    }
}
