/*
 * The float64 oracle against the float64 results that another program stored: every result of every case file of a
 * folder, outputs and gradients, element by element.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "operators.h"
#include "sources.h"

/* How far two float64 evaluations may differ, of the result's largest element. */
#define LIMIT 1e-12

typedef struct tally {
    size_t passed, failed;
    double worst;
} tally;

static void fail(tally *t, const char *name, const char *text)
{
    printf("FAIL %s: %s\n", name, text);
    t->failed++;
}

/* The largest difference over the largest stored number; infinity where either is not finite. */
static double difference(const double *result, const double *stored, uint64_t count)
{
    double largest = 0.0;
    double off = 0.0;
    for (uint64_t i = 0; i < count; i++) {
        if (!dcn_is_finite(result[i]) || !dcn_is_finite(stored[i])) {
            return INFINITY;
        }
        largest = fmax(largest, fabs(stored[i]));
        off = fmax(off, fabs(result[i] - stored[i]));
    }
    return off == 0.0 ? 0.0 : off / largest;
}

static void compare(tally *t, const dcn_call *call, size_t r, const double *values)
{
    const dcn_call_result *result = &call->results[r];
    char name[64];
    char text[160];
    snprintf(name, sizeof name, "%s_f64", result->name);
    const dcn_case_tensor *stored = dcn_case_find(call->source, name);
    if (!stored || stored->element != DCN_ELEMENT_F64 || stored->bytes / sizeof(double) != result->count) {
        snprintf(text, sizeof text, "there is no %s of type F64 with %" PRIu64 " elements", name, result->count);
        fail(t, call->source->name, text);
        return;
    }
    double off = difference(values, stored->data, result->count);
    t->worst = fmax(t->worst, off);
    if (off <= LIMIT) {
        t->passed++;
        return;
    }
    snprintf(text, sizeof text, "%s differs by %.3g of its largest element; at most %.0e is right", result->name, off,
             LIMIT);
    fail(t, call->source->name, text);
}

static void check_direction(tally *t, const dcn_case *test, dcn_call_direction direction)
{
    dcn_call call;
    dcn_message message;
    if (!dcn_call_prepare_direction(test, direction, &call, &message)) {
        fail(t, test->name, message.text);
        return;
    }
    double *values[DCN_CALL_MAX_RESULTS] = {NULL};
    bool good = true;
    for (size_t r = 0; r < call.result_count; r++) {
        values[r] = malloc(((size_t)call.results[r].count + 1) * sizeof *values[r]);
        good = good && values[r];
    }
    if (!good) {
        fail(t, test->name, "out of memory");
    } else if (!dcn_call_evaluate(&call, values, &message)) {
        fail(t, test->name, message.text);
    } else {
        for (size_t r = 0; r < call.result_count; r++) {
            compare(t, &call, r, values[r]);
        }
    }
    for (size_t r = 0; r < call.result_count; r++) {
        free(values[r]);
    }
}

static void check_file(tally *t, const dcn_source *source)
{
    dcn_case test;
    dcn_message message;
    if (!dcn_source_load(source, 0, &test, &message)) {
        fail(t, source->name, message.text);
        return;
    }
    check_direction(t, &test, DCN_CALL_FORWARD);
    if (dcn_case_has_gradients(&test)) {
        check_direction(t, &test, DCN_CALL_BACKWARD);
    }
    dcn_case_free(&test);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: oracle_golden FOLDER\n");
        return 2;
    }
    dcn_sources sources;
    dcn_message message;
    if (!dcn_sources_collect(NULL, argv[1], &sources, &message)) {
        fprintf(stderr, "oracle_golden: %s\n", message.text);
        return 2;
    }
    tally t = {0};
    for (size_t i = 0; i < sources.count; i++) {
        if (sources.items[i].file) {
            check_file(&t, &sources.items[i]);
        }
    }
    dcn_sources_free(&sources);
    printf("largest difference %.3g of a result's largest element\n%zu passed, %zu failed\n", t.worst, t.passed,
           t.failed);
    return t.failed || t.passed == 0 ? 1 : 0;
}
