#include "platform_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
/* After windows.h, which they need. */
#include <aclapi.h>
#include <sddl.h>

#include "platform.h"

struct dcn_folder {
    char path[MAX_PATH];
};

/* What this process's token says of its user. */
typedef union token_answer {
    TOKEN_USER user;
    TOKEN_OWNER owner;
    unsigned char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
} token_answer;

bool dcn_user_cache_folder(char *path, size_t size)
{
    const char *base = dcn_environment("LOCALAPPDATA");
    const int length = base ? snprintf(path, size, "%s\\dcnv4\\cache", base) : 0;
    return length > 0 && (size_t)length < size;
}

/* ---- rights --------------------------------------------------------------------------------------------- */

/* The process's user, and the owner that it gives to what it makes: the two differ for an administrator. */
static bool get_identity(token_answer *user, token_answer *owner)
{
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    DWORD size;
    bool known = GetTokenInformation(token, TokenUser, user, sizeof *user, &size) &&
                 GetTokenInformation(token, TokenOwner, owner, sizeof *owner, &size);
    CloseHandle(token);
    return known;
}

/* Whether the one that a right is given to is this user, or may do anything anyway. */
static bool is_trusted(PSID sid, const token_answer *user, const token_answer *owner)
{
    return EqualSid(sid, user->user.User.Sid) || EqualSid(sid, owner->owner.Owner) ||
           IsWellKnownSid(sid, WinLocalSystemSid) || IsWellKnownSid(sid, WinBuiltinAdministratorsSid) ||
           IsWellKnownSid(sid, WinCreatorOwnerRightsSid);
}

static bool gives_others_a_way_in(PACL list, const token_answer *user, const token_answer *owner)
{
    const DWORD ways =
        GENERIC_ALL | GENERIC_WRITE | FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_DELETE_CHILD | WRITE_DAC | WRITE_OWNER;
    if (!list)
        return true; /* no list: everybody may do everything */
    for (DWORD i = 0; i < list->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry;
        if (!GetAce(list, i, (void **)&entry))
            return true;
        if (entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE || (entry->Header.AceFlags & INHERIT_ONLY_ACE) ||
            !(entry->Mask & ways))
            continue;
        if (!is_trusted(&entry->SidStart, user, owner))
            return true;
    }
    return false;
}

static bool is_private(const char *path, char *reason, size_t reason_size)
{
    token_answer user;
    token_answer owner;
    PSID folder_owner = NULL;
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    DWORD error =
        GetNamedSecurityInfoA((char *)path, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                              &folder_owner, NULL, &list, NULL, &descriptor);
    bool fine = false;
    if (error != ERROR_SUCCESS || !get_identity(&user, &owner))
        snprintf(reason, reason_size, "its rights cannot be told: Windows error %lu", error ? error : GetLastError());
    else if (!EqualSid(folder_owner, user.user.User.Sid) && !EqualSid(folder_owner, owner.owner.Owner))
        snprintf(reason, reason_size, "it belongs to another user");
    else if (gives_others_a_way_in(list, &user, &owner))
        snprintf(reason, reason_size, "others may write to it");
    else
        fine = true;
    if (descriptor)
        LocalFree(descriptor);
    return fine;
}

/* ---- folders -------------------------------------------------------------------------------------------- */

/* Makes a folder and, where it is missing, the one that it is in, for the owner, the system and administrators. */
static void make_folder(const char *path)
{
    SECURITY_ATTRIBUTES rights = {sizeof rights, NULL, FALSE};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)",
                                                              SDDL_REVISION_1, &rights.lpSecurityDescriptor, NULL))
        return;
    if (!CreateDirectoryA(path, &rights) && GetLastError() == ERROR_PATH_NOT_FOUND) {
        char parent[MAX_PATH];
        snprintf(parent, sizeof parent, "%s", path);
        size_t length = strlen(parent);
        while (length > 0 && parent[length - 1] != '\\' && parent[length - 1] != '/')
            length--;
        parent[length] = '\0';
        if (CreateDirectoryA(parent, &rights))
            CreateDirectoryA(path, &rights);
    }
    LocalFree(rights.lpSecurityDescriptor);
}

dcn_folder *dcn_folder_open(const char *path, bool create, char *reason, size_t reason_size)
{
    dcn_folder *folder = malloc(sizeof *folder);
    const int length = folder ? snprintf(folder->path, sizeof folder->path, "%s", path) : -1;
    if (length < 0 || (size_t)length >= sizeof folder->path) {
        snprintf(reason, reason_size, folder ? "its path is too long" : "no memory");
        free(folder);
        return NULL;
    }
    DWORD attributes = GetFileAttributesA(path);
    if (attributes == INVALID_FILE_ATTRIBUTES && create) {
        make_folder(path);
        attributes = GetFileAttributesA(path);
    }
    bool usable = false;
    const DWORD error = attributes == INVALID_FILE_ATTRIBUTES ? GetLastError() : ERROR_SUCCESS;
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND)
        reason[0] = '\0';
    else if (error != ERROR_SUCCESS)
        snprintf(reason, reason_size, "Windows error %lu", error);
    else if (!(attributes & FILE_ATTRIBUTE_DIRECTORY))
        snprintf(reason, reason_size, "it is not a folder");
    else
        usable = is_private(path, reason, reason_size);
    if (!usable) {
        free(folder);
        return NULL;
    }
    return folder;
}

