/* Tests of the suite's own parts: conversions, case files, parameters, tensors, comparison, generated cases, filters.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "casefile.h"
#include "compare.h"
#include "generate.h"
#include "sources.h"

static size_t passed;
static size_t failed;

static void check(bool good, const char *what, const char *detail)
{
    passed += good;
    failed += !good;
    if (!good) {
        printf("FAIL %s: %s\n", what, detail);
    }
}

/* ------------------------------------------------------------------------------------------------------ conversions */

static void test_conversions(void)
{
    static const struct {
        dcn_element element;
        double value;
        uint32_t bits;
    } rows[] = {
        {DCN_ELEMENT_F16, 1.0, 0x3c00},
        {DCN_ELEMENT_F16, -2.5, 0xc100},
        {DCN_ELEMENT_F16, 65504.0, 0x7bff},
        {DCN_ELEMENT_F16, 65519.99, 0x7bff},
        {DCN_ELEMENT_F16, 65520.0, 0x7c00},       /* halfway to 2^16: even is infinity */
        {DCN_ELEMENT_F16, 1.0 + 0x1p-11, 0x3c00}, /* ties to even */
        {DCN_ELEMENT_F16, 1.0 + 0x3p-11, 0x3c02},
        {DCN_ELEMENT_F16, 1.0 + 0x1p-11 + 0x1p-40, 0x3c01}, /* not a tie; through float32 it would be */
        {DCN_ELEMENT_F16, 0x1p-24, 0x0001},
        {DCN_ELEMENT_F16, 0x1p-25, 0x0000},
        {DCN_ELEMENT_F16, 0x1.8p-24, 0x0002},
        {DCN_ELEMENT_F16, 0x1.ffcp-15 + 0x1p-26, 0x0400}, /* a subnormal that rounds to the smallest normal */
        {DCN_ELEMENT_F16, -INFINITY, 0xfc00},
        {DCN_ELEMENT_BF16, 1.0, 0x3f80},
        {DCN_ELEMENT_BF16, 1.0 + 0x1p-8, 0x3f80},
        {DCN_ELEMENT_BF16, 1.0 + 0x3p-8, 0x3f82},
        {DCN_ELEMENT_BF16, 0x1.ffp127, 0x7f80},
        {DCN_ELEMENT_BF16, -0x1p-133, 0x8001},
        {DCN_ELEMENT_F32, 1.0 + 0x1p-24, 0x3f800000},
        {DCN_ELEMENT_F32, 0x1p-149, 1},
        {DCN_ELEMENT_F32, 0x1p-150, 0},
        {DCN_ELEMENT_F32, 1e300, 0x7f800000},
        {DCN_ELEMENT_F32, 5e-324, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t bits = dcn_convert_to_bits(rows[i].element, rows[i].value);
        char detail[96];
        snprintf(detail, sizeof detail, "%a became %#x, not %#x", rows[i].value, (unsigned)bits,
                 (unsigned)rows[i].bits);
        check(bits == rows[i].bits, dcn_element_name(rows[i].element), detail);
    }
    size_t wrong = 0;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        double half = dcn_convert_from_bits(DCN_ELEMENT_F16, bits);
        double brain = dcn_convert_from_bits(DCN_ELEMENT_BF16, bits);
        wrong += !dcn_is_nan(half) && dcn_convert_to_bits(DCN_ELEMENT_F16, half) != bits;
        wrong += !dcn_is_nan(brain) && dcn_convert_to_bits(DCN_ELEMENT_BF16, brain) != bits;
    }
    check(wrong == 0, "round trips", "a 16-bit pattern does not survive");
}

/* ------------------------------------------------------------------------------------------------------- case files */

/* Writes a file of a header and so many bytes of zeros, with the header's length given apart. */
static bool write_file(const char *path, uint64_t length, const char *header, size_t zeros)
{
    FILE *file = fopen(path, "wb");
    if (!file) {
        return false;
    }
    unsigned char prefix[8];
    for (unsigned i = 0; i < 8; i++) {
        prefix[i] = (unsigned char)(length >> (8 * i));
    }
    fwrite(prefix, 1, 8, file);
    fwrite(header, 1, strlen(header), file);
    for (size_t i = 0; i < zeros; i++) {
        fputc(0, file);
    }
    return fclose(file) == 0;
}

