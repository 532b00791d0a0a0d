/* The kernels as C functions, for one instruction set, storage type and index width: DCN_ISA, DCN_STORAGE,
 * DCN_INDEX_BITS and DCN_WIDTH (floats in a vector) come from the build, which compiles this file once for each. The
 * shapes need different lane counts, so each has a file of its own; DCN_SHAPE_LONG chooses. With DCN_LEVELS the file
 * has the kernels of multi-scale attention. */
#include "kernels.h"

#ifdef DCN_SHAPE_LONG
#define DCN_LANES DCN_WIDTH
#else
#define DCN_LANES 1
#endif
#include "dcn_dialect.h"
#ifdef DCN_SHAPE_LONG
#include "dcn_forward_long.h"
#include "dcn_backward_long.h"
#else
#include "dcn_backward_points.h"
#include "dcn_backward_statistics.h"
#include "dcn_backward_heavy.h"
#include "dcn_forward_wide.h"
#endif

static dcn_forward_tensors forward_tensors(const dcn_native_args *args, const dcn_forward_params *params)
{
    void *const *b = args->buffers;
    return dcn_forward_tensors_of(b[0], b[1], b[2], b[3], b[4], params);
}

#if defined(DCN_LEVELS)
#define FORWARD_LONG    "attention_long"
#define BACKWARD_LONG   "attention_backward_long"
#define FORWARD_WIDE    "attention_wide"
#define BACKWARD_POINTS "attention_backward_points"
#define BACKWARD_VALUE  "attention_backward_value"
#define BACKWARD_BINS   "attention_backward_bins"
#else
#define FORWARD_LONG    "forward_long"
#define BACKWARD_LONG   "backward_long"
#define FORWARD_WIDE    "forward_wide"
#define BACKWARD_POINTS "backward_points"
#define BACKWARD_VALUE  "backward_value"
#define BACKWARD_BINS   "backward_bins"
#endif

#ifdef DCN_SHAPE_LONG

static void forward_long(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_forward_params *params = args->params;
    const dcn_forward_tensors t = forward_tensors(args, params);
    for (uint64_t item = first; item < last; item++)
        dcn_forward_long_item(t, params, (dcn_i64)item);
}

static dcn_backward_tensors backward_tensors(const dcn_native_args *args, const dcn_backward_long_params *params)
{
    dcn_backward_tensors t;
    t.sources = dcn_sources_of(args->buffers[0], args->buffers[1], args->buffers[2], &params->forward);
    t.grad_output = (const dcn_storage *)args->buffers[3] + params->forward.output_at;
    t.grad_value = dcn_gradient_at(args->buffers[4], params->grad_value_at, params->float32_gradients);
    t.grad_offset = dcn_gradient_at(args->buffers[5], params->grad_offset_at, params->float32_gradients);
    t.grad_mask = dcn_gradient_at(args->buffers[6], params->grad_mask_at, params->float32_gradients);
    t.sums = params->in_place ? (float *)t.grad_value : (float *)args->buffers[7] + params->sums_at;
    t.far = (int *)args->buffers[7] + params->far_at;
    t.grid = args->buffers[8];
    return t;
}

#define BACKWARD(name)                                                                                                 \
    static void name(const dcn_native_args *args, uint64_t first, uint64_t last)                                       \
    {                                                                                                                  \
        const dcn_backward_long_params *params = args->params;                                                         \
        const dcn_backward_tensors t = backward_tensors(args, params);                                                 \
        for (uint64_t item = first; item < last; item++)                                                               \
            dcn_##name##_item(t, params, (dcn_i64)item);                                                               \
    }
BACKWARD(backward_long)
BACKWARD(backward_long_far)
BACKWARD(backward_long_store)

#define KERNELS                                                                                                        \
    X(FORWARD_LONG, "dcn_forward_long", forward_long)                                                                  \
    X(BACKWARD_LONG, "dcn_backward_long", backward_long)                                                               \
    X(BACKWARD_LONG, "dcn_backward_long_far", backward_long_far)                                                       \
    X(BACKWARD_LONG, "dcn_backward_long_store", backward_long_store)

#else

static void forward_wide_fast(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_forward_params *params = args->params;
    const dcn_forward_tensors t = forward_tensors(args, params);
    for (uint64_t group = first; group < last; group++)
        dcn_forward_wide_group(1, t, params, args->local, (dcn_i64)group);
}

static void forward_wide(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_forward_params *params = args->params;
    const dcn_forward_tensors t = forward_tensors(args, params);
    for (uint64_t group = first; group < last; group++)
        dcn_forward_wide_group(0, t, params, args->local, (dcn_i64)group);
}

/* A kernel's buffers as a launch binds them: tensors that it lacks are NULL. */
static dcn_backward_tensors backward_tensors(const dcn_backward_wide_params *params, const void *value,
                                             const void *offset, const void *mask, const void *grad_output,
                                             const int *grid)
{
    dcn_backward_tensors t = {0};
    if (value)
        t.sources.value = (const dcn_storage *)value + params->forward.value_at;
    t.sources.offset = (const dcn_storage *)offset + params->forward.offset_at;
    if (mask)
        t.sources.mask = (const dcn_storage *)mask + params->forward.mask_at;
    if (grad_output)
        t.grad_output = (const dcn_storage *)grad_output + params->forward.output_at;
    t.grid = grid;
    return t;
}

