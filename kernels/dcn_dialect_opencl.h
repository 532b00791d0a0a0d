/* The dialect in OpenCL C 1.2. Contraction is off so that every product and sum is the one written; dcn_fma is fma().
 */
#pragma OPENCL FP_CONTRACT OFF

typedef long dcn_i64;
#if DCN_INDEX_BITS == 64
typedef dcn_i64 dcn_index;
typedef ulong dcn_bytes;
#else
typedef int dcn_index;
typedef uint dcn_bytes;
#endif

#define DCN_INLINE    static inline __attribute__((always_inline))
#define DCN_GLOBAL    __global
#define DCN_LOCAL     __local
#define DCN_UNROLL    _Pragma("unroll")
#define DCN_NO_UNROLL _Pragma("unroll 1")

#if defined(DCN_WORK_ITEMS)
#define DCN_KERNEL __kernel __attribute__((reqd_work_group_size(DCN_WORK_ITEMS, 1, 1))) void
#else
#define DCN_KERNEL __kernel void
#endif
#define DCN_RESTRICT                         restrict
#define DCN_GROUP_ID                         ((dcn_i64)get_group_id(0))
#define DCN_WORK_GROUP_PARAMETER(type, name) , __local type *name
#define DCN_WORK_GROUP_MEMORY(type, name)

#define DCN_FOR_ITEMS(item, count) for (int item = (int)get_local_id(0), item##_once = 1; item##_once; item##_once = 0)
#define DCN_BARRIER()              barrier(CLK_LOCAL_MEM_FENCE)
/* Sub-groups are an extension of OpenCL 2.x that NVIDIA's driver lacks; its compiler takes the instruction. */
#if defined(__NV_CL_C_VERSION)
#define DCN_SUBGROUP           32
#define DCN_SUBGROUP_BARRIER() asm volatile("bar.warp.sync 0xffffffff;" ::: "memory")
DCN_INLINE int dcn_subgroup_all(int x)
{
    int all;
    asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.s32 p, %1, 0;\n\tvote.sync.all.pred p, p, 0xffffffff;\n\tselp.s32 %0, "
                 "1, 0, p;\n\t}"
                 : "=r"(all)
                 : "r"(x));
    return all;
}
DCN_INLINE float dcn_subgroup_exchange(float x, int apart)
{
    float other;
    asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(other) : "f"(x), "r"(apart));
    return other;
}
#endif

#define DCN_KEEP(type, name) type name
#define DCN_KEPT(name, item) (*((void)(item), &(name)))
#define dcn_local_add(p, x)  atomic_add(p, x)
#define dcn_global_add(p, x) atomic_add(p, x)

typedef float2 dcn_float2;
typedef float4 dcn_float4;
#define DCN_FLOAT2(x, y)       ((float2)(x, y))
#define DCN_FLOAT4(x, y, z, w) ((float4)(x, y, z, w))

/* ---- lanes ------------------------------------------------------------------------------------ */

#if DCN_LANES == 1
typedef float dcn_vf;
typedef int dcn_vi;
#define DCN_SELECT(condition, yes, no) ((condition) ? (yes) : (no))
#define DCN_SPLAT(x)                   ((float)(x))
#define DCN_SPLATI(x)                  ((int)(x))
#define DCN_TO_INT(x)                  ((int)(x))
#define DCN_TO_FLOAT(x)                ((float)(x))
#define DCN_BITS_TO_FLOAT(x)           as_float(x)
#else
typedef DCN_JOIN(float, DCN_LANES) dcn_vf;
typedef DCN_JOIN(int, DCN_LANES) dcn_vi;
#define DCN_SELECT(condition, yes, no) select(no, yes, condition)
#define DCN_SPLAT(x)                   ((dcn_vf)((float)(x)))
#define DCN_SPLATI(x)                  ((dcn_vi)((int)(x)))
#define DCN_TO_INT(x)                  DCN_JOIN(convert_int, DCN_LANES)(x)
#define DCN_TO_FLOAT(x)                DCN_JOIN(convert_float, DCN_LANES)(x)
#define DCN_BITS_TO_FLOAT(x)           DCN_JOIN(as_float, DCN_LANES)(x)
#endif

