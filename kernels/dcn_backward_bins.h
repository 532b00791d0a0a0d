/*
 * The points of each plane by cell: every cell's points one after the other in `ids`. Counting hands out a place in its
 * cell to each point, in whatever order; the sums that follow put each cell's points into the order of their numbers.
 *
 *     clear    counts and lists are empty
 *     count    a work-group counts the points of a tile of outputs, then adds each cell's number to the plane's
 *     reserve  where each cell's points begin; which cells are crowded
 *     fill     points go to their places; those of crowded cells in order, by work-groups that look for them
 */
#include "dcn_backward_wide.h"

/* ---- clear ------------------------------------------------------------------------------------ */

/* Words that a work-item clears. */
#define DCN_CLEAR_RUN 8

DCN_INLINE void dcn_clear_group(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p, dcn_i64 work_group)
{
    const dcn_i64 words = p->planes * p->cells;
    DCN_FOR_ITEMS(item, p->items)
    {
        const dcn_i64 first = work_group * p->items * DCN_CLEAR_RUN + item;
        for (int i = 0; i < DCN_CLEAR_RUN; i++)
            if (first + i * p->items < words)
                workspace[p->counts_at + first + i * p->items] = 0u;
        if (work_group == 0 && item < DCN_CROWD_HEADER)
            workspace[p->crowds_at + item] = 0u;
    }
}

/* ---- count ------------------------------------------------------------------------------------ */

/* A point of a tile that is counted without the tile's own counts, or not at all. */
#define DCN_ELSEWHERE (~0u)

/* One of a tile's points, of those that it counts at once. */
typedef struct dcn_tile_point {
    int group;
    int inside;
    int k;
    dcn_place place;
    dcn_i64 number; /* in the planes */
} dcn_tile_point;

DCN_INLINE dcn_tile_point dcn_tile_point_of(const dcn_backward_wide_params *p, dcn_tile tile, int i, int first,
                                            int count)
{
    const dcn_forward_params *f = &p->forward;
    const int pixels = f->tile_h * f->tile_w;
    const int slot = dcn_over(i, count);
    const int pixel = slot - dcn_over(slot, pixels) * pixels;
    const int row = dcn_over(pixel, f->tile_w);
    dcn_tile_point point;
    point.group = dcn_over(slot, pixels);
    point.k = first + i - slot * count;
    point.place.group = tile.group + point.group;
    point.place.y = tile.y + row;
    point.place.x = tile.x + pixel - row * f->tile_w;
    point.place.inside = point.place.y < f->out_height && point.place.x < f->out_width && point.place.group < f->group;
    point.inside = point.place.inside;
    point.number = ((dcn_i64)tile.image * f->group + point.place.group) * p->points +
                   (dcn_pixel_of(f, point.place) * f->points + point.k);
    return point;
}

/* Where a point lies, and its cell if it counts. */
typedef struct dcn_located {
    dcn_axes at;
    unsigned cell;
} dcn_located;

DCN_INLINE dcn_located dcn_locate_point(dcn_backward_tensors t, const dcn_forward_params *f, dcn_tile_point point)
{
    DCN_GLOBAL const dcn_storage *offset = t.sources.offset + (dcn_offsets_of(f, point.place) + 2 * point.k);
    dcn_located located;
    located.at = dcn_axes_of(t.grid, f, point.place, point.k, dcn_load(offset), dcn_load(offset + 1));
    located.cell =
        located.at.x.counts & located.at.y.counts ? dcn_cell_of(t.grid, f, point.k, located.at) : DCN_NO_CELL;
    return located;
}

DCN_INLINE DCN_GLOBAL unsigned *dcn_count_of(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p,
                                             dcn_tile tile, dcn_tile_point point, unsigned cell)
{
    return dcn_counts_of(workspace, p, (dcn_i64)tile.image * p->forward.group + point.place.group) + cell;
}