void dcn_folder_close(dcn_folder *folder)
{
    free(folder);
}

/* The path of a file of the folder; false when it is too long. */
static bool join(const dcn_folder *folder, const char *name, char path[MAX_PATH])
{
    const int length = snprintf(path, MAX_PATH, "%s\\%s", folder->path, name);
    return length > 0 && length < MAX_PATH;
}

/* A FILETIME counts 100 nanoseconds since 1601. */
static int64_t nanoseconds(FILETIME time)
{
    const int64_t since_1601 = (int64_t)(((uint64_t)time.dwHighDateTime << 32) | time.dwLowDateTime);
    return (since_1601 - 116444736000000000) * 100;
}

void dcn_folder_visit(dcn_folder *folder, dcn_file_visitor visit, void *user)
{
    char pattern[MAX_PATH];
    WIN32_FIND_DATAA found;
    HANDLE search = join(folder, "*", pattern) ? FindFirstFileA(pattern, &found) : INVALID_HANDLE_VALUE;
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        if (found.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT))
            continue;
        const dcn_file_info file = {found.cFileName, ((uint64_t)found.nFileSizeHigh << 32) | found.nFileSizeLow,
                                    nanoseconds(found.ftLastWriteTime)};
        visit(user, &file);
    } while (FindNextFileA(search, &found));
    FindClose(search);
}

/* ---- files ---------------------------------------------------------------------------------------------- */

/* Opens a file, and not what a link leads to. Others may read it, replace it and remove it meanwhile. */
static HANDLE open_file(const dcn_folder *folder, const char *name, DWORD access, DWORD how)
{
    char path[MAX_PATH];
    if (!join(folder, name, path))
        return INVALID_HANDLE_VALUE;
    return CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, how,
                       FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

static bool is_plain(HANDLE file, uint64_t *size)
{
    BY_HANDLE_FILE_INFORMATION about;
    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &about) ||
        (about.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)))
        return false;
    *size = ((uint64_t)about.nFileSizeHigh << 32) | about.nFileSizeLow;
    return true;
}

void *dcn_file_read(dcn_folder *folder, const char *name, uint64_t most, size_t *size)
{
    HANDLE file = open_file(folder, name, GENERIC_READ, OPEN_EXISTING);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    uint64_t bytes = 0;
    void *data = NULL;
    /* ReadFile() takes a DWORD. */
    if (is_plain(file, &bytes) && bytes > 0 && bytes <= most && bytes <= MAXDWORD)
        data = malloc((size_t)bytes);
    DWORD got = 0;
    if (data && (!ReadFile(file, data, (DWORD)bytes, &got, NULL) || got != bytes)) {
        free(data);
        data = NULL;
    }
    CloseHandle(file);
    *size = (size_t)bytes;
    return data;
}

bool dcn_file_create(dcn_folder *folder, const char *name, const dcn_bytes *pieces, size_t count)
{
    HANDLE file = open_file(folder, name, GENERIC_WRITE, CREATE_NEW);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    bool written = true;
    for (size_t i = 0; i < count && written; i++) {
        DWORD put = 0;
        written = pieces[i].size <= MAXDWORD && WriteFile(file, pieces[i].data, (DWORD)pieces[i].size, &put, NULL) &&
                  put == pieces[i].size;
    }
    if (!CloseHandle(file))
        written = false;
    if (!written)
        dcn_file_remove(folder, name);
    return written;
}

bool dcn_file_rename(dcn_folder *folder, const char *from, const char *to)
{
    char old_path[MAX_PATH];
    char new_path[MAX_PATH];
    return join(folder, from, old_path) && join(folder, to, new_path) &&
           MoveFileExA(old_path, new_path, MOVEFILE_REPLACE_EXISTING);
}

void dcn_file_touch(dcn_folder *folder, const char *name)
{
    HANDLE file = open_file(folder, name, FILE_WRITE_ATTRIBUTES, OPEN_EXISTING);
    if (file == INVALID_HANDLE_VALUE)
        return;
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    SetFileTime(file, NULL, NULL, &now);
    CloseHandle(file);
}

void dcn_file_remove(dcn_folder *folder, const char *name)
{
    char path[MAX_PATH];
    if (join(folder, name, path))
        DeleteFileA(path);
}

int64_t dcn_file_time_now(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return nanoseconds(now);
}

uint64_t dcn_process_number(void)
{
    return GetCurrentProcessId();
}
