#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "common.h"
#include "info.h"

static const char help[] = "Usage: dcnv4 info [--json]\n"
                           "\n"
                           "Shows the library's version, every backend and every device of this machine: what it is, "
                           "what the library uses of\n"
                           "it, and, where something is missing or cannot be used, why. Then the folder where compiled "
                           "kernels are kept.\n"
                           "\n"
                           "Options:\n"
                           "  --json       one JSON object; sizes in bytes, null for what does not apply\n"
                           "  -h, --help   show this text\n"
                           "\n"
                           "Examples:\n"
                           "  dcnv4 info\n"
                           "  dcnv4 info --json | jq -r '.devices[].name'\n";

/* "7.8 GiB" */
static const char *size_text(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double value = (double)bytes;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    bool whole = value == (double)(uint64_t)value;
    snprintf(text, size, "%.*f %s", whole ? 0 : 1, value, units[unit]);
    return text;
}

static void print_backends(const dcn_device_list *list)
{
    printf("\nBackends\n");
    for (size_t i = 0; i < dcn_device_list_backends(list); i++) {
        dcn_backend_info backend = dcn_tool_backend(list, i);
        printf("  %-8s ", backend.name);
        if (backend.devices)
            printf("%" PRIu32 " device%s", backend.devices, backend.devices == 1 ? "" : "s");
        else
            printf("no device: %s", backend.reason);
        if (backend.devices && backend.library[0])
            printf(", through %s", backend.library);
        putchar('\n');
    }
}

static void print_field(const char *label, const char *text)
{
    if (text[0])
        printf("      %-15s %s\n", label, text);
}

static void print_device(const dcn_device_info *device)
{
    char text[32];
    printf("  %s\n", device->name);
    print_field("title", device->title);
    print_field("platform", device->platform);
    print_field("driver", device->driver);
    print_field("type", dcn_tool_device_type_name(device->type));
    printf("      %-15s %" PRIu32 "\n", "compute units", device->compute_units);
    print_field("memory", size_text(device->global_memory, text, sizeof text));
    print_field("largest buffer", size_text(device->largest_buffer, text, sizeof text));
    print_field("local memory", device->local_memory ? size_text(device->local_memory, text, sizeof text) : "");
    print_field("features in use", device->features);
    print_field("cannot be used", device->unusable);
}

static void print_cache(const dcn_kernel_cache_info *cache)
{
    char size[32];
    char limit[32];
    printf("\nKernel cache\n");
    if (cache->folder[0])
        printf("  %-8s %s\n", "folder", cache->folder);
    if (cache->reason[0])
        printf("  %-8s %s\n", "not used", cache->reason);
    else
        printf("  %-8s %s of at most %s, in %" PRIu64 " file%s\n", "size", size_text(cache->size, size, sizeof size),
               size_text(cache->limit, limit, sizeof limit), cache->entries, cache->entries == 1 ? "" : "s");
}

void dcn_info_print_text(const dcn_device_list *list, const dcn_kernel_cache_info *cache)
{
    printf("dcnv4 %s\n", dcn_version_string());
    print_backends(list);
    printf("\nDevices%s\n", dcn_device_list_size(list) ? "" : "\n  none");
    for (size_t i = 0; i < dcn_device_list_size(list); i++) {
        dcn_device_info device = dcn_tool_device(list, i);
        print_device(&device);
    }
    print_cache(cache);
}

static int print_list(bool json)
{
    dcn_device_list *list;
    dcn_kernel_cache_info cache = {.struct_size = sizeof cache};
    dcn_status status = dcn_kernel_cache_get(&cache);
    if (status == DCN_SUCCESS)
        status = dcn_device_list_create(&list);
    if (status != DCN_SUCCESS)
        return dcn_tool_status_error("info", status);
    int code = DCN_EXIT_DONE;
    if (!json)
        dcn_info_print_text(list, &cache);
    else if (!dcn_info_print_json(list, &cache))
        code = dcn_tool_error("info", "out of memory");
    dcn_device_list_destroy(list);
    return code;
}

int dcn_command_info(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 'j':
            json = true;
            break;
        case 'h':
            fputs(help, stdout);
            return DCN_EXIT_DONE;
        default:
            return dcn_tool_option_error("info");
        }
    }
    if (optind < argc)
        return dcn_tool_usage_error("info", "takes no arguments, but got '%s'", argv[optind]);
    if (json && !dcn_info_json_supported())
        return dcn_tool_error("info", "--json needs the jansson library, which this build was made without");
    return print_list(json);
}
