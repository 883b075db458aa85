//! Self-calibration end to end: `examples/selfcal.py` makes a DSA-110 drift scan whose gains are known, and calibrates it by the brightest
//! source alone, by WSClean's prediction of the catalogue, and by ours. CASA solves and WSClean images; docs/selfcal.md has the full size.

mod common;

use std::process::Command;

use common::{Scratch, oracle_command, python, say};
use serde_json::Value;

/// The Python package, where the oracles are.
fn has_package() -> bool {
    let python = python().expect("checked by need!(oracles)");
    let there = Command::new(python)
        .args(["-c", "import nvss_predict"])
        .output()
        .is_ok_and(|run| run.status.success());
    if !there {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "this must be there: the Python package nvss_predict"
        );
        say("SKIPPED: selfcal: the Python package nvss_predict is not installed beside the oracles");
    }
    there
}

/// A figure of the last round of a run.
fn last(figures: &Value, run: &str, name: &str) -> f64 {
    let rounds = figures["runs"][run].as_array().expect("rounds");
    assert_eq!(rounds.len(), 3, "{run}");
    rounds[2][name].as_f64().expect("a number")
}

#[test]
fn seeding_beats_the_calibrator_and_pixels() {
    need!(oracles);
    need!(wsclean);
    if !has_package() {
        return;
    }
    let scratch = Scratch::new();
    let json = scratch.path("figures.json");
    let run = oracle_command("../../examples/selfcal.py")
        .args(["--small", "--last-only", "--json"])
        .arg(&json)
        .output()
        .expect("python starts");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{text}{}", String::from_utf8_lossy(&run.stderr));
    for line in text.lines().filter(|line| line.contains("round 3")) {
        say(line);
    }
    let figures: Value = serde_json::from_slice(&std::fs::read(&json).expect("figures")).expect("JSON");
    let ours = |name: &str| last(&figures, "ours", name);
    assert!(ours("failed") == 0.0 && ours("phase_deg") < 1.2 && ours("amplitude") < 0.025);
    for (rival, factor, fewer) in [("calibrator", 1.3, 1.04), ("wsclean", 1.5, 1.5)] {
        for error in ["phase_deg", "phase_all_deg", "amplitude"] {
            let theirs = last(&figures, rival, error);
            assert!(theirs > factor * ours(error), "{rival}: {error} {theirs}, ours {}", ours(error));
        }
        // Less than the gains' errors tell: what is common to all runs, the drift within an interval and the noise, is in it too.
        let artefacts = last(&figures, rival, "artefacts");
        assert!(artefacts > fewer * ours("artefacts"), "{rival}: {artefacts}, ours {}", ours("artefacts"));
        assert!(ours("snr") > 1.3 * last(&figures, rival, "snr"), "{rival}: SNR");
    }
}
