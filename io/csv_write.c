#include "csv_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "file.h"

struct elbo__csv_writer {
    elbo__writer *out;
    bool within; /* a line: a comma comes before the next field */
};

elbo_status elbo__csv_writer_open(const char *path, elbo__csv_writer **out)
{
    *out = NULL;
    elbo__csv_writer *csv = elbo__calloc(1, sizeof *csv);
    if (!csv)
        return ELBO_NO_MEMORY;
    elbo_status status = elbo__writer_open(path, &csv->out);
    if (status == ELBO_OK)
        *out = csv;
    else
        elbo__free(csv);
    return status;
}

static void begin_field(elbo__csv_writer *csv)
{
    if (csv->within)
        elbo__write(csv->out, ",", 1);
    csv->within = true;
}

static bool needs_quotes(const char *text)
{
    const size_t length = strlen(text);
    return length == 0 || text[0] == ' ' || text[length - 1] == ' ' || strpbrk(text, ",\"\r\n");
}

void elbo__csv_words(elbo__csv_writer *csv, const char *text)
{
    begin_field(csv);
    if (!needs_quotes(text)) {
        elbo__write(csv->out, text, strlen(text));
        return;
    }
    elbo__write(csv->out, "\"", 1);
    for (; *text; text++)
        elbo__write(csv->out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    elbo__write(csv->out, "\"", 1);
}

void elbo__csv_count(elbo__csv_writer *csv, const char *name, int64_t number)
{
    char text[24];
    const int length = elbo__print(text, sizeof text, "%" PRId64, number);
    begin_field(csv);
    elbo__write(csv->out, name, strlen(name));
    elbo__write(csv->out, text, (size_t)length);
}

void elbo__csv_put_number(elbo__csv_writer *csv, double value)
{
    char text[32];                                                                         /* "-1.23456789e+308" */
    const int length = elbo__print(text, sizeof text, "%.9g", isnan(value) ? NAN : value); /* one without a sign */
    begin_field(csv);
    elbo__write(csv->out, text, (size_t)length);
}

void elbo__csv_put_float(elbo__csv_writer *csv, float value)
{
    char text[32] = "";
    int length = 0;
    for (int digits = 6; digits <= 9 && !isnan(value); digits++) {
        length = elbo__print(text, sizeof text, "%.*g", digits, (double)value);
        if ((float)elbo__read_number(text, NULL) == value)
            break;
    }
    begin_field(csv);
    elbo__write(csv->out, text, (size_t)length);
}

void elbo__csv_end_line(elbo__csv_writer *csv)
{
    elbo__write(csv->out, "\n", 1);
    csv->within = false;
}

elbo_status elbo__csv_writer_commit(elbo__csv_writer *csv)
{
    const elbo_status status = elbo__writer_commit(csv->out);
    elbo__free(csv);
    return status;
}

void elbo__csv_writer_abort(elbo__csv_writer *csv)
{
    if (!csv)
        return;
    elbo__writer_abort(csv->out);
    elbo__free(csv);
}
