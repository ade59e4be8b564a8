#!/usr/bin/env bash
# Measures training steps on this machine's graphics processor, beside PyTorch's where Python has it with CUDA, in under 8 minutes.
# Needs no network. Progress goes to standard error, the figures to standard output as JSON.
set -euo pipefail

help="Usage: bench/gpu.sh [options] > figures.json
       bench/gpu.sh --pack [FILE]

  --pack [FILE]   make an archive for another machine with Linux on x64 (default: residua-gpu.tar.xz):
                  unpack it there and run residua-gpu/bench/gpu.sh
  --only CASE     resnet20, resnet50 or cells; repeatable (default: all)
  --device NAME   webgpu, cuda or cuda:N; repeatable (default: webgpu and cuda)
  --seconds N     seconds of steps to measure per case (default: 10)
  --python PATH   the Python of PyTorch (default: python3)

Examples:
  \$ bench/gpu.sh > figures.json
  \$ bench/gpu.sh --only resnet20 --device webgpu"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
node="$root/node"
[ -x "$node" ] || node=node

case "${1:-}" in
  --help | -h)
    echo "$help"
    ;;
  --pack)
    shift
    exec "$node" "$root/scripts/pack-gpu.mjs" "$@"
    ;;
  *)
    if [ ! -f "$root/dist/bench/gpu/main.js" ]; then
      echo "bench/gpu.sh: nothing is built; run npm ci in $root first" >&2
      exit 1
    fi
    exec "$node" "$root/dist/bench/gpu/main.js" "$@"
    ;;
esac
