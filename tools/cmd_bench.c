#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "commands.h"
#include "common.h"
#include "report.h"
#include "shapes.h"

static const char help[] =
    "Usage: dcnv4 bench [OPTION...]\n"
    "\n"
    "Measures operator calls on a device, medians over many launches after a warm-up: device time by events, host "
    "time\n"
    "of one execute call (without waiting for its end), and the bytes of all tensors a second, beside what the device\n"
    "reaches when it copies a large buffer. Without --shape it goes through a list of shapes for the kind of device.\n"
    "\n"
    "Options:\n"
    "  -d, --device NAME       the device (default: auto)\n"
    "      --op NAME           the operator: dcnv4 (the default), dcnv3 or flash_deform_attn\n"
    "      --direction NAME    forward (the default) or backward: every gradient\n"
    "      --dtype TYPE        f32, f16 or bf16 (default: the list's own types; f32 with --shape)\n"
    "      --shape NxHxWxGxD   batch, height, width, groups, channels of a group; for flash_deform_attn\n"
    "                          NxQxGxDxK:HxW,...: batch, queries, groups, channels of a group, points, levels\n"
    "      --kernel K or HxW   kernel size (default: 3), stride 1, padding (K-1)/2\n"
    "      --offsets HOW       uniform:A for offsets in -A ... A pixels (default: uniform:1), normal:S for standard\n"
    "                          deviation S; locations of flash_deform_attn in halves of a level from its middle\n"
    "      --path WORDS        force choices that the library makes itself, such as wide or long,index64\n"
    "      --launches N        measure exactly N launches, 1 ... 10000 (default: as many as it takes)\n"
    "      --json              one JSON object a line\n"
    "  -h, --help              show this text\n"
    "\n"
    "Examples:\n"
    "  dcnv4 bench --device cpu\n"
    "  dcnv4 bench --device opencl --shape 64x56x56x4x32 --dtype f16 --offsets normal:2\n"
    "  dcnv4 bench --op flash_deform_attn --direction backward --dtype f16\n"
    "  dcnv4 bench --json > here.jsonl\n";

enum { MAX_KERNEL = 255 };

/* What the command line asks for. */
typedef struct request {
    const char *device;
    const char *shape;   /* NULL: a list of shapes */
    dcn_bench_case test; /* the shape is set only with that */
    bool has_dtype, json;
} request;

/* One entry of the list of shapes. */
typedef struct listed_shape {
    int64_t batch, height, width, group, group_channels;
    unsigned types;
} listed_shape;

#define LISTED_SHAPE(n, h, w, g, d, types) {n, h, w, g, d, types},
static const listed_shape gpu_shapes[] = {DCN_BENCH_GPU_SHAPES(LISTED_SHAPE){0}};
static const listed_shape cpu_shapes[] = {DCN_BENCH_CPU_SHAPES(LISTED_SHAPE){0}};
#undef LISTED_SHAPE

/* The same for attention. */
typedef struct listed_attention {
    const char *shape;
    unsigned types;
} listed_attention;

#define LISTED_SHAPE(shape, types) {shape, types},
static const listed_attention attention_shapes[] = {DCN_BENCH_ATTENTION_SHAPES(LISTED_SHAPE){0}};
#undef LISTED_SHAPE

/* Measurements on one device as they go on. */
typedef struct session {
    const request *asked;
    dcn_bench *bench;
    dcn_device_info device;
    bool has_heading;
} session;

static int measure(session *s, const dcn_bench_case *test)
{
    dcn_bench_result result;
    dcn_bench_words words = dcn_bench_describe(test);
    dcn_tool_progress("measuring %s %s ...", words.shape, words.dtype);
    dcn_status status = dcn_bench_run(s->bench, test, &result);
    dcn_tool_progress_end();
    if (status != DCN_SUCCESS)
        return dcn_tool_status_error("bench", status);
    if (s->asked->json)
        return dcn_bench_print_json(&s->device, test, &result) ? DCN_EXIT_DONE
                                                               : dcn_tool_error("bench", "out of memory");
    if (!s->has_heading)
        dcn_bench_print_heading(&s->device, test, result.copy_gb_per_s);
    s->has_heading = true;
    dcn_bench_print_row(test, &result);
    return DCN_EXIT_DONE;
}

