#include "report.h"

#include <jansson.h>
#include <stdio.h>

bool dcn_bench_json_supported(void)
{
    return true;
}

bool dcn_bench_print_json(const dcn_device_info *device, const dcn_bench_case *test, const dcn_bench_result *result)
{
    dcn_bench_words words = dcn_bench_describe(test);
    const dcn_bench_timing *timing = &result->timing;
    json_t *object = json_pack(
        "{ss, ss, ss, ss, ss, ss, ss, ss, ss, ss, sf, sf, sf, ss, si, sI, sf, sf, sf}", "device", device->name, "title",
        device->title, "driver", device->driver, "op", test->op, "dtype", words.dtype, "shape", words.shape, "kernel",
        words.kernel, "offsets", words.offsets, "direction", words.direction, "path", result->path, "device_us_median",
        timing->device_us, "device_us_back_to_back", timing->back_to_back_us, "host_us_median", timing->host_us,
        "clock", timing->by_host_clock ? "host" : "events", "launches", (int)timing->launches, "bytes",
        (json_int_t)result->bytes, "gb_per_s", result->gb_per_s, "copy_gb_per_s", result->copy_gb_per_s, "share",
        result->gb_per_s / result->copy_gb_per_s);
    if (!object)
        return false;
    int failed = json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(object);
    putchar('\n');
    fflush(stdout);
    return !failed;
}
