#include <check.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../nn/options/option.h"
#include "../tensor/memory.h"
#include "suites.h"

static const char *const colours[] = {"red", "green", NULL};

static const elbo_option table[] = {
    {.name = "latent-dim", .alias = "latent", .type = ELBO_INTEGER, .default_value = "20", .least = 1, .greatest = 100},
    {.name = "rate", .type = ELBO_NUMBER, .default_value = "1e-3", .least = 0, .greatest = 10, .exclusive = true},
    {.name = "hidden", .type = ELBO_SIZES, .default_value = "400,200", .least = 1, .greatest = 1000},
    {.name = "colour", .type = ELBO_CHOICE, .default_value = "red", .choices = colours},
    {.name = "force", .type = ELBO_FLAG},
    {.name = "out", .type = ELBO_TEXT, .default_value = "runs"},
    {.name = "any", .type = ELBO_INTEGER, .default_value = "-5", .needs = "latent-dim=3|4"},
    {.name = "shade", .type = ELBO_NUMBER, .default_value = "0", .needs = "colour=green"},
    {.name = "layers", .type = ELBO_SIZES, .default_value = "none", .least = 1, .greatest = 9, .needs = "rate!=0.5"},
    {.name = "deep", .type = ELBO_FLAG, .needs = "layers!=none"},
    ELBO_OPTIONS_END,
};

static elbo_values *values;

static void set_up(void)
{
    values = elbo_values_new(table);
    ck_assert_ptr_nonnull(values);
}

static void tear_down(void)
{
    elbo_values_free(values);
}

static void set(const char *name, const char *text)
{
    ck_assert_msg(elbo_values_set(values, name, text) == ELBO_OK, "%s", elbo_error());
}

static void assert_refused(const char *name, const char *text, const char *message)
{
    ck_assert_int_eq(elbo_values_set(values, name, text), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), message);
}

static void assert_printed(const char *name, const char *expected)
{
    char *text = elbo_values_print(values, name);
    ck_assert_str_eq(text, expected);
    elbo__free(text);
}

START_TEST(every_option_begins_with_its_default)
{
    ck_assert_int_eq(elbo_values_integer(values, "latent-dim"), 20);
    ck_assert_double_eq(elbo_values_number(values, "rate"), 1e-3);
    elbo_sizes hidden = elbo_values_sizes(values, "hidden");
    ck_assert_int_eq(hidden.n, 2);
    ck_assert_int_eq(hidden.at[0], 400);
    ck_assert_int_eq(hidden.at[1], 200);
    ck_assert_str_eq(elbo_values_choice(values, "colour"), "red");
    ck_assert(!elbo_values_flag(values, "force"));
    ck_assert_str_eq(elbo_values_text(values, "out"), "runs");
    ck_assert_int_eq(elbo_values_integer(values, "any"), -5);
    ck_assert(!elbo_values_given(values, "rate"));
}
END_TEST

START_TEST(a_value_is_set_from_text_and_by_alias)
{
    set("latent", "32");
    set("rate", "0.5");
    set("hidden", "7");
    set("colour", "green");
    set("force", NULL);
    char name[] = "here";
    set("out", name);
    name[0] = 't';
    ck_assert_int_eq(elbo_values_integer(values, "latent-dim"), 32);
    ck_assert_int_eq(elbo_values_integer(values, "latent"), 32);
    ck_assert_double_eq(elbo_values_number(values, "rate"), 0.5);
    ck_assert_int_eq(elbo_values_sizes(values, "hidden").n, 1);
    ck_assert_str_eq(elbo_values_choice(values, "colour"), "green");
    ck_assert(elbo_values_flag(values, "force"));
    ck_assert_str_eq(elbo_values_text(values, "out"), "here");
    ck_assert(elbo_values_given(values, "latent-dim"));
    set("out", "there");
    ck_assert_str_eq(elbo_values_text(values, "out"), "there");
}
END_TEST

