/* Folders of pictures in the scratch folder, of 2 rows of 3 pixels each, and what is read of them. */
#ifndef ELBO_TESTS_ALBUMS_H
#define ELBO_TESTS_ALBUMS_H

#include "../io/dataset.h"

void album_folder(const char *name);
void album_grey(const char *name, int value);   /* a PNG: value, value + 1, ... value + 5                    */
void album_colour(const char *name, int value); /* red is value + i, green 100 more, blue 200 more           */
void album_jpeg(const char *name, int value);   /* grey pixels, all `value`                                  */

/* train/ant/9.png (90), train/bee/1.png and 2.png (10, 20), and in the folder `test` bee/3.png (30) */
void album_parts(const char *test);

/* A part of the scratch folder, which is one of grey levels or colours in u8. */
elbo_images album_load(const char *part, int classes);

/* The value that each image was written with by album_grey, in order; its label; the names of the classes. */
void album_assert_values(const elbo_images *data, int64_t count, const int *values);
void album_assert_labels(const elbo_images *data, const int *labels);
void album_assert_names(const elbo_images *data, int classes, const char *const *names);

/* Loading fails: "SCRATCH/FILE: ...REASON..." */
void album_assert_refused(const char *part, int classes, elbo_status expected, const char *file, const char *reason);

#endif
