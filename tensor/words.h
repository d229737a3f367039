/* Internal: finding the word that somebody meant.
 *
 *     elbo__words near = elbo__words_near(name);
 *     for (...)
 *         elbo__words_offer(&near, models[i]->name);
 *     return elbo__fail(ELBO_INVALID, "no model \"%s\"%s", name, elbo__words_hint(&near).text);
 */
#ifndef ELBO_TENSOR_WORDS_H
#define ELBO_TENSOR_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* How many edits make one word of the other, by their first 127 characters: a character replaced, put in, left out, or
 * two neighbours in each other's place. A to Z count as a to z. */
int elbo__distance(const char *a, const char *b);

/* A word, and which of the names offered so far is near it. */
typedef struct {
    const char *word;
    const char *nearest; /* as it was offered; NULL: none is near */
    bool begins;         /* nearest and the word begin alike: one is the beginning of the other */
    int distance;        /* of nearest                            */
    char list[160];      /* the names, "a, b, c"                  */
    size_t used;         /* of the list, or its size where not all had room */
} elbo__words;

elbo__words elbo__words_near(const char *word);

/* One more name there is. Near are a name that begins with the word (of 2 characters or more), one of 3 or more that
 * the word begins with, and one that is at most a third of the longer word away; the first two go before the last, a
 * lesser distance before a greater one, an earlier name before a later one. */
void elbo__words_offer(elbo__words *near, const char *name);

/* What a message says behind the word that there is not: "; the nearest is "a"", else "; there are a, b, c" where that
 * is short, else nothing. */
typedef struct {
    char text[200];
} elbo__hint;
elbo__hint elbo__words_hint(const elbo__words *near);

#endif
