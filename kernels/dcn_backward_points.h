/*
 * The gradients of offsets and masks, wide shape: a work-group owns a tile of output pixels and a block of groups
 * (dcn_wide.h). The work-items of a slot prepare its points into work-group memory, then each multiplies its channels
 * of grad_output with those of the four corners of every point; the products' sums over a slot's work-items give the
 * point's gradients.
 */
#include "dcn_backward_wide.h"

/* Work-group memory. Of each slot's points of a chunk fractions, mask and DCN_INSIDE flags, which make way for the
 * gradients and the mask; and where the corners lie. Of each slot the largest logit, the sum, and the mean gradient
 * that softmax takes away. Of each work-item, unless sub-groups can exchange, each point's products. */
typedef struct dcn_slots {
    DCN_LOCAL dcn_float4 *points;
    DCN_LOCAL dcn_float4 *products;
    DCN_LOCAL dcn_bytes *corners;
    DCN_LOCAL float *softmax;
} dcn_slots;

/* Which corners lie inside the image: columns and rows. None: the point does not count. */
#define DCN_INSIDE_LEFT   1
#define DCN_INSIDE_RIGHT  2
#define DCN_INSIDE_TOP    4
#define DCN_INSIDE_BOTTOM 8

/* Points whose products are exchanged together. */
#if defined(DCN_TEAM_EXCHANGE)
#define DCN_SHARED (DCN_SLOT_LANES < 4 ? DCN_SLOT_LANES : 4)
#endif

/* A slot's place; what hangs over the image or the groups repeats the tile's first, so that all slots do the same. */
DCN_INLINE dcn_place dcn_real_place_of(const dcn_forward_params *p, dcn_tile tile, int slot)
{
    dcn_place place = dcn_place_of(p, tile, slot);
    place.x = place.inside ? place.x : tile.x;
    place.y = place.inside ? place.y : tile.y;
    place.group = place.inside ? place.group : tile.group;
    return place;
}

DCN_INLINE float dcn_inside_of(dcn_corners point)
{
    const int inside =
        (point.x.cell >= 0 ? DCN_INSIDE_LEFT : 0) | (point.x.whole || point.x.cell < 0 ? DCN_INSIDE_RIGHT : 0) |
        (point.y.cell >= 0 ? DCN_INSIDE_TOP : 0) | (point.y.whole || point.y.cell < 0 ? DCN_INSIDE_BOTTOM : 0);
    return point.counts ? (float)inside : 0.0f;
}

/* ---- softmax ---------------------------------------------------------------------------------- */

#if defined(DCN_TEAM_EXCHANGE)

/* The sum over a slot's lanes, which each of them gets. */
DCN_INLINE float dcn_slot_sum(float x)
{
    DCN_UNROLL for (int apart = 1; apart < DCN_SLOT_LANES; apart *= 2) x += DCN_TEAM_EXCHANGE(x, apart);
    return x;
}

/* The largest logit and the sum of a slot, by all its lanes. */
DCN_INLINE void dcn_keep_softmax(DCN_GLOBAL const dcn_storage *mask, int points, int lane, DCN_LOCAL float *softmax)
{
    float largest = -INFINITY;
    DCN_UNROLL_LOGITS for (int k = lane; k < points; k += DCN_SLOT_LANES)
    {
        const float logit = dcn_load(mask + k);
        largest = logit > largest ? logit : largest;
    }
    DCN_UNROLL for (int apart = 1; apart < DCN_SLOT_LANES; apart *= 2)
    {
        const float other = DCN_TEAM_EXCHANGE(largest, apart);
        largest = other > largest ? other : largest;
    }
    float sum = 0.0f;
    DCN_UNROLL_LOGITS for (int k = lane; k < points; k += DCN_SLOT_LANES) sum += dcn_exp(dcn_load(mask + k) - largest);
    sum = dcn_slot_sum(sum);
    if (lane == 0) {
        softmax[0] = largest;
        softmax[1] = sum;
    }
}

