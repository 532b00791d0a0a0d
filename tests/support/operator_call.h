/* One small operator call that tests of any device share: its shape, its inputs, the right answer, the device. */
#ifndef DCN_TEST_OPERATOR_CALL_H
#define DCN_TEST_OPERATOR_CALL_H

#include "harness.h"

/* 1 × 5 × 6 pixels, 2 groups of 4 channels, 3 × 3 points. */
enum { HEIGHT = 5, WIDTH = 6, GROUP = 2, DEPTH = 4, CHANNELS = GROUP * DEPTH, ROW = 56 };
enum { VALUES = HEIGHT * WIDTH * CHANNELS, OFFSETS = HEIGHT * WIDTH * ROW, TENSORS = DCN_DCNV4_FORWARD_TENSORS };

typedef struct inputs {
    float value[VALUES];
    float offset_mask[OFFSETS];
} inputs;

/* Bytes of each tensor, in the order of the plan, and their names. */
extern const uint64_t tensor_bytes[TENSORS];
extern const char *const tensor_names[TENSORS];

dcn_dcnv4_desc operator_desc(void);

/* Numbers that show a swapped axis, a wrong group or a lost point. */
void fill_inputs(inputs *in);

/* What the native CPU device makes of them. */
void reference_output(const inputs *in, float output[VALUES]);

/* Fails the test unless the outputs agree within float32's accuracy. */
void expect_agreement(const float output[VALUES], const float reference[VALUES]);

/* The device under test. */
extern const char *test_device;

/* Takes the device from the program's argument, or else `usual`, and opens it once, free of what the environment asks
 * for. Returns 0, or after saying why: 77 (skipped) when there is none, 1 when it does not open. */
int choose_device(int argc, char **argv, const char *usual);

#endif
