/* Multi-scale deformable attention in float64; see oracle.h. */
#ifndef DCN_ORACLE_ATTENTION_H
#define DCN_ORACLE_ATTENTION_H

#include "error.h"
#include "sample.h"

/* One call. Row-major tensors: value [batch, pixels, group, group_channels], pixel (y, x) of level l being row
 * level_start_index[l] + y * width + x; spatial_shapes [levels, 2], each (height, width); sampling [batch, queries,
 * group, levels * points * 3]: for a head first its locations (x, y), then its logits, by level and then by point. */
typedef struct dcn_oracle_attention {
    int64_t batch, pixels, queries, group, group_channels;
    int64_t levels, points;
    const int64_t *spatial_shapes;
    const int64_t *level_start_index;
    const double *value;
    const double *sampling;
    const double *grad_output; /* for gradients: [batch, queries, group * group_channels] */
} dcn_oracle_attention;

/* output [batch, queries, group * group_channels]; false when there is no memory. */
bool dcn_oracle_attention_forward(const dcn_oracle_attention *op, double *output);

/* One entry for each element of the output; false when there is no memory. */
bool dcn_oracle_attention_errors(const dcn_oracle_attention *op, dcn_oracle_error *errors);

/* Gradients laid out as value and sampling are, written whole; false when there is no memory. */
bool dcn_oracle_attention_backward(const dcn_oracle_attention *op, double *value, double *sampling);

/* The same for their bounds. */
bool dcn_oracle_attention_backward_errors(const dcn_oracle_attention *op, dcn_oracle_error *value,
                                          dcn_oracle_error *sampling);

/* For attention_error.c: where the points of head `index` lie, of batch * queries * group; room for all of them. */
void dcn_oracle_attention_locate(const dcn_oracle_attention *op, int64_t index, dcn_oracle_point *points);

#endif