/* One shape of a list, in the type asked for or in each of the list's own. */
static int measure_types(session *s, dcn_bench_case test, unsigned types)
{
    static const dcn_dtype listed_types[] = {DCN_FLOAT16, DCN_FLOAT32};
    int code = DCN_EXIT_DONE;
    if (s->asked->has_dtype)
        return measure(s, &test);
    for (size_t i = 0; i < 2 && code == DCN_EXIT_DONE; i++) {
        test.dtype = listed_types[i];
        if (types & 1U << test.dtype)
            code = measure(s, &test);
    }
    return code;
}

static int measure_list(session *s)
{
    int code = DCN_EXIT_DONE;
    const listed_shape *shape = s->device.type == DCN_DEVICE_CPU ? cpu_shapes : gpu_shapes;
    for (; shape->batch && code == DCN_EXIT_DONE; shape++) {
        dcn_bench_case test = s->asked->test;
        test.batch = shape->batch;
        test.height = shape->height;
        test.width = shape->width;
        test.group = shape->group;
        test.group_channels = shape->group_channels;
        code = measure_types(s, test, shape->types);
    }
    return code;
}

static int measure_attention_list(session *s)
{
    int code = DCN_EXIT_DONE;
    for (const listed_attention *row = attention_shapes; row->shape && code == DCN_EXIT_DONE; row++) {
        dcn_bench_case test = s->asked->test;
        if (!dcn_bench_parse_shape(row->shape, &test))
            return dcn_tool_error("bench", "listed shape '%s'", row->shape);
        code = measure_types(s, test, row->types);
    }
    return code;
}

static int run_bench(const request *asked, dcn_context *context)
{
    session s = {.asked = asked, .bench = dcn_bench_create(), .device = {.struct_size = sizeof s.device}};
    if (!s.bench)
        return dcn_tool_error("bench", "out of memory");
    dcn_status status = dcn_context_device(context, &s.device);
    if (status == DCN_SUCCESS)
        status = dcn_bench_open(s.bench, context);
    int code = status != DCN_SUCCESS                    ? dcn_tool_status_error("bench", status)
               : asked->shape                           ? measure(&s, &asked->test)
               : dcn_bench_is_attention(asked->test.op) ? measure_attention_list(&s)
                                                        : measure_list(&s);
    dcn_bench_destroy(s.bench);
    return code;
}

static bool take_device(const char *text, request *asked)
{
    asked->device = text;
    return true;
}

static bool take_op(const char *text, request *asked)
{
    asked->test.op = text;
    return dcn_bench_supports(text);
}

static bool take_dtype(const char *text, request *asked)
{
    asked->has_dtype = true;
    return dcn_bench_parse_dtype(text, &asked->test.dtype);
}

static bool take_direction(const char *text, request *asked)
{
    return dcn_bench_parse_direction(text, &asked->test.direction);
}

/* Read when the operator is known. */
static bool take_shape(const char *text, request *asked)
{
    asked->shape = text;
    return true;
}

static bool take_kernel(const char *text, request *asked)
{
    int64_t extents[2];
    bool square = dcn_tool_parse_integer(text, 1, MAX_KERNEL, &extents[0]);
    if (!square && !dcn_tool_parse_extents(text, 2, 1, MAX_KERNEL, extents))
        return false;
    asked->test.kernel_h = extents[0];
    asked->test.kernel_w = square ? extents[0] : extents[1];
    return true;
}

static bool take_offsets(const char *text, request *asked)
{
    return dcn_bench_parse_offsets(text, &asked->test.offsets);
}

