/* Choosing a device by name, on a list made by hand. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "devices.h"

static const dcn_backend cpu = {.name = "cpu"};
static const dcn_backend cuda = {.name = "cuda"};
static const dcn_backend opencl = {.name = "opencl"};

static dcn_listed_device device(const dcn_backend *backend, const char *name, dcn_device_type type, const char *title,
                                const char *platform, const char *unusable)
{
    dcn_listed_device made = {.backend = backend, .info = {.struct_size = sizeof made.info, .type = type}};
    const char *index = strchr(name, ':');
    snprintf(made.index, sizeof made.index, "%s", index ? index + 1 : "");
    snprintf(made.info.name, sizeof made.info.name, "%s", name);
    snprintf(made.info.title, sizeof made.info.title, "%s", title);
    snprintf(made.info.platform, sizeof made.info.platform, "%s", platform);
    snprintf(made.info.unusable, sizeof made.info.unusable, "%s", unusable);
    return made;
}

/* Two CPUs, three GPUs of which the first is unusable; platform 1 is empty. */
typedef struct machine {
    dcn_listed_device devices[6];
    dcn_backend_info backends[2];
    dcn_device_list list;
} machine;

static void make_machine(machine *m)
{
    m->devices[0] = device(&cpu, "cpu", DCN_DEVICE_CPU, "Processor", "native", "");
    m->devices[1] = device(&opencl, "opencl:0.0", DCN_DEVICE_CPU, "Software 3.0", "Portable Platform", "");
    m->devices[2] = device(&opencl, "opencl:2.0", DCN_DEVICE_GPU, "Old Card", "Vendor Platform", "no compiler");
    m->devices[3] = device(&opencl, "opencl:2.1", DCN_DEVICE_GPU, "New Card", "Vendor Platform", "");
    m->devices[4] = device(&opencl, "opencl:3.0", DCN_DEVICE_GPU, "Third Card", "Other Platform", "");
    m->devices[5] = device(&opencl, "opencl:3.1", DCN_DEVICE_ACCELERATOR, "Array", "Other Platform", "");
    m->backends[0] = (dcn_backend_info){.struct_size = sizeof m->backends[0], .name = "cpu", .devices = 1};
    m->backends[1] = (dcn_backend_info){.struct_size = sizeof m->backends[1], .name = "opencl", .devices = 5};
    m->list = (dcn_device_list){.devices = m->devices, .size = 6, .backends = m->backends, .backend_count = 2};
}

static void expect_chosen(const machine *m, const char *name, const char *wanted)
{
    const dcn_listed_device *chosen = NULL;
    dcn_status status = dcn_device_choose(&m->list, name, &chosen);
    if (status != DCN_SUCCESS)
        fail_msg("\"%s\" is refused: %s", name ? name : "NULL", dcn_error_detail());
    assert_string_equal(chosen->info.name, wanted);
}

static void expect_none(const machine *m, const char *name, dcn_status wanted, const char *in_detail)
{
    const dcn_listed_device *chosen = NULL;
    expect_refused(dcn_device_choose(&m->list, name, &chosen), wanted, in_detail);
    assert_null(chosen);
}

