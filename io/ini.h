/* config.ini: lines `key = value` and comments, in an order that is kept.
 *
 *     elbo_ini ini = {0};
 *     elbo_status status = elbo_ini_comment(&ini, "written by elbo train");
 *     if (status == ELBO_OK)
 *         status = elbo_ini_set(&ini, "latent-dim", "20");
 *     if (status == ELBO_OK)
 *         status = elbo_ini_write("runs/digits/config.ini", &ini);
 *     elbo_ini_free(&ini);
 *
 *     if (elbo_ini_read("runs/digits/config.ini", &ini) == ELBO_OK)
 *         puts(elbo_ini_get(&ini, "latent-dim"));                      // 20
 *
 * The grammar, line by line; blanks around a key and around a value do not count:
 *
 *     # anything               a comment, when '#' comes first
 *     key = value              the value runs to the end of the line, with any '=' and '#' in it; it may be empty
 *
 * A key is made of letters, digits, '.', '_' and '-', and stands once. There are no sections, quotes or escapes.
 */
#ifndef ELBO_IO_INI_H
#define ELBO_IO_INI_H

#include <stddef.h>

#include "../tensor/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Everything here belongs to the elbo_ini. One that is all zeros is empty and ready for use. */
typedef struct {
    char *key;   /* NULL: a comment                         */
    char *value; /* the value, or the text after '#'        */
    int line;    /* where it was read; 0 when set by a call */
} elbo_ini_entry;

typedef struct {
    elbo_ini_entry *entries; /* [count] */
    size_t count, capacity;
} elbo_ini;

/* Reads a file of at most 64 KiB. ELBO_FORMAT, with the number of the line, for what the grammar does not know and for
 * a key that stands twice. On failure *out is empty. Free with elbo_ini_free. */
ELBO_API elbo_status elbo_ini_read(const char *path, elbo_ini *out) ELBO_MUST_CHECK;

/* Writes all entries; a file already there is replaced when all is written, and untouched on failure. */
ELBO_API elbo_status elbo_ini_write(const char *path, const elbo_ini *ini) ELBO_MUST_CHECK;

ELBO_API void elbo_ini_free(elbo_ini *ini); /* leaves it empty; accepts NULL */

/* The value of a key; NULL when there is none. */
ELBO_API const char *elbo_ini_get(const elbo_ini *ini, const char *key);

ELBO_API void elbo_ini_remove(elbo_ini *ini, const char *key); /* does nothing when there is none */

/* Sets a key, in its old place or as a new line at the end. ELBO_INVALID when a file could not hold it: another
 * character in the key, a control character in the value, or a blank at either end of the value. */
ELBO_API elbo_status elbo_ini_set(elbo_ini *ini, const char *key, const char *value) ELBO_MUST_CHECK;

/* Adds a comment of one line. */
ELBO_API elbo_status elbo_ini_comment(elbo_ini *ini, const char *text) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
