/* The dialect in C11 with the vector extensions of gcc and clang, and intrinsics where an instruction set has a better
 * instruction than they reach. Compiled once for each instruction set; contraction is off (-ffp-contract=off). */
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef int64_t dcn_i64;
#if DCN_INDEX_BITS == 64
typedef dcn_i64 dcn_index;
typedef uint64_t dcn_bytes;
#else
typedef int dcn_index;
typedef uint32_t dcn_bytes;
#endif

#define DCN_INLINE static inline __attribute__((always_inline))
#define DCN_GLOBAL
#define DCN_LOCAL
#if defined(__clang__)
#define DCN_UNROLL    _Pragma("unroll")
#define DCN_NO_UNROLL _Pragma("nounroll")
#else
#define DCN_UNROLL _Pragma("GCC unroll 8")
#define DCN_NO_UNROLL
#endif

#define DCN_FOR_ITEMS(item, count) for (int item = 0; item < (count); item++)
#define DCN_BARRIER()              ((void)0)
#define dcn_multiply_high(a, b)    ((uint32_t)((uint64_t)(uint32_t)(a) * (uint32_t)(b) >> 32))

/* No work-group has more work-items (src/tuning.c). */
#define DCN_KEEP(type, name) type name[256]
#define DCN_KEPT(name, item) ((name)[item])
DCN_INLINE uint32_t dcn_local_add(uint32_t *p, uint32_t x)
{
    const uint32_t before = *p;
    *p += x;
    return before;
}
#define dcn_global_add(p, x) __atomic_fetch_add(p, x, __ATOMIC_RELAXED)

typedef struct dcn_float2 {
    float x, y;
} dcn_float2;
typedef struct dcn_float4 {
    float x, y, z, w;
} dcn_float4;
#define DCN_FLOAT2(...) ((dcn_float2){__VA_ARGS__})
#define DCN_FLOAT4(...) ((dcn_float4){__VA_ARGS__})

/* ---- bits ------------------------------------------------------------------------------------- */

DCN_INLINE float dcn_bits_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

DCN_INLINE uint32_t dcn_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Shifted into place, a half is its float scaled by 2^-112, subnormals included; infinities and NaNs apart. */
DCN_INLINE float dcn_from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13;
    const uint32_t finite = dcn_float_bits(dcn_bits_float(magnitude) * 0x1p112f);
    return dcn_bits_float((magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : finite) | sign);
}

/* Round to nearest even; below 2^-14 by an addition whose rounding is the wanted one. */
DCN_INLINE uint16_t dcn_to_half(float x)
{
    const uint32_t bits = dcn_float_bits(x);
    const uint32_t sign = bits >> 16 & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t half;
    if (magnitude > 0x7f800000u)
        half = 0x7e00u;
    else if (magnitude >= 0x477ff000u)
        half = 0x7c00u;
    else if (magnitude < 0x38800000u)
        half = dcn_float_bits(dcn_bits_float(magnitude) + 0.5f) - 0x3f000000u;
    else
        half = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
    return (uint16_t)(half | sign);
}

DCN_INLINE uint16_t dcn_to_bfloat16(float x)
{
    const uint32_t bits = dcn_float_bits(x);
    const uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    return (uint16_t)((x != x ? bits | 0x400000u : rounded) >> 16);
}

/* ---- lanes ------------------------------------------------------------------------------------ */

#if DCN_LANES == 1

typedef float dcn_vf;
typedef int dcn_vi;
#define DCN_SELECT(condition, yes, no) ((condition) ? (yes) : (no))
#define DCN_SPLAT(x)                   (x)
#define DCN_SPLATI(x)                  (x)
#define DCN_TO_INT(x)                  ((int)(x))
#define DCN_TO_FLOAT(x)                ((float)(x))
#define DCN_BITS_TO_FLOAT(x)           dcn_bits_float((uint32_t)(x))
#define dcn_multiply_add(a, b, c)      ((a) * (b) + (c))
#define dcn_floor(x)                   floorf(x)
#define dcn_fma(a, b, c)               fmaf(a, b, c)

#else

