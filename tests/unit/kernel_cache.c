/* The kernel cache's entries: what is stored is found again, and whatever is not exactly that is a miss. */
#include "cache_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel_cache.h"
#include "kernels.h"
#include "status.h"

static const char key_a[] = "backend\nprogram 0123\n-DOPTION=1\nplatform\ndevice\ndriver 1.0\n";
static const char key_b[] = "backend\nprogram 0123\n-DOPTION=2\nplatform\ndevice\ndriver 1.0\n";
static const char detail[] = "what the last failure said";

enum { HEADER = 40, AT_LAYOUT = 8, AT_KEY_SIZE = 16, AT_DATA_SIZE = 24, AT_CHECKSUM = 32 };

/* Numbers that differ with `seed`. */
static unsigned char *make_data(size_t size, unsigned seed)
{
    unsigned char *data = malloc(size + 1);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 7 + (i >> 8) + seed);
    return data;
}

static void expect_hit(const char *key, const void *wanted, size_t wanted_size)
{
    void *data = NULL;
    size_t size = 0;
    assert_true(dcn_cache_load(key, &data, &size));
    assert_int_equal(size, wanted_size);
    assert_memory_equal(data, wanted, wanted_size);
    free(data);
    assert_string_equal(dcn_error_detail(), detail);
}

/* A miss leaves its output parameters and the detail alone. */
static void expect_miss(const char *key)
{
    static char nothing;
    void *data = &nothing;
    size_t size = 12345;
    assert_false(dcn_cache_load(key, &data, &size));
    assert_ptr_equal(data, &nothing);
    assert_int_equal(size, 12345);
    assert_string_equal(dcn_error_detail(), detail);
}

static void store(const char *key, const void *data, size_t size)
{
    dcn_cache_store(key, data, size);
    assert_string_equal(dcn_error_detail(), detail);
}

/* The path of the folder's only entry. */
static const char *only_entry(const char *folder)
{
    static file_list list;
    list_files(folder, ENTRY_SUFFIX, &list);
    assert_int_equal(list.count, 1);
    return list.paths[0];
}

static void test_round_trip(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 7, 8, 9, 100, 4096, 1000003};
    const char *folder = new_cache();
    expect_miss(key_a);
    assert_int_equal(access(folder, F_OK), -1); /* a load makes no folder */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *data = make_data(sizes[i], (unsigned)i);
        store(key_a, data, sizes[i]);
        expect_hit(key_a, data, sizes[i]);
        expect_hit(key_a, data, sizes[i]);
        expect_miss(key_b);
        free(data);
    }
    assert_int_equal(count_files(folder, ""), 1);
    store(key_b, "other", 5);
    expect_hit(key_b, "other", 5);
    assert_int_equal(count_files(folder, ENTRY_SUFFIX), 2);
    assert_int_equal(count_files(folder, ""), 2);
}

/* A key that begins or ends as another does, and the empty one. */
static void test_similar_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "a", "a\n", "\na", "aa", "a a", "A"};
    enum { KEYS = sizeof keys / sizeof *keys };
    new_cache();
    for (int i = 0; i < KEYS; i++) {
        expect_miss(keys[i]);
        store(keys[i], &keys[i], sizeof keys[i]);
    }
    for (int i = 0; i < KEYS; i++)
        expect_hit(keys[i], &keys[i], sizeof keys[i]);
}

static uint64_t number_at(const unsigned char *at)
{
    uint64_t number = 0;
    for (int i = 7; i >= 0; i--)
        number = number << 8 | at[i];
    return number;
}

