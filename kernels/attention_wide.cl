/* The wide shape for multi-scale attention. */
#define DCN_LEVELS
#include "forward_wide.cl"
