#include "sources.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "casefile.h"
#include "generate.h"

static const char ending[] = ".safetensors";

/* Does `name` contain the filter, or one of its texts between commas? */
static bool wanted(const char *name, const char *filter)
{
    bool found = !filter;
    while (filter && !found) {
        const size_t length = strcspn(filter, ",");
        for (const char *at = name; *at && !found; at++) {
            found = strncmp(at, filter, length) == 0;
        }
        filter = filter[length] ? filter + length + 1 : NULL;
    }
    return found;
}

static bool add(dcn_sources *sources, const dcn_source *source, dcn_message *message)
{
    dcn_source *grown = realloc(sources->items, (sources->count + 1) * sizeof *grown);
    if (!grown) {
        return dcn_message_memory(message, "the list of cases", (sources->count + 1) * sizeof *grown);
    }
    sources->items = grown;
    sources->items[sources->count++] = *source;
    return true;
}

static bool add_file(dcn_sources *sources, const char *folder, const char *name, size_t length, dcn_message *message)
{
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    dcn_source source = {.file = malloc(size)};
    if (!source.file) {
        return dcn_message_memory(message, "a file's name", size);
    }
    snprintf(source.file, size, "%s/%s", folder, name);
    snprintf(source.name, sizeof source.name, "%.*s", (int)length, name);
    if (!add(sources, &source, message)) {
        free(source.file);
        return false;
    }
    return true;
}

static bool add_folder(dcn_sources *sources, const char *filter, const char *folder, dcn_message *message)
{
    DIR *directory = opendir(folder);
    if (!directory) {
        return dcn_message_set(message, "cannot read the folder %s: %s", folder, strerror(errno));
    }
    size_t found = 0;
    bool good = true;
    for (struct dirent *entry = readdir(directory); entry && good; entry = readdir(directory)) {
        const char *name = entry->d_name;
        size_t length = strlen(name);
        if (length <= sizeof ending - 1 || strcmp(name + length - (sizeof ending - 1), ending) != 0) {
            continue;
        }
        found++;
        length -= sizeof ending - 1;
        if (!wanted(name, filter)) {
            continue;
        }
        if (dcn_case_file_supported()) {
            good = add_file(sources, folder, name, length, message);
        } else {
            sources->unreadable++;
        }
    }
    closedir(directory);
    return good && (found || dcn_message_set(message, "the folder %s holds no case file (*%s)", folder, ending));
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const dcn_source *)left)->name, ((const dcn_source *)right)->name);
}

bool dcn_sources_collect(const char *filter, const char *folder, dcn_sources *sources, dcn_message *message)
{
    memset(sources, 0, sizeof *sources);
    bool good = true;
    for (size_t i = 0; i < dcn_generate_count() && good; i++) {
        dcn_source source = {.index = i};
        dcn_generate_name(i, source.name, sizeof source.name);
        good = !wanted(source.name, filter) || add(sources, &source, message);
    }
    size_t generated = sources->count;
    if (good && folder) {
        good = add_folder(sources, filter, folder, message);
    }
    if (!good) {
        dcn_sources_free(sources);
        return false;
    }
    if (sources->count > generated) {
        qsort(sources->items + generated, sources->count - generated, sizeof *sources->items, by_name);
    }
    return true;
}

void dcn_sources_keep_part(dcn_sources *sources, size_t part, size_t parts)
{
    size_t kept = 0;
    for (size_t i = 0; i < sources->count; i++) {
        if (i % parts == part - 1) {
            sources->items[kept++] = sources->items[i];
        } else {
            free(sources->items[i].file);
        }
    }
    sources->count = kept;
}

void dcn_sources_free(dcn_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->items[i].file);
    }
    free(sources->items);
    memset(sources, 0, sizeof *sources);
}

bool dcn_source_load(const dcn_source *source, uint64_t seed, dcn_case *test, dcn_message *message)
{
    return source->file ? dcn_case_file_read(source->file, test, message)
                        : dcn_generate(source->index, seed, test, message);
}
