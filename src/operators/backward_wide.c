#include "backward_wide.h"

#include <stdlib.h>
#include <string.h>

#include "../status.h"
#include "backward_wide_choice.h"
#include "grid_memory.h"
#include "parameters.h"
#include "plan_kernel.h"

/* A batch goes in pieces of whole images that the workspace has room for. Each has parameters of its own. */
typedef struct piece {
    dcn_backward_wide_params value;
    dcn_backward_wide_params points;
} piece;

typedef struct backward_wide {
    dcn_context *context;
    dcn_backward_shape shape;
    dcn_grid_memory *grid;
    dcn_backward_wide_choice preferred;
    dcn_backward_wide_choice fallback; /* for slices without the alignment that `preferred` needs */
    uint64_t alignment;                /* of what is loaded in vectors, bytes; 1: none beyond the element's */
    int64_t images;                    /* of a piece; the last one may have fewer */
    size_t piece_count;
    piece *pieces;
    dcn_launch *launches;
} backward_wide;

static void destroy_choice(const backward_wide *b, dcn_backward_wide_choice *c)
{
    for (int i = 0; i < DCN_STAGE_NUMBER; i++)
        if (c->stages[i].kernel)
            b->context->backend->kernel_destroy(b->context->device, c->stages[i].kernel);
}

static void backward_wide_destroy(void *state)
{
    backward_wide *b = state;
    if (!b)
        return;
    destroy_choice(b, &b->preferred);
    destroy_choice(b, &b->fallback);
    dcn_grid_memory_release(b->grid);
    free(b->pieces);
    free(b->launches);
    free(b);
}

/* ---- pieces ----------------------------------------------------------------------------------- */

/* Whether a piece of so many images can be launched, and the workspace that it takes. */
static bool fits(backward_wide *b, int64_t images, uint64_t *bytes)
{
    dcn_backward_wide_choice *choices[] = {&b->preferred, &b->fallback};
    *bytes = 0;
    for (int i = 0; i < 2; i++) {
        if (!choices[i]->stages[0].kernel)
            continue;
        const uint64_t needed = dcn_backward_wide_workspace(&b->shape, images, &choices[i]->value);
        *bytes = needed > *bytes ? needed : *bytes;
        for (int stage = 0; stage < DCN_STAGE_NUMBER; stage++)
            if (dcn_backward_wide_groups(choices[i], (dcn_wide_stage)stage, images) > INT32_MAX)
                return false;
    }
    return true;
}

/* The largest piece within the limit. */
static dcn_status choose_pieces(backward_wide *b, uint64_t limit, uint64_t *workspace)
{
    const int64_t batch = b->shape.forward.batch;
    int64_t most = batch > 0 ? batch : 1;
    uint64_t bytes;
    if (!fits(b, 1, &bytes))
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "gradients of the wide shape: one image needs more than %d work-groups",
                        INT32_MAX);
    if (limit > 0 && bytes > limit)
        return dcn_refuse_workspace_limit(limit, bytes);
    int64_t least = 1;
    while (least < most) {
        const int64_t middle = least + (most - least + 1) / 2;
        if (fits(b, middle, &bytes) && (limit == 0 || bytes <= limit))
            least = middle;
        else
            most = middle - 1;
    }
    b->images = least;
    b->piece_count = (size_t)((batch + least - 1) / least);
    fits(b, least, workspace);
    return DCN_SUCCESS;
}

static dcn_status make_pieces(backward_wide *b)
{
    const size_t pieces = b->piece_count > 0 ? b->piece_count : 1;
    b->pieces = calloc(pieces, sizeof *b->pieces);
    b->launches = calloc(pieces * DCN_STAGE_NUMBER, sizeof *b->launches);
    if (b->pieces && b->launches)
        return DCN_SUCCESS;
    return dcn_fail_memory("a backward plan", pieces * (sizeof *b->pieces + DCN_STAGE_NUMBER * sizeof *b->launches));
}

/* ---- the operator's table --------------------------------------------------------------------- */

/* Planes whose cells or points 32-bit numbers cannot tell apart have no wide kernel. */
static dcn_status check_plane(const dcn_forward_shape *s)
{
    const double points = (double)s->out_height * (double)s->out_width * (double)dcn_grid_points(&s->grid);
    const double cells = (double)dcn_backward_cells(s);
    if (points < (double)INT32_MAX && cells < (double)INT32_MAX)
        return DCN_SUCCESS;
    return dcn_fail(DCN_ERROR_UNSUPPORTED,
                    "gradients of the wide shape: an image has %.0f points in a group and %.0f cells, but at most "
                    "%d of each are possible",
                    points, cells, INT32_MAX - 1);
}

