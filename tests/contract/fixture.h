/* What the contract tests share: a device, a small operator call on it with more room than it needs, and the answer. */
#ifndef DCN_TEST_CONTRACT_FIXTURE_H
#define DCN_TEST_CONTRACT_FIXTURE_H

#include "operator_call.h"

/* Bytes of each buffer beyond its tensor, and what every byte of an output starts as. */
enum { SPARE = 64, PATTERN = 0xA5 };

/* Two contexts of the device under test; all but `other…` belongs to the first. */
typedef struct fixture {
    dcn_context *context, *other_context;
    dcn_queue *queue, *other_queue;
    dcn_event *event, *other_event;
    dcn_buffer *buffers[TENSORS], *other_buffer;
    dcn_plan *plan, *other_plan;
    inputs in;
    float reference[VALUES];
    int native; /* the native CPU device */
} fixture;

/* The whole buffers of the fixture. */
void slices_of(const fixture *f, dcn_slice tensors[TENSORS]);

/* Fails unless every byte of the output's buffer is still PATTERN. */
void expect_untouched(fixture *f);

/* Fails unless the plan runs and gives the right answer; the output's buffer holds PATTERN again afterwards. */
void expect_working(fixture *f);

/* cmocka's setup and teardown of one test. */
int make_fixture(void **state);
int end_fixture(void **state);
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make_fixture, end_fixture)

#endif
