#!/bin/sh
# Decoders and encoders as ONNX models: every kind of run is exported, checked and run by others. See cli.sh;
# export_runs.c says what the runs are.
here=$(cd "$(dirname "$0")" && pwd)
export_runs=$(realpath "${EXPORT_RUNS:-tests/export_runs}") || exit 99
. "$here/cli.sh"

for python in python3 /usr/bin/python3; do
    "$python" -c 'import onnx, cv2, numpy' 2>err && break
done || { echo 'skipped: python3-onnx, python3-opencv and python3-numpy are not all installed'; exit 77; }

mkdir runs
"$export_runs" write runs || exit 99
"$python" "$here/check_onnx.py" "$export_runs" runs >out 2>err || { complain 'not the same'; cat out; }

runs 'both halves' "$elbo" export runs/vae --onnx it.onnx --role both
grep -qx 'onnx decode it-decode.onnx' out && grep -qx 'onnx encode it-encode.onnx' out || complain 'says something else'
cmp -s it-decode.onnx runs/vae/decode.onnx || complain 'the decoder of both is another one'
runs 'two formats' "$elbo" export runs/vae --onnx it.onnx --c it.c
[ -s it.onnx ] && [ -s it.c ] || complain 'a format is missing'
fails 64 'option "c": "it.txt" does not end in .c' "$elbo" export runs/vae --c it.txt
fails 64 'option "onnx": "it.c" does not end in .onnx' "$elbo" export runs/vae --onnx it.c
[ -e it.txt ] && complain 'a refused export wrote a file'
fails 1 'nowhere/it.onnx' "$elbo" export runs/vae --onnx nowhere/it.onnx
verdict
