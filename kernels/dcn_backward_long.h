/*
 * Gradients, long shape, for CPUs. The output's rows are cut into bands and the channels into blocks; a unit is one
 * image and block. What adds to grad_value is float32 sums, in its own place if that is float32, else in the workspace.
 *
 * - A work-item of the first kernel walks a band of a unit. It works out the gradients of offsets and masks, and adds
 * to the sums for points that are near: within a fixed reach of their output pixel. Bands of even number go first, then
 *   those of odd number, so that no two reach the same sums at once.
 * - A work-item of the second adds, for a whole unit, the points that are far, where a band has any.
 * - The third rounds sums in the workspace to the storage type.
 *
 * Every sum is so made in an order that the shape alone decides. Near points are few for any one pixel, and far ones
 * that follow each other to the same pixels are summed apart, so that errors do not grow with their number.
 */
#include "dcn_long_gradients.h"

/* Far points of one pixel's neighbourhood summed before they join others. */
#define DCN_RUN 32

/* ---- the first kernel: bands ------------------------------------------------------------------- */

/* Sums of points that are near, or dot products of all, for the channels that the unit has of some groups, or for all.
 */
DCN_INLINE void dcn_meet_groups(const int scatters, dcn_work *work, dcn_backward_tensors t,
                                const dcn_backward_long_params *p, const dcn_unit *u, const dcn_pixel *pixel, dcn_i64 q,
                                int group, int groups, int count)
{
    const dcn_forward_params *f = &p->forward;
    for (int i = 0; i < groups; i++) {
        const int g = group + i;
        const int first = scatters ? dcn_unit_first(u, g, f->group_channels) : 0;
        const int channels = scatters ? dcn_unit_count(u, g, f->group_channels) : f->group_channels;
        const int at = g * f->group_channels + first;
        dcn_meet_channels(scatters, work, i * count, count, channels, t.grad_output + q * f->channels + at,
                          (f->pixels - q) * f->channels - at, pixel->value + at, pixel->value_left - at,
                          u->sums + (at - u->first_channel), u->end_channel - at);
    }
}

/* All that output pixel q adds for points first … first+count-1 of some groups: gradients of the points, and near sums.
 * `totals_only`: nothing but the softmax's total, of a group whose points are not all here. */
DCN_INLINE void dcn_backward_points(dcn_work *work, dcn_backward_tensors t, const dcn_backward_long_params *p,
                                    const dcn_unit *u, const dcn_pixel *pixel, dcn_i64 q, int group, int groups,
                                    int first, int count, int totals_only)
{
    const dcn_forward_params *f = &p->forward;
    dcn_place(work, p, u, pixel, t.grid, group, groups, first, count, 0);
    if (u->whole && (p->wants_offset || p->wants_mask)) {
        dcn_meet_groups(0, work, t, p, u, pixel, q, group, groups, count);
        dcn_finish(work, groups * count, f, pixel, t.grid, first);
        if (totals_only) {
            work->total += dcn_softmax_total(work, 0, count);
            return;
        }
        for (int i = 0; i < groups && f->softmax; i++)
            dcn_softmax_gradient(work, i * count, count,
                                 count == f->points ? dcn_softmax_total(work, i * count, count) : work->total);
        dcn_put_points(work, t, p, q, group, groups, first, count);
    }
    if (p->wants_value)
        dcn_meet_groups(1, work, t, p, u, pixel, q, group, groups, count);
}

/* As many groups at once as there are slots for; a group with more points goes in pieces, with softmax twice. */
DCN_INLINE void dcn_backward_pixel(dcn_work *work, dcn_backward_tensors t, const dcn_backward_long_params *p,
                                   const dcn_unit *u, const dcn_pixel *pixel, dcn_i64 q)
{
    const dcn_forward_params *f = &p->forward;
    const int together = f->points > DCN_SLOTS ? 1 : DCN_SLOTS / f->points;
    const int twice = f->points > DCN_SLOTS && f->softmax && u->whole && p->wants_mask;
    for (int g = u->first_group; g < u->end_group; g += together) {
        const int groups = u->end_group - g < together ? u->end_group - g : together;
        int totals_only = twice;
        work->total = 0.0f;
        for (int k = 0; k < f->points;) {
            const int count = f->points - k < DCN_SLOTS ? f->points - k : DCN_SLOTS;
            dcn_backward_points(work, t, p, u, pixel, q, g, groups, k, count, totals_only);
            k += count;
            if (k == f->points && totals_only)
                totals_only = k = 0;
        }
    }
    if (p->joint && p->wants_offset && u->whole && u->end_group == f->group)
        dcn_put_padding(t, p, q);
}

