/* What the OpenCL backend refuses, and that the detail says why. */
#include <string.h>

#include "application.h"
#include "backend.h"
#include "loader.h"
#include "objects.h"

/* Of the loader, beyond what the library uses. */
typedef cl_mem(DCN_CL_CALL *create_image)(cl_context, uint64_t, const void *, const void *, void *, int32_t *);

static void test_refused_memory(void **state)
{
    application *app = *state;
    dcn_slice tensors[TENSORS];
    slices_of(app->memory, tensors);
#define REFUSED(wanted, text)                                                                                          \
    expect_refused(dcn_execute(app->plan, app->adopted_queue, tensors, TENSORS, NULL), wanted, text)
    tensors[0].handle = NULL;
    REFUSED(DCN_ERROR_INVALID_ARGUMENT, "value");
    tensors[0] = dcn_opencl_slice(app->memory[0], 4, tensor_bytes[0]);
    REFUSED(DCN_ERROR_BUFFER_TOO_SMALL, "value");
    tensors[0] = dcn_opencl_slice(app->memory[0], UINT64_MAX - 3, tensor_bytes[0]);
    REFUSED(DCN_ERROR_BUFFER_TOO_SMALL, "value");
    tensors[0] = dcn_opencl_slice(app->memory[0], 0, UINT64_MAX);
    REFUSED(DCN_ERROR_BUFFER_TOO_SMALL, "value");
    tensors[0] = dcn_slice_host(app->in.value, tensor_bytes[0]);
    REFUSED(DCN_ERROR_WRONG_CONTEXT, "value");

    int32_t error = 0;
    cl_mem foreign = dcn_cl.clCreateBuffer(dcn_opencl_context(app->maker), DCN_CL_MEM_READ_WRITE,
                                           (size_t)tensor_bytes[0], NULL, &error);
    assert_int_equal(error, DCN_CL_SUCCESS);
    tensors[0] = dcn_opencl_slice(foreign, 0, tensor_bytes[0]);
    REFUSED(DCN_ERROR_WRONG_CONTEXT, "value");
    dcn_cl.clReleaseMemObject(foreign);
#undef REFUSED
}

static void test_refused_image(void **state)
{
    application *app = *state;
    create_image create = (create_image)find_in_loader("clCreateImage");
    if (!create)
        skip();
    const struct {
        uint32_t order;
        uint32_t type;
    } format = {0x10B5, 0x10DE}; /* CL_RGBA of CL_FLOAT */
    struct {
        uint32_t type;
        size_t width, height, depth, array_size, row_pitch, slice_pitch;
        uint32_t mip_levels, samples;
        void *memory;
    } shape = {0x10F1, 64, 64, 0, 0, 0, 0, 0, 0, NULL}; /* CL_MEM_OBJECT_IMAGE2D */
    int32_t error = 0;
    cl_mem image = create(app->context, DCN_CL_MEM_READ_WRITE, &format, &shape, NULL, &error);
    if (error != DCN_CL_SUCCESS)
        skip(); /* a device without images */
    dcn_slice tensors[TENSORS];
    slices_of(app->memory, tensors);
    tensors[0].handle = image;
    expect_refused(dcn_execute(app->plan, app->adopted_queue, tensors, TENSORS, NULL), DCN_ERROR_INVALID_ARGUMENT,
                   "buffer");
    dcn_cl.clReleaseMemObject(image);
}

static void test_refused_adoptions(void **state)
{
    application *app = *state;
    dcn_context *context = NULL;
    dcn_context *cpu = NULL;
    dcn_queue *queue = NULL;
    expect_refused(dcn_opencl_context_adopt(NULL, app->device, &context), DCN_ERROR_INVALID_ARGUMENT, "cl_context");
    expect_refused(dcn_opencl_context_adopt(app->context, NULL, &context), DCN_ERROR_INVALID_ARGUMENT, "cl_device");
    expect_refused(dcn_opencl_context_adopt(app->context, app->device, NULL), DCN_ERROR_INVALID_ARGUMENT, "context");
    expect_refused(dcn_opencl_queue_adopt(app->adopted, NULL, &queue), DCN_ERROR_INVALID_ARGUMENT, "cl_queue");
    expect_refused(dcn_opencl_queue_adopt(NULL, app->queue, &queue), DCN_ERROR_INVALID_ARGUMENT, "context");
    expect_refused(dcn_opencl_queue_adopt(app->adopted, app->queue, NULL), DCN_ERROR_INVALID_ARGUMENT, "queue");
    expect_refused(dcn_opencl_queue_adopt(app->maker, app->queue, &queue), DCN_ERROR_WRONG_CONTEXT, "cl_queue");
    assert_int_equal(dcn_context_create("cpu", NULL, &cpu), DCN_SUCCESS);
    expect_refused(dcn_opencl_queue_adopt(cpu, app->queue, &queue), DCN_ERROR_WRONG_CONTEXT, "cpu");
    dcn_context_destroy(cpu);
    assert_null(context);
    assert_null(queue);
}