/* Adds a chunk to what softmax takes away from a slot's gradients: the sum of mask times its gradient. */
DCN_INLINE void dcn_add_mean(DCN_LOCAL const dcn_float4 *points, int first, int count, int lane,
                             DCN_LOCAL float *softmax)
{
    float sum = 0.0f;
    DCN_UNROLL_POINTS for (int k = lane; k < count; k += DCN_SLOT_LANES) sum =
        dcn_multiply_add(points[k].w, points[k].z, sum);
    sum = dcn_slot_sum(sum);
    if (lane == 0)
        softmax[2] = first > 0 ? softmax[2] + sum : sum;
}

#else

DCN_INLINE void dcn_keep_softmax(DCN_GLOBAL const dcn_storage *mask, int points, int lane, DCN_LOCAL float *softmax)
{
    if (lane == 0) {
        const dcn_softmax_stats stats = dcn_softmax_of(mask, points);
        softmax[0] = stats.largest;
        softmax[1] = stats.sum;
    }
}

DCN_INLINE void dcn_add_mean(DCN_LOCAL const dcn_float4 *points, int first, int count, int lane,
                             DCN_LOCAL float *softmax)
{
    if (lane > 0)
        return;
    float sum = first > 0 ? softmax[2] : 0.0f;
    for (int k = 0; k < count; k++)
        sum = dcn_multiply_add(points[k].w, points[k].z, sum);
    softmax[2] = sum;
}

#endif

/* ---- preparing -------------------------------------------------------------------------------- */

/* Prepares this lane's share of a slot's points first … first+count-1. Returns whether any has a corner outside the
 * image. */
DCN_INLINE int dcn_prepare_slot(dcn_backward_tensors t, const dcn_forward_params *p, dcn_tile tile, dcn_slots slots,
                                int item, int first, int count)
{
    const int slot = dcn_over(item, p->lanes);
    const int lane = item - slot * p->lanes;
    const dcn_place place = dcn_real_place_of(p, tile, slot);
    int outside = 0;
    DCN_GLOBAL const dcn_storage *offset = t.sources.offset + (dcn_offsets_of(p, place) + 2 * (first + lane));
    DCN_GLOBAL const dcn_storage *masks = t.sources.mask + (dcn_masks_of(p, place) + first + lane);
    DCN_UNROLL_POINTS for (int begin = 0; begin < count; begin += p->lanes)
    {
        if (begin + lane < count) {
            const int at = slot * p->pitch + lane + begin;
            float mask = dcn_load(masks + begin);
            if (p->softmax) {
                dcn_softmax_stats stats;
                stats.largest = slots.softmax[3 * slot];
                stats.sum = slots.softmax[3 * slot + 1];
                mask = dcn_normalised(mask, stats);
            }
            const dcn_corners point = dcn_point_of(t.grid, p, place, first + begin + lane, dcn_load(offset + 2 * begin),
                                                   dcn_load(offset + 2 * begin + 1), mask);
            slots.points[at] = DCN_FLOAT4(point.x.fraction, point.y.fraction, mask, dcn_inside_of(point));
            slots.corners[at] = dcn_corner_of(point, t.grid, p, first + begin + lane);
            outside |= !point.whole;
        }
    }
    return outside;
}

/* ---- products --------------------------------------------------------------------------------- */

DCN_INLINE float dcn_product(const int fast, DCN_GLOBAL const dcn_storage *corner, const float *grad, int wanted)
{
    float sum = 0.0f;
    if (fast) {
        float v[DCN_VECTOR];
        dcn_load_vector(corner, v);
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) sum = dcn_multiply_add(grad[j], v[j], sum);
    } else {
        for (int j = 0; j < DCN_VECTOR && j < wanted; j++)
            sum = dcn_multiply_add(grad[j], dcn_load(corner + j), sum);
    }
    return sum;
}

/* The products of a point's corners with DCN_VECTOR channels; `row`: bytes of a row. `whole`: all corners lie inside
 * the image. */