DCN_INLINE void dcn_clear(DCN_GLOBAL float *sums, dcn_i64 count)
{
    for (dcn_i64 i = 0; i < count; i += DCN_LANES) {
        const dcn_i64 k = i <= count - DCN_LANES ? i : count - DCN_LANES;
        if (k >= 0)
            dcn_store_floats(DCN_SPLAT(0.0f), sums + k);
        for (dcn_i64 j = 0; k < 0 && j < count; j++)
            sums[j] = 0.0f;
    }
}

/* Clears a unit's sums of pixels first … end-1. */
DCN_INLINE void dcn_clear_pixels(const dcn_unit *u, dcn_i64 first, dcn_i64 end)
{
    const int channels = u->end_channel - u->first_channel;
    if (channels == u->pitch)
        dcn_clear(u->sums + first * channels, (end - first) * channels);
    for (dcn_i64 i = first; i < end && channels != u->pitch; i++)
        dcn_clear(u->sums + i * u->pitch, channels);
}

DCN_INLINE int dcn_band_row(const dcn_backward_long_params *p, int band)
{
    return (int)((dcn_i64)band * p->forward.out_height / p->bands);
}

/* The first pixel of the values that a band may add to, and all before the next but one has its own. */
DCN_INLINE dcn_i64 dcn_band_start(const dcn_backward_long_params *p, int band)
{
    if (band <= 0 || band >= p->bands)
        return band <= 0 ? 0 : p->image_pixels;
    const dcn_i64 row = (dcn_i64)dcn_band_row(p, band) * p->forward.stride_h + p->forward.origin_h - p->reach_h;
    return row <= 0 ? 0 : row >= p->forward.height ? p->image_pixels : row * p->forward.width;
}

/* Work-item: band first_band + i * band_step of a unit, band_count of them for each unit. */
DCN_INLINE void dcn_backward_long_item(dcn_backward_tensors t, const dcn_backward_long_params *p, dcn_i64 item)
{
    dcn_work work;
    const dcn_forward_params *f = &p->forward;
    const dcn_i64 index = item / p->band_count;
    const int band = p->first_band + (int)(item - index * p->band_count) * p->band_step;
    const dcn_unit u = dcn_unit_of(t, p, index);
    const int first = dcn_band_row(p, band);
    const int end = dcn_band_row(p, band + 1);
    if (p->wants_value && p->first_band == 0)
        dcn_clear_pixels(&u, dcn_band_start(p, band), dcn_band_start(p, band + 2));
    work.far = DCN_SPLATI(0);
    for (int y = first; y < end; y++) {
        for (int x = 0; x < f->out_width; x++) {
            const dcn_i64 q = (u.image * f->out_height + y) * f->out_width + x;
            const dcn_pixel pixel = dcn_pixel_at(t.sources, f, q, u.image, y, x);
            dcn_backward_pixel(&work, t, p, &u, &pixel, q);
        }
    }
    int lanes[DCN_LANES];
    int far = 0;
    dcn_keep_ints(work.far, lanes);
    for (int i = 0; i < DCN_LANES; i++)
        far |= lanes[i];
    if (p->wants_value)
        t.far[index * p->bands + band] = far != 0;
}

/* ---- the second kernel: far points -------------------------------------------------------------- */

/* Far points of one group in the order of output pixels. */
typedef struct dcn_far_list {
    float w00[DCN_SLOTS], w01[DCN_SLOTS], w10[DCN_SLOTS], w11[DCN_SLOTS];
    dcn_index base[DCN_SLOTS], step_x[DCN_SLOTS], step_y[DCN_SLOTS];
    dcn_index from[DCN_SLOTS]; /* where its output gradient is, from the image's first on */
    int count;
} dcn_far_list;

