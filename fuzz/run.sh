#!/usr/bin/env bash
# Fuzzes every target, on a stable toolchain, and counts.
#
#   fuzz/run.sh                        4 seconds for each target
#   fuzz/run.sh --seconds 600          longer for each
#   fuzz/run.sh --executions 5000000   so many of each, however long they take
#   fuzz/run.sh --jobs 2 csv values    these targets only, two at a time
#   fuzz/run.sh --replay FILE csv      one input again, to see what it does
#
# An execution fails if it panics, aborts, takes more than a second of CPU time or 512 MiB of memory. What fails is kept
# in fuzz/artifacts/TARGET, with the seed of the run that found it.
# NVSS_PREDICT_FUZZ_FEATURES=system-casacore builds with Debian's casacore.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

limit=(-max_total_time=4) jobs=1 replay="" targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) limit=("-max_total_time=$2"); shift ;;
    --executions) limit=("-runs=$2"); shift ;;
    --jobs) jobs=$2; shift ;;
    --replay) replay=$(realpath "$2"); shift ;;
    *) targets+=("$1") ;;
    esac
    shift
done

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/../target}"
RUSTC_WRAPPER=$PWD/rustc.sh cargo build --release --quiet --no-default-features \
    --features "${NVSS_PREDICT_FUZZ_FEATURES:-vendored-casacore}"
binary=$CARGO_TARGET_DIR/release/any
export NVSS_PREDICT_CACHE=off

if [ -n "$replay" ]; then
    FUZZ_TARGET=${targets[0]} exec "$binary" -timeout=30 "$replay"
fi
if [ ${#targets[@]} = 0 ]; then
    # A target of no name tells which there are.
    mapfile -t targets < <(FUZZ_TARGET='' "$binary" -runs=0 2>&1 | sed -n "s/.*it is one of //p" | tr ',' '\n' | tr -d ' ')
    [ ${#targets[@]} -gt 0 ] || { echo "the fuzz binary names no target" >&2; exit 1; }
fi

mkdir -p logs
one() { # one TARGET
    local name=$1
    local longest=2048
    # Blocks of 2880 bytes, and pages, take room.
    case $name in fits | vl | vz | beam-fits | model-image | h5parm | skyh5 | hyperdrivefits | lsm | sqlite | store | detect | votable)
        longest=32768 ;; esac
    mkdir -p "corpus/$name" "artifacts/$name" "seeds/$name"
    # A spike that the watch on the resident memory would miss ends against the limit on the address space.
    (
        ulimit -v $((1024 * 1024))
        FUZZ_TARGET=$name "$binary" "${limit[@]}" -timeout=30 -rss_limit_mb=512 -max_len=$longest -print_final_stats=1 \
            -dict=words.dict -artifact_prefix="artifacts/$name/" "corpus/$name" "seeds/$name"
    ) > "logs/$name.txt" 2>&1 && echo ok > "logs/$name.outcome" || echo "FAILED ($?)" > "logs/$name.outcome"
}
failed=0 running=0
for name in "${targets[@]}"; do
    one "$name" &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then
        wait -n || true
        running=$((running - 1))
    fi
done
wait
total=0
for name in "${targets[@]}"; do
    outcome=$(cat "logs/$name.outcome")
    [ "$outcome" = ok ] || failed=1
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "logs/$name.txt")
    total=$((total + ${count:-0}))
    printf '%-12s %12s executions  %s\n' "$name" "${count:-?}" "$outcome"
    [ $outcome = ok ] || tail -n 25 "logs/$name.txt"
done
printf '%-12s %12s executions\n' all "$total"
exit $failed
