#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "sources.h"
#include "targets.h"

/* With `sparing`, one case of so many runs the paths whose kernels are built for each case. */
#define SPARED 8

/* Failures beyond this many are only counted. */
#define MAX_REPORTED 60

/* Two float64 evaluations of the same formulas agree to this, relative to the norm. */
#define ORACLE_LIMIT 1e-14

typedef struct suite {
    const dcn_suite_options *options;
    dcn_targets targets;
    dcn_runner against; /* its context is NULL unless asked for */
    dcn_tally oracle;   /* stored float64 results against the oracle's, and cases that could not be read */
    size_t reported;
} suite;

/* A case ready to run in one direction, with what must come out. */
typedef struct checked {
    const dcn_case *test;
    dcn_call call;
    size_t index; /* in the list of cases */
    dcn_expected *expected[DCN_CALL_MAX_RESULTS];
    double *stored[DCN_CALL_MAX_RESULTS]; /* the file's own float64 results; NULL where it has none */
} checked;

/* One way to run it. */
typedef struct way {
    const dcn_runner *runner;
    const char *path; /* as resolved by the plan */
    dcn_placement placement;
} way;

static void report(suite *s, const checked *c, const way *w, const char *text)
{
    if (s->reported++ == MAX_REPORTED) {
        printf("further failures are only counted\n");
    }
    if (s->reported > MAX_REPORTED) {
        return;
    }
    char title[48] = "?";
    if (c->call.op) {
        dcn_operator_title(c->call.op, title, sizeof title);
    }
    printf("FAIL %s %s seed %" PRIu64, title, c->test->name, s->options->seed);
    if (w) {
        static const char *const placements[] = {"aligned", "odd", "tight"};
        printf(" on %s, path %s, %s buffers", w->runner->info.name, w->path, placements[w->placement]);
    }
    printf(": %s\n", text);
    fflush(stdout); /* a driver may end the program at any moment */
}

/* An element's place as "output[0, 3, 2, 17]". */
static void element_name(char *text, size_t size, const dcn_call_result *result, uint64_t index)
{
    int64_t at[DCN_CASE_MAX_RANK] = {0};
    for (size_t i = result->rank; i-- > 0;) {
        at[i] = (int64_t)(index % (uint64_t)result->extent[i]);
        index /= (uint64_t)result->extent[i];
    }
    char place[120];
    dcn_case_extents_text(place, sizeof place, result->rank, at);
    snprintf(text, size, "%s%s", result->name, place);
}

/* ---------------------------------------------------------------------------------------------- preparing a case */

static void free_checked(checked *c)
{
    for (size_t i = 0; i < DCN_CALL_MAX_RESULTS; i++) {
        free(c->expected[i]);
        free(c->stored[i]);
    }
}

/* The file's float64 evaluation of a result, if it has one. */
static bool load_stored(checked *c, size_t i, dcn_message *message)
{
    const dcn_call_result *result = &c->call.results[i];
    char name[64];
    snprintf(name, sizeof name, "%s_f64", result->name);
    const dcn_case_tensor *tensor = dcn_case_find(c->test, name);
    if (!tensor) {
        return true;
    }
    if (tensor->element != DCN_ELEMENT_F64 || tensor->bytes / sizeof(double) != result->count) {
        return dcn_message_set(message, "tensor \"%s\" must be of type F64 with %" PRIu64 " elements", name,
                               result->count);
    }
    c->stored[i] = malloc((size_t)tensor->bytes + 1);
    if (!c->stored[i]) {
        return dcn_message_memory(message, name, tensor->bytes);
    }
    memcpy(c->stored[i], tensor->data, (size_t)tensor->bytes);
    return true;
}

static bool expect(checked *c, dcn_message *message)
{
    for (size_t i = 0; i < c->call.result_count; i++) {
        size_t count = (size_t)c->call.results[i].count;
        c->expected[i] = malloc((count + 1) * sizeof *c->expected[i]);
        if (!c->expected[i]) {
            return dcn_message_memory(message, "the float64 evaluation", count * sizeof *c->expected[i]);
        }
        if (!load_stored(c, i, message)) {
            return false;
        }
    }
    return dcn_call_expect(&c->call, c->expected, message);
}

