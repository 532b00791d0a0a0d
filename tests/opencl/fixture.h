/* What the OpenCL tests share: a device to test, a small operator call on it, and the right answer. */
#ifndef DCN_TEST_FIXTURE_H
#define DCN_TEST_FIXTURE_H

#include <dcnv4/opencl.h>

#include "opencl/cl_api.h"

/* The operator call: 1 × 6 × 7 pixels, 2 groups of 8 channels, 3 × 3 points. */
enum { HEIGHT = 6, WIDTH = 7, GROUP = 2, DEPTH = 8, CHANNELS = GROUP * DEPTH, POINTS = 9, ROW = 56 };
enum { VALUES = HEIGHT * WIDTH * CHANNELS, OFFSETS = HEIGHT * WIDTH * ROW, TENSORS = DCN_DCNV4_FORWARD_TENSORS };

typedef struct inputs {
    float value[VALUES];
    float offset_mask[OFFSETS];
} inputs;

/* Bytes of each tensor, in the order of the plan. */
extern const uint64_t tensor_bytes[TENSORS];

/* Numbers that show a swapped axis, a wrong group or a lost point. */
void fill_inputs(inputs *in);

/* What the native CPU device makes of them; 0 if it fails. */
int reference_output(const inputs *in, float output[VALUES]);

/* Whether the outputs agree within float32's accuracy; prints the first difference. */
int outputs_agree(const float *output, const float *reference);

dcn_dcnv4_desc operator_desc(void);

/* The device under test: the first argument, or "opencl". */
extern const char *test_device;

/* Chooses the device and opens it once. Returns 0, or after saying why: 77 (skipped) when there is none,
 * 1 when it does not open. */
int choose_device(int argc, char **argv);

/* A function of the loader that the library does not use, or NULL. */
typedef void (*loader_function)(void);
loader_function find_in_loader(const char *name);

#endif
