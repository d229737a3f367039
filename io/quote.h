/* Any text as a line of config.ini and as a string of JSON. (internal)
 *
 *     cat              as it is: UTF-8 without control characters, double quotes, and blanks at its ends
 *     "caf\xe9"        else in quotes: \" \\ \n \t, and \xHH for other control characters and what is not UTF-8
 *     cat,"dog, big"   in a list an item with a comma is quoted too, and an empty one
 *
 * Every text comes back as the same bytes. What does not begin with a quote is taken as it is, backslashes included, so
 * lines that were written without quotes still read.
 */
#ifndef ELBO_IO_QUOTE_H
#define ELBO_IO_QUOTE_H

#include "listing.h"

/* New strings, freed with elbo__free; NULL when memory is short. What begins with a quote and is not in the form above
 * is taken as it is. */
char *elbo__quote(const char *text);
char *elbo__unquote(const char *text);

char *elbo__quote_list(const char *const *items, int count);

/* An item of another kind of list: in quotes too where it is empty or has one of the bytes `special` in it. */
char *elbo__quote_item(const char *text, const char *special);

/* What stands in quotes from `at` on, into `out`, which has room for it; returns what comes behind the last quote, NULL
 * where nothing in quotes begins there. */
const char *elbo__read_quoted(const char *at, char *out);

/* The items of a list; the text "" is a list of one, "". On failure *out is empty. */
elbo_status elbo__unquote_list(const char *text, elbo__listing *out) ELBO_MUST_CHECK;

#endif
