/* Images with labels: from files of arrays, a folder of pictures, made up, or from arrays in memory.
 *
 *     elbo_images train;
 *     if (elbo_images_load("data/mnist", "train", 10, &train) != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());       // data/mnist/train-labels-idx1-ubyte.gz: label 3: 11 is not ...
 *     ...                                              // train.images (60000, 28, 28), train.labels (60000)
 *     elbo_images_free(&train);
 *
 * Where they come from is one text, SOURCE, as for `elbo train --data`:
 *
 *     mnist                    the MNIST that comes with the library: ./data/mnist, else where it was installed
 *     sprites                  made up, see the end
 *     images.npy               all of it is the part "train", as for every file but .npz
 *     images.npy:labels.npy    with labels; either file may also be IDX, of any name, plain or gzip
 *     data.npz                 arrays x_train, y_train, x_test, y_test; or train_images, train_labels, test_images,
 *                              test_labels; or images, labels; or x, y; or the only one there is
 *     data.npz:a:b             the arrays of these names; with data.npz:a without labels
 *     data.csv                 a row for each image, a column for each value: (N, D); a .csv.gz too
 *     data.csv:species         the column of this name holds labels: numbers of classes, or words, which are sorted
 *     data.csv:label:28x28     the values of a row are an image of this size, or CxHxW; data.csv:28x28 without labels
 *     FOLDER                   see below
 *
 * NumPy's bool is black and white: u8 of 0 and 255 in images, 0 and 1 in labels and masks.
 *
 * Numbers that are whole, from 0 to 255 and not all below 2 are grey levels (u8) in a CSV file, else f32. A file whose
 * name has a ':' in it is found all the same. Labels are (N) or (N, 1). Arrays whose channels come last are refused.
 *
 * Plain IDX files of u8, and .npy files of u8 or f32 in row-major order, are mapped where they are of 64 MB or more:
 * they may be larger than memory, and must stay as they are until elbo_images_free (one that is cut off meanwhile ends
 * the process with SIGBUS). All else is read into memory, also .npy files of f64, of which a run then makes f32.
 *
 * A folder holds its data in parts named as MNIST's: PART-images-idx3-ubyte and PART-labels-idx1-ubyte for the parts
 * "train" and "t10k", each plain or with .gz at its end (the plain file wins). Own data needs nothing but these names;
 * whatever an IDX file can hold may follow "idx", as in train-images-idx4-float, and "-images.idx3" is as good as
 * "-images-idx3". "test" is another name of the part "t10k", in files and in calls. Labels are optional.
 *
 * Values may be missing: NaN in floats, an empty field of a CSV file, or 0 in PART-mask-idx3-ubyte, which is of the
 * images' shape (array "mask" in .npz files of images and labels, mask_train beside x_train, train_mask beside
 * train_images). `unmasked` tells where NaN is the only word on it: the program refuses that without --missing.
 * What stands in the images at such a place has no influence on anything. docs/models.md says what models make of it.
 *
 * A folder without IDX files may hold train.npy, with train-labels.npy and train-mask.npy where there are any, or
 * train.csv, and the same for the part "test" (or "t10k"). FOLDER:species names the column of labels of its .csv files.
 *
 * A folder without either may hold pictures of one size, whose names end in .png, .jpg or .jpeg in letters of either
 * case:
 *
 *     FOLDER/train/cat/1.png    the parts "train" and "t10k"; FOLDER/t10k is as good as FOLDER/test
 *     FOLDER/test/cat/2.jpg
 *
 *     FOLDER/cat/3.png          without folders train, test and t10k: of the list of all pictures every tenth, from the
 *                               tenth on, is the part "t10k", and the others are "train"
 *
 * The folders in a part are the labels: their names, sorted, are the classes 0, 1, ... of the training part, and the
 * test part may have no others. Pictures right in the part mean that there are no labels. Names are sorted byte by
 * byte, but numbers in them by value (2 before 10). The images are (N, H, W) if all pictures of both parts are grey,
 * and otherwise (N, 3, H, W), grey ones with three equal channels; elbo_png_read says what becomes of palettes, alpha
 * and 16 bits, elbo_jpeg_read what of CMYK.
 *
 * What is hidden does not count. Nothing else is left out without a word: a folder that would be a class but holds no
 * picture is an error, and so are pictures two folders down; other files among pictures, folders beside train and test,
 * pictures beside IDX files, and IDX files of other parts are counted in `left_out`.
 *
 * "sprites" in place of a folder is no folder but the made-up images of io/sprites.h, 64 pixels a side: 10,000 in the
 * part "train" (seed 1), 1,000 in "t10k" (seed 2). "sprites:FACTOR" takes the labels from another factor than shape. A
 * folder of that name is "./sprites".
 */
#ifndef ELBO_IO_DATASET_H
#define ELBO_IO_DATASET_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ELBO_MAX_CLASSES = 65536 };

enum { ELBO_WITHOUT_LABELS = -1 }; /* in place of a number of classes: labels are not wanted, and not looked at */

