#include "geometry.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "status.h"

typedef int64_t dcn_i64;
#include "dcn_params.h"

int dcn_multiply(int64_t *product, int64_t factor)
{
    if (factor != 0 && *product > INT64_MAX / factor)
        return 0;
    *product *= factor;
    return 1;
}

int64_t dcn_grid_points(const dcn_grid *grid)
{
    return grid->kernel_h * grid->kernel_w - (grid->remove_center ? 1 : 0);
}

int64_t dcn_grid_plane(const dcn_grid *grid)
{
    const int64_t points = dcn_grid_points(grid);
    return (points > DCN_GRID_SLOTS ? points : DCN_GRID_SLOTS) + DCN_GRID_PAD;
}

int64_t dcn_grid_center(int64_t kernel, int64_t dilation)
{
    return dilation * (kernel - 1) / 2;
}

int64_t dcn_output_extent(int64_t input, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    const int64_t room = input + 2 * pad - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

/* Splits scale * place into an integer and a fraction in [0, 1); 0 if it is too far out for the kernels' integers. */
static int split(double scale, int64_t place, int32_t *whole, float *fraction)
{
    const double position = scale * (double)place;
    if (!(fabs(position) <= (double)DCN_MAX_EXTENT))
        return 0;
    double down = floor(position);
    float rest = (float)(position - down);
    if (rest >= 1.0f) { /* rounded up */
        down += 1.0;
        rest = 0.0f;
    }
    *whole = (int32_t)down;
    *fraction = rest;
    return 1;
}

/* Repeats the first `points` entries of every plane to its end: groups without gaps between them find theirs there. */
static void repeat_points(int32_t *planes, int64_t plane, int64_t points)
{
    for (int64_t i = 0; i < 4; i++)
        for (int64_t k = points; k < plane; k++)
            planes[i * plane + k] = planes[i * plane + k - points];
}

int64_t dcn_grid_cells(const dcn_grid *grid)
{
    int64_t cells = 0;
    for (int64_t l = 0; l < grid->levels.count; l++)
        cells += (grid->levels.shapes[2 * l] + 1) * (grid->levels.shapes[2 * l + 1] + 1);
    return cells;
}

static void fill_levels(const dcn_levels *levels, int64_t plane, int32_t *planes)
{
    int64_t k = 0;
    int64_t start = 0;
    int64_t cells = 0;
    for (int64_t l = 0; l < levels->count; l++) {
        const int64_t height = levels->shapes[2 * l];
        const int64_t width = levels->shapes[2 * l + 1];
        for (const int64_t end = k + levels->points; k < end; k++) {
            planes[k] = (int32_t)width;
            planes[plane + k] = (int32_t)height;
            planes[2 * plane + k] = (int32_t)start;
            planes[3 * plane + k] = (int32_t)cells;
        }
        start += height * width;
        cells += (height + 1) * (width + 1);
    }
    repeat_points(planes, plane, k);
}

dcn_status dcn_grid_fill(const dcn_grid *grid, int32_t *planes)
{
    const int64_t plane = dcn_grid_plane(grid);
    const int64_t center_w = dcn_grid_center(grid->kernel_w, grid->dilation_w);
    const int64_t center_h = dcn_grid_center(grid->kernel_h, grid->dilation_h);
    int64_t k = 0;
    if (grid->levels.count > 0) {
        fill_levels(&grid->levels, plane, planes);
        return DCN_SUCCESS;
    }
    for (int64_t i = 0; i < grid->kernel_w; i++) {
        for (int64_t j = 0; j < grid->kernel_h; j++) {
            if (grid->remove_center && i == grid->kernel_w / 2 && j == grid->kernel_h / 2)
                continue;
            const int64_t place_x = i * grid->dilation_w - center_w;
            const int64_t place_y = j * grid->dilation_h - center_h;
            float fraction_x;
            float fraction_y;
            if (!split(grid->scale, place_x, &planes[k], &fraction_x) ||
                !split(grid->scale, place_y, &planes[plane + k], &fraction_y))
                return dcn_fail(DCN_ERROR_INVALID_SHAPE,
                                "offset_scale %g times grid position (%" PRId64 ", %" PRId64 ") is more than %" PRId64
                                " pixels away",
                                grid->scale, place_x, place_y, DCN_MAX_EXTENT);
            memcpy(&planes[2 * plane + k], &fraction_x, sizeof fraction_x);
            memcpy(&planes[3 * plane + k], &fraction_y, sizeof fraction_y);
            k++;
        }
    }
    repeat_points(planes, plane, k);
    return DCN_SUCCESS;
}