DCN_INLINE dcn_float4 dcn_products(const int fast, DCN_GLOBAL const dcn_storage *value, dcn_bytes corner, dcn_bytes row,
                                   const float *grad, int wanted, const dcn_forward_params *p, int whole)
{
    const dcn_bytes at = whole ? corner : corner & ~(DCN_ONE_COLUMN | DCN_ONE_ROW);
    const dcn_bytes right = !whole && (corner & DCN_ONE_COLUMN) ? 0 : dcn_pixel_bytes(p);
    const dcn_bytes down = whole ? row : dcn_down_of(corner, row);
    return DCN_FLOAT4(dcn_product(fast, DCN_AT(value, at), grad, wanted),
                      dcn_product(fast, DCN_AT(DCN_AT(value, at), right), grad, wanted),
                      dcn_product(fast, DCN_AT(DCN_AT(value, at), down), grad, wanted),
                      dcn_product(fast, DCN_AT(DCN_AT(DCN_AT(value, at), down), right), grad, wanted));
}

/* What a work-item multiplies in a pass: its channels of a slot's grad_output. */
typedef struct dcn_share {
    float grad[DCN_VECTOR];
    int in_pixel;
    int wanted; /* 0: nothing */
} dcn_share;

DCN_INLINE dcn_share dcn_share_of(const int fast, dcn_backward_tensors t, const dcn_forward_params *p, dcn_place place,
                                  int lane, int pass)
{
    const int channel = (pass * p->lanes + lane) * DCN_VECTOR;
    const int left = p->group_channels - channel;
    dcn_share share;
    share.in_pixel = place.group * p->group_channels + channel;
    share.wanted = left <= 0 ? 0 : left > DCN_VECTOR ? DCN_VECTOR : left;
    DCN_GLOBAL const dcn_storage *grad = t.grad_output + (dcn_pixel_of(p, place) * p->channels + share.in_pixel);
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) share.grad[j] = 0.0f;
    if (fast && (pass == 0 || share.wanted > 0)) /* a fast kernel has no lane without channels */
        dcn_load_vector(grad, share.grad);
    for (int j = 0; !fast && j < DCN_VECTOR && j < share.wanted; j++)
        share.grad[j] = dcn_load(grad + j);
    return share;
}

/* A work-item's products for point k over all passes; `first` is its share of the first pass. */
DCN_INLINE dcn_float4 dcn_point_products(const int fast, dcn_backward_tensors t, const dcn_forward_params *p,
                                         dcn_place place, int lane, int k, dcn_share first, dcn_bytes corner, int whole)
{
    const dcn_bytes row = dcn_row_bytes(t.grid, p, k);
    dcn_float4 sum = DCN_FLOAT4(0.0f, 0.0f, 0.0f, 0.0f);
    if (!whole && corner == DCN_NOWHERE)
        return sum;
    sum = dcn_products(fast, t.sources.value + first.in_pixel, corner, row, first.grad, first.wanted, p, whole);
    for (int pass = 1; pass < dcn_passes(p); pass++) {
        const dcn_share share = dcn_share_of(fast, t, p, place, lane, pass);
        if (share.wanted > 0) {
            const dcn_float4 more =
                dcn_products(fast, t.sources.value + share.in_pixel, corner, row, share.grad, share.wanted, p, whole);
            sum = DCN_FLOAT4(sum.x + more.x, sum.y + more.y, sum.z + more.z, sum.w + more.w);
        }
    }
    return sum;
}

/* The gradients of a prepared point from its corners' products over all channels: along x, along y, of the mask; and
 * the mask. */
DCN_INLINE dcn_float4 dcn_point_gradient(dcn_float4 point, dcn_float4 products, dcn_float2 scales)
{
    const int inside = (int)point.w;
    const int left = inside & DCN_INSIDE_LEFT;
    const int right = inside & DCN_INSIDE_RIGHT;
    const int top = inside & DCN_INSIDE_TOP;
    const int bottom = inside & DCN_INSIDE_BOTTOM;
    if (inside == 0)
        return DCN_FLOAT4(0.0f, 0.0f, 0.0f, point.z);
    const float d00 = left && top ? products.x : 0.0f;
    const float d01 = right && top ? products.y : 0.0f;
    const float d10 = left && bottom ? products.z : 0.0f;
    const float d11 = right && bottom ? products.w : 0.0f;
    const float x = point.x;
    const float y = point.y;
    const float along_x = (1.0f - y) * (d01 - d00) + y * (d11 - d10);
    const float along_y = (1.0f - x) * (d10 - d00) + x * (d11 - d01);
    const float mask = (1.0f - y) * ((1.0f - x) * d00 + x * d01) + y * ((1.0f - x) * d10 + x * d11);
    return DCN_FLOAT4(scales.x * point.z * along_x, scales.y * point.z * along_y, mask, point.z);
}

