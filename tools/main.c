/* The dcnv4 program: finds the command and hands over. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "common.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"info", dcn_command_info, "show the backends and devices of this machine"},
    {"demo", dcn_command_demo, "rectify a photograph on every device, with pictures"},
    {"check", dcn_command_check, "compare a device's results with float64, in about a minute"},
    {"bench", dcn_command_bench, "measure a device"},
    {"run", dcn_command_run, "run one operator call from a file"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *stream)
{
    fputs("Usage: dcnv4 COMMAND [ARGUMENT...]\n"
          "\n"
          "Deformable convolution (DCNv4) on any GPU or CPU.\n"
          "\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(stream, "  %-7s %s\n", commands[i].name, commands[i].help);
    fputs(
        "\n"
        "Options:\n"
        "  -h, --help      show this text; 'dcnv4 COMMAND --help' tells about a command\n"
        "  -V, --version   show the version\n"
        "\n"
        "A device is named as 'dcnv4 info' lists it, or \"auto\" (the default, the fastest one), \"opencl\" (the\n"
        "first), or \"opencl:TEXT\" (part of its name). DCNV4_DEVICE in the environment changes what \"auto\" means.\n"
        "\n"
        "Exit status: 0 done, 1 a comparison failed, 2 bad input or usage, 3 no such device.\n"
        "\n"
        "Examples:\n"
        "  dcnv4 info\n"
        "  dcnv4 bench --device cpu --shape 1x56x56x4x32\n"
        "  dcnv4 run case.safetensors --device opencl -o result.safetensors\n",
        stream);
}

/* Runs a command under its full name, as getopt's messages show it. Output that could not be written is an error. */
static int run_command(size_t index, int argc, char **argv)
{
    char full_name[32];
    snprintf(full_name, sizeof full_name, "dcnv4 %s", commands[index].name);
    argv[0] = full_name;
    optind = 1;
    int code = commands[index].run(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == DCN_EXIT_DONE)
        return dcn_tool_error(commands[index].name, "cannot write to standard output: %s", strerror(errno));
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return DCN_EXIT_BAD_INPUT;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return DCN_EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("dcnv4 %s\n", dcn_version_string());
        return DCN_EXIT_DONE;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return run_command(i, argc - 1, argv + 1);
    fprintf(stderr, "dcnv4: there is no %s '%s'; 'dcnv4 --help' lists what there is\n",
            name[0] == '-' ? "option" : "command", name);
    return DCN_EXIT_BAD_INPUT;
}
