/* `dcnv4 check`: the part of the conformance suite that a user runs on a machine of their own. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "common.h"
#include "suite.h"

static const char command[] = "check";

static const char help[] =
    "Usage: dcnv4 check [OPTION...]\n"
    "\n"
    "Runs generated cases of every storage type on each usable device, and compares every element with a float64\n"
    "evaluation: where all arithmetic is exact in float32 the result must be the correctly rounded one, elsewhere it\n"
    "must stay within a bound derived for that element. Also watches the memory around every tensor. Takes\n"
    "seconds on a CPU, and up to a minute where a driver compiles kernels first.\n"
    "\n"
    "Options:\n"
    "  -d, --device D      check this device (repeatable; default: every usable one)\n"
    "  -a, --against D2    also run on D2 and count the elements whose bits differ; where all arithmetic is exact,\n"
    "                      a difference is a failure\n"
    "  -v, --verbose       print each case's name before it runs\n"
    "      --seed N        seed of the generated cases\n"
    "  -h, --help          show this text\n"
    "\n"
    "Exit status: 0 all good, 1 a comparison failed, 2 bad usage, 3 no such device.\n"
    "\n"
    "Examples:\n"
    "  dcnv4 check\n"
    "  dcnv4 check --device opencl\n"
    "  dcnv4 check --device opencl --against cpu\n";

#define MAX_DEVICES 32

/* -1 to go on, else the exit code. `devices` has room for MAX_DEVICES names. */
static int parse(int argc, char **argv, dcn_suite_options *suite, const char **devices)
{
    enum { SEED = 256 };
    static const struct option options[] = {
        {"device", required_argument, NULL, 'd'}, {"against", required_argument, NULL, 'a'},
        {"seed", required_argument, NULL, SEED},  {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int64_t seed;
    for (int option = getopt_long(argc, argv, "d:a:vh", options, NULL); option != -1;
         option = getopt_long(argc, argv, "d:a:vh", options, NULL)) {
        switch (option) {
        case 'd':
            if (suite->device_count == MAX_DEVICES) {
                return dcn_tool_usage_error(command, "at most %d devices can be named", MAX_DEVICES);
            }
            devices[suite->device_count++] = optarg;
            break;
        case 'a':
            suite->against = optarg;
            break;
        case 'v':
            suite->verbose = true;
            break;
        case SEED:
            if (!dcn_tool_parse_integer(optarg, 0, INT64_MAX, &seed)) {
                return dcn_tool_usage_error(command, "--seed takes a whole number of at least 0, not \"%s\"", optarg);
            }
            suite->seed = (uint64_t)seed;
            break;
        case 'h':
            fputs(help, stdout);
            return DCN_EXIT_DONE;
        default:
            return dcn_tool_option_error(command);
        }
    }
    if (optind < argc) {
        return dcn_tool_usage_error(command, "unexpected argument \"%s\"", argv[optind]);
    }
    suite->devices = devices;
    return -1;
}

static int verdict(const dcn_suite_totals *totals)
{
    if (totals->failed) {
        printf("FAILED: %zu of %zu comparisons\n", totals->failed, totals->failed + totals->passed);
        return DCN_EXIT_DIFFERS;
    }
    if (totals->passed == 0) {
        printf("FAILED: not one case could be run\n");
        return DCN_EXIT_DIFFERS;
    }
    printf("good: all %zu comparisons passed; devices: %zu, cases: %zu\n", totals->passed, totals->devices,
           totals->cases);
    return DCN_EXIT_DONE;
}

int dcn_command_check(int argc, char **argv)
{
    const char *devices[MAX_DEVICES];
    dcn_suite_options suite = {.seed = DCN_GENERATE_DEFAULT_SEED};
    int code = parse(argc, argv, &suite, devices);
    if (code >= 0) {
        return code;
    }
    printf("checking with seed %" PRIu64 "\n", suite.seed);
    fflush(stdout);
    dcn_message message;
    dcn_suite_totals totals;
    switch (dcn_suite_run(&suite, &totals, &message)) {
    case DCN_SUITE_DONE:
        return verdict(&totals);
    case DCN_SUITE_NO_DEVICE:
        dcn_tool_error(command, "%s", message.text);
        return DCN_EXIT_NO_DEVICE;
    default:
        return dcn_tool_error(command, "%s", message.text);
    }
}
