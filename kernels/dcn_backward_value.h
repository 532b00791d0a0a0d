/*
 * The gradient of the value, wide shape: each value pixel gathers the points that have it as a corner, from their bins
 * (dcn_backward_bins.h). A work-group owns a tile of value pixels of a group, stages the points of the cells around
 * them, each cell's in order, and a slot of `lanes` work-items sums for a pair of pixels, one above the other. Nothing
 * is added in memory, so that every run gives the same bits.
 *
 * A tile with more points than there is room for is walked in pieces, and its heavy cells have sums of their own, made
 * before by many work-groups (dcn_backward_heavy.h). A cell with more points than there is room for that is not heavy
 * comes in several pieces: its points lie in order already.
 */
#ifndef DCN_BACKWARD_VALUE_H
#define DCN_BACKWARD_VALUE_H

#include "dcn_backward_bins.h"

/* Terms that are added up one after the other; longer sums come in such parts. */
#define DCN_SERIAL 64

/* Points whose gradients are loaded together. */
#define DCN_TOGETHER 4

/* Work-group memory. Of each staged point the weights of its corners as two pairs, upper and lower, first column and
 * second, and where its output pixel's gradients lie; of each staged point before, its number; of each cell of the tile
 * where its points begin in `ids`, with one more at a row's end; and for each row what to take from that for a place
 * among the tile's points. */
typedef struct dcn_gather {
    DCN_LOCAL dcn_float2 *pairs;
    DCN_LOCAL dcn_bytes *at;
    DCN_LOCAL unsigned *ids;
    DCN_LOCAL unsigned *starts;
    DCN_LOCAL unsigned *shifts; /* then the number of points */
} dcn_gather;

/* Value pixels that a work-group owns. */
typedef struct dcn_value_tile {
    int group;
    int x;
    int y;
    dcn_i64 image;
    dcn_i64 plane;
    int width; /* of the image, or of the level that the tile lies in */
    int height;
    int first_pixel; /* of the level, in the image */
    unsigned first_cell;
} dcn_value_tile;

/* The sums of a pair of pixels. */
typedef struct dcn_pair_sums {
    float upper[DCN_VECTOR];
    float lower[DCN_VECTOR];
} dcn_pair_sums;

/* Consecutive cells of a tile that are summed together, by their place among its points. */
typedef struct dcn_piece {
    unsigned first;
    unsigned last;
    int next;    /* the cell that the next piece begins with */
    int ordered; /* it is a part of one cell, in order */
} dcn_piece;

DCN_INLINE dcn_gather dcn_gather_of(const dcn_backward_wide_params *p, DCN_LOCAL dcn_float4 *memory)
{
    dcn_gather gather;
    gather.pairs = (DCN_LOCAL dcn_float2 *)memory;
    gather.at = (DCN_LOCAL dcn_bytes *)(gather.pairs + 2 * p->room);
    gather.ids = (DCN_LOCAL unsigned *)(gather.at + p->room);
    gather.starts = gather.ids + p->room;
    gather.shifts = gather.starts + (p->value_h + 1) * (p->value_w + 2);
    return gather;
}

#if defined(DCN_LEVELS)

/* Puts tile `id` of an image into its level. The last levels come first: they are the small ones, whose pixels have the
 * most points. */
DCN_INLINE void dcn_find_level(DCN_GLOBAL const int *grid, const dcn_backward_wide_params *p, int id,
                               dcn_value_tile *tile)
{
    int k = p->forward.points;
    int columns;
    int before;
    int end = 0;
    do {
        before = end;
        k -= p->forward.level_points;
        tile->width = grid[k];
        tile->height = grid[p->forward.grid_plane + k];
        columns = dcn_over(tile->width + p->value_w - 1, p->value_w);
        end += columns * dcn_over(tile->height + p->value_h - 1, p->value_h);
    } while (id >= end);
    tile->first_pixel = grid[2 * p->forward.grid_plane + k];
    tile->first_cell = (unsigned)grid[3 * p->forward.grid_plane + k];
    const int row = dcn_over(id - before, columns);
    tile->x = (id - before - row * columns) * p->value_w;
    tile->y = row * p->value_h;
}

#endif

