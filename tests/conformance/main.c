/*
 * The conformance suite as a program: every operator on every device, path and case, against a float64 evaluation.
 *
 * Three tiers, whose bounds compare.h derives:
 * - exact: where all arithmetic is exact in float32, results are the correctly rounded float64 value, bit for bit;
 * - bounded: everything else stays within a bound made from the storage type and the sum of |terms| of each element;
 * - norm: case files with a stored float64 result also stay below a limit on the relative error of the norm.
 * Gradients are results like any other, with limits of their own on the norm.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DEVICE = 3, EXIT_SKIPPED = 77 };

#define MAX_DEVICES 32

typedef struct arguments {
    dcn_suite_options suite;
    const char *devices[MAX_DEVICES];
    const char *except[MAX_DEVICES];
    bool list;
    bool optional;
} arguments;

static const char help[] =
    "usage: conformance [OPTION]...\n"
    "Checks results on every device, kernel path and case against a float64 evaluation.\n"
    "\n"
    "  --device D     run on this device (repeatable); default: every device found\n"
    "  --except D     not on this device (repeatable)\n"
    "  --against D2   also run on D2 and compare results bit for bit; differing elements are counted,\n"
    "                 and fail where all arithmetic is exact\n"
    "  --identical    with --against: compare every path that both have, and let any differing element fail\n"
    "  --filter TEXT  only cases whose name contains TEXT, or one of several texts with commas between\n"
    "  --golden DIR   also the case files of this folder\n"
    "  --part I/N     only part I of N of the cases, so that several processes can share the work\n"
    "  --path WORDS   force these kernel choices, such as wide,index64; default: each combination in turn\n"
    "  --no-force     only the library's own choice of kernel\n"
    "  --sparing      of the paths whose kernels may be built for each case, only the library's own choice in\n"
    "                 every case, others in one of eight: for devices that compile slowly\n"
    "  --seed N       seed of the generated cases\n"
    "  --list         print the names of the cases\n"
    "  --verbose      print each case's name before it runs\n"
    "  --optional     a device that is not there ends the program with exit code 77\n"
    "  --help         this text\n"
    "\n"
    "examples:\n"
    "  conformance --device cpu\n"
    "  conformance --device opencl --against cpu --filter exact\n"
    "  conformance --device cpu --path long,index64,avx2 --filter k7\n"
    "\n"
    "exit codes: 0 all passed, 1 a case failed or none ran, 2 bad usage or unreadable input, 3 no such device\n";

static bool parse_seed(const char *text, uint64_t *seed)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    *seed = strtoull(text, &end, 0);
    return *end == '\0';
}

static bool parse_part(const char *text, dcn_suite_options *suite)
{
    int end = 0;
    return sscanf(text, "%4zu/%4zu%n", &suite->part, &suite->parts, &end) == 2 && text[end] == '\0' &&
           suite->part >= 1 && suite->part <= suite->parts;
}

static int usage(const char *problem, const char *argument)
{
    fprintf(stderr, "conformance: %s%s; see conformance --help\n", problem, argument);
    return EXIT_USAGE;
}

enum {
    DEVICE = 256,
    EXCEPT,
    AGAINST,
    IDENTICAL,
    FILTER,
    GOLDEN,
    PART,
    PATH,
    NO_FORCE,
    SPARING,
    SEED,
    LIST,
    VERBOSE,
    OPTIONAL,
    HELP
};

/* -1 to go on, else the exit code. `value` is the option's argument, if it has one. */
static int take(arguments *a, int option, const char *value)
{
    switch (option) {
    case DEVICE:
        if (a->suite.device_count == MAX_DEVICES) {
            return usage("too many devices", "");
        }
        a->devices[a->suite.device_count++] = value;
        return -1;
    case EXCEPT:
        if (a->suite.except_count == MAX_DEVICES) {
            return usage("too many devices", "");
        }
        a->except[a->suite.except_count++] = value;
        return -1;
    case AGAINST:
        a->suite.against = value;
        return -1;
    case IDENTICAL:
        a->suite.identical = true;
        return -1;
    case FILTER:
        a->suite.filter = value;
        return -1;
    case GOLDEN:
        a->suite.golden = value;
        return -1;
    case PART:
        return parse_part(value, &a->suite) ? -1 : usage("--part takes I/N with I from 1 to N, not ", value);
    case PATH:
        a->suite.path = value;
        return -1;
    case NO_FORCE:
        a->suite.every_path = false;
        return -1;
    case SPARING:
        a->suite.sparing = true;
        return -1;
    case SEED:
        return parse_seed(value, &a->suite.seed) ? -1 : usage("--seed takes a whole number, not ", value);
    case LIST:
        a->list = true;
        return -1;
    case VERBOSE:
        a->suite.verbose = true;
        return -1;
    case OPTIONAL:
        a->optional = true;
        return -1;
    case HELP:
        fputs(help, stdout);
        return EXIT_GOOD;
    default:
        return usage("bad option", "");
    }
}

