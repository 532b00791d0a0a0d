/* What all test programs share: expecting a refusal, and the environment. */
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

#endif
