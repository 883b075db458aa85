//! One fuzz target, named by the environment variable FUZZ_TARGET: a binary for each would link casacore a dozen times.
#![no_main]

use std::sync::LazyLock;

use nvss_predict_fuzz::{MOST_SECONDS, Target, list, named, seconds_of_this_thread};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET is '{name}'; it is one of {}", list().join(", ")))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let begun = seconds_of_this_thread();
    TARGET.run(data);
    let took = seconds_of_this_thread() - begun;
    assert!(took <= MOST_SECONDS, "one execution took {took:.2} s of CPU time");
});
