#!/bin/sh
# Runs side by side. Their metrics.csv are replaced by figures whose means and deviations are known. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 8 --latent 2 --batch 16 --epochs 2 -q'
for seed in 1 2 3; do
    runs "train seed $seed" "$elbo" train vae $small --seed $seed --out runs/seed-$seed
done
runs 'train another' "$elbo" train vae $small --hidden 16,4 --out runs/wide
header=epoch,test_elbo,test_loss,test_squared_error
metrics() { run=$1 && shift && printf '%s\n' $header "$@" >"$run/metrics.csv"; }
timing() { printf 'epoch,seconds,images_per_s\n1,0.5,100\n2,%s,200\n' $2 >"$1/timing.csv"; }
metrics runs/seed-1 1,-10,10,4 2,-8,8,3
metrics runs/seed-2 1,-12,12,5 2,-9,9,4
metrics runs/seed-3 1,-11,11,2 2,-13,13,5
metrics runs/wide 1,-7,7,3.75 2,-7.5,7.5,3.5
for seed in 1 2 3; do timing runs/seed-$seed 1.0; done
timing runs/wide 4.25

# row PATTERN: a line of stdout, whatever the blanks between its words
row() { sed 's/  */ /g; s/ $//' out | grep -qx -- "$1" || { complain "no row \"$1\":"; cat out; }; }

runs compare "$elbo" compare runs/*
[ -s err ] && complain 'compare: something on stderr'
row 'run model seed hidden epochs done test_elbo test_squared_error seconds images_per_s best test_elbo at epoch'
row 'runs/seed-1 vae 1 8 2 -8.00 3.0000\* 1.0 200 -8.00 2'
row 'runs/seed-2 vae 2 8 2 -9.00 4.0000 1.0 200 -9.00 2'
row 'runs/seed-3 vae 3 8 2 -13.00 5.0000 1.0 200 -11.00 1'
row 'runs/wide vae 1 16,4 2 -7.50\* 3.5000 4.2 200 -7.00\* 1'
row 'mean +- standard deviation over seeds (how many)'
row 'runs model seeds hidden test_elbo test_squared_error seconds images_per_s best test_elbo'
row 'runs/seed-\* vae 3 8 -10.00 +- 2.65 (3) 4.0000 +- 1.0000 (3) 1.0 +- 0.0 (3) 200 +- 0 (3) -9.33 +- 1.53 (3)'
row 'runs/wide vae 1 16,4 -7.50 (1) 3.5000 (1) 4.2 (1) 200 (1) -7.00 (1)'
runs 'compare --by-seed' "$elbo" compare runs/seed-* --by-seed
[ "$(wc -l <out)" -eq 3 ] || complain 'compare --by-seed: more than a heading and two lines'
row 'runs model seeds test_elbo test_squared_error seconds images_per_s best test_elbo'
runs 'compare by another metric' "$elbo" compare runs/* --metric test_squared_error
row 'runs/seed-3 vae 3 8 2 -13.00 5.0000 1.0 200 2.0000\* 1'
row 'runs/seed-1 vae 1 8 2 -8.00 3.0000\* 1.0 200 3.0000 2'
runs 'compare one run' "$elbo" compare runs/wide/
row 'runs/wide/ vae 2 -7.50 3.5000 4.2 200 -7.00 1'
[ "$(wc -l <out)" -eq 2 ] || complain 'compare: of one run more than a heading and its line'

runs 'compare --json' "$elbo" compare runs/* --json
[ "$(wc -l <out)" -eq 1 ] || complain 'compare --json: not one line'
says '"metric": "test_elbo", "comparable": true'
says '"run": "runs/wide", "model": "vae", "options": {"seed": 1, "hidden": \[16, 4\]}'
says '"best": -11.0, "best_epoch": 1.0'
says '"runs": \["runs/seed-1", "runs/seed-2", "runs/seed-3"\], "last": '
says '"test_squared_error": {"mean": 4.0, "deviation": 1.0, "n": 3}'
says '"deviation": null, "n": 1'

# ---- curves ---------------------------------------------------------------------------------------------------------

runs 'compare to a figure' "$elbo" compare runs/* -o compare.svg
tail -n 1 out | grep -qx 'curves compare.svg' || complain 'compare: no word of the curves'
for name in runs/seed-1 runs/seed-2 runs/seed-3 runs/wide test_elbo; do
    grep -qF ">$name<" compare.svg || complain "compare.svg: no $name"
done
runs 'compare from the second epoch on' "$elbo" compare runs/* --from 2 -o later.svg
cmp -s compare.svg later.svg && complain 'compare --from 2: the first epoch is drawn'
fails 1 'no curve has a point that can be drawn' "$elbo" compare runs/* --from 100 -o none.svg
runs 'compare to a picture' "$elbo" compare runs/* -o compare.png --json
says '"curves": "compare.png"'
head -c 4 compare.png | grep -aq PNG || complain 'no compare.png'

# ---- what does not compare ------------------------------------------------------------------------------------------

"$tiny_data" --png pictures || exit 99
runs 'train on other data' "$elbo" train vae $small --data pictures --out other
runs 'train with another likelihood' "$elbo" train vae $small --likelihood gaussian --out gaussian
runs 'compare what does not compare' "$elbo" compare runs/wide other gaussian
grep -qx 'elbo: warning: runs/wide and other differ in data: their figures do not compare' err ||
    complain 'data: no warning'
grep -qx 'elbo: warning: runs/wide and gaussian differ in likelihood: their figures do not compare' err ||
    complain 'likelihood: no warning'
[ "$(wc -l <err)" -eq 2 ] || complain 'compare: not two warnings'
grep -qF '*' out && complain 'compare: a best one among figures that do not compare'
sed -n 1p out | grep -q ' data ' || complain 'compare: does not show the data'
runs 'compare another model' "$elbo" train pca --data data --latent 3 --out pca -q
runs 'compare models' "$elbo" compare runs/wide pca
sed 's/  */ /g' out | head -n 1 | grep -q '^run model latent-dim epochs done ' ||
    complain 'compare: options of one model alone'