typedef float dcn_vf __attribute__((vector_size(4 * DCN_LANES)));
typedef int dcn_vi __attribute__((vector_size(4 * DCN_LANES)));
typedef uint32_t dcn_vu __attribute__((vector_size(4 * DCN_LANES)));
typedef uint16_t dcn_vs __attribute__((vector_size(2 * DCN_LANES)));
typedef float dcn_vf_loose __attribute__((vector_size(4 * DCN_LANES), aligned(4), may_alias));
typedef int dcn_vi_loose __attribute__((vector_size(4 * DCN_LANES), aligned(4), may_alias));
typedef uint16_t dcn_vs_loose __attribute__((vector_size(2 * DCN_LANES), aligned(2), may_alias));

#define DCN_SELECT(condition, yes, no)                                                                                 \
    ((__typeof__(yes))(((dcn_vi)(condition) & (dcn_vi)(yes)) | (~(dcn_vi)(condition) & (dcn_vi)(no))))
#define DCN_SPLAT(x)         ((float)(x) - (dcn_vf){0})
#define DCN_SPLATI(x)        ((int)(x) - (dcn_vi){0})
#define DCN_TO_INT(x)        __builtin_convertvector(x, dcn_vi)
#define DCN_TO_FLOAT(x)      __builtin_convertvector(x, dcn_vf)
#define DCN_BITS_TO_FLOAT(x) ((dcn_vf)(x))

#if DCN_LANES == 16
#define dcn_fma(a, b, c) ((dcn_vf)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define dcn_floor(x)     ((dcn_vf)_mm512_roundscale_ps((__m512)(x), 1))
#define DCN_EVEN_LANES   0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define DCN_ODD_LANES    1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif DCN_LANES == 8
#define dcn_fma(a, b, c) ((dcn_vf)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define dcn_floor(x)     ((dcn_vf)_mm256_floor_ps((__m256)(x)))
#define DCN_EVEN_LANES   0, 2, 4, 6, 8, 10, 12, 14
#define DCN_ODD_LANES    1, 3, 5, 7, 9, 11, 13, 15
#else
#define DCN_EVEN_LANES 0, 2, 4, 6
#define DCN_ODD_LANES  1, 3, 5, 7
#if defined(__aarch64__)
#define dcn_fma(a, b, c) ((dcn_vf)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define dcn_floor(x)     ((dcn_vf)vrndmq_f32((float32x4_t)(x)))
#else
/* No fused multiply-add: the product is exact in double, so the sum is rounded once to double and once to float. */
typedef double dcn_vd __attribute__((vector_size(8 * DCN_LANES)));
#define DCN_TO_DOUBLE(x) __builtin_convertvector(x, dcn_vd)
#define dcn_fma(a, b, c) __builtin_convertvector(DCN_TO_DOUBLE(a) * DCN_TO_DOUBLE(b) + DCN_TO_DOUBLE(c), dcn_vf)
/* For the magnitudes below 2^31 that positions are clamped to. */
DCN_INLINE dcn_vf dcn_floor(dcn_vf x)
{
    const dcn_vf whole = DCN_TO_FLOAT(DCN_TO_INT(x));
    return whole - DCN_SELECT(whole > x, DCN_SPLAT(1.0f), DCN_SPLAT(0.0f));
}
#endif
#endif

/* Sums need no single rounding; where there is a fused instruction it is the faster one. */
#if DCN_LANES > 4 || defined(__aarch64__)
#define dcn_multiply_add(a, b, c) dcn_fma(a, b, c)
#else
#define dcn_multiply_add(a, b, c) ((a) * (b) + (c))
#endif

DCN_INLINE dcn_vf dcn_load_floats(const float *p)
{
    return (dcn_vf) * (const dcn_vf_loose *)p;
}

DCN_INLINE dcn_vi dcn_load_ints(const int *p)
{
    return (dcn_vi) * (const dcn_vi_loose *)p;
}

#define dcn_peek(p) dcn_load_floats(p)

DCN_INLINE void dcn_keep(dcn_vf x, float *p)
{
    *(dcn_vf_loose *)p = x;
}

DCN_INLINE void dcn_keep_ints(dcn_vi x, int *p)
{
    *(dcn_vi_loose *)p = x;
}

#define DCN_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define DCN_EVENS(a, b)        DCN_SHUFFLE(a, b, DCN_EVEN_LANES)
#define DCN_ODDS(a, b)         DCN_SHUFFLE(a, b, DCN_ODD_LANES)
#define dcn_store_floats(x, p) dcn_keep(x, p)

