#!/bin/sh
# A program that has called setlocale: the suites of all that reads or writes text, in locales made for the occasion.
# German has a decimal comma (and its own words for what goes wrong), Turkish letters of its own, and Pashto a decimal
# point of two bytes. Called with the path of the unit tests in UNIT, or run by `make check`.
unit=$(realpath "${UNIT:-tests/unit}") || exit 99
sources=/usr/share/i18n

if ! command -v localedef >/dev/null; then
    echo 'no localedef here: it comes with the C library (libc-bin)'
    exit 77
fi
for file in locales/de_DE locales/tr_TR locales/ps_AF; do
    if [ ! -f "$sources/$file" ]; then
        echo "no $sources/$file here: it comes with the package locales"
        exit 77
    fi
done

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
LOCPATH=$scratch
export LOCPATH
unset LANGUAGE # it would choose the language of messages instead of the locale

failures=0
# in_locale NAME SUITE...
in_locale() {
    name=$1
    shift
    if ! localedef --no-archive -i "$sources/locales/${name%.*}" -f "${name#*.}" "$scratch/$name"; then
        echo "FAIL: $name cannot be made"
        failures=$((failures + 1))
    elif ! UNIT_LOCALE=$name "$unit" "$@" >"$scratch/log" 2>&1; then
        echo "FAIL: in $name:"
        sed 's/^/    /' "$scratch/log"
        failures=$((failures + 1))
    fi
}

words='text option schedule graph params memory batches describe explain watch questions'
files="io_text io_files io_listing io_quote io_left_out io_dataset io_picture_folder io_safetensors io_drawing"
files="$files picture_features picture_latent"
models="corruption finite folder free_bits golden init likelihood models optim own_models pca"
models="$models run run_classes side_matters state"

in_locale de_DE.UTF-8 $words $files $models io_figure io_idx io_npy io_png io_png_read io_jpeg io_safetensors_broken \
    train
in_locale tr_TR.UTF-8 $words $files $models
in_locale ps_AF.UTF-8 text option io_text io_safetensors io_safetensors_broken io_drawing folder run

[ $failures -eq 0 ]
