#include "casefile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "casefile_header.h"

/* The format's own limit on the header. */
#define HEADER_MAX UINT64_C(100000000)

/* First step of growing reads. */
#define CHUNK UINT64_C(1048576)

/* Reads exactly `bytes` bytes into memory from malloc (NULL for 0 bytes). Grows with what the file really holds. */
static bool read_block(FILE *file, uint64_t bytes, const char *what, void **block, dcn_message *message)
{
    unsigned char *data = NULL;
    uint64_t filled = 0;
    uint64_t capacity = 0;
    while (filled < bytes) {
        uint64_t wanted = capacity < CHUNK ? CHUNK : 2 * capacity;
        capacity = wanted < bytes ? wanted : bytes;
        unsigned char *grown = capacity <= SIZE_MAX ? realloc(data, (size_t)capacity) : NULL;
        if (!grown) {
            free(data);
            return dcn_message_memory(message, what, capacity);
        }
        data = grown;
        size_t got = fread(data + filled, 1, (size_t)(capacity - filled), file);
        filled += got;
        if (filled < capacity) {
            bool failed = ferror(file) != 0;
            int code = errno;
            free(data);
            return failed
                       ? dcn_message_set(message, "cannot read %.60s: %s", what, strerror(code))
                       : dcn_message_set(message,
                                         "the file is cut short: %.60s takes %" PRIu64 " bytes, %" PRIu64 " are there",
                                         what, bytes, filled);
        }
    }
    *block = data;
    return true;
}

static bool read_header(FILE *file, char **text, uint64_t *size, dcn_message *message)
{
    void *block = NULL;
    if (!read_block(file, 8, "the header's length", &block, message)) {
        return false;
    }
    const unsigned char *bytes = block;
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) {
        length = length << 8 | bytes[i];
    }
    free(block);
    if (length < 2 || length > HEADER_MAX) {
        return dcn_message_set(message,
                               "not a safetensors file: its first 8 bytes say that the header has %" PRIu64
                               " bytes; 2 to %" PRIu64 " are possible",
                               length, HEADER_MAX);
    }
    if (!read_block(file, length, "the header", &block, message)) {
        return false;
    }
    *text = block;
    *size = length;
    return true;
}

static int by_position(const void *left, const void *right)
{
    const dcn_header_entry *a = left;
    const dcn_header_entry *b = right;
    if (a->begin != b->begin) {
        return a->begin < b->begin ? -1 : 1;
    }
    return a->end == b->end ? 0 : a->end < b->end ? -1 : 1;
}

/* Reads the tensors in the order of their data, which they must cover without gap, overlap or rest. */
static bool read_tensors(FILE *file, dcn_header *header, dcn_case *test, dcn_message *message)
{
    qsort(header->entries, header->count, sizeof *header->entries, by_position);
    uint64_t position = 0;
    for (size_t i = 0; i < header->count; i++) {
        dcn_header_entry *entry = &header->entries[i];
        if (entry->begin != position) {
            return dcn_message_set(message,
                                   "tensor \"%.60s\" begins at byte %" PRIu64 " of the data, %s the tensor before it "
                                   "ends at byte %" PRIu64,
                                   entry->name, entry->begin, entry->begin < position ? "although" : "but", position);
        }
        if (!read_block(file, entry->tensor.bytes, entry->name, &entry->tensor.data, message)) {
            return false;
        }
        if (!dcn_case_adopt(test, entry->name, entry->tensor)) {
            return dcn_message_memory(message, "a tensor's name", strlen(entry->name));
        }
        position = entry->end;
    }
    if (fgetc(file) != EOF) {
        return dcn_message_set(
            message, "the file goes on after byte %" PRIu64 " of its data, where its last tensor ends", position);
    }
    return true;
}

static bool read_file(FILE *file, dcn_case *test, dcn_message *message)
{
    char *text = NULL;
    uint64_t size = 0;
    if (!read_header(file, &text, &size, message)) {
        return false;
    }
    dcn_header header;
    bool good = dcn_header_parse(text, (size_t)size, &header, test, message);
    if (good) {
        good = read_tensors(file, &header, test, message);
        dcn_header_free(&header);
    }
    free(text);
    return good;
}

/* The file's name without folder and without ".safetensors". */
static void name_of(const char *path, char *name, size_t size)
{
    const char *start = path;
    for (const char *at = path; *at; at++) {
        if (*at == '/' || *at == '\\') {
            start = at + 1;
        }
    }
    const char *ending = strstr(start, ".safetensors");
    size_t length = ending ? (size_t)(ending - start) : strlen(start);
    snprintf(name, size, "%.*s", length < size ? (int)length : (int)size - 1, start);
}

bool dcn_case_file_read(const char *path, dcn_case *test, dcn_message *message)
{
    char name[sizeof test->name];
    name_of(path, name, sizeof name);
    dcn_case_init(test, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        dcn_message_set(message, "cannot open it: %s", strerror(errno));
        return dcn_message_prefix(message, path);
    }
    bool good = read_file(file, test, message);
    fclose(file);
    if (!good) {
        dcn_case_free(test);
        return dcn_message_prefix(message, path);
    }
    return true;
}

static bool write_parts(FILE *file, const char *header, const dcn_case *test)
{
    /* Blanks after the header keep the data aligned for readers that map the file. */
    uint64_t length = strlen(header);
    uint64_t padded = (length + 7) / 8 * 8;
    unsigned char prefix[8];
    for (unsigned i = 0; i < 8; i++) {
        prefix[i] = (unsigned char)(padded >> (8 * i));
    }
    bool good = fwrite(prefix, 1, 8, file) == 8 && fwrite(header, 1, (size_t)length, file) == length &&
                fprintf(file, "%*s", (int)(padded - length), "") >= 0;
    for (size_t i = 0; i < test->tensor_count && good; i++) {
        const dcn_case_tensor *tensor = &test->tensors[i];
        good = tensor->bytes == 0 || fwrite(tensor->data, 1, (size_t)tensor->bytes, file) == tensor->bytes;
    }
    return good;
}

bool dcn_case_file_write(const char *path, const dcn_case *test, dcn_message *message)
{
    char *header = dcn_header_format(test, message);
    if (!header) {
        return dcn_message_prefix(message, path);
    }
    FILE *file = fopen(path, "wb");
    if (!file) {
        dcn_message_set(message, "cannot create it: %s", strerror(errno));
        free(header);
        return dcn_message_prefix(message, path);
    }
    bool good = write_parts(file, header, test);
    int code = errno;
    free(header);
    if (fclose(file) != 0) {
        code = good ? errno : code;
        good = false;
    }
    if (!good) {
        dcn_message_set(message, "cannot write it whole: %s", strerror(code));
        return dcn_message_prefix(message, path);
    }
    return true;
}
