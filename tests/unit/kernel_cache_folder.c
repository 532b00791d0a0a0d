/* The kernel cache's folder: which one it is, whom it trusts, a disk that fails, its size, and many users at once. */
#include "cache_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel_cache.h"
#include "platform.h"
#include "platform_files.h"

static bool hit(const char *key)
{
    void *data = NULL;
    size_t size = 0;
    const bool found = dcn_cache_load(key, &data, &size);
    if (found)
        free(data);
    return found;
}

static void store(const char *key)
{
    dcn_cache_store(key, key, strlen(key) + 1);
}

static dcn_kernel_cache_info describe(void)
{
    dcn_kernel_cache_info info = {.struct_size = sizeof info};
    expect_success(dcn_kernel_cache_get(&info));
    return info;
}

static void expect_unused(const char *in_reason)
{
    const dcn_kernel_cache_info info = describe();
    if (!strstr(info.reason, in_reason))
        fail_msg("the reason must hold \"%s\" and is: %s", in_reason, info.reason);
    assert_int_equal(info.entries, 0);
    store("unused");
    assert_false(hit("unused"));
}

/* ---- which folder --------------------------------------------------------------------------------------- */

static void test_environment(void **state)
{
    (void)state;
    char own[PATH_ROOM];
    char home[PATH_ROOM];
    char path[2 * PATH_ROOM];
    snprintf(own, sizeof own, "%s", new_cache());
    store("key");
    assert_true(hit("key"));
    assert_string_equal(describe().folder, own);

    set_environment("DCNV4_CACHE", "off");
    assert_false(dcn_cache_enabled());
    assert_false(hit("key"));
    expect_unused("DCNV4_CACHE is off");
    assert_string_equal(describe().folder, "");
    set_environment("DCNV4_CACHE", NULL);
    assert_true(dcn_cache_enabled());
    assert_true(hit("key")); /* what the environment says now is what counts */

    set_environment("DCNV4_CACHE_DIR", NULL);
    assert_false(dcn_cache_enabled());
    expect_unused("names no folder");
    snprintf(home, sizeof home, "%s", new_path());
    set_environment("HOME", home);
    store("key");
    assert_int_equal(access(home, F_OK), -1); /* a home that does not exist is not made */
    assert_int_equal(mkdir(home, 0755), 0);
    store("key");
    assert_true(hit("key"));
    snprintf(path, sizeof path, "%s/.cache/dcnv4", home);
    assert_string_equal(describe().folder, path);
    assert_int_equal(mode_of(path), 0700);
    *strrchr(path, '/') = '\0';
    assert_int_equal(mode_of(path), 0700);

    set_environment("XDG_CACHE_HOME", "relative"); /* its specification: to be ignored */
    assert_true(hit("key"));
    set_environment("XDG_CACHE_HOME", new_path());
    assert_false(hit("key"));
    store("key");
    assert_true(hit("key"));
    snprintf(path, sizeof path, "%s/dcnv4", getenv("XDG_CACHE_HOME"));
    assert_int_equal(count_files(path, ENTRY_SUFFIX), 1);
    set_environment("XDG_CACHE_HOME", NULL);
    set_environment("HOME", NULL);
}

static void test_places_that_are_none(void **state)
{
    (void)state;
    char path[2 * PATH_ROOM];
    const char *base = new_cache();
    snprintf(path, sizeof path, "%s/a/b", base);
    set_environment("DCNV4_CACHE_DIR", path);
    store("key");
    assert_int_equal(access(base, F_OK), -1); /* two parts of a path are made, but not three */
    snprintf(path, sizeof path, "%s/a", base);
    set_environment("DCNV4_CACHE_DIR", path);
    store("key");
    assert_true(hit("key"));

    base = new_cache();
    write_whole(base, "text", 4);
    expect_unused("directory");
    snprintf(path, sizeof path, "%s/below", base);
    set_environment("DCNV4_CACHE_DIR", path);
    expect_unused("directory");
    assert_int_equal(unlink(base), 0);

    char *long_path = malloc(5001);
    assert_non_null(long_path);
    memset(long_path, '/', 5000);
    long_path[5000] = '\0';
    set_environment("DCNV4_CACHE_DIR", long_path);
    expect_unused("DCNV4_CACHE_DIR has more than 1023 characters");
    free(long_path);
    new_cache();
}