#define VALUE(shape, begin, end)                                                                                       \
    "\"value\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* Files that must be refused, with a part of the message. */
static const struct {
    const char *header;
    size_t zeros;
    const char *message;
} refusals[] = {
    {"[]", 0, "must be a JSON object"},
    {"{{", 0, "not valid JSON"},
    {"{} x", 0, "not valid JSON"},
    {"{\"\xff\":1}", 0, "not valid JSON"},
    {"{\"value\":1}", 0, "no string \"dtype\""},
    {"{\"__metadata__\":[]}", 0, "object of strings"},
    {"{\"__metadata__\":{\"op\":3}}", 0, "must be a string"},
    {"{\"__metadata__\":{\"op\":\"a\",\"op\":\"b\"}}", 0, "duplicate"},
    {"{" VALUE("[1]", "0", "4") "," VALUE("[1]", "4", "8") "}", 8, "duplicate"},
    {"{\"value\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "no array \"shape\""},
    {"{\"value\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "no \"data_offsets\""},
    {"{" VALUE("[-1]", "0", "4") "}", 4, "at least 0"},
    {"{" VALUE("[1.0]", "0", "4") "}", 4, "at least 0"},
    {"{" VALUE("[2]", "0", "4") "}", 4, "takes 8 bytes"},
    {"{" VALUE("[4611686018427387904, 4]", "0", "4") "}", 4, "overflows"},
    {"{" VALUE("[9223372036854775808]", "0", "4") "}", 4, "not valid JSON"},
    {"{" VALUE("[1]", "4", "0") "}", 4, "rising order"},
    {"{" VALUE("[1]", "-4", "0") "}", 4, "at least 0"},
    {"{" VALUE("[1]", "4", "8") "}", 8, "begins at byte 4"},
    {"{" VALUE("[2]", "0", "8") ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "although"},
    {"{" VALUE("[2]", "0", "8") "}", 7, "cut short"},
    {"{" VALUE("[1000000000000]", "0", "4000000000000") "}", 8, "cut short"},
    {"{" VALUE("[1]", "0", "4") "}", 5, "goes on"},
};

static void test_refusals(const char *path)
{
    dcn_case test;
    dcn_message message;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const char *header = refusals[i].header;
        bool written = write_file(path, strlen(header), header, refusals[i].zeros);
        bool refused = written && !dcn_case_file_read(path, &test, &message);
        check(refused && strstr(message.text, refusals[i].message), header, refused ? message.text : "was read");
        if (written && !refused) {
            dcn_case_free(&test);
        }
    }
    static const uint64_t lengths[] = {0, 1, 1000, UINT64_C(100000001), UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        bool refused = write_file(path, lengths[i], "{}", 0) && !dcn_case_file_read(path, &test, &message);
        check(refused, "header length", "a lying length was believed");
    }
    check(!dcn_case_file_read("/nowhere/at/all", &test, &message), "missing file", "was read");
}

/* What is written must come back the same. */
static void test_round_trip(const char *path)
{
    dcn_case written;
    dcn_case back;
    dcn_message message;
    bool good = dcn_generate(0, 1, &written, &message);
    if (!good || !dcn_case_file_write(path, &written, &message)) {
        check(false, "writing", message.text);
    } else if (!dcn_case_file_read(path, &back, &message)) {
        check(false, "reading back", message.text);
    } else {
        const dcn_case_tensor *a = dcn_case_find(&written, "offset_mask");
        const dcn_case_tensor *b = dcn_case_find(&back, "offset_mask");
        check(b && a->bytes == b->bytes && memcmp(a->data, b->data, (size_t)a->bytes) == 0, "tensor", "changed");
        check(back.parameter_count == written.parameter_count, "metadata", "changed in number");
        check(strcmp(dcn_case_get(&back, "op"), "dcnv4") == 0, "op", "changed");
        dcn_case_free(&back);
    }
    dcn_case_free(&written);
}

/* ------------------------------------------------------------------------------------------------ parameters, calls */

/* A generated case with one parameter changed, or with `value` NULL and the parameter's name spoiled; the message of
 * its refusal must contain a text, or with that NULL it must be accepted. */
