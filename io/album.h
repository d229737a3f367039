/* The pictures of a folder of data, found but not read. (internal) io/dataset.h says where they are looked for. */
#ifndef ELBO_IO_ALBUM_H
#define ELBO_IO_ALBUM_H

#include "left_out.h"
#include "listing.h"
#include "picture_format.h"

typedef struct {
    char *path;
    const elbo__picture_format *format;
    int label; /* -1: none */
    bool test; /* it is of the test part */
} elbo__picture;

/* The pictures of both parts: these must agree in size, colour and classes. */
typedef struct {
    const char *folder; /* borrowed */
    bool labelled;      /* folders of a part are its labels; else pictures are taken from wherever they lie */
    bool in_parts;      /* there is a folder train, test or t10k */
    const char *test;   /* the name of the folder of the test part, test or t10k; NULL: there is none */
    elbo__picture *pictures;
    size_t count, capacity;
    size_t tests;          /* of them, those of the test part     */
    elbo__listing classes; /* the folders of the training part    */
    elbo__left_out left;   /* what was found besides              */
} elbo__album;

/* A path within the folder, from there on: "train/cat". It is a part of `path`. */
const char *elbo__album_inside(const elbo__album *album, const char *path);

/* On failure *out is empty; one of a folder without pictures has a count of 0. */
elbo_status elbo__album_open(const char *folder, bool labelled, elbo__album *out) ELBO_MUST_CHECK;
void elbo__album_free(elbo__album *album);

#endif
