/* What the tests of the CUDA backend share: the fakes, and an application that has a context of its own current. */
#ifndef DCN_TEST_CUDA_FIXTURE_H
#define DCN_TEST_CUDA_FIXTURE_H

#include <dcnv4/cuda.h>

#include "cuda/cu_internal.h"
#include "fake.h"
#include "operator_call.h"

extern fake_driver *driver;
extern fake_compiler *compiler;

/* Opens the fakes. Returns 0, or 1 after saying why not: the tests must never run against a real driver. */
int open_driver(void);
int open_compiler(void);

/* Objects and pushes that the fakes count now. All kinds together with FAKE_ALL: NVRTC's programs too, and without
 * those that a test has left behind and said so. */
long live(fake_kind kind);
extern long left_behind;
const char *describe_live(void);

/* Lets the call after the next `skipped` ones fail with `code`, once; with `only`, of those of that function. */
void fail_after(fake_calls *calls, const char *only, long skipped, unsigned code);

/* Ends that. Returns the function that was made to fail, or NULL. */
const char *disarm(fake_calls *calls);

/* Forgets what was queued. */
void clear_steps(void);

/* Whether exactly these functions were queued since, "|" between. */
void expect_steps(const char *functions);

/* A plan with what it needs, on "cuda:0". While it lives the application's own context is current. */
typedef struct setting {
    CUcontext application;
    dcn_context *context;
    dcn_queue *queue;
    dcn_queue *timed;
    dcn_event *events[2];
    dcn_plan *plan;
    dcn_buffer *buffers[TENSORS];
    dcn_slice tensors[TENSORS]; /* the buffers */
} setting;

/* cmocka's set-up and tear-down; the latter checks that nothing is left, and that the current context is as it was. */
int make_setting(void **state);
int end_setting(void **state);
#define WITH_SETTING(test) cmocka_unit_test_setup_teardown(test, make_setting, end_setting)

#endif
