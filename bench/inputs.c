/* Inputs for a measurement: the same on every device, and made fast enough for tensors of gigabytes. */
#include "internal.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "convert.h"

typedef uint64_t generator;

/* splitmix64 */
static uint64_t next_bits(generator *g)
{
    uint64_t z = *g += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In (0, 1]. */
static double next_uniform(generator *g)
{
    return (double)((next_bits(g) >> 11) + 1) * 0x1p-53;
}

static double next_normal(generator *g)
{
    double radius = sqrt(-2 * log(next_uniform(g)));
    return radius * cos(6.283185307179586 * next_uniform(g));
}

static dcn_element element_of(dcn_dtype dtype)
{
    return dtype == DCN_FLOAT16 ? DCN_ELEMENT_F16 : dtype == DCN_BFLOAT16 ? DCN_ELEMENT_BF16 : DCN_ELEMENT_F32;
}

static void fill_uniform(dcn_bench_table *table, generator *g, dcn_dtype dtype, double low, double high)
{
    for (size_t i = 0; i < DCN_BENCH_TABLE; i++)
        table->bits[i] = dcn_convert_to_bits(element_of(dtype), low + (high - low) * next_uniform(g));
}

static void fill_normal(dcn_bench_table *table, generator *g, dcn_dtype dtype, double mean, double deviation)
{
    for (size_t i = 0; i < DCN_BENCH_TABLE; i++)
        table->bits[i] = dcn_convert_to_bits(element_of(dtype), mean + deviation * next_normal(g));
}

/* Offsets around 0, or locations around the middle of a level. */
static void fill_offsets(dcn_bench_table *table, generator *g, const dcn_bench_case *test)
{
    const bool locations = dcn_bench_is_attention(test->op);
    const double middle = locations ? 0.5 : 0;
    const double scale = locations ? 0.5 * test->offsets.scale : test->offsets.scale;
    if (test->offsets.distribution == DCN_BENCH_NORMAL)
        fill_normal(table, g, test->dtype, middle, scale);
    else
        fill_uniform(table, g, test->dtype, middle - scale, middle + scale);
}

/* Writes a buffer from its start to its end through the bench's host memory. */
typedef struct writer {
    dcn_bench *bench;
    dcn_buffer *buffer;
    generator random;
    size_t element; /* bytes of one */
    size_t used;    /* bytes that wait in bench->stage */
    uint64_t written;
    dcn_status status;
} writer;

static void flush(writer *w)
{
    if (w->status == DCN_SUCCESS && w->used)
        w->status = dcn_buffer_write(w->bench->queue, w->buffer, w->written, w->used, w->bench->stage, NULL);
    w->written += w->used;
    w->used = 0;
}

/* Appends `count` random entries of the table: 16 random bits choose one of 2^16. */
static void append(writer *w, const dcn_bench_table *table, uint64_t count)
{
    while (count && w->status == DCN_SUCCESS) {
        uint64_t room = (DCN_BENCH_STAGE_BYTES - w->used) / w->element;
        uint64_t now = count < room ? count : room;
        unsigned char *to = w->bench->stage + w->used;
        uint64_t bits = 0;
        for (uint64_t i = 0; i < now; i++) {
            bits = i % 4 ? bits >> 16 : next_bits(&w->random);
            uint32_t entry = table->bits[bits & (DCN_BENCH_TABLE - 1)];
            if (w->element == 4) {
                memcpy(to + i * 4, &entry, 4);
            } else {
                uint16_t half = (uint16_t)entry;
                memcpy(to + i * 2, &half, 2);
            }
        }
        w->used += (size_t)now * w->element;
        count -= now;
        if (w->used + w->element > DCN_BENCH_STAGE_BYTES)
            flush(w);
    }
}

static uint64_t elements_of(const dcn_tensor_info *tensor)
{
    return tensor->bytes / dcn_dtype_size(tensor->dtype);
}

/* Offsets and masks that share a tensor: in each row, for each of `groups`, 2 * points offsets and then the masks. */
static void append_joint(writer *w, const dcn_tensor_info *tensor, uint64_t groups, uint64_t points)
{
    const dcn_bench *bench = w->bench;
    uint64_t row = (uint64_t)tensor->extent[tensor->rank - 1], rows = elements_of(tensor) / row;
    for (uint64_t r = 0; r < rows && w->status == DCN_SUCCESS; r++) {
        for (uint64_t g = 0; g < groups; g++) {
            append(w, &bench->offsets, 2 * points);
            append(w, &bench->masks, points);
        }
        append(w, &bench->masks, row - groups * points * 3);
    }
}

static void append_tensor(writer *w, const dcn_bench_case *test, const dcn_tensor_info *tensor)
{
    const dcn_bench *bench = w->bench;
    if (strcmp(tensor->name, "offset_mask") == 0)
        append_joint(w, tensor, (uint64_t)test->group, (uint64_t)(test->kernel_h * test->kernel_w));
    else if (strcmp(tensor->name, "sampling_loc_attn") == 0)
        append_joint(w, tensor, 1, (uint64_t)(test->level_count * test->points));
    else if (strcmp(tensor->name, "offset") == 0)
        append(w, &bench->offsets, elements_of(tensor));
    else if (strcmp(tensor->name, "mask") == 0)
        append(w, &bench->masks, elements_of(tensor));
    else
        append(w, &bench->values, elements_of(tensor));
}

dcn_status dcn_bench_fill(dcn_bench *bench, const dcn_bench_case *test, const dcn_tensor_info *tensors, size_t count,
                          dcn_buffer *const *buffers)
{
    generator random = 20240619;
    fill_uniform(&bench->values, &random, test->dtype, -1, 1);
    fill_uniform(&bench->masks, &random, test->dtype, 0, 1);
    fill_offsets(&bench->offsets, &random, test);
    writer w = {.bench = bench, .random = random, .element = dcn_dtype_size(test->dtype)};
    for (size_t i = 0; i < count && w.status == DCN_SUCCESS; i++) {
        if (tensors[i].is_output)
            continue;
        w.buffer = buffers[i];
        w.written = 0;
        append_tensor(&w, test, &tensors[i]);
        flush(&w);
    }
    return w.status;
}
