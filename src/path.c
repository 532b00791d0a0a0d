#include "path.h"

#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "status.h"

/* Every word and the choice it makes; the same list reads and writes paths. */
typedef struct word {
    const char *text;
    dcn_shape shape;
    int index_bits;
    dcn_pace pace;
    int isa;
} word;

static const word words[] = {
    {"wide", DCN_SHAPE_WIDE, 0, DCN_PACE_ANY, 0},    {"long", DCN_SHAPE_LONG, 0, DCN_PACE_ANY, 0},
    {"index32", DCN_SHAPE_ANY, 32, DCN_PACE_ANY, 0}, {"index64", DCN_SHAPE_ANY, 64, DCN_PACE_ANY, 0},
    {"fast", DCN_SHAPE_ANY, 0, DCN_PACE_FAST, 0},    {"general", DCN_SHAPE_ANY, 0, DCN_PACE_GENERAL, 0},
    {"baseline", DCN_SHAPE_ANY, 0, DCN_PACE_ANY, 1}, {"avx2", DCN_SHAPE_ANY, 0, DCN_PACE_ANY, 1},
    {"avx512", DCN_SHAPE_ANY, 0, DCN_PACE_ANY, 1},   {"neon", DCN_SHAPE_ANY, 0, DCN_PACE_ANY, 1},
};
#define WORD_COUNT (sizeof words / sizeof *words)

static const char separators[] = ", \t";

static const word *find_word(const char *text, size_t length)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (strlen(words[i].text) == length && memcmp(words[i].text, text, length) == 0)
            return &words[i];
    return NULL;
}

/* False when the word contradicts an earlier one. */
static bool apply(dcn_path *path, const word *w)
{
    if ((w->shape && path->shape && w->shape != path->shape) ||
        (w->index_bits && path->index_bits && w->index_bits != path->index_bits) ||
        (w->pace && path->pace && w->pace != path->pace) || (w->isa && path->isa[0] && strcmp(path->isa, w->text) != 0))
        return false;
    path->shape = w->shape ? w->shape : path->shape;
    path->index_bits = w->index_bits ? w->index_bits : path->index_bits;
    path->pace = w->pace ? w->pace : path->pace;
    if (w->isa)
        snprintf(path->isa, sizeof path->isa, "%s", w->text);
    return true;
}

dcn_status dcn_path_parse(const char *option, dcn_path *path)
{
    const char *where = "dcn_plan_options.path";
    memset(path, 0, sizeof *path);
    if (!option || !*option) {
        where = "DCNV4_PATH";
        option = dcn_environment("DCNV4_PATH");
    }
    if (!option)
        return DCN_SUCCESS;
    for (const char *at = option; at[strspn(at, separators)];) {
        at += strspn(at, separators);
        const size_t length = strcspn(at, separators);
        const word *found = find_word(at, length);
        if (!found)
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                            "%s: unknown word \"%.*s\"; known are wide, long, index32, index64, fast, general, "
                            "baseline, avx2, avx512, neon",
                            where, (int)length, at);
        if (!apply(path, found))
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: \"%s\" contradicts an earlier word of \"%s\"", where,
                            found->text, option);
        at += length;
    }
    return DCN_SUCCESS;
}

void dcn_path_format(const dcn_path *path, char *text, size_t size)
{
    snprintf(text, size, "%s,index%d,%s%s%s", path->shape == DCN_SHAPE_WIDE ? "wide" : "long", path->index_bits,
             path->pace == DCN_PACE_FAST ? "fast" : "general", path->isa[0] ? "," : "", path->isa);
}

void dcn_path_set_isa(dcn_path *path, const char *isa)
{
    if (isa)
        snprintf(path->isa, sizeof path->isa, "%s", isa);
}
