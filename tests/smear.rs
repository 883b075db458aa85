//! `--smear` against what averaging really does: a MeasurementSet of long integrations and wide channels is predicted smeared,
//! another of many short integrations and narrow channels is predicted as it is and averaged here.

mod common;

use casacore::{Access, Table};
use common::sky::{Gaussian, Random, Source};
use common::{Scratch, predict, say};
use kernels::{Complex32, Complex64};
use ndarray::Array3;
use nvss_predict::ms::make::{FieldLayout, MsSpec, SpectralWindow, make};
use std::path::Path;

const CENTRE: [f64; 2] = [343.5, 37.0];

/// Integrations or channels in a coarse one: the mean over n midpoints is off by θ²/(6 n²) where a phase turns by ±θ, and θ stays
/// below 1 here.
const FINE: usize = 128;
/// The frequency [Hz], the coarse integration [s] and the coarse channel [Hz]. A high frequency, and a short integration: the phase
/// turns as far, while the baselines' own curve, which the sinc leaves out, turns it by no more than some 1e-5.
const FREQUENCY: f64 = 14e9;
const EXPOSURE: f64 = 6.4;
const WIDTH: f64 = 2e6;

/// One phase centre, followed; `times` integrations in the coarse one, `channels` channels in each of two coarse ones.
fn spec(times: usize, channels: usize) -> MsSpec {
    let base = MsSpec::dsa110(12, times, 1, 2 * channels);
    let (interval, width) = (EXPOSURE / times as f64, WIDTH / channels as f64);
    let start = base.start;
    let first = FREQUENCY - WIDTH / 2.0 + width / 2.0;
    MsSpec {
        start: start - EXPOSURE / 2.0 + interval / 2.0,
        interval,
        fields: FieldLayout::Single(CENTRE.map(f64::to_radians)),
        field_frame: "ICRS".into(),
        spectral_windows: vec![SpectralWindow::regular("one", first, width, 2 * channels)],
        ..base
    }
}

fn sources(gaussians: bool) -> Vec<Source> {
    let mut random = Random(7);
    (0..20)
        .map(|k| {
            let (ra, dec) = (random.within(341.0, 346.0), random.within(35.0, 39.0));
            let point = Source::point(ra, dec, random.within(0.1, 1.0));
            let shape =
                Gaussian { major: 4.0, minor: 1.5, angle: random.within(0.0, 180.0), frame: "source" };
            Source { gaussian: (gaussians && k % 2 == 0).then_some(shape), ..point }
        })
        .collect()
}

/// The column as (row, chan, corr), and the rows of one integration.
fn model(ms: &Path, times: usize) -> (Array3<Complex32>, usize) {
    let table = Table::open(ms, Access::ReadOnly).expect("a table");
    let rows = table.row_count();
    let cells = table.cells::<Complex32>("MODEL_DATA", 0..rows).expect("the model");
    (cells.into_dimensionality().expect("three axes"), rows as usize / times)
}

/// The rms difference of the coarse model from the mean of the fine one, relative to its rms.
fn difference(coarse: &Array3<Complex32>, fine: &Array3<Complex32>, baselines: usize) -> f64 {
    let times = fine.dim().0 / baselines;
    let channels = fine.dim().1 / coarse.dim().1;
    let (mut square, mut power) = (0.0, 0.0);
    for ((row, channel, correlation), found) in coarse.indexed_iter() {
        let mut mean = Complex64::default();
        for time in 0..times {
            for part in 0..channels {
                let value = fine[(time * baselines + row, channel * channels + part, correlation)];
                mean += Complex64::new(value.re.into(), value.im.into());
            }
        }
        mean /= (times * channels) as f64;
        square += (Complex64::new(found.re.into(), found.im.into()) - mean).norm_sqr();
        power += mean.norm_sqr();
    }
    (square / power).sqrt()
}

/// The smeared prediction of `sources` into (1, `channels`-th) and the mean of the fine one; and how far the unsmeared is off.
fn compare(sources: &[Source], times: usize, channels: usize, over: &str, options: &[&str]) -> [f64; 2] {
    let scratch = Scratch::new();
    let (coarse, fine) = (scratch.path("coarse.ms"), scratch.path("fine.ms"));
    make(&coarse, &spec(1, 1)).expect("a MeasurementSet");
    make(&fine, &spec(times, channels)).expect("a MeasurementSet");
    let (csv, _) = scratch.sky("sky", sources);
    predict(&fine, &csv, &["-q"]).exits(0);
    let (truth, _) = model(&fine, times);
    let errors = [vec![over], vec![]].map(|smear| {
        predict(&coarse, &csv, &[&smear[..], options].concat()).exits(0);
        let (found, baselines) = model(&coarse, 1);
        difference(&found, &truth, baselines)
    });
    say(&format!("{over} {options:?}: {:.1e} from the mean; without it {:.1e}", errors[0], errors[1]));
    errors
}

#[test]
fn channels_are_averaged() {
    // A flat spectrum: the mean over the channel is that of the phasor.
    for engine in ["direct", "delay-fft"] {
        let [smeared, plain] = compare(&sources(false), 1, FINE, "--smear=bandwidth", &["--engine", engine]);
        assert!(smeared < 3e-5 && plain > 1e-2, "{engine}: {smeared}, {plain}");
    }
}

#[test]
fn integrations_are_averaged() {
    let [smeared, plain] = compare(&sources(false), FINE, 1, "--smear=time", &["--engine", "direct"]);
    assert!(smeared < 3e-5 && plain > 1e-2, "{smeared}, {plain}");
}

#[test]
fn gaussians_are_averaged_over_both() {
    let [smeared, plain] = compare(&sources(true), FINE / 2, FINE / 2, "--smear", &[]);
    assert!(smeared < 5e-5 && plain > 1e-2, "{smeared}, {plain}");
}

/// Each integration of a drift has its own phase centre, which is followed for as long as it lasts.
#[test]
fn a_drift_is_averaged_too() {
    let scratch = Scratch::new();
    let (drift, single) = (scratch.path("drift.ms"), scratch.path("single.ms"));
    let one = spec(1, 1);
    make(
        &drift,
        &MsSpec { fields: FieldLayout::Drift, declination: CENTRE[1].to_radians(), times: 3, ..one.clone() },
    )
    .expect("a MeasurementSet");
    let (csv, _) = scratch.sky("sky", &sources(true));
    let run = predict(&drift, &csv, &["--smear", "--radius", "all", "--beam", "airy:4.7"]).exits(0);
    run.says(&["smear", "integrations of up to 6.4 s", "channels"]);
    // Nothing to average: nothing is said, and nothing is lost.
    make(&single, &one).expect("a MeasurementSet");
    let (alone, _) = scratch.sky("alone", &[Source::point(CENTRE[0], CENTRE[1], 1.0)]);
    predict(&single, &alone, &["--smear"]).exits(0).says(&["0.00 turns"]);
}

#[test]
fn what_cannot_be_averaged_is_refused() {
    let scratch = Scratch::new();
    let ms = scratch.path("obs.ms");
    make(&ms, &MsSpec { interval: 40_000.0, ..spec(1, 1) }).expect("a MeasurementSet");
    let (csv, _) = scratch.sky("sky", &sources(false));
    predict(&ms, &csv, &["--smear=time"]).exits(3).says(&["--smear", "--radius"]);
    predict(&ms, &csv, &["--smear=nonsense"]).exits(2);
}
