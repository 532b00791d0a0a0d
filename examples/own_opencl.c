/*
 * DCNv4 inside an application's own OpenCL: its context, its out-of-order queue, its memory, its events.
 *
 * Uploads, operator and download are ordered by events alone; nothing waits before the result is read. Exits with 77,
 * which test runners read as "skipped", when the machine has no OpenCL device.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>

#include <dcnv4/opencl.h>

enum { H = 32, W = 32, GROUP = 2, D = 16, C = GROUP * D, K = 9, R = GROUP * K * 3, SKIPPED = 77 };

static float value[H][W][C], offset_mask[H][W][R], output[H][W][C];

static void check_cl(cl_int error, const char *call)
{
    if (error != CL_SUCCESS) {
        fprintf(stderr, "%s failed with %d\n", call, (int)error);
        exit(1);
    }
}

static void check_dcn(dcn_status status, const char *call)
{
    if (status != DCN_SUCCESS) {
        fprintf(stderr, "%s: %s: %s\n", call, dcn_status_name(status), dcn_error_detail());
        exit(1);
    }
}

/* The first device of the first platform that has one. */
static cl_device_id find_device(void)
{
    cl_platform_id platforms[16];
    cl_uint count = 0;
    if (clGetPlatformIDs(16, platforms, &count) != CL_SUCCESS) {
        return NULL;
    }
    for (cl_uint p = 0; p < count && p < 16; p++) {
        cl_device_id device;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 1, &device, NULL) == CL_SUCCESS) {
            return device;
        }
    }
    return NULL;
}

static cl_command_queue make_queue(cl_context context, cl_device_id device)
{
    cl_command_queue_properties can = 0;
    cl_int error = clGetDeviceInfo(device, CL_DEVICE_QUEUE_PROPERTIES, sizeof can, &can, NULL);
    check_cl(error, "clGetDeviceInfo");
    cl_command_queue queue =
        clCreateCommandQueue(context, device, can & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &error);
    check_cl(error, "clCreateCommandQueue");
    return queue;
}

static cl_mem make_buffer(cl_context context, cl_mem_flags flags, size_t bytes)
{
    cl_int error;
    cl_mem buffer = clCreateBuffer(context, flags, bytes, NULL, &error);
    check_cl(error, "clCreateBuffer");
    return buffer;
}

/* Every point of the grid has mask 1/9 and no offset: a 3x3 mean, which a constant image leaves as it is inside. */
static void fill_inputs(void)
{
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            for (int c = 0; c < C; c++) {
                value[y][x][c] = (float)c;
            }
            for (int g = 0; g < GROUP; g++) {
                for (int k = 0; k < K; k++) {
                    offset_mask[y][x][g * K * 3 + 2 * K + k] = 1.0f / K;
                }
            }
        }
    }
}

static dcn_plan *make_plan(dcn_context *context)
{
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.batch = 1;
    desc.height = H;
    desc.width = W;
    desc.channels = C;
    desc.group = GROUP;
    desc.group_channels = D;
    desc.offset_mask_row = R;
    dcn_plan *plan;
    check_dcn(dcn_dcnv4_plan_create(context, &desc, NULL, &plan), "dcn_dcnv4_plan_create");
    return plan;
}

int main(void)
{
    cl_device_id device = find_device();
    if (device == NULL) {
        fprintf(stderr, "no OpenCL device\n");
        return SKIPPED;
    }
    cl_int error;
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &error);
    check_cl(error, "clCreateContext");
    cl_command_queue queue = make_queue(context, device);
    cl_mem memory[] = {make_buffer(context, CL_MEM_READ_ONLY, sizeof value),
                       make_buffer(context, CL_MEM_READ_ONLY, sizeof offset_mask),
                       make_buffer(context, CL_MEM_WRITE_ONLY, sizeof output)};
    const dcn_slice tensors[] = {dcn_opencl_slice(memory[0], 0, sizeof value),
                                 dcn_opencl_slice(memory[1], 0, sizeof offset_mask),
                                 dcn_opencl_slice(memory[2], 0, sizeof output)};

    /* Once: the library's view of the context and the queue, and a plan. */
    dcn_context *dcn;
    dcn_queue *dcn_work;
    check_dcn(dcn_opencl_context_adopt(context, device, &dcn), "dcn_opencl_context_adopt");
    check_dcn(dcn_opencl_queue_adopt(dcn, queue, &dcn_work), "dcn_opencl_queue_adopt");
    dcn_plan *plan = make_plan(dcn);

    /* As often as wanted: two uploads, the operator after both, the download after the operator. */
    fill_inputs();
    cl_event uploaded[2], computed;
    check_cl(clEnqueueWriteBuffer(queue, memory[0], CL_FALSE, 0, sizeof value, value, 0, NULL, &uploaded[0]),
             "clEnqueueWriteBuffer");
    check_cl(
        clEnqueueWriteBuffer(queue, memory[1], CL_FALSE, 0, sizeof offset_mask, offset_mask, 0, NULL, &uploaded[1]),
        "clEnqueueWriteBuffer");
    check_dcn(dcn_opencl_execute(plan, dcn_work, tensors, DCN_DCNV4_FORWARD_TENSORS, 2, uploaded, &computed),
              "dcn_opencl_execute");
    check_cl(clEnqueueReadBuffer(queue, memory[2], CL_TRUE, 0, sizeof output, output, 1, &computed, NULL),
             "clEnqueueReadBuffer");
    printf("channel 5: %.3f in the middle, %.3f in a corner\n", output[H / 2][W / 2][5], output[0][0][5]);

    clReleaseEvent(uploaded[0]);
    clReleaseEvent(uploaded[1]);
    clReleaseEvent(computed);
    dcn_plan_destroy(plan);
    dcn_queue_destroy(dcn_work);
    dcn_context_destroy(dcn);
    for (int i = 0; i < 3; i++) {
        clReleaseMemObject(memory[i]);
    }
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    return 0;
}
