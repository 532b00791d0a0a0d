/* Launches in bursts, and what their events say. */
#include "internal.h"

#include <stdbool.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

/* When to stop: after enough launches that took long enough, or after too long. */
static const double enough_us = 0.3e6, too_long_us = 3e6, warm_up_us = 0.05e6, burst_us = 0.02e6;
enum { ENOUGH_LAUNCHES = 30, FEWEST_LAUNCHES = 3 };

/* Events that say so many times less than the host's clock are not believed. */
static const double no_clock_factor = 1000;

/* Sizes of the buffer that is copied to find a device's copy rate: far beyond the caches of either kind. */
static const uint64_t gpu_copy_bytes = UINT64_C(256) << 20, cpu_copy_bytes = UINT64_C(128) << 20;
enum { COPY_LAUNCHES = 15 };

/* Monotonic time in microseconds. */
static double now_us(void)
{
#ifdef _WIN32
    LARGE_INTEGER frequency, count;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&count);
    return (double)count.QuadPart * 1e6 / (double)frequency.QuadPart;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
#endif
}

/* Work that is timed: a plan, or a copy between two buffers. */
typedef struct work {
    dcn_plan *plan;
    const dcn_slice *tensors;
    size_t tensor_count;
    dcn_buffer *target, *source; /* without a plan */
} work;

/* How many of the bench's arrays are filled. */
typedef struct sample_counts {
    uint32_t launches; /* device times */
    uint32_t hosts;
    uint32_t bursts;
} sample_counts;

/* `event` may be NULL. */
static dcn_status launch(dcn_bench *bench, const work *w, dcn_event *event)
{
    dcn_sync sync = {NULL, 0, event};
    if (w->plan)
        return dcn_execute(w->plan, bench->queue, w->tensors, w->tensor_count, &sync);
    return dcn_buffer_copy(bench->queue, w->target, 0, w->source, 0, dcn_buffer_size(w->source), &sync);
}

/* Each launch with an event of its own. */
static dcn_status run_with_events(dcn_bench *bench, const work *w, uint32_t count, double *device_us)
{
    dcn_status status = DCN_SUCCESS;
    for (uint32_t i = 0; i < count && status == DCN_SUCCESS; i++)
        status = launch(bench, w, bench->events[i]);
    for (uint32_t i = 0; i < count && status == DCN_SUCCESS; i++) {
        status = dcn_event_wait(bench->events[i]);
        if (status == DCN_SUCCESS)
            status = dcn_event_elapsed(bench->events[i], bench->events[i], &device_us[i]);
    }
    return status;
}

/* Events at the first and the last launch only; host times of those between, or of all where there are no others. */
static dcn_status run_in_a_row(dcn_bench *bench, const work *w, uint32_t count, sample_counts *taken)
{
    dcn_status status = DCN_SUCCESS;
    for (uint32_t i = 0; i < count && status == DCN_SUCCESS; i++) {
        const bool marked = i == 0 || i + 1 == count;
        double start = now_us();
        status = launch(bench, w, marked ? bench->events[i] : NULL);
        if (!marked || count <= 2)
            bench->host_us[taken->hosts++] = now_us() - start;
    }
    if (status == DCN_SUCCESS)
        status = dcn_event_wait(bench->events[count - 1]);
    double whole = 0;
    if (status == DCN_SUCCESS)
        status = dcn_event_elapsed(bench->events[0], bench->events[count - 1], &whole);
    bench->back_to_back_us[taken->bursts] = whole / count;
    return status;
}

/* Launches `count` times, both ways, and waits. */
static dcn_status run_burst(dcn_bench *bench, const work *w, uint32_t count, sample_counts *taken)
{
    double begin = now_us();
    dcn_status status = run_with_events(bench, w, count, &bench->device_us[taken->launches]);
    bench->wall_us[taken->bursts] = (now_us() - begin) / count;
    if (status == DCN_SUCCESS)
        status = run_in_a_row(bench, w, count, taken);
    taken->launches += count;
    taken->bursts++;
    return status;
}

