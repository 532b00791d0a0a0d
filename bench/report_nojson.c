/* The build has no JSON library. */
#include "report.h"

bool dcn_bench_json_supported(void)
{
    return false;
}

bool dcn_bench_print_json(const dcn_device_info *device, const dcn_bench_case *test, const dcn_bench_result *result)
{
    (void)device;
    (void)test;
    (void)result;
    return false;
}