static void check_parameter(const char *key, const char *value, const char *refusal)
{
    dcn_case test;
    dcn_call call;
    dcn_message message = {""};
    if (!dcn_generate(0, 1, &test, &message)) {
        check(false, key, message.text);
        return;
    }
    for (size_t i = 0; i < test.parameter_count; i++) {
        dcn_case_parameter *p = &test.parameters[i];
        if (strcmp(p->key, key) == 0) {
            p->key[0] = '?';
        }
    }
    bool good = (!value || dcn_case_set(&test, key, value)) && dcn_call_prepare(&test, &call, &message);
    check(refusal ? !good && strstr(message.text, refusal) != NULL : good, key, good ? "was accepted" : message.text);
    dcn_case_free(&test);
}

static void test_parameters(void)
{
    check_parameter("group", NULL, "lacks \"group\"");
    check_parameter("group_channels", NULL, "lacks \"group_channels\"");
    check_parameter("op", NULL, "lacks \"op\"");
    check_parameter("op", "dcnv9", "does not have the operator \"dcnv9\"");
    check_parameter("group", "5x", "decimal integer");
    check_parameter("group", "", "decimal integer");
    check_parameter("group", "99999999999999999999", "must lie between");
    check_parameter("group", "4", "channels");
    check_parameter("group", "-5", "at least 1");
    check_parameter("kernel_h", "2147483647", "need 3 numbers");
    check_parameter("kernel_w", "0", "at least 1");
    check_parameter("offset_scale", "nan", "finite");
    check_parameter("offset_scale", "1e999", "finite");
    check_parameter("offset_scale", "0x1", "finite");
    check_parameter("offset_scale", "-2.5e-1", NULL);
    check_parameter("remove_center", "yes", "true or false");
    check_parameter("remove_center", "True", NULL);
    check_parameter("softmax", "FALSE", NULL);
    check_parameter("stride_h", NULL, NULL);
    check_parameter("some_other_key", "anything", NULL);
}

/* The generated case of that name. */
static bool generate_named(const char *wanted, dcn_case *test, dcn_message *message)
{
    for (size_t i = 0; i < dcn_generate_count(); i++) {
        char name[96];
        dcn_generate_name(i, name, sizeof name);
        if (strcmp(name, wanted) == 0) {
            return dcn_generate(i, 1, test, message);
        }
    }
    return dcn_message_set(message, "there is no such case");
}

static dcn_case_tensor *tensor_of(dcn_case *test, const char *name)
{
    for (size_t i = 0; i < test->tensor_count; i++) {
        if (strcmp(test->tensors[i].name, name) == 0) {
            return &test->tensors[i];
        }
    }
    return NULL;
}

/* How a tensor is spoiled. */
typedef enum spoiling { RENAMED, RETYPED, LONGER, NUMBER } spoiling;

/* A generated case with one tensor spoiled (`at`: the extent made longer, or the integer that is raised); the message
 * of its refusal must contain a text. */
static void check_tensor(const char *name, dcn_call_direction direction, const char *tensor, spoiling how, size_t at,
                         const char *refusal)
{
    dcn_case test;
    dcn_call call;
    dcn_message message = {""};
    if (!generate_named(name, &test, &message)) {
        check(false, name, message.text);
        return;
    }
    dcn_case_tensor *spoiled = tensor_of(&test, tensor);
    bool accepted = dcn_call_prepare_direction(&test, direction, &call, &message);
    check(accepted && spoiled, name, message.text);
    if (spoiled) {
        spoiled->name[0] = how == RENAMED ? '?' : spoiled->name[0];
        spoiled->element = how == RETYPED ? DCN_ELEMENT_F64 : spoiled->element;
        spoiled->extent[at] += how == LONGER ? 1 : 0;
        if (how == NUMBER) {
            ((int64_t *)spoiled->data)[at]++;
        }
    }
    accepted = dcn_call_prepare_direction(&test, direction, &call, &message);
    check(!accepted && strstr(message.text, refusal), tensor, accepted ? "was accepted" : message.text);
    dcn_case_free(&test);
}

