/*
 * The kernel cache under the OpenCL backend: whatever it holds, results have the same bits; what it should hold is not
 * compiled again; and no call of the driver that it makes can fail a plan.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache_folder.h"
#include "counting.h"
#include "kernel_cache.h"
#include "opencl/cl_api.h"
#include "operator_call.h"

static const char *own_path;
static inputs in;
static float reference[VALUES];

/* What one run of the operator, in a context of its own, made of the inputs and asked of the driver. */
typedef struct run {
    float output[VALUES];
    long sources;  /* programs made from source */
    long binaries; /* programs made from what was compiled before, taken or not */
    long builds;
} run;

static run run_operator(void)
{
    run made = {.sources = counting_calls("clCreateProgramWithSource"),
                .binaries = counting_calls("clCreateProgramWithBinary"),
                .builds = counting_calls("clBuildProgram")};
    const dcn_dcnv4_desc desc = operator_desc();
    const dcn_slice tensors[TENSORS] = {dcn_slice_host(in.value, tensor_bytes[0]),
                                        dcn_slice_host(in.offset_mask, tensor_bytes[1]),
                                        dcn_slice_host(made.output, tensor_bytes[2])};
    memset(made.output, 0xFF, sizeof made.output);
    expect_success(dcn_dcnv4_run_host(test_device, &desc, tensors, TENSORS));
    made.sources = counting_calls("clCreateProgramWithSource") - made.sources;
    made.binaries = counting_calls("clCreateProgramWithBinary") - made.binaries;
    made.builds = counting_calls("clBuildProgram") - made.builds;
    assert_int_equal(counting_live(COUNTED_NONE), 0);
    return made;
}

static void expect_same(const run *a, const run *b)
{
    assert_memory_equal(a->output, b->output, sizeof a->output);
}

/* A run that compiles, into an empty cache. */
static run run_cold(void)
{
    run made = run_operator();
    assert_true(made.sources > 0);
    assert_int_equal(made.binaries, 0);
    assert_int_equal(made.builds, made.sources);
    expect_agreement(made.output, reference);
    return made;
}

/* A run that only loads what the other one compiled. */
static void expect_warm(const run *cold)
{
    run made = run_operator();
    assert_int_equal(made.sources, 0);
    assert_int_equal(made.binaries, cold->sources);
    assert_int_equal(made.builds, cold->sources);
    expect_same(&made, cold);
}

/* A run that the cache is of no use for. */
static void expect_compiled(const run *cold)
{
    run made = run_operator();
    assert_int_equal(made.sources, cold->sources);
    expect_same(&made, cold);
}

/* ---- what it is for ------------------------------------------------------------------------------------- */

static void test_compiled_once(void **state)
{
    (void)state;
    static const char *const paths[] = {"long", "wide", "long,index64", "wide,index64"};
    enum { PATHS = sizeof paths / sizeof *paths };
    static run cold[PATHS];
    const char *folder = new_cache();
    long programs = 0;
    for (int i = 0; i < PATHS; i++) {
        set_environment("DCNV4_PATH", paths[i]);
        cold[i] = run_cold();
        programs += cold[i].sources;
        assert_int_equal(count_files(folder, ENTRY_SUFFIX), programs);
        assert_int_equal(count_files(folder, ""), programs);
    }
    for (int i = 0; i < PATHS; i++) {
        set_environment("DCNV4_PATH", paths[i]);
        expect_warm(&cold[i]);
    }
    set_environment("DCNV4_PATH", NULL);
}

/* Opening a device reads and writes nothing; only kernels do. */
static void test_context_alone(void **state)
{
    (void)state;
    const char *folder = new_cache();
    dcn_context *context = NULL;
    expect_success(dcn_context_create(test_device, NULL, &context));
    dcn_context_destroy(context);
    assert_int_equal(access(folder, F_OK), -1);
}

static void test_switched_off(void **state)
{
    (void)state;
    const char *folder = new_cache();
    run cold = run_cold();
    const size_t files = count_files(folder, "");
    const long asked = counting_calls("clGetProgramInfo");
    set_environment("DCNV4_CACHE", "off");
    run off = run_cold();
    expect_same(&off, &cold);
    assert_int_equal(counting_calls("clGetProgramInfo"), asked); /* drivers may have to work for a binary */
    assert_int_equal(count_files(folder, ""), files);
    set_environment("DCNV4_CACHE", NULL);
    expect_warm(&cold);
}

/* ---- other processes ------------------------------------------------------------------------------------ */