#if defined(DCN_TEAM_EXCHANGE)

/* Each of two lanes keeps the products of half as many points, `kept` numbers, and adds the other's. */
DCN_INLINE void dcn_halve(float *products, int lane, const int apart, const int kept)
{
    const int upper = lane & apart;
    DCN_UNROLL for (int j = 0; j < kept; j++)
    {
        const float own = upper ? products[j + kept] : products[j];
        const float given = upper ? products[j] : products[j + kept];
        products[j] = own + DCN_TEAM_EXCHANGE(given, apart);
    }
}

/* Adds another lane's products of one point. */
DCN_INLINE void dcn_join(float *products, const int apart)
{
    DCN_UNROLL for (int j = 0; j < 4; j++) products[j] += DCN_TEAM_EXCHANGE(products[j], apart);
}

/* Sums of the products of `shared` points, 1, 2 or 4, over a slot's lanes: lane l ends with point l % shared. */
DCN_INLINE dcn_float4 dcn_exchange(float *products, int lane, const int shared)
{
    if (shared == 4)
        dcn_halve(products, lane, 2, 8);
    if (shared >= 2)
        dcn_halve(products, lane, 1, 4);
    if (DCN_SLOT_LANES > 1 && shared < 2)
        dcn_join(products, 1);
    if (DCN_SLOT_LANES > 2 && shared < 4)
        dcn_join(products, 2);
    if (DCN_SLOT_LANES > 4)
        dcn_join(products, 4);
    if (DCN_SLOT_LANES > 8)
        dcn_join(products, 8);
    if (DCN_SLOT_LANES > 16)
        dcn_join(products, 16);
    return DCN_FLOAT4(products[0], products[1], products[2], products[3]);
}

/* A work-item's part in the gradients of `shared` points of its slot, from `first` on. */
DCN_INLINE void dcn_differentiate_points(const int fast, dcn_backward_tensors t, const dcn_forward_params *p,
                                         dcn_place place, dcn_share share, int lane, DCN_LOCAL dcn_float4 *points,
                                         DCN_LOCAL const dcn_bytes *corners, int first, int whole, const int shared)
{
    float products[4 * 4];
    DCN_UNROLL for (int i = 0; i < shared; i++)
    {
        const dcn_float4 own = dcn_point_products(fast, t, p, place, lane, first + i, share, corners[i], whole);
        products[4 * i] = own.x;
        products[4 * i + 1] = own.y;
        products[4 * i + 2] = own.z;
        products[4 * i + 3] = own.w;
    }
    const dcn_float4 sums = dcn_exchange(products, lane, shared);
    if (lane < shared)
        points[lane] = dcn_point_gradient(points[lane], sums, dcn_scales_of(t.grid, p, first + lane));
}

/* A work-item's part in the gradients of its slot's points: four at a time where there are as many lanes. */
DCN_INLINE void dcn_differentiate(const int fast, dcn_backward_tensors t, const dcn_forward_params *p, dcn_tile tile,
                                  dcn_slots slots, int item, int count, int whole)
{
    const int slot = dcn_over(item, p->lanes);
    const int lane = item - slot * p->lanes;
    const dcn_place place = dcn_real_place_of(p, tile, slot);
    const dcn_share share = dcn_share_of(fast, t, p, place, lane, 0);
    DCN_LOCAL dcn_float4 *points = slots.points + slot * p->pitch;
    DCN_LOCAL const dcn_bytes *corners = slots.corners + slot * p->pitch;
    const int rest = count % DCN_SHARED;
    DCN_UNROLL_POINTS for (int k = 0; k < count - rest; k += DCN_SHARED)
        dcn_differentiate_points(fast, t, p, place, share, lane, points + k, corners + k, k, whole, DCN_SHARED);
    if (rest >= 2)
        dcn_differentiate_points(fast, t, p, place, share, lane, points + count - rest, corners + count - rest,
                                 count - rest, whole, 2);
    if (rest % 2 > 0)
        dcn_differentiate_points(fast, t, p, place, share, lane, points + count - 1, corners + count - 1, count - 1,
                                 whole, 1);
}

