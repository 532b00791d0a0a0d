#include "backend.h"

/* "auto" prefers an earlier backend for the same kind of hardware. */
const dcn_backend *const dcn_backends[] = {&dcn_backend_cpu, &dcn_backend_cuda, &dcn_backend_opencl, NULL};
