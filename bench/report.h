/* A case and its result as text: the words of the command line, an aligned table for people, JSON for programs. */
#ifndef DCN_BENCH_REPORT_H
#define DCN_BENCH_REPORT_H

#include <stdbool.h>

#include "bench.h"

/* The case's parameters in the words that the command line takes. */
typedef struct dcn_bench_words {
    char shape[288];       /* "64x56x56x4x32"; attention: "1x900x8x32x4:100x168,50x84" */
    char kernel[48];       /* "3x3"; attention: "-" */
    char offsets[40];      /* "uniform:1" */
    const char *dtype;     /* "f32", "f16", "bf16" */
    const char *direction; /* "forward", "backward" */
} dcn_bench_words;

dcn_bench_words dcn_bench_describe(const dcn_bench_case *test);

/* The type of that name; false if there is none. */
bool dcn_bench_parse_dtype(const char *name, dcn_dtype *dtype);

/* "forward", "backward". */
bool dcn_bench_parse_direction(const char *name, dcn_direction *direction);

/* The shape of the case's operator: NxHxWxGxD, or NxQxGxDxK:HxW,... */
bool dcn_bench_parse_shape(const char *text, dcn_bench_case *test);

/* "uniform:1", "normal:2.5"; false for anything else. */
bool dcn_bench_parse_offsets(const char *text, dcn_bench_offsets *offsets);

/* The table, on stdout. The heading comes first, once for each device and operator. */
void dcn_bench_print_heading(const dcn_device_info *device, const dcn_bench_case *test, double copy_gb_per_s);
void dcn_bench_print_row(const dcn_bench_case *test, const dcn_bench_result *result);

/* Whether this build can print JSON: it needs a JSON library. */
bool dcn_bench_json_supported(void);

/* One object on a line of its own, on stdout; false when there is no memory. */
bool dcn_bench_print_json(const dcn_device_info *device, const dcn_bench_case *test, const dcn_bench_result *result);

#endif