static void poison(const checked *c)
{
    for (size_t i = 0; i < c->call.input_count && c->call.op->poison; i++) {
        c->call.op->poison(&c->call, i, c->call.inputs[i]->data);
    }
}

/* The stored float64 results and the oracle's must be the same numbers: each vouches for the other. */
static void check_oracle(suite *s, const checked *c)
{
    for (size_t r = 0; r < c->call.result_count; r++) {
        if (!c->stored[r]) {
            continue;
        }
        double squares = 0.0;
        double differences = 0.0;
        for (uint64_t i = 0; i < c->call.results[r].count; i++) {
            double off = c->expected[r][i].value - c->stored[r][i];
            differences += off * off;
            squares += c->stored[r][i] * c->stored[r][i];
        }
        if (differences <= ORACLE_LIMIT * ORACLE_LIMIT * squares) {
            s->oracle.passed++;
            continue;
        }
        dcn_message message;
        dcn_message_set(&message, "%s: the stored float64 results and the oracle's differ: squares %g of %g",
                        c->call.results[r].name, differences, squares);
        report(s, c, NULL, message.text);
        s->oracle.failed++;
    }
}

/* What can be neither run nor compared with stored results is not worth evaluating. */
static bool is_of_use(const checked *c, const dcn_source *source)
{
    return c->call.op->plan || source->file;
}