static dcn_status choose(backward_wide *b, const dcn_path *path)
{
    dcn_device_limits limits;
    b->context->backend->limits(b->context->device, &limits);
    dcn_status status = dcn_backward_wide_choose(b->context, &b->shape, &limits, path, &b->preferred);
    if (status == DCN_SUCCESS && path->pace == DCN_PACE_FAST) {
        const dcn_path general = dcn_path_general(path);
        status = dcn_backward_wide_choose(b->context, &b->shape, &limits, &general, &b->fallback);
    }
    return status;
}

dcn_status dcn_backward_wide_create(dcn_context *context, const dcn_backward_shape *shape, uint64_t workspace_limit,
                                    dcn_path *path, const dcn_operator **op, void **state, uint64_t *workspace)
{
    dcn_status status = check_plane(&shape->forward);
    if (status != DCN_SUCCESS)
        return status;
    backward_wide *b = calloc(1, sizeof *b);
    if (!b)
        return dcn_fail_memory("a backward plan", sizeof *b);
    b->context = context;
    b->shape = *shape;
    b->alignment = path->pace == DCN_PACE_FAST ? 16 : 1;
    status = dcn_grid_memory_create(context, &shape->forward.grid, &b->grid);
    if (status == DCN_SUCCESS)
        status = choose(b, path);
    if (status == DCN_SUCCESS)
        status = choose_pieces(b, workspace_limit, workspace);
    if (status == DCN_SUCCESS)
        status = make_pieces(b);
    if (status != DCN_SUCCESS) {
        backward_wide_destroy(b);
        return status;
    }
    dcn_path_take_isa(context, b->preferred.stages[0].kernel, path);
    b->shape.forward.grid.levels.shapes = NULL; /* the caller's */
    *op = &dcn_backward_wide_operator;
    *state = b;
    return DCN_SUCCESS;
}

static dcn_status clone_choice(const backward_wide *b, const dcn_backward_wide_choice *original,
                               dcn_backward_wide_choice *clone)
{
    dcn_status status = DCN_SUCCESS;
    for (int i = 0; i < DCN_STAGE_NUMBER && status == DCN_SUCCESS; i++)
        status = dcn_kernel_clone(b->context, &original->stages[i].key, original->stages[i].kernel,
                                  &clone->stages[i].kernel);
    return status;
}

static dcn_status backward_wide_clone(const void *state, void **clone)
{
    const backward_wide *b = state;
    backward_wide *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a backward plan", sizeof *made);
    *made = *b;
    made->pieces = NULL;
    made->launches = NULL;
    for (int i = 0; i < DCN_STAGE_NUMBER; i++)
        made->preferred.stages[i].kernel = made->fallback.stages[i].kernel = NULL;
    dcn_grid_memory_retain(b->grid);
    dcn_status status = clone_choice(b, &b->preferred, &made->preferred);
    if (status == DCN_SUCCESS)
        status = clone_choice(b, &b->fallback, &made->fallback);
    if (status == DCN_SUCCESS)
        status = make_pieces(made);
    if (status != DCN_SUCCESS) {
        backward_wide_destroy(made);
        return status;
    }
    *clone = made;
    return DCN_SUCCESS;
}

/* ---- a call ----------------------------------------------------------------------------------- */

typedef struct call {
    const dcn_binding *value, *offset, *mask, *grad_output, *grad_value, *grad_offset, *grad_mask;
    const dcn_binding *grid, *workspace;
} call;

static bool is_present(const dcn_binding *binding)
{
    return binding->handle != NULL;
}

static int64_t element_at(const dcn_binding *binding, uint64_t element)
{
    return (int64_t)(binding->offset / element);
}

/* Parameters of the images from `first` on. */
static dcn_backward_wide_params piece_params(const backward_wide *b, const call *c,
                                             const dcn_backward_wide_params *common, int64_t first, int64_t images)
{
    const dcn_forward_shape *s = &b->shape.forward;
    const uint64_t element = dcn_dtype_size(s->dtype);
    const uint64_t result = b->shape.float32_gradients ? sizeof(float) : element;
    dcn_backward_wide_params p = *common;
    dcn_forward_params *f = &p.forward;
    f->value_at = element_at(c->value, element) + first * f->image;
    f->offset_at = element_at(c->offset, element) + first * f->offset_image;
    f->mask_at = element_at(c->mask, element) + s->mask_first + first * f->mask_image;
    f->output_at = element_at(c->grad_output, element) + first * f->output_image;
    f->pixels = images * s->out_height * s->out_width;
    p.grad_value_at = element_at(c->grad_value, result) + first * f->image;
    p.grad_offset_at = element_at(c->grad_offset, result) + first * f->offset_image;
    p.grad_mask_at = element_at(c->grad_mask, result) + s->mask_first + first * f->mask_image;
    p.planes = images * s->group;
    p.wants_offset = is_present(c->grad_offset);
    p.wants_mask = is_present(c->grad_mask);
    p.workspace_at = element_at(c->workspace, sizeof(uint32_t));
    return p;
}