START_TEST(what_is_printed_reads_back_as_the_same)
{
    static const struct {
        const char *name, *text, *printed;
    } cases[] = {{"latent", "007", "7"},       {"rate", "0.1", "0.1"},
                 {"rate", "1e-3", "0.001"},    {"rate", "0.30000000000000004", "0.30000000000000004"},
                 {"hidden", "3,2,1", "3,2,1"}, {"hidden", "none", "none"},
                 {"colour", "green", "green"}, {"force", "true", "yes"},
                 {"force", "no", "no"},        {"out", "", ""},
                 {"out", "a b", "a b"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set(cases[i].name, cases[i].text);
        assert_printed(cases[i].name, cases[i].printed);
        set(cases[i].name, cases[i].printed);
        assert_printed(cases[i].name, cases[i].printed);
    }
}
END_TEST

START_TEST(none_is_a_list_without_sizes)
{
    ck_assert_int_eq(elbo_values_sizes(values, "layers").n, 0);
    assert_printed("layers", "none");
    set("hidden", "none");
    ck_assert_int_eq(elbo_values_sizes(values, "hidden").n, 0);
    ck_assert_int_eq(elbo_sizes_reversed(elbo_values_sizes(values, "hidden")).n, 0);
    assert_printed("hidden", "none");
    set("hidden", "5");
    ck_assert_int_eq(elbo_values_sizes(values, "hidden").n, 1);
    assert_refused("hidden", "5,none", "option \"hidden\": \"5,none\" is not a list of integers such as 400,200");
    assert_refused("hidden", "", "option \"hidden\": \"\" is not a list of integers such as 400,200");
}
END_TEST

static void assert_of_use(void)
{
    ck_assert_msg(elbo_values_check(values) == ELBO_OK, "%s", elbo_error());
}

static void assert_of_no_use(const char *message)
{
    ck_assert_int_eq(elbo_values_check(values), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), message);
}

START_TEST(an_option_of_no_use_beside_the_others_is_named)
{
    assert_of_use(); /* none of them was set */
    set("shade", "0.5");
    assert_of_no_use("option \"shade\": of no use without --colour green");
    set("colour", "green");
    assert_of_use();
    set("layers", "3,2");
    assert_of_use();
    set("rate", "0.5");
    assert_of_no_use("option \"layers\": of no use with --rate 0.5");
    set("rate", "0.25");
    set("deep", "no"); /* even its default */
    assert_of_use();
    set("layers", "none");
    assert_of_no_use("option \"deep\": of no use with --layers none");
    set("layers", "2");
    set("any", "1");
    assert_of_no_use("option \"any\": of no use without --latent-dim 3 or 4");
    set("latent-dim", "4");
    assert_of_use();
}
END_TEST

START_TEST(what_is_no_value_is_refused_by_name)
{
    assert_refused("latent", "many", "option \"latent-dim\": \"many\" is not an integer");
    assert_refused("latent", "", "option \"latent-dim\": \"\" is not an integer");
    assert_refused("latent", " 5", "option \"latent-dim\": \" 5\" is not an integer");
    assert_refused("latent", "5x", "option \"latent-dim\": \"5x\" is not an integer");
    assert_refused("latent", "1.5", "option \"latent-dim\": \"1.5\" is not an integer");
    assert_refused("any", "99999999999999999999", "option \"any\": \"99999999999999999999\" is not an integer");
    assert_refused("rate", "fast", "option \"rate\": \"fast\" is not a number");
    assert_refused("rate", "nan", "option \"rate\": \"nan\" is not a number");
    assert_refused("rate", "1e999", "option \"rate\": \"1e999\" is not a number");
    assert_refused("hidden", "400,", "option \"hidden\": \"400,\" is not a list of integers such as 400,200");
    assert_refused("hidden", ",400", "option \"hidden\": \",400\" is not a list of integers such as 400,200");
    assert_refused("hidden", "4,,5", "option \"hidden\": \"4,,5\" is not a list of integers such as 400,200");
    assert_refused("hidden", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "option \"hidden\": more than 16 sizes");
    assert_refused("colour", "blue", "option \"colour\": \"blue\" is not one of red, green");
    assert_refused("force", "maybe", "option \"force\": \"maybe\" is neither yes nor no");
    assert_refused("latent", NULL, "option \"latent-dim\": a value is missing");
}
END_TEST

