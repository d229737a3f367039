/* The library's own VAE on arrays of one's own: train, save, load, and everything that a trained run can do. */
#include <elbo.h>
#include <stdio.h>

enum { N = 64, D = 16, Z = 3 };
#define FILE_NAME "07-train.safetensors"

/* Trains on x (N, 16) and saves the run. */
static elbo_status train(const float *x)
{
    elbo_images images;
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, 4, 4), x);
    elbo_status status = elbo_images_of(&pixels, NULL, 0, &images);
    elbo_values *options = elbo_model_values(&elbo_model_vae);
    if (status == ELBO_OK)
        status = elbo_values_set(options, "hidden", "32");
    if (status == ELBO_OK)
        status = elbo_values_set(options, "latent-dim", "3");
    elbo_run *run = status == ELBO_OK ? elbo_run_for(&elbo_model_vae, options, &images, 1) : NULL;
    status = run ? elbo_train(run, &images, NULL, &(elbo_training){.epochs = 150, .batch_size = 16, .lr = 5e-3}, NULL)
                 : ELBO_INVALID;
    if (status == ELBO_OK)
        status = elbo_run_save(run, FILE_NAME);
    elbo_run_free(run);
    elbo_values_free(options);
    return status;
}

/* Loads the run (a run folder would do as well) and uses it on plain arrays. */
static elbo_status use(const float *x)
{
    float z[N * Z], y[N * D], log_prob[N];
    elbo_run *run = elbo_run_load(FILE_NAME, elbo_models);
    if (!run)
        return ELBO_INVALID;
    elbo_status status = elbo_run_encode(run, x, NULL, N, z); /* (N, 16) -> (N, 3): means of q(z|x)   */
    if (status == ELBO_OK)
        status = elbo_run_decode(run, z, NULL, N, y); /* (N, 3) -> (N, 16): means of p(x|z)   */
    if (status == ELBO_OK)
        status = elbo_run_log_prob(run, x, NULL, N, 100, 1, log_prob); /* log p(x) from 100 draws, (N)         */
    if (status == ELBO_OK)
        status = elbo_run_sample(run, NULL, N, 1, y); /* new images from the prior, (N, 16)   */
    if (status == ELBO_OK)
        printf("image 0: z = (%.2f, %.2f, %.2f), log p(x) = %.2f nats\n", z[0], z[1], z[2], log_prob[0]);
    elbo_run_free(run);
    return status;
}

int main(void)
{
    float x[N * D]; /* 4 by 4: one column lit, or one row */
    for (int i = 0; i < N * D; i++)
        x[i] = (i / D % 8 < 4 ? i % 4 : i % D / 4) == i / D % 4;
    const int failed = train(x) != ELBO_OK || use(x) != ELBO_OK;
    if (failed)
        fprintf(stderr, "%s\n", elbo_error());
    remove(FILE_NAME);
    return failed;
}
