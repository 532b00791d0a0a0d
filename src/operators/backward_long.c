#include "backward_long.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "../status.h"
#include "../tuning.h"
#include "forward_choice.h"
#include "grid_memory.h"
#include "parameters.h"
#include "plan_kernel.h"

_Static_assert(offsetof(dcn_backward_long_params, far_groups) + sizeof(int) == sizeof(dcn_backward_long_params),
               "see dcn_params.h");

/* Workspace that gradients in levels may have in any case, bytes: room for several units of usual sizes. */
#define LEVELS_LIMIT ((uint64_t)1 << 28)

/* In the order of dcn_backward_long.h. */
enum { KERNEL_BANDS, KERNEL_FAR, KERNEL_STORE, KERNELS };

/* Launches of one piece of the work: bands of even and of odd number, far points, rounding. */
#define PIECE_LAUNCHES 4

/* A launch with the parameters that it points to. */
typedef struct job {
    dcn_backward_long_params params;
    uint64_t groups;
    int kernel;
} job;

typedef struct backward_long {
    dcn_context *context;
    dcn_backward_shape shape;
    dcn_grid_memory *grid;
    dcn_kernel *kernels[KERNELS];
    dcn_kernel_key keys[KERNELS];
    dcn_backward_long_params params; /* what all launches share */
    int64_t units, piece_units;      /* in all, and in one piece */
    int64_t far_words;               /* at the workspace's start */
    size_t job_room;
    job *jobs;
    dcn_launch *launches;
} backward_long;

/* ---- the cut and the workspace ---------------------------------------------------------------- */

/* How far the sampling grid goes from its centre along an axis, in pixels; at most what images have. */
static int64_t grid_reach(int64_t kernel, int64_t dilation, double scale)
{
    const int64_t center = dcn_grid_center(kernel, dilation);
    const int64_t other = dilation * (kernel - 1) - center;
    const double reach = ceil(fabs(scale) * (double)(other > center ? other : center));
    return reach < (double)DCN_MAX_EXTENT ? (int64_t)reach : DCN_MAX_EXTENT;
}

/* What the workspace of gradients is meant to need at most: 12 bytes for each sampling point and 8 for each cell. */
static uint64_t usual_limit(const dcn_forward_shape *s)
{
    const double points = (double)s->out_height * (double)s->out_width * (double)dcn_grid_points(&s->grid);
    const double cells = ((double)s->height + 1.0) * ((double)s->width + 1.0);
    const double bytes = (double)s->batch * (double)s->group * (12.0 * points + 8.0 * cells);
    return bytes < 9e18 ? (uint64_t)bytes : INT64_MAX;
}

static dcn_backward_cut cut_of(const dcn_forward_shape *s, int64_t most_channels)
{
    const dcn_backward_call call = {
        .batch = s->batch,
        .width = s->width,
        .group = s->group,
        .group_channels = s->group_channels,
        .out_height = s->out_height,
        .stride_h = s->stride_h,
        .grid_reach_h = grid_reach(s->grid.kernel_h, s->grid.dilation_h, s->grid.scale),
        .grid_reach_w = grid_reach(s->grid.kernel_w, s->grid.dilation_w, s->grid.scale),
    };
    return dcn_tune_backward_long(&call, most_channels);
}

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + DCN_WORKSPACE_ALIGNMENT - 1) / DCN_WORKSPACE_ALIGNMENT * DCN_WORKSPACE_ALIGNMENT;
}

/* Bytes of workspace for so many units at once. */
static uint64_t bytes_of(const backward_long *b, int64_t units)
{
    const uint64_t words = (uint64_t)units * (uint64_t)b->params.bands;
    const uint64_t sums = b->params.in_place ? 0 : (uint64_t)units * (uint64_t)b->params.unit_sums;
    return aligned(words * sizeof(int32_t)) + sums * sizeof(float);
}

static bool in_levels(const backward_long *b)
{
    return b->shape.forward.grid.levels.count > 0;
}

