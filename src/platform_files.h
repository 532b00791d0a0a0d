/* Private folders and whole files in them, for what the library keeps on disk. The implementations are
 * platform_files_posix.c and platform_files_windows.c. Nothing here sets an error detail: whoever keeps files does so
 * to save time, and goes without where that fails. */
#ifndef DCN_PLATFORM_FILES_H
#define DCN_PLATFORM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A folder that belongs to this user, and that nobody else can write to. May be used by several threads. */
typedef struct dcn_folder dcn_folder;

/* Opens a folder by its path. With `create` the last two parts of the path are made where they are missing, for their
 * owner alone. NULL where that fails or the folder is not private, with the reason in words: none where the folder is
 * missing. */
dcn_folder *dcn_folder_open(const char *path, bool create, char *reason, size_t reason_size);
void dcn_folder_close(dcn_folder *folder);

/* One plain file: its name, its size in bytes, and when it was last written or touched, in nanoseconds since 1970. */
typedef struct dcn_file_info {
    const char *name;
    uint64_t size;
    int64_t time;
} dcn_file_info;

/* Visits the plain files of a folder, in any order. Files that come or go meanwhile may be missed. */
typedef void (*dcn_file_visitor)(void *user, const dcn_file_info *file);
void dcn_folder_visit(dcn_folder *folder, dcn_file_visitor visit, void *user);

/* The whole of a plain file that is not empty and has `most` bytes at most; to be freed. NULL when there is none, or it
 * cannot be read. A link is not followed. */
void *dcn_file_read(dcn_folder *folder, const char *name, uint64_t most, size_t *size);

/* Some bytes to be written. */
typedef struct dcn_bytes {
    const void *data;
    size_t size;
} dcn_bytes;

/* Writes a file that does not exist yet, for its owner alone. False, and no file, when it does or that fails. */
bool dcn_file_create(dcn_folder *folder, const char *name, const dcn_bytes *pieces, size_t count);

/* Gives a file another name, at once for everybody, and in place of the file that has that name. */
bool dcn_file_rename(dcn_folder *folder, const char *from, const char *to);

/* Sets a file's time to now. */
void dcn_file_touch(dcn_folder *folder, const char *name);

void dcn_file_remove(dcn_folder *folder, const char *name);

/* The time that a file gets which is written now. */
int64_t dcn_file_time_now(void);

/* A number that no other process has now. */
uint64_t dcn_process_number(void);

/* The path of the folder in which this user's caches belong, with the library's own part. False where the environment
 * names none. */
bool dcn_user_cache_folder(char *path, size_t size);

#endif