/* Channels at … at+DCN_LANES-1 of list entries first … end-1, which have the same corners; `skip` of them are 0, as are
 * those from `wanted` on. */
DCN_INLINE void dcn_far_run(const dcn_far_list *list, int first, int end, DCN_GLOBAL const dcn_storage *gradient,
                            dcn_i64 left, int skip, int wanted, DCN_GLOBAL float *sums, int room)
{
    dcn_vf all[4], some[4];
    DCN_UNROLL for (int c = 0; c < 4; c++) all[c] = DCN_SPLAT(0.0f);
    for (int i = first; i < end; i += DCN_RUN) {
        DCN_UNROLL for (int c = 0; c < 4; c++) some[c] = DCN_SPLAT(0.0f);
        for (int k = i; k < end && k < i + DCN_RUN; k++) {
            const dcn_vf g = dcn_load_some(gradient + list->from[k], wanted, left - list->from[k]);
            some[0] = dcn_multiply_add(DCN_SPLAT(list->w00[k]), g, some[0]);
            some[1] = dcn_multiply_add(DCN_SPLAT(list->w01[k]), g, some[1]);
            some[2] = dcn_multiply_add(DCN_SPLAT(list->w10[k]), g, some[2]);
            some[3] = dcn_multiply_add(DCN_SPLAT(list->w11[k]), g, some[3]);
        }
        DCN_UNROLL for (int c = 0; c < 4; c++) all[c] += some[c];
    }
    if (skip > 0 || wanted < DCN_LANES) {
        const dcn_vi lanes = dcn_lanes_between(skip, wanted);
        DCN_UNROLL for (int c = 0; c < 4; c++) all[c] = DCN_SELECT(lanes, all[c], DCN_SPLAT(0.0f));
    }
    DCN_GLOBAL float *top = sums + list->base[first];
    DCN_GLOBAL float *bottom = top + list->step_y[first];
    dcn_add(top, all[0], wanted, room);
    dcn_add(top + list->step_x[first], all[1], wanted, room);
    dcn_add(bottom, all[2], wanted, room);
    dcn_add(bottom + list->step_x[first], all[3], wanted, room);
}

DCN_INLINE void dcn_far_append(dcn_far_list *list, const dcn_work *work, int count, dcn_index from)
{
    for (int k = 0; k < count; k++) {
        const int i = list->count;
        if (work->base[k] < 0)
            continue;
        list->base[i] = work->base[k];
        list->step_x[i] = work->step_x[k];
        list->step_y[i] = work->step_y[k];
        list->w00[i] = work->points.w00[k];
        list->w01[i] = work->points.w01[k];
        list->w10[i] = work->points.w10[k];
        list->w11[i] = work->points.w11[k];
        list->from[i] = from;
        list->count++;
    }
}

/* A group's channels of a unit, as the list is added to them. */
typedef struct dcn_far_target {
    DCN_GLOBAL const dcn_storage *gradient; /* of the image's first output pixel */
    dcn_i64 left;
    DCN_GLOBAL float *sums;
    int channels, room;
} dcn_far_target;

DCN_INLINE dcn_far_target dcn_far_target_of(dcn_backward_tensors t, const dcn_backward_long_params *p,
                                            const dcn_unit *u, int group)
{
    const dcn_forward_params *f = &p->forward;
    const int at = group * f->group_channels + dcn_unit_first(u, group, f->group_channels);
    dcn_far_target target;
    target.gradient = t.grad_output + u->image * f->output_image + at;
    target.left = f->pixels * f->channels - u->image * f->output_image - at;
    target.sums = u->sums + (at - u->first_channel);
    target.channels = dcn_unit_count(u, group, f->group_channels);
    target.room = u->end_channel - at;
    return target;
}