/* Runs without keeping the times until the device is warm; `burst` receives how many launches fit into one. */
static dcn_status warm_up(dcn_bench *bench, const work *w, uint32_t *burst)
{
    dcn_status status;
    double begin = now_us();
    *burst = 1;
    do {
        sample_counts dropped = {0};
        status = run_burst(bench, w, *burst, &dropped);
        double fitting = burst_us / bench->wall_us[0];
        *burst = fitting < 1 ? 1 : fitting > DCN_BENCH_BURST ? DCN_BENCH_BURST : (uint32_t)fitting;
    } while (status == DCN_SUCCESS && now_us() - begin < warm_up_us);
    return status;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare_doubles);
    return (samples[(count - 1) / 2] + samples[count / 2]) / 2;
}

/* Some drivers' events hold no time. */
static void summarise(dcn_bench *bench, const sample_counts *taken, dcn_bench_timing *timing)
{
    double wall_us = median(bench->wall_us, taken->bursts);
    timing->launches = taken->launches;
    timing->device_us = median(bench->device_us, taken->launches);
    timing->back_to_back_us = median(bench->back_to_back_us, taken->bursts);
    timing->host_us = median(bench->host_us, taken->hosts);
    timing->by_host_clock = timing->device_us * no_clock_factor < wall_us;
    if (timing->by_host_clock)
        timing->device_us = timing->back_to_back_us = wall_us;
}

static dcn_status time_work(dcn_bench *bench, const work *w, uint32_t launches, dcn_bench_timing *timing)
{
    uint32_t most = launches ? launches : DCN_BENCH_MAX_LAUNCHES, burst = 1;
    sample_counts taken = {0};
    dcn_status status = warm_up(bench, w, &burst);
    double begin = now_us();
    while (status == DCN_SUCCESS && taken.launches < most) {
        status = run_burst(bench, w, burst < most - taken.launches ? burst : most - taken.launches, &taken);
        double spent = now_us() - begin;
        if (!launches && ((taken.launches >= ENOUGH_LAUNCHES && spent >= enough_us) ||
                          (taken.launches >= FEWEST_LAUNCHES && spent >= too_long_us)))
            break;
    }
    if (status == DCN_SUCCESS)
        summarise(bench, &taken, timing);
    return status;
}

dcn_status dcn_bench_time(dcn_bench *bench, dcn_plan *plan, const dcn_slice *tensors, size_t tensor_count,
                          uint32_t launches, dcn_bench_timing *timing)
{
    work w = {.plan = plan, .tensors = tensors, .tensor_count = tensor_count};
    return time_work(bench, &w, launches, timing);
}

static uint64_t copy_bytes(const dcn_device_info *device)
{
    uint64_t bytes = device->type == DCN_DEVICE_CPU ? cpu_copy_bytes : gpu_copy_bytes;
    if (device->largest_buffer && bytes > device->largest_buffer)
        bytes = device->largest_buffer;
    if (device->global_memory && bytes > device->global_memory / 8)
        bytes = device->global_memory / 8;
    return bytes;
}

static dcn_status measure_copy(dcn_bench *bench, const work *w)
{
    uint64_t bytes = dcn_buffer_size(w->source);
    dcn_bench_timing timing;
    dcn_status status = dcn_buffer_fill(bench->queue, w->source, 0, bytes, 1, NULL);
    if (status == DCN_SUCCESS)
        status = time_work(bench, w, COPY_LAUNCHES, &timing);
    if (status == DCN_SUCCESS)
        bench->copy_gb_per_s = 2.0 * (double)bytes / (timing.device_us * 1e3);
    return status;
}

dcn_status dcn_bench_copy_rate(dcn_bench *bench, double *gb_per_s)
{
    work w = {0};
    uint64_t bytes = copy_bytes(&bench->device);
    dcn_status status = DCN_SUCCESS;
    if (bench->copy_gb_per_s <= 0) {
        status = dcn_buffer_create(bench->context, bytes, &w.source);
        if (status == DCN_SUCCESS)
            status = dcn_buffer_create(bench->context, bytes, &w.target);
        if (status == DCN_SUCCESS)
            status = measure_copy(bench, &w);
        dcn_buffer_destroy(w.source);
        dcn_buffer_destroy(w.target);
    }
    *gb_per_s = bench->copy_gb_per_s;
    return status;
}
