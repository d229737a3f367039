#!/bin/sh
# A program of one's own, which is elbo_main with a list of models: it does with them what `elbo` does with the
# library's. See cli.sh; the paths of `own_program` and of examples/12-program are in OWN_PROGRAM and EXAMPLE, or known.
own=$(realpath "${OWN_PROGRAM:-tests/own_program}") || exit 99
example=$(realpath "${EXAMPLE:-examples/12-program}") || exit 99
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"
program=own_program
mine="$own mine" both="$own both"
small='--data data --hidden 16 --latent 2 --batch 16 --epochs 2'

# ---- one model: it need not be named --------------------------------------------------------------------------------

runs 'train' $mine train $small --petals 5 --out a
says '^run a$'
runs 'train by name' $mine train mine $small --petals 5 --out b
runs 'train by name, at the end' $mine train $small --petals 5 --out c mine
for run in b c; do
    cmp -s a/model.safetensors $run/model.safetensors || complain "the model that $run names is another"
done
grep -qx 'model = mine' a/config.ini || complain 'config.ini has another model'
grep -qx 'petals = 5' a/config.ini || complain 'config.ini lacks an option'
[ "$(wc -l <a/metrics.csv)" -eq 3 ] || complain 'metrics.csv has not a header and two rows'
trained=$(sed -n 's/^# test-elbo = //p' a/config.ini)
runs 'evaluate' $mine evaluate a --draws 3
figure ELBO "$(printf %.2f "$trained")" 'nats per image'
for command in sample reconstruct interpolate traverse manifold; do
    runs $command $mine $command a -o picture.png
    [ -s picture.png ] || complain "$command: no picture"
    rm -f picture.png
done
runs 'scatter of two runs' $mine scatter a --beside b -o both.svg
runs 'encode' $mine encode a
runs 'info' $mine info a
says '^model mine$'
says '^petals 5$'
runs 'plan' $mine plan --data data --batch 16
says '^plan of f32: '
runs 'train without --out' $mine train $small
says "^run runs/mine-20"

# ---- two players: their losses are figures everywhere ---------------------------------------------------------------

runs 'train two players' $own game train --data data --batch 16 --epochs 2 --out game
grep -q 'builder [0-9.]*, critic [0-9.]*, width [0-9.]*, test builder [0-9.]*$' err ||
    complain "the progress of two players is $(tail -1 err)"
columns=train_builder,train_critic,train_width,test_builder,test_critic,test_width
head -1 game/metrics.csv | grep -qx "epoch,step,lr,beta,skipped,$columns" ||
    complain "metrics.csv of two players begins with $(head -1 game/metrics.csv)"
runs 'evaluate two players' $own game evaluate game
figure critic "$(printf %.4f "$(sed -n 's/^# test-critic = //p' game/config.ini)")" -
runs 'sample from a prior beside a code' $own game sample game -o picture.png
runs 'the first turn' $own game plan --data data --batch 16
says 'adam.m:encoder.weight = '
! grep -q 'adam.m:critic.weight = ' out || complain 'the critic moves in the turn of the builder'
runs 'the second turn' $own game plan --data data --batch 16 --step 2
says 'adam.m:critic.weight = '
fails 64 'option "step": of no use without --role train' $own game plan --data data --role encode --step 2
fails 64 "unrecognized option '--draws'" $own game train --data data --draws 3
fails 1 'option "test-draws": model "game" takes no draws' $own game train --data data --test-draws 3 --out nothing

# ---- several: the list is what the program knows --------------------------------------------------------------------

runs 'models' $both models
says '^  mine  *of a test$'
says '^  vae  *variational autoencoder$'
runs 'options of models' $both models mine vae
says '^mine: of a test$'
says '^  --petals=VALUE  *a number (3)$'
says '^vae: '
grep -q '^  cvae' out && complain 'models: one that is not in the list'
runs 'train another' $both train vae $small --out vae
runs 'sample from it' "$elbo" sample vae -o vae.png
runs 'sample from the first' $both sample a -o mine.png
fails 64 'the model is missing: mine or vae' $both train
fails 64 'no model "mien"; the nearest is "mine"' $both train mien
fails 64 'no model "cvae"; the nearest is "vae"' $both train cvae
fails 64 'no model "vae"; there are mine' $mine train vae

