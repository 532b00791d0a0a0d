/* A pool of threads that runs one loop at a time, together with the thread that calls. */
#ifndef DCN_CPU_POOL_H
#define DCN_CPU_POOL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct dcn_pool dcn_pool;

/* Runs items first … last-1; `thread` is below the pool's thread count and no two running calls share one. */
typedef void (*dcn_pool_function)(void *user, uint32_t thread, uint64_t first, uint64_t last);

/* `threads` counts the caller's. NULL when there is no memory; with fewer threads when the system refuses some. */
dcn_pool *dcn_pool_create(uint32_t threads, bool pin);
void dcn_pool_destroy(dcn_pool *pool);
uint32_t dcn_pool_threads(const dcn_pool *pool);

/* Runs `count` items and returns when all are done. Calls from several threads take turns. Allocates nothing. */
void dcn_pool_run(dcn_pool *pool, uint64_t count, dcn_pool_function function, void *user);

#endif
