/* The build has no JSON library. */
#include "info.h"

bool dcn_info_json_supported(void)
{
    return false;
}

bool dcn_info_print_json(const dcn_device_list *list, const dcn_kernel_cache_info *cache)
{
    (void)list;
    (void)cache;
    return false;
}
