/* Cells and lists of multi-scale attention's gradients, wide shape. */
#define DCN_LEVELS
#include "backward_bins.cl"