/* As take(), for the whole command line. */
static int parse(int argc, char **argv, arguments *a)
{
    static const struct option options[] = {
        {"device", required_argument, NULL, DEVICE},
        {"except", required_argument, NULL, EXCEPT},
        {"against", required_argument, NULL, AGAINST},
        {"identical", no_argument, NULL, IDENTICAL},
        {"filter", required_argument, NULL, FILTER},
        {"golden", required_argument, NULL, GOLDEN},
        {"part", required_argument, NULL, PART},
        {"path", required_argument, NULL, PATH},
        {"no-force", no_argument, NULL, NO_FORCE},
        {"sparing", no_argument, NULL, SPARING},
        {"seed", required_argument, NULL, SEED},
        {"list", no_argument, NULL, LIST},
        {"verbose", no_argument, NULL, VERBOSE},
        {"optional", no_argument, NULL, OPTIONAL},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    int code = -1;
    for (int option = 0; code < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        code = take(a, option, optarg);
    }
    return code < 0 && optind < argc ? usage("unexpected argument ", argv[optind]) : code;
}

static int finish(const arguments *a, dcn_suite_end end, const dcn_suite_totals *totals, const dcn_message *message)
{
    if (end == DCN_SUITE_NO_DEVICE && a->optional) {
        printf("skipped: %s\n", message->text);
        return EXIT_SKIPPED;
    }
    if (end != DCN_SUITE_DONE) {
        fprintf(stderr, "conformance: %s\n", message->text);
        return end == DCN_SUITE_NO_DEVICE ? EXIT_NO_DEVICE : EXIT_USAGE;
    }
    bool ran = totals->passed + totals->failed > 0;
    if (!ran) {
        fprintf(stderr, "conformance: not one case ran\n");
    }
    printf("conformance: %zu devices, %zu cases, seed %" PRIu64 ": %zu passed, %zu failed, %zu left out\n",
           totals->devices, totals->cases, a->suite.seed, totals->passed, totals->failed, totals->left_out);
    printf("%zu passed, %zu failed, %zu skipped\n", totals->passed, totals->failed, totals->left_out);
    return ran && totals->failed == 0 ? EXIT_GOOD : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    arguments a = {.suite = {.every_path = true, .seed = DCN_GENERATE_DEFAULT_SEED}};
    int code = parse(argc, argv, &a);
    if (code >= 0) {
        return code;
    }
    a.suite.devices = a.devices;
    a.suite.except = a.except;
    dcn_message message;
    dcn_suite_totals totals = {0};
    if (a.list) {
        dcn_suite_end end = dcn_suite_list(&a.suite, &message);
        return end == DCN_SUITE_DONE ? EXIT_GOOD : finish(&a, end, &totals, &message);
    }
    return finish(&a, dcn_suite_run(&a.suite, &totals, &message), &totals, &message);
}
