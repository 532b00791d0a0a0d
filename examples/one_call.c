/* The whole operator in one call, on the fastest device of the machine. */
#include <stdio.h>

#include <dcnv4/dcnv4.h>

enum { H = 4, W = 4, D = 4, K = 9, R = K * 3 };

static float value[H * W][D], offset_mask[H * W][R], output[H * W][D];

int main(void)
{
    for (int p = 0; p < H * W; p++) {
        value[p][0] = (float)p;           /* channel 0 numbers the pixels */
        offset_mask[p][2 * 4] = 0.5f;     /* the centre point, number 4, looks half a pixel to the right ... */
        offset_mask[p][2 * K + 4] = 1.0f; /* ... and is the only one with a mask other than 0 */
    }
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default(); /* 3x3, stride 1, padding 1, float32 */
    desc.batch = 1, desc.height = H, desc.width = W;
    desc.group = 1, desc.group_channels = D, desc.channels = D, desc.offset_mask_row = R;

    const dcn_slice tensors[] = {dcn_slice_host(value, sizeof value), dcn_slice_host(offset_mask, sizeof offset_mask),
                                 dcn_slice_host(output, sizeof output)};
    if (dcn_dcnv4_run_host("auto", &desc, tensors, DCN_DCNV4_FORWARD_TENSORS) != DCN_SUCCESS) {
        fprintf(stderr, "%s\n", dcn_error_detail());
        return 1;
    }
    for (int p = 0; p < H * W; p++) {
        printf("%5.1f%c", output[p][0], p % W == W - 1 ? '\n' : ' ');
    }
    return 0;
}