/* False where there is nothing to run, which has then been counted. */
static bool prepare(suite *s, const dcn_source *source, dcn_call_direction direction, checked *c)
{
    dcn_message message;
    const char *op = dcn_case_get(c->test, "op");
    bool known = op && dcn_operator_find(op, direction);
    if (dcn_call_prepare_direction(c->test, direction, &c->call, &message) &&
        (!is_of_use(c, source) || expect(c, &message))) {
        if (is_of_use(c, source)) {
            poison(c);
            check_oracle(s, c);
        }
        return true;
    }
    if (op && !known) {
        char what[80];
        snprintf(what, sizeof what, "case files of %.40s", op);
        dcn_tally_leave_out(&s->oracle, what, message.text, 1);
    } else {
        report(s, c, NULL, message.text);
        s->oracle.failed++;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------- judging a run */

static bool judge_norm(const checked *c, size_t r, const void *bytes, dcn_message *message)
{
    if (!c->stored[r]) {
        return true;
    }
    const dcn_call_result *result = &c->call.results[r];
    double *reference = malloc(((size_t)result->count + 1) * sizeof *reference);
    if (!reference) {
        return dcn_message_memory(message, "the comparison", result->count * sizeof *reference);
    }
    memcpy(reference, c->stored[r], (size_t)result->count * sizeof *reference);
    dcn_compare_take_sides(c->expected[r], c->call.storage, bytes, result->count, reference);
    dcn_norm norm = dcn_compare_norm(reference, c->call.storage, bytes, result->count);
    free(reference);
    double limit = dcn_compare_limit_of(result->tolerance, c->call.storage);
    return norm.relative <= limit || dcn_message_set(message, "%s: relative error of the norm %.3g, limit %.3g",
                                                     result->name, norm.relative, limit);
}

static bool judge(const checked *c, const dcn_run *run, dcn_message *message)
{
    for (size_t r = 0; r < c->call.result_count; r++) {
        const dcn_call_result *result = &c->call.results[r];
        dcn_verdict v =
            dcn_compare_elements(c->expected[r], c->call.storage, run->results[r], result->count, c->test->exact);
        if (v.wrong) {
            char place[160];
            element_name(place, sizeof place, result, v.worst);
            return dcn_message_set(
                message, "%s is %.9g, float64 %.17g, allowed %.3g: %s; %" PRIu64 " of %" PRIu64 " elements are wrong",
                place, v.result, v.expected, v.allowed, v.what, v.wrong, result->count);
        }
        if (!judge_norm(c, r, run->results[r], message)) {
            return false;
        }
    }
    return true;
}

/* Runs one way; the caller frees `run`. Counts for `target`. */
static bool run_way(suite *s, dcn_target *target, const checked *c, const way *w, dcn_plan *plan, dcn_run *run)
{
    dcn_message message;
    bool good = dcn_runner_execute(w->runner, &c->call, plan, w->placement, run, &message) && judge(c, run, &message);
    if (good) {
        target->tally.passed++;
    } else {
        target->tally.failed++;
        report(s, c, w, message.text);
    }
    return good;
}

/* Runs the case on the other device as well and compares bits. */
static void compare_devices(suite *s, dcn_target *target, const checked *c, const char *path, dcn_placement placement,
                            const dcn_run *mine)
{
    dcn_plan *plan = NULL;
    dcn_message message;
    way w = {.runner = &s->against, .path = path, .placement = placement};
    dcn_status status = dcn_runner_plan(&s->against, &c->call, path, &plan, &message);
    if (status == DCN_ERROR_UNSUPPORTED) {
        char what[160];
        snprintf(what, sizeof what, "comparisons on path %s", path);
        dcn_tally_leave_out(&target->tally, what, message.text, 1);
        return;
    }
    if (status != DCN_SUCCESS) {
        target->tally.failed++;
        report(s, c, &w, message.text);
        return;
    }
    w.path = dcn_plan_path(plan);
    dcn_run run;
    if (run_way(s, target, c, &w, plan, &run)) {
        uint64_t differing = 0;
        for (size_t r = 0; r < c->call.result_count; r++) {
            uint64_t count = c->call.results[r].count;
            differing += dcn_compare_bits(c->call.storage, mine->results[r], run.results[r], count);
            target->compared_elements += count;
        }
        target->compared_cases++;
        target->differing_cases += differing != 0;
        target->differing_elements += differing;
        if (differing && (s->options->identical || c->test->exact)) {
            target->tally.failed++;
            dcn_message_set(&message, "%" PRIu64 " elements differ from %s", differing, target->runner.info.name);
            report(s, c, &w, message.text);
        }
    }
    dcn_run_free(&run);
    dcn_plan_destroy(plan);
}

/* ---------------------------------------------------------------------------------------------- all ways of a case */

/* Paths that a case has already run on a target: several words can resolve to one path. */
typedef struct seen {
    char paths[DCN_MAX_PATHS][DCN_PATH_TEXT];
    size_t count;
} seen;

static bool is_new(seen *known, const char *path)
{
    for (size_t i = 0; i < known->count; i++) {
        if (strcmp(known->paths[i], path) == 0) {
            return false;
        }
    }
    snprintf(known->paths[known->count++], DCN_PATH_TEXT, "%s", path);
    return true;
}

/* Makes the plan for a path, or counts why there is none. */
static dcn_plan *plan_path(suite *s, dcn_target *target, const checked *c, size_t path)
{
    const char *words = target->paths[path];
    char what[80];
    snprintf(what, sizeof what, "path %s", words[0] ? words : "(the library's choice)");
    if (target->broken[path]) {
        dcn_tally_leave_out(&target->tally, what, "it failed to build for another case", 1);
        return NULL;
    }
    dcn_plan *plan = NULL;
    dcn_message message;
    dcn_status status = dcn_runner_plan(&target->runner, &c->call, words, &plan, &message);
    /* Only a forced path may be refused: what the definition allows, every device computes in some way. */
    if (status == DCN_ERROR_UNSUPPORTED && words[0]) {
        dcn_tally_leave_out(&target->tally, what, message.text, 1);
    } else if (status != DCN_SUCCESS) {
        way w = {.runner = &target->runner, .path = words};
        target->tally.failed++;
        target->broken[path] = status == DCN_ERROR_BUILD;
        report(s, c, &w, message.text);
    }
    return plan;
}

/* Compares with the other device on the first path; if bits must be identical, on every one, and by what it came to
 * here, since bits are the same only on the same path. The words themselves follow: not each of them shows in that. */
static void compare_path(suite *s, dcn_target *target, const checked *c, size_t path, const way *w, const dcn_run *mine)
{
    const char *words = target->paths[path];
    char both[2 * DCN_PATH_TEXT + 1];
    snprintf(both, sizeof both, "%s,%s", w->path, words);
    if (s->against.context && s->options->identical) {
        compare_devices(s, target, c, both, w->placement, mine);
    } else if (s->against.context && path == 0) {
        compare_devices(s, target, c, words, w->placement, mine);
    }
}

/* The first path runs with every placement, others with one of them in turn. */
static void run_path(suite *s, dcn_target *target, const checked *c, size_t path, seen *known)
{
    dcn_plan *plan = plan_path(s, target, c, path);
    if (!plan) {
        return;
    }
    way w = {.runner = &target->runner, .path = dcn_plan_path(plan)};
    size_t turns = !is_new(known, w.path) ? 0 : path == 0 ? DCN_PLACEMENTS : 1;
    for (size_t turn = 0; turn < turns; turn++) {
        w.placement = (dcn_placement)((turn + path + c->index) % DCN_PLACEMENTS);
        dcn_run run;
        if (run_way(s, target, c, &w, plan, &run)) {
            compare_path(s, target, c, path, &w, &run);
        }
        dcn_run_free(&run);
    }
    dcn_plan_destroy(plan);
}

static void run_call(suite *s, const checked *c)
{
    for (size_t t = 0; t < s->targets.count; t++) {
        dcn_target *target = &s->targets.items[t];
        if (!c->call.op->plan) {
            char title[48];
            dcn_operator_title(c->call.op, title, sizeof title);
            dcn_tally_leave_out(&target->tally, title, "the library has no such plan yet", 1);
            continue;
        }
        seen known = {.count = 0};
        for (size_t p = 0; p < target->path_count; p++) {
            if (s->options->sparing && target->per_case[p] && c->index % SPARED != 0) {
                continue;
            }
            run_path(s, target, c, p, &known);
        }
    }
}

/* --------------------------------------------------------------------------------------------------- the whole run */

static void print_left_out(const char *where, const dcn_tally *tally)
{
    for (size_t i = 0; i < tally->reason_count; i++) {
        const dcn_left_out *entry = &tally->reasons[i];
        printf("left out%s%s: %s (%zu): %s\n", where[0] ? " on " : "", where, entry->what, entry->count, entry->reason);
    }
}

static void add_tally(dcn_suite_totals *totals, const dcn_tally *tally)
{
    totals->passed += tally->passed;
    totals->failed += tally->failed;
    totals->left_out += tally->left_out;
}

static void summarise(const suite *s, dcn_suite_totals *totals)
{
    print_left_out("", &s->targets.absent);
    print_left_out("", &s->oracle);
    add_tally(totals, &s->targets.absent);
    add_tally(totals, &s->oracle);
    if (s->oracle.passed + s->oracle.failed) {
        printf("oracle against stored float64 results: %zu passed, %zu failed\n", s->oracle.passed, s->oracle.failed);
    }
    for (size_t t = 0; t < s->targets.count; t++) {
        const dcn_target *target = &s->targets.items[t];
        print_left_out(target->runner.info.name, &target->tally);
        add_tally(totals, &target->tally);
    }
    for (size_t t = 0; t < s->targets.count; t++) {
        const dcn_target *target = &s->targets.items[t];
        printf("%s (%s): %zu passed, %zu failed, %zu left out\n", target->runner.info.name, target->runner.info.title,
               target->tally.passed, target->tally.failed, target->tally.left_out);
        if (s->against.context) {
            printf("%s against %s: %zu runs compared, %zu of them the same bit for bit; %" PRIu64 " of %" PRIu64
                   " elements differ\n",
                   target->runner.info.name, s->against.info.name, target->compared_cases,
                   target->compared_cases - target->differing_cases, target->differing_elements,
                   target->compared_elements);
        }
    }
}

/* Paths are chosen with the first generated case, which every device can run. */
static bool choose_paths(suite *s, dcn_message *message)
{
    dcn_case probe;
    dcn_call call;
    if (!dcn_generate(0, s->options->seed, &probe, message)) {
        return false;
    }
    bool good = dcn_call_prepare(&probe, &call, message);
    for (size_t t = 0; t < s->targets.count && good; t++) {
        dcn_target_choose_paths(&s->targets.items[t], s->options->path, s->options->every_path, &call);
    }
    dcn_case_free(&probe);
    return good;
}

static dcn_suite_end open_devices(suite *s, dcn_message *message)
{
    const dcn_suite_options *options = s->options;
    dcn_status status = dcn_targets_open(options->devices, options->device_count, &s->targets, message);
    for (size_t i = 0; i < options->except_count && status == DCN_SUCCESS; i++) {
        dcn_targets_drop(&s->targets, options->except[i]);
    }
    if (status == DCN_SUCCESS && s->targets.count == 0) {
        dcn_message_set(message, options->except_count ? "there is no other device" : "no device can be used");
        return DCN_SUITE_NO_DEVICE;
    }
    if (status == DCN_SUCCESS && options->against) {
        status = dcn_runner_open(options->against, &s->against, message);
    }
    if (status == DCN_ERROR_OUT_OF_MEMORY || status == DCN_ERROR_INVALID_ARGUMENT) {
        return DCN_SUITE_BAD_INPUT;
    }
    if (status != DCN_SUCCESS) {
        return DCN_SUITE_NO_DEVICE;
    }
    return choose_paths(s, message) ? DCN_SUITE_DONE : DCN_SUITE_BAD_INPUT;
}

/* One case, forward and, where it asks for gradients, backward. */
static void run_source(suite *s, const dcn_source *source, size_t index)
{
    dcn_message message;
    dcn_case test;
    if (!dcn_source_load(source, s->options->seed, &test, &message)) {
        dcn_case_init(&test, source->name);
        report(s, &(checked){.test = &test}, NULL, message.text);
        s->oracle.failed++;
        return;
    }
    dcn_call_direction last = dcn_case_has_gradients(&test) ? DCN_CALL_BACKWARD : DCN_CALL_FORWARD;
    for (dcn_call_direction direction = DCN_CALL_FORWARD; direction <= last; direction++) {
        checked c = {.test = &test, .index = index};
        if (prepare(s, source, direction, &c)) {
            run_call(s, &c);
        }
        free_checked(&c);
    }
    dcn_case_free(&test);
}

static void run_sources(suite *s, const dcn_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (s->options->verbose) {
            printf("case %s\n", sources->items[i].name);
            fflush(stdout);
        }
        run_source(s, &sources->items[i], i);
    }
    if (sources->unreadable) {
        dcn_tally_leave_out(&s->oracle, "case files", "this program was built without jansson", sources->unreadable);
    }
}

static bool collect(const dcn_suite_options *options, dcn_sources *sources, dcn_message *message)
{
    if (!dcn_sources_collect(options->filter, options->golden, sources, message)) {
        return false;
    }
    if (options->parts > 0) {
        dcn_sources_keep_part(sources, options->part, options->parts);
    }
    if (sources->count + sources->unreadable == 0) {
        dcn_sources_free(sources);
        return dcn_message_set(message, "no case has \"%.100s\" in its name", options->filter ? options->filter : "");
    }
    return true;
}

dcn_suite_end dcn_suite_run(const dcn_suite_options *options, dcn_suite_totals *totals, dcn_message *message)
{
    suite s = {.options = options};
    dcn_sources sources;
    memset(totals, 0, sizeof *totals);
    if (!collect(options, &sources, message)) {
        return DCN_SUITE_BAD_INPUT;
    }
    dcn_suite_end end = open_devices(&s, message);
    if (end == DCN_SUITE_DONE) {
        run_sources(&s, &sources);
        totals->devices = s.targets.count;
        totals->cases = sources.count;
        summarise(&s, totals);
    }
    dcn_tally_free(&s.oracle);
    dcn_runner_close(&s.against);
    dcn_targets_close(&s.targets);
    dcn_sources_free(&sources);
    return end;
}

dcn_suite_end dcn_suite_list(const dcn_suite_options *options, dcn_message *message)
{
    dcn_sources sources;
    if (!collect(options, &sources, message)) {
        return DCN_SUITE_BAD_INPUT;
    }
    for (size_t i = 0; i < sources.count; i++) {
        printf("%s\n", sources.items[i].name);
    }
    dcn_sources_free(&sources);
    return DCN_SUITE_DONE;
}
