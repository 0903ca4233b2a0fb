#!/bin/sh
# run COMMAND [ARGUMENTS]: runs it in the unpacked archive that lies beside this file (portable.mjs, which made both).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo 'run: expected a command, such as: vitest test/models/golden-cuda.test.ts' >&2; exit 2; }
# Another archive is unpacked to another place.
root=${TMPDIR:-/tmp}/pope-portable-$(cksum <"$here/pope.tar.xz" | tr ' ' -)
if [ ! -e "$root/unpacked" ]; then
  mkdir -p "$root"
  tar -xJf "$here/pope.tar.xz" -C "$root" 2>/dev/null ||
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$here/pope.tar.xz" "$root"
  : >"$root/unpacked"
fi
cd "$root"
. bench/gpu/cublaslt.sh
PATH=$root/bin:$PATH
export PATH
exec "$@"
