//! The signals that ask the program to stop.

use std::fs;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Those that it obeys: not a hang-up that it was started to outlive, by `nohup`.
pub(super) fn stopping() -> impl Iterator<Item = i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let outlives = is_ignored(&status, SIGHUP);
    [SIGINT, SIGTERM, SIGHUP].into_iter().filter(move |signal| *signal != SIGHUP || !outlives)
}

/// Whether a process of this `status` (proc(5)) ignores a signal.
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read_bit_by_bit() {
        let status = "Name:\tcat\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000004001\nSigCgt:\t0\n";
        assert!(is_ignored(status, SIGHUP) && is_ignored(status, SIGTERM));
        assert!(!is_ignored(status, SIGINT) && !is_ignored("", SIGHUP));
    }
}
