/* Files of a private folder: made once, whole, under one name at a time. */
#include "cache_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform_files.h"

static dcn_folder *open_new(const char **path)
{
    char reason[128] = "";
    *path = new_path();
    assert_null(dcn_folder_open(*path, false, reason, sizeof reason));
    assert_string_equal(reason, "");
    dcn_folder *folder = dcn_folder_open(*path, true, reason, sizeof reason);
    if (!folder)
        fail_msg("%s", reason);
    return folder;
}

static void expect_content(dcn_folder *folder, const char *name, const char *wanted)
{
    size_t size = 0;
    char *data = dcn_file_read(folder, name, 100, &size);
    assert_non_null(data);
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(data, wanted, size);
    free(data);
}

static bool create(dcn_folder *folder, const char *name, const char *text)
{
    const dcn_bytes pieces[] = {{text, 1}, {NULL, 0}, {text + 1, strlen(text) - 1}};
    return dcn_file_create(folder, name, pieces, 3);
}

static void test_create_and_rename(void **state)
{
    (void)state;
    const char *path;
    dcn_folder *folder = open_new(&path);
    assert_true(create(folder, "a", "first"));
    assert_false(create(folder, "a", "second")); /* what exists is never written to */
    expect_content(folder, "a", "first");
    assert_true(create(folder, "b", "third"));
    assert_true(dcn_file_rename(folder, "b", "a"));
    expect_content(folder, "a", "third");
    assert_false(dcn_file_rename(folder, "b", "a"));
    assert_int_equal(count_files(path, ""), 1);
    dcn_file_remove(folder, "b");
    dcn_file_remove(folder, "a");
    assert_int_equal(count_files(path, ""), 0);
    dcn_folder_close(folder);
    dcn_folder_close(NULL);
}

/* A link that somebody has put where a file is to be made leads nowhere. */
static void test_no_link_is_followed(void **state)
{
    (void)state;
    char link[PATH_ROOM];
    char target[PATH_ROOM];
    const char *path;
    dcn_folder *folder = open_new(&path);
    snprintf(link, sizeof link, "%s/link", path);
    snprintf(target, sizeof target, "%s/target", path);
    assert_int_equal(symlink(target, link), 0);
    assert_false(create(folder, "link", "text"));
    assert_int_equal(access(target, F_OK), -1);
    dcn_folder_close(folder);
}

static void test_most_bytes(void **state)
{
    (void)state;
    const char *path;
    size_t size = 0;
    dcn_folder *folder = open_new(&path);
    assert_true(create(folder, "a", "12345"));
    assert_null(dcn_file_read(folder, "a", 4, &size));
    void *data = dcn_file_read(folder, "a", 5, &size);
    assert_non_null(data);
    free(data);
    assert_null(dcn_file_read(folder, "missing", 5, &size));
    dcn_folder_close(folder);
}

/* The folder is the one that was opened, wherever its path leads by now. */
static void test_another_folder_in_its_place(void **state)
{
    (void)state;
    char path[PATH_ROOM];
    const char *made;
    dcn_folder *folder = open_new(&made);
    snprintf(path, sizeof path, "%s", made);
    const char *aside = new_path();
    assert_int_equal(rename(path, aside), 0);
    dcn_folder_close(dcn_folder_open(path, true, (char[128]){0}, 128));
    assert_true(create(folder, "a", "text"));
    assert_int_equal(count_files(path, ""), 0);
    assert_int_equal(count_files(aside, "/a"), 1);
    dcn_folder_close(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_and_rename),
        cmocka_unit_test(test_no_link_is_followed),
        cmocka_unit_test(test_most_bytes),
        cmocka_unit_test(test_another_folder_in_its_place),
    };
    int failed = cmocka_run_group_tests_name("platform_files", tests, NULL, NULL);
    remove_paths();
    return failed;
}
