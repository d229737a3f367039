#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../io/file.h"
#include "../../io/listing.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "run.h"

#define STAGE ".incomplete"
#define KEPT "unpublished"
#define ROOM "room-"
#define PUBLISHING "publishing"

/* What a run consists of. The model comes late: what loads a run reads it alone, so it finds the old or the new one.
 * What a training goes on from comes last: while it is still in the stage, so may others be. */
static const struct file {
    const char *name;
    bool required; /* of every run, also of one that no training made */
} files[] = {{ELBO__CONFIG_FILE, true},   {ELBO__METRICS_FILE, false},        {ELBO__TIMING_FILE, false},
             {ELBO__SAMPLES_FILE, false}, {ELBO__RECONSTRUCTION_FILE, false}, {ELBO__REPORT_FILE, false},
             {ELBO__EVENTS_FILE, false},  {ELBO__MODEL_FILE, true},           {ELBO__RESUME_FILE, false}};
enum { FILES = sizeof files / sizeof files[0] };

struct elbo__folder {
    char *path;
    int fd;         /* of the folder, locked; -1: not open */
    bool made;      /* by us                               */
    bool published; /* the stage is gone                   */
    bool kept;      /* the stage stays                     */
};

static char *join(const char *folder, const char *name)
{
    return elbo__format("%s/%s", folder, name);
}

static char *staged(const elbo__folder *folder, const char *name)
{
    return elbo__format("%s/" STAGE "/%s", folder->path, name);
}

char *elbo__folder_file(const elbo__folder *folder, const char *name)
{
    return folder->published ? join(folder->path, name) : staged(folder, name);
}

static bool exists(char *path)
{
    struct stat info;
    const bool there = path && stat(path, &info) == 0;
    elbo__free(path);
    return there;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* A run has a model. Files of its other names are somebody else's, unless the stage tells that they were being
 * replaced. */
typedef struct {
    bool run, stage, other;
} contents;

static elbo_status look_into(const char *path, contents *out)
{
    *out = (contents){.run = false};
    elbo__listing list;
    elbo_status status = elbo__list_folder(path, &list);
    for (size_t i = 0; i < list.count; i++) {
        const char *name = list.names[i];
        if (strcmp(name, STAGE) == 0)
            out->stage = true;
        else if (strcmp(name, ELBO__MODEL_FILE) == 0 || strcmp(name, ELBO__RESUME_FILE) == 0)
            out->run = true;
        else
            out->other = true;
    }
    elbo__listing_free(&list);
    if (out->stage && (out->other || exists(join(path, STAGE "/" ELBO__RESUME_FILE))))
        out->run = true;
    return status;
}

char *elbo__folder_resume(const char *path)
{
    const elbo__folder folder = {.path = (char *)path};
    if (exists(staged(&folder, ELBO__RESUME_FILE)))
        return staged(&folder, ELBO__RESUME_FILE);
    if (exists(join(path, ELBO__RESUME_FILE)))
        return join(path, ELBO__RESUME_FILE);
    (void)elbo__fail(ELBO_IO, "%s: holds no " ELBO__RESUME_FILE ", from which a training could go on", path);
    return NULL;
}

static elbo_status check(const char *path, bool force)
{
    contents found;
    elbo_status status = look_into(path, &found);
    if (status != ELBO_OK)
        return status;
    if (found.run && !force)
        return elbo__fail(ELBO_IO, "%s: holds a run already; only --force replaces it, and --resume goes on with it",
                          path);
    if (found.other && !found.run)
        return elbo__fail(ELBO_IO, "%s: is not empty and holds no run", path);
    return ELBO_OK;
}

elbo_status elbo__folder_check(const char *path, bool force)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return ELBO_OK;
    return S_ISDIR(info.st_mode) ? check(path, force) : elbo__fail(ELBO_IO, "%s: is a file", path);
}

static elbo_status make_stage(const elbo__folder *folder)
{
    char *path = join(folder->path, STAGE);
    if (!path)
        return ELBO_NO_MEMORY;
    elbo_status status = ELBO_OK;
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        status = elbo__fail(ELBO_IO, "%s: cannot write into the folder: %s", folder->path, elbo__reason(errno));
    elbo__free(path);
    return status;
}