DCN_INLINE dcn_value_tile dcn_value_tile_of(DCN_GLOBAL const int *grid, const dcn_backward_wide_params *p,
                                            dcn_i64 work_group)
{
    dcn_value_tile tile;
    const dcn_index id = (dcn_index)work_group;
    const dcn_index tiles = dcn_divide(id, p->forward.group, p->by_group);
    const dcn_index rows = dcn_divide(tiles, p->values_w, p->by_values_w);
    const dcn_index image = dcn_divide(rows, p->values_h, p->by_values_h);
    tile.group = (int)(id - tiles * p->forward.group);
    tile.image = image;
    tile.plane = tile.image * p->forward.group + tile.group;
#if defined(DCN_LEVELS)
    dcn_find_level(grid, p, (int)(tiles - rows * p->values_w), &tile);
#else
    (void)grid;
    tile.x = (int)(tiles - rows * p->values_w) * p->value_w;
    tile.y = (int)(rows - image * p->values_h) * p->value_h;
    tile.width = p->forward.width;
    tile.height = p->forward.height;
    tile.first_pixel = 0;
    tile.first_cell = 0u;
#endif
    return tile;
}

/* ---- staging ---------------------------------------------------------------------------------- */

/* Where the points of cell (row, column) of a tile begin among the tile's. */
DCN_INLINE unsigned dcn_position_of(const dcn_backward_wide_params *p, dcn_gather gather, int row, int column)
{
    return gather.starts[row * (p->value_w + 2) + column] - gather.shifts[row];
}

/* Where each cell's points begin; cells beyond the image have none. */
DCN_INLINE void dcn_stage_starts(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_value_tile tile,
                                 dcn_gather gather)
{
    const int columns = p->value_w + 2;
    DCN_GLOBAL const unsigned *starts = dcn_starts_of(workspace, p, tile.plane);
    DCN_FOR_ITEMS(item, p->items)
    for (int i = item; i < (p->value_h + 1) * columns; i += p->items) {
        const int row = dcn_over(i, columns);
        const int x = tile.x + i - row * columns;
        const unsigned y = (unsigned)(tile.y + row);
        const unsigned cell =
            tile.first_cell + y * (unsigned)(tile.width + 1) + (unsigned)(x < tile.width + 1 ? x : tile.width + 1);
        gather.starts[i] = starts[y <= (unsigned)tile.height ? cell : (unsigned)p->cells];
    }
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, p->items)
    if (item == 0) {
        unsigned points = 0u;
        for (int row = 0; row <= p->value_h; row++) {
            gather.shifts[row] = gather.starts[row * columns] - points;
            points += gather.starts[row * columns + columns - 1] - gather.starts[row * columns];
        }
        gather.shifts[p->value_h + 1] = points;
    }
    DCN_BARRIER();
}

/* Points of a tile's cell. */
DCN_INLINE unsigned dcn_cell_points(const dcn_backward_wide_params *p, dcn_gather gather, int row, int column)
{
    return gather.starts[row * (p->value_w + 2) + column + 1] - gather.starts[row * (p->value_w + 2) + column];
}

DCN_INLINE int dcn_fits_room(const dcn_backward_wide_params *p, dcn_gather gather)
{
    return gather.shifts[p->value_h + 1] <= (unsigned)p->room;
}

/* The piece that begins with a cell or behind it, where that one is heavy; of a cell in several pieces at a place in
 * it. */
DCN_INLINE dcn_piece dcn_piece_of(const dcn_backward_wide_params *p, dcn_gather gather, int cell, unsigned first)
{
    const int columns = p->value_w + 1;
    const int cells = (p->value_h + 1) * columns;
    const unsigned room = (unsigned)p->room;
    dcn_piece piece;
    piece.first = first;
    piece.last = gather.shifts[p->value_h + 1];
    piece.next = cells;
    piece.ordered = 0;
    if (dcn_fits_room(p, gather))
        return piece;
    int row = dcn_over(cell, columns);
    int column = cell - row * columns;
    int empty = 1;
    piece.last = first;
    for (; cell < cells; cell++) {
        const unsigned points = dcn_cell_points(p, gather, row, column);
        if (points > (unsigned)p->heavy) {
            if (!empty)
                break;
            piece.first = piece.last = dcn_position_of(p, gather, row, column + 1);
        } else if (points > room) {
            if (!empty)
                break;
            const unsigned end = dcn_position_of(p, gather, row, column + 1);
            piece.ordered = 1;
            piece.last = end - piece.first <= room ? end : piece.first + room;
            cell += piece.last == end;
            break;
        } else {
            if (piece.last + points - piece.first > room)
                break;
            piece.last += points;
            empty = 0;
        }
        column = column + 1 < columns ? column + 1 : 0;
        row += column == 0;
    }
    piece.next = cell;
    return piece;
}

