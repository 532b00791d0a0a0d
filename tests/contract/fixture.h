/* What the contract tests share: a device, a small operator call on it with more room than it needs, and the answer. */
#ifndef DCN_TEST_CONTRACT_FIXTURE_H
#define DCN_TEST_CONTRACT_FIXTURE_H

#include "harness.h"

/* The operator call: 1 × 5 × 6 pixels, 2 groups of 4 channels, 3 × 3 points. */
enum { HEIGHT = 5, WIDTH = 6, GROUP = 2, DEPTH = 4, CHANNELS = GROUP * DEPTH, ROW = 56 };
enum { VALUES = HEIGHT * WIDTH * CHANNELS, OFFSETS = HEIGHT * WIDTH * ROW, TENSORS = DCN_DCNV4_FORWARD_TENSORS };

/* Bytes of each buffer beyond its tensor, and what every byte of an output starts as. */
enum { SPARE = 64, PATTERN = 0xA5 };

/* Bytes of each tensor, in the order of the plan, and their names. */
extern const uint64_t tensor_bytes[TENSORS];
extern const char *const tensor_names[TENSORS];

/* The device under test: the program's argument. */
extern const char *test_device;

/* Two contexts of the device under test; all but `other…` belongs to the first. */
typedef struct fixture {
    dcn_context *context, *other_context;
    dcn_queue *queue, *other_queue;
    dcn_event *event, *other_event;
    dcn_buffer *buffers[TENSORS], *other_buffer;
    dcn_plan *plan, *other_plan;
    float value[VALUES], offset_mask[OFFSETS], reference[VALUES];
    int native; /* the native CPU device */
} fixture;

dcn_dcnv4_desc operator_desc(void);

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

/* Takes the device from the arguments and opens it once. Returns 0, or after saying why: 77 (skipped) when there is
 * none, 1 when it does not open. */
int choose_device(int argc, char **argv);

#endif
