/* What the files of the bench share. */
#ifndef DCN_BENCH_INTERNAL_H
#define DCN_BENCH_INTERNAL_H

#include "bench.h"

enum {
    DCN_BENCH_BURST = 32,            /* most launches in one burst */
    DCN_BENCH_STAGE_BYTES = 1 << 20, /* host memory through which inputs go to the device */
    DCN_BENCH_TABLE = 1 << 16,       /* entries of a table of random numbers */
};

/* Random numbers, already rounded to a storage type; tensors are filled with random entries. */
typedef struct dcn_bench_table {
    uint32_t bits[DCN_BENCH_TABLE];
} dcn_bench_table;

struct dcn_bench {
    dcn_context *context;
    dcn_device_info device;
    dcn_queue *queue;
    dcn_event *events[DCN_BENCH_BURST];
    double copy_gb_per_s; /* 0 until it is measured */
    double device_us[DCN_BENCH_MAX_LAUNCHES];
    double back_to_back_us[DCN_BENCH_MAX_LAUNCHES];
    double host_us[DCN_BENCH_MAX_LAUNCHES];
    double wall_us[DCN_BENCH_MAX_LAUNCHES]; /* of a burst by the host's clock, divided by its launches */
    unsigned char stage[DCN_BENCH_STAGE_BYTES];
    dcn_bench_table values, offsets, masks;
};

/* Fills the inputs among a plan's tensors: values and grad_output in -1 ... 1, offsets and locations as the case says,
 * masks, logits and padding in 0 ... 1. */
dcn_status dcn_bench_fill(dcn_bench *bench, const dcn_bench_case *test, const dcn_tensor_info *tensors, size_t count,
                          dcn_buffer *const *buffers);

#endif
