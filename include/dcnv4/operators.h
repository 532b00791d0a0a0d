/**
 * @file operators.h
 * @brief The operators: what they compute, their descriptors and tensors, and how plans of them are made.
 * `dcnv4/dcnv4.h` includes it, and says what holds for every function.
 */
#ifndef DCNV4_OPERATORS_H
#define DCNV4_OPERATORS_H

#include <dcnv4/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ */
/** @name DCNv4
 * @{ */

/**
 * The DCNv4 core operator (Xiong et al., "Efficient Deformable ConvNets", CVPR 2024, eq. 2):
 *
 *     output[n, y, x, g, :] = sum over k of mask[n, y, x, g, k] * bilinear(value[n, :, :, g, :], p(y, x, k))
 *
 * Point k stands for kernel column i and row j, numbered column by column (i outer, j inner), with
 *
 *     px = x * stride_w - pad_w + cw + offset_scale * (i * dilation_w - cw + dx),  cw = dilation_w * (kernel_w - 1) / 2
 *
 * and py likewise. A point counts only if `-1 < px < width` and `-1 < py < height`, and a corner outside the image
 * counts as 0. Masks are unbounded; `softmax` normalises each group's masks first.
 */
typedef struct dcn_dcnv4_desc {
    size_t struct_size;      /**< `sizeof(dcn_dcnv4_desc)` */
    dcn_dtype dtype;         /**< storage type of every tensor, but see `float32_gradients` */
    dcn_direction direction; /**< what to compute */
    int64_t batch;           /**< N, at least 0; with 0 execute does nothing */
    int64_t height;          /**< H of the input, pixels */
    int64_t width;           /**< W of the input, pixels */
    int64_t channels;        /**< C, equal to `group * group_channels` */
    int64_t group;           /**< G, groups */
    int64_t group_channels;  /**< D, channels of one group */
    int64_t kernel_h;        /**< rows of the sampling grid (default 3) */
    int64_t kernel_w;        /**< columns of the sampling grid (default 3) */
    int64_t stride_h;        /**< input rows between output rows (default 1) */
    int64_t stride_w;        /**< input columns between output columns (default 1) */
    int64_t pad_h;           /**< rows of padding at top and bottom (default 1) */
    int64_t pad_w;           /**< columns of padding at left and right (default 1) */
    int64_t dilation_h;      /**< input rows between grid rows (default 1) */
    int64_t dilation_w;      /**< input columns between grid columns (default 1) */
    int64_t offset_mask_row; /**< R, elements from one pixel's offsets and masks to the next pixel's, at least
                                  `G * K * 3`; 0: dcn_dcnv4_default_row(), as the original operator pads */
    double offset_scale;     /**< multiplies grid and offsets (default 1) */
    int remove_center;       /**< 1 leaves out the grid's centre; needs odd, equal kernel sizes */
    int softmax;             /**< 1 normalises the masks of each group first */
    int float32_gradients;   /**< backward: 1 gives gradients as float32 whatever `dtype` is (default 0) */
} dcn_dcnv4_desc;

/**
 * Order of the tensors of a DCNv4 plan. Backward plans have the first two, and then the output's gradient and those of
 * the first two. Their results are the same bits in every run, with any number of threads and any workspace limit.
 *
 * A backward plan's workspace (dcn_plan_workspace()) has at most 12 bytes for each sampling point, `N * Ho * Wo * G *
 * K` of them (16 with softmax over one or two), and 8 for each cell, `N * G * (H + 1) * (W + 1)`, or what one piece of
 * the work needs where that is more.
 * Kernels of the "long" shape need far less where gradients are float32, which they sum in place: 4 bytes for each
 * of a few bands of rows. Else a piece is one image and a block of channels, at least one group or 16 channels of it,
 * with 4 bytes for each number of the block.
 */
enum {
    DCN_DCNV4_VALUE = 0,           /**< `[N, H, W, C]`, channel `g * D + d` of group g */
    DCN_DCNV4_OFFSET_MASK = 1,     /**< `[N, Ho, Wo, R]`: at `g * K * 3` first 2K offsets `(dx, dy)`, then K masks */
    DCN_DCNV4_OUTPUT = 2,          /**< `[N, Ho, Wo, C]` */
    DCN_DCNV4_FORWARD_TENSORS = 3, /**< how many a forward plan has */

