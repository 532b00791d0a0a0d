#include "cl_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Room for the longest text, a list of extensions. A longer one counts as empty. */
#define TEXT_SIZE 8192

/* A device's text, or with `device` NULL the platform's. */
static void get_text(cl_platform_id platform, cl_device_id device, uint32_t what, char text[TEXT_SIZE])
{
    int32_t error = device ? dcn_cl.clGetDeviceInfo(device, what, TEXT_SIZE, text, NULL)
                           : dcn_cl.clGetPlatformInfo(platform, what, TEXT_SIZE, text, NULL);
    if (error != DCN_CL_SUCCESS)
        text[0] = '\0';
}

/* The same, without blanks around it and cut to `size` bytes between two characters of UTF-8. */
static void get_short_text(cl_platform_id platform, cl_device_id device, uint32_t what, char *text, size_t size)
{
    char whole[TEXT_SIZE];
    get_text(platform, device, what, whole);
    const char *start = whole + strspn(whole, " ");
    size_t length = strlen(start);
    if (length > size - 1) {
        length = size - 1;
        while (length > 0 && ((unsigned char)start[length] & 0xC0) == 0x80)
            length--;
    }
    while (length > 0 && start[length - 1] == ' ')
        length--;
    memcpy(text, start, length);
    text[length] = '\0';
}

/* An integer of 4 or 8 bytes; 0 when the driver does not answer. */
static uint64_t get_number(cl_device_id device, uint32_t what)
{
    union {
        uint32_t narrow;
        uint64_t wide;
    } value = {.wide = 0};
    size_t size = 0;
    if (dcn_cl.clGetDeviceInfo(device, what, sizeof value, &value, &size) != DCN_CL_SUCCESS)
        return 0;
    return size == sizeof value.narrow ? value.narrow : value.wide;
}

