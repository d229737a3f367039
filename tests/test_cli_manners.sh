#!/bin/sh
# How the program behaves towards people and scripts: what goes to stderr, --quiet, pictures in the terminal, its help.
# See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'
silent() { [ -s err ] && complain "$1: something on stderr:"; }

# ---- --quiet: neither progress nor notes, but warnings and errors ---------------------------------------------------

runs 'train' "$elbo" train vae $small --out run
grep -q '^epoch 2/2' err || complain 'no line for an epoch'
mv out loud
for way in --quiet -q; do
    runs "train $way" "$elbo" train vae $small $way --out run --force
    silent "train $way"
    cmp -s loud out || complain "train $way: other results on stdout"
done
runs 'quiet before the command' "$elbo" -q train vae $small --out run --force
silent 'quiet before the command'
mkdir train-only && cp data/train-* train-only
runs 'train without a test part' "$elbo" train vae $small --data train-only --quiet --out other
silent 'a note'
runs 'evaluate without a test part' "$elbo" evaluate other --quiet
silent 'a note'
fails 1 'nowhere' "$elbo" sample nowhere --quiet
"$elbo" train vae $small --quiet=no --out run --force 2>err >out
grep -q '^epoch 2/2' err || complain '--quiet=no: no line for an epoch'

verdict
