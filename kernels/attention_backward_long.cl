/* Gradients of multi-scale attention, long shape. */
#define DCN_LEVELS
#include "backward_long.cl"
