/* Gradients of locations and logits of multi-scale attention, wide shape. */
#define DCN_LEVELS
#include "backward_points.cl"
