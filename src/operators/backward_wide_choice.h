/* Which kernels the wide shape's gradients run, with which parameters, launches and workspace. */
#ifndef DCN_BACKWARD_WIDE_CHOICE_H
#define DCN_BACKWARD_WIDE_CHOICE_H

#include "backward.h"
#include "forward_choice.h"

/* In the order in which they run; all but the last make the gradient of the value. */
typedef enum dcn_wide_stage {
    DCN_STAGE_CLEAR,
    DCN_STAGE_COUNT,
    DCN_STAGE_RESERVE,
    DCN_STAGE_FILL,
    DCN_STAGE_STATISTICS,
    DCN_STAGE_HEAVY,
    DCN_STAGE_GATHER,
    DCN_STAGE_POINTS,
    DCN_STAGE_NUMBER,
} dcn_wide_stage;

/* A kernel and its launch for one image; params and bindings are added for each piece of the batch. */
typedef struct dcn_wide_kernel {
    dcn_kernel *kernel;
    dcn_kernel_key key;
    uint32_t local;
    uint64_t local_bytes;
} dcn_wide_kernel;

/* Kernels that go together: fast or general ones. */
typedef struct dcn_backward_wide_choice {
    dcn_wide_kernel stages[DCN_STAGE_NUMBER];
    dcn_backward_wide_params value;  /* of every stage but the last */
    dcn_backward_wide_params points; /* of the last */
} dcn_backward_wide_choice;

/* Cells of an image, of all its levels. */
int64_t dcn_backward_cells(const dcn_forward_shape *shape);

/* Where the workspace's parts begin for a piece of so many images: sets them in *params. Returns its bytes. */
uint64_t dcn_backward_wide_workspace(const dcn_backward_shape *shape, int64_t images, dcn_backward_wide_params *params);

/* Work-groups of a stage for a piece of so many images, 0: it has nothing to do. */
uint64_t dcn_backward_wide_groups(const dcn_backward_wide_choice *choice, dcn_wide_stage stage, int64_t images);

/* The kernels for a complete path. Those that are made are left in *choice, also on failure. */
dcn_status dcn_backward_wide_choose(dcn_context *context, const dcn_backward_shape *shape,
                                    const dcn_device_limits *limits, const dcn_path *path,
                                    dcn_backward_wide_choice *choice);

#endif