static void test_names(void **state)
{
    (void)state;
    machine m;
    make_machine(&m);
    const struct {
        const char *name;
        const char *wanted;
    } rows[] = {
        {"cpu", "cpu"},
        {"CPU", "cpu"},
        {"opencl", "opencl:0.0"},
        {"opencl:0.0", "opencl:0.0"},
        {"opencl:2.1", "opencl:2.1"},
        {"OpenCL:3.1", "opencl:3.1"},
        {"opencl:portable", "opencl:0.0"},
        {"opencl:VENDOR", "opencl:2.1"}, /* the first that is usable */
        {"opencl:third c", "opencl:3.0"},
        {"opencl:card", "opencl:2.1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_chosen(&m, rows[i].name, rows[i].wanted);
}

/* Platform and device numbers mean that device, whatever another one is called. */
static void test_number_before_text(void **state)
{
    (void)state;
    machine m;
    make_machine(&m);
    expect_chosen(&m, "opencl:3.0", "opencl:3.0");
}

/* The same where devices have one number, which may be part of a title too. */
static void test_plain_numbers(void **state)
{
    (void)state;
    machine m;
    make_machine(&m);
    m.devices[0] = device(&cuda, "cuda:0", DCN_DEVICE_GPU, "Card 1090", "Vendor", "");
    m.devices[1] = device(&cuda, "cuda:1", DCN_DEVICE_GPU, "Card 2080", "Vendor", "");
    expect_chosen(&m, "cuda", "cuda:0");
    expect_chosen(&m, "cuda:1", "cuda:1");
    expect_chosen(&m, "CUDA:card 2080", "cuda:1");
    expect_none(&m, "cuda:2", DCN_ERROR_NO_DEVICE, "\"cuda:2\"|cuda:0 (Card 1090|cuda:1 (Card 2080");
    expect_none(&m, "cuda:2080", DCN_ERROR_NO_DEVICE, "\"cuda:2080\"");
    expect_chosen(&m, "opencl:third c", "opencl:3.0");
    expect_chosen(&m, "auto", "cuda:0");
}

static void test_refused(void **state)
{
    (void)state;
    machine m;
    make_machine(&m);
    const char *const nowhere[] = {"opencl:1.0", "opencl:2.7", "opencl:", "opencl:nothing", "openc",
                                   "opencl2",    "",           "vulkan",  "cpu:x"};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        char asked[64];
        snprintf(asked, sizeof asked, "\"%s\"|opencl:2.1|New Card|unusable: no compiler", nowhere[i]);
        expect_none(&m, nowhere[i], DCN_ERROR_NO_DEVICE, asked);
    }
    expect_none(&m, "opencl:2.0", DCN_ERROR_UNSUPPORTED, "opencl:2.0|Old Card|no compiler");
    expect_none(&m, "opencl:old", DCN_ERROR_UNSUPPORTED, "opencl:2.0|Old Card|no compiler");
}

static void test_automatic(void **state)
{
    (void)state;
    machine m;
    make_machine(&m);
    expect_chosen(&m, "auto", "opencl:2.1");
    expect_chosen(&m, NULL, "opencl:2.1");
    expect_chosen(&m, "AUTO", "opencl:2.1");
    m.devices[3].info.type = m.devices[4].info.type = DCN_DEVICE_CPU;
    expect_chosen(&m, "auto", "opencl:3.1");
    m.list.size = 5;
    expect_chosen(&m, "auto", "cpu"); /* native before any other CPU */
    snprintf(m.devices[0].info.unusable, sizeof m.devices[0].info.unusable, "too old");
    expect_chosen(&m, "auto", "opencl:0.0");
    m.list.size = 1;
    expect_none(&m, "auto", DCN_ERROR_NO_DEVICE, "cpu|unusable: too old");
}

static void test_backend_without_devices(void **state)
{
    (void)state;
    machine m;
    make_machine(&m);
    m.list.size = 1;
    m.backends[1].devices = 0;
    snprintf(m.backends[1].reason, sizeof m.backends[1].reason, "no loader library");
    expect_none(&m, "opencl", DCN_ERROR_NO_DEVICE, "\"opencl\"|cpu|no opencl: no loader library");
}

static void test_environment(void **state)
{
    (void)state;
    machine m;
    make_machine(&m);
    set_environment("DCNV4_DEVICE", "opencl:portable");
    expect_chosen(&m, "auto", "opencl:0.0");
    expect_chosen(&m, NULL, "opencl:0.0");
    expect_chosen(&m, "cpu", "cpu");
    set_environment("DCNV4_DEVICE", "auto");
    expect_chosen(&m, "auto", "opencl:2.1");
    set_environment("DCNV4_DEVICE", "nonsense");
    expect_none(&m, "auto", DCN_ERROR_NO_DEVICE, "\"nonsense\"|DCNV4_DEVICE");
    set_environment("DCNV4_DEVICE", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_number_before_text),
        cmocka_unit_test(test_plain_numbers),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_automatic),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_backend_without_devices),
    };
    set_environment("DCNV4_DEVICE", NULL);
    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
