#include "platform_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"

/* Everything below the folder goes through its descriptor: what was checked is what is used, whatever its path leads to
 * later. */
struct dcn_folder {
    int descriptor;
};

bool dcn_user_cache_folder(char *path, size_t size)
{
    static const char *const places[][2] = {{"XDG_CACHE_HOME", "/dcnv4"}, {"HOME", "/.cache/dcnv4"}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *base = dcn_environment(places[i][0]);
        if (!base || base[0] != '/')
            continue;
        const int length = snprintf(path, size, "%s%s", base, places[i][1]);
        return length > 0 && (size_t)length < size;
    }
    return false;
}

static void describe_error(int error, char *reason, size_t reason_size)
{
    if (strerror_r(error, reason, reason_size) != 0)
        snprintf(reason, reason_size, "error %d", error);
}

/* Makes a folder and, where it is missing, the one that it is in. */
static void make_folder(const char *path)
{
    char parent[PATH_MAX];
    const int length = snprintf(parent, sizeof parent, "%s", path);
    if (mkdir(path, S_IRWXU) == 0 || errno != ENOENT || length < 0 || (size_t)length >= sizeof parent)
        return;
    char *last = strrchr(parent, '/');
    if (!last || last == parent)
        return;
    *last = '\0';
    if (mkdir(parent, S_IRWXU) == 0)
        mkdir(path, S_IRWXU);
}

/* Whether the folder is private; why not. */
static bool is_private(int descriptor, char *reason, size_t reason_size)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        describe_error(errno, reason, reason_size);
    else if (status.st_uid != geteuid())
        snprintf(reason, reason_size, "it belongs to user %ld, not to this one (%ld)", (long)status.st_uid,
                 (long)geteuid());
    else if (status.st_mode & (S_IWGRP | S_IWOTH))
        snprintf(reason, reason_size, "others may write to it (mode %03o)", (unsigned)status.st_mode & 0777u);
    else
        return true;
    return false;
}

dcn_folder *dcn_folder_open(const char *path, bool create, char *reason, size_t reason_size)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int descriptor = open(path, flags);
    if (descriptor < 0 && errno == ENOENT && create) {
        make_folder(path);
        descriptor = open(path, flags);
    }
    if (descriptor < 0) {
        if (errno == ENOENT)
            reason[0] = '\0';
        else
            describe_error(errno, reason, reason_size);
        return NULL;
    }
    dcn_folder *folder = malloc(sizeof *folder);
    if (!folder)
        snprintf(reason, reason_size, "no memory");
    if (!folder || !is_private(descriptor, reason, reason_size)) {
        free(folder);
        close(descriptor);
        return NULL;
    }
    folder->descriptor = descriptor;
    return folder;
}

void dcn_folder_close(dcn_folder *folder)
{
    if (!folder)
        return;
    close(folder->descriptor);
    free(folder);
}

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_nsec;
}

void dcn_folder_visit(dcn_folder *folder, dcn_file_visitor visit, void *user)
{
    /* A descriptor of its own: two that share one would share the place in the list. */
    int descriptor = openat(folder->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!list) {
        if (descriptor >= 0)
            close(descriptor);
        return;
    }
    for (struct dirent *entry; (entry = readdir(list));) {
        struct stat status;
        if (fstatat(descriptor, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
            continue;
        const dcn_file_info file = {entry->d_name, (uint64_t)status.st_size, nanoseconds(status.st_mtim)};
        visit(user, &file);
    }
    closedir(list);
}

/* Reads until `size` bytes are there or the file ends. */
static size_t read_all(int descriptor, unsigned char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(descriptor, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

void *dcn_file_read(dcn_folder *folder, const char *name, uint64_t most, size_t *size)
{
    /* O_NONBLOCK: something that is no plain file must not hold us up. */
    int descriptor = openat(folder->descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return NULL;
    struct stat status;
    unsigned char *data = NULL;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        (uint64_t)status.st_size <= most && (uint64_t)status.st_size <= SIZE_MAX) {
        *size = (size_t)status.st_size;
        data = malloc(*size);
        if (data && read_all(descriptor, data, *size) != *size) {
            free(data);
            data = NULL;
        }
    }
    close(descriptor);
    return data;
}

static bool write_all(int descriptor, const dcn_bytes *piece)
{
    const unsigned char *data = piece->data;
    for (size_t done = 0; done < piece->size;) {
        ssize_t put = write(descriptor, data + done, piece->size - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

/* A write beyond the process's limit would not only fail: it raises a signal that ends the process. */
static bool is_allowed(const dcn_bytes *pieces, size_t count)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return false;
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].size;
    return limit.rlim_cur == RLIM_INFINITY || size <= (uint64_t)limit.rlim_cur;
}

bool dcn_file_create(dcn_folder *folder, const char *name, const dcn_bytes *pieces, size_t count)
{
    if (!is_allowed(pieces, count))
        return false;
    int descriptor =
        openat(folder->descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0)
        return false;
    bool written = true;
    for (size_t i = 0; i < count && written; i++)
        written = write_all(descriptor, &pieces[i]);
    /* Some file systems tell of a full disk only here. */
    if (close(descriptor) != 0)
        written = false;
    if (!written)
        dcn_file_remove(folder, name);
    return written;
}

bool dcn_file_rename(dcn_folder *folder, const char *from, const char *to)
{
    return renameat(folder->descriptor, from, folder->descriptor, to) == 0;
}

void dcn_file_touch(dcn_folder *folder, const char *name)
{
    utimensat(folder->descriptor, name, NULL, AT_SYMLINK_NOFOLLOW);
}

void dcn_file_remove(dcn_folder *folder, const char *name)
{
    unlinkat(folder->descriptor, name, 0);
}

int64_t dcn_file_time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return nanoseconds(now);
}

uint64_t dcn_process_number(void)
{
    return (uint64_t)getpid();
}
