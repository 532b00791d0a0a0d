/* Which forward kernel a plan uses, with which parameters and launch. */
#ifndef DCN_FORWARD_CHOICE_H
#define DCN_FORWARD_CHOICE_H

#include "forward.h"

typedef int64_t dcn_i64;
#include "dcn_params.h"

/* A kernel with the launch that fits it. */
typedef struct dcn_forward_choice {
    dcn_kernel *kernel;
    dcn_kernel_key key;
    dcn_forward_params params;
    uint64_t groups;
    uint32_t local;
    uint64_t local_bytes;
} dcn_forward_choice;

/* Completes the path; refuses what this device or shape does not have. */
dcn_status dcn_forward_complete_path(const dcn_forward_shape *shape, const dcn_device_limits *limits, dcn_path *path);

/* The parameters that do not depend on the kernel. */
dcn_forward_params dcn_forward_common_params(const dcn_forward_shape *shape);

dcn_divisor dcn_divisor_of(int d);

/* Sets a tile of outputs; returns the work-groups that `batch` images take. */
uint64_t dcn_forward_set_tile(int tile_h, int tile_w, int tile_groups, int64_t batch, dcn_forward_params *params);

/* The macros of dcn_special.h that every kernel of the wide shape takes, and one more. */
void dcn_forward_define(const dcn_forward_shape *shape, const dcn_forward_params *params, uint32_t local,
                        dcn_kernel_key *key);
void dcn_define_macro(dcn_kernel_key *key, const char *name, int64_t value);

/* The kernel for a complete path, and its launch. A kernel that is made is left in *choice, also on failure. */
dcn_status dcn_forward_choose(dcn_context *context, const dcn_forward_shape *shape, const dcn_device_limits *limits,
                              const dcn_path *path, dcn_forward_choice *choice);

#endif