/* Adds the list to the sums and empties it. */
DCN_INLINE void dcn_far_add(dcn_far_list *list, const dcn_far_target *target)
{
    const int channels = target->channels;
    for (int c = 0; c < channels; c += DCN_LANES) {
        const int at = c + DCN_LANES <= channels ? c : channels > DCN_LANES ? channels - DCN_LANES : 0;
        const int wanted = channels < DCN_LANES ? channels : DCN_LANES;
        int end;
        for (int first = 0; first < list->count; first = end) {
            for (end = first + 1; end < list->count && list->base[end] == list->base[first] &&
                                  list->step_x[end] == list->step_x[first] && list->step_y[end] == list->step_y[first];
                 end++) {
            }
            dcn_far_run(list, first, end, target->gradient + at, target->left - at, c - at, wanted, target->sums + at,
                        target->room - at);
        }
    }
    list->count = 0;
}

/* Far points of one group in one band; what the list has no more room for is added. */
DCN_INLINE void dcn_far_band(dcn_work *work, dcn_far_list *list, dcn_backward_tensors t,
                             const dcn_backward_long_params *p, const dcn_unit *u, const dcn_far_target *target,
                             int group, int band)
{
    const dcn_forward_params *f = &p->forward;
    const int end = dcn_band_row(p, band + 1);
    for (int y = dcn_band_row(p, band); y < end; y++) {
        for (int x = 0; x < f->out_width; x++) {
            const dcn_i64 place = (dcn_i64)y * f->out_width + x;
            const dcn_i64 q = u->image * f->out_height * f->out_width + place;
            const dcn_pixel pixel = dcn_pixel_at(t.sources, f, q, u->image, y, x);
            for (int k = 0; k < f->points; k += DCN_SLOTS) {
                const int count = f->points - k < DCN_SLOTS ? f->points - k : DCN_SLOTS;
                dcn_place(work, p, u, &pixel, t.grid, group, 1, k, count, 1);
                if (list->count + count > DCN_SLOTS)
                    dcn_far_add(list, target);
                dcn_far_append(list, work, count, (dcn_index)(place * f->channels));
            }
        }
    }
}

/* Work-item: a unit. */
DCN_INLINE void dcn_backward_long_far_item(dcn_backward_tensors t, const dcn_backward_long_params *p, dcn_i64 index)
{
    dcn_work work;
    dcn_far_list list;
    const dcn_unit u = dcn_unit_of(t, p, index);
    work.far = DCN_SPLATI(0);
    list.count = 0;
    for (int g = u.first_group; g < u.end_group; g++) {
        const dcn_far_target target = dcn_far_target_of(t, p, &u, g);
        for (int band = 0; band < p->bands; band++)
            if (t.far[index * p->bands + band])
                dcn_far_band(&work, &list, t, p, &u, &target, g, band);
        dcn_far_add(&list, &target);
    }
}

/* ---- the third kernel: from sums to the storage type -------------------------------------------- */

/* Work-item: store_run pixels of a unit. */
DCN_INLINE void dcn_backward_long_store_item(dcn_backward_tensors t, const dcn_backward_long_params *p, dcn_i64 item)
{
    const dcn_i64 runs = (p->image_pixels + p->store_run - 1) / p->store_run;
    const dcn_i64 index = item / runs;
    const dcn_i64 first = (item - index * runs) * p->store_run;
    const dcn_i64 end = p->image_pixels - first < p->store_run ? p->image_pixels : first + p->store_run;
    const dcn_unit u = dcn_unit_of(t, p, index);
    const int channels = u.end_channel - u.first_channel;
    for (dcn_i64 i = first; i < end; i++) {
        DCN_GLOBAL const float *sums = u.sums + i * u.pitch;
        DCN_GLOBAL dcn_storage *target =
            t.grad_value + u.image * p->forward.image + i * p->forward.channels + u.first_channel;
        for (int c = 0; c < channels && channels < DCN_LANES; c++)
            dcn_store(sums[c], target + c);
        for (int c = 0; c < channels && channels >= DCN_LANES; c += DCN_LANES) {
            const int at = c + DCN_LANES <= channels ? c : channels - DCN_LANES;
            dcn_store_lanes(dcn_load_floats(sums + at), target + at);
        }
    }
}