static bool take_path(const char *text, request *asked)
{
    asked->test.path = text;
    return true;
}

static bool take_launches(const char *text, request *asked)
{
    int64_t launches = 0;
    bool right = dcn_tool_parse_integer(text, 1, DCN_BENCH_MAX_LAUNCHES, &launches);
    asked->test.launches = (uint32_t)launches;
    return right;
}

/* Options with a value: how it is taken, and the rule that it breaks when it is refused. */
static const struct parameter {
    const char *name;
    bool (*take)(const char *text, request *asked);
    const char *rule;
} parameters[] = {
    {"device", take_device, "a device's name"},
    {"op", take_op, "dcnv4, dcnv3 or flash_deform_attn"},
    {"direction", take_direction, "forward or backward"},
    {"dtype", take_dtype, "f32, f16 or bf16"},
    {"shape", take_shape, "a shape"},
    {"kernel", take_kernel, "K or HxW, integers from 1 to 255"},
    {"offsets", take_offsets, "uniform:A or normal:S with a number from 0 to 1e6"},
    {"path", take_path, "words such as wide or long,index64"},
    {"launches", take_launches, "an integer from 1 to 10000"},
};

/* getopt returns an index of the table, or 'd' for its first row. */
enum { PARAMETERS = sizeof parameters / sizeof *parameters, OPTION_JSON = PARAMETERS, OPTION_HELP };

/* DCN_EXIT_DONE, or the exit code; `stop` tells that there is nothing left to do. */
static int parse_arguments(int argc, char **argv, request *asked, bool *stop)
{
    struct option options[PARAMETERS + 3] = {[PARAMETERS] = {"json", no_argument, NULL, OPTION_JSON},
                                             {"help", no_argument, NULL, OPTION_HELP}};
    for (int i = 0; i < PARAMETERS; i++)
        options[i] = (struct option){parameters[i].name, required_argument, NULL, i};
    for (int option; (option = getopt_long(argc, argv, "d:h", options, NULL)) != -1;) {
        if (option == 'h' || option == OPTION_HELP) {
            fputs(help, stdout);
            *stop = true;
            return DCN_EXIT_DONE;
        }
        if (option == OPTION_JSON) {
            asked->json = true;
            continue;
        }
        if (option != 'd' && option >= PARAMETERS)
            return dcn_tool_option_error("bench");
        const struct parameter *parameter = &parameters[option == 'd' ? 0 : option];
        if (!parameter->take(optarg, asked))
            return dcn_tool_usage_error("bench", "--%s is '%s', but must be %s", parameter->name, optarg,
                                        parameter->rule);
    }
    if (optind < argc)
        return dcn_tool_usage_error("bench", "takes no arguments, but got '%s'", argv[optind]);
    if (asked->shape && !dcn_bench_parse_shape(asked->shape, &asked->test))
        return dcn_tool_usage_error(
            "bench", "--shape is '%s', but must be %s, integers from 1 to 2147483647", asked->shape,
            dcn_bench_is_attention(asked->test.op) ? "NxQxGxDxK:HxW,... with 1 to 8 levels" : "NxHxWxGxD");
    if (asked->json && !dcn_bench_json_supported())
        return dcn_tool_error("bench", "--json needs the jansson library, which this build was made without");
    return DCN_EXIT_DONE;
}

int dcn_command_bench(int argc, char **argv)
{
    request asked = {.test = {.op = "dcnv4", .kernel_h = 3, .kernel_w = 3, .offsets = {DCN_BENCH_UNIFORM, 1}}};
    bool stop = false;
    int code = parse_arguments(argc, argv, &asked, &stop);
    if (code != DCN_EXIT_DONE || stop)
        return code;
    dcn_context *context;
    code = dcn_tool_open("bench", asked.device, &context);
    if (code == DCN_EXIT_DONE) {
        code = run_bench(&asked, context);
        dcn_context_destroy(context);
    }
    return code;
}
