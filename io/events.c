#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "crc32c.h"
#include "file.h"
#include "png_private.h"

/* HEAD: a record's length and its checksum. TAIL: the checksum of the data. LARGEST: bytes of a picture, and with a
 * little more those of a record, beyond which a length is not believed. */
enum { HEAD = 12, TAIL = 4, LARGEST = 64 << 20, LARGEST_RECORD = LARGEST + (1 << 20), VERSION_EVENT = 24 };

/* Types of fields in protocol buffers. */
enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };

static const char version[] = "brain.Event:2";

struct elbo_events {
    char *path;
    int fd;
};

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* A message that grows. After a failure it does nothing. */
typedef struct {
    unsigned char *at;
    size_t count, capacity;
    bool failed;
} message;

static void put(message *m, const void *bytes, size_t count)
{
    if (m->failed || elbo__grow((void **)&m->at, &m->capacity, m->count + count, 1) != ELBO_OK)
        m->failed = true;
    else if (count > 0)
        memcpy(m->at + m->count, bytes, count);
    m->count += m->failed ? 0 : count;
}

/* Seven bits a byte, the lowest first; all bytes but the last have their top bit set. */
static void put_varint(message *m, uint64_t value)
{
    do {
        const unsigned char byte = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put(m, &byte, 1);
        value >>= 7;
    } while (value);
}

static void put_field(message *m, unsigned field, unsigned type)
{
    put_varint(m, field << 3 | type);
}

static void put_integer(message *m, unsigned field, int64_t value)
{
    put_field(m, field, VARINT);
    put_varint(m, (uint64_t)value);
}

static void put_fixed(message *m, unsigned field, uint64_t bits, size_t size)
{
    unsigned char bytes[8];
    elbo__store_le64(bytes, bits);
    put_field(m, field, size == 8 ? FIXED64 : FIXED32);
    put(m, bytes, size);
}

static void put_bytes(message *m, unsigned field, const void *bytes, size_t count)
{
    put_field(m, field, BYTES);
    put_varint(m, count);
    put(m, bytes, count);
}

/* Adds a message within a message, and frees it. */
static void put_message(message *m, unsigned field, message *inner)
{
    if (!inner->failed)
        put_bytes(m, field, inner->at, inner->count);
    m->failed |= inner->failed;
    elbo__free(inner->at);
    *inner = (message){.at = NULL};
}