static void test_tensors(void)
{
    const dcn_call_direction forward = DCN_CALL_FORWARD;
    const dcn_call_direction backward = DCN_CALL_BACKWARD;
    check_tensor("d16_float16", backward, "grad_output", RENAMED, 0, "no tensor \"grad_output\"");
    check_tensor("d16_float16", backward, "grad_output", RETYPED, 0, "must be of type F16");
    check_tensor("d16_float16", backward, "grad_output", LONGER, 3, "it must be [2, 9, 8, 64]");
    check_tensor("dcnv3_d5_float32", forward, "mask", RENAMED, 0, "no tensor \"mask\"");
    check_tensor("dcnv3_d5_float32", forward, "mask", LONGER, 3, "it must be [2, 6, 7, 27]");
    check_tensor("dcnv3_d5_float32", forward, "offset", LONGER, 3, "it must be [2, 6, 7, 54]");
    check_tensor("dcnv3_d5_float32", forward, "offset", LONGER, 0, "it must be [2,");
    check_tensor("dcnv3_d5_float32", backward, "grad_output", LONGER, 1, "it must be [2, 6, 7, 15]");
    const char attention[] = "attention_l2k3_d5_float32";
    check_tensor(attention, forward, "spatial_shapes", RENAMED, 0, "needs a tensor \"spatial_shapes\" of type I64");
    check_tensor(attention, forward, "spatial_shapes", RETYPED, 0, "of type I64");
    check_tensor(attention, forward, "spatial_shapes", LONGER, 1, "extent 1 is 3; it must be 2");
    check_tensor(attention, forward, "spatial_shapes", NUMBER, 3, "level 1 of 3 by 4 goes on");
    check_tensor(attention, forward, "spatial_shapes", NUMBER, 0, "level 1 starts at 30; the levels before it have 36");
    check_tensor(attention, forward, "level_start_index", RENAMED, 0, "\"level_start_index\"");
    check_tensor(attention, forward, "level_start_index", NUMBER, 1,
                 "level 1 starts at 31; the levels before it have 30");
    check_tensor(attention, forward, "value", LONGER, 1, "value has 40 pixels; the levels have 39");
    check_tensor(attention, forward, "sampling_loc_attn", LONGER, 3, "it must be [1, 9, 3, 18]");
    check_tensor(attention, forward, "sampling_loc_attn", LONGER, 2, "it must be [1, 9, 3, 18]");
    check_tensor(attention, backward, "grad_output", LONGER, 2, "it must be [1, 9, 15]");
}

static void check_list(const char *text, size_t wanted)
{
    dcn_case test;
    dcn_message message = {""};
    int64_t numbers[3] = {0};
    size_t count = 0;
    dcn_case_init(&test, "list");
    bool good = dcn_case_set(&test, "list", text) && dcn_case_integers(&test, "list", numbers, 3, &count, &message);
    check(wanted ? good && count == wanted && numbers[wanted - 1] == 7 : !good, text,
          good ? "was accepted, or read wrong" : message.text);
    dcn_case_free(&test);
}

static void test_lists(void)
{
    check_list("[7]", 1);
    check_list("[1, 2,7]", 3);
    check_list(" [ 0 , 7 ] ", 2);
    static const char *const refused[] = {"",     "[]",    "[1,]",    "[1, 2, 3, 4]", "[1",   "1, 2]",
                                          "[-1]", "[1.5]", "[1 2]",   "[x]",          "[1]]", "[99999999999999999999]",
                                          "[",    "[,]",   "[1], [2]"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        check_list(refused[i], 0);
    }
}

/* ------------------------------------------------------------------------------------------------------- comparison */

static bool accepts(dcn_element storage, dcn_expected expected, double result, bool exact)
{
    uint32_t bits = dcn_convert_to_bits(storage, result);
    uint16_t half = (uint16_t)bits;
    const void *data = storage == DCN_ELEMENT_F32 ? (const void *)&bits : (const void *)&half;
    return dcn_compare_elements(&expected, storage, data, 1, exact).wrong == 0;
}

