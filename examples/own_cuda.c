/*
 * DCNv4 inside an application's own CUDA: its context, its stream, its memory, its event.
 *
 * Uploads, operator and download follow each other in the stream; nothing waits before the result is read. Streams,
 * events and pointers of the runtime API (cudaStream_t, cudaMalloc) can be handed over in the same way. Exits with 77,
 * which test runners read as "skipped", when the machine has no CUDA device.
 */
#include <cuda.h>
#include <stdio.h>
#include <stdlib.h>

#include <dcnv4/cuda.h>

enum { H = 32, W = 32, GROUP = 2, D = 16, C = GROUP * D, K = 9, R = GROUP * K * 3, SKIPPED = 77 };

static float value[H][W][C], offset_mask[H][W][R], output[H][W][C];

static void check_cu(CUresult error, const char *call)
{
    if (error != CUDA_SUCCESS) {
        const char *name = NULL;
        cuGetErrorName(error, &name);
        fprintf(stderr, "%s failed with %s (%d)\n", call, name ? name : "an unknown code", (int)error);
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

/* The first device's primary context, which the runtime API uses too. */
static int find_device(CUdevice *device)
{
    int count = 0;
    return cuInit(0) == CUDA_SUCCESS && cuDeviceGetCount(&count) == CUDA_SUCCESS && count > 0 &&
           cuDeviceGet(device, 0) == CUDA_SUCCESS;
}

static CUdeviceptr make_buffer(size_t bytes)
{
    CUdeviceptr buffer;
    check_cu(cuMemAlloc(&buffer, bytes), "cuMemAlloc");
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

/* Inside the image the mean is the channel's own number; a corner has 4 of 9 points inside. */
static int is_right(void)
{
    const float middle = output[H / 2][W / 2][5] - 5.0f;
    const float corner = output[0][0][5] - 5.0f * 4 / 9;
    return middle > -1e-4f && middle < 1e-4f && corner > -1e-4f && corner < 1e-4f;
}

int main(void)
{
    CUdevice device;
    if (!find_device(&device)) {
        fprintf(stderr, "no CUDA device\n");
        return SKIPPED;
    }
    CUcontext context;
    CUstream stream;
    CUevent computed;
    check_cu(cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
    check_cu(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    check_cu(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
    check_cu(cuEventCreate(&computed, CU_EVENT_DISABLE_TIMING), "cuEventCreate");
    CUdeviceptr memory[] = {make_buffer(sizeof value), make_buffer(sizeof offset_mask), make_buffer(sizeof output)};
    const dcn_slice tensors[] = {dcn_cuda_slice(memory[0], 0, sizeof value),
                                 dcn_cuda_slice(memory[1], 0, sizeof offset_mask),
                                 dcn_cuda_slice(memory[2], 0, sizeof output)};

    /* Once: the library's view of the context and the stream, and a plan. */
    dcn_context *dcn;
    dcn_queue *dcn_work;
    check_dcn(dcn_cuda_context_adopt(context, &dcn), "dcn_cuda_context_adopt");
    check_dcn(dcn_cuda_queue_adopt(dcn, stream, &dcn_work), "dcn_cuda_queue_adopt");
    dcn_plan *plan = make_plan(dcn);

    /* As often as wanted: uploads, the operator behind them in the stream, an event that others may wait for. */
    fill_inputs();
    check_cu(cuMemcpyHtoDAsync(memory[0], value, sizeof value, stream), "cuMemcpyHtoDAsync");
    check_cu(cuMemcpyHtoDAsync(memory[1], offset_mask, sizeof offset_mask, stream), "cuMemcpyHtoDAsync");
    check_dcn(dcn_cuda_execute(plan, dcn_work, tensors, DCN_DCNV4_FORWARD_TENSORS, 0, NULL, computed),
              "dcn_cuda_execute");
    check_cu(cuEventSynchronize(computed), "cuEventSynchronize");
    check_cu(cuMemcpyDtoH(output, memory[2], sizeof output), "cuMemcpyDtoH");
    printf("channel 5: %.3f in the middle, %.3f in a corner\n", output[H / 2][W / 2][5], output[0][0][5]);

    dcn_plan_destroy(plan);
    dcn_queue_destroy(dcn_work);
    dcn_context_destroy(dcn);
    for (int i = 0; i < 3; i++) {
        cuMemFree(memory[i]);
    }
    cuEventDestroy(computed);
    cuStreamDestroy(stream);
    cuDevicePrimaryCtxRelease(device);
    return is_right() ? 0 : 1;
}
