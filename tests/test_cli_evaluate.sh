#!/bin/sh
# What evaluate measures, of which models, and where it writes the figures of each image. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'
runs 'train vae' "$elbo" train vae $small --out vae
runs 'train cvae' "$elbo" train cvae $small --out cvae
runs 'train ae' "$elbo" train ae $small --out ae

# ---- the table ------------------------------------------------------------------------------------------------------

runs 'evaluate vae' "$elbo" evaluate vae
for what in 'ELBO -[0-9.]* nats per image' 'recon [0-9.]* nats per image' 'KL [0-9.]* nats per image'; do
    set -- $what
    says "^$1  *$2  *[0-9][0-9.]*  nats per image\$" # with a standard error
done
says '^squared error  *[0-9.]*  *[0-9][0-9.]*  per image$'
figure 'active units' '[0-3]' 'of 3'
says '^mutual information  *-*[0-9.]*  *[0-9.]*  nats; from 24 images at most 3.18$'
says '^KL of each dimension, nats per image, \* active$'
for unit in z1 z2 z3; do
    says " $unit:  *[0-9]*\.[0-9]*\([* ]\|\$\)"
done
says '^likelihood bernoulli$'
says '^images 24, part test of '
says '^pixels grey levels'
grep -q 'log p' out && complain 'log p(x) without being asked for'
grep -q ' $' out && complain 'blanks at the end of a line'

runs 'train by a cost' "$elbo" train vae $small --likelihood squared-error --out cost
says '^test ELBO -[0-9.]* per image$'
runs 'evaluate a cost' "$elbo" evaluate cost
says '^ELBO  *-[0-9.]*  *[0-9.]*  per image$'
says '^KL  *[0-9.]*  *[0-9.]*  nats per image$'
fails 1 'p(x|z): squared-error is no density' "$elbo" evaluate cost --samples 5

runs 'evaluate with samples' "$elbo" evaluate vae --samples 50
figure 'log p(x) at least' '-[0-9.]*' 'nats per image'
figure 'NLL at most' '[0-9.]*' 'nats per image'
figure 'Monte Carlo error' '0\.[0-9]*' 'nats, that of the samples alone'
says '^effective samples  *[0-9.]*  *[0-9.]*  of 50; the least [0-9.]*, 1 % below [0-9.]*$'
grep -q 'over rounds' out && complain 'a deviation over one round'
mv out samples
runs 'by its old name' "$elbo" evaluate vae --draws 50
cmp -s samples out || complain '--draws is not --samples'
runs 'in one thread' "$elbo" evaluate vae --samples 50 --threads 1
cmp -s samples out || complain 'one thread finds other figures'
runs 'with another seed' "$elbo" evaluate vae --samples 50 --seed 7
cmp -s samples out && complain 'another seed finds the same figures'

runs 'of some images' "$elbo" evaluate vae -n 5
says '^images 5, the first of 24, part test of '
says 'from 5 images at most 1.61$'
runs 'of one image' "$elbo" evaluate vae -n 1 --samples 5
says '^ELBO  *-[0-9.]*  *-  nats per image$' # one image has no standard error
runs 'of more than there are' "$elbo" evaluate vae -n 99
says '^images 24, part'
runs 'without information' "$elbo" evaluate vae --information 0
grep -q information out && complain 'information that was not asked for'
runs 'of labels' "$elbo" evaluate cvae --samples 5
figure 'log p(x|y) at least' '-[0-9.]*' 'nats per image'
runs 'of an autoencoder' "$elbo" evaluate ae
grep -q 'ELBO\|KL\|active\|information' out && complain 'figures that an autoencoder does not have'
says '^squared error'
fails 1 'gives no density of z' "$elbo" evaluate ae --samples 5

# ---- rounds ---------------------------------------------------------------------------------------------------------

runs 'train on binarised pixels' "$elbo" train vae $small --binarise --out binary
runs 'rounds' "$elbo" evaluate binary --samples 20 --rounds 3
figure 'over rounds' '[0-9.]*' 'nats, the deviation of 3 means'
says '^pixels binarised, drawn with this seed, anew in each round$'
runs 'rounds as JSON' "$elbo" evaluate binary --samples 20 --rounds 3 --json
# nll is the mean of the rounds with the sign turned, and their deviation is that of the list
python=$(command -v python3) && cat >rounds.py <<'END' && { $python rounds.py || complain 'rounds do not add up'; }
import json, statistics
r = json.load(open("out"))
means = r["log_likelihood_of_rounds"]
assert len(set(means)) == 3, means
assert abs(r["nll"] + statistics.mean(means)) < 1e-9
assert abs(r["deviation_of_rounds"] - statistics.stdev(means)) < 1e-9
assert 0 < r["monte_carlo_error"] < 0.2 and 1 <= r["ess_least"] <= r["ess_percentile_1"] <= r["ess"] <= 20
END
fails 64 'of no use with --samples 0' "$elbo" evaluate vae --rounds 3
fails 64 'option "rounds": 0 is less than 1' "$elbo" evaluate vae --samples 5 --rounds 0

