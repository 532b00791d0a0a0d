/* The commands of the dcnv4 program. Each has getopt reset for it, its full name as argv[0], and returns an exit code
 * of common.h. */
#ifndef DCN_TOOL_COMMANDS_H
#define DCN_TOOL_COMMANDS_H

int dcn_command_info(int argc, char **argv);
int dcn_command_run(int argc, char **argv);
int dcn_command_check(int argc, char **argv);
int dcn_command_demo(int argc, char **argv);
int dcn_command_bench(int argc, char **argv);

#endif
