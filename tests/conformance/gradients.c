/*
 * What makes a gradient one, whatever program computes it, held against the float64 oracle on the generated cases:
 *
 * - adjointness: <forward(value), g> = <value, grad_value(g)>, since operators are linear in the values;
 * - linearity: gradients for g + h are the sum of those for g and for h;
 * - differences: each gradient is a one-sided difference quotient of <forward, g>; the two differ only at kinks;
 * - softmax: the gradients of a head's logits add up to 0.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "operators.h"
#include "random.h"

/* Step of a difference quotient, elements of each input tried, and the room for the quotient's own error. */
#define STEP       0x1p-20
#define TRIES      6
#define ROOM       1e-5
#define ROUNDING   1e-12
#define MAX_INPUTS DCN_CALL_MAX_INPUTS

/* A case in both directions, its inputs as double so that they can be moved. */
typedef struct pair {
    dcn_case test;
    dcn_call forward, backward;
    dcn_case_tensor inputs[MAX_INPUTS]; /* of the backward call, of which the forward call has all but the last */
    double *numbers[MAX_INPUTS];
    size_t counts[MAX_INPUTS];
    double *output, *moved, *other; /* room for outputs */
    double *gradients[2][DCN_CALL_MAX_RESULTS];
    size_t differentiable; /* inputs that have a gradient, in the order of the results */
} pair;

static size_t passed;
static size_t failed;
static size_t kinks;

static void check(bool good, const pair *p, const char *what, double left, double right)
{
    passed += good;
    failed += !good;
    if (!good) {
        printf("FAIL %s: %s: %.12g and %.12g\n", p->test.name, what, left, right);
    }
}

static double *room(size_t count)
{
    return calloc(count + 1, sizeof(double));
}

static void close_pair(pair *p)
{
    dcn_call_free_doubles(p->numbers);
    free(p->output);
    free(p->moved);
    free(p->other);
    for (size_t i = 0; i < 2 * DCN_CALL_MAX_RESULTS; i++) {
        free(p->gradients[i / DCN_CALL_MAX_RESULTS][i % DCN_CALL_MAX_RESULTS]);
    }
    dcn_case_free(&p->test);
}

static bool widen(pair *p, dcn_message *message)
{
    if (!dcn_call_inputs_as_double(&p->backward, p->numbers, message)) {
        return false;
    }
    p->differentiable = p->backward.result_count;
    for (size_t i = 0; i < p->backward.input_count; i++) {
        p->inputs[i] = *p->backward.inputs[i];
        p->counts[i] = (size_t)(p->inputs[i].bytes / dcn_element_size(p->inputs[i].element));
        p->inputs[i].element = DCN_ELEMENT_F64;
        p->inputs[i].bytes = p->counts[i] * sizeof(double);
        p->inputs[i].data = p->numbers[i];
        p->backward.inputs[i] = &p->inputs[i];
        p->forward.inputs[i] = &p->inputs[i];
    }
    size_t outputs = (size_t)p->forward.results[0].count;
    p->output = room(outputs);
    p->moved = room(outputs);
    p->other = room(outputs);
    bool good = p->output && p->moved && p->other;
    for (size_t r = 0; r < p->backward.result_count; r++) {
        p->gradients[0][r] = room((size_t)p->backward.results[r].count);
        p->gradients[1][r] = room((size_t)p->backward.results[r].count);
        good = good && p->gradients[0][r] && p->gradients[1][r];
    }
    return good || dcn_message_set(message, "out of memory");
}

/* End it with close_pair(), whatever it returns. */
static bool open_pair(size_t index, pair *p, dcn_message *message)
{
    memset(p, 0, sizeof *p);
    return dcn_generate(index, DCN_GENERATE_DEFAULT_SEED, &p->test, message) &&
           dcn_call_prepare_direction(&p->test, DCN_CALL_FORWARD, &p->forward, message) &&
           dcn_call_prepare_direction(&p->test, DCN_CALL_BACKWARD, &p->backward, message) && widen(p, message) &&
           dcn_call_evaluate(&p->forward, &p->output, message) &&
           dcn_call_evaluate(&p->backward, p->gradients[0], message);
}

/* Infinities and NaNs have no algebra. */
static bool is_all_finite(const pair *p)
{
    double sum = 0.0;
    for (size_t i = 0; i < p->forward.results[0].count; i++) {
        sum += p->output[i] * 0.0;
    }
    for (size_t r = 0; r < p->backward.result_count; r++) {
        for (size_t i = 0; i < p->backward.results[r].count; i++) {
            sum += p->gradients[0][r][i] * 0.0;
        }
    }
    for (size_t i = 0; i < p->counts[0]; i++) {
        sum += p->numbers[0][i] * 0.0;
    }
    return dcn_is_finite(sum);
}

/* The inner product, and with it the sum of its terms' sizes. */
static double product(const double *a, const double *b, size_t count, double *sizes)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
        *sizes += fabs(a[i] * b[i]);
    }
    return sum;
}

static const double *grad_output(const pair *p)
{
    return p->numbers[p->backward.input_count - 1];
}

static void check_adjoint(const pair *p)
{
    double sizes = 0.0;
    double left = product(p->output, grad_output(p), (size_t)p->forward.results[0].count, &sizes);
    double right = product(p->numbers[0], p->gradients[0][0], p->counts[0], &sizes);
    check(fabs(left - right) <= ROUNDING * sizes, p, "<output, g> and <value, gradient>", left, right);
}

