#!/bin/sh
# Manual pages and the completion of bash: both say what every --help says, since all come from the same tables. See
# cli.sh; the path of `own_program` is in OWN_PROGRAM, or known.
own=$(realpath "${OWN_PROGRAM:-tests/own_program}") || exit 99
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

# The long and short options of a help on stdout, one a line.
options_of() { grep -o '^  *-[^ ].*' out | grep -oE '(^ *|, )-(-[a-z0-9-]+|[a-zA-Z])' | sed 's/^[ ,]*//' | sort -u; }

runs 'help' "$elbo" --help
commands=$(sed -n '/^Commands:/,/^Exit/s/^  \([a-z]*\)  .*/\1/p' out | grep -vx help)
for aside in manual completion; do echo $commands | grep -qw $aside || complain "elbo --help does not name $aside"; done
runs 'models' "$elbo" models
models=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' out)

# ---- manual pages ---------------------------------------------------------------------------------------------------

# sections PAGE NAME...: that the page has these sections
sections() {
    page=$1
    shift
    for name in "$@"; do grep -qx ".SH \"$name\"" "$page" || complain "$page: no $name"; done
}

mkdir pages
runs 'all pages' "$elbo" manual --out pages
[ "$(ls pages | wc -l)" -eq $(($(echo $commands | wc -w) + 1)) ] || complain 'not a page for each command and for all'
runs 'the page of the program' "$elbo" manual
cmp -s out pages/elbo.1 || complain 'elbo manual prints another page than elbo.1'
sections pages/elbo.1 NAME SYNOPSIS COMMANDS OPTIONS 'EXIT STATUS' ENVIRONMENT FILES EXAMPLES
for status in 0 1 64 128+N; do grep -qx ".B $status" pages/elbo.1 || complain "elbo.1: no exit status $status"; done
for command in $commands; do
    grep -qx ".B $command" pages/elbo.1 || complain "elbo.1 does not list $command"
    runs "the page of $command" "$elbo" manual $command
    cmp -s out pages/elbo-$command.1 || complain "elbo manual $command prints another page than elbo-$command.1"
    sections pages/elbo-$command.1 NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' ENVIRONMENT EXAMPLES
done

sections pages/elbo-train.1 'FILE OF OPTIONS' FILES
for form in MODEL '\\-\\-resume RUN' '\\-\\-config FILE'; do
    grep -qx "\[.*OPTION.*\] .*fI$form.*" pages/elbo-train.1 || complain "elbo-train.1: no synopsis with $form"
done
# every file that a training leaves is among those of the manual
runs 'train' "$elbo" train vae --data data --hidden 8 --latent 2 --batch 16 --epochs 2 --sample-every 2 --tensorboard \
    --out left
(cd left && find . -type f | sed 's|^./||; s/-[0-9]*[.]png/-NNNN.png/; s/-/\\\\-/g' | sort) >left-files
[ "$(wc -l <left-files)" -ge 9 ] || complain 'the training left hardly a file'
while read -r file; do
    grep -qxF ".B RUN/$(printf '%b' "$file")" pages/elbo.1 || complain "elbo.1: no RUN/$file among the files"
done <left-files

# documented COMMAND HELP...: every option of this help is in the page of the command
documented() {
    page=pages/elbo-$1.1
    runs "help of $*" "$elbo" "$@" --help
    options_of >names
    grep -qx -- -h names || complain "$*: its help has no -h"
    [ "$(wc -l <names)" -ge 4 ] || complain "$*: hardly an option in its help"
    while read -r name; do
        dashed=$(printf %s "$name" | sed 's/-/\\\\-/g')
        grep -q "\\\\fB$dashed\\\\fR" $page || echo "$name" >>lost
    done <names
    [ ! -e lost ] || complain "$page lacks options of $* --help: $(tr '\n' ' ' <lost)"
    rm -f lost
}
for command in $commands; do documented $command; done
for model in $models; do
    documented train $model
    documented plan $model
