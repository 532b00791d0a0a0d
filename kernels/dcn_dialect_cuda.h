/* The dialect in CUDA C++, for NVRTC and nvcc; the wide shape only. Needs no header. Contraction is off (--fmad=false),
 * so that every product and sum is the one written; dcn_fma is fmaf(). Half conversions are written as instructions,
 * since NVRTC has no cuda_fp16.h of its own. */
typedef long long dcn_i64;
#if DCN_INDEX_BITS == 64
typedef dcn_i64 dcn_index;
typedef unsigned long long dcn_bytes;
#else
typedef int dcn_index;
typedef unsigned dcn_bytes;
#endif

#if DCN_LANES != 1
#error "this dialect has no vectors"
#endif

#if !defined(INFINITY) /* NVRTC has no math.h */
#define INFINITY __int_as_float(0x7f800000)
#endif

#define DCN_INLINE static __device__ __forceinline__ __attribute__((unused))
#define DCN_GLOBAL
#define DCN_LOCAL
#define DCN_UNROLL    _Pragma("unroll")
#define DCN_NO_UNROLL _Pragma("unroll 1")

#if defined(DCN_WORK_GROUPS)
#define DCN_KERNEL extern "C" __global__ void __launch_bounds__(DCN_WORK_ITEMS, DCN_WORK_GROUPS)
#elif defined(DCN_WORK_ITEMS)
#define DCN_KERNEL extern "C" __global__ void __launch_bounds__(DCN_WORK_ITEMS)
#else
#define DCN_KERNEL extern "C" __global__ void
#endif
#define DCN_RESTRICT __restrict__
#define DCN_GROUP_ID ((dcn_i64)blockIdx.x)
#define DCN_WORK_GROUP_PARAMETER(type, name)
#define DCN_WORK_GROUP_MEMORY(type, name) extern __shared__ type name[]

#define DCN_FOR_ITEMS(item, count)                                                                                     \
    for ([[maybe_unused]] int item = (int)threadIdx.x, item##_once = (count) > 0; item##_once; item##_once = 0)
#define DCN_BARRIER()          __syncthreads()
#define DCN_SUBGROUP           32
#define DCN_SUBGROUP_BARRIER() __syncwarp()
#define dcn_subgroup_all(x)    __all_sync(0xffffffffu, x)

#define dcn_subgroup_exchange(x, apart) __shfl_xor_sync(0xffffffffu, x, apart)

#define DCN_KEEP(type, name) type name
#define DCN_KEPT(name, item) (name)
#define dcn_local_add(p, x)  atomicAdd(p, x)
#define dcn_global_add(p, x) atomicAdd(p, x)

typedef float2 dcn_float2;
typedef float4 dcn_float4;
#define DCN_FLOAT2(x, y)       make_float2(x, y)
#define DCN_FLOAT4(x, y, z, w) make_float4(x, y, z, w)

/* ---- lanes ------------------------------------------------------------------------------------ */

typedef float dcn_vf;
typedef int dcn_vi;
#define DCN_SELECT(condition, yes, no) ((condition) ? (yes) : (no))
#define DCN_SPLAT(x)                   ((float)(x))
#define DCN_SPLATI(x)                  ((int)(x))
#define DCN_TO_INT(x)                  ((int)(x))
#define DCN_TO_FLOAT(x)                ((float)(x))
#define DCN_BITS_TO_FLOAT(x)           __int_as_float(x)

#define DCN_WITHIN(x, last) ((unsigned)(x) <= (unsigned)(last))
#define dcn_max(a, b)       max(a, b)
#define dcn_min(a, b)       min(a, b)

#define dcn_fma(a, b, c)          fmaf(a, b, c)
#define dcn_multiply_add(a, b, c) fmaf(a, b, c)
#define dcn_floor(x)              floorf(x)
#define dcn_multiply_high(a, b)   __umulhi(a, b)

/* ---- storage, one element --------------------------------------------------------------------- */

#if DCN_STORAGE == 0
typedef float dcn_storage;
#define dcn_load(p)     (*(p))
#define dcn_store(x, p) (*(p) = (x))
#elif DCN_STORAGE == 1
typedef unsigned short dcn_storage;
DCN_INLINE float dcn_from_half(unsigned short half)
{
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(half));
    return x;
}
DCN_INLINE unsigned short dcn_to_half(float x)
{
    unsigned short half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(x));
    return half;
}
#define dcn_load(p)     dcn_from_half(*(p))
#define dcn_store(x, p) (*(p) = dcn_to_half(x))
#else
typedef unsigned short dcn_storage;
/* Round to nearest even on the bits; a NaN keeps its upper half and stays one. */
DCN_INLINE unsigned short dcn_to_bfloat16(float x)
{
    const unsigned bits = __float_as_uint(x);
    const unsigned rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    return (unsigned short)((x != x ? bits | 0x400000u : rounded) >> 16);
}
#define dcn_load(p)     __uint_as_float((unsigned)*(p) << 16)
#define dcn_store(x, p) (*(p) = dcn_to_bfloat16(x))
#endif

/* ---- storage, DCN_VECTOR elements aligned to 16 bytes ------------------------------------------ */

#if DCN_STORAGE == 0
DCN_INLINE void dcn_load_vector(const float *p, float *x)
{
    const float4 v = *(const float4 *)p;
    x[0] = v.x;
    x[1] = v.y;
    x[2] = v.z;
    x[3] = v.w;
}
DCN_INLINE void dcn_store_vector(const float *x, float *p)
{
    *(float4 *)p = make_float4(x[0], x[1], x[2], x[3]);
}
#else
/* Two elements of a word, and back. */
DCN_INLINE void dcn_unpack(unsigned word, float *x)
{
#if DCN_STORAGE == 1
    x[0] = dcn_from_half((unsigned short)(word & 0xffffu));
    x[1] = dcn_from_half((unsigned short)(word >> 16));
#else
    x[0] = __uint_as_float(word << 16);
    x[1] = __uint_as_float(word & 0xffff0000u);
#endif
}
DCN_INLINE unsigned dcn_pack(const float *x)
{
#if DCN_STORAGE == 1
    return (unsigned)dcn_to_half(x[0]) | (unsigned)dcn_to_half(x[1]) << 16;
#else
    return (unsigned)dcn_to_bfloat16(x[0]) | (unsigned)dcn_to_bfloat16(x[1]) << 16;
#endif
}
DCN_INLINE void dcn_load_vector(const unsigned short *p, float *x)
{
    const uint4 v = *(const uint4 *)p;
    dcn_unpack(v.x, x);
    dcn_unpack(v.y, x + 2);
    dcn_unpack(v.z, x + 4);
    dcn_unpack(v.w, x + 6);
}
DCN_INLINE void dcn_store_vector(const float *x, unsigned short *p)
{
    *(uint4 *)p = make_uint4(dcn_pack(x), dcn_pack(x + 2), dcn_pack(x + 4), dcn_pack(x + 6));
}
#endif