static void test_description(void **state)
{
    (void)state;
    dcn_kernel_cache_info info = {.struct_size = sizeof info - 1};
    expect_refused(dcn_kernel_cache_get(NULL), DCN_ERROR_INVALID_ARGUMENT, "dcn_kernel_cache_get|info is NULL");
    expect_refused(dcn_kernel_cache_get(&info), DCN_ERROR_VERSION, "dcn_kernel_cache_info.struct_size");
    const char *folder = new_cache();
    info = describe(); /* a folder that does not exist yet is no obstacle */
    assert_string_equal(info.folder, folder);
    assert_string_equal(info.reason, "");
    assert_int_equal(info.size, 0);
    assert_int_equal(access(folder, F_OK), -1);
    store("one");
    store("another");
    file_list list;
    list_files(folder, ENTRY_SUFFIX, &list);
    uint64_t size = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct stat status;
        assert_int_equal(stat(list.paths[i], &status), 0);
        size += (uint64_t)status.st_size;
    }
    info = describe();
    assert_int_equal(info.entries, 2);
    assert_int_equal(info.size, size);

    const struct {
        const char *text;
        uint64_t limit;
    } rows[] = {
        {NULL, UINT64_C(256) << 20},
        {"", UINT64_C(256) << 20},
        {"-1", UINT64_C(256) << 20},
        {"1 ", UINT64_C(256) << 20},
        {"0x1", UINT64_C(256) << 20},
        {"0", 0},
        {"1", 1 << 20},
        {"99999", UINT64_C(99999) << 20},
        {"99999999999999999999999", UINT64_MAX},
        {"18446744073709551615", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_environment("DCNV4_CACHE_LIMIT", rows[i].text);
        assert_int_equal(describe().limit, rows[i].limit);
    }
    set_environment("DCNV4_CACHE_LIMIT", NULL);
}

/* ---- whom it trusts ------------------------------------------------------------------------------------- */

static void test_others_may_write(void **state)
{
    (void)state;
    const mode_t open[] = {0720, 0702, 0770, 0777, 01777};
    const mode_t closed[] = {0700, 0755, 0711};
    const char *folder = new_cache();
    store("key");
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        assert_int_equal(chmod(folder, open[i]), 0);
        assert_false(hit("key"));
        expect_unused("others may write to it");
    }
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        assert_int_equal(chmod(folder, closed[i]), 0);
        assert_true(hit("key"));
    }
    assert_int_equal(count_files(folder, ""), 1);
}

static void test_another_owner(void **state)
{
    (void)state;
    if (!is_superuser())
        skip(); /* only a superuser can give a folder away */
    const char *folder = new_cache();
    store("key");
    assert_int_equal(chown(folder, 65534, (gid_t)-1), 0);
    assert_false(hit("key"));
    expect_unused("belongs to user 65534");
}

/* In a process without a superuser's rights, which "key" was stored for: what each permission leaves possible. */
static void try_without_permissions(void *argument)
{
    const char *folder = argument;
    file_list list;
    REQUIRE(hit("key"));
    REQUIRE(chmod(folder, 0500) == 0); /* reading is possible, and no more */
    REQUIRE(hit("key"));
    store("another");
    REQUIRE(!hit("another"));
    REQUIRE(count_files(folder, "") == 1);
    list_files(folder, ENTRY_SUFFIX, &list);
    REQUIRE(chmod(list.paths[0], 0000) == 0);
    REQUIRE(!hit("key"));
    REQUIRE(chmod(folder, 0700) == 0);
    REQUIRE(!hit("key"));
    store("key"); /* a new file takes the place of the one that cannot be read */
    REQUIRE(hit("key"));
    REQUIRE(chmod(folder, 0300) == 0); /* nothing can be opened */
    REQUIRE(!hit("key"));
    store("key");
    REQUIRE(chmod(folder, 0000) == 0);
    REQUIRE(!hit("key"));
    store("key");
    REQUIRE(chmod(folder, 0700) == 0);
    REQUIRE(hit("key"));
    REQUIRE(count_files(folder, "") == 1);
}

