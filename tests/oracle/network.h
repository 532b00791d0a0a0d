/* The DCNv4 module and the network blocks around it in float64; see oracle.h. Nothing here is differentiated. */
#ifndef DCN_ORACLE_NETWORK_H
#define DCN_ORACLE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

/* Where weights come from. `find` returns the numbers of that name, NULL if there are none; it refuses another count
 * than this. */
typedef struct dcn_oracle_weights {
    const double *(*find)(void *context, const char *name, int64_t count);
    void *context;
} dcn_oracle_weights;

typedef struct dcn_oracle_module {
    int64_t batch, height, width, channels, group;
    int64_t kernel_size, stride, pad, dilation;
    int64_t dw_kernel_size; /* 0: no depthwise convolution */
    double offset_scale;
    bool remove_center, output_bias, center_feature_scale, without_pointwise;
} dcn_oracle_module;

/* The default parameters; batch, height, width, channels and group are left at 0. */
dcn_oracle_module dcn_oracle_module_default(void);

/* The output's height or width for an input's. */
int64_t dcn_oracle_module_extent(const dcn_oracle_module *op, int64_t input);

/* Every function here: false where a weight is missing or of another size, or there is no memory. */

/* input [batch, height * width, channels], output [batch, out_height * out_width, channels]. `prefix` stands before
 * each weight's name. */
bool dcn_oracle_module_forward(const dcn_oracle_module *op, dcn_oracle_weights weights, const char *prefix,
                               const double *input, double *output);

typedef struct dcn_oracle_c2f {
    int64_t batch, height, width;
    int64_t c1, c2, n, group;
    bool shortcut;
    double bn_eps;
} dcn_oracle_c2f;

/* input [batch, c1, height, width], output [batch, c2, height, width]. */
bool dcn_oracle_c2f_forward(const dcn_oracle_c2f *op, dcn_oracle_weights weights, const double *input, double *output);

typedef struct dcn_oracle_intern_image {
    int64_t batch, height, width; /* of the picture */
    int64_t channels, classes, levels;
    const int64_t *depths, *groups;
    double mlp_ratio;
    bool post_norm;
    dcn_oracle_module dcn; /* offset_scale, dw_kernel_size, center_feature_scale, remove_center */
} dcn_oracle_intern_image;

/* input [batch, 3, height, width], output [batch, classes]. */
bool dcn_oracle_intern_image_forward(const dcn_oracle_intern_image *op, dcn_oracle_weights weights, const double *input,
                                     double *output);

#endif