done
if command -v man >/dev/null && command -v groff >/dev/null; then
    for page in pages/*; do
        env MANROFFOPT= LC_ALL=C.UTF-8 man -l --warnings=all "$page" >shown 2>err || complain "man -l $page"
        [ -s err ] && complain "man -l --warnings $page"
        [ -s shown ] || complain "man -l $page shows nothing"
    done
    sed 's/.\x08//g' shown | grep -q '^EXAMPLES' || complain 'a page is shown without its examples'
else
    echo 'man and groff are not installed: the pages were not shown'
fi
fails 64 'no command "trian"; the nearest is "train"' "$elbo" manual trian
fails 1 'nowhere/elbo.1' "$elbo" manual --out nowhere

# ---- completion -----------------------------------------------------------------------------------------------------

command -v bash >/dev/null || { echo 'bash is not installed: completion was not tried'; verdict; exit; }
runs 'completion' "$elbo" completion bash
cp out completion
bash -n completion 2>err || complain 'the completion is no script of bash'
fails 64 'no completion for "fish"' "$elbo" completion fish
fails 64 'bash is missing' "$elbo" completion

# completes WORD... : what bash offers for the last word, one a line, in the file offers; words as bash splits them
completes() {
    bash -c '. ./completion; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _elbo && printf "%s\n" "${COMPREPLY[@]}"' \
        bash elbo "$@" >offers 2>err || complain "completing $*"
    [ -s err ] && complain "completing $*: something on stderr"
}
# offers 'WORDS' WORD...: these words exactly are offered for the last one
offers() {
    expected=$1
    shift
    completes "$@"
    [ "$(sort offers | tr '\n' ' ')" = "$(printf '%s\n' $expected | sort | tr '\n' ' ')" ] ||
        { complain "completing \"$*\" offers this instead of $expected:"; sed 's/^/    /' offers; }
}
offers 'sample scatter' s
offers "$(echo $commands) help" ''
offers 'train traverse' help tr
models=$("$elbo" models | sed -n 's/^  \([a-z][a-z0-9-]*\)  .*/\1/p')
offers "$models" train ''
offers 'vae vae-gan vamp-vae vq-vae' models cvae v
offers 'pca ppca poincare-vae piwae planar-vae' train --epochs 3 p
offers 'mlp conv' train vae --net ''
offers 'mlp conv' train vae --net =
offers 'conv' train vae --net = c
offers 'yes no' train --force =
offers '--latent --latent-dim' train vae --hidden = 3 --lat
offers '--latent-dim' train vae --latent-
offers 'squared-error' train ae --likelihood s
offers '' train ae --likelihood x
offers 'test train' encode run --part ''
offers '' train vae --epochs ''
offers '' sample --count 3 --seed ''
offers '--help' --he
offers '--help --quiet --usage --version' --
offers 'bash' completion ''
offers 'mnist' train vae --data mn
offers 'sprites' evaluate run --data = sp
mkdir -p runs/a runs/b empty && touch runs/a/model.safetensors 'a file.png' && mkdir 'runs/with blank' &&
    touch 'runs/with blank/model.safetensors'
offers 'runs' sample r
offers 'runs/a' sample runs/a
offers 'runs/a' angles runs/a --to runs/a
completes sample runs/
grep -qx 'runs/with blank' offers || complain 'a run with a blank in its name is not offered'
grep -qx 'runs/b' offers && complain 'a folder that is no run is offered'
completes sample runs/a -o a
grep -qx 'a file.png' offers || complain 'no file is offered for -o'
completes train vae --out em
grep -qx empty offers || complain 'no folder is offered for --out'

# complete COMMAND...: every long option of this help is offered
complete() {
    runs "help of $*" "$elbo" "$@" --help
    options_of | grep '^--' >names
    completes "$@" --
    sort -u offers >sorted
    comm -23 names sorted >lost
    [ ! -s lost ] || complain "the completion lacks options of $* --help: $(tr '\n' ' ' <lost)"
}
for command in $commands; do complete $command; done
for model in $models; do complete train $model; done

# ---- a program of one's own -----------------------------------------------------------------------------------------

runs 'the page of a program of my own' "$own" mine manual
grep -q '^own_program \\- ' out || complain 'the page has another name'
runs 'a page of its own' "$own" mine manual train
grep -qF '\fB\-\-petals\fR' out || complain 'the page of train lacks the option of the only model'
runs 'its completion' "$own" mine completion bash
bash -n out 2>err || complain 'its completion is no script of bash'
grep -qx 'complete -F _own_program own_program' out || complain 'its completion is for another program'
grep -q -- '--petals' out || complain 'its completion lacks an option'

verdict
