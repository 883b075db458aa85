#!/bin/sh
# A wrapper of rustc (RUSTC_WRAPPER): has the product's own code, and nothing else, tell libFuzzer which branches it takes.
# All of it works with a stable toolchain.
rustc=$1
shift
case " $* " in
*" --crate-name nvss_predict "* | *" --crate-name casacore "*)
    exec "$rustc" "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
*) exec "$rustc" "$@" ;;
esac