static void bind_stage(const call *c, dcn_wide_stage stage, dcn_launch *launch)
{
    /* A kernel that makes two results binds a tensor of the same size or more in place of an absent one. */
    const dcn_binding *grad_offset = is_present(c->grad_offset) ? c->grad_offset : c->grad_mask;
    const dcn_binding *grad_mask = is_present(c->grad_mask) ? c->grad_mask : c->grad_offset;
    const dcn_binding *const bound[DCN_STAGE_NUMBER][DCN_MAX_BINDINGS] = {
        [DCN_STAGE_CLEAR] = {c->workspace},
        [DCN_STAGE_COUNT] = {c->offset, c->grid, c->workspace},
        [DCN_STAGE_RESERVE] = {c->workspace},
        [DCN_STAGE_FILL] = {c->workspace},
        [DCN_STAGE_STATISTICS] = {c->mask, c->workspace},
        [DCN_STAGE_HEAVY] = {c->offset, c->mask, c->grad_output, c->grid, c->workspace},
        [DCN_STAGE_GATHER] = {c->offset, c->mask, c->grad_output, c->grid, c->grad_value, c->workspace},
        [DCN_STAGE_POINTS] = {c->value, c->offset, c->mask, c->grad_output, c->grid, grad_offset, grad_mask},
    };
    memcpy(launch->bindings, bound[stage], sizeof launch->bindings);
    launch->binding_count = 0;
    while (launch->binding_count < DCN_MAX_BINDINGS && launch->bindings[launch->binding_count])
        launch->binding_count++;
}

static bool is_wanted(const call *c, dcn_wide_stage stage)
{
    return stage == DCN_STAGE_POINTS ? is_present(c->grad_offset) || is_present(c->grad_mask)
                                     : is_present(c->grad_value);
}

/* Adds the launches of images first … first+images-1. */
static size_t add_piece(backward_wide *b, const call *c, dcn_backward_wide_choice *choice, size_t index,
                        dcn_launch *launches)
{
    const int64_t first = (int64_t)index * b->images;
    const int64_t left = b->shape.forward.batch - first;
    const int64_t images = left < b->images ? left : b->images;
    piece *made = &b->pieces[index];
    size_t count = 0;
    dcn_backward_wide_workspace(&b->shape, images, &choice->value);
    made->value = piece_params(b, c, &choice->value, first, images);
    made->points = piece_params(b, c, &choice->points, first, images);
    for (int i = 0; i < DCN_STAGE_NUMBER; i++) {
        const dcn_wide_stage stage = (dcn_wide_stage)i;
        const uint64_t groups = dcn_backward_wide_groups(choice, stage, images);
        if (groups == 0 || !is_wanted(c, stage))
            continue;
        launches[count] = (dcn_launch){
            .kernel = choice->stages[i].kernel,
            .params = stage == DCN_STAGE_POINTS ? &made->points : &made->value,
            .params_size = sizeof made->value,
            .groups = groups,
            .local = choice->stages[i].local,
            .local_bytes = choice->stages[i].local_bytes,
        };
        bind_stage(c, stage, &launches[count++]);
    }
    return count;
}

static size_t backward_wide_launches(void *state, const dcn_binding *bindings, const dcn_binding *workspace,
                                     const dcn_launch **launches)
{
    backward_wide *b = state;
    const dcn_backward_shape *s = &b->shape;
    const call c = {.value = &bindings[s->forward.value],
                    .offset = &bindings[s->forward.offset],
                    .mask = &bindings[s->forward.mask],
                    .grad_output = &bindings[s->forward.output],
                    .grad_value = &bindings[s->grad_value],
                    .grad_offset = &bindings[s->grad_offset],
                    .grad_mask = &bindings[s->grad_mask],
                    .grid = &b->grid->binding,
                    .workspace = workspace};
    const bool aligned = c.value->alignment >= b->alignment && c.grad_output->alignment >= b->alignment &&
                         (!is_present(c.grad_value) || c.grad_value->alignment >= b->alignment);
    size_t count = 0;
    for (size_t i = 0; i < b->piece_count; i++)
        count += add_piece(b, &c, aligned ? &b->preferred : &b->fallback, i, b->launches + count);
    *launches = b->launches;
    return count;
}

const dcn_operator dcn_backward_wide_operator = {"backward", backward_wide_launches, backward_wide_clone,
                                                 backward_wide_destroy};
