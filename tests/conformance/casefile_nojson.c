#include "casefile_header.h"

#include "casefile.h"

bool dcn_case_file_supported(void)
{
    return false;
}

bool dcn_header_parse(const char *text, size_t size, dcn_header *header, dcn_case *test, dcn_message *message)
{
    (void)text;
    (void)size;
    (void)header;
    (void)test;
    return dcn_message_set(message, "this program was built without jansson and cannot read case files");
}

void dcn_header_free(dcn_header *header)
{
    (void)header;
}

char *dcn_header_format(const dcn_case *test, dcn_message *message)
{
    (void)test;
    dcn_message_set(message, "this program was built without jansson and cannot write case files");
    return NULL;
}