# A run is known where its model is.
program=elbo
fails 1 'a/model.safetensors: is a run of the model "mine", which is not known here' "$elbo" sample a
program=own_program
fails 1 'vae/model.safetensors: is a run of the model "vae"' $mine sample vae

# ---- what it calls itself -------------------------------------------------------------------------------------------

runs 'version' $mine --version
says "^$program (elbo [0-9][0-9.]*)$"
runs 'help' $mine --help
says "^Usage: $program \[OPTION...\] COMMAND"
says "^\`$program COMMAND --help' tells more.$"
grep -q 'elbo' out && complain 'help: of another program'
runs 'help of train' $both train --help
says "^Usage: $program train \[OPTION...\] MODEL$"
runs 'help of the only model' $mine train --help
says "^Usage: $program train \[OPTION...\]$"
says '--petals=VALUE'
sed -n '/^ Of this model alone:$/,/^ Model:$/p' out | grep -q -- '--petals' || complain 'help: its own is not first'
sed -n '/^ Model:$/,$p' out | grep -q -- '--petals' && complain 'help: its own option among others'
runs 'help of a model' $mine train mine --help
says "^Usage: $program train mine \[OPTION...\]$"
runs 'help of sample' $mine help sample
says "^Usage: $program sample \[OPTION...\] RUN$"
fails 1 'nowhere' $mine sample nowhere
grep -q "^$program: nowhere" err || complain 'a failure does not begin with the name of the program'
fails 64 'no command "trian"' $mine trian
$mine >out 2>err
[ $? -eq 64 ] && grep -q 'a command is missing' err || complain 'no command'
fails 64 '--petal5' $mine train --petal5 3
fails 64 'option "petals": "many"' $mine train --petals many
fails 64 "option '--petals' requires an argument" $mine train --petals

# ---- lists that cannot be meant -------------------------------------------------------------------------------------

fails 1 'there are no models' "$own" none models
fails 1 'two models are named "mine"' "$own" twins models
fails 1 'model 2 has no name' "$own" nameless models
fails 1 'model "clash": option "threads" has the name of one of the program' "$own" clash train

# ---- a locale with a decimal comma ----------------------------------------------------------------------------------

sources=/usr/share/i18n
if command -v localedef >/dev/null && [ -f $sources/locales/de_DE ]; then
    localedef --no-archive -i $sources/locales/de_DE -f UTF-8 "$scratch/de_DE.UTF-8" || complain 'no de_DE.UTF-8'
    runs 'evaluate in English' $mine evaluate a
    mv out english
    runs 'evaluate in German' env LOCPATH="$scratch" LC_ALL=de_DE.UTF-8 $mine evaluate a
    cmp -s english out || complain 'figures depend on the locale'
fi

# ---- the example ----------------------------------------------------------------------------------------------------

runs 'the example without arguments' "$example"
says '^  wide  '
runs 'the example trains' "$example" train $small --prior-variance 2 --out wide
runs 'the example draws' "$example" sample wide -o wide.png
program=12-program
fails 64 'option "prior-variance": 0 is less than 0.001' "$example" train --prior-variance 0

# ---- variants that are examples -------------------------------------------------------------------------------------

for name in 13-student-t 14-fair 15-gumbel 16-sigma 17-flow-prior; do
    variant=$(dirname "$example")/$name
    program=$name
    runs "$name without arguments" "$variant"
    runs "$name trains" "$variant" train $small --out $name
    says "^run $name\$"
    runs "$name measures" "$variant" evaluate $name --samples 3
    says '^ELBO  *-*[0-9]'
    for command in sample reconstruct interpolate; do
        runs "$name: $command" "$variant" $command $name -o picture.png
    done
    ! grep -q nan $name/metrics.csv || complain "$name: a figure is no number"
done

verdict
