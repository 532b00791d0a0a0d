/* `dcnv4 run`: one operator call from a case file. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "casefile.h"
#include "commands.h"
#include "common.h"
#include "compare.h"
#include "operators.h"
#include "runner.h"

static const char command[] = "run";

static const char help[] =
    "Usage: dcnv4 run CASE.safetensors [OPTION...]\n"
    "\n"
    "Runs the operator call that a case file holds: its tensors, and its parameters as metadata. Prints the error\n"
    "against each float64 result in the file (a tensor named after the result, such as output_f64); the relative "
    "error\n"
    "of the norm must stay below 3e-7 for float32, 2.4e-4 for float16 and 1.9e-3 for bfloat16.\n"
    "\n"
    "Options:\n"
    "  -d, --device D   run on this device, as 'dcnv4 info' lists it (default: auto)\n"
    "  -o, --output F   write the results to this safetensors file, with the case's metadata\n"
    "      --path W     force kernel choices, such as wide,index64\n"
    "  -h, --help       show this text\n"
    "\n"
    "Exit status: 0 done, 1 an error beyond the limit, 2 bad input or usage, 3 no such device.\n"
    "\n"
    "Examples:\n"
    "  dcnv4 run case.safetensors\n"
    "  dcnv4 run case.safetensors --device opencl -o result.safetensors\n"
    "  dcnv4 run case.safetensors --device cpu --path long,general,baseline\n";

typedef struct arguments {
    const char *input;
    const char *output;
    const char *device;
    const char *path;
} arguments;

/* -1 to go on, else the exit code. */
static int parse(int argc, char **argv, arguments *a)
{
    enum { PATH = 256 };
    static const struct option options[] = {
        {"device", required_argument, NULL, 'd'},
        {"output", required_argument, NULL, 'o'},
        {"path", required_argument, NULL, PATH},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int option = getopt_long(argc, argv, "d:o:h", options, NULL); option != -1;
         option = getopt_long(argc, argv, "d:o:h", options, NULL)) {
        switch (option) {
        case 'd':
            a->device = optarg;
            break;
        case 'o':
            a->output = optarg;
            break;
        case PATH:
            a->path = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return DCN_EXIT_DONE;
        default:
            return dcn_tool_option_error(command);
        }
    }
    if (argc - optind != 1) {
        return dcn_tool_usage_error(command, "one case file is needed; %d were given", argc - optind);
    }
    a->input = argv[optind];
    return -1;
}

/* A case with the call's parameters and room for its results. */
static bool make_output(const dcn_call *call, dcn_case *output, dcn_message *message)
{
    const dcn_case *source = call->source;
    dcn_case_init(output, source->name);
    for (size_t i = 0; i < source->parameter_count; i++) {
        if (!dcn_case_set(output, source->parameters[i].key, source->parameters[i].value)) {
            return dcn_message_memory(message, "metadata", strlen(source->parameters[i].value));
        }
    }
    for (size_t i = 0; i < call->result_count; i++) {
        const dcn_call_result *result = &call->results[i];
        if (!dcn_case_add(output, result->name, call->storage, result->rank, result->extent)) {
            return dcn_message_memory(message, result->name, result->bytes);
        }
    }
    return true;
}

/* An empty tensor has no memory, but a slice needs a pointer. */
static dcn_slice slice_of(const dcn_case_tensor *tensor)
{
    static const double nothing = 0.0;
    return dcn_slice_host(tensor->data ? tensor->data : &nothing, tensor->bytes);
}

static dcn_status execute(dcn_plan *plan, const dcn_call *call, const dcn_case *output)
{
    dcn_slice slices[DCN_CALL_MAX_INPUTS + DCN_CALL_MAX_RESULTS];
    size_t count = 0;
    for (size_t i = 0; i < call->input_count; i++) {
        slices[count++] = slice_of(call->inputs[i]);
    }
    for (size_t i = 0; i < call->result_count; i++) {
        slices[count++] = slice_of(&output->tensors[i]);
    }
    return dcn_execute_host(plan, slices, count);
}

