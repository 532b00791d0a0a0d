/* A build without nvcc. */
#include "kernels.h"

const dcn_fatbin dcn_fatbins[] = {{.program = NULL}};
