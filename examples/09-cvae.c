/* A conditional VAE: the label goes into encoder and decoder, and the pictures of a class can be asked for. */
#include <elbo.h>
#include <stdio.h>

enum { N = 64, D = 16, CLASSES = 4 };

int main(void)
{
    float x[N * D], picture[CLASSES * D];
    int labels[N], each[CLASSES] = {0, 1, 2, 3};
    for (int i = 0; i < N * D; i++) { /* class k: column k lit, or row k */
        labels[i / D] = i / D % CLASSES;
        x[i] = (i / D % 8 < 4 ? i % 4 : i % D / 4) == labels[i / D];
    }
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, 4, 4), x);
    const elbo_tensor classes = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(N), labels);
    elbo_images images;
    elbo_run *run = NULL;
    const elbo_training how = {.epochs = 100, .batch_size = 16, .lr = 5e-3};
    const int failed = elbo_images_of(&pixels, &classes, CLASSES, &images) != ELBO_OK ||
                       !(run = elbo_run_for(&elbo_model_cvae, NULL, &images, 1)) ||
                       elbo_train(run, &images, NULL, &how, NULL) != ELBO_OK ||
                       elbo_run_sample(run, each, CLASSES, 1, picture) != ELBO_OK;
    if (failed)
        fprintf(stderr, "%s\n", elbo_error());

    /* One picture of each class, side by side: row or column k stands out. */
    for (int i = 0; i < 4 && !failed; i++, putchar('\n'))
        for (int k = 0; k < CLASSES; k++, printf("   "))
            for (int j = 0; j < 4; j++)
                putchar(" .:#"[(int)(3.99f * picture[k * D + 4 * i + j])]);
    elbo_run_free(run);
    return failed;
}
