#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the detail holds the first `length` characters of `piece`. */
static int detail_holds(const char *piece, size_t length)
{
    for (const char *at = dcn_error_detail(); *at; at++)
        if (strncmp(at, piece, length) == 0)
            return 1;
    return length == 0;
}

void expect_detail(const char *in_detail)
{
    for (const char *piece = in_detail; *piece;) {
        const size_t length = strcspn(piece, "|");
        if (!detail_holds(piece, length))
            fail_msg("the detail must hold \"%.*s\" and is: %s", (int)length, piece, dcn_error_detail());
        piece += length + (piece[length] == '|');
    }
}

void expect_refused(dcn_status status, dcn_status wanted, const char *in_detail)
{
    if (status != wanted)
        fail_msg("%s instead of %s; the detail is: %s", dcn_status_name(status), dcn_status_name(wanted),
                 dcn_error_detail());
    expect_detail(in_detail);
}

void expect_success(dcn_status status)
{
    if (status != DCN_SUCCESS)
        fail_msg("%s: %s", dcn_status_name(status), dcn_error_detail());
}

void set_environment(const char *name, const char *value)
{
#ifdef _WIN32
    const int failed = _putenv_s(name, value ? value : "");
#else
    const int failed = value ? setenv(name, value, 1) : unsetenv(name);
#endif
    assert_int_equal(failed, 0);
}