#if DCN_LANES == 1
#define DCN_WITHIN(x, last) ((uint)(x) <= (uint)(last))
#else
#define DCN_WITHIN(x, last) (((x) >= DCN_SPLATI(0)) & ((x) <= (last)))
#endif
#define dcn_max(a, b) max(a, b)
#define dcn_min(a, b) min(a, b)

#define dcn_fma(a, b, c)          fma(a, b, c)
#define dcn_multiply_add(a, b, c) fma(a, b, c)
#define dcn_floor(x)              floor(x)
#define dcn_multiply_high(a, b)   mul_hi((uint)(a), (uint)(b))

/* ---- storage, one element --------------------------------------------------------------------- */

#if DCN_STORAGE == 0
typedef float dcn_storage;
#define dcn_load(p)     (*(p))
#define dcn_store(x, p) (*(p) = (x))
#elif DCN_STORAGE == 1
typedef half dcn_storage;
#define dcn_load(p)     vload_half(0, p)
#define dcn_store(x, p) vstore_half_rte(x, 0, p)
#else
typedef ushort dcn_storage;
#define dcn_load(p)     as_float((uint) * (p) << 16)
/* Round to nearest even on the bits; a NaN keeps its upper half and stays one. */
DCN_INLINE ushort dcn_to_bfloat16(float x)
{
    const uint bits = as_uint(x);
    const uint rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    return (ushort)((isnan(x) ? bits | 0x400000u : rounded) >> 16);
}
#define dcn_store(x, p) (*(p) = dcn_to_bfloat16(x))
#endif

/* ---- storage, DCN_LANES elements at any element's alignment ----------------------------------- */

#if DCN_LANES > 1
/* clang-based CPU compilers split vloadn into small loads; one load through an under-aligned type they keep whole. */
#if defined(__clang__)
typedef float dcn_vf_loose __attribute__((ext_vector_type(DCN_LANES), aligned(4)));
typedef int dcn_vi_loose __attribute__((ext_vector_type(DCN_LANES), aligned(4)));
DCN_INLINE dcn_vf dcn_load_floats(DCN_GLOBAL const float *p)
{
    return *(DCN_GLOBAL const dcn_vf_loose *)p;
}
DCN_INLINE dcn_vi dcn_load_ints(DCN_GLOBAL const int *p)
{
    return *(DCN_GLOBAL const dcn_vi_loose *)p;
}
DCN_INLINE dcn_vf dcn_peek(const float *p)
{
    return *(const dcn_vf_loose *)p;
}
DCN_INLINE void dcn_keep(dcn_vf x, float *p)
{
    *(dcn_vf_loose *)p = x;
}
DCN_INLINE void dcn_keep_ints(dcn_vi x, int *p)
{
    *(dcn_vi_loose *)p = x;
}
#else
#define dcn_load_floats(p)  DCN_JOIN(vload, DCN_LANES)(0, p)
#define dcn_load_ints(p)    DCN_JOIN(vload, DCN_LANES)(0, p)
#define dcn_peek(p)         DCN_JOIN(vload, DCN_LANES)(0, p)
#define dcn_keep(x, p)      DCN_JOIN(vstore, DCN_LANES)(x, 0, p)
#define dcn_keep_ints(x, p) DCN_JOIN(vstore, DCN_LANES)(x, 0, p)
#endif

typedef DCN_JOIN(uint, DCN_LANES) dcn_vu;
typedef DCN_JOIN(ushort, DCN_LANES) dcn_vs;
#define DCN_TO_UINT(x)   DCN_JOIN(convert_uint, DCN_LANES)(x)
#define DCN_AS_FLOATS(x) DCN_JOIN(as_float, DCN_LANES)(x)
#define DCN_AS_UINTS(x)  DCN_JOIN(as_uint, DCN_LANES)(x)
#define DCN_NARROW(x)    DCN_JOIN(convert_ushort, DCN_LANES)(x)

#if DCN_STORAGE == 2
#if defined(__clang__)
typedef ushort dcn_vs_loose __attribute__((ext_vector_type(DCN_LANES), aligned(2)));
DCN_INLINE dcn_vu dcn_load_shorts(DCN_GLOBAL const ushort *p)
{
    return DCN_TO_UINT((dcn_vs) * (DCN_GLOBAL const dcn_vs_loose *)p);
}
DCN_INLINE void dcn_store_shorts(dcn_vs x, DCN_GLOBAL ushort *p)
{
    *(DCN_GLOBAL dcn_vs_loose *)p = x;
}
#else
#define dcn_load_shorts(p)     DCN_TO_UINT(DCN_JOIN(vload, DCN_LANES)(0, p))
#define dcn_store_shorts(x, p) DCN_JOIN(vstore, DCN_LANES)(x, 0, p)
#endif
#endif

