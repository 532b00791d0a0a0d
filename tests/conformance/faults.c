/*
 * The suite judged: a plain float32 evaluation passes every generated case, in both directions and all storage types,
 * and each fault known of other implementations, or easily made, fails at least one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "generate.h"
#include "plain.h"

#define DCN_FAULT_TEXT(name, text) text,
static const char *const texts[] = {DCN_FAULT_LIST(DCN_FAULT_TEXT)};

/* A fault that so many cases have shown is not tried on more. */
#define ENOUGH 3

typedef struct found {
    size_t cases; /* that a fault fails, ENOUGH at most */
    char first[128];
} found;

static size_t failed;

/* A result that is wrong, or NULL. */
static const char *judge(const dcn_call *call, dcn_expected *const *expected, void *const *results, bool exact,
                         dcn_verdict *verdict)
{
    for (size_t r = 0; r < call->result_count; r++) {
        *verdict = dcn_compare_elements(expected[r], call->storage, results[r], call->results[r].count, exact);
        if (verdict->wrong) {
            return call->results[r].name;
        }
    }
    return NULL;
}

static void try_faults(const dcn_case *test, const dcn_call *call, dcn_expected *const *expected, void *const *results,
                       found *faults)
{
    for (dcn_fault fault = DCN_FAULT_NONE; fault < DCN_FAULTS; fault++) {
        dcn_verdict v;
        if (faults[fault].cases == ENOUGH) {
            continue;
        }
        if (!dcn_plain_run(call, fault, results)) {
            printf("FAIL %s: out of memory\n", test->name);
            failed++;
            continue;
        }
        const char *wrong = judge(call, expected, results, test->exact, &v);
        if (wrong && fault == DCN_FAULT_NONE) {
            printf("FAIL %s: %s, element %llu of plain float32 is %.9g, float64 %.17g, allowed %.3g: %s\n", test->name,
                   wrong, (unsigned long long)v.worst, v.result, v.expected, v.allowed, v.what);
            failed++;
        } else if (wrong && faults[fault].cases++ == 0) {
            snprintf(faults[fault].first, sizeof faults[fault].first, "%s, %s", test->name, wrong);
        }
    }
}

static void try_direction(const dcn_case *test, dcn_call_direction direction, found *faults)
{
    dcn_call call;
    dcn_message message;
    dcn_expected *expected[DCN_CALL_MAX_RESULTS] = {NULL};
    void *results[DCN_CALL_MAX_RESULTS] = {NULL};
    bool good = dcn_call_prepare_direction(test, direction, &call, &message);
    for (size_t r = 0; good && r < call.result_count; r++) {
        expected[r] = malloc(((size_t)call.results[r].count + 1) * sizeof *expected[r]);
        results[r] = malloc((size_t)call.results[r].bytes + 1);
        good = (expected[r] && results[r]) || dcn_message_memory(&message, call.results[r].name, call.results[r].bytes);
    }
    if (good && dcn_call_expect(&call, expected, &message)) {
        try_faults(test, &call, expected, results, faults);
    } else {
        printf("FAIL %s: %s\n", test->name, message.text);
        failed++;
    }
    for (size_t r = 0; r < DCN_CALL_MAX_RESULTS; r++) {
        free(expected[r]);
        free(results[r]);
    }
}

int main(void)
{
    found faults[DCN_FAULTS] = {0};
    for (size_t i = 0; i < dcn_generate_count(); i++) {
        dcn_case test;
        dcn_message message;
        if (!dcn_generate(i, DCN_GENERATE_DEFAULT_SEED, &test, &message)) {
            printf("FAIL: %s\n", message.text);
            return 1;
        }
        try_direction(&test, DCN_CALL_FORWARD, faults);
        try_direction(&test, DCN_CALL_BACKWARD, faults);
        dcn_case_free(&test);
    }
    for (dcn_fault fault = DCN_FAULT_NONE + 1; fault < DCN_FAULTS; fault++) {
        failed += faults[fault].cases == 0;
        printf("%s: %s%s\n", texts[fault], faults[fault].cases ? "found by " : "FAIL: not found", faults[fault].first);
    }
    printf("%d passed, %zu failed\n", DCN_FAULTS - 1, failed);
    return failed ? 1 : 0;
}
