#!/bin/sh
# How odd images are: the scores, the odd classes, the file. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'
runs 'train vae' "$elbo" train vae $small --out vae
runs 'train cvae' "$elbo" train cvae $small --out cvae
runs 'train ae' "$elbo" train ae $small --out ae

runs 'anomaly' "$elbo" anomaly vae
figure '-log p(x)' '[0-9.]*' 'nats'
figure typicality '[0-9.]*' 'nats from the usual'
figure complexity '-*[0-9.]*' 'bits more than a PNG file has'
figure 'squared error' '[0-9.]*' '-'
figure KL '[0-9.]*' nats
says '^the oddest by -log p(x)$'
[ "$(grep -c '^ *[0-9.]*  image [0-9]*$' out)" -eq 5 ] || complain 'not five oddest images'
says '^images 24, part test of '
grep -q AUROC out && complain 'an area without odd ones'
mv out scores
runs 'in one thread' "$elbo" anomaly vae --threads 1
cmp -s scores out || complain 'one thread finds other scores'

runs 'odd classes' "$elbo" anomaly vae --odd 0,2
figure 'AUROC of -log p(x)' '[01]\.[0-9]*' 'of 1; by chance 0.5; 12 odd, 12 others'
figure 'AUROC of KL' '[01]\.[0-9]*' 'of 1; by chance 0.5; 12 odd, 12 others'
runs 'odd classes as JSON' "$elbo" anomaly vae --odd 3 -n 8 --json
grep -q '"auroc_nll": 0*1*\.[0-9]*, "auroc_nll_se": .*"oddest": \[{"image": [0-7], "score": .*"images": 8' out ||
    complain 'JSON without areas and the oddest'
runs 'with labels' "$elbo" anomaly cvae --odd 1
runs 'without the training' "$elbo" anomaly vae --usual 0
grep -q typicality out && complain 'typicality without the training'
runs 'of an autoencoder' "$elbo" anomaly ae --odd 1
says '^the oddest by squared error$'
grep -q 'log p\|KL\|typicality\|complexity' out && complain 'scores that an autoencoder does not have'
runs 'train by a cost' "$elbo" train vae $small --likelihood squared-error --out cost
runs 'of a cost' "$elbo" anomaly cost --odd 1
says '^the oddest by squared error$'
fails 1 'option "odd": "nine" is no class of' "$elbo" anomaly vae --odd 1,nine
fails 1 'option "odd": "4" is no class of' "$elbo" anomaly vae --odd 4
fails 1 'option "odd": "" is no class of' "$elbo" anomaly vae --odd ,1
fails 1 'option "odd": no usual images: all 24 of ' "$elbo" anomaly vae --odd 0,1,2,3
fails 1 'option "odd": no odd images: none of the 3 of ' "$elbo" anomaly vae --odd 3 -n 3

runs 'per image' "$elbo" anomaly vae --odd 1 -n 7 --per-image odd.csv
says '^scores of each image odd.csv$'
[ "$(head -n 1 odd.csv)" = index,label,odd,nll,typicality,complexity,error,kl ] || complain 'odd.csv has another header'
[ "$(wc -l <odd.csv)" -eq 8 ] || complain 'odd.csv has not seven rows'
awk -F, 'NR > 1 && ($2 == 1) != $3 { exit 1 }' odd.csv || complain 'what is odd is not of class 1'
fails 64 'does not end in .csv or .npy' "$elbo" anomaly vae --per-image odd.txt
fails 1 'nowhere/odd.csv' "$elbo" anomaly vae --per-image nowhere/odd.csv
fails 64 'option "samples": 0 is less than 1' "$elbo" anomaly vae --samples 0

# Data that are gone: the scores that need them cannot be had, the others can.
mv data elsewhere
fails 1 'data' "$elbo" anomaly vae --data elsewhere
runs 'other data' "$elbo" anomaly vae --data elsewhere --usual 0

verdict