/* Prints how far a result is from the file's float64 evaluation, if there is one. */
static int compare(const dcn_call *call, const dcn_case_tensor *result)
{
    char name[64];
    snprintf(name, sizeof name, "%s_f64", result->name);
    const dcn_case_tensor *reference = dcn_case_find(call->source, name);
    if (!reference) {
        printf("%s: not compared: the file has no %s\n", result->name, name);
        return DCN_EXIT_DONE;
    }
    bool fits = reference->element == DCN_ELEMENT_F64 && reference->rank == result->rank &&
                memcmp(reference->extent, result->extent, sizeof result->extent) == 0;
    if (!fits) {
        char extents[160];
        dcn_case_extents_text(extents, sizeof extents, result->rank, result->extent);
        return dcn_tool_error(command, "tensor \"%s\" must be of type F64 and shape %s", name, extents);
    }
    uint64_t count = result->bytes / dcn_element_size(result->element);
    dcn_norm norm = dcn_compare_norm(reference->data, result->element, result->data, count);
    double limit = dcn_compare_limit(result->element);
    bool good = norm.relative <= limit;
    printf("%s: largest error %.3e (element %" PRIu64 "), relative error of the norm %.3e, limit %.1e: %s\n",
           result->name, norm.largest, norm.index, norm.relative, limit, good ? "good" : "TOO LARGE");
    return good ? DCN_EXIT_DONE : DCN_EXIT_DIFFERS;
}

/* The worst of the results' exit codes. */
static int compare_all(const dcn_call *call, const dcn_case *output)
{
    int code = DCN_EXIT_DONE;
    for (size_t i = 0; i < call->result_count; i++) {
        int one = compare(call, &output->tensors[i]);
        code = one > code ? one : code;
    }
    if (dcn_case_find(call->source, "grad_output")) {
        printf("grad_output: ignored: this version computes no gradients\n");
    }
    return code;
}

static void print_call(const dcn_call *call, const dcn_runner *runner, const dcn_plan *plan)
{
    printf("%s on %s (%s), path %s\n", call->op->name, runner->info.name, runner->info.title, dcn_plan_path(plan));
    for (size_t i = 0; i < call->result_count; i++) {
        char extents[160];
        dcn_case_extents_text(extents, sizeof extents, call->results[i].rank, call->results[i].extent);
        printf("%s: %s %s\n", call->results[i].name, dcn_element_long_name(call->storage), extents);
    }
}

static int run_on(const dcn_runner *runner, const dcn_call *call, const arguments *a, dcn_case *output)
{
    dcn_message message;
    dcn_plan *plan = NULL;
    if (dcn_runner_plan(runner, call, a->path, &plan, &message) != DCN_SUCCESS) {
        return dcn_tool_error(command, "%s: %s", a->input, message.text);
    }
    print_call(call, runner, plan);
    dcn_status status = execute(plan, call, output);
    dcn_plan_destroy(plan);
    if (status != DCN_SUCCESS) {
        return dcn_tool_status_error(command, status);
    }
    if (a->output && !dcn_case_file_write(a->output, output, &message)) {
        return dcn_tool_error(command, "%s", message.text);
    }
    return compare_all(call, output);
}

static int run_case(const dcn_case *test, const arguments *a)
{
    dcn_message message;
    dcn_call call;
    if (!dcn_call_prepare(test, &call, &message)) {
        return dcn_tool_error(command, "%s: %s", a->input, message.text);
    }
    dcn_runner runner;
    dcn_status status = dcn_runner_open(a->device, &runner, &message);
    if (status != DCN_SUCCESS) {
        dcn_tool_error(command, "%s", message.text);
        bool absent = status == DCN_ERROR_NO_DEVICE || status == DCN_ERROR_UNSUPPORTED;
        return absent ? DCN_EXIT_NO_DEVICE : DCN_EXIT_BAD_INPUT;
    }
    dcn_case output;
    int code = make_output(&call, &output, &message) ? run_on(&runner, &call, a, &output)
                                                     : dcn_tool_error(command, "%s", message.text);
    dcn_case_free(&output);
    dcn_runner_close(&runner);
    return code;
}

int dcn_command_run(int argc, char **argv)
{
    arguments a = {0};
    int code = parse(argc, argv, &a);
    if (code >= 0) {
        return code;
    }
    dcn_message message;
    dcn_case test;
    if (!dcn_case_file_read(a.input, &test, &message)) {
        return dcn_tool_error(command, "%s", message.text);
    }
    code = run_case(&test, &a);
    dcn_case_free(&test);
    return code;
}