/* With all that is in it: what a killed training left has names of many kinds. */
static void remove_stage(const elbo__folder *folder)
{
    char *path = join(folder->path, STAGE);
    elbo__listing list = {.count = 0};
    if (path && elbo__list_folder(path, &list) != ELBO_OK)
        list.count = 0; /* there is none */
    for (size_t i = 0; i < list.count; i++) {
        char *file = staged(folder, list.names[i]);
        if (file)
            unlink(file);
        elbo__free(file);
    }
    elbo__listing_free(&list);
    if (path)
        rmdir(path);
    elbo__free(path);
}

/* Opens the folder and locks it against other trainings: *fd. The kernel lets go of the lock when a process dies. A
 * file system that has no locks is taken as it is. */
static elbo_status lock(const char *path, int *fd)
{
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open the folder: %s", path, elbo__reason(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return ELBO_OK;
    return elbo__fail(ELBO_IO, "%s: another training is writing there", path);
}

/* Whether the open folder is still the one of that name: a training that failed may have removed it meanwhile. */
static bool is_there(const char *path, int fd)
{
    struct stat named, opened;
    return stat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

static elbo_status make_and_lock(elbo__folder *folder)
{
    for (;;) {
        elbo_status status = elbo__make_folders(folder->path, &folder->made);
        if (status == ELBO_OK)
            status = lock(folder->path, &folder->fd);
        if (status == ELBO_OK && is_there(folder->path, folder->fd))
            return ELBO_OK;
        if (folder->fd >= 0)
            close(folder->fd);
        folder->fd = -1;
        folder->made = false; /* whoever has the lock may have taken it by now */
        if (status != ELBO_OK)
            return status;
    }
}

static elbo_status for_each_file(const elbo__folder *folder,
                                 elbo_status (*work)(const elbo__folder *, const struct file *, const char *,
                                                     const char *))
{
    elbo_status status = ELBO_OK;
    for (int i = 0; i < FILES && status == ELBO_OK; i++) {
        char *from = staged(folder, files[i].name), *to = join(folder->path, files[i].name);
        status = from && to ? work(folder, &files[i], from, to) : ELBO_NO_MEMORY;
        elbo__free(from);
        elbo__free(to);
    }
    return status;
}

/* Whether what is in the folder can be replaced: that is known before the training, and of no use after it. */
static elbo_status check_target(const elbo__folder *folder, const struct file *file, const char *from, const char *to)
{
    struct stat old, in;
    (void)file;
    (void)from;
    if (lstat(to, &old) != 0)
        return ELBO_OK;
    if (S_ISDIR(old.st_mode))
        return elbo__fail(ELBO_IO, "%s: cannot replace: it is a folder", to);
    /* in a sticky folder, such as /tmp, it takes its owner or that of the file */
    const uid_t user = geteuid();
    if (fstat(folder->fd, &in) == 0 && in.st_mode & S_ISVTX && user != 0 && user != old.st_uid && user != in.st_uid)
        return elbo__fail(ELBO_IO, "%s: cannot replace: %s", to, elbo__reason(EPERM));
    return ELBO_OK;
}

static bool ends(const char *text, const char *end)
{
    const size_t length = strlen(text), last = strlen(end);
    return length >= last && strcmp(text + length - last, end) == 0;
}

/* samples-0005.png, sampler-gmm.safetensors and their like, of which nobody knows how many there are. */
static bool is_one_of_many(const char *name)
{
    static const char pictures[] = "samples-", samplers[] = "sampler-"; /* of one length */
    const size_t length = sizeof pictures - 1, digits = strspn(name + strnlen(name, length), "0123456789");
    if (strncmp(name, pictures, length) == 0)
        return digits > 0 && strcmp(name + length + digits, ".png") == 0;
    return strncmp(name, samplers, length) == 0 && ends(name, ".safetensors");
}

/* Whether a file is what a writer that was killed left of a file of a run: samples.png.tmp-1234-0, 1234 being the
 * process */
static bool is_leftover(const char *name)
{
    const char *tail = strstr(name, ".tmp-");
    char of[64], *end;
    if (!tail || strspn(tail + 5, "0123456789-") != strlen(tail + 5) || (size_t)(tail - name) >= sizeof of)
        return false;
    const long long process = elbo__read_integer(tail + 5, &end);
    if (*end != '-' || process < 1 || process > INT32_MAX || kill((pid_t)process, 0) == 0 || errno == EPERM)
        return false; /* it is at work, or so it may be */
    elbo__print(of, sizeof of, "%.*s", (int)(tail - name), name);
    for (int i = 0; i < FILES; i++)
        if (strcmp(files[i].name, of) == 0)
            return true;
    return is_one_of_many(of);
}

static void remove_leftovers(const char *listed)
{
    elbo__listing list = {.count = 0};
    if (elbo__list_folder(listed, &list) != ELBO_OK)
        list.count = 0; /* there is no such folder */
    for (size_t i = 0; i < list.count; i++) {
        char *path = is_leftover(list.names[i]) ? join(listed, list.names[i]) : NULL;
        if (path)
            unlink(path);
        elbo__free(path);
    }
    elbo__listing_free(&list);
}

static elbo_status finish_publishing(elbo__folder *folder);

/* Takes a folder to go on in: what is in the stage is of use only with what to go on from. */
static elbo_status open_again(elbo__folder *folder)
{
    elbo_status status = lock(folder->path, &folder->fd);
    char *resume = status == ELBO_OK ? elbo__folder_resume(folder->path) : NULL;
    if (status == ELBO_OK && !resume)
        status = ELBO_IO;
    elbo__free(resume);
    if (status != ELBO_OK)
        return status;
    folder->published = !exists(staged(folder, ELBO__RESUME_FILE));
    if (folder->published)
        remove_stage(folder);
    else if (exists(staged(folder, PUBLISHING)) && finish_publishing(folder) != ELBO_OK)
        return ELBO_IO;
    char *stage = join(folder->path, STAGE);
    remove_leftovers(folder->path);
    if (stage && !folder->published)
        remove_leftovers(stage);
    elbo__free(stage);
    return ELBO_OK;
}

static elbo_status open_folder(elbo__folder *folder, elbo__folder_way way)
{
    if (way == ELBO__GO_ON)
        return open_again(folder);
    elbo_status status = make_and_lock(folder);
    if (status == ELBO_OK)
        status = check(folder->path, way == ELBO__REPLACE);
    if (status == ELBO_OK)
        status = for_each_file(folder, check_target);
    if (status != ELBO_OK)
        return status;
    remove_stage(folder); /* of a training that was killed */
    remove_leftovers(folder->path);
    return make_stage(folder);
}

static void free_folder(elbo__folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd); /* and unlocked */
    elbo__free(folder->path);
    elbo__free(folder);
}

