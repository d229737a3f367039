# What the tests of the program share; read by tests/test_cli*.sh and tests/test_own_program.sh, which are called with
# the paths of `elbo` and `tiny_data` in ELBO and TINY_DATA, or run by `make check`, which knows them. Leaves the test
# in a scratch folder with data/ in it.
elbo=$(realpath "${ELBO:-./elbo}") || exit 99
tiny_data=$(realpath "${TINY_DATA:-tests/tiny_data}") || exit 99

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
mkdir data
"$tiny_data" data || exit 99

failures=0
complain() {
    failures=$((failures + 1))
    printf 'FAIL: %s\n' "$1"
    sed 's/^/    /' err
}

# What stderr holds besides progress and the line that says what data were found.
unusual() {
    grep -v -e '^epoch ' -e "^$program: data: .*[0-9] images* of " err
}

# runs WHAT COMMAND...: succeeds and is silent on stderr but for progress
runs() {
    what=$1
    shift
    "$@" >out 2>err || complain "$what: exit status $?"
}

program=elbo # what the program calls itself

# fails STATUS REASON COMMAND...: that exit status, nothing on stdout, and on stderr one line "elbo: ...REASON..."; for
# wrong usage (64) a second line, which argp may break, may say where help is.
fails() {
    status=$1 reason=$2
    shift 2
    "$@" >out 2>err
    got=$?
    [ $got -eq "$status" ] || complain "$*: exit status $got instead of $status"
    [ -s out ] && complain "$*: printed something"
    lines=$(unusual | wc -l)
    [ "$lines" -eq 1 ] || { [ "$status" -eq 64 ] && [ "$lines" -le 3 ]; } || complain "$*: $lines lines"
    unusual | head -n 1 | grep -q "^$program" || complain "$*: the line does not begin with $program"
    unusual | head -n 1 | grep -qF -- "$reason" || complain "$*: does not say \"$reason\""
}

says() {
    grep -q -- "$1" out || { complain "stdout has no \"$1\":"; sed 's/^/    /' out; }
}

# figure LABEL VALUE UNIT: stdout has this row of a table of evaluate, with a standard error or "-"
figure() {
    says "^$1  *$2  *[-0-9.]*  *$3\$"
}

# The last word of a test.
verdict() {
    [ $failures -eq 0 ] || printf '%d failures\n' $failures
    [ $failures -eq 0 ]
}