/* A staged point's entry. Nothing asks for the weight of a corner outside the image. */
DCN_INLINE void dcn_stage_entry(const dcn_backward_wide_params *p, DCN_LOCAL dcn_float2 *pairs, DCN_LOCAL dcn_bytes *at,
                                dcn_binned point, unsigned place)
{
    const float right = point.axes.x.fraction;
    const float left = 1.0f - right;
    const float bottom = point.mask * point.axes.y.fraction;
    const float top = point.mask * (1.0f - point.axes.y.fraction);
    pairs[2u * place] = DCN_FLOAT2(top * left, bottom * left);
    pairs[2u * place + 1u] = DCN_FLOAT2(top * right, bottom * right);
    at[place] = (dcn_bytes)point.pixel * dcn_pixel_bytes(&p->forward);
}

/* Stages a piece: numbers first, then each point at its rank in its cell. */
DCN_INLINE void dcn_stage_piece(dcn_backward_tensors t, const dcn_backward_wide_params *p,
                                DCN_GLOBAL unsigned *workspace, dcn_value_tile tile, dcn_gather gather, dcn_piece piece)
{
    DCN_GLOBAL const unsigned *ids = dcn_ids_of(workspace, p, tile.plane);
    DCN_GLOBAL const float *statistics = dcn_statistics_of(workspace, p, tile.image);
    const unsigned count = piece.last - piece.first;
    DCN_FOR_ITEMS(item, p->items)
    {
        int row = 0;
        for (unsigned i = (unsigned)item; i < count; i += (unsigned)p->items) {
            while (row < p->value_h && piece.first + i >= dcn_position_of(p, gather, row + 1, 0))
                row++;
            gather.ids[i] = ids[gather.shifts[row] + piece.first + i];
        }
    }
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, p->items)
    for (unsigned i = (unsigned)item; i < count; i += (unsigned)p->items) {
        const unsigned id = gather.ids[i];
        const dcn_binned point = dcn_binned_of(t, p, statistics, tile.group, id);
        unsigned place = i;
        if (!piece.ordered) {
            const int row = point.axes.y.cell + 1 - tile.y;
            const int column = point.axes.x.cell + 1 - tile.x;
            const unsigned end = dcn_position_of(p, gather, row, column + 1) - piece.first;
            place = dcn_position_of(p, gather, row, column) - piece.first;
            for (unsigned other = place; other < end; other++)
                place += gather.ids[other] < id;
        }
        dcn_stage_entry(p, gather.pairs, gather.at, point, place);
    }
    DCN_BARRIER();
}

/* ---- summing ---------------------------------------------------------------------------------- */

/* Which pixels of a pair a row of cells touches: the first row the upper, with lower weights; the second both; the
 * third the lower, with upper weights. */
DCN_INLINE void dcn_add_point(const float *v, dcn_float2 weights, const int row, dcn_pair_sums *sums)
{
    DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++)
    {
        if (row < 2)
            sums->upper[j] = dcn_multiply_add(row == 0 ? weights.y : weights.x, v[j], sums->upper[j]);
        if (row > 0)
            sums->lower[j] = dcn_multiply_add(row == 1 ? weights.y : weights.x, v[j], sums->lower[j]);
    }
}

/* Staged points first … last-1 of a row of cells; those from `right` on have the pixels in their first column. The
 * gradients of `together` of them are loaded at once: fewer where registers are. */
