#include "progress.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIVE_SECONDS 0.1   /* between two live lines  */
#define PLAIN_SECONDS 10.0 /* between two plain lines */

/* ---- Ctrl-C ------------------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
    (void)number;
    caught = 1;
}

void catch_interrupts(void)
{
    /* SA_RESETHAND: the second one finds the default action, which is to end the program. */
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART | SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
    return caught != 0;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

progress_line progress_start(void)
{
    const char *terminal = getenv("TERM");
    return (progress_line){.live = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0, .shown = now()};
}

/* ", loss 105.30"; nothing for what the model has not */
static void print_figure(const char *name, double value)
{
    if (!isnan(value))
        fprintf(stderr, ", %s %.2f", name, value);
}

static void print_batch(const elbo_progress *p)
{
    const long long left = (long long)(p->seconds_left + 0.5);
    fprintf(stderr, "epoch %lld/%lld, step %lld/%lld, %.0f images/s, ", (long long)p->epoch, (long long)p->epochs,
            (long long)p->step, (long long)p->steps, p->images_per_s);
    if (left >= 3600)
        fprintf(stderr, "%lld:%02lld:%02lld left", left / 3600, left / 60 % 60, left % 60);
    else
        fprintf(stderr, "%lld:%02lld left", left / 60, left % 60);
    print_figure("loss", p->loss);
    print_figure("KL", p->kl);
}

static void print_epoch(const elbo_progress *p)
{
    const elbo_epoch *e = p->finished;
    fprintf(stderr, "epoch %lld/%lld, %.1f s, %.0f images/s", (long long)e->epoch, (long long)p->epochs, e->seconds,
            e->images_per_s);
    print_figure("loss", e->train_loss);
    print_figure("recon", e->train_recon);
    print_figure("KL", e->train_kl);
    print_figure("test ELBO", e->test_elbo);
}

bool progress_show(void *user, const elbo_progress *p)
{
    progress_line *line = user;
    const double time = now();
    if (!p->finished && time - line->shown < (line->live ? LIVE_SECONDS : PLAIN_SECONDS))
        return !interrupted();
    line->shown = time;
    if (line->live)
        fputs("\r\033[K", stderr);
    if (p->finished)
        print_epoch(p);
    else
        print_batch(p);
    if (p->finished || !line->live)
        fputc('\n', stderr);
    fflush(stderr);
    return !interrupted();
}

void progress_end(const progress_line *line)
{
    if (line->live)
        fputs("\r\033[K", stderr);
}
