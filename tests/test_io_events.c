/* TensorBoard's files of events, read by a reader of the test's own. tests/test_events.sh has another in Python. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/crc32c.h"
#include "../io/events.h"
#include "../io/png.h"
#include "scratch.h"
#include "suites.h"

#define NAME "events.out.tfevents.elbo"

START_TEST(the_checksum_is_that_of_the_standard)
{
    unsigned char zeros[32] = {0}, rising[32];
    for (int i = 0; i < 32; i++)
        rising[i] = (unsigned char)i;
    ck_assert_uint_eq(elbo__crc32c(0, "123456789", 9), 0xe3069283);
    ck_assert_uint_eq(elbo__crc32c(elbo__crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    ck_assert_uint_eq(elbo__crc32c(0, "", 0), 0);
    ck_assert_uint_eq(elbo__crc32c(0, zeros, 32), 0x8a9136aa); /* these two are in RFC 3720, B.4 */
    ck_assert_uint_eq(elbo__crc32c(0, rising, 32), 0x46dd794e);
}
END_TEST

/* ---- a reader ---------------------------------------------------------------------------------------------------- */

static unsigned char bytes[1 << 16];
static size_t size;

static uint64_t little(const unsigned char *b, int n)
{
    return n ? b[0] | little(b + 1, n - 1) << 8 : 0;
}

/* Bit by bit, from the polynomial. */
static uint32_t masked(const unsigned char *b, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 8; k++) {
            const uint32_t bit = (crc ^ b[i] >> k) & 1;
            crc = crc >> 1 ^ (bit ? 0x82f63b78 : 0);
        }
    crc = ~crc;
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

/* A field of a message: its number, and its value, or its bytes. */
typedef struct {
    int number;
    uint64_t value;
    const unsigned char *at, *end;
} field;

static uint64_t varint(const unsigned char **at)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        const unsigned char byte = *(*at)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
}

static field next(const unsigned char **at)
{
    const uint64_t key = varint(at);
    field f = {.number = (int)(key >> 3)};
    const int type = key & 7, fixed = type == 1 ? 8 : type == 5 ? 4 : 0;
    if (type == 2) {
        const uint64_t count = varint(at);
        f.at = *at;
        *at = f.end = f.at + count;
    } else if (fixed) {
        f.value = little(*at, fixed);
        *at += fixed;
    } else {
        ck_assert_int_eq(type, 0);
        f.value = varint(at);
    }
    return f;
}

/* The field of that number in a message, or one of number 0. */
static field find(const unsigned char *at, const unsigned char *end, int number)
{
    while (at < end) {
        const field f = next(&at);
        if (f.number == number)
            return f;
    }
    ck_assert_ptr_eq(at, end);
    return (field){.number = 0};
}

static field within(field f, int number)
{
    return find(f.at, f.end, number);
}

static bool is_text(field f, const char *text)
{
    return f.end - f.at == (ptrdiff_t)strlen(text) && memcmp(f.at, text, strlen(text)) == 0;
}

