#include "backward_wide_choice.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "../status.h"
#include "../tuning.h"

/* As in kernels/dcn_backward_wide.h and dcn_backward_bins.h: words of the lists, and what a work-item takes on. */
#define CROWD_HEADER 4
#define CROWD_ENTRY  2
#define BLOCK_ENTRY  3
#define CLEAR_RUN    8
#define RESERVE_RUN  8
#define FILL_RUN     4
/* Work-groups that reserve a plane's cells at most: each adds up all cells before its own. */
#define RESERVE_BLOCKS 64
/* Points of a block of a crowded cell at least, and of another one; of a heavy cell, where points lie about a grid and
 * where they lie anywhere in levels, whose smaller ones have many in every cell; and words for each such point at most,
 * which its cell's sums take the place of, four for each channel. */
#define BLOCK           1024
#define SPLIT           128
#define HEAVY           128
#define LEVEL_HEAVY     64
#define LEVEL_SUM_WORDS 4
/* Work-groups for crowded cells, and for heavy ones about a grid and in levels, for each compute unit. */
#define WORKERS       4
#define HEAVY_WORKERS 8
#define LEVEL_WORKERS 16

_Static_assert(offsetof(dcn_backward_wide_params, by_team) + sizeof(dcn_divisor) == sizeof(dcn_backward_wide_params),
               "see dcn_params.h");

static const struct {
    const char *program;   /* for a grid … */
    const char *attention; /* … and for levels */
    const char *entry;
    const char *fast; /* entry of the fast kernel; NULL: there is one for both */
    bool special;     /* it may be built for the plan's numbers */
} stages[DCN_STAGE_NUMBER] = {
    [DCN_STAGE_CLEAR] = {"backward_bins", "attention_backward_bins", "dcn_backward_clear", NULL, false},
    [DCN_STAGE_COUNT] = {"backward_value", "attention_backward_value", "dcn_backward_count", NULL, true},
    [DCN_STAGE_RESERVE] = {"backward_bins", "attention_backward_bins", "dcn_backward_reserve", NULL, false},
    [DCN_STAGE_FILL] = {"backward_bins", "attention_backward_bins", "dcn_backward_fill", NULL, false},
    [DCN_STAGE_STATISTICS] = {"backward_bins", "attention_backward_bins", "dcn_backward_statistics", NULL, false},
    [DCN_STAGE_HEAVY] = {"backward_bins", "attention_backward_bins", "dcn_backward_heavy", "dcn_backward_heavy_fast",
                         false},
    [DCN_STAGE_GATHER] = {"backward_value", "attention_backward_value", "dcn_backward_gather",
                          "dcn_backward_gather_fast", true},
    [DCN_STAGE_POINTS] = {"backward_points", "attention_backward_points", "dcn_backward_points",
                          "dcn_backward_points_fast", true},
};