DCN_INLINE void dcn_add_row(DCN_GLOBAL const dcn_storage *grad, dcn_gather gather, unsigned first, unsigned right,
                            unsigned last, const int row, const int together, dcn_pair_sums *sums)
{
    unsigned e = first;
    DCN_NO_UNROLL for (; e + (unsigned)together <= last; e += (unsigned)together)
    {
        float v[DCN_TOGETHER][DCN_VECTOR];
        dcn_float2 weights[DCN_TOGETHER];
        DCN_UNROLL for (int i = 0; i < together; i++)
        {
            weights[i] = gather.pairs[2u * (e + (unsigned)i) + (e + (unsigned)i < right ? 1u : 0u)];
            dcn_load_vector(DCN_AT(grad, gather.at[e + (unsigned)i]), v[i]);
        }
        DCN_UNROLL for (int i = 0; i < together; i++) dcn_add_point(v[i], weights[i], row, sums);
    }
    DCN_NO_UNROLL for (; e < last; e++)
    {
        float v[DCN_VECTOR];
        dcn_load_vector(DCN_AT(grad, gather.at[e]), v);
        dcn_add_point(v, gather.pairs[2u * e + (e < right ? 1u : 0u)], row, sums);
    }
}

/* The same for any number of points: a long sum in parts. */
DCN_INLINE void dcn_add_parts(DCN_GLOBAL const dcn_storage *grad, dcn_gather gather, unsigned first, unsigned right,
                              unsigned last, const int row, dcn_pair_sums *sums)
{
    DCN_NO_UNROLL for (unsigned begin = first; begin < last; begin += DCN_SERIAL)
    {
        const unsigned end = last - begin > DCN_SERIAL ? begin + DCN_SERIAL : last;
        dcn_pair_sums part;
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) part.upper[j] = part.lower[j] = 0.0f;
        dcn_add_row(grad, gather, begin, right, end, row, row == 1 ? DCN_TOGETHER / 2 : DCN_TOGETHER, &part);
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++)
        {
            sums->upper[j] += part.upper[j];
            sums->lower[j] += part.lower[j];
        }
    }
}

/* The same for any alignment. */
DCN_INLINE void dcn_add_elements(DCN_GLOBAL const dcn_storage *grad, dcn_gather gather, unsigned first, unsigned right,
                                 unsigned last, int wanted, int row, dcn_pair_sums *sums)
{
    DCN_NO_UNROLL for (unsigned begin = first; begin < last; begin += DCN_SERIAL)
    {
        const unsigned end = last - begin > DCN_SERIAL ? begin + DCN_SERIAL : last;
        dcn_pair_sums part;
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) part.upper[j] = part.lower[j] = 0.0f;
        DCN_NO_UNROLL for (unsigned e = begin; e < end; e++)
        {
            const dcn_float2 weights = gather.pairs[2u * e + (e < right ? 1u : 0u)];
            float v[DCN_VECTOR];
            DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) v[j] =
                j < wanted ? dcn_load(DCN_AT(grad, gather.at[e]) + j) : 0.0f;
            if (row == 0)
                dcn_add_point(v, weights, 0, &part);
            else if (row == 1)
                dcn_add_point(v, weights, 1, &part);
            else
                dcn_add_point(v, weights, 2, &part);
        }
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++)
        {
            sums->upper[j] += part.upper[j];
            sums->lower[j] += part.lower[j];
        }
    }
}

/* The sums of a heavy cell's corners, a block after the other: corner by corner, channel by channel. */
DCN_INLINE DCN_GLOBAL float *dcn_heavy_sums(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                            dcn_i64 plane, unsigned start, unsigned block)
{
    return (DCN_GLOBAL float *)(workspace + p->bins_at) +
           ((plane * p->points + start) * p->sum_words + (dcn_i64)block * 4 * p->forward.group_channels);
}

/* Adds a heavy cell to one pixel, which is the cell's corner of that number. */
DCN_INLINE void dcn_add_heavy(DCN_GLOBAL const float *blocks, const dcn_backward_wide_params *p, unsigned count,
                              int corner, int channel, int wanted, float *sums)
{
    const int channels = p->forward.group_channels;
    for (unsigned left = dcn_blocks_of(p, count); left > 0u; left--) {
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) if (j < wanted) sums[j] +=
            blocks[corner * channels + channel + j];
        blocks += 4 * channels;
    }
}

/* What one work-item sums for, and what of the piece it needs. */
typedef struct dcn_pair {
    int x; /* in the tile */
    int y;
    int channel;
    int wanted; /* channels, 0: nothing to do */
} dcn_pair;

