#!/usr/bin/env bash
# Everything that proves the product, from a fresh clone: format, lints, unit and integration tests (which
# run programs that are not ours: python-casacore, CASA, WSClean), and the documentation.
#
#   ./test.sh                          needs Rust, a C++ compiler and Python 3 with venv
#   NVSS_PREDICT_ORACLES=DIR ./test.sh a Python environment that has tests/oracles/requirements.txt
#   NVSS_PREDICT_DATA=DIR ./test.sh    the real data, otherwise ../shared/data
#   NVSS_PREDICT_FUZZ_TURN=3 ./test.sh a minute for each of some fuzz targets: see tests/fuzz.rs; in CI, the commit
#   NVSS_PREDICT_KILLS=50 ./test.sh    kills of each kind in the kill study (6 unless given)
#
# What cannot be installed is skipped aloud; with CI=true it is a failure.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

started=$SECONDS
log=target/test-logs
mkdir -p "$log"

environment=target/python-package
current=setup
trap 'printf "\ntest.sh: FAILED in step: %s\n" "$current"' ERR

step() { # step NAME COMMAND...: runs it, and says how long it took
    local name=$1 begun=$SECONDS
    shift
    current=$name
    printf '\n== %s\n' "$name"
    "$@"
    printf '== %s: %d s\n' "$name" $((SECONDS - begun))
}

cannot() { # what is missing: skipped here, fatal in CI
    printf 'MISSING: %s\n' "$1"
    [ "${CI:-}" != true ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_install() { # apt_install PACKAGE: only where root can be had
    command -v apt-get > /dev/null && as_root true 2> /dev/null || return 1
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$1"
}

# The oracles. Runs in the background while the C++ of casacore compiles.
install_oracles() {
    if [ -z "${NVSS_PREDICT_ORACLES:-}" ]; then
        if ! cmp -s tests/oracles/requirements.txt .oracles/installed.txt; then
            rm -f .oracles/installed.txt
            python3 -m venv .oracles || { apt_install python3-venv && python3 -m venv .oracles; } || return 1
            .oracles/bin/pip install --quiet --disable-pip-version-check -r tests/oracles/requirements.txt || return 1
            cp tests/oracles/requirements.txt .oracles/installed.txt
        fi
    fi
    command -v wsclean > /dev/null || apt_install wsclean || echo "wsclean could not be installed"
}

wait_for_oracles() {
    if ! wait "$oracles"; then
        cat "$log/oracles.txt"
        # Half an environment would fail the tests instead of skipping them.
        [ -n "${NVSS_PREDICT_ORACLES:-}" ] || rm -rf .oracles
        cannot "the Python oracles could not be installed (see above)"
    fi
    command -v wsclean > /dev/null || cannot "wsclean (apt-get install wsclean)"
}

# The Python package as a user installs it, in an environment of its own that sees the oracles'.
install_package() {
    local site oracles_python=${NVSS_PREDICT_ORACLES:-.oracles}/bin/python
    python3 -m venv "$environment"
    packages=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    if [ -x "$oracles_python" ]; then
        site=$("$oracles_python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        echo "$site" > "$packages/oracles.pth"
    fi
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r python/tests/requirements.txt ./python
}

# The oracles of these tests see the package too: the example of a self-calibration calls it.
tests() {
    if [ "${CI:-}" = true ] && [ -z "${NVSS_PREDICT_FUZZ_TURN:-}" ]; then
        export NVSS_PREDICT_FUZZ_TURN=$((16#$(git rev-parse --short=8 HEAD)))
    fi
    PYTHONPATH=$packages cargo test --release --workspace --no-fail-fast 2>&1 | tee "$log/tests.txt"
}

package_tests() {
    NVSS_PREDICT_COMMAND=${CARGO_TARGET_DIR:-$PWD/target}/release/nvss-predict OPENBLAS_NUM_THREADS=1 \
        "$environment/bin/python" -m pytest -q -rs python/tests 2>&1 | tee "$log/python.txt"
}

documentation() {
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --release
}

install_oracles > "$log/oracles.txt" 2>&1 &
oracles=$!

step "format" cargo fmt --all --check
step "lints (compiles casacore the first time)" \
    cargo clippy --release --all-targets --workspace -- -D warnings
step "waiting for the oracles" wait_for_oracles
step "Python package" install_package
step "tests" tests
step "tests of the Python package" package_tests
step "documentation" documentation

skipped=$(cat "$log/tests.txt" "$log/python.txt" | grep -c 'SKIPPED:' || true)
passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p; s/^\([0-9]*\) passed.* in .*/\1/p' \
    "$log/tests.txt" "$log/python.txt" | awk '{ n += $1 } END { print n + 0 }')
printf '\ntest.sh: all passed: %s tests, %s skips, %d s\n' "$passed" "$skipped" $((SECONDS - started))
