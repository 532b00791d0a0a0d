/* The native CPU device's thread pool. */
#include "harness.h"

#include <stdatomic.h>

#include "cpu/cpu_pool.h"
#include "platform.h"

enum { MOST_ITEMS = 1000, MOST_THREADS = 8, CALLERS = 4, LOOPS = 100 };

typedef struct loop {
    uint32_t threads;
    uint64_t count;
    atomic_uint taken[MOST_ITEMS];
    atomic_uint running[MOST_THREADS]; /* calls that have a thread's number at this moment */
    atomic_uint wrong;
} loop;

static void take(void *user, uint32_t thread, uint64_t first, uint64_t last)
{
    loop *l = user;
    if (thread >= l->threads || first > last || last > l->count) {
        atomic_fetch_add(&l->wrong, 1);
        return;
    }
    if (atomic_fetch_add(&l->running[thread], 1) != 0)
        atomic_fetch_add(&l->wrong, 1);
    for (uint64_t i = first; i < last; i++)
        atomic_fetch_add(&l->taken[i], 1);
    atomic_fetch_sub(&l->running[thread], 1);
}

static void start_loop(loop *l, uint32_t threads, uint64_t count)
{
    l->threads = threads;
    l->count = count;
    atomic_init(&l->wrong, 0);
    for (size_t i = 0; i < MOST_ITEMS; i++)
        atomic_init(&l->taken[i], 0);
    for (size_t i = 0; i < MOST_THREADS; i++)
        atomic_init(&l->running[i], 0);
}

/* Whether each item was taken exactly once. */
static int is_complete(loop *l)
{
    for (uint64_t i = 0; i < MOST_ITEMS; i++)
        if (atomic_load(&l->taken[i]) != (i < l->count))
            return 0;
    return atomic_load(&l->wrong) == 0;
}

static void test_each_item_once(void **state)
{
    (void)state;
    static loop l;
    const uint64_t counts[] = {0, 1, 2, MOST_ITEMS};
    for (uint32_t threads = 1; threads <= MOST_THREADS; threads++) {
        dcn_pool *pool = dcn_pool_create(threads, false);
        assert_non_null(pool);
        assert_int_equal(dcn_pool_threads(pool), threads);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            start_loop(&l, threads, counts[i]);
            dcn_pool_run(pool, counts[i], take, &l);
            assert_true(is_complete(&l));
        }
        dcn_pool_destroy(pool);
    }
    dcn_pool_destroy(NULL);
}

static void test_pinned(void **state)
{
    (void)state;
    static loop l;
    dcn_pool *pool = dcn_pool_create(3, true);
    assert_non_null(pool);
    start_loop(&l, 3, MOST_ITEMS);
    dcn_pool_run(pool, MOST_ITEMS, take, &l);
    assert_true(is_complete(&l));
    dcn_pool_destroy(pool);
}

/* Workers fall asleep between loops; the next loop must wake them. */
static void test_after_sleep(void **state)
{
    (void)state;
    static loop l;
    dcn_pool *pool = dcn_pool_create(4, false);
    assert_non_null(pool);
    for (int round = 0; round < 20; round++) {
        const uint64_t start = dcn_time_ns();
        while (dcn_time_ns() - start < 2000000)
            dcn_spin_hint();
        start_loop(&l, 4, 16);
        dcn_pool_run(pool, 16, take, &l);
        assert_true(is_complete(&l));
    }
    dcn_pool_destroy(pool);
}

typedef struct caller {
    dcn_pool *pool;
    loop l;
    unsigned failures;
} caller;

static void call_often(void *argument)
{
    caller *c = argument;
    for (uint64_t i = 0; i < LOOPS; i++) {
        start_loop(&c->l, dcn_pool_threads(c->pool), 10 * i % MOST_ITEMS);
        dcn_pool_run(c->pool, c->l.count, take, &c->l);
        c->failures += !is_complete(&c->l);
    }
}

static void test_concurrent_callers(void **state)
{
    (void)state;
    static caller callers[CALLERS];
    dcn_thread *threads[CALLERS];
    dcn_pool *pool = dcn_pool_create(3, false);
    assert_non_null(pool);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].pool = pool;
        threads[i] = dcn_thread_start(call_often, &callers[i]);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < CALLERS; i++)
        dcn_thread_join(threads[i]);
    dcn_pool_destroy(pool);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(callers[i].failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_item_once),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_after_sleep),
        cmocka_unit_test(test_concurrent_callers),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