# ---- annealing ------------------------------------------------------------------------------------------------------

annealing='--ais --ais-drawn 4 --temperatures 6 --chains 3 --leapfrog 2'
runs 'annealing' "$elbo" evaluate vae -n 5 $annealing
figure 'log p(x) by AIS' '-[0-9.]*' 'nats per image, at least; of 5 images'
figure 'its error by chains' '[0-9.]*' 'nats, that of the 3 chains alone'
figure 'gap of the bounds' '-*[0-9.]*' 'nats; of 4 images that the model drew'
mv out annealed
runs 'annealing in one thread' "$elbo" evaluate vae -n 5 $annealing --threads 1
cmp -s annealed out || complain 'one thread anneals otherwise'
runs 'annealing some' "$elbo" evaluate vae $annealing --ais-images 2 --ais-drawn 0 --temperature-schedule linear
says 'at least; of 2 images'
grep -q 'gap' out && complain 'a gap of no images'
runs 'annealing with labels' "$elbo" evaluate cvae -n 3 $annealing --json
grep -q '"ais_log_likelihood": -.*"ais_gap": .*"ais_images": 3, "ais_drawn": 4,.*"temperatures": 6' out ||
    complain 'JSON without the figures of AIS'
fails 1 'model "ae" has no prior' "$elbo" evaluate ae --ais
fails 64 'of no use without --ais' "$elbo" evaluate vae --chains 3
fails 64 'option "temperatures": 0 is less than 1' "$elbo" evaluate vae --ais --temperatures 0

# ---- factors --------------------------------------------------------------------------------------------------------

runs 'train on sprites' "$elbo" train vae --data sprites --hidden 8 --latent 3 --batch 500 --epochs 1 --out sprites
runs 'factors' "$elbo" evaluate sprites --factors -n 300
for row in MIG SAP 'DCI disentanglement' 'DCI completeness' 'DCI informativeness' 'FactorVAE score' 'beta-VAE score'; do
    figure "$row" '[01]\.[0-9]*' 'of 1; by chance 0\.[0-9]*'
done
says '^factor rotation: 2\.0[0-9] nats, of which z[123] tells [0-9.]*, z[123] [0-9.]*$'
runs 'factors as JSON' "$elbo" evaluate sprites --factors -n 300 --json
grep -q '"factors": {"shape": {"entropy": 1.*"y": {.*"importance": \[' out || complain 'JSON without the factors'
fails 1 'nobody knows what factors' "$elbo" evaluate vae --factors

# ---- figures of each image ------------------------------------------------------------------------------------------

runs 'per image' "$elbo" evaluate vae --samples 5 -n 7 --per-image each.csv
says '^figures of each image each.csv$'
[ "$(head -n 1 each.csv)" = index,label,elbo,recon,kl,squared_error,log_likelihood,log_likelihood_se,ess ] ||
    complain 'each.csv has another header'
[ "$(wc -l <each.csv)" -eq 8 ] || complain 'each.csv has not seven rows'
# The columns have the means of the table; 0.01 is how it rounds.
for column in 3:ELBO 4:recon 5:KL 7:'log p(x) at least'; do
    mean=$(tail -n +2 each.csv | awk -F, -v c="${column%%:*}" '{ sum += $c } END { print sum / NR }')
    shown=$(sed -n "s/^${column#*:}  *\(-*[0-9.]*\) .*/\1/p" out)
    awk -v a="$mean" -v b="$shown" 'BEGIN { exit !((a - b) ^ 2 <= 0.006 ^ 2) }' ||
        complain "the mean of ${column#*:} is $mean in the file and $shown in the table"
done
runs 'per image, of labels' "$elbo" evaluate cvae --per-image each.csv
[ "$(head -n 1 each.csv)" = index,label,elbo,recon,kl,squared_error ] || complain 'a header of what was not measured'
runs 'per image, as .npy' "$elbo" evaluate ae --per-image each.npy
head -c 128 each.npy | grep -q "'<f8'.*(24, 7)" || complain 'each.npy is no table of 24 rows'
fails 64 'does not end in .csv or .npy' "$elbo" evaluate vae --per-image each.txt
fails 64 'the name of a part of a run' "$elbo" evaluate vae --per-image vae/metrics.csv
fails 1 'nowhere/each.csv' "$elbo" evaluate vae --samples 1000000 --per-image nowhere/each.csv
fails 64 'option "samples": -1' "$elbo" evaluate vae --samples -1

verdict
