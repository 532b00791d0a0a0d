/*
 * The shapes that are measured when none is named: the one place that lists them.
 *
 * X(batch, height, width, group, group_channels, types). The first rows of the GPU list are the stages of an image
 * classifier at 224 x 224, the others those of detectors and of decoders for dense prediction; the CPU list has the
 * same kinds at batch 1.
 */
#ifndef DCN_BENCH_SHAPES_H
#define DCN_BENCH_SHAPES_H

/* Storage types, combined with `|`. */
#define DCN_BENCH_F32 (1U << DCN_FLOAT32)
#define DCN_BENCH_F16 (1U << DCN_FLOAT16)

#define DCN_BENCH_GPU_SHAPES(X)                                                                                        \
    X(64, 56, 56, 4, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                \
    X(64, 28, 28, 8, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                \
    X(64, 14, 14, 16, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                               \
    X(64, 7, 7, 32, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                 \
    X(64, 14, 14, 24, 32, DCN_BENCH_F16)                                                                               \
    X(1, 200, 320, 4, 16, DCN_BENCH_F16 | DCN_BENCH_F32)                                                               \
    X(1, 100, 160, 8, 16, DCN_BENCH_F16)                                                                               \
    X(1, 80, 80, 16, 16, DCN_BENCH_F16)                                                                                \
    X(1, 40, 40, 32, 16, DCN_BENCH_F16)                                                                                \
    X(1, 20, 20, 64, 16, DCN_BENCH_F16)                                                                                \
    X(1, 64, 64, 4, 64, DCN_BENCH_F16)

#define DCN_BENCH_CPU_SHAPES(X)                                                                                        \
    X(1, 56, 56, 4, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                 \
    X(1, 28, 28, 8, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                 \
    X(1, 14, 14, 16, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                \
    X(1, 7, 7, 32, 32, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                  \
    X(1, 80, 80, 16, 16, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                \
    X(1, 40, 40, 32, 16, DCN_BENCH_F16 | DCN_BENCH_F32)                                                                \
    X(1, 64, 64, 4, 64, DCN_BENCH_F16 | DCN_BENCH_F32)

/* X(shape, types): the encoder of a detector, where each pixel of four levels is a query; two more of that kind,
 * smaller; its decoder. */
#define DCN_BENCH_ATTENTION_SHAPES(X)                                                                                  \
    X("1x22323x8x32x4:100x168,50x84,25x42,13x21", DCN_BENCH_F16 | DCN_BENCH_F32)                                       \
    X("2x5440x8x32x4:64x64,32x32,16x16,8x8", DCN_BENCH_F16 | DCN_BENCH_F32)                                            \
    X("1x900x8x32x4:100x168,50x84,25x42,13x21", DCN_BENCH_F16 | DCN_BENCH_F32)                                         \
    X("1x10000x8x32x8:100x100,50x50", DCN_BENCH_F16 | DCN_BENCH_F32)

#endif
