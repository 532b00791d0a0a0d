/* The kernels as C functions, for one instruction set, storage type and index width: DCN_ISA, DCN_STORAGE,
 * DCN_INDEX_BITS and DCN_WIDTH (floats in a vector) come from the build, which compiles this file once for each. The
 * shapes need different lane counts, so each has a file of its own; DCN_SHAPE_LONG chooses. */
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
#include "dcn_forward_wide.h"
#endif

static dcn_forward_tensors forward_tensors(const dcn_native_args *args, const dcn_forward_params *params)
{
    dcn_forward_tensors t;
    t.value = (const dcn_storage *)args->buffers[0] + params->value_at;
    t.offset = (const dcn_storage *)args->buffers[1] + params->offset_at;
    t.mask = (const dcn_storage *)args->buffers[2] + params->mask_at;
    t.output = (dcn_storage *)args->buffers[3] + params->output_at;
    t.grid = args->buffers[4];
    return t;
}

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
    t.sources.value = (const dcn_storage *)args->buffers[0] + params->forward.value_at;
    t.sources.offset = (const dcn_storage *)args->buffers[1] + params->forward.offset_at;
    t.sources.mask = (const dcn_storage *)args->buffers[2] + params->forward.mask_at;
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
    X("forward_long", "dcn_forward_long", forward_long)                                                                \
    X("backward_long", "dcn_backward_long", backward_long)                                                             \
    X("backward_long", "dcn_backward_long_far", backward_long_far)                                                     \
    X("backward_long", "dcn_backward_long_store", backward_long_store)

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

#define KERNELS                                                                                                        \
    X("forward_wide", "dcn_forward_wide_fast", forward_wide_fast)                                                      \
    X("forward_wide", "dcn_forward_wide", forward_wide)

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
