/*
 * The kernel dialect: the only file that knows which compiler reads the kernels. Everything else in this folder is
 * written in the names below and compiles as OpenCL C 1.2, as CUDA C++ and as C11 with the vector extensions of gcc and
 * clang.
 *
 * Set before inclusion: DCN_STORAGE (0 float32, 1 float16, 2 bfloat16), DCN_INDEX_BITS (32, 64), DCN_LANES (floats in
 * a dcn_vf: 1 for the wide shape, 4, 8 or 16 for the long one). DCN_NATIVE selects C.
 *
 * | name | meaning |
 * |---|---|
 * | dcn_vf, dcn_vi | DCN_LANES floats, 32-bit integers; comparisons give a dcn_vi for DCN_SELECT |
 * | dcn_index, dcn_bytes | offset within one image, in elements and (unsigned) in bytes |
 * | dcn_storage | one stored element |
 * | DCN_SHUFFLE(a, b, ...) | the lanes of a, then b's, that the constants say; long shape only |
 * | dcn_float2, dcn_float4 | two, four values .x .y .z .w, kept together in work-group memory |
 * | DCN_GLOBAL, DCN_LOCAL | address spaces |
 * | DCN_KERNEL, DCN_GROUP_ID, DCN_WORK_GROUP_PARAMETER, DCN_WORK_GROUP_MEMORY | an entry: what it begins with, which
 *   work-group it is, and its work-group memory as last parameter and as declaration |
 * | DCN_FOR_ITEMS(i, n) | the work-items of a group: a loop in C, where a group is one thread; no state of an item
 *   may live from one such block to the next |
 * | DCN_BARRIER() | between two blocks: the group's work-group memory is consistent |
 * | DCN_KEEP(type, name), DCN_KEPT(name, item) | a variable that each work-item has for itself and that lives from one
 *   block to the next |
 * | dcn_local_add, dcn_global_add | atomic addition to an unsigned word; gives what was there |
 * | DCN_SUBGROUP, DCN_SUBGROUP_BARRIER() | a barrier for so many neighbouring work-items alone; not every device has it
 * |
 * | dcn_subgroup_exchange(x, apart) | what the work-item has whose number in the sub-group differs in the bits `apart`
 * |
 */
#ifndef DCN_DIALECT_H
#define DCN_DIALECT_H

#define DCN_JOIN_(a, b) a##b
#define DCN_JOIN(a, b)  DCN_JOIN_(a, b)

#if defined(__OPENCL_VERSION__)
#include "dcn_dialect_opencl.h"
#elif defined(__CUDACC__)
#include "dcn_dialect_cuda.h"
#elif defined(DCN_NATIVE)
#include "dcn_dialect_native.h"
#else
#error "no dialect for this compiler"
#endif

/* Elements that one 16-byte load of the wide shape takes. */
#if DCN_STORAGE == 0
#define DCN_VECTOR 4
#else
#define DCN_VECTOR 8
#endif

#include "dcn_params.h"

#endif
