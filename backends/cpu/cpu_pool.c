#include "cpu_pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "platform.h"

/* How long a thread looks for the next loop before it sleeps. Waking a sleeper takes tens of microseconds, as long as
 * a small layer; a frame loop's next call comes sooner than this. */
#define SPIN_NS 50000

typedef struct worker {
    dcn_pool *pool;
    dcn_thread *thread;
    uint32_t index;
} worker;

struct dcn_pool {
    dcn_mutex *turn;  /* held by the caller whose loop runs */
    dcn_mutex *sleep; /* guards the wait for a new generation */
    dcn_condition *wake;
    worker *workers;
    uint32_t threads;
    bool pin;
    atomic_bool stop;
    atomic_uint_fast64_t generation; /* counts loops; a change is the signal to start */
    atomic_uint sleepers;
    atomic_uint busy; /* workers that have not finished the current loop */
    /* The current loop, written before `generation` changes. */
    dcn_pool_function function;
    void *user;
    uint64_t count;
    atomic_uint_fast64_t next;
};

static void take_items(dcn_pool *pool, uint32_t thread)
{
    for (;;) {
        const uint64_t item = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (item >= pool->count)
            return;
        pool->function(pool->user, thread, item, item + 1);
    }
}

/* Returns when the generation is no longer `seen`, or the pool stops. */
static void await_generation(dcn_pool *pool, uint_fast64_t seen)
{
    const uint64_t start = dcn_time_ns();
    while (dcn_time_ns() - start < SPIN_NS) {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen || atomic_load(&pool->stop))
                return;
            dcn_spin_hint();
        }
    }
    dcn_mutex_lock(pool->sleep);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->generation) == seen && !atomic_load(&pool->stop))
        dcn_condition_wait(pool->wake, pool->sleep);
    atomic_fetch_sub(&pool->sleepers, 1);
    dcn_mutex_unlock(pool->sleep);
}

static void work(void *argument)
{
    worker *self = argument;
    dcn_pool *pool = self->pool;
    if (pool->pin)
        dcn_thread_pin(self->index);
    for (uint_fast64_t seen = 0;; seen++) {
        await_generation(pool, seen);
        if (atomic_load(&pool->stop))
            return;
        take_items(pool, self->index);
        atomic_fetch_sub_explicit(&pool->busy, 1, memory_order_release);
    }
}

static void wake_sleepers(dcn_pool *pool)
{
    if (atomic_load(&pool->sleepers) == 0)
        return;
    dcn_mutex_lock(pool->sleep);
    dcn_condition_wake_all(pool->wake);
    dcn_mutex_unlock(pool->sleep);
}

dcn_pool *dcn_pool_create(uint32_t threads, bool pin)
{
    dcn_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->turn = dcn_mutex_create();
    pool->sleep = dcn_mutex_create();
    pool->wake = dcn_condition_create();
    pool->workers = calloc(threads, sizeof *pool->workers);
    pool->threads = 1;
    pool->pin = pin;
    if (!pool->turn || !pool->sleep || !pool->wake || !pool->workers) {
        dcn_pool_destroy(pool);
        return NULL;
    }
    for (uint32_t i = 1; i < threads; i++) {
        worker *w = &pool->workers[i];
        w->pool = pool;
        w->index = i;
        w->thread = dcn_thread_start(work, w);
        if (!w->thread)
            break;
        pool->threads++;
    }
    return pool;
}

void dcn_pool_destroy(dcn_pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->stop, true);
    if (pool->sleep && pool->wake) {
        dcn_mutex_lock(pool->sleep);
        dcn_condition_wake_all(pool->wake);
        dcn_mutex_unlock(pool->sleep);
    }
    for (uint32_t i = 1; i < pool->threads; i++)
        dcn_thread_join(pool->workers[i].thread);
    free(pool->workers);
    dcn_condition_destroy(pool->wake);
    dcn_mutex_destroy(pool->sleep);
    dcn_mutex_destroy(pool->turn);
    free(pool);
}

uint32_t dcn_pool_threads(const dcn_pool *pool)
{
    return pool->threads;
}

void dcn_pool_run(dcn_pool *pool, uint64_t count, dcn_pool_function function, void *user)
{
    dcn_mutex_lock(pool->turn);
    if (pool->threads == 1 || count <= 1) {
        function(user, 0, 0, count);
        dcn_mutex_unlock(pool->turn);
        return;
    }
    pool->function = function;
    pool->user = user;
    pool->count = count;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->busy, pool->threads - 1, memory_order_relaxed);
    atomic_fetch_add(&pool->generation, 1);
    wake_sleepers(pool);
    take_items(pool, 0);
    while (atomic_load_explicit(&pool->busy, memory_order_acquire) != 0)
        dcn_spin_hint();
    dcn_mutex_unlock(pool->turn);
}