/* What an event begins with. */
static message new_event(void)
{
    message event = {.at = NULL};
    struct timespec now = {0};
    uint64_t bits;
    clock_gettime(CLOCK_REALTIME, &now);
    const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    memcpy(&bits, &seconds, sizeof bits);
    put_fixed(&event, 1, bits, 8);
    return event;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void store_checksum(unsigned char *out, const void *bytes, size_t count)
{
    const uint32_t crc = elbo__crc32c(0, bytes, count);
    unsigned char wide[8];
    elbo__store_le64(wide, (crc >> 15 | crc << 17) + 0xa282ead8u);
    memcpy(out, wide, 4);
}

static bool has_checksum(const unsigned char *checksum, const void *bytes, size_t count)
{
    unsigned char expected[4];
    store_checksum(expected, bytes, count);
    return memcmp(expected, checksum, sizeof expected) == 0;
}

static void store_head(unsigned char head[HEAD], size_t count)
{
    elbo__store_le64(head, count);
    store_checksum(head + 8, head, 8);
}

/* Appends bytes as a whole: what a failed write left behind is cut off again. */
static elbo_status append(elbo_events *events, const message *record)
{
    struct stat before;
    const bool known = fstat(events->fd, &before) == 0;
    if (known && elbo__write_all(events->fd, record->at, record->count) == 0)
        return ELBO_OK;
    elbo_status status = elbo__fail(ELBO_IO, "%s: cannot write: %s", events->path, elbo__reason(errno));
    if (known && S_ISREG(before.st_mode) && ftruncate(events->fd, before.st_size) != 0)
        status = elbo__fail(ELBO_IO, "%s: cannot cut off half a record: %s", events->path, elbo__reason(errno));
    return status;
}

/* Adds an event to the file, and frees it. */
static elbo_status write_event(elbo_events *events, message *event)
{
    unsigned char head[HEAD], tail[TAIL];
    message record = {.failed = event->failed};
    store_head(head, event->count);
    store_checksum(tail, event->at, event->count);
    put(&record, head, sizeof head);
    put(&record, event->at, event->count);
    put(&record, tail, sizeof tail);
    const elbo_status status = record.failed ? ELBO_NO_MEMORY : append(events, &record);
    elbo__free(event->at);
    elbo__free(record.at);
    return status;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* The bytes of the next record in `record`; 0 where there is no whole one. */
static elbo_status read_record(elbo_events *events, message *record, size_t *count)
{
    unsigned char head[HEAD];
    *count = 0;
    record->count = 0;
    ssize_t n = elbo__read_all(events->fd, head, sizeof head);
    if (n == HEAD && has_checksum(head + 8, head, 8) && elbo__load_le64(head) <= LARGEST_RECORD) {
        const size_t wanted = (size_t)elbo__load_le64(head) + TAIL;
        if (elbo__grow((void **)&record->at, &record->capacity, wanted, 1) != ELBO_OK)
            return ELBO_NO_MEMORY;
        n = elbo__read_all(events->fd, record->at, wanted);
        record->count = wanted - TAIL;
        if (n == (ssize_t)wanted && has_checksum(record->at + record->count, record->at, record->count))
            *count = HEAD + wanted;
    }
    return n < 0 ? elbo__fail(ELBO_IO, "%s: cannot read: %s", events->path, elbo__reason(errno)) : ELBO_OK;
}

/* The step of an event that write_event has written: its second field, after 9 bytes of time; 0 where there is none. */
static uint64_t step_of(const message *event)
{
    uint64_t step = 0;
    if (event->count < 10 || event->at[9] != (2 << 3 | VARINT))
        return 0;
    for (size_t i = 10, shift = 0; i < event->count && shift < 64; i++, shift += 7) {
        step |= (uint64_t)(event->at[i] & 0x7f) << shift;
        if (!(event->at[i] & 0x80))
            break;
    }
    return step;
}

/* *end = of the records up to `last_step`, 0 where not even the first one is whole. */
static elbo_status find_end(elbo_events *events, int64_t last_step, off_t *end)
{
    message record = {.at = NULL};
    size_t count;
    elbo_status status = ELBO_OK;
    *end = 0;
    for (;;) {
        status = read_record(events, &record, &count);
        if (status != ELBO_OK || count == 0 || (*end > 0 && step_of(&record) > (uint64_t)last_step))
            break;
        if (*end == 0 && !memmem(record.at, record.count, version, strlen(version)))
            break;
        *end += (off_t)count;
    }
    elbo__free(record.at);
    return status;
}

/* Whether a file without a whole first record began as one: then a crash tore the first record. */
static bool is_torn_start(const elbo_events *events, off_t size)
{
    unsigned char head[HEAD], found[HEAD];
    const size_t count = size < HEAD ? (size_t)size : HEAD;
    store_head(head, VERSION_EVENT);
    return size < HEAD + VERSION_EVENT + TAIL && pread(events->fd, found, count, 0) == (ssize_t)count &&
           memcmp(found, head, count) == 0;
}

static elbo_status write_version(elbo_events *events)
{
    message event = new_event();
    put_bytes(&event, 3, version, strlen(version));
    return write_event(events, &event);
}

static elbo_status start(elbo_events *events, int64_t last_step)
{
    struct stat info;
    off_t end = 0;
    events->fd = open(events->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (events->fd < 0 || fstat(events->fd, &info) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", events->path, elbo__reason(errno));
    if (info.st_size == 0)
        return write_version(events);
    elbo_status status = find_end(events, last_step, &end);
    if (status != ELBO_OK)
        return status;
    if (end == 0 && !is_torn_start(events, info.st_size))
        return elbo__fail(ELBO_FORMAT, "%s: is no file of TensorBoard's events", events->path);
    if (end < info.st_size && ftruncate(events->fd, end) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot cut off later events: %s", events->path, elbo__reason(errno));
    return end == 0 ? write_version(events) : ELBO_OK;
}

elbo_status elbo_events_open(const char *path, int64_t last_step, elbo_events **out)
{
    const char *slash = strrchr(path, '/');
    *out = NULL;
    if (!strstr(slash ? slash : path, "tfevents"))
        return elbo__fail(ELBO_INVALID, "%s: TensorBoard reads only files whose names contain \"tfevents\"", path);
    if (last_step < 0)
        return elbo__fail(ELBO_INVALID, "%s: step %lld: at least 0", path, (long long)last_step);
    elbo_events *events = elbo__calloc(1, sizeof *events);
    if (!events)
        return ELBO_NO_MEMORY;
    events->fd = -1;
    events->path = elbo__strdup(path);
    elbo_status status = events->path ? start(events, last_step) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        *out = events;
    else
        elbo_events_close(events);
    return status;
}

void elbo_events_close(elbo_events *events)
{
    if (!events)
        return;
    if (events->fd >= 0)
        close(events->fd);
    elbo__free(events->path);
    elbo__free(events);
}

/* ---- figures and pictures ---------------------------------------------------------------------------------------- */

/* Writes an event with a summary, which it frees. */
static elbo_status write_summary(elbo_events *events, int64_t step, message *summary)
{
    message event = new_event();
    put_integer(&event, 2, step);
    put_message(&event, 5, summary);
    return write_event(events, &event);
}

static elbo_status check_step(const elbo_events *events, int64_t step)
{
    return step >= 0 ? ELBO_OK : elbo__fail(ELBO_INVALID, "%s: step %lld: at least 0", events->path, (long long)step);
}

elbo_status elbo_events_scalars(elbo_events *events, int64_t step, const elbo_number *figures, int count)
{
    message summary = {.at = NULL};
    elbo_status status = check_step(events, step);
    if (status != ELBO_OK || count == 0)
        return status;
    for (int i = 0; i < count; i++) {
        message value = {.at = NULL};
        const float number = (float)figures[i].value;
        uint32_t bits;
        memcpy(&bits, &number, sizeof bits);
        put_bytes(&value, 1, figures[i].name, strlen(figures[i].name));
        put_fixed(&value, 2, bits, 4);
        put_message(&summary, 1, &value);
    }
    return write_summary(events, step, &summary);
}

elbo_status elbo_events_picture(elbo_events *events, int64_t step, const char *tag, const char *png)
{
    elbo_shape shape;
    char *file = NULL;
    size_t size;
    elbo_status status = check_step(events, step);
    if (status == ELBO_OK)
        status = elbo__png_peek(png, &shape);
    if (status == ELBO_OK)
        status = elbo__file_read(png, LARGEST, &file, &size);
    if (status != ELBO_OK)
        return status;
    message summary = {.at = NULL}, value = {.at = NULL}, image = {.at = NULL};
    put_integer(&image, 1, shape.dim[0]);
    put_integer(&image, 2, shape.dim[1]);
    put_integer(&image, 3, shape.ndim == 3 ? 3 : 1);
    put_bytes(&image, 4, file, size);
    elbo__free(file);
    put_bytes(&value, 1, tag, strlen(tag));
    put_message(&value, 4, &image);
    put_message(&summary, 1, &value);
    return write_summary(events, step, &summary);
}
