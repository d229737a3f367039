#!/bin/sh
# Does what docs/tutorial.md says, in its order: writes its programs, runs its commands, and looks for their answers in
# what they print. See cli.sh; MNIST is the folder of the data, CC the compiler, LIBTOOL and LIBRARY are those of the
# build, or known. tutorial.awk says how the page is read.
#
# What is other than in the page, and no more:
#   - MNIST has 1700 images for training and 600 for testing;
#   - an answer may have other numbers, and "*" behind others; MNIST is not where it is installed;
#   - where an answer has "^C", the program gets SIGINT after its first epoch;
#   - what the lists below name.
# An entry of a list that names nothing in the page is a failure.
here=$(cd "$(dirname "$0")" && pwd)
libtool=$(realpath "${LIBTOOL:-./libtool}") || exit 99
library=$(realpath "${LIBRARY:-./libelbo.la}") || exit 99
mnist=$(realpath "${MNIST:-$here/../data/mnist}") || exit 99
page=$(realpath "${PAGE:-$here/../docs/tutorial.md}") || exit 99
. "$here/cli.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS

# Commands that are left out, as patterns of case: installing, and the folder, which is $scratch here.
left_out='./scripts/setup
make -C build -j
sudo *
mkdir ~/tutorial*'

# Commands that need packages of Python's: PACKAGE, a blank and a pattern. They are left out where it is missing.
needs='numpy python3 waves.py
numpy *runs/waves*
torch python3 fainter.py
torch *runs/fainter*
cv2 python3 draw.py'

# Commands whose answers have words that depend on the data: a digit; a warning, for which there are too few steps.
their_own='./load
*--out runs/collapsed'

# ---- what stands for what is installed ------------------------------------------------------------------------------

for python in python3 /usr/bin/python3; do
    "$python" -c 'import numpy, torch, cv2' 2>err && break
done
"$python" -c 'import zlib' 2>err || { echo 'skipped: python3 is not installed'; exit 77; }

mkdir bin steps
put() {
    printf '#!/bin/sh\nexec %s "$@"\n' "$2" >bin/$1 && chmod +x bin/$1
}
put elbo "'$elbo'"
put python3 "'$(command -v "$python")'"
compile="'$libtool' --silent --tag=CC --mode=link ${CC:-cc} ${SANITIZER_CFLAGS-} -Wall -Wextra -Werror"
put cc "env PATH='$PATH' $compile" # where cc is another than this one
printf '%s\n' 'Name: elbo' 'Description: of the build' 'Version: 0' "Cflags: -I$(dirname "$here")" \
    "Libs: $library -lm -no-install" >bin/elbo.pc
PATH=$scratch/bin:$PATH PKG_CONFIG_PATH=$scratch/bin
export PATH PKG_CONFIG_PATH

# cut FILE HEADER-BYTES BYTES-OF-AN-IMAGE COUNT: the first images of an IDX file, in $scratch/data/mnist
cut_idx() {
    {
        gzip -dc "$mnist/$1.gz" | head -c 4
        printf "\\0\\0\\$(printf %o $(($4 / 256)))\\$(printf %o $(($4 % 256)))"
        gzip -dc "$mnist/$1.gz" | tail -c +9 | head -c $(($2 - 8 + $3 * $4))
    } >"data/mnist/$1"
}
rm -rf data && mkdir -p data/mnist
cut_idx train-images-idx3-ubyte 16 784 1700
cut_idx train-labels-idx1-ubyte 8 1 1700
cut_idx t10k-images-idx3-ubyte 16 784 600
cut_idx t10k-labels-idx1-ubyte 8 1 600

# ---- the page -------------------------------------------------------------------------------------------------------

awk -v steps=steps -f "$here/tutorial.awk" "$page" 2>err || { complain 'the page'; verdict; exit 1; }

# named LIST: whether a line of LIST, as a pattern, is $command; it is then noted as one that names something
named() {
    found=1
    while read -r pattern; do
        case $command in
            $pattern) printf '%s\n' "$pattern" >>named; found=0 ;;
        esac
    done <<END
$1
END
    return $found
}

# The package that $command needs and that is missing; fails where there is none.
missing() {
    lacking=1
    while read -r package pattern; do
        case $command in
            $pattern)
                printf '%s\n' "$package $pattern" >>named
                python3 -c "import $package" 2>/dev/null || { lacking=0 && echo "$package"; }
                ;;
        esac
    done <<END
$needs
END
    return $lacking
}

# Numbers are numbers, blanks are blanks.
alike() {
    sed -E "s,$PWD/data,/usr/local/share/elbo,g" "$1" |
        sed -E 's/[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?/#/g; s/#\*/#/g; s/ +/ /g; s/^ //; s/ $//'
}

# answers STEP: each line of the answer in the page is one of $scratch/out
answers() {
    alike out >alike.out
    alike "$1.answer" | grep -vxF -e ... -e ^C | grep -vxF -f alike.out >lacking
    [ ! -s lacking ] || { complain "$command: answers"; cat out; echo 'and lacks, numbers being #'; cat lacking; }
}

# Runs $command; where the answer has ^C, it is interrupted after its first epoch.
run() {
    if ! grep -qxF '^C' "$1.answer" 2>/dev/null; then
        sh -c "$command" >out 2>&1 </dev/null
        return
    fi
    sh -c "exec $command" >out 2>&1 </dev/null &
    process=$!
    while kill -0 $process 2>/dev/null && ! grep -q '^epoch 1/[0-9]*, [0-9.]* s' out; do
        sleep 0.05
    done
    kill -INT $process
    wait $process
}

: >named
: >err
for step in $(ls steps | sed -n 's/^\([0-9]*\)\.\(file\|command\)$/\1/p'); do
    step=steps/$step
    if [ -f $step.file ]; then
        cp $step.file "$(cat $step.name)"
        continue
    fi
    command=$(cat $step.command)
    if [ "$command" = 'echo $?' ]; then # what the command before has ended with
        wanted=$(cat $step.answer)
        [ "${status:-$wanted}" = "$wanted" ] || complain "$before: exit status $status, not $wanted"
        status=
        continue
    fi
    [ "${status:-0}" -eq 0 ] || { complain "$before: exit status $status"; cat out; }
    status= before=$command # none: it was left out
    named "$left_out" && continue
    if package=$(missing); then
        echo "left out, as there is no Python with $package: $command"
        continue
    fi
    run $step
    status=$?
    named "$their_own" || [ ! -f $step.answer ] || answers $step
done
[ "${status:-0}" -eq 0 ] || { complain "$before: exit status $status"; cat out; }

printf '%s\n' "$left_out" "$needs" "$their_own" >lists
while read -r pattern; do
    grep -qxF -e "$pattern" named || complain "the page has no command \"$pattern\""
done <lists

verdict
