#include "casefile_header.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "casefile.h"

bool dcn_case_file_supported(void)
{
    return true;
}

static bool parse_metadata(const json_t *metadata, dcn_case *test, dcn_message *message)
{
    if (!json_is_object(metadata)) {
        return dcn_message_set(message, "__metadata__ must be an object of strings");
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        if (!json_is_string(value)) {
            return dcn_message_set(message, "the metadata's value of \"%.60s\" must be a string", key);
        }
        if (!dcn_case_set(test, key, json_string_value(value))) {
            return dcn_message_memory(message, "metadata", json_string_length(value));
        }
    }
    return true;
}

static bool parse_shape(const char *name, const json_t *shape, dcn_case_tensor *tensor, dcn_message *message)
{
    if (!json_is_array(shape)) {
        return dcn_message_set(message, "tensor \"%.60s\" has no array \"shape\"", name);
    }
    tensor->rank = json_array_size(shape);
    for (size_t i = 0; i < tensor->rank; i++) {
        const json_t *extent = json_array_get(shape, i);
        if (!json_is_integer(extent) || json_integer_value(extent) < 0) {
            return dcn_message_set(
                message, "tensor \"%.60s\": extent %zu of its shape must be an integer of at least 0", name, i);
        }
        if (i < DCN_CASE_MAX_RANK) {
            tensor->extent[i] = json_integer_value(extent);
        }
    }
    return true;
}

static bool parse_offsets(const json_t *offsets, dcn_header_entry *entry, dcn_message *message)
{
    const json_t *begin = json_array_get(offsets, 0);
    const json_t *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end)) {
        return dcn_message_set(message, "tensor \"%.60s\" has no \"data_offsets\" of two integers", entry->name);
    }
    json_int_t first = json_integer_value(begin);
    json_int_t last = json_integer_value(end);
    if (first < 0 || last < first) {
        return dcn_message_set(
            message, "tensor \"%.60s\": data_offsets [%" PRId64 ", %" PRId64 "] must be at least 0 and in rising order",
            entry->name, (int64_t)first, (int64_t)last);
    }
    entry->begin = (uint64_t)first;
    entry->end = (uint64_t)last;
    entry->tensor.bytes = entry->end - entry->begin;
    return true;
}

static bool check_size(const dcn_header_entry *entry, dcn_message *message)
{
    const dcn_case_tensor *tensor = &entry->tensor;
    if (tensor->element == DCN_ELEMENT_OTHER || tensor->rank > DCN_CASE_MAX_RANK) {
        return true;
    }
    char extents[160];
    dcn_case_extents_text(extents, sizeof extents, tensor->rank, tensor->extent);
    const char *type = dcn_element_name(tensor->element);
    uint64_t needed;
    if (!dcn_case_bytes(tensor->element, tensor->rank, tensor->extent, &needed)) {
        return dcn_message_set(message, "tensor \"%.60s\": the size of %s %s overflows 64 bits", entry->name, type,
                               extents);
    }
    if (needed != tensor->bytes) {
        return dcn_message_set(message,
                               "tensor \"%.60s\": %s %s takes %" PRIu64 " bytes, but its data_offsets [%" PRIu64
                               ", %" PRIu64 "] hold %" PRIu64,
                               entry->name, type, extents, needed, entry->begin, entry->end, tensor->bytes);
    }
    return true;
}

static bool parse_tensor(const char *name, const json_t *json, dcn_header_entry *entry, dcn_message *message)
{
    entry->name = name;
    const char *type = json_string_value(json_object_get(json, "dtype"));
    if (!json_is_object(json) || !type) {
        return dcn_message_set(message, "tensor \"%.60s\" has no string \"dtype\"", name);
    }
    entry->tensor.element = dcn_element_from_name(type);
    return parse_shape(name, json_object_get(json, "shape"), &entry->tensor, message) &&
           parse_offsets(json_object_get(json, "data_offsets"), entry, message) && check_size(entry, message);
}

static bool parse_root(json_t *root, dcn_header *header, dcn_case *test, dcn_message *message)
{
    if (!json_is_object(root)) {
        return dcn_message_set(message, "the header must be a JSON object");
    }
    size_t members = json_object_size(root);
    header->entries = calloc(members ? members : 1, sizeof *header->entries);
    if (!header->entries) {
        return dcn_message_memory(message, "the header", members * sizeof *header->entries);
    }
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        bool metadata = strcmp(name, "__metadata__") == 0;
        if (metadata ? !parse_metadata(value, test, message)
                     : !parse_tensor(name, value, &header->entries[header->count++], message)) {
            return false;
        }
    }
    return true;
}

bool dcn_header_parse(const char *text, size_t size, dcn_header *header, dcn_case *test, dcn_message *message)
{
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    memset(header, 0, sizeof *header);
    header->json = root;
    if (!root) {
        return dcn_message_set(message, "the header is not valid JSON: %s (byte %d of %zu)", error.text, error.position,
                               size);
    }
    if (!parse_root(root, header, test, message)) {
        dcn_header_free(header);
        return false;
    }
    return true;
}

void dcn_header_free(dcn_header *header)
{
    free(header->entries);
    json_decref(header->json);
    memset(header, 0, sizeof *header);
}

static json_t *format_tensor(const dcn_case_tensor *tensor, uint64_t begin)
{
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; i++) {
        json_array_append_new(shape, json_integer(tensor->extent[i]));
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", dcn_element_name(tensor->element), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + tensor->bytes));
}

char *dcn_header_format(const dcn_case *test, dcn_message *message)
{
    json_t *root = json_object();
    json_t *metadata = json_object();
    int failed = 0;
    for (size_t i = 0; i < test->parameter_count; i++) {
        failed |= json_object_set_new(metadata, test->parameters[i].key, json_string(test->parameters[i].value));
    }
    failed |= json_object_set_new(root, "__metadata__", metadata);
    uint64_t begin = 0;
    for (size_t i = 0; i < test->tensor_count; i++) {
        failed |= json_object_set_new(root, test->tensors[i].name, format_tensor(&test->tensors[i], begin));
        begin += test->tensors[i].bytes;
    }
    char *text = failed ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text) {
        dcn_message_set(message, "out of memory for the header");
    }
    return text;
}
