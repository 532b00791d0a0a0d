/* What the unit and contract tests share: expecting a refusal, the environment, and the count at the end. */
#ifndef DCN_TEST_HARNESS_H
#define DCN_TEST_HARNESS_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dcnv4/dcnv4.h>

/* Fails the test unless the detail holds every piece of `in_detail`, which '|' separates. */
void expect_detail(const char *in_detail);

/* Fails the test unless `status` is `wanted` and the detail holds every piece of `in_detail`. */
void expect_refused(dcn_status status, dcn_status wanted, const char *in_detail);

/* Fails the test with the detail unless `status` is DCN_SUCCESS. */
void expect_success(dcn_status status);

/* Sets a variable of this process, or removes it when `value` is NULL. */
void set_environment(const char *name, const char *value);

/* Prints the counts of a group of tests in the form that count_results.py reads; returns the exit status. */
int report(size_t tests, int failed);

/* Runs an array of tests as the whole of main(). */
#define RUN_TESTS(name, tests)                                                                                         \
    report(sizeof(tests) / sizeof *(tests), cmocka_run_group_tests_name(name, tests, NULL, NULL))

#endif
