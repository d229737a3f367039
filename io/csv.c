#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "file.h"

enum { FIELD_SIZE = 32 }; /* more than "-1.23456789e+308," takes */

struct elbo_csv {
    char *path;
    int fd;
    char **columns;
    int count;
    double *values; /* [count], the row being written */
    bool *given;    /* [count], which of them it has  */
    char *line;     /* [count * FIELD_SIZE]           */
};

/* Appends `count` bytes as a whole: what a failed write left behind is cut off again. */
static elbo_status append(elbo_csv *csv, const char *bytes, size_t count)
{
    struct stat before;
    bool known = fstat(csv->fd, &before) == 0;
    if (known && elbo__write_all(csv->fd, bytes, count) == 0)
        return ELBO_OK;
    elbo_status status = elbo__fail(ELBO_IO, "%s: cannot write: %s", csv->path, elbo__reason(errno));
    if (known && S_ISREG(before.st_mode) && ftruncate(csv->fd, before.st_size) != 0)
        status = elbo__fail(ELBO_IO, "%s: cannot cut off half a row: %s", csv->path, elbo__reason(errno));
    return status;
}

static elbo_status check_header(elbo_csv *csv, const char *header, size_t length)
{
    char *old = elbo__alloc(length + 1);
    if (!old)
        return ELBO_NO_MEMORY;
    elbo_status status = ELBO_OK;
    ssize_t n = elbo__read_all(csv->fd, old, length);
    if (n < 0)
        status = elbo__fail(ELBO_IO, "%s: cannot read: %s", csv->path, elbo__reason(errno));
    else if ((size_t)n != length || memcmp(old, header, length) != 0) {
        old[n] = '\0';
        old[strcspn(old, "\r\n")] = '\0';
        status = elbo__fail(ELBO_FORMAT, "%s: has the columns \"%s\", not \"%.*s\"", csv->path,
                            elbo__excerpt_of(old).text, (int)length - 1, header);
    }
    elbo__free(old);
    return status;
}

/* Cuts off what follows the last newline. The header ends in one, so the search ends there at the latest. */
static elbo_status cut_torn_row(elbo_csv *csv, off_t size)
{
    off_t end = size;
    for (char c; end > 0; end--)
        if (pread(csv->fd, &c, 1, end - 1) != 1 || c == '\n')
            break;
    if (end < size && ftruncate(csv->fd, end) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot cut off a torn row: %s", csv->path, elbo__reason(errno));
    return ELBO_OK;
}

static elbo_status start(elbo_csv *csv, const char *header, size_t length)
{
    struct stat info;
    csv->fd = open(csv->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (csv->fd < 0 || fstat(csv->fd, &info) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", csv->path, elbo__reason(errno));
    if (info.st_size == 0)
        return append(csv, header, length);
    elbo_status status = check_header(csv, header, length);
    return status == ELBO_OK ? cut_torn_row(csv, info.st_size) : status;
}

static elbo_status check_name(const char *path, const char *name)
{
    bool good = name[0] != '\0';
    for (const char *c = name; *c; c++)
        good = good && (unsigned char)*c >= ' ' && *c != ',' && *c != '"' && *c != '\x7f';
    return good ? ELBO_OK
                : elbo__fail(ELBO_INVALID, "%s: \"%s\" cannot be the name of a column", path,
                             elbo__excerpt_of(name).text);
}

/* Copies the columns and joins them to the header line, which the caller frees. */
static elbo_status take_columns(elbo_csv *csv, const char *const *columns, char **header, size_t *length)
{
    size_t size = 1;
    for (int i = 0; i < csv->count; i++) {
        elbo_status status = check_name(csv->path, columns[i]);
        if (status != ELBO_OK)
            return status;
        for (int j = 0; j < i; j++)
            if (strcmp(columns[i], columns[j]) == 0)
                return elbo__fail(ELBO_INVALID, "%s: the column \"%s\" stands twice", csv->path, columns[i]);
        csv->columns[i] = elbo__strdup(columns[i]);
        if (!csv->columns[i])
            return ELBO_NO_MEMORY;
        size += strlen(columns[i]) + 1;
    }
    *header = elbo__alloc(size);
    if (!*header)
        return ELBO_NO_MEMORY;
    *length = 0;
    for (int i = 0; i < csv->count; i++)
        *length += (size_t)elbo__print(*header + *length, size - *length, "%s%c", columns[i],
                                       i + 1 < csv->count ? ',' : '\n');
    return ELBO_OK;
}

elbo_status elbo_csv_open(const char *path, const char *const *columns, int count, elbo_csv **out)
{
    *out = NULL;
    if (count < 1)
        return elbo__fail(ELBO_INVALID, "%s: a table needs at least one column", path);
    elbo_csv *csv = elbo__calloc(1, sizeof *csv);
    if (!csv)
        return ELBO_NO_MEMORY;
    csv->fd = -1;
    csv->path = elbo__strdup(path);
    csv->count = count;
    csv->columns = elbo__calloc((size_t)count, sizeof *csv->columns);
    csv->values = elbo__calloc((size_t)count, sizeof *csv->values);
    csv->given = elbo__calloc((size_t)count, sizeof *csv->given);
    csv->line = elbo__calloc((size_t)count, FIELD_SIZE);
    char *header = NULL;
    size_t length = 0;
    elbo_status status = ELBO_NO_MEMORY;
    if (csv->path && csv->columns && csv->values && csv->given && csv->line)
        status = take_columns(csv, columns, &header, &length);
    if (status == ELBO_OK)
        status = start(csv, header, length);
    elbo__free(header);
    if (status == ELBO_OK)
        *out = csv;
    else
        elbo_csv_close(csv);
    return status;
}

void elbo_csv_close(elbo_csv *csv)
{
    if (!csv)
        return;
    if (csv->fd >= 0)
        close(csv->fd);
    for (int i = 0; csv->columns && i < csv->count; i++)
        elbo__free(csv->columns[i]);
    elbo__free(csv->columns);
    elbo__free(csv->values);
    elbo__free(csv->given);
    elbo__free(csv->line);
    elbo__free(csv->path);
    elbo__free(csv);
}

elbo_status elbo_csv_row(elbo_csv *csv, const elbo_number *numbers, int count)
{
    memset(csv->given, 0, (size_t)csv->count * sizeof *csv->given);
    for (int i = 0; i < count; i++) {
        int column = 0;
        while (column < csv->count && strcmp(csv->columns[column], numbers[i].name) != 0)
            column++;
        if (column == csv->count)
            return elbo__fail(ELBO_INVALID, "%s: has no column \"%s\"", csv->path,
                              elbo__excerpt_of(numbers[i].name).text);
        csv->values[column] = isnan(numbers[i].value) ? NAN : numbers[i].value; /* one without a sign */
        csv->given[column] = true;
    }
    char *end = csv->line;
    for (int i = 0; i < csv->count; i++) {
        if (csv->given[i])
            end += elbo__print(end, FIELD_SIZE, "%.9g", csv->values[i]);
        *end++ = i + 1 < csv->count ? ',' : '\n';
    }
    return append(csv, csv->line, (size_t)(end - csv->line));
}
