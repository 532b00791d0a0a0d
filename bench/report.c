#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    dcn_dtype dtype;
} dtypes[] = {{"f32", DCN_FLOAT32}, {"f16", DCN_FLOAT16}, {"bf16", DCN_BFLOAT16}};

static const struct {
    const char *name;
    dcn_bench_distribution distribution;
} distributions[] = {{"uniform", DCN_BENCH_UNIFORM}, {"normal", DCN_BENCH_NORMAL}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool dcn_bench_parse_dtype(const char *name, dcn_dtype *dtype)
{
    for (size_t i = 0; i < COUNT(dtypes); i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            *dtype = dtypes[i].dtype;
            return true;
        }
    }
    return false;
}

bool dcn_bench_parse_offsets(const char *text, dcn_bench_offsets *offsets)
{
    for (size_t i = 0; i < COUNT(distributions); i++) {
        size_t length = strlen(distributions[i].name);
        if (strncmp(text, distributions[i].name, length) != 0 || text[length] != ':')
            continue;
        const char *number = text + length + 1;
        char *end;
        double scale = strtod(number, &end);
        if (!*number || number[strspn(number, "0123456789.e-")] || *end ||
            !(scale >= 0 && scale <= DCN_BENCH_MAX_SCALE))
            return false;
        offsets->distribution = distributions[i].distribution;
        offsets->scale = scale;
        return true;
    }
    return false;
}

dcn_bench_words dcn_bench_describe(const dcn_bench_case *test)
{
    dcn_bench_words words = {.dtype = "unknown"};
    snprintf(words.shape, sizeof words.shape, "%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64, test->batch,
             test->height, test->width, test->group, test->group_channels);
    snprintf(words.kernel, sizeof words.kernel, "%" PRId64 "x%" PRId64, test->kernel_h, test->kernel_w);
    for (size_t i = 0; i < COUNT(distributions); i++)
        if (distributions[i].distribution == test->offsets.distribution)
            snprintf(words.offsets, sizeof words.offsets, "%s:%g", distributions[i].name, test->offsets.scale);
    for (size_t i = 0; i < COUNT(dtypes); i++)
        if (dtypes[i].dtype == test->dtype)
            words.dtype = dtypes[i].name;
    return words;
}

void dcn_bench_print_heading(const dcn_device_info *device, double copy_gb_per_s)
{
    printf("%s: %s (%s %s), copies at %.1f GB/s\n", device->name, device->title, device->platform, device->driver,
           copy_gb_per_s);
    printf("%-18s %-5s %-6s %-10s %10s %10s %10s %9s %6s %9s  %s\n", "NxHxWxGxD", "type", "kernel", "offsets",
           "device us", "in a row", "host us", "GB/s", "share", "launches", "path");
}

void dcn_bench_print_row(const dcn_bench_case *test, const dcn_bench_result *result)
{
    dcn_bench_words words = dcn_bench_describe(test);
    printf("%-18s %-5s %-6s %-10s %10.1f %10.1f %10.1f %9.1f %5.0f%% %9" PRIu32 "  %s%s\n", words.shape, words.dtype,
           words.kernel, words.offsets, result->timing.device_us, result->timing.back_to_back_us,
           result->timing.host_us, result->gb_per_s, 100 * result->gb_per_s / result->copy_gb_per_s,
           result->timing.launches, result->path, result->timing.by_host_clock ? " (by the host's clock)" : "");
    fflush(stdout);
}