static void test_layout(void **state)
{
    (void)state;
    char key[sizeof key_a + 64];
    const char *folder = new_cache();
    store(key_a, "data", 4);
    const size_t key_size = (size_t)snprintf(key, sizeof key, "dcnv4 %s\n%s", dcn_version_string(), key_a);
    size_t size = 0;
    const char *path = only_entry(folder);
    unsigned char *file = read_whole(path, &size);
    assert_int_equal(size, HEADER + key_size + 4);
    assert_memory_equal(file, "dcnv4krn", 8);
    assert_int_equal(number_at(file + AT_LAYOUT), 1);
    assert_int_equal(number_at(file + AT_KEY_SIZE), key_size);
    assert_int_equal(number_at(file + AT_DATA_SIZE), 4);
    assert_memory_equal(file + HEADER, key, key_size);
    assert_memory_equal(file + HEADER + key_size, "data", 4);
    free(file);
    const char *name = strrchr(path, '/') + 1;
    assert_int_equal(strspn(name, "0123456789abcdef"), 16);
    assert_string_equal(name + 16, ENTRY_SUFFIX);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(folder), 0700);
}

/* A stored entry, its file, and room to damage it. */
typedef struct victim {
    char path[PATH_ROOM];
    unsigned char data[77];
    unsigned char *file;
    size_t size;
} victim;

static void make_victim(victim *made)
{
    const char *folder = new_cache();
    unsigned char *data = make_data(sizeof made->data, 3);
    memcpy(made->data, data, sizeof made->data);
    free(data);
    store(key_a, made->data, sizeof made->data);
    snprintf(made->path, sizeof made->path, "%s", only_entry(folder));
    made->file = read_whole(made->path, &made->size);
}

/* After damage, a store brings the entry back. */
static void end_victim(victim *made)
{
    store(key_a, made->data, sizeof made->data);
    expect_hit(key_a, made->data, sizeof made->data);
    free(made->file);
}

