/* What the build makes of the kernel sources: text for devices that compile at run time, functions for the CPU. */
#ifndef DCN_KERNELS_H
#define DCN_KERNELS_H

#include "backend.h"

/* The text of an embedded program with its includes resolved, or NULL. */
const char *dcn_kernel_source(const char *program);

/* A program compiled for NVIDIA GPUs by the build. Its kernels take every parameter at run time and ignore
 * key->defines. */
typedef struct dcn_fatbin {
    const char *program;
    dcn_dtype storage;
    int index_bits;
    const void *data;
    size_t size;
} dcn_fatbin;

/* All of them; `program` is NULL at the end. Empty where the build had no nvcc. */
extern const dcn_fatbin dcn_fatbins[];

/* What a compiled-in kernel is called with: the launch's bindings, parameters and work-group memory. */
typedef struct dcn_native_args {
    void *buffers[DCN_MAX_BINDINGS];
    const void *params;
    void *local;         /* this thread's work-group memory, aligned to 64, or NULL */
    uint32_t local_size; /* work-items of a group */
} dcn_native_args;

/* Runs work-groups first … last-1. */
typedef void (*dcn_native_function)(const dcn_native_args *args, uint64_t first, uint64_t last);

typedef struct dcn_native_kernel {
    const char *program;
    const char *entry;
    dcn_dtype storage;
    int index_bits;
    uint32_t lanes;  /* float lanes of its vectors; 1 for the wide shape */
    const char *isa; /* "baseline", "avx2", "avx512", "neon" */
    dcn_native_function run;
} dcn_native_kernel;

/* All compiled-in kernels, in order of rising instruction set; `run` is NULL at the end. */
extern const dcn_native_kernel *const dcn_native_tables[];

#endif