typedef struct {
    elbo_tensor images; /* (N, D), (N, H, W) or (N, C, H, W): u8 grey levels 0..255, or f32 or f64, finite or NaN, */
                        /* which stands for a missing value                                                 */
    elbo_tensor labels; /* (N), u8 or i32, each in 0..classes-1; data is NULL without labels                    */
    int64_t count;      /* N, at least 1                                                                        */
    int64_t channels, height, width; /* of one image; 1, 1, D for (N, D)                                        */
    int classes;                     /* 0 without labels                                                        */
    char **class_names;              /* (classes), NULL after the last; one without a name has its number; NULL */
                                     /* where no class has a name: from IDX files and arrays                    */
    char **file_names;               /* (N), NULL after the last: the file of each image, from the folder on, as in  */
                                     /* train/cat/1.png; NULL for images that are not files of a folder             */
    char *columns;                   /* what those of a table hold, age=count:3.6+-0.4,city=categorical:Rome|Oslo;  */
                                     /* NULL for all that elbo_images_load_columns has not read                     */
    char *left_out;                  /* what the folder holds besides, "left out: 3 files that are no PNG ...", */
                                     /* of both parts together; NULL: nothing                                   */
    const char *labelling;           /* for messages, how such data have labels: "a folder of pictures for each */
                                     /* class"; NULL for arrays in memory and sprites                           */
    elbo_tensor factors;             /* (N, F) i32: what each image was made from, see io/sprites.h; data is    */
                                     /* NULL for all that is not made up                                        */
    elbo_tensor mask;                /* u8 of the shape of images: 1 where a value is there, 0 where it is      */
                                     /* missing; its own memory; data is NULL without one                       */
    int64_t missing;                 /* how many values are, of all images                                      */
    int64_t unmasked;                /* the first value that is NaN where no mask says so, of all values counted */
                                     /* in their order from 0; -1: there is none                                */
    double least, greatest;          /* of the values that are there; NaN where none is                         */
    uint64_t fingerprint;            /* a hash of dtypes, shapes and elements, the same from a file or an array */
    bool grey;                       /* set by the caller: not to be binarised, whatever a run's options say    */
    bool owned;                      /* the data is freed with it                                               */
    struct elbo_mapping *mapping;    /* the library's: a large file, seen as memory, which serves one thread at a */
                                     /* time; NULL: there is none                                               */
} elbo_images;

/* Reads one part of SOURCE, or makes one of the sprites. classes = 0: as many as the largest label asks for, as there
 * are folders of pictures, or values of the factor. ELBO_WITHOUT_LABELS: files of labels are not read, folders are not
 * compared, and pictures are taken from wherever in the part they lie. Errors name the file: ELBO_IO for a missing or
 * unreadable one, ELBO_FORMAT for one that is no IDX file or picture, holds labels in place of images or the other way
 * round, has another count than its partner, a label outside the classes, an infinite value, a mask of another shape
 * than the images, another size than the other pictures, or is a .npz file of which nobody can tell which array is
 * which; ELBO_INVALID for what stands behind a ':' and means nothing there. */
ELBO_API elbo_status elbo_images_load(const char *source, const char *part, int classes,
                                      elbo_images *out) ELBO_MUST_CHECK;

/* A table, SOURCE being a .csv file, "data.csv:species", or a FOLDER of train.csv and test.csv, with columns of kinds:
 * images are (N, D) f32 with a value for each column that is used, a word by its place among the words of its column,
 * and NaN where it is missing: where a field is empty, NA, N/A, NaN, null or ? in letters of either case.
 *
 *     columns    "age=count,income=positive,grade=ordinal:low<mid<high,id=skip", or "": NAME=KIND between commas or
 *                line breaks. real: any number; positive; count: 0, 1, 2, ...; categorical: a word, or a number that
 *                stands for one; ordinal: the same in an order; skip: left out. Words may stand behind it, with '|' or
 *                '<' between them; what has a special character in it stands in double quotes
 *     exact      false: columns that are not named are found in the file: they are real where all their fields are
 *                numbers, and else categorical; words are sorted, and mean and deviation of numbers are measured.
 *                out->columns tells all of it. true: `columns` is such a text, for other data of the same columns,
 *                which may stand in another order and between others
 *
 * Fails as elbo_images_load does, and with ELBO_FORMAT for a value that its column cannot have. */
ELBO_API elbo_status elbo_images_load_columns(const char *source, const char *part, const char *columns, bool exact,
                                              int classes, elbo_images *out) ELBO_MUST_CHECK;

/* *found = whether SOURCE has the part, without a look at the images. A test part of which only the labels are
 * there, or an empty folder, is found: reading it says what is wrong. Fewer than ten pictures without folders train
 * and test have none. */
ELBO_API elbo_status elbo_images_find(const char *source, const char *part, bool *found) ELBO_MUST_CHECK;

/* The same from the caller's tensors, of any strides, which must outlive *out; labels may be NULL. ELBO_INVALID for
 * what elbo_images_load would refuse in a file. */
ELBO_API elbo_status elbo_images_of(const elbo_tensor *images, const elbo_tensor *labels, int classes,
                                    elbo_images *out) ELBO_MUST_CHECK;

/* Says which values are missing, in place of what was said before: mask u8 of the shape of images and of any strides, 0
 * where a value is missing. It is copied, and elbo_images_free frees the copy, also where the images are not owned. */
ELBO_API elbo_status elbo_images_set_mask(elbo_images *images, const elbo_tensor *mask) ELBO_MUST_CHECK;

/* Renumbers labels so that class i is the one called names[i] (count of them), as a model of other images knows them.
 * ELBO_FORMAT when an image is of a class that is not among them. Does nothing without class names. The images must be
 * owned. The fingerprint stays that of the data as they were read. */
ELBO_API elbo_status elbo_images_match(elbo_images *images, const char *const *names, int count) ELBO_MUST_CHECK;

/* The first n images, or all where there are fewer: no copy, to be used while `images` is there and not freed. */
ELBO_API elbo_images elbo_images_first(const elbo_images *images, int64_t n);

ELBO_API void elbo_images_free(elbo_images *images); /* leaves it empty; accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
