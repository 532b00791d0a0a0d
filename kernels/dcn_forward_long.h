/*
 * Forward, long shape: a work-item owns a run of output pixels; vectors are sampling points while positions are worked
 * out and channels while values are summed. For CPUs, natively and through OpenCL.
 *
 * A full vector may be stored over channels of the same run that are written later, never beyond the run.
 */
#include "dcn_long.h"

/* Adds prepared points to `vectors` sums of DCN_LANES channels; `vectors` is a constant where this is inlined. */
DCN_INLINE void dcn_sum(dcn_vf *sums, const int vectors, const dcn_prepared *prepared, int slot, int count,
                        DCN_GLOBAL const dcn_storage *value)
{
    dcn_vf right[4];
    DCN_UNROLL for (int j = 0; j < vectors; j++) right[j] = DCN_SPLAT(0.0f);
    for (int k = slot; k < slot + count; k++) {
        const dcn_index base = prepared->base[k];
        if (base < 0)
            continue;
        DCN_GLOBAL const dcn_storage *p00 = value + base;
        DCN_GLOBAL const dcn_storage *p01 = p00 + prepared->step_x[k];
        DCN_GLOBAL const dcn_storage *p10 = p00 + prepared->step_y[k];
        DCN_GLOBAL const dcn_storage *p11 = p10 + prepared->step_x[k];
        const dcn_vf w00 = DCN_SPLAT(prepared->w00[k]);
        const dcn_vf w01 = DCN_SPLAT(prepared->w01[k]);
        const dcn_vf w10 = DCN_SPLAT(prepared->w10[k]);
        const dcn_vf w11 = DCN_SPLAT(prepared->w11[k]);
        DCN_UNROLL for (int j = 0; j < vectors; j++)
        {
            sums[j] = dcn_multiply_add(w00, dcn_load_lanes(p00 + j * DCN_LANES), sums[j]);
            right[j] = dcn_multiply_add(w01, dcn_load_lanes(p01 + j * DCN_LANES), right[j]);
            sums[j] = dcn_multiply_add(w10, dcn_load_lanes(p10 + j * DCN_LANES), sums[j]);
            right[j] = dcn_multiply_add(w11, dcn_load_lanes(p11 + j * DCN_LANES), right[j]);
        }
    }
    DCN_UNROLL for (int j = 0; j < vectors; j++) sums[j] += right[j];
}

/* One point of a narrow group whose farthest corner has less than a vector behind it. */
DCN_INLINE dcn_vf dcn_point_at_end(int wanted, const dcn_prepared *prepared, int k, DCN_GLOBAL const dcn_storage *value)
{
    float lanes[DCN_LANES];
    DCN_GLOBAL const dcn_storage *p00 = value + prepared->base[k];
    DCN_GLOBAL const dcn_storage *p10 = p00 + prepared->step_y[k];
    const dcn_index step_x = prepared->step_x[k];
    for (int i = 0; i < DCN_LANES; i++) {
        lanes[i] = 0.0f;
        if (i < wanted)
            lanes[i] = (prepared->w00[k] * dcn_load(p00 + i) + prepared->w10[k] * dcn_load(p10 + i)) +
                       (prepared->w01[k] * dcn_load(p00 + step_x + i) + prepared->w11[k] * dcn_load(p10 + step_x + i));
    }
    return dcn_peek(lanes);
}

/* The same for fewer channels than a vector has; `left` elements of the tensor lie from `value` on. */
DCN_INLINE dcn_vf dcn_sum_narrow(int wanted, const dcn_prepared *prepared, int slot, int count,
                                 DCN_GLOBAL const dcn_storage *value, dcn_i64 left)
{
    dcn_vf sum = DCN_SPLAT(0.0f);
    dcn_vf right = DCN_SPLAT(0.0f);
    for (int k = slot; k < slot + count; k++) {
        const dcn_index base = prepared->base[k];
        if (base < 0)
            continue;
        const dcn_index step_x = prepared->step_x[k];
        const dcn_index step_y = prepared->step_y[k];
        if (left - base - step_y - step_x < DCN_LANES) {
            sum += dcn_point_at_end(wanted, prepared, k, value);
            continue;
        }
        DCN_GLOBAL const dcn_storage *p00 = value + base;
        DCN_GLOBAL const dcn_storage *p10 = p00 + step_y;
        sum = dcn_multiply_add(DCN_SPLAT(prepared->w00[k]), dcn_load_lanes(p00), sum);
        right = dcn_multiply_add(DCN_SPLAT(prepared->w01[k]), dcn_load_lanes(p00 + step_x), right);
        sum = dcn_multiply_add(DCN_SPLAT(prepared->w10[k]), dcn_load_lanes(p10), sum);
        right = dcn_multiply_add(DCN_SPLAT(prepared->w11[k]), dcn_load_lanes(p10 + step_x), right);
    }
    return sum + right;
}

/* One block of channels, `vectors` full vectors. */
DCN_INLINE void dcn_block(const int vectors, const dcn_prepared *prepared, int slot, int count,
                          DCN_GLOBAL const dcn_storage *value, DCN_GLOBAL dcn_storage *output)
{
    dcn_vf sums[4];
    DCN_UNROLL for (int j = 0; j < vectors; j++) sums[j] = DCN_SPLAT(0.0f);
    dcn_sum(sums, vectors, prepared, slot, count, value);
    DCN_UNROLL for (int j = 0; j < vectors; j++) dcn_store_lanes(sums[j], output + j * DCN_LANES);
}