static uint32_t clamp_to_u32(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* 12 for "OpenCL 1.2 and what the vendor says"; 0 for anything else. */
static uint32_t get_version(cl_platform_id platform, cl_device_id device, uint32_t what)
{
    char text[TEXT_SIZE];
    unsigned major = 0;
    unsigned minor = 0;
    get_text(platform, device, what, text);
    return sscanf(text, "OpenCL %u.%u", &major, &minor) == 2 ? 10 * major + minor : 0;
}

/* Whether a blank-separated list holds the word. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(list, word); at; at = strstr(at + length, word))
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static bool has_extension(cl_device_id device, const char *name)
{
    char extensions[TEXT_SIZE];
    get_text(NULL, device, DCN_CL_DEVICE_EXTENSIONS, extensions);
    return has_word(extensions, name);
}

/* Kernels compute sizes with 64-bit integers, which an embedded profile has only as an extension. */
static bool has_64_bit_integers(cl_device_id device)
{
    char text[TEXT_SIZE];
    get_text(NULL, device, DCN_CL_DEVICE_PROFILE, text);
    if (strcmp(text, "EMBEDDED_PROFILE") != 0)
        return true;
    get_text(NULL, device, DCN_CL_DEVICE_EXTENSIONS, text);
    return has_word(text, "cles_khr_int64");
}

/* Why the library cannot use the device; empty if it can. */
static void find_obstacle(cl_device_id device, const dcn_cl_facts *facts, uint64_t type, uint64_t float_config,
                          char *reason, size_t size)
{
    const uint64_t kinds = DCN_CL_DEVICE_TYPE_CPU | DCN_CL_DEVICE_TYPE_GPU | DCN_CL_DEVICE_TYPE_ACCELERATOR;
    const uint64_t rounding = DCN_CL_FP_ROUND_TO_NEAREST | DCN_CL_FP_INF_NAN;
    reason[0] = '\0';
    if (facts->version < 12)
        snprintf(reason, size, "OpenCL %" PRIu32 ".%" PRIu32 ", but 1.2 is needed", facts->version / 10,
                 facts->version % 10);
    else if (!(type & kinds))
        snprintf(reason, size, "a custom device, which has fixed functions only");
    else if (!get_number(device, DCN_CL_DEVICE_AVAILABLE))
        snprintf(reason, size, "the driver reports it as not available");
    else if (!get_number(device, DCN_CL_DEVICE_COMPILER_AVAILABLE))
        snprintf(reason, size, "its driver has no compiler");
    else if (!get_number(device, DCN_CL_DEVICE_ENDIAN_LITTLE))
        snprintf(reason, size, "its byte order is big-endian");
    else if ((float_config & rounding) != rounding)
        snprintf(reason, size, "its float32 lacks rounding to nearest, infinities or NaN");
    else if (!facts->limits.max_work_group || !facts->limits.largest_buffer)
        snprintf(reason, size, "its driver does not tell its limits");
    else if (!has_64_bit_integers(device))
        snprintf(reason, size, "an embedded profile without 64-bit integers");
}

/* Float lanes for the long shape, which is one for CPUs: what the device prefers, between a float4 and a float16. */
static uint32_t choose_vector_width(cl_device_id device)
{
    uint64_t native = get_number(device, DCN_CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    return native >= 16 ? 16 : native >= 8 ? 8 : 4;
}

/* Kernels are launched in one dimension: its own limit holds too. */
static uint32_t get_max_work_group(cl_device_id device)
{
    uint64_t most = get_number(device, DCN_CL_DEVICE_MAX_WORK_GROUP_SIZE);
    size_t sizes[16];
    size_t bytes = 0;
    if (dcn_cl.clGetDeviceInfo(device, DCN_CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof sizes, sizes, &bytes) ==
            DCN_CL_SUCCESS &&
        bytes >= sizeof sizes[0] && sizes[0] < most)
        most = sizes[0];
    return clamp_to_u32(most);
}

static uint64_t get_base_alignment(cl_device_id device)
{
    uint64_t bytes = get_number(device, DCN_CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
    return bytes ? bytes : 1;
}

static dcn_device_type kind_of(uint64_t type)
{
    if (type & DCN_CL_DEVICE_TYPE_GPU)
        return DCN_DEVICE_GPU;
    return type & DCN_CL_DEVICE_TYPE_CPU ? DCN_DEVICE_CPU : DCN_DEVICE_ACCELERATOR;
}

static void list_features(const dcn_cl_facts *facts, uint64_t float_config, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", facts->correct_divide ? " correctly-rounded-divide" : "",
             float_config & DCN_CL_FP_FMA ? " fma" : "", facts->out_of_order ? " out-of-order-queue" : "");
    if (text[0])
        memmove(text, text + 1, strlen(text));
}

void dcn_cl_describe(cl_platform_id platform, cl_device_id device, const char *index, dcn_cl_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    dcn_device_info *info = &facts->info;
    dcn_device_limits *limits = &facts->limits;
    uint64_t type = get_number(device, DCN_CL_DEVICE_TYPE);
    uint64_t float_config = get_number(device, DCN_CL_DEVICE_SINGLE_FP_CONFIG);
    uint32_t platform_version = get_version(platform, NULL, DCN_CL_PLATFORM_VERSION);
    uint32_t device_version = get_version(NULL, device, DCN_CL_DEVICE_VERSION);
    facts->version = platform_version < device_version ? platform_version : device_version;
    facts->base_alignment = get_base_alignment(device);
    facts->correct_divide = float_config & DCN_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT;
    facts->register_limit = has_extension(device, "cl_nv_compiler_options");
    facts->out_of_order =
        get_number(device, DCN_CL_DEVICE_QUEUE_PROPERTIES) & DCN_CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;

    limits->type = kind_of(type);
    limits->specialises = limits->type == DCN_DEVICE_GPU;
    limits->compute_units = clamp_to_u32(get_number(device, DCN_CL_DEVICE_MAX_COMPUTE_UNITS));
    limits->vector_width = type & DCN_CL_DEVICE_TYPE_CPU ? choose_vector_width(device) : 0;
    limits->max_work_group = get_max_work_group(device);
    limits->subgroup = has_extension(device, "cl_nv_compiler_options") ? 32 : 0;
    limits->local_memory = get_number(device, DCN_CL_DEVICE_LOCAL_MEM_SIZE);
    limits->largest_buffer = get_number(device, DCN_CL_DEVICE_MAX_MEM_ALLOC_SIZE);

    info->struct_size = sizeof *info;
    snprintf(info->name, sizeof info->name, "%s:%s", dcn_backend_opencl.name, index);
    snprintf(info->backend, sizeof info->backend, "%s", dcn_backend_opencl.name);
    get_short_text(NULL, device, DCN_CL_DEVICE_NAME, info->title, sizeof info->title);
    get_short_text(platform, NULL, DCN_CL_PLATFORM_NAME, info->platform, sizeof info->platform);
    get_short_text(NULL, device, DCN_CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    list_features(facts, float_config, info->features, sizeof info->features);
    info->type = limits->type;
    info->compute_units = limits->compute_units;
    info->global_memory = get_number(device, DCN_CL_DEVICE_GLOBAL_MEM_SIZE);
    info->largest_buffer = limits->largest_buffer;
    info->local_memory = limits->local_memory;
    find_obstacle(device, facts, type, float_config, info->unusable, sizeof info->unusable);
}
