/* The sampling grid in device memory, shared by a plan and its clones. */
#ifndef DCN_GRID_MEMORY_H
#define DCN_GRID_MEMORY_H

#include <stdatomic.h>

#include "../geometry.h"
#include "../objects.h"

typedef struct dcn_grid_memory {
    atomic_size_t references;
    dcn_context *context; /* outlives it */
    dcn_memory *memory;
    dcn_binding binding;
} dcn_grid_memory;

dcn_status dcn_grid_memory_create(dcn_context *context, const dcn_grid *shape, dcn_grid_memory **grid);
void dcn_grid_memory_retain(dcn_grid_memory *grid);

/* Gives up one hold; NULL is allowed. */
void dcn_grid_memory_release(dcn_grid_memory *grid);

#endif