static void set_cut(backward_long *b, const dcn_backward_cut *cut)
{
    dcn_backward_long_params *p = &b->params;
    const dcn_forward_shape *s = &b->shape.forward;
    p->blocks = cut->blocks;
    p->block_groups = cut->block_groups;
    p->block_parts = cut->block_parts;
    p->part_channels = cut->part_channels;
    p->bands = cut->bands;
    p->reach_h = cut->reach_h;
    p->reach_w = cut->reach_w;
    p->far_groups = cut->far_groups;
    p->front = cut->reach_h - cut->near + 1;
    p->image_pixels = s->height * s->width;
    p->pitch = p->in_place ? p->forward.channels : cut->block_channels;
    if (in_levels(b))
        p->pitch = 2 * cut->block_channels; /* what roundings leave out is summed too */
    p->unit_sums = p->image_pixels * p->pitch;
    b->units = s->batch * p->blocks;
}

/* How many units go at once, and what that needs. */
static dcn_status set_pieces(backward_long *b, uint64_t limit, uint64_t *workspace)
{
    uint64_t usual = usual_limit(&b->shape.forward);
    if (in_levels(b) && usual < LEVELS_LIMIT)
        usual = LEVELS_LIMIT;
    const uint64_t most = limit > 0 && limit < usual ? limit : usual;
    const uint64_t least = bytes_of(b, 1);
    if (b->units == 0) {
        b->piece_units = 1;
        *workspace = 0;
        return DCN_SUCCESS;
    }
    if (limit > 0 && limit < least)
        return dcn_refuse_workspace_limit(limit, least);
    b->piece_units = b->units;
    if (bytes_of(b, b->piece_units) > most) {
        const uint64_t fit = most / bytes_of(b, 1);
        b->piece_units = fit > 1 ? (int64_t)fit : 1;
        while (b->piece_units > 1 && bytes_of(b, b->piece_units) > most)
            b->piece_units--;
    }
    b->far_words =
        (int64_t)(aligned((uint64_t)b->piece_units * (uint64_t)b->params.bands * sizeof(int32_t)) / sizeof(int32_t));
    *workspace = bytes_of(b, b->piece_units);
    return DCN_SUCCESS;
}

/* Channels are cut finer where a block's sums alone would be more than a workspace is meant to be. */
static dcn_status cut_work(backward_long *b, uint64_t limit, uint64_t *workspace)
{
    const dcn_forward_shape *s = &b->shape.forward;
    dcn_backward_cut cut = cut_of(s, 0);
    set_cut(b, &cut);
    const uint64_t usual = usual_limit(s);
    if (!b->params.in_place && !in_levels(b) && bytes_of(b, 1) > usual) {
        const uint64_t pixels = (uint64_t)b->params.image_pixels * sizeof(float);
        const uint64_t channels = usual / pixels;
        cut = cut_of(s, channels > 1 ? (int64_t)channels - 1 : 1);
        set_cut(b, &cut);
    }
    return set_pieces(b, limit, workspace);
}

/* ---- making ----------------------------------------------------------------------------------- */

static void destroy(void *state)
{
    backward_long *b = state;
    if (!b)
        return;
    for (int i = 0; i < KERNELS; i++)
        if (b->kernels[i])
            b->context->backend->kernel_destroy(b->context->device, b->kernels[i]);
    dcn_grid_memory_release(b->grid);
    free(b->jobs);
    free(b->launches);
    free(b);
}

/* Room for the launches of every piece. */
static dcn_status make_room(backward_long *b)
{
    const int64_t pieces = (b->units + b->piece_units - 1) / b->piece_units;
    b->job_room = (size_t)(pieces > 0 ? pieces : 1) * PIECE_LAUNCHES;
    b->jobs = calloc(b->job_room, sizeof *b->jobs);
    b->launches = calloc(b->job_room, sizeof *b->launches);
    return b->jobs && b->launches ? DCN_SUCCESS : dcn_fail_memory("a plan's launches", b->job_room * sizeof *b->jobs);
}

