/* The forward kernels as a plan drives them, for every operator that samples a grid: which kernel, which launch. */
#ifndef DCN_FORWARD_H
#define DCN_FORWARD_H

#include "../geometry.h"
#include "../plan.h"

/* A checked operator call, in the kernels' terms. */
typedef struct dcn_forward_shape {
    dcn_dtype dtype;
    int64_t batch, height, width, group, group_channels, out_height, out_width;
    int64_t stride_h, stride_w, pad_h, pad_w;
    dcn_grid grid;
    int softmax;
    int no_output;                      /* there are no output pixels; the extents are 1, but there is nothing there */
    int64_t offset_row, mask_row;       /* elements between output pixels */
    int64_t offset_group, mask_group;   /* elements between groups */
    int64_t mask_first;                 /* elements from the start of the mask tensor to the first mask */
    size_t value, offset, mask, output; /* which tensor of the plan is which; offset and mask may be the same */
} dcn_forward_shape;

extern const dcn_operator dcn_forward_operator;

/* Chooses kernels and launch for the shape, honouring and completing `path`. */
dcn_status dcn_forward_create(dcn_context *context, const dcn_forward_shape *shape, dcn_path *path, void **state);

#endif
