/* What `dcnv4 info` prints, in its two forms. */
#ifndef DCN_TOOL_INFO_H
#define DCN_TOOL_INFO_H

#include <stdbool.h>

#include <dcnv4/dcnv4.h>

/* Whether this build can print JSON: it needs a JSON library. */
bool dcn_info_json_supported(void);

/* One JSON object on stdout; false when there is no memory. */
bool dcn_info_print_json(const dcn_device_list *list, const dcn_kernel_cache_info *cache);

/* Aligned text on stdout. */
void dcn_info_print_text(const dcn_device_list *list, const dcn_kernel_cache_info *cache);

#endif
