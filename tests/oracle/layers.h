/* Layers of the networks in network.h, on images with the channels last. */
#ifndef DCN_ORACLE_LAYERS_H
#define DCN_ORACLE_LAYERS_H

#include "network.h"

/* An image [batch, height, width, channels], from malloc. */
typedef struct dcn_oracle_map {
    int64_t batch, height, width, channels;
    double *data;
} dcn_oracle_map;

/* Whose weights, and what stands before their names. */
typedef struct dcn_oracle_scope {
    dcn_oracle_weights weights;
    char prefix[64];
} dcn_oracle_scope;

/* A scope within a scope; `name` ends with a dot, or is empty. */
dcn_oracle_scope dcn_oracle_scope_in(const dcn_oracle_scope *scope, const char *name);

/* The weights `name`, or NULL. */
const double *dcn_oracle_scope_find(const dcn_oracle_scope *scope, const char *name, int64_t count);

/* Zeros; false when there is no memory. */
bool dcn_oracle_map_make(dcn_oracle_map *map, int64_t batch, int64_t height, int64_t width, int64_t channels);
void dcn_oracle_map_free(dcn_oracle_map *map);

/* From and to [batch, channels, height, width]. */
bool dcn_oracle_map_from_planes(dcn_oracle_map *map, int64_t batch, int64_t height, int64_t width, int64_t channels,
                                const double *planes);
void dcn_oracle_map_to_planes(const dcn_oracle_map *map, double *planes);

typedef struct dcn_oracle_convolution {
    int64_t channels; /* of the output */
    int64_t kernel, stride, pad;
    bool depthwise, bias;
} dcn_oracle_convolution;

/* Replaces the map by its convolution with `name`.weight [channels, inputs, kernel, kernel] (one input if depthwise),
 * plus `name`.bias. */
bool dcn_oracle_convolve(dcn_oracle_map *map, dcn_oracle_convolution how, const dcn_oracle_scope *scope,
                         const char *name);

/* A linear layer of the channels. */
bool dcn_oracle_linear(dcn_oracle_map *map, int64_t channels, bool bias, const dcn_oracle_scope *scope,
                       const char *name);

/* Normalisation over the channels, or with running statistics. */
bool dcn_oracle_layer_norm(dcn_oracle_map *map, const dcn_oracle_scope *scope, const char *name);
bool dcn_oracle_batch_norm(dcn_oracle_map *map, double eps, const dcn_oracle_scope *scope, const char *name);

void dcn_oracle_gelu(dcn_oracle_map *map);
void dcn_oracle_silu(dcn_oracle_map *map);

/* The module on a map, which it replaces. */
bool dcn_oracle_module_apply(dcn_oracle_map *map, dcn_oracle_module op, const dcn_oracle_scope *scope);

#endif
