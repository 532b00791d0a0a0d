/* An application with OpenCL objects of its own, which the library has adopted. */
#ifndef DCN_TEST_APPLICATION_H
#define DCN_TEST_APPLICATION_H

#include <dcnv4/opencl.h>

#include "opencl/cl_api.h"
#include "operator_call.h"

typedef struct application {
    dcn_context *maker; /* used only to find and open the device */
    cl_context context;
    cl_device_id device;
    cl_command_queue queue;
    cl_mem memory[TENSORS];
    dcn_context *adopted;
    dcn_queue *adopted_queue;
    dcn_plan *plan;
    inputs in;
    float reference[VALUES];
} application;

/* cmocka's set-up and tear-down; `*state` is the application. */
int application_set_up(void **state);
int application_tear_down(void **state);

/* A test between the two. */
#define WITH_APPLICATION(test) cmocka_unit_test_setup_teardown(test, application_set_up, application_tear_down)

/* A queue of the application; in order where the device has no other. */
cl_command_queue make_native_queue(cl_context context, cl_device_id device, int out_of_order);

/* A write that does not wait; `event` may be NULL. */
void write_native(cl_command_queue queue, cl_mem memory, size_t offset, size_t bytes, const void *source,
                  cl_event *event);

/* Each tensor at the start of its memory. */
void slices_of(const cl_mem memory[TENSORS], dcn_slice tensors[TENSORS]);

#endif
