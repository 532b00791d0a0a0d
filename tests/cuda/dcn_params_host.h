/* The block of parameters that the forward kernels take, as host code sees it. */
#ifndef DCN_TEST_PARAMS_HOST_H
#define DCN_TEST_PARAMS_HOST_H

#include <stdint.h>

typedef int64_t dcn_i64;
#include "dcn_params.h"

#endif
