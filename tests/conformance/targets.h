/* The devices that a suite runs on, the paths it forces on each, and the tally of what came out. */
#ifndef DCN_CONFORMANCE_TARGETS_H
#define DCN_CONFORMANCE_TARGETS_H

#include "runner.h"

/* Room for a path's words, and most paths of a device. */
#define DCN_PATH_TEXT 64
#define DCN_MAX_PATHS 48

/* Something that was not run, how often, and the first reason given. */
typedef struct dcn_left_out {
    char what[160];
    char reason[300];
    size_t count;
} dcn_left_out;

typedef struct dcn_tally {
    size_t passed;
    size_t failed;
    size_t left_out;
    dcn_left_out *reasons;
    size_t reason_count;
} dcn_tally;

/* Counts `count` things left out; a failure to note the reason for lack of memory still counts them. */
void dcn_tally_leave_out(dcn_tally *tally, const char *what, const char *reason, size_t count);
void dcn_tally_free(dcn_tally *tally);

typedef struct dcn_target {
    dcn_runner runner;
    dcn_tally tally;
    char paths[DCN_MAX_PATHS][DCN_PATH_TEXT]; /* "" is the library's own choice */
    bool per_case[DCN_MAX_PATHS];             /* forced, and its kernels may be built for each case's numbers */
    bool broken[DCN_MAX_PATHS];               /* did not build: not tried again, since each try takes long */
    size_t path_count;
    uint64_t compared_elements; /* against the other device */
    uint64_t differing_elements;
    size_t compared_cases;
    size_t differing_cases;
} dcn_target;

typedef struct dcn_targets {
    dcn_target *items;
    size_t count;
    dcn_tally absent; /* devices that were found and cannot be used */
} dcn_targets;

/* Opens the named devices, or with `count` 0 every device found; a named one that cannot be opened is an error, with
 * the library's status. End it with dcn_targets_close(). */
dcn_status dcn_targets_open(const char *const *names, size_t count, dcn_targets *targets, dcn_message *message);
void dcn_targets_close(dcn_targets *targets);

/* Closes the target that the name of a device stands for, if there is one. */
void dcn_targets_drop(dcn_targets *targets, const char *name);

/* Lists the paths to run on a target: `forced` alone, if given; else the library's choice, and with `every` each
 * combination of kernel shape, index width, generality, build and instruction set. Whole instruction sets that the
 * device refuses for `probe` are left out and counted. */
void dcn_target_choose_paths(dcn_target *target, const char *forced, bool every, const dcn_call *probe);

#endif