    DCN_DCNV4_GRAD_OUTPUT = 2,      /**< backward: `[N, Ho, Wo, C]` */
    DCN_DCNV4_GRAD_VALUE = 3,       /**< backward: `[N, H, W, C]`, optional */
    DCN_DCNV4_GRAD_OFFSET_MASK = 4, /**< backward: `[N, Ho, Wo, R]`, 0 beyond `G * K * 3`, optional */
    DCN_DCNV4_BACKWARD_TENSORS = 5, /**< how many a backward plan has */
};

/** The defaults: float32, forward, 3×3, stride 1, padding 1, dilation 1, scale 1; all sizes 0, to be set. */
static inline dcn_dcnv4_desc dcn_dcnv4_desc_default(void)
{
    dcn_dcnv4_desc desc;
    desc.struct_size = sizeof desc;
    desc.dtype = DCN_FLOAT32;
    desc.direction = DCN_FORWARD;
    desc.batch = desc.height = desc.width = desc.channels = desc.group = desc.group_channels = 0;
    desc.kernel_h = desc.kernel_w = 3;
    desc.stride_h = desc.stride_w = 1;
    desc.pad_h = desc.pad_w = 1;
    desc.dilation_h = desc.dilation_w = 1;
    desc.offset_mask_row = 0;
    desc.offset_scale = 1.0;
    desc.remove_center = 0;
    desc.softmax = 0;
    desc.float32_gradients = 0;
    return desc;
}

/** The row stride that the original operator uses: `G * K * 3` rounded up to a multiple of 8. Any thread. */
DCN_API int64_t dcn_dcnv4_default_row(int64_t group, int64_t points);

/**
 * Makes a plan.
 * @param options NULL for the defaults
 * @param[out] plan end it with dcn_plan_destroy()
 * @return #DCN_ERROR_INVALID_ARGUMENT (a parameter out of its own range), #DCN_ERROR_INVALID_SHAPE (parameters that
 *         do not fit together, or sizes that overflow), #DCN_ERROR_VERSION, #DCN_ERROR_UNSUPPORTED (a forced path
 *         that this device or shape does not have), #DCN_ERROR_BUILD, #DCN_ERROR_OUT_OF_MEMORY, #DCN_ERROR_DEVICE
 */
DCN_API dcn_status dcn_dcnv4_plan_create(dcn_context *context, const dcn_dcnv4_desc *desc,
                                         const dcn_plan_options *options, dcn_plan **plan);

/**
 * The whole operator in one call on host memory: opens the device, plans, runs, and closes everything again.
 * For repeated use make a plan: opening an OpenCL device and compiling for it can take a second.
 * @param device  as for dcn_context_create(); NULL for "auto"
 * @param tensors slices of kind #DCN_MEMORY_HOST, in the plan's order: value, offset_mask, output
 */