START_TEST(what_is_out_of_range_is_refused_and_changes_nothing)
{
    set("latent", "5");
    assert_refused("latent", "0", "option \"latent-dim\": 0 is less than 1");
    assert_refused("latent", "101", "option \"latent-dim\": 101 is greater than 100");
    assert_refused("rate", "0", "option \"rate\": 0 is not greater than 0");
    assert_refused("hidden", "4,0", "option \"hidden\": 0 is less than 1");
    ck_assert_int_eq(elbo_values_integer(values, "latent-dim"), 5);
    ck_assert_int_eq(elbo_values_sizes(values, "hidden").n, 2);
    ck_assert(!elbo_values_given(values, "hidden"));
    set("latent", "1");
    set("latent", "100");
}
END_TEST

START_TEST(an_unknown_option_names_the_nearest)
{
    assert_refused("laten-dim", "5", "no option \"laten-dim\"; the nearest is \"latent-dim\"");
    assert_refused("color", "5", "no option \"color\"; the nearest is \"colour\"");
    ck_assert_ptr_null(elbo_values_get(values, "rate", ELBO_INTEGER));
    ck_assert_ptr_nonnull(elbo_values_get(values, "rate", ELBO_NUMBER));
}
END_TEST

START_TEST(an_option_is_reset_to_its_default_as_if_never_set)
{
    set("out", "elsewhere");
    set("rate", "0.25");
    elbo_values_reset(values, "out");
    elbo_values_reset(values, "rate");
    ck_assert_str_eq(elbo_values_text(values, "out"), "runs");
    ck_assert_double_eq(elbo_values_number(values, "rate"), 1e-3);
    ck_assert(!elbo_values_given(values, "out"));
    ck_assert(!elbo_values_given(values, "rate"));
}
END_TEST

START_TEST(one_option_is_checked_whether_it_was_set_or_not)
{
    ck_assert_int_eq(elbo_values_check_one(values, "shade"), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "option \"shade\": of no use without --colour green");
    ck_assert_int_eq(elbo_values_check(values), ELBO_OK);
    set("colour", "green");
    ck_assert_int_eq(elbo_values_check_one(values, "shade"), ELBO_OK);
    ck_assert_int_eq(elbo_values_check_one(values, "rate"), ELBO_OK);
    ck_assert_int_eq(elbo_values_check_one(values, "rat"), ELBO_INVALID);
}
END_TEST

START_TEST(sizes_are_reversed)
{
    elbo_sizes r = elbo_sizes_reversed((elbo_sizes){3, {1, 2, 3}});
    ck_assert_int_eq(r.n, 3);
    ck_assert_int_eq(r.at[0], 3);
    ck_assert_int_eq(r.at[2], 1);
}
END_TEST

START_TEST(an_option_without_help_has_an_empty_one)
{
    char *help = elbo_option_help(&(elbo_option){.name = "depth", .type = ELBO_INTEGER, .default_value = "3"});
    ck_assert_str_eq(help, " (3)");
    elbo_release(help);
}
END_TEST

