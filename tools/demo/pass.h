/* The operator on one device, as what turns pictures into pictures: a plan for their size, and its three tensors. */
#ifndef DCN_DEMO_PASS_H
#define DCN_DEMO_PASS_H

#include <dcnv4/dcnv4.h>

#include "bench.h"

typedef struct dcn_pass {
    dcn_context *context;
    dcn_bench *bench;
    dcn_plan *plan;
    dcn_queue *queue;
    dcn_buffer *buffers[DCN_DCNV4_FORWARD_TENSORS];
    uint64_t bytes; /* of all tensors */
} dcn_pass;

/* float32, one group of one channel for each of three colours, 3 x 3 points, rows of dcn_pass_row() elements. Compiles
 * what the device needs, which may take seconds. `bench` comes from dcn_bench_create() and is the pass's from now on.
 * End the pass with dcn_pass_close(), also when this fails, and before the context. */
dcn_status dcn_pass_open(dcn_pass *pass, dcn_context *context, dcn_bench *bench, int64_t width, int64_t height);
void dcn_pass_close(dcn_pass *pass);

/* Elements of a row of offset_mask. */
int64_t dcn_pass_row(void);

/* value [height, width, 3] and offset_mask [height, width, row] to output [height, width, 3]; waits for it. */
dcn_status dcn_pass_run(dcn_pass *pass, const float *value, const float *offset_mask, float *output);

/* Times the operator on the tensors of the last run. */
dcn_status dcn_pass_time(dcn_pass *pass, dcn_bench_timing *timing);

#endif
