/* The network blocks around the module. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers.h"

#define BATCH_NORM_EPS 1e-5

static int64_t pixels_of(const dcn_oracle_map *map)
{
    return map->batch * map->height * map->width;
}

/* ------------------------------------------------------------------------------------------------------ C2f_DCNv4 */

/* Convolution without bias, batch norm, SiLU. */
static bool convolution_block(dcn_oracle_map *map, int64_t channels, int64_t kernel, double eps,
                              const dcn_oracle_scope *scope, const char *name)
{
    const dcn_oracle_convolution how = {.channels = channels, .kernel = kernel, .stride = 1, .pad = kernel / 2};
    const dcn_oracle_scope inner = dcn_oracle_scope_in(scope, name);
    bool good = dcn_oracle_convolve(map, how, &inner, "conv") && dcn_oracle_batch_norm(map, eps, &inner, "bn");
    if (good) {
        dcn_oracle_silu(map);
    }
    return good;
}

/* Channels [first, first + map's) of `all`. */
static void copy_channels(dcn_oracle_map *map, dcn_oracle_map *all, int64_t first, bool into_all)
{
    for (int64_t pixel = 0; pixel < pixels_of(all); pixel++) {
        double *part = map->data + pixel * map->channels;
        double *whole = all->data + pixel * all->channels + first;
        memcpy(into_all ? whole : part, into_all ? part : whole, (size_t)map->channels * sizeof *part);
    }
}

/* Reads channels from `first` on of `all`, and writes the bottleneck's output behind them. */
static bool bottleneck(const dcn_oracle_c2f *op, const dcn_oracle_scope *scope, dcn_oracle_map *all, int64_t first)
{
    const int64_t c = op->c2 / 2;
    const dcn_oracle_scope second = dcn_oracle_scope_in(scope, "cv2.");
    const dcn_oracle_scope dcnv4 = dcn_oracle_scope_in(&second, "dcnv4.");
    dcn_oracle_module module = dcn_oracle_module_default();
    module.group = op->group;
    dcn_oracle_map b = {0};
    bool good = dcn_oracle_map_make(&b, op->batch, op->height, op->width, c);
    if (good) {
        copy_channels(&b, all, first, false);
    }
    good = good && convolution_block(&b, c, 3, op->bn_eps, scope, "cv1.") &&
           dcn_oracle_module_apply(&b, module, &dcnv4) && dcn_oracle_batch_norm(&b, op->bn_eps, &second, "bn");
    if (good) {
        dcn_oracle_silu(&b);
        for (int64_t i = 0; op->shortcut && i < pixels_of(&b) * c; i++) {
            b.data[i] += all->data[i / c * all->channels + first + i % c];
        }
        copy_channels(&b, all, first + c, true);
    }
    dcn_oracle_map_free(&b);
    return good;
}

bool dcn_oracle_c2f_forward(const dcn_oracle_c2f *op, dcn_oracle_weights weights, const double *input, double *output)
{
    const dcn_oracle_scope scope = {.weights = weights};
    const int64_t c = op->c2 / 2;
    dcn_oracle_map map = {0};
    dcn_oracle_map all = {0};
    bool good = dcn_oracle_map_from_planes(&map, op->batch, op->height, op->width, op->c1, input) &&
                convolution_block(&map, 2 * c, 1, op->bn_eps, &scope, "cv1.") &&
                dcn_oracle_map_make(&all, op->batch, op->height, op->width, (2 + op->n) * c);
    if (good) {
        copy_channels(&map, &all, 0, true);
    }
    for (int64_t i = 0; good && i < op->n; i++) {
        char name[32];
        snprintf(name, sizeof name, "m.%d.", (int)i);
        const dcn_oracle_scope inner = dcn_oracle_scope_in(&scope, name);
        good = bottleneck(op, &inner, &all, (1 + i) * c);
    }
    good = good && convolution_block(&all, op->c2, 1, op->bn_eps, &scope, "cv2.");
    if (good) {
        dcn_oracle_map_to_planes(&all, output);
    }
    dcn_oracle_map_free(&map);
    dcn_oracle_map_free(&all);
    return good;
}

/* ------------------------------------------------------------------------------------------------ FlashInternImage */

static bool strided(dcn_oracle_map *map, int64_t channels, bool bias, const dcn_oracle_scope *scope, const char *name)
{
    const dcn_oracle_convolution how = {.channels = channels, .kernel = 3, .stride = 2, .pad = 1, .bias = bias};
    return dcn_oracle_convolve(map, how, scope, name);
}

static bool apply_mlp(const dcn_oracle_intern_image *op, dcn_oracle_map *map, const dcn_oracle_scope *scope)
{
    const int64_t channels = map->channels;
    if (!dcn_oracle_linear(map, (int64_t)(op->mlp_ratio * (double)channels), true, scope, "mlp.fc1")) {
        return false;
    }
    dcn_oracle_gelu(map);
    return dcn_oracle_linear(map, channels, false, scope, "mlp.fc2");
}