#if defined(DCN_LEVELS)

/* Points that a work-item counts together, so that their ways to memory overlap. */
#define DCN_COUNT_TOGETHER 4

/* Such points of a tile. */
typedef struct dcn_counted {
    dcn_tile_point point[DCN_COUNT_TOGETHER];
    unsigned cell[DCN_COUNT_TOGETHER];
    unsigned slot[DCN_COUNT_TOGETHER];
} dcn_counted;

/* Whether a work-group counts a cell by itself first: many would add to those of small levels at once. */
DCN_INLINE int dcn_is_near(const dcn_backward_wide_params *p, unsigned cell)
{
    return cell - (unsigned)p->window_x < (unsigned)p->window_w;
}

DCN_INLINE void dcn_count_together(dcn_backward_tensors t, const dcn_backward_wide_params *p,
                                   DCN_GLOBAL unsigned *workspace, dcn_tile tile, int first, int points,
                                   DCN_LOCAL unsigned *window)
{
    const dcn_forward_params *f = &p->forward;
    dcn_counted c;
    DCN_UNROLL for (int j = 0; j < DCN_COUNT_TOGETHER; j++)
    {
        c.point[j] = dcn_tile_point_of(p, tile, first + j * p->items, 0, f->points);
        c.point[j].inside &= first + j * p->items < points;
        c.cell[j] = c.point[j].inside ? dcn_locate_point(t, f, c.point[j]).cell : DCN_NO_CELL;
        c.slot[j] = 0u;
    }
    DCN_UNROLL for (int j = 0; j < DCN_COUNT_TOGETHER; j++)
    {
        if (dcn_is_near(p, c.cell[j]))
            c.slot[j] = dcn_local_add(window + (c.cell[j] - (unsigned)p->window_x), 1u);
        else if (c.cell[j] != DCN_NO_CELL)
            c.slot[j] = dcn_global_add(dcn_count_of(workspace, p, tile, c.point[j], c.cell[j]), 1u);
    }
    DCN_UNROLL for (int j = 0; j < DCN_COUNT_TOGETHER; j++)
    {
        if (c.point[j].inside)
            workspace[p->bins_at + c.point[j].number] = c.cell[j];
        if (c.cell[j] != DCN_NO_CELL)
            *dcn_slot_of(workspace, p, c.point[j].number) = (unsigned short)c.slot[j];
    }
}

/* Moves points behind those of other work-groups in their cells. */
DCN_INLINE void dcn_move_together(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_tile tile,
                                  int first, int points, DCN_LOCAL const unsigned *window)
{
    dcn_counted c;
    DCN_UNROLL for (int j = 0; j < DCN_COUNT_TOGETHER; j++)
    {
        c.point[j] = dcn_tile_point_of(p, tile, first + j * p->items, 0, p->forward.points);
        c.point[j].inside &= first + j * p->items < points;
        c.cell[j] = c.point[j].inside ? workspace[p->bins_at + c.point[j].number] : DCN_NO_CELL;
        c.slot[j] = dcn_is_near(p, c.cell[j]) ? *dcn_slot_of(workspace, p, c.point[j].number) : 0u;
    }
    DCN_UNROLL for (int j = 0; j < DCN_COUNT_TOGETHER; j++)
    {
        if (dcn_is_near(p, c.cell[j]))
            *dcn_slot_of(workspace, p, c.point[j].number) =
                (unsigned short)(c.slot[j] + window[c.cell[j] - (unsigned)p->window_x]);
    }
}