static int64_t blocks_of(int64_t extent, int64_t block)
{
    return (extent + block - 1) / block;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- workspace -------------------------------------------------------------------------------- */

/* Sets where a part begins and moves on behind it. */
static void take(dcn_i64 *part, int64_t words, int64_t *end)
{
    *part = *end;
    *end += blocks_of(words, 4) * 4;
}

uint64_t dcn_backward_wide_workspace(const dcn_backward_shape *shape, int64_t images, dcn_backward_wide_params *p)
{
    const dcn_forward_shape *s = &shape->forward;
    const int64_t planes = images * s->group;
    const int64_t points = planes * p->points;
    const int64_t slots = blocks_of(points, 2);
    const int64_t statistics = s->softmax ? 2 * planes * s->out_height * s->out_width : 0;
    const int64_t crowds = planes * (p->points / (p->crowd + 1));
    const int64_t heavy = planes * (p->points / (p->heavy + 1));
    int64_t end = 0;
    take(&p->counts_at, planes * p->cells, &end);
    take(&p->starts_at, planes * (p->cells + 1), &end);
    take(&p->ids_at, points, &end);
    take(&p->bins_at, points * p->sum_words, &end);
    take(&p->slots_at, larger(slots, statistics), &end);
    take(&p->crowds_at, CROWD_HEADER + CROWD_ENTRY * crowds, &end);
    take(&p->blocks_at, heavy > 0 ? BLOCK_ENTRY * (points / smaller(p->block, p->split) + heavy) : 0, &end);
    return (uint64_t)end * sizeof(uint32_t);
}

/* ---- launches --------------------------------------------------------------------------------- */

uint64_t dcn_backward_wide_groups(const dcn_backward_wide_choice *c, dcn_wide_stage stage, int64_t images)
{
    const bool is_value = stage != DCN_STAGE_POINTS;
    const dcn_backward_wide_params *p = is_value ? &c->value : &c->points;
    const dcn_forward_params *f = &p->forward;
    const int64_t planes = images * f->group;
    switch (stage) {
    case DCN_STAGE_CLEAR:
        return (uint64_t)blocks_of(planes * p->cells, (int64_t)p->items * CLEAR_RUN);
    case DCN_STAGE_COUNT:
    case DCN_STAGE_POINTS:
        return p->points > 0 ? (uint64_t)(images * f->tiles_h * f->tiles_w * f->group_blocks) : 0;
    case DCN_STAGE_RESERVE:
        return (uint64_t)(planes * p->reserve_blocks);
    case DCN_STAGE_FILL:
        return (uint64_t)(planes * p->fill_blocks + p->workers);
    case DCN_STAGE_STATISTICS:
        return f->softmax && p->points > 0 ? (uint64_t)blocks_of(planes * f->out_height * f->out_width, p->items) : 0;
    case DCN_STAGE_HEAVY:
        return p->points > p->heavy ? (uint64_t)p->heavy_workers : 0;
    default: /* gather */
        return (uint64_t)(planes * p->values_h * p->values_w);
    }
}

/* ---- parameters ------------------------------------------------------------------------------- */

int64_t dcn_backward_cells(const dcn_forward_shape *s)
{
    return s->grid.levels.count > 0 ? dcn_grid_cells(&s->grid) : (s->height + 1) * (s->width + 1);
}

static dcn_backward_wide_params common_params(const dcn_backward_shape *shape)
{
    const dcn_forward_shape *s = &shape->forward;
    dcn_backward_wide_params p = {.forward = dcn_forward_common_params(s)};
    p.cells = dcn_backward_cells(s);
    p.points = s->no_output ? 0 : s->out_height * s->out_width * p.forward.points;
    p.float32_gradients = shape->float32_gradients;
    p.padding = s->offset == s->mask ? (int)(s->offset_row - s->group * s->offset_group) : 0;
    p.by_group = dcn_divisor_of((int)s->group);
    p.by_out_width = dcn_divisor_of((int)s->out_width);
    p.by_points = dcn_divisor_of(p.forward.points);
    return p;
}

/* The cells that an output pixel's points without offsets fall into: the first one, from its own position on, and how
 * many. */
static void find_reach(int64_t kernel, int64_t dilation, double scale, int64_t *first, int64_t *count)
{
    const double center = (double)dcn_grid_center(kernel, dilation);
    const double ends[2] = {-center * scale, ((double)((kernel - 1) * dilation) - center) * scale};
    const double least = fmax(floor(fmin(ends[0], ends[1])), -(double)INT32_MAX / 4);
    const double most = fmin(floor(fmax(ends[0], ends[1])), (double)INT32_MAX / 4);
    *first = (int64_t)least;
    *count = (int64_t)(most - least) + 1;
}

static void set_count(const dcn_forward_shape *s, const dcn_device_limits *limits, dcn_backward_wide_choice *c)
{
    dcn_backward_wide_params *p = &c->value;
    dcn_forward_params *f = &p->forward;
    int64_t first_h, first_w;
    dcn_count_problem problem = {.points = f->points,
                                 .group = f->group,
                                 .out_height = f->out_height,
                                 .out_width = f->out_width,
                                 .stride_h = f->stride_h,
                                 .stride_w = f->stride_w};
    find_reach(s->grid.kernel_h, s->grid.dilation_h, s->grid.scale, &first_h, &problem.reach_h);
    find_reach(s->grid.kernel_w, s->grid.dilation_w, s->grid.scale, &first_w, &problem.reach_w);
    dcn_count_launch launch;
    dcn_tune_count(limits, &problem, &launch);
    dcn_forward_set_tile(launch.tile_h, launch.tile_w, launch.tile_groups, s->batch, f);
    f->chunk = launch.chunk;
    f->pitch = launch.chunk;
    p->window_h = launch.window_h;
    p->window_w = launch.window_w;
    if (launch.window_w > 0) {
        p->window_x = f->origin_w + (int)first_w - launch.margin;
        p->window_y = f->origin_h + (int)first_h - launch.margin;
    }
    c->stages[DCN_STAGE_COUNT].local_bytes = launch.local_bytes;
}

/* The last levels' cells, as many as a work-group counts by itself. */
static int64_t level_window(const dcn_levels *levels, int64_t most)
{
    int64_t cells = 0;
    for (int64_t l = levels->count - 1; l >= 0; l--) {
        const int64_t more = (levels->shapes[2 * l] + 1) * (levels->shapes[2 * l + 1] + 1);
        if (cells + more > most)
            break;
        cells += more;
    }
    return cells;
}

/* The same for points that lie anywhere in levels. */
static void set_level_count(const dcn_forward_shape *s, const dcn_device_limits *limits, dcn_backward_wide_choice *c)
{
    dcn_backward_wide_params *p = &c->value;
    const dcn_level_count_problem problem = {
        .items = p->items, .points = p->forward.points, .queries = p->forward.out_width, .planes = s->batch * s->group};
    const dcn_level_count_launch launch = dcn_tune_level_count(limits, &problem);
    p->window_w = (int)level_window(&s->grid.levels, launch.window);
    p->window_x = (int)(p->cells - p->window_w);
    dcn_forward_set_tile(1, launch.queries, 1, s->batch, &p->forward);
    p->forward.chunk = p->forward.pitch = p->forward.points;
    c->stages[DCN_STAGE_COUNT].local_bytes = sizeof(uint32_t) * (uint64_t)larger(p->window_w, 1);
}

/* Tiles of value pixels of an image: rows and columns of them, or in a row those of all levels. */
static void set_value_tiles(const dcn_forward_shape *s, dcn_backward_wide_params *p)
{
    const dcn_levels *levels = &s->grid.levels;
    p->values_h = levels->count > 0 ? 1 : (int)blocks_of(s->height, p->value_h);
    p->values_w = levels->count > 0 ? 0 : (int)blocks_of(s->width, p->value_w);
    for (int64_t l = 0; l < levels->count; l++)
        p->values_w +=
            (int)(blocks_of(levels->shapes[2 * l], p->value_h) * blocks_of(levels->shapes[2 * l + 1], p->value_w));
    p->by_values_h = dcn_divisor_of(p->values_h);
    p->by_values_w = dcn_divisor_of(p->values_w);
}

/* What a heavy cell is, and how its points are summed. */
static dcn_status set_heavy(const dcn_forward_shape *s, const dcn_device_limits *limits, dcn_backward_wide_choice *c)
{
    dcn_backward_wide_params *p = &c->value;
    const int64_t sums = 4 * s->group_channels;
    const bool levels = s->grid.levels.count > 0;
    dcn_heavy_launch launch;
    const dcn_status status = dcn_tune_heavy(limits, p->items, p->forward.lanes, s->dtype, &launch);
    if (status != DCN_SUCCESS)
        return status;
    p->sum_words = levels ? (int)larger(smaller(sums / LEVEL_HEAVY, LEVEL_SUM_WORDS), 1) : 1;
    p->heavy = (int)larger(levels ? LEVEL_HEAVY : HEAVY, blocks_of(sums, p->sum_words));
    p->block = (int)larger(BLOCK, blocks_of(2 * sums, BLOCK) * BLOCK);
    p->split = (int)larger(SPLIT, p->heavy);
    p->teams = launch.teams;
    p->team_rows = launch.team_rows;
    p->team_words = launch.team_words;
    p->by_lanes = dcn_divisor_of(p->forward.lanes);
    p->by_team = dcn_divisor_of(launch.team_rows * p->forward.lanes);
    /* A cell that is not heavy may have more points than the gather has room for. */
    p->crowd = p->heavy < p->room ? DCN_SORTED : (int)smaller(p->room, DCN_SORTED);
    while ((p->points - 1) >> p->part_shift >= DCN_PARTS)
        p->part_shift++;
    p->heavy_workers = (int)larger(limits->compute_units, 1) * (levels ? LEVEL_WORKERS : HEAVY_WORKERS);
    c->stages[DCN_STAGE_HEAVY].local_bytes = launch.local_bytes;
    return DCN_SUCCESS;
}

/* What depends on the size of a work-group. */
static dcn_status set_items(const dcn_forward_shape *s, const dcn_device_limits *limits,
                            const dcn_gather_launch *launch, dcn_backward_wide_choice *c)
{
    dcn_backward_wide_params *p = &c->value;
    p->items = (int)launch->local;
    p->forward.lanes = launch->lanes;
    p->value_h = launch->value_h;
    p->value_w = launch->value_w;
    set_value_tiles(s, p);
    p->room = launch->room;
    const dcn_status status = set_heavy(s, limits, c);
    if (status != DCN_SUCCESS)
        return status;
    const int64_t most = smaller(p->points / (p->crowd + 1) * s->batch * s->group, INT32_MAX);
    p->workers = (int)smaller((int64_t)larger(limits->compute_units, 1) * WORKERS, most);
    const int64_t run = (int64_t)p->items * RESERVE_RUN;
    p->reserve_cells = (int)(blocks_of(larger(blocks_of(p->cells, RESERVE_BLOCKS), 1), run) * run);
    p->reserve_blocks = (int)blocks_of(p->cells, p->reserve_cells);
    p->fill_blocks = (int)blocks_of(larger(p->points, 1), (int64_t)p->items * FILL_RUN);
    p->by_reserve_blocks = dcn_divisor_of(p->reserve_blocks);
    p->by_fill_blocks = dcn_divisor_of(p->fill_blocks);
    for (int stage = 0; stage < DCN_STAGE_POINTS; stage++)
        c->stages[stage].local = launch->local;
    c->stages[DCN_STAGE_RESERVE].local_bytes = c->stages[DCN_STAGE_FILL].local_bytes =
        (2 * (uint64_t)launch->local + 2) * sizeof(uint32_t);
    c->stages[DCN_STAGE_GATHER].local_bytes = launch->local_bytes;
    return DCN_SUCCESS;
}

/* ---- choosing --------------------------------------------------------------------------------- */

/* Makes the kernels of stages first … last-1 anew; the least work-group that they can all be launched with. */
static dcn_status make_kernels(dcn_context *context, const dcn_forward_shape *s, const dcn_kernel_key *key, bool fast,
                               int first, int last, dcn_backward_wide_choice *c, uint32_t *work_items)
{
    const dcn_backend *backend = context->backend;
    dcn_status status = DCN_SUCCESS;
    for (int i = first; i < last && status == DCN_SUCCESS; i++) {
        dcn_wide_kernel *made = &c->stages[i];
        uint32_t most = *work_items;
        if (made->kernel)
            backend->kernel_destroy(context->device, made->kernel);
        made->kernel = NULL;
        made->key = *key;
        if (!stages[i].special) {
            made->key.define_count = 0;
            made->key.registers = 0;
        } else if (!fast) {
            dcn_define_macro(&made->key, "DCN_GENERAL", 1);
        }
        made->key.program = s->grid.levels.count > 0 ? stages[i].attention : stages[i].program;
        made->key.entry = fast && stages[i].fast ? stages[i].fast : stages[i].entry;
        status = backend->kernel_create(context->device, &made->key, &made->kernel);
        if (status == DCN_SUCCESS)
            status = backend->kernel_work_group(context->device, made->kernel, &most);
        *work_items = most < *work_items ? most : *work_items;
    }
    return status;
}

/* The extents of the largest level, and how full its cells are: those of smaller ones are heavy. */
static void find_largest(const dcn_forward_shape *s, const dcn_backward_wide_params *p, dcn_gather_problem *problem)
{
    const dcn_levels *levels = &s->grid.levels;
    int64_t most = 0;
    for (int64_t l = 0; l < levels->count; l++) {
        const int64_t height = levels->shapes[2 * l];
        const int64_t width = levels->shapes[2 * l + 1];
        if (height * width <= most)
            continue;
        most = height * width;
        problem->height = (int)height;
        problem->width = (int)width;
        problem->density = (double)p->points / (double)levels->count / (double)((height + 1) * (width + 1));
    }
}

/* No compute unit holds more than 16 work-groups of some GPUs. */
static int64_t groups_of_unit(int64_t items, uint32_t local)
{
    return smaller(larger(items / local, 1), 16);
}

static dcn_status fit_value(dcn_context *context, const dcn_backward_shape *shape, const dcn_device_limits *limits,
                            const dcn_kernel_key *common, const dcn_path *path, uint32_t *work_items,
                            dcn_backward_wide_choice *c)
{
    const dcn_forward_shape *s = &shape->forward;
    dcn_kernel_key key = *common;
    c->value = common_params(shape);
    dcn_gather_problem problem = {.work_items = *work_items,
                                  .dtype = s->dtype,
                                  .index_bits = path->index_bits,
                                  .group_channels = (int)s->group_channels,
                                  .height = (int)s->height,
                                  .width = (int)s->width,
                                  .density = (double)c->value.points / (double)c->value.cells};
    find_largest(s, &c->value, &problem);
    dcn_gather_launch launch;
    dcn_status status = dcn_tune_gather(limits, &problem, &launch);
    if (status == DCN_SUCCESS)
        status = set_items(s, limits, &launch, c);
    if (status != DCN_SUCCESS)
        return status;
    if (s->grid.levels.count > 0)
        set_level_count(s, limits, c);
    else
        set_count(s, limits, c);
    const bool whole = c->value.forward.chunk == c->value.forward.points &&
                       (int64_t)launch.lanes * (16 / (int64_t)dcn_dtype_size(s->dtype)) >= s->group_channels;
    if (path->build == DCN_BUILD_SPECIAL && whole) {
        dcn_forward_define(s, &c->value.forward, launch.local, &key);
        dcn_define_macro(&key, "DCN_VALUE_TILE_H", launch.value_h);
        dcn_define_macro(&key, "DCN_VALUE_TILE_W", launch.value_w);
        dcn_define_macro(&key, "DCN_ROOM", launch.room);
        if (path->index_bits == 64)
            dcn_define_macro(&key, "DCN_WORK_GROUPS", groups_of_unit(DCN_WIDE_UNIT_ITEMS, launch.local));
    }
    return make_kernels(context, s, &key, path->pace == DCN_PACE_FAST, 0, DCN_STAGE_POINTS, c, work_items);
}

static dcn_status fit_points(dcn_context *context, const dcn_backward_shape *shape, const dcn_device_limits *limits,
                             const dcn_kernel_key *common, const dcn_path *path, uint32_t *work_items,
                             dcn_backward_wide_choice *c)
{
    const dcn_forward_shape *s = &shape->forward;
    dcn_kernel_key key = *common;
    c->points = common_params(shape);
    dcn_forward_params *f = &c->points.forward;
    const dcn_wide_problem problem = {.work_items = *work_items,
                                      .dtype = s->dtype,
                                      .index_bits = path->index_bits,
                                      .points = f->points,
                                      .group = f->group,
                                      .group_channels = f->group_channels,
                                      .out_height = f->out_height,
                                      .out_width = f->out_width,
                                      .scattered = s->grid.levels.count > 0};
    bool special = path->build == DCN_BUILD_SPECIAL;
    dcn_wide_launch launch;
    dcn_status status = dcn_tune_points(limits, &problem, special, &launch);
    const int64_t vector = 16 / (int64_t)dcn_dtype_size(s->dtype);
    if (status == DCN_SUCCESS && special && (launch.chunk < f->points || launch.lanes * vector < s->group_channels)) {
        special = false;
        status = dcn_tune_points(limits, &problem, false, &launch);
    }
    if (status != DCN_SUCCESS)
        return status;
    f->lanes = launch.lanes;
    f->chunk = launch.chunk;
    f->pitch = launch.pitch;
    c->points.items = (int)launch.local;
    dcn_forward_set_tile(launch.tile_h, launch.tile_w, launch.tile_groups, s->batch, f);
    c->stages[DCN_STAGE_POINTS].local = launch.local;
    c->stages[DCN_STAGE_POINTS].local_bytes = launch.local_bytes;
    if (special) {
        dcn_forward_define(s, f, launch.local, &key);
        key.registers = DCN_POINTS_REGISTERS;
        const int64_t unit = path->index_bits == 64 ? DCN_LONG_INDEX_ITEMS : DCN_WIDE_UNIT_ITEMS;
        if (path->index_bits == 64 || s->grid.levels.count > 0)
            dcn_define_macro(&key, "DCN_WORK_GROUPS", groups_of_unit(unit, launch.local));
    }
    return make_kernels(context, s, &key, path->pace == DCN_PACE_FAST, DCN_STAGE_POINTS, DCN_STAGE_NUMBER, c,
                        work_items);
}

dcn_status dcn_backward_wide_choose(dcn_context *context, const dcn_backward_shape *shape,
                                    const dcn_device_limits *limits, const dcn_path *path, dcn_backward_wide_choice *c)
{
    const dcn_kernel_key key = {.storage = shape->forward.dtype,
                                .index_bits = path->index_bits,
                                .lanes = 1,
                                .isa = path->isa[0] ? path->isa : NULL};
    uint32_t work_items = limits->max_work_group;
    dcn_status status = fit_value(context, shape, limits, &key, path, &work_items, c);
    /* A compiler may need so many registers that fewer work-items fit than the device allows. */
    if (status == DCN_SUCCESS && work_items < c->stages[0].local)
        status = fit_value(context, shape, limits, &key, path, &work_items, c);
    work_items = limits->max_work_group;
    if (status == DCN_SUCCESS)
        status = fit_points(context, shape, limits, &key, path, &work_items, c);
    if (status == DCN_SUCCESS && work_items < c->stages[DCN_STAGE_POINTS].local)
        status = fit_points(context, shape, limits, &key, path, &work_items, c);
    for (int i = 0; i < DCN_STAGE_NUMBER; i++)
        c->stages[i].key.isa = NULL; /* points into the caller's path; clones ask the kernel instead */
    return status;
}
