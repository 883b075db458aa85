#!/usr/bin/env bash
# AddressSanitizer and LeakSanitizer over the tests of the kernels, at the widest SIMD of the machine and below: minutes, where valgrind
# takes hours over the transforms.
#
#   tests/asan.sh            all of them, some three minutes after compiling
#   tests/asan.sh delay      those test binaries whose names hold a word
#
# The run-time library of the sanitizer comes with rustup's toolchains; where the compiler has none, with clang of the same LLVM
# (libclang-rt-NN-dev and lld, which links it).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/asan
target=$(rustc -vV | sed -n 's/^host: //p')
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
export RUSTFLAGS="-Zsanitizer=address"
if ! compgen -G "$(rustc --print target-libdir)/librustc*_rt.asan.a" > /dev/null; then
    runtime=/usr/lib/llvm-$llvm/lib/clang/$llvm/lib/linux/libclang_rt.asan-${target%%-*}.a
    [ -e "$runtime" ] && command -v ld.lld > /dev/null ||
        { echo "SKIPPED: no AddressSanitizer for LLVM $llvm (libclang-rt-$llvm-dev and lld)"; exit 0; }
    RUSTFLAGS+=" -Zexternal-clangrt -Clink-arg=-fuse-ld=lld -Clink-arg=-Wl,--export-dynamic,--whole-archive,$runtime,--no-whole-archive"
    RUSTFLAGS+=" -Clink-arg=-lpthread -Clink-arg=-lm -Clink-arg=-ldl -Clink-arg=-lrt -Clink-arg=-lresolv"
fi
failed=0 log=$(mktemp) alive=$(mktemp -d)
trap 'rm -rf "$log" "$alive"' EXIT

# A read past the end must be found, or what follows says nothing.
cat > "$alive/past.rs" << 'END'
fn main() { let v = vec![1u8; 7]; std::process::exit(unsafe { *v.as_ptr().add(std::env::args().count() + 6) } as i32) }
END
# shellcheck disable=SC2086 # flags are words
rustc --edition=2024 $RUSTFLAGS -o "$alive/past" "$alive/past.rs"
if "$alive/past" > "$log" 2>&1 || ! grep -q heap-buffer-overflow "$log"; then
    echo "the sanitizer does not find a read past the end"
    exit 1
fi

cargo test --release --no-run --target "$target" -p nvss-predict-kernels > "$log" 2>&1 || { cat "$log"; exit 1; }
mapfile -t binaries < <(sed -n 's/.*Executable .*(\(.*\))$/\1/p' "$log")
[ ${#binaries[@]} -gt 0 ] || { echo "no test binaries"; exit 1; }
for binary in "${binaries[@]}"; do
    name=$(basename "$binary")
    [[ $name == *${1:-}* ]] || continue
    begun=$SECONDS
    if (cd kernels && "$binary") > "$log" 2>&1; then
        outcome="no error"
    else
        outcome=FAILED failed=1
        tail -n 60 "$log"
    fi
    printf '%-32s %s, %d s\n' "${name%-*}" "$outcome" $((SECONDS - begun))
done
exit $failed