static dcn_status make_kernels(backward_long *b, const dcn_path *path)
{
    static const char *const entries[KERNELS] = {"dcn_backward_long", "dcn_backward_long_far",
                                                 "dcn_backward_long_store"};
    const dcn_forward_shape *s = &b->shape.forward;
    dcn_device_limits limits;
    dcn_status status = DCN_SUCCESS;
    b->context->backend->limits(b->context->device, &limits);
    for (int i = 0; i < KERNELS && status == DCN_SUCCESS; i++) {
        dcn_kernel_key *key = &b->keys[i];
        key->program = s->grid.levels.count > 0 ? "attention_backward_long" : "backward_long";
        key->entry = entries[i];
        key->storage = s->dtype;
        key->index_bits = path->index_bits;
        key->lanes = dcn_tune_lanes(&limits, s->group_channels);
        key->isa = path->isa[0] ? path->isa : dcn_tune_isa(&limits, s->group_channels);
        status = b->context->backend->kernel_create(b->context->device, key, &b->kernels[i]);
        key->isa = NULL; /* points into the caller's path; clones ask the kernel instead */
    }
    return status;
}

dcn_status dcn_backward_long_create(dcn_context *context, const dcn_backward_shape *shape, uint64_t workspace_limit,
                                    dcn_path *path, const dcn_operator **op, void **state, uint64_t *workspace)
{
    const dcn_forward_shape *s = &shape->forward;
    backward_long *b = calloc(1, sizeof *b);
    if (!b)
        return dcn_fail_memory("a backward plan", sizeof *b);
    b->context = context;
    b->shape = *shape;
    b->params.forward = dcn_forward_common_params(s);
    b->params.float32_gradients = shape->float32_gradients || s->dtype == DCN_FLOAT32;
    b->params.in_place = b->params.float32_gradients && !in_levels(b);
    b->params.joint = shape->grad_offset == shape->grad_mask && s->mask_first == 2 * dcn_grid_points(&s->grid) &&
                      s->offset_group == 3 * dcn_grid_points(&s->grid);
    b->params.store_run = DCN_STORE_RUN;
    if (s->no_output)
        b->params.forward.out_width = 0;
    dcn_status status = cut_work(b, workspace_limit, workspace);
    if (status == DCN_SUCCESS)
        status = make_room(b);
    if (status == DCN_SUCCESS)
        status = dcn_grid_memory_create(context, &s->grid, &b->grid);
    if (status == DCN_SUCCESS)
        status = make_kernels(b, path);
    if (status != DCN_SUCCESS) {
        destroy(b);
        return status;
    }
    dcn_path_take_isa(context, b->kernels[KERNEL_BANDS], path);
    b->shape.forward.grid.levels.shapes = NULL; /* the caller's */
    *op = &dcn_backward_long_operator;
    *state = b;
    return DCN_SUCCESS;
}

static dcn_status clone_of(const void *state, void **clone)
{
    const backward_long *b = state;
    backward_long *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a backward plan", sizeof *made);
    *made = *b;
    made->jobs = NULL;
    made->launches = NULL;
    for (int i = 0; i < KERNELS; i++)
        made->kernels[i] = NULL;
    dcn_grid_memory_retain(made->grid);
    dcn_status status = make_room(made);
    for (int i = 0; i < KERNELS && status == DCN_SUCCESS; i++)
        status = dcn_kernel_clone(b->context, &b->keys[i], b->kernels[i], &made->kernels[i]);
    if (status != DCN_SUCCESS) {
        destroy(made);
        return status;
    }
    *clone = made;
    return DCN_SUCCESS;
}

/* ---- launches --------------------------------------------------------------------------------- */