#define DCN_COLLECT(grid, p, slots, items, count) ((void)0)

#else

DCN_INLINE void dcn_differentiate(const int fast, dcn_backward_tensors t, const dcn_forward_params *p, dcn_tile tile,
                                  dcn_slots slots, int item, int count, int whole)
{
    const int slot = dcn_over(item, p->lanes);
    const int lane = item - slot * p->lanes;
    const dcn_place place = dcn_real_place_of(p, tile, slot);
    const dcn_share share = dcn_share_of(fast, t, p, place, lane, 0);
    for (int k = 0; k < count; k++)
        slots.products[(slot * p->pitch + k) * p->lanes + lane] =
            dcn_point_products(fast, t, p, place, lane, k, share, slots.corners[slot * p->pitch + k], whole);
}

/* Sums the products of this lane's share of a slot's points. */
DCN_INLINE void dcn_collect(DCN_GLOBAL const int *grid, const dcn_forward_params *p, dcn_slots slots, int item,
                            int count)
{
    const int slot = dcn_over(item, p->lanes);
    for (int k = item - slot * p->lanes; k < count; k += p->lanes) {
        const int at = slot * p->pitch + k;
        dcn_float4 sum = slots.products[at * p->lanes];
        for (int lane = 1; lane < p->lanes; lane++) {
            const dcn_float4 more = slots.products[at * p->lanes + lane];
            sum = DCN_FLOAT4(sum.x + more.x, sum.y + more.y, sum.z + more.z, sum.w + more.w);
        }
        slots.points[at] = dcn_point_gradient(slots.points[at], sum, dcn_scales_of(grid, p, k));
    }
}

#define DCN_COLLECT(grid, p, slots, items, count)                                                                      \
    DCN_TEAM_BARRIER();                                                                                                \
    DCN_FOR_ITEMS(item, items)                                                                                         \
    dcn_collect(grid, p, slots, item, count)

#endif

/* ---- storing ---------------------------------------------------------------------------------- */

DCN_INLINE void dcn_store_element(DCN_GLOBAL void *gradient, dcn_i64 at, float x, int float32)
{
    if (float32)
        ((DCN_GLOBAL float *)gradient)[at] = x;
    else
        dcn_store(x, (DCN_GLOBAL dcn_storage *)gradient + at);
}

/* Stores the gradients of point `first + k` of a slot; with its last one the padding behind a pixel's groups. */
DCN_INLINE void dcn_store_point(const dcn_backward_wide_params *p, dcn_tile tile, dcn_slots slots, int slot, int first,
                                int k, DCN_GLOBAL void *grad_offset, DCN_GLOBAL void *grad_mask)
{
    const dcn_forward_params *f = &p->forward;
    const dcn_place place = dcn_place_of(f, tile, slot);
    if (!place.inside)
        return;
    const dcn_float4 point = slots.points[slot * f->pitch + k];
    const dcn_i64 offset =
        p->grad_offset_at + tile.image * f->offset_image + dcn_offsets_of(f, place) + 2 * (first + k);
    if (p->wants_offset) {
        dcn_store_element(grad_offset, offset, point.x, p->float32_gradients);
        dcn_store_element(grad_offset, offset + 1, point.y, p->float32_gradients);
    }
    if (p->wants_mask) {
        const float mask = f->softmax ? point.w * (point.z - slots.softmax[3 * slot + 2]) : point.z;
#if defined(DCN_JOINT)
        const dcn_i64 at = offset - (first + k) + 2 * DCN_POINTS;
#else
        const dcn_i64 at = p->grad_mask_at + tile.image * f->mask_image + dcn_masks_of(f, place) + first + k;
#endif
        dcn_store_element(grad_mask, at, mask, p->float32_gradients);
        if (place.group == f->group - 1 && first + k == f->points - 1)
            for (int i = 0; i < p->padding; i++)
                dcn_store_element(grad_mask, at + 1 + i, 0.0f, p->float32_gradients);
    }
}

