/* The gradient of the value of multi-scale attention, wide shape. */
#define DCN_LEVELS
#include "backward_value.cl"
