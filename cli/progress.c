#include "progress.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) /* nohup asked for no hangup */
        sigaction(SIGHUP, &action, NULL);
}

int elbo__cli_interrupted(void)
{
    return caught ? 128 + caught : 0;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static struct {
    bool quiet;   /* none is to be written                      */
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

/* ", loss 105.30"; what is small, with more digits */
static void print_figure(FILE *out, const char *label, double value)
{
    fprintf(out, fabs(value) < 1 ? ", %s %.4f" : ", %s %.2f", label, value);
}

/* Nothing for what the model has not. */
static void print_named(FILE *out, const elbo_figures *figures, const char *name, const char *label)
{
    if (elbo_figures_has(figures, name))
        print_figure(out, label, elbo_figures_get(figures, name));
}

/* All losses, and behind the parts of a bound the first two of what the model reports besides. */
static void print_figures(FILE *out, const elbo_figures *f, bool recon)
{
    for (int i = 0; i < f->losses; i++)
        print_figure(out, f->at[i].name, f->at[i].value);
    if (recon && f->losses == 1)
        print_named(out, f, "recon", "recon");
    print_named(out, f, "kl", "KL");
    for (int i = f->losses, shown = 0; i < f->count && shown < 2; i++)
        if (f->at[i].own) {
            print_figure(out, f->at[i].name, f->at[i].value);
            shown++;
        }
}

static void print_batch(FILE *out, const elbo_progress *p)
{
    const long long left = (long long)(p->seconds_left + 0.5);
    fprintf(out, "epoch %lld/%lld, step %lld/%lld, %.0f images/s, ", (long long)p->epoch, (long long)p->epochs,
            (long long)p->step, (long long)p->steps, p->images_per_s);
    if (left >= 3600)
        fprintf(out, "%lld:%02lld:%02lld left", left / 3600, left / 60 % 60, left % 60);
    else
        fprintf(out, "%lld:%02lld left", left / 60, left % 60);
    print_figures(out, &p->means, false);
}

/* The bounds of several draws: iwae-5 */
static void print_iwae(FILE *out, const elbo_figures *test)
{
    for (int i = 0; i < test->count; i++)
        if (strncmp(test->at[i].name, "iwae-", 5) == 0)
            fprintf(out, ", test %s %.2f", test->at[i].name, test->at[i].value);
}

static void print_epoch(FILE *out, const elbo_progress *p)
{
    const elbo_epoch *e = p->finished;
    fprintf(out, "epoch %lld/%lld, %.1f s in all, %.0f images/s", (long long)e->epoch, (long long)p->epochs, e->seconds,
            e->images_per_s);
    print_figures(out, &e->train, true);
    print_named(out, &e->val, "elbo", "validation ELBO");
    if (e->val.losses && !elbo_figures_has(&e->val, "elbo"))
        fprintf(out, ", validation %s %.2f", e->val.at[0].name, e->val.at[0].value);
    if (e->val.losses && e->kept < e->epoch)
        fprintf(out, " (epoch %lld is better)", (long long)e->kept);
    print_named(out, &e->test, "elbo", "test ELBO");
    if (e->test.losses && !elbo_figures_has(&e->test, "elbo"))
        fprintf(out, ", test %s %.2f", e->test.at[0].name, e->test.at[0].value);
    print_iwae(out, &e->test);
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
    if (line.quiet || time - line.shown < (line.live ? LIVE_SECONDS : PLAIN_SECONDS))
        return false;
    elbo__cli_clear_progress();
    line.shown = time;
    return true;
}

int elbo__cli_columns(int terminal)
{
    struct winsize size;
    return ioctl(terminal, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* How much of a live line the terminal has room for: one that goes on in a second row cannot be cleared. Fields ", NAME
 * NUMBER" are left out as a whole, for half a number would be another one. */
static int shown_length(const char *text)
{
    const int length = (int)strlen(text), columns = line.live ? elbo__cli_columns(STDERR_FILENO) : 0;
    if (columns < 2 || length < columns)
        return length;
    for (int i = columns - 1; i > 0; i--)
        if (text[i] == ',')
            return i;
    return columns - 1;
}

/* Writes a live line, or a plain one. */
static void show_line(const char *text)
{
    fprintf(stderr, "%.*s", shown_length(text), text);
    line.there = line.live;
    if (!line.live)
        fputc('\n', stderr);
    fflush(stderr);
}

bool elbo__cli_show_training(void *unused, const elbo_progress *p)
{
    (void)unused;
    if (p->finished && !line.quiet) {
        elbo__cli_clear_progress();
        print_epoch(stderr, p);
        fputc('\n', stderr);
        if (p->finished->over && p->epoch < p->epochs)
            fprintf(stderr,
                    "ended early: in %lld epochs none was better, and patience is at its end; epoch %lld is kept\n",
                    (long long)(p->epoch - p->finished->kept), (long long)p->finished->kept);
        line.shown = elbo__cli_now();
    } else if (due()) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        if (out) {
            print_batch(out, p);
            fclose(out);
        }
        show_line(text ? text : "");
        free(text);
    }
    return !elbo__cli_interrupted();
}

static void say(const char *kind, const char *format, va_list args)
{
    elbo__cli_clear_progress();
    fprintf(stderr, "%s: %s", elbo__cli.name, kind);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void elbo__cli_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("", format, args);
    va_end(args);
}

void elbo__cli_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!line.quiet)
        say("note: ", format, args);
    va_end(args);
}

void elbo__cli_inform(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!line.quiet)
        say("", format, args);
    va_end(args);
}

void elbo__cli_be_quiet(void)
{
    line.quiet = true;
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
        char text[120];
        snprintf(text, sizeof text, "%s, %.0f %%", what, 100.0 * (double)done / (double)total);
        show_line(text);
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
