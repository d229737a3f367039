/* Internal: finding the word that somebody meant. */
#ifndef ELBO_TENSOR_WORDS_H
#define ELBO_TENSOR_WORDS_H

/* The edit distance (Levenshtein) of two words, by their first 127 characters. */
int elbo__distance(const char *a, const char *b);

#endif