DCN_INLINE void dcn_store_floats(dcn_vf x, DCN_GLOBAL float *p)
{
#if defined(__clang__)
    *(DCN_GLOBAL dcn_vf_loose *)p = x;
#else
    DCN_JOIN(vstore, DCN_LANES)(x, 0, p);
#endif
}

#if DCN_STORAGE == 0
#define dcn_load_lanes(p)     dcn_load_floats(p)
#define dcn_store_lanes(x, p) dcn_store_floats(x, p)
#elif DCN_STORAGE == 1
#define dcn_load_lanes(p)     DCN_JOIN(vload_half, DCN_LANES)(0, p)
#define dcn_store_lanes(x, p) DCN_JOIN(vstore_half, DCN_JOIN(DCN_LANES, _rte))(x, 0, p)
#else
#define dcn_load_lanes(p) DCN_AS_FLOATS(dcn_load_shorts(p) << 16)
DCN_INLINE void dcn_store_lanes(dcn_vf x, DCN_GLOBAL ushort *p)
{
    const dcn_vu bits = DCN_AS_UINTS(x);
    const dcn_vu rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    const dcn_vu kept = select(rounded, bits | 0x400000u, (bits & 0x7fffffffu) > 0x7f800000u);
    dcn_store_shorts(DCN_NARROW(kept >> 16), p);
}
#endif

/* The first half of a and b's lanes taken together, even ones or odd ones: (x, y) pairs apart. */
#define DCN_EVENS(a, b) ((dcn_vf)((a).even, (b).even))
#define DCN_ODDS(a, b)  ((dcn_vf)((a).odd, (b).odd))
#if defined(__clang__)
#define DCN_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define DCN_SHUFFLE(a, b, ...) shuffle2(a, b, (dcn_vu)(__VA_ARGS__))
#endif
#endif

/* ---- storage, DCN_VECTOR elements aligned to 16 bytes ------------------------------------------ */

#if DCN_STORAGE == 0
DCN_INLINE void dcn_load_vector(DCN_GLOBAL const float *p, float *x)
{
    vstore4(*(DCN_GLOBAL const float4 *)p, 0, x);
}
DCN_INLINE void dcn_store_vector(const float *x, DCN_GLOBAL float *p)
{
    *(DCN_GLOBAL float4 *)p = vload4(0, x);
}
#elif DCN_STORAGE == 1
DCN_INLINE void dcn_load_vector(DCN_GLOBAL const half *p, float *x)
{
    const uint4 bits = *(DCN_GLOBAL const uint4 *)p;
    DCN_UNROLL for (int i = 0; i < 4; i++) vstore2(vload_half2(i, (const half *)&bits), i, x);
}
DCN_INLINE void dcn_store_vector(const float *x, DCN_GLOBAL half *p)
{
    uint4 bits;
    DCN_UNROLL for (int i = 0; i < 4; i++) vstore_half2_rte(vload2(i, x), i, (half *)&bits);
    *(DCN_GLOBAL uint4 *)p = bits;
}
#else
DCN_INLINE void dcn_load_vector(DCN_GLOBAL const ushort *p, float *x)
{
    const uint4 bits = *(DCN_GLOBAL const uint4 *)p;
    const uint *words = (const uint *)&bits;
    DCN_UNROLL for (int i = 0; i < 4; i++)
    {
        x[2 * i] = as_float(words[i] << 16);
        x[2 * i + 1] = as_float(words[i] & 0xffff0000u);
    }
}
DCN_INLINE void dcn_store_vector(const float *x, DCN_GLOBAL ushort *p)
{
    uint4 bits;
    uint *words = (uint *)&bits;
    DCN_UNROLL for (int i = 0; i < 4; i++) words[i] =
        (uint)dcn_to_bfloat16(x[2 * i]) | (uint)dcn_to_bfloat16(x[2 * i + 1]) << 16;
    *(DCN_GLOBAL uint4 *)p = bits;
}
#endif