/* A device of the same machine that the context was not made for, where there is a second one. */
static void test_refused_device(void **state)
{
    application *app = *state;
    dcn_device_list *list = NULL;
    cl_device_id other = NULL;
    assert_int_equal(dcn_device_list_create(&list), DCN_SUCCESS);
    for (size_t i = 0; i < dcn_device_list_size(list) && !other; i++) {
        dcn_device_info info = {.struct_size = sizeof info};
        dcn_context *opened = NULL;
        assert_int_equal(dcn_device_list_get(list, i, &info), DCN_SUCCESS);
        if (strcmp(info.backend, "opencl") != 0 || dcn_context_create(info.name, NULL, &opened) != DCN_SUCCESS)
            continue;
        if (dcn_opencl_device(opened) != app->device)
            other = dcn_opencl_device(opened);
        dcn_context_destroy(opened);
    }
    dcn_device_list_destroy(list);
    if (!other)
        skip();
    dcn_context *context = NULL;
    expect_refused(dcn_opencl_context_adopt(app->context, other, &context), DCN_ERROR_WRONG_CONTEXT, "cl_device");
}

static void test_refused_executions(void **state)
{
    application *app = *state;
    dcn_slice tensors[TENSORS];
    cl_event event = NULL;
    const cl_event nothing[] = {NULL};
    slices_of(app->memory, tensors);
#define REFUSED(plan, queue, count, list, wanted, text)                                                                \
    expect_refused(dcn_opencl_execute(plan, queue, tensors, TENSORS, count, list, &event), wanted, text)
    REFUSED(NULL, app->adopted_queue, 0, NULL, DCN_ERROR_INVALID_ARGUMENT, "plan");
    REFUSED(app->plan, NULL, 0, NULL, DCN_ERROR_INVALID_ARGUMENT, "queue");
    REFUSED(app->plan, app->adopted_queue, 1, NULL, DCN_ERROR_INVALID_ARGUMENT, "wait_list");
    REFUSED(app->plan, app->adopted_queue, 1, nothing, DCN_ERROR_INVALID_ARGUMENT, "wait_list[0]");
    dcn_queue *foreign = NULL;
    assert_int_equal(dcn_queue_create(app->maker, DCN_QUEUE_DEFAULT, &foreign), DCN_SUCCESS);
    REFUSED(app->plan, foreign, 0, NULL, DCN_ERROR_WRONG_CONTEXT, "queue");
    dcn_queue_destroy(foreign);
#undef REFUSED
    assert_null(event);
}

/* The compiler's own words reach the caller. */
static void test_build_log(void **state)
{
    application *app = *state;
    dcn_kernel *kernel = NULL;
    const dcn_kernel_key key = {.program = "forward_wide",
                                .entry = "dcn_forward_wide",
                                .index_bits = 32,
                                .lanes = 1,
                                .defines = {{"float", 1}},
                                .define_count = 1};
    expect_refused(dcn_backend_opencl.kernel_create(app->adopted->device, &key, &kernel), DCN_ERROR_BUILD, "error");
    expect_refused(DCN_ERROR_BUILD, DCN_ERROR_BUILD, "-Dfloat=1");
    expect_refused(DCN_ERROR_BUILD, DCN_ERROR_BUILD, "CL_BUILD_PROGRAM_FAILURE (-11)");
    assert_null(kernel);
}

int main(int argc, char **argv)
{
    int missing = choose_device(argc, argv, "opencl");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_APPLICATION(test_refused_memory),     WITH_APPLICATION(test_refused_image),
        WITH_APPLICATION(test_refused_adoptions),  WITH_APPLICATION(test_refused_device),
        WITH_APPLICATION(test_refused_executions), WITH_APPLICATION(test_build_log),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