static void test_comparison(void)
{
    dcn_expected one = {.value = 1.0, .slack = 1e-6};
    check(accepts(DCN_ELEMENT_F32, one, 1.0 + 0x1p-20, false), "bounded", "inside was refused");
    check(!accepts(DCN_ELEMENT_F32, one, 1.0 + 0x1p-19, false), "bounded", "outside was accepted");
    check(!accepts(DCN_ELEMENT_F32, one, 1.0 + 0x1p-23, true), "exact", "one bit off was accepted");
    check(!accepts(DCN_ELEMENT_F32, one, NAN, false), "bounded", "NaN was accepted");
    check(!accepts(DCN_ELEMENT_F16, one, 1.0 + 0x1p-10, false), "float16", "one place off was accepted");

    dcn_expected tie = {.value = 1.0 + 0x1p-11, .slack = 1e-6};
    check(accepts(DCN_ELEMENT_F16, tie, 1.0 + 0x1p-10, false), "float16", "the other side of a tie was refused");
    check(!accepts(DCN_ELEMENT_F16, tie, 1.0 + 0x1p-10, true), "float16", "a tie was rounded to odd");

    dcn_expected large = {.value = 70000.0, .slack = 1.0};
    check(accepts(DCN_ELEMENT_F16, large, INFINITY, false), "float16", "an overflow was refused");
    check(!accepts(DCN_ELEMENT_F16, large, 65504.0, false), "float16", "a clamped overflow was accepted");
    check(!accepts(DCN_ELEMENT_F32, large, INFINITY, false), "float32", "infinity was accepted");

    dcn_expected may = {.value = 1.0, .may_be_nonfinite = true};
    dcn_expected must = {.value = 1.0, .may_be_nonfinite = true, .must_be_nonfinite = true};
    check(accepts(DCN_ELEMENT_F32, may, NAN, false) && accepts(DCN_ELEMENT_F32, may, 1.0, false), "may", "was refused");
    check(!accepts(DCN_ELEMENT_F32, must, 1.0, false), "must", "a finite result was accepted");

    dcn_expected jump = {.value = 1.0, .slack = 1e-6, .jump = -3.0};
    check(accepts(DCN_ELEMENT_F32, jump, -2.0, false), "jump", "the other side was refused");
    check(accepts(DCN_ELEMENT_F32, jump, 1.0, false), "jump", "the side itself was refused");
    check(!accepts(DCN_ELEMENT_F32, jump, 0.0, false), "jump", "what lies between the sides was accepted");
    double sides[] = {1.0, 5.0};
    const float other_side[] = {-2.0f, 5.5f};
    const dcn_expected choices[] = {jump, {.value = 5.0}};
    dcn_compare_take_sides(choices, DCN_ELEMENT_F32, other_side, 2, sides);
    check(sides[0] == -2.0 && sides[1] == 5.0, "sides", "the nearer one was not taken");
    check(dcn_compare_limit_of(DCN_TOLERANCE_GRADIENT, DCN_ELEMENT_F16) == 2.5e-4 &&
              dcn_compare_limit_of(DCN_TOLERANCE_LOCATIONS, DCN_ELEMENT_F16) == 3e-4 &&
              dcn_compare_limit_of(DCN_TOLERANCE_LOCATIONS, DCN_ELEMENT_BF16) == 2e-3 &&
              dcn_compare_limit_of(DCN_TOLERANCE_GRADIENT, DCN_ELEMENT_F32) == 3e-7,
          "limits", "are not compare.h's");

    const double reference[] = {3.0, 4.0, INFINITY};
    const float near_it[] = {3.0f, 4.5f, INFINITY};
    dcn_norm norm = dcn_compare_norm(reference, DCN_ELEMENT_F32, near_it, 3);
    check(norm.largest == 0.5 && norm.index == 1 && norm.relative == 0.1, "norm", "is wrong");
    const float lost[] = {3.0f, 4.0f, 1.0f};
    check(!(dcn_compare_norm(reference, DCN_ELEMENT_F32, lost, 3).relative < 1.0), "norm", "misses an infinity");
}

/* -------------------------------------------------------------------------------------------------- generated cases */

/* Whether every result is a sum of multiples of 2^-8 whose sizes add up to less than 2^16: then every partial sum is a
 * float32 number. No term of an exact case is finer: offsets are quarters, scales at least 1/2, masks at least 1/2. */