static void test_permissions(void **state)
{
    (void)state;
    char folder[PATH_ROOM];
    snprintf(folder, sizeof folder, "%s", new_cache());
    store("key");
    assert_int_equal(run_in_process(try_without_permissions, folder, folder), 0);
}

/* ---- a disk that fails ---------------------------------------------------------------------------------- */

/* How the next writes go: so many as asked for, then at most `some` bytes each, then a failure. */
static struct {
    bool armed;
    int whole;
    int partial;
    size_t some;
    int error; /* 0: goes on with whole ones */
} disk;

ssize_t __real_write(int descriptor, const void *data, size_t size);
ssize_t __wrap_write(int descriptor, const void *data, size_t size);

ssize_t __wrap_write(int descriptor, const void *data, size_t size)
{
    if (!disk.armed || disk.whole-- > 0)
        return __real_write(descriptor, data, size);
    if (disk.partial-- > 0)
        return __real_write(descriptor, data, size < disk.some ? size : disk.some);
    if (!disk.error)
        return __real_write(descriptor, data, size);
    errno = disk.error;
    if (disk.error == EINTR)
        disk.error = 0;
    return -1;
}

static void test_failing_writes(void **state)
{
    (void)state;
    const struct {
        int whole, partial;
        size_t some;
        int error;
        bool stored;
    } rows[] = {
        {0, 0, 0, ENOSPC, false}, {1, 0, 0, ENOSPC, false}, {2, 0, 0, ENOSPC, false}, {0, 1, 3, ENOSPC, false},
        {2, 1, 1, ENOSPC, false}, {2, 1, 0, EIO, false},    {1, 9, 2, EDQUOT, false}, {0, 1, 5, EINTR, true},
        {0, 500, 1, 0, true},     {3, 0, 0, ENOSPC, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int before = 0; before < 2; before++) {
            const char *folder = new_cache();
            if (before)
                store("key");
            disk.armed = true;
            disk.whole = rows[i].whole, disk.partial = rows[i].partial, disk.some = rows[i].some;
            disk.error = rows[i].error;
            store("key");
            disk.armed = false;
            /* The entry that was there stays when its successor cannot be written. */
            assert_int_equal(hit("key"), rows[i].stored || before);
            assert_int_equal(count_files(folder, ""), rows[i].stored || before);
        }
}

/* A write beyond this limit raises a signal, whose default is to end the process. */
static void store_beyond_limit(void *argument)
{
    (void)argument;
    const struct rlimit limit = {100, 100};
    signal(SIGXFSZ, SIG_DFL);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    static char data[200];
    dcn_cache_store("beyond", data, sizeof data);
    REQUIRE(!hit("beyond"));
}

static void test_file_size_limit(void **state)
{
    (void)state;
    const char *folder = new_cache();
    store("key");
    assert_int_equal(run_in_process(store_beyond_limit, NULL, NULL), 0);
    assert_true(hit("key"));
    assert_int_equal(count_files(folder, ""), 1);
}

/* ---- its size ------------------------------------------------------------------------------------------- */

enum { BIG = 100 << 10 };

/* Stores an entry of about 100 KiB and gives it an age. */
static void store_big(const char *folder, const char *key, long seconds_ago)
{
    static char data[BIG];
    static file_list before;
    static file_list after;
    list_files(folder, ENTRY_SUFFIX, &before);
    dcn_cache_store(key, data, sizeof data);
    list_files(folder, ENTRY_SUFFIX, &after);
    for (size_t i = 0; i < after.count; i++) {
        bool is_new = true;
        for (size_t j = 0; j < before.count; j++)
            is_new = is_new && strcmp(after.paths[i], before.paths[j]) != 0;
        const struct timespec then = {time(NULL) - seconds_ago, 0};
        const struct timespec times[] = {then, then};
        if (is_new)
            assert_int_equal(utimensat(AT_FDCWD, after.paths[i], times, 0), 0);
    }
}

static void test_least_recently_used_goes(void **state)
{
    (void)state;
    static const char *const keys[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const char *folder = new_cache();
    set_environment("DCNV4_CACHE_LIMIT", "1"); /* 10 entries of 100 KiB fit, 11 do not, 9 are below 90 % */
    for (int i = 0; i < 10; i++)
        store_big(folder, keys[i], 1000 - i);
    assert_int_equal(describe().entries, 10);
    assert_true(hit("0")); /* used now */
    store_big(folder, "new", 0);
    const dcn_kernel_cache_info info = describe();
    assert_int_equal(info.entries, 9);
    assert_true(info.size <= info.limit / 10 * 9);
    assert_true(hit("0"));
    assert_true(hit("new"));
    assert_false(hit("1"));
    assert_false(hit("2"));
    for (int i = 3; i < 10; i++)
        assert_true(hit(keys[i]));
}

/* Files whose times lie in the future do not push out what is stored now. */
static void test_the_stored_one_stays(void **state)
{
    (void)state;
    static const char *const keys[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const char *folder = new_cache();
    set_environment("DCNV4_CACHE_LIMIT", "1");
    for (int i = 0; i < 10; i++)
        store_big(folder, keys[i], -100000);
    store_big(folder, "new", 0);
    assert_true(hit("new"));
    assert_int_equal(describe().entries, 9);
}

static void test_larger_than_the_limit(void **state)
{
    (void)state;
    static char data[2 << 20];
    new_cache();
    set_environment("DCNV4_CACHE_LIMIT", "1");
    store("key");
    dcn_cache_store("large", data, sizeof data);
    assert_false(hit("large"));
    assert_true(hit("key"));
    set_environment("DCNV4_CACHE_LIMIT", "0");
    store("another");
    assert_false(hit("another"));
    assert_true(hit("key"));
}

static void write_in(const char *folder, const char *name, size_t size, long seconds_ago)
{
    static const char zeros[BIG];
    char path[2 * PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    write_whole(path, zeros, size);
    const struct timespec then = {time(NULL) - seconds_ago, 0};
    const struct timespec times[] = {then, then};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_only_own_files_go(void **state)
{
    (void)state;
    static const char *const foreign[] = {"notes.txt",
                                          "0123456789abcde" ENTRY_SUFFIX,
                                          "0123456789abcdef0" ENTRY_SUFFIX,
                                          "0123456789ABCDEF" ENTRY_SUFFIX,
                                          "0123456789abcdef" ENTRY_SUFFIX ".old",
                                          "x" TEMPORARY_SUFFIX "y"};
    enum { FOREIGN = sizeof foreign / sizeof *foreign };
    const char *folder = new_cache();
    store("key");
    set_environment("DCNV4_CACHE_LIMIT", "1");
    for (int i = 0; i < FOREIGN; i++)
        write_in(folder, foreign[i], BIG, 100000);
    write_in(folder, "0123456789abcdef" ENTRY_SUFFIX, BIG, 100000); /* could be an old version's */
    write_in(folder, "1-2-3" TEMPORARY_SUFFIX, BIG, 3700);
    write_in(folder, "4-5-6" TEMPORARY_SUFFIX, BIG, 3500);
    for (int i = 0; i < 10; i++) {
        const char key[] = {(char)('0' + i), '\0'};
        store_big(folder, key, 0);
    }
    for (int i = 0; i < FOREIGN; i++)
        assert_int_equal(count_files(folder, foreign[i]), 1);
    assert_int_equal(count_files(folder, "/0123456789abcdef" ENTRY_SUFFIX), 0);
    assert_int_equal(count_files(folder, "1-2-3" TEMPORARY_SUFFIX), 0); /* more than an hour old */
    assert_int_equal(count_files(folder, "4-5-6" TEMPORARY_SUFFIX), 1); /* somebody may still be writing it */
}

/* ---- many at once --------------------------------------------------------------------------------------- */

enum { RACERS = 8, RACE_KEYS = 4, RACE_SIZE = 60000 };

typedef struct race {
    int rounds;
    atomic_int wrong;
    atomic_int hits;
} race;

/* An entry of a race: its key, then one number all the way, in a length that follows from the number. */
static size_t race_size(unsigned char number)
{
    return 2 + (size_t)(number * 211) % RACE_SIZE;
}

static bool is_whole(int key, const unsigned char *data, size_t size)
{
    if (size < 2 || data[0] != key || size != race_size(data[1]))
        return false;
    for (size_t i = 1; i < size; i++)
        if (data[i] != data[1])
            return false;
    return true;
}

static void take_part(void *argument)
{
    race *r = argument;
    unsigned char *own = malloc(RACE_SIZE + 2);
    uint64_t random = dcn_time_ns() * 2 + 1;
    for (int i = 0; own && i < r->rounds; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const int key = (int)(random >> 33) % RACE_KEYS;
        const char name[] = {(char)('a' + key), '\0'};
        void *data = NULL;
        size_t size = 0;
        if (random >> 63) {
            memset(own, (int)(random >> 40) & 255, RACE_SIZE + 2);
            size = race_size(own[1]);
            own[0] = (unsigned char)key;
            dcn_cache_store(name, own, size);
        } else if (dcn_cache_load(name, &data, &size)) {
            atomic_fetch_add(&r->hits, 1);
            if (!is_whole(key, data, size))
                atomic_fetch_add(&r->wrong, 1);
            free(data);
        }
    }
    free(own);
}

static void take_part_as_process(void *argument)
{
    race *r = argument;
    take_part(r);
    REQUIRE(atomic_load(&r->wrong) == 0);
    REQUIRE(atomic_load(&r->hits) > 0);
}

/* Runs in a process of its own, which starts the others; whoever is there counts the failures. */
static void start_processes(void *argument)
{
    int failures = 0;
    for (int i = 0; i < RACERS; i++)
        if (fork() == 0) {
            take_part_as_process(argument);
            _exit(EXIT_SUCCESS);
        }
    for (int status; wait(&status) > 0;)
        failures += status != 0;
    REQUIRE(failures == 0);
}

static void expect_only_entries(const char *folder)
{
    const size_t entries = count_files(folder, ENTRY_SUFFIX);
    assert_in_range(entries, 1, RACE_KEYS);
    assert_int_equal(count_files(folder, ""), entries);
}

static void test_racing_processes(void **state)
{
    (void)state;
    static race r = {.rounds = 400};
    char folder[PATH_ROOM];
    snprintf(folder, sizeof folder, "%s", new_cache());
    assert_int_equal(run_in_process(start_processes, &r, NULL), 0);
    expect_only_entries(folder);
}

static void test_racing_threads(void **state)
{
    (void)state;
    static race r = {.rounds = 400};
    dcn_thread *threads[RACERS];
    char folder[PATH_ROOM];
    snprintf(folder, sizeof folder, "%s", new_cache());
    for (int i = 0; i < RACERS; i++) {
        threads[i] = dcn_thread_start(take_part, &r);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < RACERS; i++)
        dcn_thread_join(threads[i]);
    assert_int_equal(atomic_load(&r.wrong), 0);
    assert_true(atomic_load(&r.hits) > 0);
    expect_only_entries(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_places_that_are_none),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_others_may_write),
        cmocka_unit_test(test_another_owner),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_failing_writes),
        cmocka_unit_test(test_file_size_limit),
        cmocka_unit_test(test_least_recently_used_goes),
        cmocka_unit_test(test_the_stored_one_stays),
        cmocka_unit_test(test_larger_than_the_limit),
        cmocka_unit_test(test_only_own_files_go),
        cmocka_unit_test(test_racing_processes),
        cmocka_unit_test(test_racing_threads),
    };
    int failed = cmocka_run_group_tests_name("kernel_cache_folder", tests, NULL, NULL);
    remove_paths();
    return failed;
}
