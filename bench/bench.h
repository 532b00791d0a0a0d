/*
 * Measuring one operator call on one device: inputs, timing, the device's copy rate. The program's `bench` command
 * drives it and report.h prints what it finds; `demo` uses its timing.
 *
 * Times are medians over many launches after a warm-up. Launches are queued in bursts, so that a device is kept busy as
 * it is in use: one burst with an event for each launch, the next with events at its ends only, which is how a network
 * runs; nothing else waits between them.
 */
#ifndef DCN_BENCH_BENCH_H
#define DCN_BENCH_BENCH_H

#include <dcnv4/dcnv4.h>

/* Most launches that one measurement may be asked for. */
#define DCN_BENCH_MAX_LAUNCHES 10000

/* Largest scale of offsets. */
#define DCN_BENCH_MAX_SCALE 1e6

typedef enum dcn_bench_distribution {
    DCN_BENCH_UNIFORM, /* between -scale and scale */
    DCN_BENCH_NORMAL,  /* with standard deviation `scale` */
} dcn_bench_distribution;

/* How far sampling points stray from their grid, in pixels; in attention from the middle of a level, in halves of it.
 */
typedef struct dcn_bench_offsets {
    dcn_bench_distribution distribution;
    double scale;
} dcn_bench_offsets;

/* Most levels of attention. */
#define DCN_BENCH_MAX_LEVELS 8

/* One call to measure. Stride and dilation 1, padding (kernel - 1) / 2. */
typedef struct dcn_bench_case {
    const char *op; /* a name that dcn_bench_supports() */
    dcn_direction direction;
    dcn_dtype dtype;
    int64_t batch, group, group_channels;
    int64_t height, width, kernel_h, kernel_w;            /* operators that sample a grid */
    int64_t queries, points;                              /* attention: points in each level */
    int64_t level_count, levels[DCN_BENCH_MAX_LEVELS][2]; /* height, width */
    dcn_bench_offsets offsets;
    const char *path;  /* as dcn_plan_options::path, or NULL */
    uint32_t launches; /* at most DCN_BENCH_MAX_LAUNCHES; 0: as many as it takes */
} dcn_bench_case;

typedef struct dcn_bench_timing {
    uint32_t launches;
    double device_us;       /* median device time of one launch, by its own event */
    double back_to_back_us; /* device time of a burst with events at its ends only, divided by its launches, median */
    double host_us;         /* median host time of one dcn_execute() without an event, not waiting for its end */
    int by_host_clock; /* the driver's events hold no time: device times are by the host's clock, waiting included */
} dcn_bench_timing;

typedef struct dcn_bench_result {
    char path[128]; /* what the plan chose */
    uint64_t bytes; /* of all inputs and results together */
    dcn_bench_timing timing;
    double gb_per_s;      /* bytes / device time, 1e9 bytes a second */
    double copy_gb_per_s; /* the device's own copy of a large buffer: bytes read and written a second */
} dcn_bench_result;

/* A device that is being measured. */
typedef struct dcn_bench dcn_bench;

/* Whether that operator can be measured; and whether it is attention, whose shape has levels. */
int dcn_bench_supports(const char *op);
int dcn_bench_is_attention(const char *op);

/* NULL when the host has no memory; end it with dcn_bench_destroy(). Everything below fails only with the library's own
 * status and detail text. */
dcn_bench *dcn_bench_create(void);
void dcn_bench_destroy(dcn_bench *bench);

/* Must come first, once. The bench keeps the context. */
dcn_status dcn_bench_open(dcn_bench *bench, dcn_context *context);

/* Measures one call, with inputs that are the same on every device. */
dcn_status dcn_bench_run(dcn_bench *bench, const dcn_bench_case *test, dcn_bench_result *result);

/* Times a plan of the same context on the caller's tensors; `launches` as in dcn_bench_case. */
dcn_status dcn_bench_time(dcn_bench *bench, dcn_plan *plan, const dcn_slice *tensors, size_t tensor_count,
                          uint32_t launches, dcn_bench_timing *timing);

/* Bytes read and written a second when the device copies a large buffer, in 1e9; measured at the first call. */
dcn_status dcn_bench_copy_rate(dcn_bench *bench, double *gb_per_s);

#endif