DCN_INLINE dcn_pair dcn_pair_of(const dcn_backward_wide_params *p, dcn_value_tile tile, int item, int pass)
{
    const dcn_forward_params *f = &p->forward;
    const int slot = dcn_over(item, f->lanes);
    const int row = dcn_over(slot, p->value_w);
    dcn_pair pair;
    pair.x = slot - row * p->value_w;
    pair.y = 2 * row;
    pair.channel = (pass * f->lanes + item - slot * f->lanes) * DCN_VECTOR;
    pair.wanted = f->group_channels - pair.channel < DCN_VECTOR ? f->group_channels - pair.channel : DCN_VECTOR;
    if (pair.y >= p->value_h || tile.y + pair.y >= tile.height || tile.x + pair.x >= tile.width || pair.wanted < 0)
        pair.wanted = 0;
    return pair;
}

/* The heavy cells' share of a pair. */
DCN_INLINE void dcn_sum_heavy(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_value_tile tile,
                              dcn_gather gather, dcn_pair pair, dcn_pair_sums *sums)
{
    for (int cell = 0; cell < 6; cell++) {
        const int row = cell / 2;
        const int left = cell % 2 == 0; /* of the pixels: they are the cell's second column */
        const int column = pair.x + 1 - left;
        const unsigned count = dcn_cell_points(p, gather, pair.y + row, column);
        if (count <= (unsigned)p->heavy)
            continue;
        DCN_GLOBAL const float *blocks =
            dcn_heavy_sums(workspace, p, tile.plane, gather.starts[(pair.y + row) * (p->value_w + 2) + column], 0u);
        if (row < 2)
            dcn_add_heavy(blocks, p, count, 2 * (1 - row) + left, pair.channel, pair.wanted, sums->upper);
        if (row > 0)
            dcn_add_heavy(blocks, p, count, 2 * (2 - row) + left, pair.channel, pair.wanted, sums->lower);
    }
}

DCN_INLINE unsigned dcn_within(unsigned position, dcn_piece piece)
{
    const unsigned at = position < piece.first ? piece.first : position;
    return (at > piece.last ? piece.last : at) - piece.first;
}

/* The staged points of a row of cells that touch a pair. */
typedef struct dcn_stretch {
    unsigned first;
    unsigned right; /* from here on those with the pixels in their first column */
    unsigned last;
} dcn_stretch;

DCN_INLINE dcn_stretch dcn_stretch_of(const dcn_backward_wide_params *p, dcn_gather gather, dcn_piece piece,
                                      dcn_pair pair, int row)
{
    dcn_stretch stretch;
    stretch.first = dcn_within(dcn_position_of(p, gather, pair.y + row, pair.x), piece);
    stretch.right = dcn_within(dcn_position_of(p, gather, pair.y + row, pair.x + 1), piece);
    stretch.last = dcn_within(dcn_position_of(p, gather, pair.y + row, pair.x + 2), piece);
    return stretch;
}

/* A piece's share of a pair, from three rows of cells. */
DCN_INLINE void dcn_sum_piece(const int fast, DCN_GLOBAL const dcn_storage *grad, const dcn_backward_wide_params *p,
                              dcn_gather gather, dcn_piece piece, dcn_pair pair, dcn_pair_sums *sums)
{
    DCN_NO_UNROLL for (int row = 0; row < 3; row++)
    {
        const dcn_stretch s = dcn_stretch_of(p, gather, piece, pair, row);
        const int is_long = s.last - s.first > DCN_SERIAL;
        if (!fast)
            dcn_add_elements(grad, gather, s.first, s.right, s.last, pair.wanted, row, sums);
        else if (is_long && row == 0)
            dcn_add_parts(grad, gather, s.first, s.right, s.last, 0, sums);
        else if (is_long && row == 1)
            dcn_add_parts(grad, gather, s.first, s.right, s.last, 1, sums);
        else if (is_long)
            dcn_add_parts(grad, gather, s.first, s.right, s.last, 2, sums);
        else if (row == 0)
            dcn_add_row(grad, gather, s.first, s.right, s.last, 0, DCN_TOGETHER, sums);
        else if (row == 1)
            dcn_add_row(grad, gather, s.first, s.right, s.last, 1, DCN_TOGETHER, sums);
        else
            dcn_add_row(grad, gather, s.first, s.right, s.last, 2, DCN_TOGETHER, sums);
    }
}

/* ---- storing ---------------------------------------------------------------------------------- */

