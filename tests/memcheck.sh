#!/usr/bin/env bash
# valgrind's memcheck over the tests of the casacore shim and of the kernels (AVX2 and portable: valgrind has no AVX-512).
#
#   tests/memcheck.sh            all of them, some twenty minutes
#   tests/memcheck.sh locks      those test binaries whose names hold a word
#
# An error is a read or write outside of what was allocated, or a decision on a value that was never set. What casacore
# leaves in memory after an error on purpose (see casacore/src/table.rs, close) is no error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v valgrind > /dev/null || { echo "SKIPPED: valgrind is not installed"; exit 0; }

mapfile -t binaries < <(cargo test --release --no-run -p nvss-predict-casacore -p nvss-predict-kernels 2>&1 |
    sed -n 's/.*Executable .*(\(.*\))$/\1/p')
[ ${#binaries[@]} -gt 0 ] || { echo "no test binaries"; exit 1; }
failed=0 log=$(mktemp)
trap 'rm -f "$log"' EXIT
for binary in "${binaries[@]}"; do
    name=$(basename "$binary")
    [[ $name == *${1:-}* ]] || continue
    begun=$SECONDS
    if NVSS_PREDICT_SIMD=portable valgrind --quiet --error-exitcode=9 --child-silent-after-fork=yes --fair-sched=yes \
        --suppressions=tests/memcheck.supp \
        "$binary" --test-threads=1 > "$log" 2>&1; then
        outcome="no error"
    else
        outcome=FAILED failed=1
        tail -n 60 "$log"
    fi
    printf '%-32s %s, %d s\n' "${name%-*}" "$outcome" $((SECONDS - begun))
done
exit $failed