static float number_of(field f)
{
    const uint32_t bits = (uint32_t)f.value;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The events in the file, whose checksums are right: as messages that are fields of nothing. */
static int read_events(field *events, int most)
{
    int n = 0;
    size = scratch_read(NAME, bytes, sizeof bytes);
    for (size_t at = 0; at < size; n++) {
        ck_assert_int_lt(n, most);
        ck_assert_uint_ge(size - at, 16);
        const size_t count = little(bytes + at, 8);
        ck_assert_uint_eq(little(bytes + at + 8, 4), masked(bytes + at, 8));
        ck_assert_uint_le(count, size - at - 16);
        events[n].at = bytes + at + 12;
        events[n].end = events[n].at + count;
        ck_assert_uint_eq(little(events[n].end, 4), masked(events[n].at, count));
        at += count + 16;
    }
    return n;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static elbo_events *open_events(int64_t last_step)
{
    elbo_events *events;
    const elbo_status status = elbo_events_open(scratch_path(NAME), last_step, &events);
    ck_assert_msg(status == ELBO_OK, "%s", elbo_error());
    return events;
}

/* One figure a step, of steps first..last: "a" = the step. */
static void write_steps(int64_t last_step, int first, int last)
{
    elbo_events *events = open_events(last_step);
    for (int step = first; step <= last; step++)
        ck_assert_int_eq(elbo_events_scalars(events, step, &(elbo_number){"a", step}, 1), ELBO_OK);
    elbo_events_close(events);
}

/* The version, then one figure a step, from `first` on. */
static void assert_steps(int first, int count)
{
    field events[40];
    ck_assert_int_eq(read_events(events, 40), count + 1);
    ck_assert(is_text(within(events[0], 3), "brain.Event:2"));
    for (int i = 1; i <= count; i++) {
        ck_assert_uint_eq(within(events[i], 2).value, (uint64_t)(first + i - 1));
        ck_assert(number_of(within(within(within(events[i], 5), 1), 2)) == (float)(first + i - 1));
    }
}

START_TEST(figures_come_back_with_tags_steps_and_the_time)
{
    field events[3];
    double then;
    elbo_events *out = open_events(ELBO_ALL_EVENTS);
    const elbo_number figures[] = {{"train/loss", 164.25}, {"test/elbo", -INFINITY}};
    ck_assert_int_eq(elbo_events_scalars(out, 300, figures, 2), ELBO_OK); /* 300: a varint of two bytes */
    ck_assert_int_eq(read_events(events, 3), 2);                          /* at once, not at the close  */
    elbo_events_close(out);
    elbo_events_close(NULL);
    ck_assert(is_text(within(events[0], 3), "brain.Event:2"));
    const uint64_t bits = within(events[1], 1).value;
    memcpy(&then, &bits, sizeof then);
    ck_assert_msg(then > 1.6e9 && then < 1e11, "%g seconds since 1970", then);
    ck_assert_uint_eq(within(events[1], 2).value, 300);
    const field summary = within(events[1], 5);
    const unsigned char *at = summary.at;
    const field first = next(&at), second = next(&at);
    ck_assert_ptr_eq(at, summary.end);
    ck_assert(is_text(within(first, 1), "train/loss") && number_of(within(first, 2)) == 164.25f);
    ck_assert(is_text(within(second, 1), "test/elbo") && number_of(within(second, 2)) == -INFINITY);
}
END_TEST

START_TEST(a_picture_is_the_file_and_its_size)
{
    static const unsigned char pixels[2 * 5 * 3] = {200};
    unsigned char file[1000];
    for (int colour = 0; colour < 2; colour++) {
        field events[4];
        const elbo_tensor picture = elbo_tensor_of(ELBO_U8, colour ? ELBO_SHAPE(2, 5, 3) : ELBO_SHAPE(2, 5), pixels);
        ck_assert_int_eq(elbo_png_write(scratch_path("a.png"), &picture), ELBO_OK);
        elbo_events *out = open_events(ELBO_ALL_EVENTS);
        ck_assert_int_eq(elbo_events_picture(out, 7, "samples", scratch_path("a.png")), ELBO_OK);
        elbo_events_close(out);
        ck_assert_int_eq(read_events(events, 4), 2 + colour);
        const field value = within(within(events[1 + colour], 5), 1), image = within(value, 4);
        ck_assert(is_text(within(value, 1), "samples"));
        ck_assert_uint_eq(within(image, 1).value, 2);
        ck_assert_uint_eq(within(image, 2).value, 5);
        ck_assert_uint_eq(within(image, 3).value, colour ? 3 : 1);
        const size_t count = scratch_read("a.png", file, sizeof file);
        const field encoded = within(image, 4);
        ck_assert_uint_eq((size_t)(encoded.end - encoded.at), count);
        ck_assert_mem_eq(encoded.at, file, count);
    }
}
END_TEST

START_TEST(a_file_goes_on_where_it_ended)
{
    write_steps(ELBO_ALL_EVENTS, 0, 3);
    write_steps(ELBO_ALL_EVENTS, 4, 6);
    assert_steps(0, 7);
}
END_TEST

START_TEST(events_after_the_step_of_a_resume_are_cut_off)
{
    write_steps(ELBO_ALL_EVENTS, 126, 130); /* 127 and 128 differ in the bytes of a step */
    write_steps(128, 129, 129);
    assert_steps(126, 4);
    write_steps(0, 126, 126);
    assert_steps(126, 1);
}
END_TEST

START_TEST(a_torn_record_is_cut_off_wherever_it_was_torn)
{
    write_steps(ELBO_ALL_EVENTS, 0, 2);
    const size_t all = scratch_read(NAME, bytes, sizeof bytes);
    write_steps(1, 2, 1);
    const size_t before = scratch_read(NAME, bytes, sizeof bytes);
    write_steps(ELBO_ALL_EVENTS, 2, 2);
    unsigned char copy[1000];
    ck_assert_uint_eq(scratch_read(NAME, copy, sizeof copy), all);
    for (size_t n = before; n < all; n++) {
        scratch_write(NAME, copy, n);
        write_steps(ELBO_ALL_EVENTS, 2, 2);
        assert_steps(0, 3);
    }
    copy[all - 1] ^= 1; /* as long as it should be, but not what was written */
    scratch_write(NAME, copy, all);
    write_steps(ELBO_ALL_EVENTS, 2, 2);
    assert_steps(0, 3);
    copy[before] ^= 64; /* a length that is none */
    scratch_write(NAME, copy, all);
    write_steps(ELBO_ALL_EVENTS, 2, 2);
    assert_steps(0, 3);
}
END_TEST

START_TEST(a_torn_first_record_is_written_again)
{
    unsigned char copy[100];
    write_steps(ELBO_ALL_EVENTS, 1, 0);
    const size_t all = scratch_read(NAME, copy, sizeof copy);
    for (size_t n = 0; n < all; n++) {
        scratch_write(NAME, copy, n);
        write_steps(ELBO_ALL_EVENTS, 5, 5);
        assert_steps(5, 1);
    }
}
END_TEST

static void assert_not_opened(elbo_status expected, const char *name, int64_t step, const char *reason)
{
    elbo_events *events;
    assert_error(elbo_events_open(scratch_path(name), step, &events), expected, scratch_path(name), reason);
    ck_assert_ptr_null(events);
}

START_TEST(another_file_is_refused_and_stays)
{
    char text[200];
    memset(text, 'a', sizeof text);
    scratch_write(NAME, text, 3);
    assert_not_opened(ELBO_FORMAT, NAME, 0, "no file of TensorBoard's events");
    scratch_assert_bytes(NAME, text, 3);
    scratch_write(NAME, text, sizeof text);
    assert_not_opened(ELBO_FORMAT, NAME, 0, "no file of TensorBoard's events");
    scratch_assert_bytes(NAME, text, sizeof text);
    assert_not_opened(ELBO_INVALID, "events", 0, "\"tfevents\"");
    assert_not_opened(ELBO_INVALID, "tfevents", -1, "step -1");
    assert_not_opened(ELBO_IO, "nowhere/tfevents", 0, "cannot open");
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_step_before_0_and_a_picture_that_is_none_add_nothing)
{
    elbo_events *out = open_events(ELBO_ALL_EVENTS);
    scratch_write("a.png", "no picture", 10);
    assert_error(elbo_events_scalars(out, -1, &(elbo_number){"a", 1}, 1), ELBO_INVALID, scratch_path(NAME), "step -1");
    assert_error(elbo_events_picture(out, -1, "a", scratch_path("a.png")), ELBO_INVALID, scratch_path(NAME), "step -1");
    assert_error(elbo_events_picture(out, 1, "a", scratch_path("a.png")), ELBO_FORMAT, scratch_path("a.png"),
                 "not a PNG file");
    assert_error(elbo_events_picture(out, 1, "a", scratch_path("b.png")), ELBO_IO, scratch_path("b.png"), "");
    elbo_events_close(out);
    assert_steps(0, 0);
}
END_TEST

START_TEST(a_record_that_does_not_fit_the_disk_leaves_the_file_as_it_was)
{
    elbo_events *out = open_events(ELBO_ALL_EVENTS);
    scratch_disk_full(60);
    assert_error(elbo_events_scalars(out, 1, &(elbo_number){"a", 1}, 1), ELBO_IO, scratch_path(NAME), "cannot write");
    scratch_disk_free();
    assert_steps(0, 0);
    ck_assert_int_eq(elbo_events_scalars(out, 1, &(elbo_number){"a", 1}, 1), ELBO_OK);
    elbo_events_close(out);
    assert_steps(1, 1);
}
END_TEST

static elbo_status write_all(void)
{
    elbo_events *out;
    remove(scratch_path(NAME));
    elbo_status status = elbo_events_open(scratch_path(NAME), ELBO_ALL_EVENTS, &out);
    if (status == ELBO_OK)
        status = elbo_events_scalars(out, 1, &(elbo_number){"a", 1}, 1);
    if (status == ELBO_OK)
        status = elbo_events_picture(out, 1, "b", scratch_path("a.png"));
    elbo_events_close(out);
    if (status != ELBO_OK)
        return status;
    status = elbo_events_open(scratch_path(NAME), ELBO_ALL_EVENTS, &out);
    elbo_events_close(out);
    return status;
}

START_TEST(events_survive_failing_allocations)
{
    static const unsigned char pixels[4];
    const elbo_tensor picture = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 2), pixels);
    ck_assert_int_eq(elbo_png_write(scratch_path("a.png"), &picture), ELBO_OK);
    assert_survives_failing_allocations(write_all);
}
END_TEST