static void test_every_flipped_bit(void **state)
{
    (void)state;
    victim v;
    make_victim(&v);
    for (size_t bit = 0; bit < 8 * v.size; bit++) {
        v.file[bit / 8] ^= (unsigned char)(1u << bit % 8);
        write_whole(v.path, v.file, v.size);
        expect_miss(key_a);
        v.file[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    write_whole(v.path, v.file, v.size);
    expect_hit(key_a, v.data, sizeof v.data);
    end_victim(&v);
}

/* Blocks that are lost, repeated or exchanged, as a file system may leave them. */
static void test_damaged_blocks(void **state)
{
    (void)state;
    enum { BLOCK = 16 };
    victim v;
    make_victim(&v);
    unsigned char *damaged = malloc(v.size);
    assert_non_null(damaged);
    for (size_t from = 0; from + BLOCK <= v.size; from++)
        for (size_t to = 0; to + BLOCK <= v.size; to++) {
            memcpy(damaged, v.file, v.size);
            if (from == to)
                memset(damaged + to, 0, BLOCK);
            else
                memmove(damaged + to, v.file + from, BLOCK);
            if (memcmp(damaged, v.file, v.size) == 0)
                continue;
            write_whole(v.path, damaged, v.size);
            expect_miss(key_a);
        }
    free(damaged);
    end_victim(&v);
}

static void test_every_length(void **state)
{
    (void)state;
    victim v;
    make_victim(&v);
    for (size_t size = 0; size < v.size; size++) {
        write_whole(v.path, v.file, size);
        expect_miss(key_a);
    }
    unsigned char *longer = calloc(1, v.size + 64);
    assert_non_null(longer);
    memcpy(longer, v.file, v.size);
    for (size_t size = v.size + 1; size <= v.size + 64; size++) {
        write_whole(v.path, longer, size);
        expect_miss(key_a);
    }
    free(longer);
    end_victim(&v);
}

/* Lengths that no memory could hold, and a file that is as long as it says. */
static void test_hostile_lengths(void **state)
{
    (void)state;
    const uint64_t lengths[] = {0, 1, 1u << 20, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 60, UINT64_MAX};
    const int fields[] = {AT_KEY_SIZE, AT_DATA_SIZE};
    victim v;
    make_victim(&v);
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            unsigned char saved[8];
            memcpy(saved, v.file + fields[f], 8);
            for (int b = 0; b < 8; b++)
                v.file[fields[f] + b] = (unsigned char)(lengths[i] >> (8 * b));
            write_whole(v.path, v.file, v.size);
            expect_miss(key_a);
            memcpy(v.file + fields[f], saved, 8);
        }
    assert_int_equal(truncate(v.path, (off_t)1 << 36), 0);
    expect_miss(key_a);
    end_victim(&v);
}

/* An entry of another key under this key's name, as two keys with one hash would have it. */
static void test_same_name(void **state)
{
    (void)state;
    static char path_a[PATH_ROOM];
    const char *folder = new_cache();
    store(key_a, "a", 1);
    snprintf(path_a, sizeof path_a, "%s", only_entry(folder));
    assert_int_equal(unlink(path_a), 0);
    store(key_b, "b", 1);
    assert_int_equal(rename(only_entry(folder), path_a), 0);
    expect_miss(key_a);
    expect_miss(key_b);
    store(key_a, "a", 1);
    expect_hit(key_a, "a", 1);
}

/* Under the entry's name is no plain file. */
static void test_other_kinds_of_file(void **state)
{
    (void)state;
    victim v;
    char elsewhere[PATH_ROOM];
    make_victim(&v);
    snprintf(elsewhere, sizeof elsewhere, "%s", new_path());
    write_whole(elsewhere, v.file, v.size);
    assert_int_equal(unlink(v.path), 0);
    assert_int_equal(symlink(elsewhere, v.path), 0);
    expect_miss(key_a);
    store(key_a, "replaced", 8); /* the link goes, what it led to stays as it was */
    expect_hit(key_a, "replaced", 8);
    size_t size = 0;
    unsigned char *untouched = read_whole(elsewhere, &size);
    assert_int_equal(size, v.size);
    assert_memory_equal(untouched, v.file, v.size);
    free(untouched);

    assert_int_equal(unlink(v.path), 0);
    assert_int_equal(mkfifo(v.path, 0600), 0);
    expect_miss(key_a);

    assert_int_equal(unlink(v.path), 0);
    assert_int_equal(mkdir(v.path, 0700), 0);
    expect_miss(key_a);
    store(key_a, v.data, sizeof v.data);
    expect_miss(key_a);
    *strrchr(v.path, '/') = '\0';
    assert_int_equal(count_files(v.path, TEMPORARY_SUFFIX), 0);
    free(v.file);
}

/* What is too large to be an entry, or nothing at all. */
static void test_extreme_sizes(void **state)
{
    (void)state;
    const size_t most = (size_t)64 << 20;
    const char *folder = new_cache();
    unsigned char *data = make_data(most + 1, 0);
    store(key_a, data, most + 1);
    expect_miss(key_a);
    store(key_a, data, 0);
    expect_miss(key_a);
    assert_int_equal(count_files(folder, ""), 0);
    store(key_a, data, most);
    expect_hit(key_a, data, most);
    const size_t long_size = 70000;
    char *long_key = malloc(long_size + 1);
    assert_non_null(long_key);
    memset(long_key, 'k', long_size);
    long_key[long_size] = '\0';
    store(long_key, data, 1);
    expect_miss(long_key);
    long_key[60000] = '\0';
    store(long_key, data, 1);
    expect_hit(long_key, data, 1);
    free(long_key);
    free(data);
}

/* The build's hashes tell programs apart. */
static void test_source_hash(void **state)
{
    (void)state;
    const char *first = dcn_kernel_source_hash("forward_long");
    const char *second = dcn_kernel_source_hash("forward_wide");
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(strspn(first, "0123456789abcdef"), 32);
    assert_int_equal(strlen(first), 32);
    assert_string_not_equal(first, second);
    assert_null(dcn_kernel_source_hash("nonsense"));
}

static int remember_detail(void **state)
{
    (void)state;
    dcn_fail(DCN_ERROR_DEVICE, "%s", detail);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_similar_keys),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_every_flipped_bit),
        cmocka_unit_test(test_damaged_blocks),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_hostile_lengths),
        cmocka_unit_test(test_same_name),
        cmocka_unit_test(test_other_kinds_of_file),
        cmocka_unit_test(test_extreme_sizes),
        cmocka_unit_test(test_source_hash),
    };
    int failed = cmocka_run_group_tests_name("kernel_cache", tests, remember_detail, NULL);
    remove_paths();
    return failed;
}
