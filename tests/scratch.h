/* Files for a test: a folder of its own, helpers that share nothing with the library, and ways to make things fail. */
#ifndef ELBO_TESTS_SCRATCH_H
#define ELBO_TESTS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../tensor/error.h"

/* A checked fixture: makes the folder, removes it with all that is in it. */
void scratch_setup(void);
void scratch_teardown(void);

/* The path of a file in the folder; "" is the folder itself. Valid for the next 7 calls. */
const char *scratch_path(const char *name);

void scratch_write(const char *name, const void *bytes, size_t count);
void scratch_gzip(const char *name, const void *bytes, size_t count); /* one gzip member, made by zlib's gzwrite */

/* A safetensors file: the length of the header, the header, the data. */
void scratch_safetensors(const char *name, const char *header, const void *data, size_t count);

size_t scratch_read(const char *name, void *bytes, size_t most); /* the size of the file, at most `most`          */
bool scratch_exists(const char *name);
int scratch_entries(void); /* files in the folder: nothing may be left behind */

/* As strtod, with a point in every locale that a test may run under. */
double scratch_number(const char *text, char **end);

/* Fails the test unless the file holds exactly these bytes. */
void scratch_assert_bytes(const char *name, const void *bytes, size_t count);

/* Fails the test unless `status` is `expected` and elbo_error() is one line "PATH: ...REASON...". */
void assert_error(elbo_status status, elbo_status expected, const char *path, const char *reason);

/* From here on no file can grow beyond `bytes`, as on a full disk; scratch_disk_free undoes it. */
void scratch_disk_full(size_t bytes);
void scratch_disk_free(void);

/* From here on no folder can be read beyond `entries` of its entries, "." and ".." among them; negative: all can. */
void scratch_break_folders(int entries);

/* From here on `hook` is called before each file is renamed, NULL: nothing is. */
void scratch_on_rename(void (*hook)(void));

/* Runs `work` with the first allocation failing, then the second, and so on until it succeeds. Fails the test when a
 * failure is not reported as ELBO_NO_MEMORY or a block is lost. `work` frees what it makes. */
void assert_survives_failing_allocations(elbo_status (*work)(void));

/* The largest block that `work` asks for, in bytes. */
size_t largest_allocation(elbo_status (*work)(void));

/* Calls read(path) on `count` mutants of a valid file: bits flipped, bytes set, runs cut out, doubled or appended.
 * `read` fails the test when it gets anything but an error or a valid object. The same mutants in every run. */
void scratch_fuzz(const void *bytes, size_t size, int count, void (*read)(const char *path));

#endif
