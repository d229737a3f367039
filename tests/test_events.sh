#!/bin/sh
# TensorBoard's files of events, read by a reader in Python that shares nothing with elbo.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

for python in python3 /usr/bin/python3; do
    "$python" -c '' 2>err && break
done || { echo 'skipped: python3 is not installed'; exit 77; }

"$tiny_data" --png pictures || exit 99
runs 'write events' "$tiny_data" --events events.out.tfevents.elbo pictures/train/rows/01.png
runs 'read them' "$python" "$here/read_events.py" events.out.tfevents.elbo
printf '%s\n' '3 train/loss 167.25' '3 test/elbo -131.5' '3 samples 9x8x3' '300 train/loss 464.25' \
    '300 test/elbo -131.5' '300 samples 9x8x3' >expected
cmp -s out expected || { complain 'other events than were written:'; cat out; }

verdict
