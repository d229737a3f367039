/* What a folder of data holds besides the data: counted, and the first of each kind named. (internal) */
#ifndef ELBO_IO_LEFT_OUT_H
#define ELBO_IO_LEFT_OUT_H

#include <stddef.h>

#include "../tensor/error.h"

typedef enum {
    ELBO__OTHER_FILES,   /* files that are no pictures, among pictures                     */
    ELBO__OTHER_FOLDERS, /* folders without pictures, beside pictures or within a class    */
    ELBO__BESIDE_PARTS,  /* whatever lies beside folders train and test                    */
    ELBO__BESIDE_IDX,    /* pictures, and folders train and test, beside IDX files         */
    ELBO__ARRAYS_BESIDE_IDX, /* train.npy, train.csv and the like, beside IDX files        */
    ELBO__BESIDE_ARRAYS, /* whatever lies beside train.npy, train.csv and the like         */
    ELBO__OTHER_PARTS,   /* IDX files of images of a part that is none of the known        */
    ELBO__LEFT_KINDS
} elbo__left_kind;

/* All zeros: nothing. */
typedef struct {
    size_t count[ELBO__LEFT_KINDS];
    char *first[ELBO__LEFT_KINDS];
} elbo__left_out;

/* Counts one more: FOLDER/NAME, or NAME where the folder is "". */
elbo_status elbo__leave_out(elbo__left_out *left, elbo__left_kind kind, const char *folder,
                            const char *name) ELBO_MUST_CHECK;

/* *out = a new string for one line, "left out: 1 entry ... (valid); 3 files ..., the first of them notes.txt"; NULL
 * where nothing was left out. */
elbo_status elbo__left_out_text(const elbo__left_out *left, char **out) ELBO_MUST_CHECK;

void elbo__left_out_free(elbo__left_out *left);

#endif
