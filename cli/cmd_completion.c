/* elbo completion bash: the script that completes commands, options and their values, from the tables of options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "declared.h"
#include "on_model.h"

/* What stands for the value of an option or for an argument, by its name in the help. Of what is not here, the words of
 * a choice are completed, and yes and no. */
static const struct {
    const char *metavar, *kind;
} kinds[] = {
    {"DIR", "directories"},     {"RUN", "runs"},        {"FILE", "files"},
    {"DATA", "data"},           {"CODES", "files"},     {"COMMAND", "words $commands"},
    {"MODEL", "words $models"}, {"bash", "words bash"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* What does not depend on the tables; ~ stands for the name of the program, as a name of the shell. */
static const char helpers[] =
    "# What follows the option $1: of the command, of the model, or of any model.\n"
    "_~_ask()\n"
    "{\n"
    "    local each\n"
    "    _~_value \"$command\" \"$1\" && return\n"
    "    case \" $with_model \" in *\" $command \"*) ;; *) return 1 ;; esac\n"
    "    for each in ${model:-$models}; do _~_value \"model:$each\" \"$1\" && return; done\n"
    "    return 1\n"
    "}\n"
    "\n"
    "# Folders that are runs, and folders with others in them; else all.\n"
    "_~_runs()\n"
    "{\n"
    "    local folder\n"
    "    while IFS= read -r folder; do\n"
    "        if [[ -e $folder/model.safetensors ]] || compgen -d -- \"$folder/\" >/dev/null; then\n"
    "            COMPREPLY+=(\"$folder\")\n"
    "        fi\n"
    "    done < <(compgen -d -- \"$cur\")\n"
    "    ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
    "}\n"
    "\n"
    "# What may stand for $cur, of the kind $1.\n"
    "_~_offer()\n"
    "{\n"
    "    case $1 in\n"
    "    flag) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- \"$cur\") ;;\n"
    "    'words '*) mapfile -t COMPREPLY < <(compgen -W \"${1#words }\" -- \"$cur\") ;;\n"
    "    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
    "    data)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -W 'mnist sprites' -- \"$cur\"; compgen -f -- \"$cur\")\n"
    "        ;;\n"
    "    directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
    "    runs) compopt -o filenames 2>/dev/null; _~_runs ;;\n"
    "    esac\n"
    "}\n"
    "\n";

/* Behind the names of the commands and models, which the helpers read too. */
static const char body[] =
    "    local cur=${COMP_WORDS[COMP_CWORD]} option= command= model= arguments=0 word kind each i\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        option=\n"
    "        if [[ $word == -* && ${COMP_WORDS[i + 1]} == = ]]; then # bash makes three words of --name=value\n"
    "            ((++i + 1 < COMP_CWORD)) && ((++i)) || option=$word\n"
    "        elif [[ $word == -* ]]; then\n"
    "            kind=$(_~_ask \"$word\") && [[ $kind != flag ]] || continue\n"
    "            ((i + 1 < COMP_CWORD)) && ((++i)) || option=$word\n"
    "        elif [[ ! $command || $command == help ]]; then\n"
    "            [[ $command ]] && arguments=$((arguments + 1))\n"
    "            command=$word\n"
    "        elif [[ \" $with_model \" == *\" $command \"* && ! $model ]]; then\n"
    "            model=$word\n"
    "            arguments=$((arguments + 1))\n"
    "        else\n"
    "            arguments=$((arguments + 1))\n"
    "        fi\n"
    "    done\n"
    "    [[ $cur == = ]] && cur=\n"
    "    if [[ $option ]]; then\n"
    "        _~_offer \"$(_~_ask \"$option\")\"\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        word=$(_~_options \"$command\")\n"
    "        if [[ $command && \" $with_model \" == *\" $command \"* ]]; then\n"
    "            for each in ${model:-$models}; do word+=\" $(_~_options \"model:$each\")\"; done\n"
    "        fi\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$word\" -- \"$cur\" | sort -u)\n"
    "    elif [[ ! $command || $command == help ]]; then\n"
    "        _~_offer 'words '\"$commands help\"\n"
    "    else\n"
    "        _~_offer \"$(_~_argument \"$command $arguments\")\"\n"
    "    fi\n"
    "}\n";

static const char *identifier(void)
{
    static char name[100];
    snprintf(name, sizeof name, "%s", elbo__cli.name);
    for (char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
            *c = '_';
    return name;
}

static void print_kind(const elbo_option *o)
{
    if (o->type == ELBO_FLAG) {
        printf("flag");
        return;
    }
    if (o->type == ELBO_CHOICE) {
        printf("'words");
        for (const char *const *word = o->choices; *word; word++)
            printf(" %s", *word);
        printf("'");
        return;
    }
    for (int i = 0; i < KINDS; i++)
        if (o->type == ELBO_TEXT && strcmp(elbo__cli_metavar(o), kinds[i].metavar) == 0) {
            printf("\"%s\"", kinds[i].kind);
            return;
        }
    printf("none");
}

static void print_values(const char *owner, const elbo_option *rows)
{
    for (const elbo_option *o = rows; o && o->name; o++) {
        printf("    '%s --%s'", owner, o->name);
        if (o->alias)
            printf(" | '%s -%s%s'", owner, o->alias[1] ? "-" : "", o->alias);
        printf(") echo ");
        print_kind(o);
        printf(" ;;\n");
    }
}

static void print_names(const elbo_option *rows)
{
    for (const elbo_option *o = rows; o && o->name; o++) {
        printf(" --%s", o->name);
        if (o->alias && o->alias[1])
            printf(" --%s", o->alias);
    }
}

static void print_option_names(const command_line *line)
{
    printf("    '%s') echo '", line->name);
    for (const option_group *g = line->groups; g->table; g++)
        print_names(g->table);
    print_names(elbo__cli_common_options);
    print_names(elbo__cli_help_options);
    printf("' ;;\n");
}

/* "RUN CODES", "[RUN]", "RUN RUN...": a kind for each place; the last of several goes on. */
static void print_arguments(const command_line *line)
{
    char text[200];
    snprintf(text, sizeof text, "%s", line->args ? line->args : "");
    int place = 0;
    for (char *rest, *word = strtok_r(text, " []", &rest); word; word = strtok_r(NULL, " []", &rest), place++) {
        char *dots = strstr(word, "...");
        if (dots)
            *dots = '\0';
        for (int i = 0; i < KINDS; i++)
            if (strcmp(word, kinds[i].metavar) == 0 || (!*word && i == 0)) {
                if (dots)
                    printf("    '%s '*) echo \"%s\" ;;\n", line->name, kinds[i].kind);
                else
                    printf("    '%s %d') echo \"%s\" ;;\n", line->name, place, kinds[i].kind);
            }
    }
}

/* A part of the script, with the name put in. */
static void print_script(const char *text)
{
    for (; *text; text++)
        if (*text == '~')
            fputs(identifier(), stdout);
        else
            putchar(*text);
}

/* A function of the script that answers by its argument: `print` prints the cases of a command, `of_model` those of a
 * model. */
static void print_function(const char *head, void (*print)(const command_line *line),
                           void (*of_model)(const elbo_model *model), const char *otherwise)
{
    print_script(head);
    for (const command *c = elbo__cli_commands; c->name; c++) {
        command_line line;
        elbo__cli_declared(c, &line);
        print(&line);
    }
    for (int i = 0; of_model && elbo__cli.models[i]; i++)
        of_model(elbo__cli.models[i]);
    printf("%s    esac\n}\n\n", otherwise);
}

static void print_values_of_command(const command_line *line)
{
    for (const option_group *g = line->groups; g->table; g++)
        print_values(line->name, g->table);
    print_values(line->name, elbo__cli_common_options);
    print_values(line->name, elbo__cli_help_options);
}

static void print_values_of_model(const elbo_model *model)
{
    char owner[120];
    snprintf(owner, sizeof owner, "model:%s", model->name);
    print_values(owner, model->options);
}

static void print_names_of_model(const elbo_model *model)
{
    printf("    'model:%s') echo '", model->name);
    print_names(model->options);
    printf("' ;;\n");
}

/* Of which the names are offered, and which take the name of a model. */
static void print_lists(void)
{
    printf("    local commands='");
    for (const command *c = elbo__cli_commands; c->name; c++)
        printf(" %s", c->name);
    printf("' models='");
    for (int i = 0; elbo__cli.models[i]; i++)
        printf(" %s", elbo__cli.models[i]->name);
    printf("' with_model='");
    for (const command *c = elbo__cli_commands; c->name; c++) {
        command_line line;
        elbo__cli_declared(c, &line);
        if (line.takes_model)
            printf(" %s", c->name);
    }
    printf("'\n");
}

static void print_bash(void)
{
    printf("# Completion for %s in bash, as `%s completion bash' prints it.\n\n", elbo__cli.name, elbo__cli.name);
    print_function("# What follows an option: a kind, or failure for an option that there is not.\n"
                   "_~_value()\n{\n    case \"$1 $2\" in\n",
                   print_values_of_command, print_values_of_model, "    *) return 1 ;;\n");
    print_function("_~_options()\n{\n    case $1 in\n", print_option_names, print_names_of_model,
                   "    *) echo '--help --quiet --usage --version' ;;\n");
    print_function("# What stands at a place behind the command.\n"
                   "_~_argument()\n{\n    case $1 in\n",
                   print_arguments, NULL, "");
    print_script(helpers);
    print_script("_~()\n{\n");
    print_lists();
    print_script(body);
    printf("\ncomplete -F _%s %s\n", identifier(), elbo__cli.name);
}

int elbo__cmd_completion(int argc, char **argv)
{
    command_line line = {
        .name = "completion",
        .args = "bash",
        .least = 1,
        .most = 1,
        .doc = "Prints the script that completes commands, models, options and their values in a shell, which is bash. "
               "`make install' puts it where bash finds it.",
        .examples = {{"completion bash >completion", "for `source completion'"}},
    };
    elbo__cli_parse(&line, argc, argv);
    if (strcmp(line.arguments[0], "bash") != 0)
        elbo__cli_wrong_usage(&line, "no completion for \"%s\", but for bash", line.arguments[0]);
    print_bash();
    elbo__cli_release(&line);
    return EXIT_SUCCESS;
}