elbo_status elbo__folder_open(const char *path, elbo__folder_way way, elbo__folder **out)
{
    *out = NULL;
    elbo__folder *folder = elbo__calloc(1, sizeof *folder);
    if (!folder)
        return ELBO_NO_MEMORY;
    folder->fd = -1;
    folder->path = elbo__strdup(path);
    elbo_status status = folder->path ? open_folder(folder, way) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        *out = folder;
        return ELBO_OK;
    }
    if (folder->made)
        rmdir(folder->path);
    free_folder(folder);
    return status;
}

char *elbo_claim_folder(const char *name)
{
    size_t length = strlen(name);
    while (length > 1 && name[length - 1] == '/')
        length--;
    char *path = elbo__format("%.*s", (int)length, name);
    bool made = false;
    for (int i = 2; path && elbo__make_folders(path, &made) == ELBO_OK && !made; i++) {
        elbo__free(path);
        path = elbo__format("%.*s-%d", (int)length, name, i);
    }
    if (made)
        return path;
    elbo__free(path);
    return NULL;
}

/* ---- room -------------------------------------------------------------------------------------------------------- */

/* Takes the room for a file. A file system that cannot do so in advance is trusted. */
static elbo_status take_room(const elbo__folder *folder, const char *path, int64_t bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot write into the folder: %s", folder->path, elbo__reason(errno));
    elbo_status status = ELBO_OK;
    if (fallocate(fd, 0, 0, bytes) != 0 && errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
        status = elbo__fail(ELBO_IO, "%s: no room for the model, %.1f MB and twice that while it is written: %s",
                            folder->path, (double)bytes * 1e-6, elbo__reason(errno));
    close(fd);
    return status;
}

elbo_status elbo__folder_check_room(const elbo__folder *folder, int64_t bytes)
{
    char *first = staged(folder, ROOM "1"), *second = staged(folder, ROOM "2");
    elbo_status status = first && second ? take_room(folder, first, bytes) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = take_room(folder, second, bytes);
    if (first)
        unlink(first);
    if (second)
        unlink(second);
    elbo__free(first);
    elbo__free(second);
    return status;
}

/* ---- publishing -------------------------------------------------------------------------------------------------- */

/* Moves the file into the folder, or removes its namesake of the run before where there is none. */
static elbo_status move(const elbo__folder *folder, const struct file *file, const char *from, const char *to)
{
    (void)folder;
    if (rename(from, to) == 0 || (!file->required && errno == ENOENT && (unlink(to) == 0 || errno == ENOENT)))
        return ELBO_OK;
    return elbo__fail(ELBO_IO, "%s: cannot replace: %s", to, elbo__reason(errno));
}

static elbo_status move_one(const elbo__folder *folder, const char *name)
{
    char *from = staged(folder, name), *to = join(folder->path, name);
    elbo_status status = from && to ? move(folder, &(struct file){name, false}, from, to) : ELBO_NO_MEMORY;
    elbo__free(from);
    elbo__free(to);
    return status;
}

static elbo_status move_many_of(const elbo__folder *folder, const char *listed)
{
    elbo__listing list;
    elbo_status status = elbo__list_folder(listed, &list);
    for (size_t i = 0; i < list.count && status == ELBO_OK; i++)
        if (is_one_of_many(list.names[i]))
            status = move_one(folder, list.names[i]);
    elbo__listing_free(&list);
    return status;
}

/* Those of the run before go, and those of the stage come. */
static elbo_status move_many(const elbo__folder *folder)
{
    char *stage = join(folder->path, STAGE);
    elbo_status status = stage ? move_many_of(folder, folder->path) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = move_many_of(folder, stage);
    elbo__free(stage);
    return status;
}

/* From here on a file that is not in the stage has been moved, and is not one of the run before: what goes on after a
 * kill must know. */
static elbo_status begin_publishing(const elbo__folder *folder)
{
    char *path = staged(folder, PUBLISHING);
    const int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    elbo_status status = ELBO_OK;
    if (!path)
        status = ELBO_NO_MEMORY;
    else if (fd < 0 || fsync(fd) != 0)
        status = elbo__fail(ELBO_IO, "%s: cannot write into the folder: %s", folder->path, elbo__reason(errno));
    if (fd >= 0)
        close(fd);
    elbo__free(path);
    return status;
}

/* Moves what is left in the stage. */
static elbo_status move_rest(const elbo__folder *folder, const struct file *file, const char *from, const char *to)
{
    (void)folder, (void)file;
    return rename(from, to) == 0 || errno == ENOENT
               ? ELBO_OK
               : elbo__fail(ELBO_IO, "%s: cannot replace: %s", to, elbo__reason(errno));
}

static elbo_status finish_publishing(elbo__folder *folder)
{
    char *stage = join(folder->path, STAGE);
    elbo_status status = stage ? move_many_of(folder, stage) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = for_each_file(folder, move_rest);
    elbo__free(stage);
    if (status != ELBO_OK)
        return status;
    remove_stage(folder);
    folder->published = true;
    return ELBO_OK;
}

elbo_status elbo__folder_publish(elbo__folder *folder)
{
    if (folder->published)
        return ELBO_OK;
    elbo_status status = begin_publishing(folder);
    if (status == ELBO_OK)
        status = move_many(folder);
    if (status == ELBO_OK)
        status = for_each_file(folder, move);
    if (status != ELBO_OK)
        return status;
    remove_stage(folder);
    folder->published = true;
    return ELBO_OK;
}

void elbo__folder_keep(elbo__folder *folder, elbo_status status)
{
    if (folder->published)
        return;
    char *from = join(folder->path, STAGE), *to = join(folder->path, KEPT);
    folder->kept = true;
    const bool named = from && to && rename(from, to) == 0;
    (void)elbo__fail(status, "%s; what was trained is in %s/%s", elbo_error(), folder->path, named ? KEPT : STAGE);
    elbo__free(from);
    elbo__free(to);
}

void elbo__folder_close(elbo__folder *folder)
{
    if (!folder)
        return;
    if (!folder->published && !folder->kept && !exists(staged(folder, ELBO__RESUME_FILE))) {
        remove_stage(folder);
        if (folder->made)
            rmdir(folder->path);
    }
    free_folder(folder);
}
