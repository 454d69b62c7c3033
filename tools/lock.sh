#!/bin/sh
# Compiles the hashed locks. `tools/lock.sh --upgrade` takes newer versions within the bounds of the .in files.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  echo "uv is needed to compile the locks (pip install uv)" >&2
  exit 1
fi
# --universal: one lock for every platform and Python ≥ 3.11. The address of an index never enters a lock.
for name in requirements requirements-dev; do
  "$uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
    --python-version 3.11 "$@" "$name.in" -o "$name.lock"
done
if grep -nE 'https?://' requirements.lock requirements-dev.lock; then
  echo "a lock holds an address" >&2
  exit 1
fi