/* Locations in levels are anywhere: a tile's points share cells only where a level has few. */
DCN_INLINE void dcn_count_group(dcn_backward_tensors all, const dcn_backward_wide_params *given,
                                DCN_GLOBAL unsigned *workspace, DCN_LOCAL unsigned *window, dcn_i64 work_group)
{
    const dcn_backward_wide_params special = dcn_backward_specialised(given);
    const dcn_backward_wide_params *p = &special;
    const dcn_forward_params *f = &p->forward;
    const dcn_tile tile = dcn_tile_of(f, work_group);
    const dcn_backward_tensors t = dcn_backward_image(all, f, tile.image);
    const int points = f->tile_w * f->tile_groups * f->points;
    const int step = p->items * DCN_COUNT_TOGETHER;
    DCN_GLOBAL unsigned *counts = dcn_counts_of(workspace, p, (dcn_i64)tile.image * f->group + tile.group);
    DCN_FOR_ITEMS(item, p->items)
    for (int i = item; i < p->window_w; i += p->items)
        window[i] = 0u;
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, p->items)
    DCN_NO_UNROLL for (int first = item; first < points; first += step)
        dcn_count_together(t, p, workspace, tile, first, points, window);
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, p->items)
    for (int i = item; i < p->window_w; i += p->items)
        if (window[i] > 0u)
            window[i] = dcn_global_add(counts + p->window_x + i, window[i]);
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, p->items)
    DCN_NO_UNROLL for (int first = item; first < points && p->window_w > 0; first += step)
        dcn_move_together(p, workspace, tile, first, points, window);
}

#else

/* Counts a point, in the tile's window or else in the plane. */
DCN_INLINE void dcn_count_point(dcn_backward_tensors t, const dcn_backward_wide_params *p,
                                DCN_GLOBAL unsigned *workspace, dcn_tile tile, dcn_tile_point point,
                                DCN_LOCAL unsigned *window, DCN_LOCAL unsigned *kept)
{
    const dcn_forward_params *f = &p->forward;
    const dcn_located located = dcn_locate_point(t, f, point);
    const unsigned x = (unsigned)(located.at.x.cell - (tile.x * f->stride_w + p->window_x));
    const unsigned y = (unsigned)(located.at.y.cell - (tile.y * f->stride_h + p->window_y));
    *kept = DCN_ELSEWHERE;
    workspace[p->bins_at + point.number] = located.cell;
    if (located.cell == DCN_NO_CELL)
        return;
    if (x < (unsigned)p->window_w && y < (unsigned)p->window_h) {
        const unsigned near = ((unsigned)point.group * (unsigned)p->window_h + y) * (unsigned)p->window_w + x;
        *kept = near << 16 | dcn_local_add(window + near, 1u);
        return;
    }
    *dcn_slot_of(workspace, p, point.number) =
        (unsigned short)dcn_global_add(dcn_count_of(workspace, p, tile, point, located.cell), 1u);
}

/* Adds a cell of the window to the plane's, and leaves where its points begin there. */
DCN_INLINE void dcn_add_window(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_tile tile, int i,
                               DCN_LOCAL unsigned *window)
{
    const dcn_forward_params *f = &p->forward;
    if (window[i] == 0u)
        return;
    const int row = dcn_over(i, p->window_w);
    const int group = dcn_over(row, p->window_h);
    const int x = i - row * p->window_w + tile.x * f->stride_w + p->window_x;
    const int y = row - group * p->window_h + tile.y * f->stride_h + p->window_y;
    const unsigned cell = (unsigned)(y + 1) * (unsigned)(f->width + 1) + (unsigned)(x + 1);
    DCN_GLOBAL unsigned *counts = dcn_counts_of(workspace, p, (dcn_i64)tile.image * f->group + tile.group + group);
    window[i] = dcn_global_add(counts + cell, window[i]);
}