# ---- several seeds, whose folder has a config.ini -------------------------------------------------------------------

chosen='--data data --hidden 8 --latent 2 --batch 4 --lr 0.05 --val 0.3 --patience 2 --epochs 60 --seeds 3'
runs 'train seeds with validation' "$elbo" train vae $chosen -q --out seeds
for what in 'squared error' ELBO; do
    says "^test $what [-0-9.]* +- [0-9.]* .*, mean and standard deviation of 3 seeds$"
done
[ "$(tail -qn 1 seeds/*/metrics.csv | grep -c ',$')" -eq 3 ] || complain 'a last epoch is the best: no test of others'
runs 'compare all that is in their folder' "$elbo" compare seeds/*
[ -s err ] && complain 'compare: something on stderr'
for run in seeds/seed-*; do
    tested=$(sed -n 's/^# test-elbo = //p' $run/config.ini)
    grep -q "^$run .* $(printf %.2f "$tested")[* ]" out || complain "compare: $run has another test ELBO than $tested"
done
mv out separately
runs 'compare their folder' "$elbo" compare seeds
cmp -s out separately || complain 'compare: the folder is another than what is in it'

# ---- what is wrong --------------------------------------------------------------------------------------------------

fails 64 ': RUN is missing' "$elbo" compare
runs 'compare with what is no run' "$elbo" compare runs/* nowhere data
[ "$(grep -c '^elbo: warning: left out: ' err)" -eq 2 ] || complain 'compare: not two warnings of what is no run'
row 'runs/seed-1 vae 1 8 2 -8.00 3.0000\* 1.0 200 -8.00 2'
fails 1 'data: holds no run' "$elbo" compare data
fails 1 'no run has a metric "test_eblo"; the nearest is "test_elbo"' "$elbo" compare runs/* --metric test_eblo
fails 1 'no run has a metric "foo"; there are ' "$elbo" compare runs/* --metric foo
fails 1 'curves.gif' "$elbo" compare runs/* -o curves.gif
fails 1 'nowhere/a.svg' "$elbo" compare runs/* -o nowhere/a.svg
metrics runs/wide 1,a,2,3
fails 1 'runs/wide/metrics.csv:2: ' "$elbo" compare runs/wide
# the same run twice is no second seed, and what was kept is not always the last epoch
metrics runs/wide 1,-7,7,3.75 2,-7.5,7.5,3.5
runs 'compare a run with itself' "$elbo" compare runs/seed-1 runs/seed-1
grep -q 'standard deviation' out && complain 'compare: one seed counted twice'
runs 'train with validation' "$elbo" train vae $small --val 0.3 --lr 0.3 --epochs 8 --out chosen
runs 'compare what was chosen' "$elbo" compare chosen --json
says "\"test_elbo\": $(sed -n 's/^# test-elbo = \(-[0-9]*\.[0-9]\{3\}\).*/\1/p' chosen/config.ini)"

# a run without tables, as one that was imported, and models with and without labels on the same images
rm runs/seed-2/metrics.csv runs/seed-2/timing.csv
runs 'compare a run without tables' "$elbo" compare runs/seed-1 runs/seed-2
runs 'train with labels' "$elbo" train cvae $small --out labelled
runs 'compare with and without labels' "$elbo" compare runs/seed-1 labelled
[ -s err ] && complain 'compare: the same images are called other data'

verdict
