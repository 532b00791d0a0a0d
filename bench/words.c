/* A case in the words of the command line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static const struct {
    const char *name;
    dcn_dtype dtype;
} dtypes[] = {{"f32", DCN_FLOAT32}, {"f16", DCN_FLOAT16}, {"bf16", DCN_BFLOAT16}};

static const struct {
    const char *name;
    dcn_bench_distribution distribution;
} distributions[] = {{"uniform", DCN_BENCH_UNIFORM}, {"normal", DCN_BENCH_NORMAL}};

static const char *const directions[] = {[DCN_FORWARD] = "forward", [DCN_BACKWARD] = "backward"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool dcn_bench_parse_dtype(const char *name, dcn_dtype *dtype)
{
    for (size_t i = 0; i < COUNT(dtypes); i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            *dtype = dtypes[i].dtype;
            return true;
        }
    }
    return false;
}

bool dcn_bench_parse_offsets(const char *text, dcn_bench_offsets *offsets)
{
    for (size_t i = 0; i < COUNT(distributions); i++) {
        size_t length = strlen(distributions[i].name);
        if (strncmp(text, distributions[i].name, length) != 0 || text[length] != ':')
            continue;
        const char *number = text + length + 1;
        char *end;
        double scale = strtod(number, &end);
        if (!*number || number[strspn(number, "0123456789.e-")] || *end ||
            !(scale >= 0 && scale <= DCN_BENCH_MAX_SCALE))
            return false;
        offsets->distribution = distributions[i].distribution;
        offsets->scale = scale;
        return true;
    }
    return false;
}

bool dcn_bench_parse_direction(const char *name, dcn_direction *direction)
{
    for (size_t i = 0; i < COUNT(directions); i++) {
        if (strcmp(name, directions[i]) == 0) {
            *direction = (dcn_direction)i;
            return true;
        }
    }
    return false;
}

/* Takes `count` numbers with an x between them from the start of *text, which moves behind them. */
static bool take_extents(const char **text, size_t count, int64_t *const *extents)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && *(*text)++ != 'x')
            return false;
        const size_t digits = strspn(*text, "0123456789");
        if (digits < 1 || digits > 10)
            return false;
        *extents[i] = strtoll(*text, NULL, 10);
        if (*extents[i] < 1 || *extents[i] > INT32_MAX)
            return false;
        *text += digits;
    }
    return true;
}

static bool take_levels(const char *text, dcn_bench_case *test)
{
    test->level_count = 0;
    do {
        if (test->level_count == DCN_BENCH_MAX_LEVELS)
            return false;
        int64_t *level = test->levels[test->level_count++];
        text++; /* the colon or comma */
        if (!take_extents(&text, 2, (int64_t *[]){&level[0], &level[1]}))
            return false;
    } while (*text == ',');
    return !*text;
}

bool dcn_bench_parse_shape(const char *text, dcn_bench_case *test)
{
    if (dcn_bench_is_attention(test->op))
        return take_extents(
                   &text, 5,
                   (int64_t *[]){&test->batch, &test->queries, &test->group, &test->group_channels, &test->points}) &&
               *text == ':' && take_levels(text, test);
    return take_extents(
               &text, 5,
               (int64_t *[]){&test->batch, &test->height, &test->width, &test->group, &test->group_channels}) &&
           !*text;
}

static void describe_attention(const dcn_bench_case *test, dcn_bench_words *words)
{
    int used = snprintf(words->shape, sizeof words->shape, "%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64,
                        test->batch, test->queries, test->group, test->group_channels, test->points);
    for (int64_t l = 0; l < test->level_count; l++)
        used += snprintf(words->shape + used, sizeof words->shape - (size_t)used, "%c%" PRId64 "x%" PRId64,
                         l ? ',' : ':', test->levels[l][0], test->levels[l][1]);
    snprintf(words->kernel, sizeof words->kernel, "-");
}

static void describe_grid(const dcn_bench_case *test, dcn_bench_words *words)
{
    snprintf(words->shape, sizeof words->shape, "%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64, test->batch,
             test->height, test->width, test->group, test->group_channels);
    snprintf(words->kernel, sizeof words->kernel, "%" PRId64 "x%" PRId64, test->kernel_h, test->kernel_w);
}

dcn_bench_words dcn_bench_describe(const dcn_bench_case *test)
{
    dcn_bench_words words = {.dtype = "unknown", .direction = directions[test->direction]};
    if (dcn_bench_is_attention(test->op))
        describe_attention(test, &words);
    else
        describe_grid(test, &words);
    for (size_t i = 0; i < COUNT(distributions); i++)
        if (distributions[i].distribution == test->offsets.distribution)
            snprintf(words.offsets, sizeof words.offsets, "%s:%g", distributions[i].name, test->offsets.scale);
    for (size_t i = 0; i < COUNT(dtypes); i++)
        if (dtypes[i].dtype == test->dtype)
            words.dtype = dtypes[i].name;
    return words;
}