DCN_API dcn_status dcn_dcnv4_run_host(const char *device, const dcn_dcnv4_desc *desc, const dcn_slice *tensors,
                                      size_t tensor_count);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name DCNv3
 * @{ */

/**
 * The DCNv3 core operator (Wang et al., "InternImage", CVPR 2023): DCNv4's sampling, with offsets and masks in tensors
 * of their own. The masks are used as they are, so that a softmax over the points of a group is up to the caller, and
 * the masks' gradient is with respect to the normalised ones.
 */
typedef struct dcn_dcnv3_desc {
    size_t struct_size;      /**< `sizeof(dcn_dcnv3_desc)` */
    dcn_dtype dtype;         /**< storage type of every tensor, but see `float32_gradients` */
    dcn_direction direction; /**< what to compute */
    int64_t batch;           /**< N, at least 0; with 0 execute does nothing */
    int64_t height;          /**< H of the input, pixels */
    int64_t width;           /**< W of the input, pixels */
    int64_t channels;        /**< C, equal to `group * group_channels` */
    int64_t group;           /**< G, groups */
    int64_t group_channels;  /**< D, channels of one group */
    int64_t kernel_h;        /**< rows of the sampling grid (default 3) */
    int64_t kernel_w;        /**< columns of the sampling grid (default 3) */
    int64_t stride_h;        /**< input rows between output rows (default 1) */
    int64_t stride_w;        /**< input columns between output columns (default 1) */
    int64_t pad_h;           /**< rows of zeros above and below (default 1) */
    int64_t pad_w;           /**< columns of zeros left and right (default 1) */
    int64_t dilation_h;      /**< rows between neighbouring grid points (default 1) */
    int64_t dilation_w;      /**< columns between neighbouring grid points (default 1) */
    double offset_scale;     /**< multiplies grid and offsets (default 1) */
    int remove_center;       /**< 1 leaves out the grid's centre; needs odd, equal kernel sizes */
    int float32_gradients;   /**< backward: 1 gives gradients as float32 whatever `dtype` is (default 0) */
} dcn_dcnv3_desc;

/** Order of the tensors of a DCNv3 plan; as for DCNv4. */
enum {
    DCN_DCNV3_INPUT = 0,           /**< `[N, H, W, C]`, channel `g * D + d` of group g */
    DCN_DCNV3_OFFSET = 1,          /**< `[N, Ho, Wo, G * K * 2]`: group g from `g * K * 2` on, `(dx, dy)` pairs */
    DCN_DCNV3_MASK = 2,            /**< `[N, Ho, Wo, G * K]` */
    DCN_DCNV3_OUTPUT = 3,          /**< `[N, Ho, Wo, C]` */
    DCN_DCNV3_FORWARD_TENSORS = 4, /**< how many a forward plan has */

    DCN_DCNV3_GRAD_OUTPUT = 3,      /**< backward: `[N, Ho, Wo, C]` */
    DCN_DCNV3_GRAD_INPUT = 4,       /**< backward: `[N, H, W, C]`, optional */
    DCN_DCNV3_GRAD_OFFSET = 5,      /**< backward: `[N, Ho, Wo, G * K * 2]`, optional */
    DCN_DCNV3_GRAD_MASK = 6,        /**< backward: `[N, Ho, Wo, G * K]`, optional */
    DCN_DCNV3_BACKWARD_TENSORS = 7, /**< how many a backward plan has */
};

/** The defaults: float32, forward, 3×3, stride 1, padding 1, dilation 1, scale 1; all sizes 0, to be set. */
static inline dcn_dcnv3_desc dcn_dcnv3_desc_default(void)
{
    dcn_dcnv3_desc desc;
    desc.struct_size = sizeof desc;
    desc.dtype = DCN_FLOAT32;
    desc.direction = DCN_FORWARD;
    desc.batch = desc.height = desc.width = desc.channels = desc.group = desc.group_channels = 0;
    desc.kernel_h = desc.kernel_w = 3;
    desc.stride_h = desc.stride_w = 1;
    desc.pad_h = desc.pad_w = 1;
    desc.dilation_h = desc.dilation_w = 1;
    desc.offset_scale = 1.0;
    desc.remove_center = 0;
    desc.float32_gradients = 0;
    return desc;
}

/** Makes a plan; as dcn_dcnv4_plan_create(). */
DCN_API dcn_status dcn_dcnv3_plan_create(dcn_context *context, const dcn_dcnv3_desc *desc,
                                         const dcn_plan_options *options, dcn_plan **plan);

/** The whole operator in one call on host memory; as dcn_dcnv4_run_host(). */
DCN_API dcn_status dcn_dcnv3_run_host(const char *device, const dcn_dcnv3_desc *desc, const dcn_slice *tensors,
                                      size_t tensor_count);
/** @} */

/* ------------------------------------------------------------------------------------------------ */
/** @name Multi-scale deformable attention
 * @{ */

/**
 * Multi-scale deformable attention (Zhu et al., "Deformable DETR", ICLR 2021), with the softmax inside:
 *
 *     output[n, q, g, :] = sum over l, k of p[n, q, g, l, k] * bilinear(level l of value[n, :, g, :], x * W_l - 1/2,
 *                                                                       y * H_l - 1/2)
 *
 * The `levels` images of `spatial_shapes` follow each other in `value` without gaps, row by row. Each query and group
 * has `points` locations in each level: `(x, y)`, 0 … 1 across the level. `p` is the softmax over all `levels * points`
 * logits of a query and group. A location outside a level is legal, as is a NaN: its point counts only if
 * `-1 < px < W_l` and `-1 < py < H_l`, a corner outside the level counts as 0, and its logit takes part in the softmax
 * all the same.
 */
typedef struct dcn_flash_deform_attn_desc {
    size_t struct_size;               /**< `sizeof(dcn_flash_deform_attn_desc)` */
    dcn_dtype dtype;                  /**< storage type of every tensor, but see `float32_gradients` */
    dcn_direction direction;          /**< what to compute */
    int64_t batch;                    /**< N, at least 0; with 0 execute does nothing */
    int64_t queries;                  /**< Q, from 0 to 2^30 */
    int64_t group;                    /**< G, groups (heads) */
    int64_t group_channels;           /**< D, channels of one group */
    int64_t levels;                   /**< L */
    int64_t points;                   /**< K, points in each level */
    int64_t pixels;                   /**< S, of all levels: the sum of H * W, at most 2^30 */
    const int64_t *spatial_shapes;    /**< `[L, 2]`, (H, W) of each level, each 1 … 2^24. Host memory, read when the
                                           plan is made and not after */
    const int64_t *level_start_index; /**< `[L]`, the first of the S rows of each level, which must be the running sum
                                           of H * W; NULL stands for that sum. Host memory, as above */
    int float32_gradients;            /**< backward: 1 gives gradients as float32 whatever `dtype` is (default 0) */
} dcn_flash_deform_attn_desc;

/**
 * Order of the tensors of a multi-scale deformable attention plan. A backward plan's workspace is as for DCNv4, but has
 * at most 24 bytes for each location, 28 where a query has only one or two in a group.
 */
enum {
    DCN_FLASH_DEFORM_ATTN_VALUE = 0,             /**< `[N, S, G, D]`: pixel (y, x) of level l is row
                                                      `level_start_index[l] + y * W_l + x` */
    DCN_FLASH_DEFORM_ATTN_SAMPLING_LOC_ATTN = 1, /**< `[N, Q, G, L * K * 3]`: first `L * K` locations `(x, y)`, then
                                                      `L * K` logits, level by level */
    DCN_FLASH_DEFORM_ATTN_OUTPUT = 2,            /**< `[N, Q, G * D]` */
    DCN_FLASH_DEFORM_ATTN_FORWARD_TENSORS = 3,   /**< how many a forward plan has */

    DCN_FLASH_DEFORM_ATTN_GRAD_OUTPUT = 2,            /**< backward: `[N, Q, G * D]` */
    DCN_FLASH_DEFORM_ATTN_GRAD_VALUE = 3,             /**< backward: `[N, S, G, D]`, optional */
    DCN_FLASH_DEFORM_ATTN_GRAD_SAMPLING_LOC_ATTN = 4, /**< backward: `[N, Q, G, L * K * 3]`, optional */
    DCN_FLASH_DEFORM_ATTN_BACKWARD_TENSORS = 5,       /**< how many a backward plan has */
};

/** The defaults: float32, forward; all sizes 0 and the levels NULL, to be set. */
static inline dcn_flash_deform_attn_desc dcn_flash_deform_attn_desc_default(void)
{
    dcn_flash_deform_attn_desc desc;
    desc.struct_size = sizeof desc;
    desc.dtype = DCN_FLOAT32;
    desc.direction = DCN_FORWARD;
    desc.batch = desc.queries = desc.group = desc.group_channels = 0;
    desc.levels = desc.points = desc.pixels = 0;
    desc.spatial_shapes = NULL;
    desc.level_start_index = NULL;
    desc.float32_gradients = 0;
    return desc;
}

/**
 * Makes a plan. The levels are part of it: other sizes need another plan, which finds the compiled kernels of the first
 * again.
 * @param options NULL for the defaults
 * @param[out] plan end it with dcn_plan_destroy()
 * @return as dcn_dcnv4_plan_create(); #DCN_ERROR_INVALID_SHAPE also for levels that do not add up to `pixels` or whose
 *         starts are not their running sum
 */
DCN_API dcn_status dcn_flash_deform_attn_plan_create(dcn_context *context, const dcn_flash_deform_attn_desc *desc,
                                                     const dcn_plan_options *options, dcn_plan **plan);

/**
 * The whole operator in one call on host memory, as dcn_dcnv4_run_host().
 * @param device  as for dcn_context_create(); NULL for "auto"
 * @param tensors slices of kind #DCN_MEMORY_HOST: value, sampling_loc_attn, output
 */
DCN_API dcn_status dcn_flash_deform_attn_run_host(const char *device, const dcn_flash_deform_attn_desc *desc,
                                                  const dcn_slice *tensors, size_t tensor_count);
/** @} */

#ifdef __cplusplus
}
#endif

#endif
