/* Shapes: overflow-checked sizes and the sampling grid. */
#ifndef DCN_GEOMETRY_H
#define DCN_GEOMETRY_H

#include <dcnv4/dcnv4.h>

/* Pixels along one axis, padding included: positions then stay exact in the kernels' 32-bit integers. */
#define DCN_MAX_EXTENT ((int64_t)1 << 28)

/* Groups, channels and points: each fits an int with room for sums. */
#define DCN_MAX_COUNT ((int64_t)1 << 30)

/* Pixels along one axis of a level of attention, whose locations are parts of it: exact as a float. */
#define DCN_MAX_LEVEL_EXTENT ((int64_t)1 << 24)

/* *product *= factor; false on overflow. Both are at least 0. */
int dcn_multiply(int64_t *product, int64_t factor);

/* The levels of multi-scale attention, the same number of points in each. */
typedef struct dcn_levels {
    int64_t count; /* 0: none */
    int64_t points;
    const int64_t *shapes; /* [count][2]: height, width */
} dcn_levels;

/* The sampling grid of dcnv4 and dcnv3, along both axes. Attention has levels instead: its grid is one row of all
 * points. */
typedef struct dcn_grid {
    int64_t kernel_h, kernel_w;
    int64_t dilation_h, dilation_w;
    double scale;
    int remove_center;
    dcn_levels levels; /* their shapes are needed by dcn_grid_fill() and never again */
} dcn_grid;

/* K. */
int64_t dcn_grid_points(const dcn_grid *grid);

/* Elements of one plane: the K points, repeated over what the long kernel prepares at once, and room for a vector. */
int64_t dcn_grid_plane(const dcn_grid *grid);

/* For each point, column by column, the constant part of its position, scale * (i * dilation - c), as an integer and a
 * fraction in [0, 1): planes x integers, y integers, x fractions, y fractions (float bits); 4 * dcn_grid_plane() in
 * all. With levels, for each point its level's width, height, first row of the values and first cell. */
dcn_status dcn_grid_fill(const dcn_grid *grid, int32_t *planes);

/* Cells of all levels: those of a level begin one pixel outside it. */
int64_t dcn_grid_cells(const dcn_grid *grid);

/* c: the grid's centre along one axis; multiply, then divide. */
int64_t dcn_grid_center(int64_t kernel, int64_t dilation);

/* Output pixels along one axis; less than 1 where the kernel does not fit. */
int64_t dcn_output_extent(int64_t input, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation);

#endif
