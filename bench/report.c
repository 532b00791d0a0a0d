#include "report.h"

#include <inttypes.h>
#include <stdio.h>

/* How wide the column of shapes is. */
static int shape_width(const dcn_bench_case *test)
{
    return dcn_bench_is_attention(test->op) ? 43 : 18;
}

void dcn_bench_print_heading(const dcn_device_info *device, const dcn_bench_case *test, double copy_gb_per_s)
{
    printf("%s: %s (%s %s), copies at %.1f GB/s, %s %s\n", device->name, device->title, device->platform,
           device->driver, copy_gb_per_s, test->op, dcn_bench_describe(test).direction);
    printf("%-*s %-5s %-6s %-10s %10s %10s %10s %9s %6s %9s  %s\n", shape_width(test),
           dcn_bench_is_attention(test->op) ? "NxQxGxDxK:levels" : "NxHxWxGxD", "type", "kernel", "offsets",
           "device us", "in a row", "host us", "GB/s", "share", "launches", "path");
}

void dcn_bench_print_row(const dcn_bench_case *test, const dcn_bench_result *result)
{
    dcn_bench_words words = dcn_bench_describe(test);
    printf("%-*s %-5s %-6s %-10s %10.1f %10.1f %10.1f %9.1f %5.0f%% %9" PRIu32 "  %s%s\n", shape_width(test),
           words.shape, words.dtype, words.kernel, words.offsets, result->timing.device_us,
           result->timing.back_to_back_us, result->timing.host_us, result->gb_per_s,
           100 * result->gb_per_s / result->copy_gb_per_s, result->timing.launches, result->path,
           result->timing.by_host_clock ? " (by the host's clock)" : "");
    fflush(stdout);
}
