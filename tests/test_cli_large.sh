#!/bin/sh
# Training on images that are larger than the memory it may take: a sparse .npy file of LARGE_GB gigabytes. `make check`
# has 2, and takes less than 600 MB; `make check-slow` has 12, and takes less than 1 GB. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

gigabytes=${LARGE_GB:-2} most=${LARGE_MOST_KB:-600000}
[ -r /proc/self/status ] || { echo 'SKIP: there is no /proc to ask for memory'; exit 77; }
[ "$(stat -f -c %T . 2>/dev/null)" != tmpfs ] || { echo 'SKIP: files of this folder lie in memory'; exit 77; }

# 4096 images of 256 x 256 f32 are 1 GB. The header is 128 bytes long.
{
    printf '\223NUMPY\1\0\166\0'
    printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': ($((gigabytes * 4096)), 256, 256), }"
    printf '\0\0\200\077' # a pixel of 1
} >large.npy
truncate -s $((128 + gigabytes * 1073741824)) large.npy || { echo 'SKIP: no room for a sparse file'; exit 77; }

# VmHWM is read while the program runs: afterwards nobody can.
"$elbo" train ae --hidden none --latent 2 --epochs 1 --data large.npy --out run >out 2>err &
pid=$!
while kill -0 $pid 2>/dev/null; do
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null >now && [ -s now ] && cp now peak
    sleep 0.1
done
wait $pid || complain "train: exit status $?"
peak=$(cat peak)
echo "$gigabytes GB of images: at most $peak kB of memory"
[ "$peak" -lt "$most" ] || complain "training on $gigabytes GB takes $peak kB, more than $most"
grep -q "data: large.npy: $((gigabytes * 4096)) images of 256 x 256, f32 0..1, read as needed" err ||
    complain 'no word of the data'

verdict
