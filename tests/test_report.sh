#!/bin/sh
# `elbo report`: what the command does with files, and in a browser whether the decoder in the page is the program's and
# the explorer can be used. See cli.sh; the path of `own_program` is in OWN_PROGRAM, that of
# `export_runs` in EXPORT_RUNS, or known. The second half needs
# python3 and chromium, and is skipped where they are not.
here=$(cd "$(dirname "$0")" && pwd)
own=$(realpath "${OWN_PROGRAM:-tests/own_program}") || exit 99
export_runs=$(realpath "${EXPORT_RUNS:-tests/export_runs}") || exit 99
. "$here/cli.sh"

small='--data data --batch 16 --epochs 2'

# ---- the command ----------------------------------------------------------------------------------------------------

runs 'train vae' "$elbo" train vae $small --hidden 24 --latent 5 --out vae
runs 'report' "$elbo" report vae --quiet
says '^report vae/report.html$'
[ "$(wc -l <out)" -eq 1 ] || complain 'more than one line'
[ -s err ] && complain 'stderr is not silent'
grep -q '<title>vae</title>' vae/report.html || complain 'the page has not the name of the run'
grep -q '>part test of .*/<wbr>data</dd>' vae/report.html || complain 'the page does not say what it shows'
runs 'report of a file' "$elbo" report vae/model.safetensors --part train -o page.html --json
[ "$(cat out)" = '{"report": "page.html"}' ] || says '"report": "page.html"'
grep -q '>part train of .*/<wbr>data</dd>' page.html || complain 'the page does not say which part it shows'
grep -q '<title>Loss</title>' page.html || complain 'the metrics beside the file were not found'
runs 'report without explorer' "$elbo" report vae --explorer no -o page.html
grep -q 'id="decoder"' page.html && complain 'an explorer that was not wanted'
runs 'report in a folder with blanks' cp -r vae 'a run'
runs 'report in a folder with blanks' "$elbo" report 'a run/'
says '^report a run/report.html$'

# A run that a program trained on arrays knows no images: the page does without, and says so.
mkdir programs
"$export_runs" write programs || exit 99
runs 'report of a run on arrays' "$elbo" report programs/cvae
says '^report programs/cvae/report.html$'
grep -q 'programs/cvae was trained by a program, on arrays that have no name' err || complain 'no note on the images'
grep -q '>no images: those of the training have no name</dd>' programs/cvae/report.html ||
    complain 'the page does not say that there are no images'
grep -q '>Left out: there are no images.<' programs/cvae/report.html || complain 'reconstructions of nothing'
grep -q 'Images drawn by the model' programs/cvae/report.html || complain 'no samples'
fails 1 '--data names its images' "$elbo" report programs/cvae --part train

# A run that replaces another does not keep its page.
runs 'train over it' "$elbo" train vae $small --hidden 24 --latent 5 --out vae --force
[ -e vae/report.html ] && complain 'the page of the run before is still there'

fails 64 'RUN' "$elbo" report
fails 64 'explorer' "$elbo" report vae --explorer perhaps
fails 64 'is the name of a part of a run' "$elbo" report vae -o vae/config.ini
fails 64 'is no name of a file' "$elbo" report vae -o vae/
fails 64 'option "output": "page.txt" does not end in .html' "$elbo" report vae -o page.txt
fails 1 'none' "$elbo" report none
fails 1 'nowhere: no such file or folder' "$elbo" report vae --data nowhere
fails 1 'nowhere/page.html' "$elbo" report vae -o nowhere/page.html
[ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'elbo-report-*' -newer data 2>/dev/null)" ] ||
    complain 'a folder for pictures is left behind'

# ---- in a browser ---------------------------------------------------------------------------------------------------

python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import json, select' 2>/dev/null && python=$candidate && break
done

skipped=
# browses NAME PROGRAM OPTION...: trains NAME with these options and looks at its page in a browser
browses() {
    name=$1 with=$2
    shift 2
    runs "train $name" $with train "$@" --out "$name"
    runs "report $name" $with report "$name"
    [ -n "$python" ] || { skipped='python3 is missing'; return; }
    "$python" "$here/browser.py" "$name/report.html" >out 2>err
    case $? in
    0) ;;
    77) skipped=$(cat out) ;;
    *) complain "$name in a browser: $(cat out)" ;;
    esac
}

browses mlp "$elbo" vae $small --hidden 24 --latent 24 # more dimensions than are shown at once
[ -n "$skipped" ] || says 'over 4 images'
browses labels "$elbo" cvae $small --hidden 24 --latent 2 --val 0.25 # a column more in the table
browses points "$elbo" ae $small --hidden 24 --latent 3
browses conv "$elbo" vae $small --net conv --hidden none --channels 4,8 --latent 4
browses norm "$elbo" vae $small --net conv --channels 4,8 --norm batch --hidden 16 --latent 3 --activation elu
browses principal "$elbo" pca --data data --latent 3
browses every "$own every" $small # every operation that a decoder can be made of
[ -z "$skipped" ] || [ $failures -gt 0 ] || { printf 'skipped: %s\n' "$skipped"; exit 77; }

verdict
