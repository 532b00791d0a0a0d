/*
 * The conformance suite: every case on every device and path, judged as compare.h says. The test program and the
 * command line's `check` are two ways to call it.
 */
#ifndef DCN_CONFORMANCE_SUITE_H
#define DCN_CONFORMANCE_SUITE_H

#include "generate.h"

typedef struct dcn_suite_options {
    const char *const *devices; /* names; none: every device found */
    size_t device_count;
    const char *const *except; /* names; what they stand for is left out */
    size_t except_count;
    const char *against; /* NULL, or a device whose results are compared with each of the others', bit for bit */
    bool identical;      /* a differing bit fails, on every path that both have, not only one in an exact case */
    const char *filter;  /* NULL, or a text that case names must contain, or several with commas between */
    const char *golden;  /* NULL, or a folder of case files */
    size_t part, parts;  /* only part 1 … parts of the cases; parts 0: all */
    const char *path;    /* NULL, or the only path to run */
    bool every_path;     /* force each path in turn, not only the library's choice */
    bool sparing;        /* where that would build kernels for each case once more, only for some cases */
    bool verbose;        /* print each case's name before it runs, to see which one a crash belongs to */
    uint64_t seed;
} dcn_suite_options;

typedef struct dcn_suite_totals {
    size_t devices;
    size_t cases;
    size_t passed; /* runs: a case on a device and path */
    size_t failed;
    size_t left_out;
} dcn_suite_totals;

typedef enum dcn_suite_end {
    DCN_SUITE_DONE,      /* everything ran; the totals say how it went */
    DCN_SUITE_BAD_INPUT, /* unreadable folder, no case, out of memory */
    DCN_SUITE_NO_DEVICE, /* a named device is not there, or none is */
} dcn_suite_end;

/* Runs and prints: a line for each failure, then what was left out, then a line for each device. Anything but
 * DCN_SUITE_DONE comes with a message. */
dcn_suite_end dcn_suite_run(const dcn_suite_options *options, dcn_suite_totals *totals, dcn_message *message);

/* Prints the names of the cases. */
dcn_suite_end dcn_suite_list(const dcn_suite_options *options, dcn_message *message);

#endif