/* Starts this program again, to run with the cache as it is and compare with the output in a file. */
static pid_t start_process(const char *output, const char *what)
{
    fflush(NULL);
    const pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        execl(own_path, own_path, test_device, output, what, (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    return process;
}

static void expect_success_of(pid_t process)
{
    int status = -1;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

/* What such a process does. */
static int be_process(const char *output, const char *what)
{
    size_t size = 0;
    fill_inputs(&in);
    unsigned char *wanted = read_whole(output, &size);
    run made = run_operator();
    const bool same = size == sizeof made.output && memcmp(wanted, made.output, size) == 0;
    const bool loaded = made.sources == 0 && made.binaries > 0;
    free(wanted);
    return same && (loaded || strcmp(what, "loads") != 0) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void test_second_process(void **state)
{
    (void)state;
    enum { PROCESSES = 4 };
    char output[PATH_ROOM];
    pid_t processes[PROCESSES];
    new_cache();
    run cold = run_cold();
    snprintf(output, sizeof output, "%s", new_path());
    write_whole(output, cold.output, sizeof cold.output);
    expect_success_of(start_process(output, "loads"));
    /* Several that find nothing, and compile and store the same. */
    new_cache();
    for (int i = 0; i < PROCESSES; i++)
        processes[i] = start_process(output, "compiles or loads");
    for (int i = 0; i < PROCESSES; i++)
        expect_success_of(processes[i]);
    expect_warm(&cold);
}

/* ---- damage --------------------------------------------------------------------------------------------- */

/* One entry, its file as it should be. */
typedef struct entry {
    char path[PATH_ROOM];
    unsigned char *file;
    size_t size;
    size_t key_size;
} entry;

enum { HEADER = 40, AT_KEY_SIZE = 16 };

static entry first_entry(const char *folder)
{
    static file_list list;
    entry made;
    list_files(folder, ENTRY_SUFFIX, &list);
    assert_true(list.count > 0);
    snprintf(made.path, sizeof made.path, "%s", list.paths[0]);
    made.file = read_whole(made.path, &made.size);
    made.key_size = made.file[AT_KEY_SIZE] + 256u * made.file[AT_KEY_SIZE + 1];
    assert_true(made.size > HEADER + made.key_size);
    return made;
}

static void test_lengths(void **state)
{
    (void)state;
    const char *folder = new_cache();
    run cold = run_cold();
    entry e = first_entry(folder);
    const size_t data = HEADER + e.key_size;
    const size_t sizes[] = {
        0, 1, 8, HEADER - 1, HEADER, HEADER + e.key_size / 2, data, data + 1, (data + e.size) / 2, e.size - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        write_whole(e.path, e.file, sizes[i]);
        expect_compiled(&cold);
        expect_warm(&cold); /* stored anew */
    }
    assert_int_equal(unlink(e.path), 0);
    expect_compiled(&cold);
    expect_warm(&cold);
    free(e.file);
}

static void test_flipped_bits(void **state)
{
    (void)state;
    const char *folder = new_cache();
    run cold = run_cold();
    entry e = first_entry(folder);
    const size_t data = HEADER + e.key_size;
    const size_t places[] = {0, 8, 16, 24, 32, HEADER - 1, HEADER, data - 1, data, (data + e.size) / 2, e.size - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        e.file[places[i]] ^= (unsigned char)(1u << i % 8);
        write_whole(e.path, e.file, e.size);
        e.file[places[i]] ^= (unsigned char)(1u << i % 8);
        expect_compiled(&cold);
        expect_warm(&cold);
    }
    free(e.file);
}

static void test_permissions(void **state)
{
    (void)state;
    const char *folder = new_cache();
    run cold = run_cold();
    entry e = first_entry(folder);
    assert_int_equal(chmod(e.path, 0000), 0);
    if (is_superuser())
        expect_warm(&cold); /* who may read everything */
    else
        expect_compiled(&cold);
    assert_int_equal(chmod(e.path, 0600), 0);
    assert_int_equal(chmod(folder, 0500), 0);
    expect_warm(&cold);
    assert_int_equal(chmod(folder, 0777), 0);
    expect_compiled(&cold); /* a folder that others may write to is not trusted */
    assert_int_equal(chmod(folder, 0700), 0);
    expect_warm(&cold);
    free(e.file);
}

/* A sound entry whose data the driver does not take, as after a change that its version does not show. */
static void test_refused_by_the_driver(void **state)
{
    (void)state;
    static file_list list;
    const char *folder = new_cache();
    run cold = run_cold();
    list_files(folder, ENTRY_SUFFIX, &list);
    for (size_t i = 0; i < list.count; i++) {
        size_t size = 0;
        unsigned char *file = read_whole(list.paths[i], &size);
        const size_t key_size = file[AT_KEY_SIZE] + 256u * file[AT_KEY_SIZE + 1];
        file[HEADER + key_size] = '\0';
        const char *key = strchr((const char *)file + HEADER, '\n') + 1; /* behind what the cache has added */
        dcn_cache_store(key, "nothing that a driver takes", 27);
        free(file);
    }
    run made = run_operator();
    expect_same(&made, &cold);
    assert_int_equal(made.sources, cold.sources);
    assert_int_equal(made.binaries, cold.sources);
    expect_warm(&cold);
}

static cl_program(DCN_CL_CALL *take_binary)(cl_context, uint32_t, const cl_device_id *, const size_t *,
                                            const unsigned char **, int32_t *, int32_t *);

/* A driver that makes the program all the same, and says of the device alone that the binary is not for it. */
static cl_program DCN_CL_CALL refuse_for_the_device(cl_context context, uint32_t count, const cl_device_id *devices,
                                                    const size_t *sizes, const unsigned char **binaries, int32_t *taken,
                                                    int32_t *error)
{
    cl_program program = take_binary(context, count, devices, sizes, binaries, taken, error);
    *taken = DCN_CL_INVALID_BINARY;
    return program;
}

static void test_refused_for_the_device(void **state)
{
    (void)state;
    new_cache();
    run cold = run_cold();
    take_binary = dcn_cl.clCreateProgramWithBinary;
    dcn_cl.clCreateProgramWithBinary = refuse_for_the_device;
    expect_compiled(&cold);
    dcn_cl.clCreateProgramWithBinary = take_binary;
    expect_warm(&cold);
}

/* ---- each call failing in turn -------------------------------------------------------------------------- */

/* A code that no driver gives here. */
#define INJECTED DCN_CL_INVALID_GL_OBJECT

/* Functions that only the cache calls while a plan is made. */
static bool is_the_cache_s(const char *function)
{
    static const char *const names[] = {"clGetDeviceInfo", "clGetPlatformInfo", "clCreateProgramWithBinary",
                                        "clGetProgramInfo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

/* Makes a plan, with each call failing in turn; `warm`: with the cache filled each time, otherwise with an empty one.
 */
static void fail_in_turn(bool warm)
{
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_context *context = NULL;
    long survived_builds = 0;
    long survived_kernels = 0;
    const char *function = "";
    new_cache();
    run cold = run_cold();
    for (long failures = 0; function; failures++) {
        if (!warm)
            new_cache();
        expect_success(dcn_context_create(test_device, NULL, &context));
        dcn_plan *plan = NULL;
        counting_fail_after(failures, INJECTED);
        dcn_status status = dcn_dcnv4_plan_create(context, &desc, NULL, &plan);
        function = counting_disarm();
        if (function && status != DCN_SUCCESS) {
            if (is_the_cache_s(function))
                fail_msg("%s failed, and with it the plan: %s", function, dcn_error_detail());
            expect_detail(function);
        } else if (function) {
            survived_builds += strcmp(function, "clBuildProgram") == 0;
            survived_kernels += strcmp(function, "clCreateKernel") == 0;
        } else {
            expect_success(status);
            assert_true(failures > 0);
        }
        dcn_plan_destroy(plan);
        dcn_context_destroy(context);
        assert_int_equal(counting_live(COUNTED_NONE), 0);
    }
    /* A source that cannot be built is an error, a binary that cannot be is a miss. */
    assert_int_equal(survived_builds, warm ? cold.sources : 0);
    assert_int_equal(survived_kernels, warm ? cold.sources : 0);
    run last = run_operator();
    expect_same(&last, &cold);
}

static void test_failures_with_a_cold_cache(void **state)
{
    (void)state;
    fail_in_turn(false);
}

static void test_failures_with_a_warm_cache(void **state)
{
    (void)state;
    fail_in_turn(true);
}

int main(int argc, char **argv)
{
    own_path = argv[0];
    int missing = choose_device(argc, argv, "opencl");
    if (missing)
        return missing;
    counting_install();
    if (argc > 3)
        return be_process(argv[2], argv[3]);
    fill_inputs(&in);
    reference_output(&in, reference);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiled_once),
        cmocka_unit_test(test_context_alone),
        cmocka_unit_test(test_switched_off),
        cmocka_unit_test(test_second_process),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_refused_by_the_driver),
        cmocka_unit_test(test_refused_for_the_device),
        cmocka_unit_test(test_failures_with_a_cold_cache),
        cmocka_unit_test(test_failures_with_a_warm_cache),
    };
    int failed = cmocka_run_group_tests_name("cache", tests, NULL, NULL);
    remove_paths();
    return failed;
}