/* What depends on the slices of a call. */
static dcn_backward_long_params params_of(const backward_long *b, const dcn_binding *bindings,
                                          const dcn_binding *workspace)
{
    const dcn_forward_shape *s = &b->shape.forward;
    const int64_t element = (int64_t)dcn_dtype_size(s->dtype);
    const int64_t gradient = b->params.float32_gradients ? (int64_t)sizeof(float) : element;
    const int64_t words = (int64_t)workspace->offset / (int64_t)sizeof(float);
    const bool joint = b->shape.grad_offset == b->shape.grad_mask;
    dcn_backward_long_params p = b->params;
    p.forward.value_at = (int64_t)bindings[s->value].offset / element;
    p.forward.offset_at = (int64_t)bindings[s->offset].offset / element;
    p.forward.mask_at = (int64_t)bindings[s->mask].offset / element + s->mask_first;
    p.forward.output_at = (int64_t)bindings[s->output].offset / element;
    p.grad_value_at = (int64_t)bindings[b->shape.grad_value].offset / gradient;
    p.grad_offset_at = (int64_t)bindings[b->shape.grad_offset].offset / gradient;
    p.grad_mask_at = (int64_t)bindings[b->shape.grad_mask].offset / gradient + (joint ? s->mask_first : 0);
    p.far_at = words;
    p.sums_at = words + b->far_words;
    p.wants_value = bindings[b->shape.grad_value].handle != NULL;
    p.wants_offset = bindings[b->shape.grad_offset].handle != NULL;
    p.wants_mask = bindings[b->shape.grad_mask].handle != NULL;
    return p;
}

static void add_job(backward_long *b, size_t *count, int kernel, const dcn_backward_long_params *params, int64_t groups)
{
    b->jobs[(*count)++] = (job){*params, (uint64_t)groups, kernel};
}

/* The launches of units first … first+units-1. */
static void add_piece(backward_long *b, size_t *count, dcn_backward_long_params p, int64_t first, int64_t units)
{
    p.first_unit = first;
    p.band_step = p.wants_value ? 2 : 1;
    for (p.first_band = 0; p.first_band < p.band_step && p.first_band < p.bands; p.first_band++) {
        p.band_count = (p.bands - p.first_band + p.band_step - 1) / p.band_step;
        add_job(b, count, KERNEL_BANDS, &p, units * p.band_count);
    }
    if (!p.wants_value)
        return;
    if (!in_levels(b))
        add_job(b, count, KERNEL_FAR, &p, units * ((p.block_groups + p.far_groups - 1) / p.far_groups));
    if (!p.in_place)
        add_job(b, count, KERNEL_STORE, &p, units * ((p.image_pixels + p.store_run - 1) / p.store_run));
}

/* An absent result's place is taken by a tensor that is there, and the parameters say that it is not wanted. */
static const dcn_binding *present(const dcn_binding *bindings, size_t wanted, size_t other)
{
    return bindings[wanted].handle ? &bindings[wanted] : &bindings[other];
}

static size_t launches(void *state, const dcn_binding *bindings, const dcn_binding *workspace,
                       const dcn_launch **launches)
{
    backward_long *b = state;
    const dcn_forward_shape *s = &b->shape.forward;
    const dcn_backward_long_params params = params_of(b, bindings, workspace);
    size_t count = 0;
    for (int64_t first = 0; first < b->units; first += b->piece_units) {
        const int64_t units = b->units - first < b->piece_units ? b->units - first : b->piece_units;
        add_piece(b, &count, params, first, units);
    }
    for (size_t i = 0; i < count; i++)
        b->launches[i] = (dcn_launch){
            .kernel = b->kernels[b->jobs[i].kernel],
            .bindings = {&bindings[s->value], &bindings[s->offset], &bindings[s->mask], &bindings[s->output],
                         present(bindings, b->shape.grad_value, s->output),
                         present(bindings, b->shape.grad_offset, s->output),
                         present(bindings, b->shape.grad_mask, s->output), workspace, &b->grid->binding},
            .binding_count = 9,
            .params = &b->jobs[i].params,
            .params_size = sizeof b->jobs[i].params,
            .groups = b->jobs[i].groups,
            .local = 1,
        };
    *launches = b->launches;
    return count;
}

const dcn_operator dcn_backward_long_operator = {"gradients", launches, clone_of, destroy};
