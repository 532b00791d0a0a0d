#include <stdlib.h>

#include "application.h"

cl_command_queue make_native_queue(cl_context context, cl_device_id device, int out_of_order)
{
    int32_t error = 0;
    uint64_t can = 0;
    dcn_cl.clGetDeviceInfo(device, DCN_CL_DEVICE_QUEUE_PROPERTIES, sizeof can, &can, NULL);
    uint64_t wanted = out_of_order ? can & DCN_CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE : 0;
    cl_command_queue queue = dcn_cl.clCreateCommandQueue(context, device, wanted, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    return queue;
}

int application_set_up(void **state)
{
    application *app = calloc(1, sizeof *app);
    assert_non_null(app);
    *state = app;
    const dcn_dcnv4_desc desc = operator_desc();
    int32_t error = 0;
    assert_int_equal(dcn_context_create(test_device, NULL, &app->maker), DCN_SUCCESS);
    app->device = dcn_opencl_device(app->maker);
    app->context = dcn_cl.clCreateContext(NULL, 1, &app->device, NULL, NULL, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    app->queue = make_native_queue(app->context, app->device, 1);
    for (int i = 0; i < TENSORS; i++) {
        app->memory[i] =
            dcn_cl.clCreateBuffer(app->context, DCN_CL_MEM_READ_WRITE, (size_t)tensor_bytes[i], NULL, &error);
        assert_int_equal(error, DCN_CL_SUCCESS);
    }
    assert_int_equal(dcn_opencl_context_adopt(app->context, app->device, &app->adopted), DCN_SUCCESS);
    assert_int_equal(dcn_opencl_queue_adopt(app->adopted, app->queue, &app->adopted_queue), DCN_SUCCESS);
    assert_int_equal(dcn_dcnv4_plan_create(app->adopted, &desc, NULL, &app->plan), DCN_SUCCESS);
    fill_inputs(&app->in);
    reference_output(&app->in, app->reference);
    return 0;
}

int application_tear_down(void **state)
{
    application *app = *state;
    dcn_plan_destroy(app->plan);
    dcn_queue_destroy(app->adopted_queue);
    dcn_context_destroy(app->adopted);
    for (int i = 0; i < TENSORS; i++)
        dcn_cl.clReleaseMemObject(app->memory[i]);
    dcn_cl.clReleaseCommandQueue(app->queue);
    dcn_cl.clReleaseContext(app->context);
    dcn_context_destroy(app->maker);
    free(app);
    return 0;
}

void slices_of(const cl_mem memory[TENSORS], dcn_slice tensors[TENSORS])
{
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_opencl_slice(memory[i], 0, tensor_bytes[i]);
}

void write_native(cl_command_queue queue, cl_mem memory, size_t offset, size_t bytes, const void *source,
                  cl_event *event)
{
    assert_int_equal(dcn_cl.clEnqueueWriteBuffer(queue, memory, 0, offset, bytes, source, 0, NULL, event),
                     DCN_CL_SUCCESS);
}
