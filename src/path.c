#include "path.h"

#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "status.h"

/* Every word and the choice it makes; the same list reads and writes paths. */
typedef struct word {
    const char *text;
    dcn_path path; /* an isa is the text itself */
} word;

static const word words[] = {
    {"wide", {.shape = DCN_SHAPE_WIDE}},
    {"long", {.shape = DCN_SHAPE_LONG}},
    {"index32", {.index_bits = 32}},
    {"index64", {.index_bits = 64}},
    {"fast", {.pace = DCN_PACE_FAST}},
    {"general", {.pace = DCN_PACE_GENERAL}},
    {"special", {.build = DCN_BUILD_SPECIAL}},
    {"plain", {.build = DCN_BUILD_PLAIN}},
    {"baseline", {.isa = "baseline"}},
    {"avx2", {.isa = "avx2"}},
    {"avx512", {.isa = "avx512"}},
    {"neon", {.isa = "neon"}},
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

/* Sets *choice, 0 where nothing is chosen; false when that contradicts an earlier choice. */
static bool choose(int *choice, int wanted)
{
    if (wanted && *choice && wanted != *choice)
        return false;
    *choice = wanted ? wanted : *choice;
    return true;
}

static bool apply(dcn_path *path, const dcn_path *w)
{
    int shape = (int)path->shape;
    int pace = (int)path->pace;
    int build = (int)path->build;
    if (!choose(&shape, (int)w->shape) || !choose(&path->index_bits, w->index_bits) || !choose(&pace, (int)w->pace) ||
        !choose(&build, (int)w->build) || (w->isa[0] && path->isa[0] && strcmp(path->isa, w->isa) != 0))
        return false;
    path->shape = (dcn_shape)shape;
    path->pace = (dcn_pace)pace;
    path->build = (dcn_build)build;
    if (w->isa[0])
        dcn_path_set_isa(path, w->isa);
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
                            "special, plain, baseline, avx2, avx512, neon",
                            where, (int)length, at);
        if (!apply(path, &found->path))
            return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: \"%s\" contradicts an earlier word of \"%s\"", where,
                            found->text, option);
        at += length;
    }
    return DCN_SUCCESS;
}

void dcn_path_format(const dcn_path *path, char *text, size_t size)
{
    snprintf(text, size, "%s,index%d,%s%s%s%s", path->shape == DCN_SHAPE_WIDE ? "wide" : "long", path->index_bits,
             path->pace == DCN_PACE_FAST ? "fast" : "general", path->build == DCN_BUILD_SPECIAL ? ",special" : "",
             path->isa[0] ? "," : "", path->isa);
}

dcn_path dcn_path_general(const dcn_path *path)
{
    dcn_path general = *path;
    general.pace = DCN_PACE_GENERAL;
    general.build = DCN_BUILD_PLAIN;
    return general;
}

void dcn_path_set_isa(dcn_path *path, const char *isa)
{
    if (isa)
        snprintf(path->isa, sizeof path->isa, "%s", isa);
}