DCN_INLINE void dcn_count_group(dcn_backward_tensors all, const dcn_backward_wide_params *given,
                                DCN_GLOBAL unsigned *workspace, DCN_LOCAL unsigned *memory, dcn_i64 work_group)
{
    const dcn_backward_wide_params special = dcn_backward_specialised(given);
    const dcn_backward_wide_params *p = &special;
    const dcn_forward_params *f = &p->forward;
    const dcn_tile tile = dcn_tile_of(f, work_group);
    const dcn_backward_tensors t = dcn_backward_image(all, f, tile.image);
    const int slots = f->tile_h * f->tile_w * f->tile_groups;
    const int near = f->tile_groups * p->window_w * p->window_h;
    DCN_LOCAL unsigned *window = memory;
    DCN_LOCAL unsigned *kept = memory + near;
    for (int first = 0; first < f->points; first += f->chunk) {
        const int count = f->points - first < f->chunk ? f->points - first : f->chunk;
        DCN_FOR_ITEMS(item, p->items)
        for (int i = item; i < near; i += p->items)
            window[i] = 0u;
        DCN_BARRIER();
        DCN_FOR_ITEMS(item, p->items)
        for (int i = item; i < slots * count; i += p->items) {
            const dcn_tile_point point = dcn_tile_point_of(p, tile, i, first, count);
            if (point.inside)
                dcn_count_point(t, p, workspace, tile, point, window, kept + i);
            else
                kept[i] = DCN_ELSEWHERE;
        }
        DCN_BARRIER();
        DCN_FOR_ITEMS(item, p->items)
        for (int i = item; i < near; i += p->items)
            dcn_add_window(p, workspace, tile, i, window);
        DCN_BARRIER();
        DCN_FOR_ITEMS(item, p->items)
        for (int i = item; i < slots * count; i += p->items)
            if (kept[i] != DCN_ELSEWHERE)
                *dcn_slot_of(workspace, p, dcn_tile_point_of(p, tile, i, first, count).number) =
                    (unsigned short)(window[kept[i] >> 16] + (kept[i] & 0xffffu));
        DCN_BARRIER();
    }
}

#endif

/* ---- reserve ---------------------------------------------------------------------------------- */

/* Cells that a work-item adds up at once. */
#define DCN_RESERVE_RUN 8

/* How many blocks a cell is listed with: a heavy one that is not crowded. */
DCN_INLINE unsigned dcn_listed_of(const dcn_backward_wide_params *p, unsigned count)
{
    return count > (unsigned)p->heavy && count <= (unsigned)p->crowd ? dcn_blocks_of(p, count) : 0u;
}

/* Lists a crowded cell. */
DCN_INLINE void dcn_list_crowd(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p, unsigned plane,
                               unsigned cell)
{
    DCN_GLOBAL unsigned *crowds = workspace + p->crowds_at;
    DCN_GLOBAL unsigned *entry = crowds + (DCN_CROWD_HEADER + DCN_CROWD_ENTRY * dcn_global_add(crowds, 1u));
    entry[0] = plane;
    entry[1] = cell;
}

/* A work-item's run of cells, its points before it known. Its blocks get their places in the list all at once. */
DCN_INLINE void dcn_reserve_run(DCN_GLOBAL unsigned *workspace, const dcn_backward_wide_params *p, unsigned plane,
                                dcn_i64 first, dcn_i64 last, unsigned start)
{
    DCN_GLOBAL const unsigned *counts = dcn_counts_of(workspace, p, plane);
    DCN_GLOBAL unsigned *starts = dcn_starts_of(workspace, p, plane);
    unsigned blocks = 0u;
    for (int i = 0; i < DCN_RESERVE_RUN && first + i < last; i++) {
        const unsigned count = counts[first + i];
        starts[first + i] = start;
        start += count;
        blocks += dcn_listed_of(p, count);
        if (count > (unsigned)p->crowd)
            dcn_list_crowd(workspace, p, plane, (unsigned)(first + i));
        if (first + i + 1 == p->cells)
            starts[p->cells] = start;
    }
    if (blocks == 0u)
        return;
    DCN_GLOBAL unsigned *entry =
        workspace + (p->blocks_at + (dcn_i64)DCN_BLOCK_ENTRY * dcn_global_add(workspace + p->crowds_at + 1, blocks));
    for (int i = 0; i < DCN_RESERVE_RUN && first + i < last; i++) {
        const unsigned listed = dcn_listed_of(p, counts[first + i]);
        for (unsigned block = 0u; block < listed; block++) {
            *entry++ = plane;
            *entry++ = (unsigned)(first + i);
            *entry++ = block;
        }
    }
}

