#include "kernel_cache.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "platform_files.h"
#include "status.h"

#define MAGIC          "dcnv4krn"
#define LAYOUT         1
#define ENTRY_SUFFIX   ".dcnv4-kernel"
#define TEMPORARY      ".dcnv4-temporary"
#define DIGITS         16 /* of the hash in an entry's name */
#define NAME_SIZE      96 /* room for the longest name of a file that is ours */
#define DEFAULT_LIMIT  256
#define LEFTOVER_AFTER (INT64_C(3600) * 1000000000)

enum { AT_LAYOUT = 8, AT_KEY_SIZE = 16, AT_DATA_SIZE = 24, AT_CHECKSUM = 32, HEADER_SIZE = 40 };
enum { MAX_KEY = 64 << 10, MAX_DATA = 64 << 20 };

/* As dcn_kernel_cache_info has them. */
#define PATH_SIZE   sizeof(((dcn_kernel_cache_info *)NULL)->folder)
#define REASON_SIZE sizeof(((dcn_kernel_cache_info *)NULL)->reason)

/* ---- where and how much --------------------------------------------------------------------------------- */

/* The folder that the environment names; false, with the reason, when there is to be no cache. */
static bool find_place(char *path, size_t size, char *reason, size_t reason_size)
{
    const char *word = dcn_environment("DCNV4_CACHE");
    const char *own = dcn_environment("DCNV4_CACHE_DIR");
    reason[0] = '\0';
    path[0] = '\0';
    if (word && strcmp(word, "off") == 0)
        snprintf(reason, reason_size, "DCNV4_CACHE is off");
    else if (own && strlen(own) >= size)
        snprintf(reason, reason_size, "DCNV4_CACHE_DIR has more than %zu characters", size - 1);
    else if (own)
        memcpy(path, own, strlen(own) + 1);
    else if (!dcn_user_cache_folder(path, size))
        snprintf(reason, reason_size, "the environment names no folder for it");
    if (reason[0])
        path[0] = '\0';
    return !reason[0];
}

bool dcn_cache_enabled(void)
{
    char path[PATH_SIZE];
    char reason[REASON_SIZE];
    return find_place(path, sizeof path, reason, sizeof reason);
}

static dcn_folder *open_cache(bool create)
{
    char path[PATH_SIZE];
    char reason[REASON_SIZE];
    if (!find_place(path, sizeof path, reason, sizeof reason))
        return NULL;
    return dcn_folder_open(path, create, reason, sizeof reason);
}

/* Bytes that the cache may have. */
static uint64_t size_limit(void)
{
    const char *text = dcn_environment("DCNV4_CACHE_LIMIT");
    unsigned long long mib = DEFAULT_LIMIT;
    if (text && strspn(text, "0123456789") == strlen(text))
        mib = strtoull(text, NULL, 10);
    return mib > UINT64_MAX >> 20 ? UINT64_MAX : (uint64_t)mib << 20;
}

/* ---- numbers and hashes --------------------------------------------------------------------------------- */

static void put_number(unsigned char *at, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(number >> (8 * i));
}

/* The first `size` bytes, at most 8, as a number. */
static uint64_t get_number(const unsigned char *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)at[i] << (8 * i);
    return number;
}

/* Goes on from the hash of what came before: FNV-1a's step, on 8 bytes at a time, with the upper bits folded down. */
static uint64_t hash(uint64_t before, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i += 8) {
        before = (before ^ get_number(bytes + i, size - i < 8 ? size - i : 8)) * UINT64_C(0x100000001B3);
        before ^= before >> 32;
    }
    return before;
}

#define HASH_START UINT64_C(0xCBF29CE484222325)

/* ---- entries -------------------------------------------------------------------------------------------- */

/* A key with what is added to it, and the name of the file. */
typedef struct entry_key {
    char *text;
    size_t size;
    char name[NAME_SIZE];
} entry_key;

/* False when there is no such entry: the key is too long, or there is no memory. */
static bool make_key(const char *key, entry_key *made)
{
    const size_t room = strlen(key) + 64;
    if (room > MAX_KEY)
        return false;
    made->text = malloc(room);
    if (!made->text)
        return false;
    made->size = (size_t)snprintf(made->text, room, "dcnv4 %s\n%s", dcn_version_string(), key);
    snprintf(made->name, sizeof made->name, "%0*" PRIx64 ENTRY_SUFFIX, DIGITS,
             hash(HASH_START, made->text, made->size));
    return true;
}

static void write_header(unsigned char header[HEADER_SIZE], const entry_key *key, const void *data, size_t size)
{
    memcpy(header, MAGIC, AT_LAYOUT);
    put_number(header + AT_LAYOUT, LAYOUT);
    put_number(header + AT_KEY_SIZE, key->size);
    put_number(header + AT_DATA_SIZE, size);
    uint64_t sum = hash(HASH_START, header, AT_CHECKSUM);
    sum = hash(sum, key->text, key->size);
    put_number(header + AT_CHECKSUM, hash(sum, data, size));
}

/* Whether the file is an entry of this key, whole and unharmed. What it should begin with is known but for the size of
 * the data, which follows from the size of the file. */
static bool is_entry(const unsigned char *file, size_t file_size, const entry_key *key)
{
    unsigned char header[HEADER_SIZE];
    const size_t before = HEADER_SIZE + key->size;
    if (file_size <= before || memcmp(file + HEADER_SIZE, key->text, key->size) != 0)
        return false;
    write_header(header, key, file + before, file_size - before);
    return memcmp(file, header, HEADER_SIZE) == 0;
}