Suite *suite_io_events(void)
{
    Suite *suite = suite_create("io_events");

    TCase *written = tcase_create("what is written");
    tcase_add_checked_fixture(written, scratch_setup, scratch_teardown);
    tcase_add_test(written, the_checksum_is_that_of_the_standard);
    tcase_add_test(written, figures_come_back_with_tags_steps_and_the_time);
    tcase_add_test(written, a_picture_is_the_file_and_its_size);
    suite_add_tcase(suite, written);

    TCase *again = tcase_create("files that exist");
    tcase_add_checked_fixture(again, scratch_setup, scratch_teardown);
    tcase_add_test(again, a_file_goes_on_where_it_ended);
    tcase_add_test(again, events_after_the_step_of_a_resume_are_cut_off);
    tcase_add_test(again, a_torn_record_is_cut_off_wherever_it_was_torn);
    tcase_add_test(again, a_torn_first_record_is_written_again);
    tcase_add_test(again, another_file_is_refused_and_stays);
    suite_add_tcase(suite, again);

    TCase *wrong = tcase_create("what goes wrong");
    tcase_add_checked_fixture(wrong, scratch_setup, scratch_teardown);
    tcase_add_test(wrong, a_step_before_0_and_a_picture_that_is_none_add_nothing);
    tcase_add_test(wrong, a_record_that_does_not_fit_the_disk_leaves_the_file_as_it_was);
    tcase_add_test(wrong, events_survive_failing_allocations);
    suite_add_tcase(suite, wrong);
    return suite;
}
