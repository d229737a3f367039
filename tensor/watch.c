#include "watch_private.h"

#include <stddef.h>

static _Thread_local elbo_watcher watcher_of_thread;
static _Thread_local void *user_of_thread;

void elbo_watch(elbo_watcher watcher, void *user)
{
    watcher_of_thread = watcher;
    user_of_thread = user;
}

elbo_status elbo__watched(const char *what, int64_t done, int64_t total)
{
    if (!watcher_of_thread || watcher_of_thread(user_of_thread, what, done, total))
        return ELBO_OK;
    return elbo__fail(ELBO_STOPPED, "%s: stopped", what);
}