/* ---- a work-group ----------------------------------------------------------------------------- */

/* The gradients of a chunk of points, into work-group memory. `mean`: add to what softmax takes away. */
DCN_INLINE void dcn_chunk_gradients(const int fast, dcn_backward_tensors t, const dcn_forward_params *p, dcn_tile tile,
                                    dcn_slots slots, int items, int first, int count, int mean)
{
    int whole = 0; /* only where a team is a sub-group */
    DCN_FOR_ITEMS(item, items)
    {
        const int outside = dcn_prepare_slot(t, p, tile, slots, item, first, count);
        whole = DCN_TEAM_ALL(!outside);
    }
    DCN_TEAM_BARRIER();
    t.grid += first;
    if (fast && whole) {
        DCN_FOR_ITEMS(item, items)
        dcn_differentiate(fast, t, p, tile, slots, item, count, 1);
    } else {
        DCN_FOR_ITEMS(item, items)
        dcn_differentiate(fast, t, p, tile, slots, item, count, 0);
    }
    DCN_COLLECT(t.grid, p, slots, items, count);
    DCN_TEAM_BARRIER();
    DCN_FOR_ITEMS(item, items)
    if (mean) {
        const int slot = dcn_over(item, p->lanes);
        dcn_add_mean(slots.points + slot * p->pitch, first, count, item - slot * p->lanes, slots.softmax + 3 * slot);
    }
    DCN_BARRIER();
}

DCN_INLINE void dcn_points_group(const int fast, dcn_backward_tensors all, const dcn_backward_wide_params *given,
                                 DCN_GLOBAL void *grad_offset, DCN_GLOBAL void *grad_mask, DCN_LOCAL dcn_float4 *memory,
                                 dcn_i64 work_group)
{
    const dcn_backward_wide_params special = dcn_backward_specialised(given);
    const dcn_backward_wide_params *p = &special;
    const dcn_forward_params *f = &p->forward;
    const int count = f->tile_h * f->tile_w * f->tile_groups;
    const int items = count * f->lanes;
    const dcn_tile tile = dcn_tile_of(f, work_group);
    const dcn_backward_tensors t = dcn_backward_image(all, f, tile.image);
    dcn_slots slots;
    slots.points = memory;
    slots.products = slots.points + count * f->pitch;
#if defined(DCN_TEAM_EXCHANGE)
    slots.corners = (DCN_LOCAL dcn_bytes *)slots.products;
#else
    slots.corners = (DCN_LOCAL dcn_bytes *)(slots.products + count * f->pitch * f->lanes);
#endif
    slots.softmax = (DCN_LOCAL float *)(slots.corners + count * f->pitch);
    DCN_FOR_ITEMS(item, items)
    {
        const int slot = dcn_over(item, f->lanes);
        const dcn_place place = dcn_real_place_of(f, tile, slot);
        if (f->softmax)
            dcn_keep_softmax(t.sources.mask + dcn_masks_of(f, place), f->points, item - slot * f->lanes,
                             slots.softmax + 3 * slot);
    }
    DCN_TEAM_BARRIER();
    /* Softmax needs every point's gradient before it can store the first one's. */
    const int chunks = dcn_over(f->points + f->chunk - 1, f->chunk);
    const int unstored = f->softmax && chunks > 1 ? chunks : 0;
    for (int step = 0; step < unstored + chunks; step++) {
        const int stores = step >= unstored;
        const int first = (stores ? step - unstored : step) * f->chunk;
        const int chunk = f->points - first < f->chunk ? f->points - first : f->chunk;
        dcn_chunk_gradients(fast, t, f, tile, slots, items, first, chunk, f->softmax && (unstored == 0 || !stores));
        DCN_FOR_ITEMS(item, items)
        for (int i = item; stores && i < count * chunk; i += items)
            dcn_store_point(p, tile, slots, dcn_over(i, chunk), first, i - dcn_over(i, chunk) * chunk, grad_offset,
                            grad_mask);
        DCN_BARRIER();
    }
}
