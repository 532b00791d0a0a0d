#include "cache_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whom a superuser becomes: "nobody" on most systems, but any number does. */
#define ORDINARY_USER 65534

static char base[PATH_ROOM / 4];

const char *new_path(void)
{
    static char path[PATH_ROOM / 2];
    static int number;
    if (!base[0]) {
        const char *temporary = getenv("TMPDIR");
        snprintf(base, sizeof base, "%s/dcnv4-test-XXXXXX", temporary && *temporary ? temporary : "/tmp");
        assert_non_null(mkdtemp(base));
        assert_int_equal(chmod(base, 0711), 0);
    }
    snprintf(path, sizeof path, "%s/%d", base, number++);
    return path;
}

const char *new_cache(void)
{
    static const char *const others[] = {"DCNV4_CACHE", "DCNV4_CACHE_LIMIT", "XDG_CACHE_HOME", "HOME"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        set_environment(others[i], NULL);
    const char *path = new_path();
    set_environment("DCNV4_CACHE_DIR", path);
    return path;
}

typedef void (*path_visitor)(const char *path, void *user);

static void visit_folder(const char *folder, path_visitor visit, void *user)
{
    DIR *list = opendir(folder);
    if (!list)
        return;
    for (struct dirent *entry; (entry = readdir(list));) {
        char path[PATH_ROOM];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_in_range(length, 1, sizeof path - 1);
        visit(path, user);
    }
    closedir(list);
}

static void remove_path(const char *path, void *user)
{
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        chmod(path, 0700);
        visit_folder(path, remove_path, user);
    }
    remove(path);
}

void remove_paths(void)
{
    if (base[0])
        remove_path(base, NULL);
    base[0] = '\0';
}

typedef struct search {
    const char *suffix;
    file_list *list;
} search;

static void note_path(const char *path, void *user)
{
    const search *s = user;
    const size_t length = strlen(path);
    if (length < strlen(s->suffix) || strcmp(path + length - strlen(s->suffix), s->suffix) != 0)
        return;
    assert_in_range(s->list->count, 0, MOST_FILES - 1);
    memcpy(s->list->paths[s->list->count++], path, length + 1);
}

void list_files(const char *folder, const char *suffix, file_list *list)
{
    search s = {suffix, list};
    list->count = 0;
    visit_folder(folder, note_path, &s);
}

size_t count_files(const char *folder, const char *suffix)
{
    static file_list list;
    list_files(folder, suffix, &list);
    return list.count;
}

unsigned char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct stat status;
    assert_int_equal(fstat(fileno(file), &status), 0);
    *size = (size_t)status.st_size;
    unsigned char *data = malloc(*size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *size, file), *size);
    fclose(file);
    return data;
}

void write_whole(const char *path, const void *data, size_t size)
{
    remove(path); /* a file system may wait for the disk when a file is cut and written again */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

unsigned mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (unsigned)status.st_mode & 07777u;
}

bool is_superuser(void)
{
    return geteuid() == 0;
}

static void give_away(const char *path, void *user)
{
    (void)user;
    assert_int_equal(lchown(path, ORDINARY_USER, (gid_t)-1), 0);
}

void require(bool held, const char *what, const char *file, int line)
{
    if (held)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    _exit(EXIT_FAILURE);
}

int run_in_process(void (*work)(void *), void *argument, const char *folder)
{
    fflush(NULL);
    const bool change = folder && is_superuser();
    if (change) {
        give_away(folder, NULL);
        visit_folder(folder, give_away, NULL);
    }
    const pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        if (change && setuid(ORDINARY_USER) != 0)
            _exit(EXIT_FAILURE);
        work(argument);
        _exit(EXIT_SUCCESS);
    }
    int status = -1;
    assert_int_equal(waitpid(process, &status, 0), process);
    return status;
}