/* All channels of a group that has at least a vector of them. The last vector overlaps the one before where they are no
 * multiple of a vector. */
DCN_INLINE void dcn_broad(const dcn_prepared *prepared, int slot, int points, int channels,
                          DCN_GLOBAL const dcn_storage *value, DCN_GLOBAL dcn_storage *output)
{
    int c = 0;
    for (; channels - c >= 4 * DCN_LANES; c += 4 * DCN_LANES)
        dcn_block(4, prepared, slot, points, value + c, output + c);
    switch ((channels - c) / DCN_LANES) {
    case 3:
        dcn_block(3, prepared, slot, points, value + c, output + c);
        break;
    case 2:
        dcn_block(2, prepared, slot, points, value + c, output + c);
        break;
    case 1:
        dcn_block(1, prepared, slot, points, value + c, output + c);
        break;
    default:
        break;
    }
    if ((channels - c) % DCN_LANES != 0)
        dcn_block(1, prepared, slot, points, value + channels - DCN_LANES, output + channels - DCN_LANES);
}

/* Stores a group narrower than a vector; `run_left`: elements of the run's output from `output` on. */
DCN_INLINE void dcn_store_narrow(dcn_vf sum, int channels, DCN_GLOBAL dcn_storage *output, dcn_i64 run_left)
{
    if (run_left >= DCN_LANES) {
        dcn_store_lanes(sum, output);
        return;
    }
    float lanes[DCN_LANES];
    dcn_keep(sum, lanes);
    for (int i = 0; i < channels; i++)
        dcn_store(lanes[i], output + i);
}

/* A group with more points than slots: prepared piece by piece for each vector of channels, and the pieces summed
 * apart, so that the error does not grow with their number. */
DCN_INLINE void dcn_many_points(dcn_prepared *prepared, const dcn_forward_params *p, const dcn_pixel *pixel,
                                DCN_GLOBAL const int *grid, int group, DCN_GLOBAL dcn_storage *output, dcn_i64 run_left)
{
    const int channels = p->group_channels;
    const int first = group * channels;
    for (int c = 0; c < channels; c += DCN_LANES) {
        const int at = c + DCN_LANES <= channels ? c : channels > DCN_LANES ? channels - DCN_LANES : 0;
        dcn_vf total = DCN_SPLAT(0.0f);
        for (int k = 0; k < p->points; k += DCN_SLOTS) {
            const int count = p->points - k < DCN_SLOTS ? p->points - k : DCN_SLOTS;
            dcn_fetch(prepared, 0, p, pixel, group, k, count);
            dcn_prepare(prepared, count, p, pixel, grid, k);
            total +=
                dcn_sum_narrow(channels, prepared, 0, count, pixel->value + first + at, pixel->value_left - first - at);
        }
        dcn_store_narrow(total, channels, output + first + at, channels >= DCN_LANES ? DCN_LANES : run_left - first);
    }
}

DCN_INLINE void dcn_pixel_groups(dcn_prepared *prepared, const dcn_forward_params *p, const dcn_pixel *pixel,
                                 DCN_GLOBAL const int *grid, DCN_GLOBAL dcn_storage *output, dcn_i64 run_left)
{
    if (p->points > DCN_SLOTS) {
        for (int g = 0; g < p->group; g++)
            dcn_many_points(prepared, p, pixel, grid, g, output, run_left);
        return;
    }
    /* Positions of several groups first, then their sums: the two keep different units of the processor busy, and
     * vectors of points are full whatever their number. */
    const int together = DCN_SLOTS / p->points;
    for (int g = 0; g < p->group; g += together) {
        const int groups = p->group - g < together ? p->group - g : together;
        for (int i = 0; i < groups; i++)
            dcn_fetch(prepared, i * p->points, p, pixel, g + i, 0, p->points);
        dcn_prepare(prepared, groups * p->points, p, pixel, grid, 0);
        for (int i = 0; i < groups; i++) {
            const int slot = i * p->points;
            const int first = (g + i) * p->group_channels;
            if (p->group_channels >= DCN_LANES)
                dcn_broad(prepared, slot, p->points, p->group_channels, pixel->value + first, output + first);
            else
                dcn_store_narrow(dcn_sum_narrow(p->group_channels, prepared, slot, p->points, pixel->value + first,
                                                pixel->value_left - first),
                                 p->group_channels, output + first, run_left - first);
        }
    }
}

/* Work-item `item`: output pixels item*run … of all images, row by row. */
DCN_INLINE void dcn_forward_long_item(dcn_forward_tensors t, const dcn_forward_params *p, dcn_i64 item)
{
    dcn_prepared prepared;
    const dcn_i64 first = item * p->run;
    const dcn_i64 end = p->pixels - first < p->run ? p->pixels : first + p->run;
    const dcn_i64 plane = (dcn_i64)p->out_height * p->out_width;
    dcn_i64 n = first / plane;
    int y = (int)((first - n * plane) / p->out_width);
    int x = (int)(first - n * plane - (dcn_i64)y * p->out_width);
    for (dcn_i64 q = first; q < end; q++) {
        const dcn_pixel pixel = dcn_pixel_at(t.sources, p, q, n, y, x);
        dcn_pixel_groups(&prepared, p, &pixel, t.grid, t.output + q * p->channels, (end - q) * p->channels);
        if (++x < p->out_width)
            continue;
        x = 0;
        if (++y < p->out_height)
            continue;
        y = 0;
        n++;
    }
}
