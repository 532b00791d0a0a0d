/* The long shape for multi-scale attention. */
#define DCN_LEVELS
#include "forward_long.cl"
