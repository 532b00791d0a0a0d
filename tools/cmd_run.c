/* `dcnv4 run`: one operator call from a case file. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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
    "Runs the operator call that a case file holds: its tensors, and its parameters as metadata; with a grad_output\n"
    "its gradients too. Prints the error against each float64 result in the file (a tensor named after the result,\n"
    "such as output_f64); the relative error of the norm must stay below 3e-7 for float32, 2.4e-4 for float16 and\n"
    "1.9e-3 for bfloat16, for gradients in half types a little more.\n"
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

/* A case with the parameters, for results. */
static bool make_output(const dcn_case *source, dcn_case *output, dcn_message *message)
{
    dcn_case_init(output, source->name);
    for (size_t i = 0; i < source->parameter_count; i++) {
        if (!dcn_case_set(output, source->parameters[i].key, source->parameters[i].value)) {
            return dcn_message_memory(message, "metadata", strlen(source->parameters[i].value));
        }
    }
    return true;
}

/* Room for a call's results, behind those that are there. */
static bool add_results(const dcn_call *call, dcn_case *output, dcn_message *message)
{
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

static dcn_status execute(dcn_plan *plan, const dcn_call *call, const dcn_case_tensor *results)
{
    dcn_slice slices[DCN_CALL_MAX_INPUTS + DCN_CALL_MAX_RESULTS];
    size_t count = 0;
    for (size_t i = 0; i < call->input_count; i++) {
        slices[count++] = slice_of(call->inputs[i]);
    }
    for (size_t i = 0; i < call->result_count; i++) {
        slices[count++] = slice_of(&results[i]);
    }
    return dcn_execute_host(plan, slices, count);
}

/* The norm of a result's error. Where it is beyond the limit, positions may lie so near an integer that either of two
 * gradients is right: then the float64 evaluation tells for which elements. */
static bool measure(const dcn_call *call, size_t index, const dcn_case_tensor *result, const double *stored,
                    double limit, dcn_norm *norm, dcn_message *message)
{
    const uint64_t count = call->results[index].count;
    *norm = dcn_compare_norm(stored, result->element, result->data, count);
    if (norm->relative <= limit || call->op->direction == DCN_CALL_FORWARD) {
        return true;
    }
    dcn_expected *expected[DCN_CALL_MAX_RESULTS] = {NULL};
    double *reference = malloc(((size_t)count + 1) * sizeof *reference);
    bool good = reference != NULL;
    for (size_t i = 0; i < call->result_count; i++) {
        expected[i] = malloc(((size_t)call->results[i].count + 1) * sizeof *expected[i]);
        good = good && expected[i];
    }
    if (!good) {
        dcn_message_memory(message, "the comparison", count * sizeof *reference);
    }
    good = good && dcn_call_expect(call, expected, message);
    if (good) {
        memcpy(reference, stored, (size_t)count * sizeof *reference);
        dcn_compare_take_sides(expected[index], result->element, result->data, count, reference);
        *norm = dcn_compare_norm(reference, result->element, result->data, count);
    }
    for (size_t i = 0; i < call->result_count; i++) {
        free(expected[i]);
    }
    free(reference);
    return good;
}

/* Prints how far a result is from the file's float64 evaluation, if there is one. */
static int compare(const dcn_call *call, size_t index, const dcn_case_tensor *result)
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
    const double limit = dcn_compare_limit_of(call->results[index].tolerance, result->element);
    dcn_message message;
    dcn_norm norm;
    if (!measure(call, index, result, reference->data, limit, &norm, &message)) {
        return dcn_tool_error(command, "%s", message.text);
    }
    bool good = norm.relative <= limit;
    printf("%s: largest error %.3e (element %" PRIu64 "), relative error of the norm %.3e, limit %.1e: %s\n",
           result->name, norm.largest, norm.index, norm.relative, limit, good ? "good" : "TOO LARGE");
    return good ? DCN_EXIT_DONE : DCN_EXIT_DIFFERS;
}

static void print_call(const dcn_call *call, const dcn_runner *runner, const dcn_plan *plan)
{
    char title[48];
    dcn_operator_title(call->op, title, sizeof title);
    printf("%s on %s (%s), path %s\n", title, runner->info.name, runner->info.title, dcn_plan_path(plan));
    for (size_t i = 0; i < call->result_count; i++) {
        char extents[160];
        dcn_case_extents_text(extents, sizeof extents, call->results[i].rank, call->results[i].extent);
        printf("%s: %s %s\n", call->results[i].name, dcn_element_long_name(call->storage), extents);
    }
}

/* Plans, runs and compares one call; its results go behind those that `output` has. */
static int run_call(const dcn_runner *runner, const dcn_call *call, const arguments *a, dcn_case *output)
{
    dcn_message message;
    dcn_plan *plan = NULL;
    const size_t first = output->tensor_count;
    if (!add_results(call, output, &message) ||
        dcn_runner_plan(runner, call, a->path, &plan, &message) != DCN_SUCCESS) {
        return dcn_tool_error(command, "%s: %s", a->input, message.text);
    }
    print_call(call, runner, plan);
    dcn_status status = execute(plan, call, &output->tensors[first]);
    dcn_plan_destroy(plan);
    if (status != DCN_SUCCESS) {
        return dcn_tool_status_error(command, status);
    }
    int code = DCN_EXIT_DONE;
    for (size_t i = 0; i < call->result_count; i++) {
        int one = compare(call, i, &output->tensors[first + i]);
        code = one > code ? one : code;
    }
    return code;
}

/* The calls that a case asks for: forward, and gradients where it has a grad_output. */
typedef struct calls {
    dcn_call items[DCN_CALL_DIRECTIONS];
    size_t count;
} calls;

static bool prepare(const dcn_case *test, calls *asked, dcn_message *message)
{
    asked->count = 0;
    if (!dcn_call_prepare(test, &asked->items[asked->count++], message)) {
        return false;
    }
    return !dcn_case_has_gradients(test) ||
           dcn_call_prepare_direction(test, DCN_CALL_BACKWARD, &asked->items[asked->count++], message);
}

/* The worst of the calls' exit codes. */
static int run_calls(const dcn_runner *runner, const calls *asked, const arguments *a, dcn_case *output)
{
    dcn_message message;
    int code = DCN_EXIT_DONE;
    for (size_t i = 0; i < asked->count && code <= DCN_EXIT_DIFFERS; i++) {
        int one = run_call(runner, &asked->items[i], a, output);
        code = one > code ? one : code;
    }
    if (code <= DCN_EXIT_DIFFERS && a->output && !dcn_case_file_write(a->output, output, &message)) {
        return dcn_tool_error(command, "%s", message.text);
    }
    return code;
}

static int run_case(const dcn_case *test, const arguments *a)
{
    dcn_message message;
    calls asked;
    if (!prepare(test, &asked, &message)) {
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
    int code = make_output(test, &output, &message) ? run_calls(&runner, &asked, a, &output)
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
