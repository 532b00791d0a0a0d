/* What the operators that sample a grid, DCNv4 and DCNv3, check alike, and how they describe their tensors. */
#ifndef DCN_GRID_DESC_H
#define DCN_GRID_DESC_H

#include "backward.h"

/* Checks all parameters but DCNv4's row, and fills the shape but for where its tensors lie. `d` is DCNv4's descriptor,
 * or DCNv3's parameters in one. `function` is for messages. */
dcn_status dcn_grid_desc_check(const char *function, const dcn_dcnv4_desc *d, dcn_backward_shape *shape);

/* What a tensor has an element for, and whether it is written. */
typedef enum dcn_grid_place {
    DCN_GRID_INPUT,           /* read, for each pixel of the input */
    DCN_GRID_POINTS,          /* read, for each pixel of the output */
    DCN_GRID_OUTPUT,          /* written, for each pixel of the output */
    DCN_GRID_INPUT_GRADIENT,  /* optional, written, in the type that gradients have */
    DCN_GRID_POINTS_GRADIENT, /* likewise */
} dcn_grid_place;

/* A tensor of `row` elements for each of its pixels. */
dcn_tensor_spec dcn_grid_tensor(const char *name, dcn_grid_place place, const dcn_backward_shape *shape, int64_t row);

#endif