#define EACH_GROUP for (uint64_t group = first; group < last; group++)

static void backward_points(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    void *const *b = args->buffers;
    const dcn_backward_tensors t = backward_tensors(args->params, b[0], b[1], b[2], b[3], b[4]);
    EACH_GROUP
    dcn_points_group(0, t, args->params, b[5], b[6], args->local, (dcn_i64)group);
}

static void backward_points_fast(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    void *const *b = args->buffers;
    const dcn_backward_tensors t = backward_tensors(args->params, b[0], b[1], b[2], b[3], b[4]);
    EACH_GROUP
    dcn_points_group(1, t, args->params, b[5], b[6], args->local, (dcn_i64)group);
}

static void backward_clear(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    EACH_GROUP
    dcn_clear_group((uint32_t *)args->buffers[0] + params->workspace_at, params, (dcn_i64)group);
}

static void backward_count(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    void *const *b = args->buffers;
    const dcn_backward_tensors t = backward_tensors(params, NULL, b[0], NULL, NULL, b[1]);
    EACH_GROUP
    dcn_count_group(t, params, (uint32_t *)b[2] + params->workspace_at, args->local, (dcn_i64)group);
}

static void backward_reserve(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    EACH_GROUP
    dcn_reserve_group(params, (uint32_t *)args->buffers[0] + params->workspace_at, args->local, (dcn_i64)group);
}

static void backward_fill(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    EACH_GROUP
    dcn_fill_group(params, (uint32_t *)args->buffers[0] + params->workspace_at, args->local, (dcn_i64)group);
}

static void backward_statistics(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    const dcn_storage *mask = (const dcn_storage *)args->buffers[0] + params->forward.mask_at;
    EACH_GROUP
    dcn_statistics_group(mask, params, (uint32_t *)args->buffers[1] + params->workspace_at, (dcn_i64)group);
}

static void backward_heavy(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    void *const *b = args->buffers;
    const dcn_backward_tensors t = backward_tensors(params, NULL, b[0], b[1], b[2], b[3]);
    EACH_GROUP
    dcn_heavy_group(0, t, params, (uint32_t *)b[4] + params->workspace_at, args->local, (dcn_i64)group);
}

static void backward_heavy_fast(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    void *const *b = args->buffers;
    const dcn_backward_tensors t = backward_tensors(params, NULL, b[0], b[1], b[2], b[3]);
    EACH_GROUP
    dcn_heavy_group(1, t, params, (uint32_t *)b[4] + params->workspace_at, args->local, (dcn_i64)group);
}

static void backward_gather(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    void *const *b = args->buffers;
    const dcn_backward_tensors t = backward_tensors(params, NULL, b[0], b[1], b[2], b[3]);
    EACH_GROUP
    dcn_gather_group(0, t, params, b[4], (uint32_t *)b[5] + params->workspace_at, args->local, (dcn_i64)group);
}

static void backward_gather_fast(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_backward_wide_params *params = args->params;
    void *const *b = args->buffers;
    const dcn_backward_tensors t = backward_tensors(params, NULL, b[0], b[1], b[2], b[3]);
    EACH_GROUP
    dcn_gather_group(1, t, params, b[4], (uint32_t *)b[5] + params->workspace_at, args->local, (dcn_i64)group);
}

#define KERNELS                                                                                                        \
    X(FORWARD_WIDE, "dcn_forward_wide_fast", forward_wide_fast)                                                        \
    X(FORWARD_WIDE, "dcn_forward_wide", forward_wide)                                                                  \
    X(BACKWARD_POINTS, "dcn_backward_points_fast", backward_points_fast)                                               \
    X(BACKWARD_POINTS, "dcn_backward_points", backward_points)                                                         \
    X(BACKWARD_BINS, "dcn_backward_clear", backward_clear)                                                             \
    X(BACKWARD_VALUE, "dcn_backward_count", backward_count)                                                            \
    X(BACKWARD_BINS, "dcn_backward_reserve", backward_reserve)                                                         \
    X(BACKWARD_BINS, "dcn_backward_fill", backward_fill)                                                               \
    X(BACKWARD_BINS, "dcn_backward_statistics", backward_statistics)                                                   \
    X(BACKWARD_BINS, "dcn_backward_heavy_fast", backward_heavy_fast)                                                   \
    X(BACKWARD_BINS, "dcn_backward_heavy", backward_heavy)                                                             \
    X(BACKWARD_VALUE, "dcn_backward_gather_fast", backward_gather_fast)                                                \
    X(BACKWARD_VALUE, "dcn_backward_gather", backward_gather)

#endif

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

extern const dcn_native_kernel DCN_TABLE[];
const dcn_native_kernel DCN_TABLE[] = {
#define X(program, entry, run) {program, entry, (dcn_dtype)DCN_STORAGE, DCN_INDEX_BITS, DCN_LANES, TEXT(DCN_ISA), run},
    KERNELS
#undef X
    {NULL, NULL, DCN_FLOAT32, 0, 0, NULL, NULL},
};
