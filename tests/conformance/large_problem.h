/*
 * A DCNv4 call on tensors of more than 2^31 elements, of which only little is ever looked at: a large stride keeps the
 * outputs few, and each sees no more of the image than a window around it. Windows do not overlap, so that each is an
 * image of its own for the float64 evaluation. All arithmetic is exact in float32, so that a result must be the float64
 * value, rounded to the storage type.
 */
#ifndef DCN_CONFORMANCE_LARGE_PROBLEM_H
#define DCN_CONFORMANCE_LARGE_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LARGE_GROUP = 4,
    LARGE_GROUP_CHANNELS = 16,
    LARGE_CHANNELS = LARGE_GROUP * LARGE_GROUP_CHANNELS,
    LARGE_POINTS = 9,
    LARGE_ROW = LARGE_GROUP * LARGE_POINTS * 3,
    /* Pixels that the points of one output pixel can touch: the 3×3 grid, offsets up to 1.5, and a cell's far corner.
     */
    LARGE_REACH = 3,
    LARGE_WINDOW = 2 * LARGE_REACH + 1
};

/* Padding is 0. */
typedef struct large_shape {
    const char *name;
    int64_t batch, height, width, stride_h, stride_w;
} large_shape;

/* Inputs and the float64 results. Outside the image a window is 0. */
typedef struct large_problem {
    const large_shape *shape;
    int64_t out_height, out_width, pixels; /* output pixels of the whole batch */
    double *windows;                       /* [pixels, WINDOW, WINDOW, CHANNELS] */
    double *offset_mask;                   /* [pixels, ROW] */
    double *grad_output;                   /* [pixels, CHANNELS] */
    double *output;                        /* [pixels, CHANNELS] */
    double *grad_windows;                  /* as `windows` */
    double *grad_offset_mask;              /* [pixels, ROW] */
} large_problem;

/* What of a window's line lies inside the image: elements of `windows`, and of the tensor. */
typedef struct large_line {
    int64_t first;
    int64_t count; /* 0: nothing */
    uint64_t at;
} large_line;

/* False when there is no memory. The problem is to be freed either way. */
bool large_problem_make(large_problem *problem, const large_shape *shape);
void large_problem_free(large_problem *problem);

/* Line `index` of all windows', of which there are pixels * WINDOW. */
large_line large_line_of(const large_problem *problem, int64_t index);

#endif