/* Cells first … last-1 of a plane, by all work-groups before and this one. Memory: 2 * items + 1 words. */
DCN_INLINE void dcn_reserve_group(const dcn_backward_wide_params *given, DCN_GLOBAL unsigned *workspace,
                                  DCN_LOCAL unsigned *memory, dcn_i64 work_group)
{
    const dcn_backward_wide_params special = dcn_backward_specialised(given);
    const dcn_backward_wide_params *p = &special;
    const int items = p->items;
    const unsigned plane = (unsigned)dcn_divide((dcn_index)work_group, p->reserve_blocks, p->by_reserve_blocks);
    const dcn_i64 begin = (work_group - (dcn_i64)plane * p->reserve_blocks) * p->reserve_cells;
    const dcn_i64 end = begin + p->reserve_cells < p->cells ? begin + p->reserve_cells : p->cells;
    DCN_GLOBAL const unsigned *counts = dcn_counts_of(workspace, p, plane);
    unsigned before = 0u;
    if (begin > 0) {
        DCN_FOR_ITEMS(item, items)
        {
            unsigned sum = 0u;
            for (dcn_i64 cell = item; cell < begin; cell += items)
                sum += counts[cell];
            memory[item] = sum;
        }
        DCN_BARRIER();
        dcn_scan(memory, items);
        before = memory[items];
        DCN_BARRIER();
    }
    for (dcn_i64 first = begin; first < end; first += (dcn_i64)items * DCN_RESERVE_RUN) {
        DCN_FOR_ITEMS(item, items)
        {
            const dcn_i64 own = first + (dcn_i64)item * DCN_RESERVE_RUN;
            unsigned sum = 0u;
            for (int i = 0; i < DCN_RESERVE_RUN; i++)
                sum += own + i < end ? counts[own + i] : 0u;
            memory[item] = sum;
        }
        DCN_BARRIER();
        dcn_scan(memory, items);
        DCN_FOR_ITEMS(item, items)
        dcn_reserve_run(workspace, p, plane, first + (dcn_i64)item * DCN_RESERVE_RUN, end, before + memory[item]);
        before += memory[items];
        DCN_BARRIER();
    }
}

/* ---- fill ------------------------------------------------------------------------------------- */

/* Points that a work-item puts into their places; of a plane that one looks through at once. */
#define DCN_FILL_RUN   4
#define DCN_SEARCH_RUN 4

DCN_INLINE void dcn_fill_points(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace, dcn_i64 work_group)
{
    const dcn_i64 plane = dcn_divide((dcn_index)work_group, p->fill_blocks, p->by_fill_blocks);
    const dcn_i64 begin = (work_group - plane * p->fill_blocks) * p->items * DCN_FILL_RUN;
    DCN_GLOBAL const unsigned *starts = dcn_starts_of(workspace, p, plane);
    DCN_GLOBAL const unsigned *bins = dcn_bins_of(workspace, p, plane);
    DCN_GLOBAL unsigned *ids = dcn_ids_of(workspace, p, plane);
    const int all = p->workers == 0 || workspace[p->crowds_at] == 0u; /* no cell is crowded */
    DCN_FOR_ITEMS(item, p->items)
    {
        DCN_UNROLL for (int i = 0; i < DCN_FILL_RUN; i++)
        {
            const dcn_i64 point = begin + i * p->items + item;
            const unsigned cell = point < p->points ? bins[point] : DCN_NO_CELL;
            if (cell != DCN_NO_CELL) {
                const unsigned start = starts[cell];
                if (all || starts[cell + 1] - start <= (unsigned)p->crowd)
                    ids[start + *dcn_slot_of(workspace, p, plane * p->points + point)] = (unsigned)point;
            }
        }
    }
}