bool dcn_cache_load(const char *key, void **data, size_t *size)
{
    entry_key full;
    dcn_folder *folder = open_cache(false);
    if (!folder)
        return false;
    bool hit = false;
    if (make_key(key, &full)) {
        size_t file_size = 0;
        unsigned char *file = dcn_file_read(folder, full.name, HEADER_SIZE + MAX_KEY + MAX_DATA, &file_size);
        hit = file && is_entry(file, file_size, &full);
        if (hit) {
            dcn_file_touch(folder, full.name);
            const size_t before = HEADER_SIZE + full.size;
            *size = file_size - before;
            memmove(file, file + before, *size);
            *data = file;
        } else {
            free(file);
        }
        free(full.text);
    }
    dcn_folder_close(folder);
    return hit;
}

/* ---- storing -------------------------------------------------------------------------------------------- */

static bool write_entry(dcn_folder *folder, const entry_key *key, const void *data, size_t size)
{
    static atomic_uint count;
    unsigned char header[HEADER_SIZE];
    char name[NAME_SIZE];
    write_header(header, key, data, size);
    snprintf(name, sizeof name, "%" PRIx64 "-%" PRIx64 "-%x" TEMPORARY, dcn_process_number(), dcn_time_ns(),
             atomic_fetch_add(&count, 1));
    const dcn_bytes pieces[] = {{header, sizeof header}, {key->text, key->size}, {data, size}};
    if (!dcn_file_create(folder, name, pieces, sizeof pieces / sizeof pieces[0]))
        return false;
    if (dcn_file_rename(folder, name, key->name))
        return true;
    dcn_file_remove(folder, name);
    return false;
}

/* ---- the folder's contents ------------------------------------------------------------------------------ */

typedef struct kept_entry {
    char name[NAME_SIZE];
    uint64_t size;
    int64_t time;
} kept_entry;

typedef struct contents {
    dcn_folder *folder;
    kept_entry *entries; /* all of them, or as many as there is memory for */
    size_t count;
    size_t room;
    uint64_t size; /* bytes of `entries` */
} contents;

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool is_entry_name(const char *name)
{
    return strlen(name) == DIGITS + strlen(ENTRY_SUFFIX) && strspn(name, "0123456789abcdef") == DIGITS &&
           ends_with(name, ENTRY_SUFFIX);
}

static void note_entry(void *user, const dcn_file_info *file)
{
    contents *found = user;
    if (!is_entry_name(file->name))
        return;
    if (found->count == found->room) {
        const size_t room = found->room ? 2 * found->room : 64;
        kept_entry *grown = realloc(found->entries, room * sizeof *grown);
        if (!grown)
            return;
        found->entries = grown;
        found->room = room;
    }
    kept_entry *entry = &found->entries[found->count++];
    snprintf(entry->name, sizeof entry->name, "%s", file->name);
    entry->size = file->size;
    entry->time = file->time;
    found->size += file->size;
}

/* The same, and what a process left that was ended while it wrote goes. */
static void note_entry_and_clean(void *user, const dcn_file_info *file)
{
    const contents *found = user;
    if (ends_with(file->name, TEMPORARY) && dcn_file_time_now() - file->time > LEFTOVER_AFTER)
        dcn_file_remove(found->folder, file->name);
    else
        note_entry(user, file);
}

static int by_time(const void *a, const void *b)
{
    const int64_t first = ((const kept_entry *)a)->time;
    const int64_t second = ((const kept_entry *)b)->time;
    return (first > second) - (first < second);
}

/* Brings the folder back below the limit; `stored` is the entry that stays. */
static void evict(dcn_folder *folder, uint64_t limit, const char *stored)
{
    contents found = {.folder = folder};
    dcn_folder_visit(folder, note_entry_and_clean, &found);
    if (found.size > limit) {
        qsort(found.entries, found.count, sizeof *found.entries, by_time);
        for (size_t i = 0; i < found.count && found.size > limit / 10 * 9; i++)
            if (strcmp(found.entries[i].name, stored) != 0) {
                dcn_file_remove(folder, found.entries[i].name);
                found.size -= found.entries[i].size;
            }
    }
    free(found.entries);
}

void dcn_cache_store(const char *key, const void *data, size_t size)
{
    const uint64_t limit = size_limit();
    entry_key full;
    if (size == 0 || size > MAX_DATA || !make_key(key, &full))
        return;
    dcn_folder *folder = HEADER_SIZE + full.size + size <= limit ? open_cache(true) : NULL;
    if (folder && write_entry(folder, &full, data, size))
        evict(folder, limit, full.name);
    dcn_folder_close(folder);
    free(full.text);
}

/* ---- what there is -------------------------------------------------------------------------------------- */

dcn_status dcn_kernel_cache_get(dcn_kernel_cache_info *info)
{
    static const char function[] = "dcn_kernel_cache_get";
    if (!info)
        return dcn_fail_null(function, "info");
    dcn_status status = dcn_check_struct_size(function, "dcn_kernel_cache_info", info->struct_size, sizeof *info);
    if (status != DCN_SUCCESS)
        return status;
    memset(info, 0, sizeof *info);
    info->struct_size = sizeof *info;
    info->limit = size_limit();
    if (!find_place(info->folder, sizeof info->folder, info->reason, sizeof info->reason))
        return DCN_SUCCESS;
    dcn_folder *folder = dcn_folder_open(info->folder, false, info->reason, sizeof info->reason);
    if (folder) {
        contents found = {.folder = folder};
        dcn_folder_visit(folder, note_entry, &found);
        info->size = found.size;
        info->entries = found.count;
        free(found.entries);
    }
    dcn_folder_close(folder);
    return DCN_SUCCESS;
}
