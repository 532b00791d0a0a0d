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

#if defined(DCN_LEVELS)
#define FORWARD_LONG "attention_long"
#define FORWARD_WIDE "attention_wide"
#else
#define FORWARD_LONG "forward_long"
#define FORWARD_WIDE "forward_wide"
#endif

#ifdef DCN_SHAPE_LONG

static void forward_long(const dcn_native_args *args, uint64_t first, uint64_t last)
{
    const dcn_forward_params *params = args->params;
    const dcn_forward_tensors t = forward_tensors(args, params);
    for (uint64_t item = first; item < last; item++)
        dcn_forward_long_item(t, params, (dcn_i64)item);
}

#define KERNELS X(FORWARD_LONG, "dcn_forward_long", forward_long)

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
    X(FORWARD_WIDE, "dcn_forward_wide_fast", forward_wide_fast)                                                        \
    X(FORWARD_WIDE, "dcn_forward_wide", forward_wide)

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