#endif

#define DCN_WITHIN(x, last) (((x) >= DCN_SPLATI(0)) & ((x) <= (last)))

DCN_INLINE dcn_vi dcn_max(dcn_vi a, dcn_vi b)
{
    return DCN_SELECT(a > b, a, b);
}

DCN_INLINE dcn_vi dcn_min(dcn_vi a, dcn_vi b)
{
    return DCN_SELECT(a < b, a, b);
}

/* ---- storage ---------------------------------------------------------------------------------- */

#if DCN_STORAGE == 0
typedef float dcn_storage;
#define dcn_load(p)     (*(p))
#define dcn_store(x, p) (*(p) = (x))
#if DCN_LANES > 1
#define dcn_load_lanes(p)     dcn_load_floats(p)
#define dcn_store_lanes(x, p) dcn_keep(x, p)
#endif
#else
typedef uint16_t dcn_storage;
#if DCN_STORAGE == 1
#define dcn_load(p)     dcn_from_half(*(p))
#define dcn_store(x, p) (*(p) = dcn_to_half(x))
#else
#define dcn_load(p)     dcn_bits_float((uint32_t) * (p) << 16)
#define dcn_store(x, p) (*(p) = dcn_to_bfloat16(x))
#endif
#if DCN_LANES > 1
DCN_INLINE dcn_vu dcn_load_shorts(const uint16_t *p)
{
#if DCN_LANES == 16
    return (dcn_vu)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
#elif DCN_LANES == 8
    return (dcn_vu)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
#else
    return __builtin_convertvector(*(const dcn_vs_loose *)p, dcn_vu);
#endif
}
#if DCN_STORAGE == 2
DCN_INLINE dcn_vf dcn_load_lanes(const uint16_t *p)
{
    return (dcn_vf)(dcn_load_shorts(p) << 16);
}
DCN_INLINE void dcn_store_lanes(dcn_vf x, uint16_t *p)
{
    const dcn_vu bits = (dcn_vu)x;
    const dcn_vu rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    const dcn_vu kept = (dcn_vu)DCN_SELECT(x != x, bits | 0x400000u, rounded);
    *(dcn_vs_loose *)p = __builtin_convertvector(kept >> 16, dcn_vs);
}
#elif DCN_LANES == 16
DCN_INLINE dcn_vf dcn_load_lanes(const uint16_t *p)
{
    return (dcn_vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
DCN_INLINE void dcn_store_lanes(dcn_vf x, uint16_t *p)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
}
#elif DCN_LANES == 8
DCN_INLINE dcn_vf dcn_load_lanes(const uint16_t *p)
{
    return (dcn_vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}
DCN_INLINE void dcn_store_lanes(dcn_vf x, uint16_t *p)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT));
}
#else
DCN_INLINE dcn_vf dcn_load_lanes(const uint16_t *p)
{
    const dcn_vu bits = dcn_load_shorts(p);
    const dcn_vu sign = (bits & 0x8000u) << 16;
    const dcn_vu magnitude = (bits & 0x7fffu) << 13;
    const dcn_vu finite = (dcn_vu)((dcn_vf)magnitude * 0x1p112f);
    return (dcn_vf)(DCN_SELECT(magnitude >= 0x0f800000u, magnitude | 0x7f800000u, finite) | sign);
}
DCN_INLINE void dcn_store_lanes(dcn_vf x, uint16_t *p)
{
    for (int i = 0; i < DCN_LANES; i++)
        p[i] = dcn_to_half(x[i]);
}
#endif
#endif
#endif

/* DCN_VECTOR elements; aligned to 16 bytes, which plain C has no need of. */
#define dcn_load_vector(p, x)                                                                                          \
    do {                                                                                                               \
        DCN_UNROLL for (int load_i = 0; load_i < DCN_VECTOR; load_i++)(x)[load_i] = dcn_load((p) + load_i);            \
    } while (0)
#define dcn_store_vector(x, p)                                                                                         \
    do {                                                                                                               \
        DCN_UNROLL for (int store_i = 0; store_i < DCN_VECTOR; store_i++) dcn_store((x)[store_i], (p) + store_i);      \
    } while (0)