START_TEST(the_help_says_without_what_an_option_is_of_no_use)
{
    char *help = elbo_option_help(&(elbo_option){
        .name = "depth", .type = ELBO_INTEGER, .default_value = "3", .needs = "net=conv", .help = "how"});
    ck_assert_str_eq(help, "how (3); of no use without --net conv");
    elbo_release(help);
    help = elbo_option_help(&(elbo_option){.name = "rate", .type = ELBO_TEXT, .needs = "val!=0", .help = "how"});
    ck_assert_str_eq(help, "how; of no use with --val 0");
    elbo_release(help);
    help = elbo_option_help(
        &(elbo_option){.name = "rate", .type = ELBO_TEXT, .needs = "net=conv|mlp|x", .help = "how"});
    ck_assert_str_eq(help, "how; of no use without --net conv, mlp or x");
    elbo_release(help);
}
END_TEST

START_TEST(a_preset_gives_options_other_defaults)
{
    elbo_values *preset = elbo_values_new_preset(table, "latent-dim=7 colour=green hidden=none");
    ck_assert_ptr_nonnull(preset);
    ck_assert_int_eq(elbo_values_integer(preset, "latent-dim"), 7);
    ck_assert_str_eq(elbo_values_choice(preset, "colour"), "green");
    ck_assert_int_eq(elbo_values_sizes(preset, "hidden").n, 0);
    ck_assert_double_eq(elbo_values_number(preset, "rate"), 1e-3);
    ck_assert(!elbo_values_given(preset, "colour"));
    ck_assert_int_eq(elbo_values_set(preset, "latent-dim", "20"), ELBO_OK); /* the table's default is no more one */
    ck_assert(elbo_values_changed(preset, "latent-dim"));
    elbo_values_reset(preset, "latent-dim");
    ck_assert_int_eq(elbo_values_integer(preset, "latent-dim"), 7);
    ck_assert_str_eq(elbo_option_find(elbo_values_table(preset), "latent")->default_value, "7");
    elbo_values_free(preset);
}
END_TEST

START_TEST(a_preset_of_unknown_options_or_values_is_refused)
{
    ck_assert_ptr_null(elbo_values_new_preset(table, "latent-dim=7 color=green"));
    ck_assert_msg(strstr(elbo_error(), "color") && strstr(elbo_error(), "colour"), "%s", elbo_error());
    ck_assert_ptr_null(elbo_values_new_preset(table, "colour"));
    ck_assert_str_eq(elbo_error(), "preset \"colour\": expected NAME=VALUE");
    ck_assert_ptr_null(elbo_values_new_preset(table, "colour=blue"));
    ck_assert_str_eq(elbo_error(), "option \"colour\": \"blue\" is not one of red, green");
}
END_TEST

Suite *suite_option(void)
{
    Suite *suite = suite_create("option");
    TCase *reading = tcase_create("values");
    tcase_add_checked_fixture(reading, set_up, tear_down);
    tcase_add_test(reading, every_option_begins_with_its_default);
    tcase_add_test(reading, a_value_is_set_from_text_and_by_alias);
    tcase_add_test(reading, what_is_printed_reads_back_as_the_same);
    tcase_add_test(reading, none_is_a_list_without_sizes);
    tcase_add_test(reading, an_option_of_no_use_beside_the_others_is_named);
    tcase_add_test(reading, what_is_no_value_is_refused_by_name);
    tcase_add_test(reading, what_is_out_of_range_is_refused_and_changes_nothing);
    tcase_add_test(reading, an_unknown_option_names_the_nearest);
    tcase_add_test(reading, an_option_is_reset_to_its_default_as_if_never_set);
    tcase_add_test(reading, one_option_is_checked_whether_it_was_set_or_not);
    suite_add_tcase(suite, reading);
    TCase *others = tcase_create("names and sizes");
    tcase_add_test(others, sizes_are_reversed);
    tcase_add_test(others, an_option_without_help_has_an_empty_one);
    tcase_add_test(others, the_help_says_without_what_an_option_is_of_no_use);
    tcase_add_test(others, a_preset_gives_options_other_defaults);
    tcase_add_test(others, a_preset_of_unknown_options_or_values_is_refused);
    suite_add_tcase(suite, others);
    return suite;
}
