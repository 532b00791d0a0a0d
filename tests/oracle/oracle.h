/*
 * The operators evaluated in float64, straight from their definition and as plainly as possible. This is what every
 * device is judged by, so it shares no code and no header with the kernels or the library.
 */
#ifndef DCN_ORACLE_H
#define DCN_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* One DCNv4 call. Row-major tensors: value [batch, height, width, group * group_channels], offset_mask [batch,
 * out_height, out_width, row], of which the columns from group * points * 3 on are never read. */
typedef struct dcn_oracle_dcnv4 {
    int64_t batch, height, width;
    int64_t out_height, out_width;
    int64_t group, group_channels;
    int64_t kernel_h, kernel_w;
    int64_t stride_h, stride_w;
    int64_t pad_h, pad_w;
    int64_t dilation_h, dilation_w;
    int64_t row;
    double offset_scale;
    bool remove_center, softmax;
    const double *value;
    const double *offset_mask;
} dcn_oracle_dcnv4;

/* One sampling point of one output pixel and group. */
typedef struct dcn_oracle_point {
    int64_t column, line; /* its place in the kernel grid: column * dilation - center */
    double offset_x, offset_y;
    double x, y;  /* position in the image, in pixels */
    double logit; /* the mask as stored */
    double mask;  /* the mask as used, after softmax if there is one */
    bool counts;  /* -1 < x < width and -1 < y < height */
} dcn_oracle_point;

/* How many points a group has. */
int64_t dcn_oracle_dcnv4_points(const dcn_oracle_dcnv4 *op);

/* Where the points of output pixel (n, oy, ox), group g lie. `points` has room for all of them. */
void dcn_oracle_dcnv4_locate(const dcn_oracle_dcnv4 *op, int64_t n, int64_t oy, int64_t ox, int64_t g,
                             dcn_oracle_point *points);

/* Channel c of pixel (y, x) of image n; 0 outside the image. */
double dcn_oracle_dcnv4_pixel(const dcn_oracle_dcnv4 *op, int64_t n, int64_t y, int64_t x, int64_t c);

/* output [batch, out_height, out_width, group * group_channels]; false when there is no memory. */
bool dcn_oracle_dcnv4_forward(const dcn_oracle_dcnv4 *op, double *output);

/* What an error bound for one output element is made of; compare.h says how. float32 evaluation with positions kept
 * relative is assumed where a number depends on the arithmetic. */
typedef struct dcn_oracle_error {
    double magnitude; /* sum of |mask * weight * value| over the corners inside the image of counting points */
    double terms;     /* how many such corners there are */
    double drift;     /* how far the result can move because float32 places points slightly off */
    double softness;  /* how far it can move because the softmax is evaluated in float32 */
    double underflow; /* how far it can move because numbers below 2^-126 may be flushed to zero */
    bool may_be_nonfinite;
    bool must_be_nonfinite;
} dcn_oracle_error;

/* One entry for each element of the output; false when there is no memory. */
bool dcn_oracle_dcnv4_errors(const dcn_oracle_dcnv4 *op, dcn_oracle_error *errors);

#endif