static bool apply_dcn(const dcn_oracle_intern_image *op, dcn_oracle_map *map, const dcn_oracle_scope *scope,
                      int64_t group)
{
    const dcn_oracle_scope inner = dcn_oracle_scope_in(scope, "dcn.");
    dcn_oracle_module module = op->dcn;
    module.group = group;
    return dcn_oracle_module_apply(map, module, &inner);
}

/* x + gamma * branch(x): the branch is the DCN (`group` over 0) or the MLP, normalised before or after. */
static bool add_branch(const dcn_oracle_intern_image *op, dcn_oracle_map *x, const dcn_oracle_scope *scope,
                       int64_t group)
{
    const char *norm = group ? "norm1.0" : "norm2.0";
    const double *gamma = dcn_oracle_scope_find(scope, group ? "gamma1" : "gamma2", x->channels);
    dcn_oracle_map branch = {0};
    bool good = dcn_oracle_map_make(&branch, x->batch, x->height, x->width, x->channels);
    if (good) {
        copy_channels(&branch, x, 0, false);
    }
    good = good && (op->post_norm || dcn_oracle_layer_norm(&branch, scope, norm)) &&
           (group ? apply_dcn(op, &branch, scope, group) : apply_mlp(op, &branch, scope)) &&
           (!op->post_norm || dcn_oracle_layer_norm(&branch, scope, norm));
    for (int64_t i = 0; good && i < pixels_of(x) * x->channels; i++) {
        x->data[i] += (gamma ? gamma[i % x->channels] : 1.0) * branch.data[i];
    }
    dcn_oracle_map_free(&branch);
    return good;
}

static bool apply_level(const dcn_oracle_intern_image *op, dcn_oracle_map *x, const dcn_oracle_scope *root,
                        int64_t level)
{
    char name[48];
    snprintf(name, sizeof name, "levels.%d.", (int)level);
    const dcn_oracle_scope scope = dcn_oracle_scope_in(root, name);
    bool good = true;
    for (int64_t layer = 0; good && layer < op->depths[level]; layer++) {
        snprintf(name, sizeof name, "blocks.%d.", (int)layer);
        const dcn_oracle_scope inner = dcn_oracle_scope_in(&scope, name);
        good = add_branch(op, x, &inner, op->groups[level]) && add_branch(op, x, &inner, 0);
    }
    good = good && (op->post_norm || dcn_oracle_layer_norm(x, &scope, "norm.0"));
    if (level + 1 < op->levels) {
        good = good && strided(x, 2 * x->channels, false, &scope, "downsample.conv") &&
               dcn_oracle_layer_norm(x, &scope, "downsample.norm.1");
    }
    return good;
}

static bool apply_stem(const dcn_oracle_intern_image *op, dcn_oracle_map *x, const dcn_oracle_scope *root)
{
    const dcn_oracle_scope scope = dcn_oracle_scope_in(root, "patch_embed.");
    if (!strided(x, op->channels / 2, true, &scope, "conv1") || !dcn_oracle_layer_norm(x, &scope, "norm1.1")) {
        return false;
    }
    dcn_oracle_gelu(x);
    return strided(x, op->channels, true, &scope, "conv2") && dcn_oracle_layer_norm(x, &scope, "norm2.1");
}

static bool apply_head(const dcn_oracle_intern_image *op, dcn_oracle_map *x, const dcn_oracle_scope *root)
{
    const dcn_oracle_scope scope = dcn_oracle_scope_in(root, "conv_head.");
    dcn_oracle_map mean = {0};
    if (!dcn_oracle_linear(x, x->channels * 3 / 2, false, &scope, "0") ||
        !dcn_oracle_batch_norm(x, BATCH_NORM_EPS, &scope, "1.0") ||
        !dcn_oracle_map_make(&mean, x->batch, 1, 1, x->channels)) {
        return false;
    }
    dcn_oracle_gelu(x);
    int64_t pixels = x->height * x->width;
    for (int64_t i = 0; i < pixels_of(x) * x->channels; i++) {
        int64_t n = i / x->channels / pixels;
        mean.data[n * x->channels + i % x->channels] += x->data[i] / (double)pixels;
    }
    dcn_oracle_map_free(x);
    *x = mean;
    return dcn_oracle_linear(x, op->classes, true, root, "head");
}

bool dcn_oracle_intern_image_forward(const dcn_oracle_intern_image *op, dcn_oracle_weights weights, const double *input,
                                     double *output)
{
    const dcn_oracle_scope scope = {.weights = weights};
    dcn_oracle_map x = {0};
    bool good =
        dcn_oracle_map_from_planes(&x, op->batch, op->height, op->width, 3, input) && apply_stem(op, &x, &scope);
    for (int64_t level = 0; good && level < op->levels; level++) {
        good = apply_level(op, &x, &scope, level);
    }
    good = good && apply_head(op, &x, &scope);
    if (good) {
        memcpy(output, x.data, (size_t)(op->batch * op->classes) * sizeof *output);
    }
    dcn_oracle_map_free(&x);
    return good;
}
