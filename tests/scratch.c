#include "scratch.h"

#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../tensor/allocator.h"
#include "../tensor/memory.h"

static char folder[256];

/* ---- files ------------------------------------------------------------------------------------------------------- */

void scratch_setup(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/elbo-test-XXXXXX", parent && strlen(parent) < 200 ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

void scratch_teardown(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], name[0] ? "%s/%s" : "%s", folder, name);
    return path;
}

void scratch_write(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(scratch_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

void scratch_gzip(const char *name, const void *bytes, size_t count)
{
    gzFile file = gzopen(scratch_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    if (count > 0)
        ck_assert_int_eq(gzwrite(file, bytes, (unsigned)count), (int)count);
    ck_assert_int_eq(gzclose(file), Z_OK);
}

void scratch_safetensors(const char *name, const char *header, const void *data, size_t count)
{
    const size_t length = strlen(header);
    FILE *file = fopen(scratch_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 8; i++)
        fputc((int)(length >> 8 * i & 0xff), file);
    fwrite(header, 1, length, file);
    if (count > 0)
        fwrite(data, 1, count, file);
    ck_assert_int_eq(fclose(file), 0);
}

size_t scratch_read(const char *name, void *bytes, size_t most)
{
    FILE *file = fopen(scratch_path(name), "rb");
    ck_assert_msg(file != NULL, "%s does not exist", name);
    size_t count = fread(bytes, 1, most, file);
    fclose(file);
    return count;
}

bool scratch_exists(const char *name)
{
    struct stat info;
    return lstat(scratch_path(name), &info) == 0;
}

int scratch_entries(void)
{
    DIR *entries = opendir(folder);
    ck_assert_ptr_nonnull(entries);
    int count = 0;
    while (readdir(entries))
        count++;
    closedir(entries);
    return count - 2; /* "." and ".." */
}

double scratch_number(const char *text, char **end)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const double number = strtod_l(text, end, c);
    freelocale(c);
    return number;
}

void scratch_assert_bytes(const char *name, const void *bytes, size_t count)
{
    unsigned char *found = malloc(count + 1);
    ck_assert_uint_eq(scratch_read(name, found, count + 1), count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(found[i] == ((const unsigned char *)bytes)[i], "%s: byte %zu is 0x%02x, expected 0x%02x", name, i,
                      found[i], ((const unsigned char *)bytes)[i]);
    free(found);
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

void assert_error(elbo_status status, elbo_status expected, const char *path, const char *reason)
{
    const char *message = elbo_error();
    ck_assert_msg(status == expected, "status %d, expected %d (%s)", status, expected, message);
    ck_assert_msg(strncmp(message, path, strlen(path)) == 0, "\"%s\" does not begin with \"%s\"", message, path);
    ck_assert_msg(strstr(message, reason) != NULL, "\"%s\" does not say \"%s\"", message, reason);
    for (const char *c = message; *c; c++)
        ck_assert_msg((unsigned char)*c >= ' ' && *c != '\x7f', "a control character in \"%s\"", message);
}

static struct rlimit old_limit;
static void (*old_handler)(int);

void scratch_disk_full(size_t bytes)
{
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    old_handler = signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = old_limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void scratch_disk_free(void)
{
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    signal(SIGXFSZ, old_handler);
}

static int readable = -1;

void scratch_break_folders(int entries)
{
    readable = entries;
}

/* Stands before the C library's, for all of this program. */
struct dirent *readdir(DIR *entries)
{
    static struct dirent *(*real)(DIR *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "readdir");
    if (readable == 0) {
        errno = EIO;
        return NULL;
    }
    readable -= readable > 0;
    return real(entries);
}

static void (*on_rename)(void);

void scratch_on_rename(void (*hook)(void))
{
    on_rename = hook;
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "rename");
    if (on_rename)
        on_rename();
    return real(from, to);
}

static struct {
    int left;        /* allocations until the one that fails; negative: none fails */
    int outstanding; /* blocks in use */
    size_t largest;
} memory;

static void *counted_allocate(size_t bytes, void *user)
{
    (void)user;
    if (memory.left >= 0 && memory.left-- == 0)
        return NULL;
    if (bytes > memory.largest)
        memory.largest = bytes;
    memory.outstanding++;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void counted_release(void *block, void *user)
{
    (void)user;
    memory.outstanding--;
    free(block);
}

static elbo_status run_counted(elbo_status (*work)(void), int fail_at)
{
    memory.left = fail_at;
    memory.outstanding = 0;
    memory.largest = 0;
    elbo_set_allocator(counted_allocate, counted_release, NULL);
    elbo_status status = work();
    elbo_set_allocator(NULL, NULL, NULL);
    ck_assert_msg(memory.outstanding == 0, "%d blocks lost with allocation %d failing", memory.outstanding, fail_at);
    return status;
}

void assert_survives_failing_allocations(elbo_status (*work)(void))
{
    ck_assert_msg(run_counted(work, -1) == ELBO_OK, "fails with all memory: %s", elbo_error());
    int fail_at = 0;
    for (elbo_status status; (status = run_counted(work, fail_at)) != ELBO_OK; fail_at++)
        ck_assert_msg(status == ELBO_NO_MEMORY, "allocation %d failing gives status %d: %s", fail_at, status,
                      elbo_error());
    ck_assert_int_gt(fail_at, 0);
}

size_t largest_allocation(elbo_status (*work)(void))
{
    (void)run_counted(work, -1);
    return memory.largest;
}

/* ---- mutants ----------------------------------------------------------------------------------------------------- */

static uint32_t random_below(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)*state * below >> 32);
}

/* Changes `bytes`, which has room for twice `size` + 16, and returns the new size. */
static size_t mutate(unsigned char *bytes, size_t size, uint32_t *state)
{
    static const unsigned char telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"', '{', '}', '[', ']', ',', ':', '-', '9'};
    uint32_t at = random_below(state, (uint32_t)size), run = 1 + random_below(state, 8);
    if (run > size - at)
        run = (uint32_t)size - at;
    switch (random_below(state, 6)) {
    case 0: bytes[at] ^= (unsigned char)(1u << random_below(state, 8)); return size;
    case 1: bytes[at] = telling[random_below(state, sizeof telling)]; return size;
    case 2: bytes[at] = (unsigned char)random_below(state, 256); return size;
    case 3: return at; /* cut off */
    case 4: memmove(bytes + at, bytes + at + run, size - at - run); return size - run;
    default: memmove(bytes + at + run, bytes + at, size - at); return size + run;
    }
}

void scratch_fuzz(const void *bytes, size_t size, int count, void (*read)(const char *path))
{
    unsigned char *mutant = malloc(2 * size + 64);
    uint32_t state = 2024;
    for (int i = 0; i < count; i++) {
        memcpy(mutant, bytes, size);
        size_t length = size;
        for (uint32_t n = 1 + random_below(&state, 3); n > 0 && length > 0; n--)
            length = mutate(mutant, length, &state);
        scratch_write("mutant", mutant, length);
        read(scratch_path("mutant"));
    }
    free(mutant);
}