static bool is_exact(const dcn_case *test, dcn_call_direction direction)
{
    dcn_call call;
    dcn_message message;
    if (!dcn_call_prepare_direction(test, direction, &call, &message)) {
        return false;
    }
    double *values[DCN_CALL_MAX_RESULTS] = {NULL};
    dcn_oracle_error *errors[DCN_CALL_MAX_RESULTS] = {NULL};
    bool good = true;
    for (size_t r = 0; r < call.result_count; r++) {
        values[r] = malloc(((size_t)call.results[r].count + 1) * sizeof *values[r]);
        errors[r] = malloc(((size_t)call.results[r].count + 1) * sizeof *errors[r]);
        good = good && values[r] && errors[r];
    }
    good = good && call.op->oracle(&call, values, errors, &message);
    for (size_t r = 0; r < call.result_count; r++) {
        for (uint64_t i = 0; i < call.results[r].count && good; i++) {
            double scaled = values[r][i] * 0x1p8;
            good = scaled == floor(scaled) && errors[r][i].magnitude < 0x1p16 && errors[r][i].drift == 0.0 &&
                   errors[r][i].jump == 0.0;
        }
        free(values[r]);
        free(errors[r]);
    }
    return good;
}

static void test_generated(void)
{
    size_t wrong = 0;
    for (size_t i = 0; i < dcn_generate_count(); i++) {
        dcn_case first;
        dcn_case again;
        dcn_message message;
        bool good = dcn_generate(i, 7, &first, &message) && dcn_generate(i, 7, &again, &message);
        if (!good) {
            check(false, "generating", message.text);
            return;
        }
        for (size_t t = 0; t < first.tensor_count; t++) {
            const dcn_case_tensor *a = &first.tensors[t];
            wrong += a->bytes && memcmp(a->data, again.tensors[t].data, (size_t)a->bytes) != 0;
        }
        if (first.exact) {
            check(is_exact(&first, DCN_CALL_FORWARD), first.name, "is not exact");
            check(is_exact(&first, DCN_CALL_BACKWARD), first.name, "has gradients that are not exact");
        }
        dcn_case_free(&first);
        dcn_case_free(&again);
    }
    check(wrong == 0, "generating", "the same seed gave different tensors");
}

/* How many cases a filter leaves, SIZE_MAX on failure. */
static size_t filtered(const char *filter)
{
    dcn_sources sources;
    dcn_message message;
    if (!dcn_sources_collect(filter, NULL, &sources, &message)) {
        return SIZE_MAX;
    }
    size_t count = sources.count;
    dcn_sources_free(&sources);
    return count;
}

/* Parts have every case once between them. */
static void test_parts(void)
{
    size_t count = 0;
    for (size_t part = 1; part <= 5; part++) {
        dcn_sources sources;
        dcn_message message;
        if (!dcn_sources_collect("image_1x37_,row_plus13_,d5_", NULL, &sources, &message)) {
            break;
        }
        dcn_sources_keep_part(&sources, part, 5);
        count += sources.count;
        dcn_sources_free(&sources);
    }
    check(count > 5 && count == filtered("image_1x37_,row_plus13_,d5_"), "part", "parts add up to the whole");
}

static void test_filters(void)
{
    const size_t all = dcn_generate_count();
    check(filtered(NULL) == all && filtered("") == all, "filter", "no text leaves every case");
    check(filtered("image_1x37_float32") == 1, "filter", "a whole name leaves one case");
    check(filtered("image_1x37_float32,row_plus13_float16") == 2, "filter", "two names leave two cases");
    check(filtered("image_1x37_,no such case") == 3, "filter", "a text in no name takes nothing away");
    check(filtered("image_1x37_float32,image_1x37_") == 3, "filter", "a case that two texts name is there once");
    check(filtered("no such case") == 0, "filter", "a text in no name leaves no case");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: selftest SCRATCH_FILE\n");
        return 2;
    }
    test_conversions();
    test_parameters();
    test_tensors();
    test_lists();
    test_comparison();
    test_generated();
    test_filters();
    test_parts();
    if (dcn_case_file_supported()) {
        test_refusals(argv[1]);
        test_round_trip(argv[1]);
        remove(argv[1]);
    }
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed ? 1 : 0;
}