/* Lists the blocks of a heavy cell. */
DCN_INLINE void dcn_list_blocks(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace,
                                DCN_LOCAL unsigned *memory, unsigned plane, unsigned cell, unsigned count)
{
    const unsigned blocks = dcn_blocks_of(p, count);
    DCN_FOR_ITEMS(item, p->items)
    if (item == 0)
        memory[0] = dcn_global_add(workspace + p->crowds_at + 1, blocks);
    DCN_BARRIER();
    DCN_FOR_ITEMS(item, p->items)
    for (unsigned i = (unsigned)item; i < blocks; i += (unsigned)p->items) {
        DCN_GLOBAL unsigned *entry = workspace + (p->blocks_at + (dcn_i64)DCN_BLOCK_ENTRY * (memory[0] + i));
        entry[0] = plane;
        entry[1] = cell;
        entry[2] = i;
    }
    DCN_BARRIER();
}

/* Puts a crowded cell's points into their places, in order. Memory: 2 * items + 1 words. */
DCN_INLINE void dcn_order_cell(const dcn_backward_wide_params *p, DCN_GLOBAL unsigned *workspace,
                               DCN_LOCAL unsigned *memory, unsigned plane, unsigned cell)
{
    DCN_GLOBAL const unsigned *bins = dcn_bins_of(workspace, p, plane);
    DCN_GLOBAL const unsigned *starts = dcn_starts_of(workspace, p, plane);
    DCN_GLOBAL unsigned *ids = dcn_ids_of(workspace, p, plane);
    const unsigned count = starts[cell + 1] - starts[cell];
    unsigned next = starts[cell];
    for (dcn_i64 begin = 0; begin < p->points; begin += (dcn_i64)p->items * DCN_SEARCH_RUN) {
        DCN_FOR_ITEMS(item, p->items)
        {
            const dcn_i64 own = begin + (dcn_i64)item * DCN_SEARCH_RUN;
            unsigned found = 0u;
            DCN_UNROLL for (int i = 0; i < DCN_SEARCH_RUN; i++) found += own + i < p->points && bins[own + i] == cell;
            memory[item] = found;
        }
        DCN_BARRIER();
        dcn_scan(memory, p->items);
        DCN_FOR_ITEMS(item, p->items)
        {
            const dcn_i64 own = begin + (dcn_i64)item * DCN_SEARCH_RUN;
            unsigned place = next + memory[item];
            for (int i = 0; i < DCN_SEARCH_RUN; i++)
                if (own + i < p->points && bins[own + i] == cell)
                    ids[place++] = (unsigned)(own + i);
        }
        next += memory[p->items];
        DCN_BARRIER();
    }
    if (count > (unsigned)p->heavy)
        dcn_list_blocks(p, workspace, memory, plane, cell, count);
}

DCN_INLINE void dcn_fill_group(const dcn_backward_wide_params *given, DCN_GLOBAL unsigned *workspace,
                               DCN_LOCAL unsigned *memory, dcn_i64 work_group)
{
    const dcn_backward_wide_params special = dcn_backward_specialised(given);
    const dcn_backward_wide_params *p = &special;
    if (work_group >= p->workers) {
        dcn_fill_points(p, workspace, work_group - p->workers);
        return;
    }
    DCN_GLOBAL const unsigned *crowds = workspace + p->crowds_at;
    const unsigned cells = crowds[0];
    for (unsigned i = (unsigned)work_group; i < cells; i += (unsigned)p->workers)
        dcn_order_cell(p, workspace, memory, crowds[DCN_CROWD_HEADER + DCN_CROWD_ENTRY * i],
                       crowds[DCN_CROWD_HEADER + DCN_CROWD_ENTRY * i + 1]);
}
