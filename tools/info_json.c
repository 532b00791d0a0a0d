#include <jansson.h>
#include <stdio.h>

#include "common.h"
#include "info.h"

bool dcn_info_json_supported(void)
{
    return true;
}

/* Empty text means that there is nothing to say. */
static const char *text_or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static json_t *backends_json(const dcn_device_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < dcn_device_list_backends(list); i++) {
        dcn_backend_info backend = dcn_tool_backend(list, i);
        json_t *object = json_pack("{ss, sI, ss?, ss?}", "name", backend.name, "devices", (json_int_t)backend.devices,
                                   "library", text_or_null(backend.library), "reason", text_or_null(backend.reason));
        if (json_array_append_new(array, object) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *devices_json(const dcn_device_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < dcn_device_list_size(list); i++) {
        dcn_device_info device = dcn_tool_device(list, i);
        json_t *object = json_pack(
            "{ss, ss, ss, ss, ss?, ss, sI, sI, sI, sI, ss, ss?}", "name", device.name, "backend", device.backend,
            "title", device.title, "platform", device.platform, "driver", text_or_null(device.driver), "type",
            dcn_tool_device_type_name(device.type), "compute_units", (json_int_t)device.compute_units, "global_memory",
            (json_int_t)device.global_memory, "largest_buffer", (json_int_t)device.largest_buffer, "local_memory",
            (json_int_t)device.local_memory, "features", device.features, "unusable", text_or_null(device.unusable));
        if (json_array_append_new(array, object) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* NULL for what JSON cannot hold: a path that is not UTF-8, a limit beyond its integers. */
static json_t *cache_json(const dcn_kernel_cache_info *cache)
{
    json_t *folder = cache->folder[0] ? json_string(cache->folder) : NULL;
    json_t *limit = cache->limit <= INT64_MAX ? json_integer((json_int_t)cache->limit) : NULL;
    return json_pack("{so?, ss?, sI, so?, sI}", "folder", folder, "reason", text_or_null(cache->reason), "size",
                     (json_int_t)cache->size, "limit", limit, "entries", (json_int_t)cache->entries);
}

bool dcn_info_print_json(const dcn_device_list *list, const dcn_kernel_cache_info *cache)
{
    /* `o` takes over its value and fails on NULL. */
    json_t *root = json_pack("{ss, so, so, so}", "version", dcn_version_string(), "backends", backends_json(list),
                             "devices", devices_json(list), "kernel_cache", cache_json(cache));
    if (!root)
        return false;
    int failed = json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(root);
    putchar('\n');
    return !failed;
}