DCN_INLINE void dcn_store_gradient(const int fast, const float *sums, DCN_GLOBAL void *gradient, dcn_i64 at, int wanted,
                                   int float32)
{
    if (float32) {
        DCN_GLOBAL float *to = (DCN_GLOBAL float *)gradient + at;
        if (fast) {
            DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j += 4) * (DCN_GLOBAL dcn_float4 *)(to + j) =
                DCN_FLOAT4(sums[j], sums[j + 1], sums[j + 2], sums[j + 3]);
        } else {
            for (int j = 0; j < wanted; j++)
                to[j] = sums[j];
        }
        return;
    }
    DCN_GLOBAL dcn_storage *to = (DCN_GLOBAL dcn_storage *)gradient + at;
    if (fast) {
        dcn_store_vector(sums, to);
    } else {
        for (int j = 0; j < wanted; j++)
            dcn_store(sums[j], to + j);
    }
}

DCN_INLINE void dcn_store_pair(const int fast, const dcn_backward_wide_params *p, dcn_value_tile tile, dcn_pair pair,
                               const dcn_pair_sums *sums, DCN_GLOBAL void *grad_value)
{
    const dcn_forward_params *f = &p->forward;
    const dcn_index pixel = tile.first_pixel + (dcn_index)(tile.y + pair.y) * tile.width + tile.x + pair.x;
    const dcn_i64 at =
        p->grad_value_at + tile.image * f->image + pixel * f->channels + tile.group * f->group_channels + pair.channel;
    if (pair.wanted == 0)
        return;
    dcn_store_gradient(fast, sums->upper, grad_value, at, pair.wanted, p->float32_gradients);
    if (pair.y + 1 < p->value_h && tile.y + pair.y + 1 < tile.height)
        dcn_store_gradient(fast, sums->lower, grad_value, at + (dcn_i64)tile.width * f->channels, pair.wanted,
                           p->float32_gradients);
}

DCN_INLINE void dcn_gather_group(const int fast, dcn_backward_tensors all, const dcn_backward_wide_params *given,
                                 DCN_GLOBAL void *grad_value, DCN_GLOBAL unsigned *workspace,
                                 DCN_LOCAL dcn_float4 *memory, dcn_i64 work_group)
{
    const dcn_backward_wide_params special = dcn_backward_specialised(given);
    const dcn_backward_wide_params *p = &special;
    const dcn_value_tile tile = dcn_value_tile_of(all.grid, p, work_group);
    const dcn_backward_tensors t = dcn_backward_image(all, &p->forward, tile.image);
    const dcn_gather gather = dcn_gather_of(p, memory);
    const int passes = dcn_passes(&p->forward);
    DCN_KEEP(dcn_pair_sums, sums);
    dcn_stage_starts(p, workspace, tile, gather);
    const int cells = (p->value_h + 1) * (p->value_w + 1);
    for (int pass = 0; pass < passes; pass++) {
        DCN_FOR_ITEMS(item, p->items)
        DCN_UNROLL for (int j = 0; j < DCN_VECTOR; j++) DCN_KEPT(sums, item).upper[j] = DCN_KEPT(sums, item).lower[j] =
            0.0f;
        unsigned first = 0u;
        for (int cell = 0; cell < cells;) {
            const dcn_piece piece = dcn_piece_of(p, gather, cell, first);
            if (piece.last > piece.first)
                dcn_stage_piece(t, p, workspace, tile, gather, piece);
            DCN_FOR_ITEMS(item, p->items)
            {
                const dcn_pair pair = dcn_pair_of(p, tile, item, pass);
                if (pair.wanted > 0 && piece.last > piece.first)
                    dcn_sum_piece(fast, t.grad_output + tile.group * p->forward.group_channels + pair.channel, p,
                                  gather, piece, pair, &DCN_KEPT(sums, item));
                if (pair.wanted > 0 && piece.next == cells && !dcn_fits_room(p, gather))
                    dcn_sum_heavy(p, workspace, tile, gather, pair, &DCN_KEPT(sums, item));
            }
            cell = piece.next;
            first = piece.last;
            if (cell < cells)
                DCN_BARRIER();
        }
        DCN_FOR_ITEMS(item, p->items)
        dcn_store_pair(fast, p, tile, dcn_pair_of(p, tile, item, pass), &DCN_KEPT(sums, item), grad_value);
        DCN_BARRIER();
    }
}

#endif
