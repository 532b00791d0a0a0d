/*
 * The operators evaluated in float64, straight from their definition and as plainly as possible. This is what every
 * device is judged by, so it shares no code and no header with the kernels or the library.
 *
 * Here: the operators that sample a grid, DCNv4 and DCNv3. attention.h: multi-scale deformable attention.
 */
#ifndef DCN_ORACLE_H
#define DCN_ORACLE_H

#include "error.h"
#include "sample.h"

/* One DCNv4 or DCNv3 call. Row-major tensors: value [batch, height, width, group * group_channels]; for DCNv4
 * offset_mask [batch, out_height, out_width, row], of which the columns from group * points * 3 on are never read. */
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
    const double *mask;        /* NULL, or for DCNv3 its masks, [batch, out_height, out_width, group * points]; then
                                  offset_mask holds the offsets alone, in rows of group * points * 2, and `row` is not used */
    const double *grad_output; /* for gradients: [batch, out_height, out_width, group * group_channels] */
} dcn_oracle_dcnv4;

/* How many points a group has. */
int64_t dcn_oracle_dcnv4_points(const dcn_oracle_dcnv4 *op);

/* output [batch, out_height, out_width, group * group_channels]; false when there is no memory. */
bool dcn_oracle_dcnv4_forward(const dcn_oracle_dcnv4 *op, double *output);

/* One entry for each element of the output; false when there is no memory. */
bool dcn_oracle_dcnv4_errors(const dcn_oracle_dcnv4 *op, dcn_oracle_error *errors);

/* Gradients laid out as the tensors that they are of; `mask` only for DCNv3. Padding columns get 0. All are written
 * whole; false when there is no memory. */
bool dcn_oracle_dcnv4_backward(const dcn_oracle_dcnv4 *op, double *value, double *offset_mask, double *mask);

/* The same for their bounds. */
bool dcn_oracle_dcnv4_backward_errors(const dcn_oracle_dcnv4 *op, dcn_oracle_error *value,
                                      dcn_oracle_error *offset_mask, dcn_oracle_error *mask);

/* For oracle_error.c: one output pixel's group, and where its stored numbers are. */
typedef struct dcn_oracle_dcnv4_head {
    int64_t n, oy, ox, g;
    int64_t output;  /* its first channel in output and grad_output */
    int64_t offsets; /* its first offset in offset_mask */
    int64_t masks;   /* its first mask in offset_mask, or for DCNv3 in mask */
} dcn_oracle_dcnv4_head;

/* How many heads there are, and head `index` of them. */
int64_t dcn_oracle_dcnv4_heads(const dcn_oracle_dcnv4 *op);
dcn_oracle_dcnv4_head dcn_oracle_dcnv4_head_at(const dcn_oracle_dcnv4 *op, int64_t index);

/* Where its points lie. `points` has room for all of them. */
void dcn_oracle_dcnv4_locate(const dcn_oracle_dcnv4 *op, const dcn_oracle_dcnv4_head *head, dcn_oracle_point *points);

/* Elements of the three gradients; 0 for a mask that is not there. */
int64_t dcn_oracle_dcnv4_value_count(const dcn_oracle_dcnv4 *op);
int64_t dcn_oracle_dcnv4_offset_count(const dcn_oracle_dcnv4 *op);
int64_t dcn_oracle_dcnv4_mask_count(const dcn_oracle_dcnv4 *op);

#endif
