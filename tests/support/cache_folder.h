/* Folders for the kernel cache, and what tests do with the files in them. Not for Windows. */
#ifndef DCN_TEST_CACHE_FOLDER_H
#define DCN_TEST_CACHE_FOLDER_H

#include <stdbool.h>

#include "harness.h"

enum { PATH_ROOM = 512, MOST_FILES = 256 };

#define ENTRY_SUFFIX     ".dcnv4-kernel"
#define TEMPORARY_SUFFIX ".dcnv4-temporary"

/* A path that nothing has yet, in a temporary folder of this program. Valid until the next call. */
const char *new_path(void);

/* The same, as the cache's folder: it is the one that the environment names, and nothing else there is set. */
const char *new_cache(void);

/* Removes all that new_path() has given out. */
void remove_paths(void);

/* The files of a folder whose names end with `suffix`, in any order. */
typedef struct file_list {
    size_t count;
    char paths[MOST_FILES][PATH_ROOM];
} file_list;
void list_files(const char *folder, const char *suffix, file_list *list);
size_t count_files(const char *folder, const char *suffix);

/* A whole file; to be freed. */
unsigned char *read_whole(const char *path, size_t *size);
void write_whole(const char *path, const void *data, size_t size);

/* The permission bits of a file or folder. */
unsigned mode_of(const char *path);

/* Whether this process may read and write whatever the permissions say. */
bool is_superuser(void);

/* In a process of run_in_process(), instead of cmocka's assertions, which would go on with the next test there. */
#define REQUIRE(held) require((held), #held, __FILE__, __LINE__)
void require(bool held, const char *what, const char *file, int line);

/* Runs `work` in a process of its own and returns what waitpid() gives: 0 when it returned. With `folder`, the process
 * has no rights beyond an ordinary user's, who owns that folder and the files in it. */
int run_in_process(void (*work)(void *), void *argument, const char *folder);

#endif
