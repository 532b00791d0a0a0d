/* The build lacks a picture library. */
#include "commands.h"
#include "common.h"

int dcn_command_demo(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return dcn_tool_error("demo", "needs pictures, but this build was made without %s", DCN_MISSING_PICTURES);
}
