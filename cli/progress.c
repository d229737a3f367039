#include "progress.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../tensor/watch.h"
#include "command.h"

#define LIVE_SECONDS 0.1   /* between two live lines  */
#define PLAIN_SECONDS 10.0 /* between two plain lines */

/* ---- Ctrl-C ------------------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t caught; /* the number of the signal */

static void note_signal(int number)
{
    caught = number;
}

static void catch_interrupts(void)
{
    /* SA_RESETHAND: the second one finds the default action, which is to end the program. */
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART | SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

int elbo__cli_interrupted(void)
{
    return caught ? 128 + caught : 0;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static struct {
    bool live;    /* stderr is a terminal                       */
    bool there;   /* a live line stands there                   */
    double shown; /* when the last line was written, in seconds */
} line;

double elbo__cli_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ", loss 105.30"; nothing for what the model has not */
static void print_figure(const elbo_figures *figures, const char *name, const char *label)
{
    if (elbo_figures_has(figures, name))
        fprintf(stderr, ", %s %.2f", label, elbo_figures_get(figures, name));
}

/* The first two of what the model reports by itself; what is small, with more digits */
static void print_own(const elbo_figures *figures)
{
    for (int i = 0, shown = 0; i < figures->count && shown < 2; i++)
        if (figures->at[i].own) {
            const double value = figures->at[i].value;
            fprintf(stderr, fabs(value) < 1 ? ", %s %.4f" : ", %s %.2f", figures->at[i].name, value);
            shown++;
        }
}

/* The bounds that draws make: iwae-5, of five */
static void print_iwae(const elbo_figures *figures, const char *part)
{
    for (int i = 0; i < figures->count; i++)
        if (strncmp(figures->at[i].name, "iwae-", 5) == 0)
            fprintf(stderr, ", %s %s %.2f", part, figures->at[i].name, figures->at[i].value);
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
    print_figure(&p->means, "loss", "loss");
    print_figure(&p->means, "kl", "KL");
    print_own(&p->means);
}

static void print_epoch(const elbo_progress *p)
{
    const elbo_epoch *e = p->finished;
    fprintf(stderr, "epoch %lld/%lld, %.1f s, %.0f images/s", (long long)e->epoch, (long long)p->epochs, e->seconds,
            e->images_per_s);
    print_figure(&e->train, "loss", "loss");
    print_figure(&e->train, "recon", "recon");
    print_figure(&e->train, "kl", "KL");
    print_own(&e->train);
    print_figure(&e->test, "elbo", "test ELBO");
    print_iwae(&e->test, "test");
}

void elbo__cli_clear_progress(void)
{
    if (line.there)
        fputs("\r\033[K", stderr);
    line.there = false;
}

/* Whether it is time for another line; if so, the place for it is free. */
static bool due(void)
{
    const double time = elbo__cli_now();
    if (time - line.shown < (line.live ? LIVE_SECONDS : PLAIN_SECONDS))
        return false;
    elbo__cli_clear_progress();
    line.shown = time;
    return true;
}

static void end_line(void)
{
    line.there = line.live;
    if (!line.live)
        fputc('\n', stderr);
    fflush(stderr);
}

bool elbo__cli_show_training(void *unused, const elbo_progress *p)
{
    (void)unused;
    if (p->finished) {
        elbo__cli_clear_progress();
        print_epoch(p);
        fputc('\n', stderr);
        line.shown = elbo__cli_now();
    } else if (due()) {
        print_batch(p);
        end_line();
    }
    return !elbo__cli_interrupted();
}

void elbo__cli_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    elbo__cli_clear_progress();
    fprintf(stderr, "%s: ", elbo__cli.name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void elbo__cli_show_warning(void *unused, const char *message)
{
    (void)unused;
    elbo__cli_say("warning: %s", message);
}

/* The watcher of what is no training. */
static bool show_work(void *unused, const char *what, int64_t done, int64_t total)
{
    (void)unused;
    if (done == total) {
        elbo__cli_clear_progress();
    } else if (due()) {
        fprintf(stderr, "%s, %.0f %%", what, 100.0 * (double)done / (double)total);
        end_line();
    }
    return !elbo__cli_interrupted();
}

void elbo__cli_watch_work(void)
{
    const char *terminal = getenv("TERM");
    catch_interrupts();
    line.live = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
    line.shown = elbo__cli_now();
    elbo_watch(show_work, NULL);
}