static bool check_linear(pair *p, dcn_message *message)
{
    size_t count = (size_t)p->forward.results[0].count;
    double *g = p->numbers[p->backward.input_count - 1];
    dcn_random random = dcn_random_stream(1, p->test.name, "another gradient");
    for (size_t i = 0; i < count; i++) {
        p->moved[i] = g[i];
        p->other[i] = dcn_random_unit(&random);
        g[i] += p->other[i];
    }
    bool good = dcn_call_evaluate(&p->backward, p->gradients[1], message);
    memcpy(g, p->other, count * sizeof *g);
    double *sums[DCN_CALL_MAX_RESULTS] = {NULL};
    for (size_t r = 0; r < p->backward.result_count; r++) {
        sums[r] = room((size_t)p->backward.results[r].count);
        good = good && sums[r];
    }
    good = good && dcn_call_evaluate(&p->backward, sums, message);
    for (size_t r = 0; r < p->backward.result_count && good; r++) {
        double off = 0.0;
        double largest = 0.0;
        for (size_t i = 0; i < p->backward.results[r].count; i++) {
            double sum = p->gradients[0][r][i] + sums[r][i];
            off = fmax(off, fabs(sum - p->gradients[1][r][i]));
            largest = fmax(largest, fabs(p->gradients[0][r][i]) + fabs(sums[r][i]));
        }
        check(off <= ROUNDING * largest, p, "gradients of a sum: largest difference, largest", off, largest);
    }
    for (size_t r = 0; r < DCN_CALL_MAX_RESULTS; r++) {
        free(sums[r]);
    }
    memcpy(g, p->moved, count * sizeof *g);
    return good;
}

/* The difference quotient of <output, g> for one number moved by `step`, and how far off it may be. */
static bool quotient(pair *p, size_t input, size_t at, double step, double *value, double *room_for_error,
                     dcn_message *message)
{
    double *number = &p->numbers[input][at];
    const double before = *number;
    *number = before + step;
    const double moved = *number - before;
    bool good = dcn_call_evaluate(&p->forward, &p->moved, message);
    *number = before;
    *value = 0.0;
    for (size_t i = 0; i < p->forward.results[0].count && good; i++) {
        double g = grad_output(p)[i];
        double term = (p->moved[i] - p->output[i]) / moved * g;
        *value += term;
        *room_for_error += ROOM * fabs(term) + ROUNDING * fabs(p->output[i] * g / moved);
    }
    return good;
}

static bool check_element(pair *p, size_t input, size_t at, dcn_message *message)
{
    double gradient = p->gradients[0][input][at];
    double error = 1e-12;
    double right, left;
    if (!quotient(p, input, at, STEP, &right, &error, message) ||
        !quotient(p, input, at, -STEP, &left, &error, message)) {
        return false;
    }
    kinks += fabs(left - right) > error;
    /* Where a step crosses a kink, the gradient is one of the slopes or between them. */
    bool good = gradient >= fmin(left, right) - error && gradient <= fmax(left, right) + error;
    char what[96];
    snprintf(what, sizeof what, "%s, element %zu, and the difference quotient", p->backward.results[input].name, at);
    check(good, p, what, gradient, right);
    return true;
}

static bool check_differences(pair *p, dcn_message *message)
{
    dcn_random random = dcn_random_stream(1, p->test.name, "elements");
    for (size_t i = 0; i < p->differentiable; i++) {
        for (int tries = 0; tries < TRIES && p->counts[i]; tries++) {
            size_t at = (size_t)(dcn_random_bits(&random) % p->counts[i]);
            /* A number that is not finite, or so large that the step is lost in it, cannot be moved. */
            if (fabs(p->numbers[i][at]) < 1e5 && !check_element(p, i, at, message)) {
                return false;
            }
        }
    }
    return true;
}

static void check_logits(const pair *p)
{
    const dcn_attention_shape *s = &p->forward.desc.attention;
    if (strcmp(p->forward.op->name, "flash_deform_attn") != 0) {
        return;
    }
    const double *gradient = p->gradients[0][1];
    int64_t count = s->levels * s->points;
    double worst = 0.0;
    double largest = 0.0;
    for (int64_t head = 0; head < s->batch * s->queries * s->group; head++) {
        double sum = 0.0;
        for (int64_t k = 0; k < count; k++) {
            double logit = gradient[(head * 3 + 2) * count + k];
            sum += logit;
            largest = fmax(largest, fabs(logit));
        }
        worst = fmax(worst, fabs(sum));
    }
    check(worst <= 1e-11 * (1.0 + largest), p, "sum over a head's logit gradients, largest", worst, largest);
}

int main(void)
{
    static const char float32[] = "_float32";
    for (size_t i = 0; i < dcn_generate_count(); i++) {
        char name[96];
        dcn_generate_name(i, name, sizeof name);
        if (strcmp(name + strlen(name) - strlen(float32), float32) != 0) {
            continue;
        }
        pair p;
        dcn_message message = {""};
        bool good = open_pair(i, &p, &message);
        if (good && is_all_finite(&p)) {
            check_adjoint(&p);
            check_logits(&p);
            good = check_linear(&p, &message) && check_differences(&p, &message);
        }
        if (!good) {
            printf("FAIL %s: %s\n", name, message.text);
            failed++;
        }
        close_pair(&p);
    }
    printf("%zu quotients lie at kinks\n%zu passed, %zu failed\n", kinks, passed, failed);
    return failed ? 1 : 0;
}
