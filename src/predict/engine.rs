//! Which engine sums the sources: the direct sum, or the delay-FFT where it costs less.

use kernels::{
    Complex32, DelayFft, DelayOptions, DelayScratch, Direct, KernelError, Mix, Plane, Scratch, SimdLevel,
    Source,
};

/// The engine asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Whichever costs less for the sources, channels and baselines at hand.
    #[default]
    Auto,
    /// Every source at every channel.
    Direct,
    /// Sources spread on a grid of delays, a Fourier transform to the channels: for many sources.
    DelayFft,
}

/// How much more accurate than the check's limit the delay-FFT is asked to be.
const MARGIN: f64 = 10.0;

/// Seconds that setting up a delay-FFT takes, and takes more for each source (measured at 768 channels).
const SET_UP: [f64; 2] = [0.01, 15e-6];

/// What a plan knows of the engines.
#[derive(Debug, Clone)]
pub(crate) struct EngineChoice {
    pub(crate) engine: Engine,
    pub(crate) level: SimdLevel,
    /// The accuracy of the delay-FFT, rms relative to rms |V|.
    accuracy: f64,
    /// The longest baseline [m].
    longest: f64,
}

impl EngineChoice {
    /// `epsilon` is the error that the check allows, `longest` the longest baseline [m].
    pub(crate) fn new(engine: Engine, level: SimdLevel, epsilon: f64, longest: f64) -> EngineChoice {
        EngineChoice::to(engine, level, epsilon / MARGIN, longest)
    }

    /// To this `accuracy`, rms relative to rms |V|, or the nearest that there is.
    pub(crate) fn to(engine: Engine, level: SimdLevel, accuracy: f64, longest: f64) -> EngineChoice {
        let range = kernels::EPSILON;
        EngineChoice { engine, level, accuracy: accuracy.clamp(*range.start(), *range.end()), longest }
    }

    /// The kernel for these planes and about so many `rows`.
    pub(crate) fn kernel(
        &self,
        channels: &[f64],
        planes: &[Plane],
        mix: &Mix,
        rows: u64,
    ) -> Result<Kernel, KernelError> {
        let direct =
            || Direct::new(self.level, channels, planes, mix).map(|kernel| Kernel::Direct(Box::new(kernel)));
        let delay = || DelayFft::new(self.level, channels, planes, mix, &DelayOptions::new(self.accuracy));
        match self.engine {
            Engine::Direct => direct(),
            Engine::DelayFft => delay().map(|kernel| Kernel::DelayFft(Box::new(kernel))),
            Engine::Auto => {
                let direct = Direct::new(self.level, channels, planes, mix)?;
                let sources: usize = planes.iter().map(|plane| plane.sources.len()).sum();
                let set_up = SET_UP[0] + SET_UP[1] * sources as f64;
                if direct.seconds_per_row() * (rows as f64) < set_up {
                    return Ok(Kernel::Direct(Box::new(direct)));
                }
                // What the delay-FFT refuses, the direct sum does.
                let Ok(delay) = delay() else {
                    return Ok(Kernel::Direct(Box::new(direct)));
                };
                let extent = delay.delay([self.longest, 0.0, 0.0]);
                let saved = direct.seconds_per_row() - delay.seconds_per_row(extent);
                if saved * rows as f64 > set_up {
                    Ok(Kernel::DelayFft(Box::new(delay)))
                } else {
                    Ok(Kernel::Direct(Box::new(direct)))
                }
            }
        }
    }

    /// The engine that was asked for, in words.
    pub(crate) fn describe(&self) -> String {
        match self.engine {
            Engine::Auto => "direct sum or delay-FFT, whichever costs less about each pointing".into(),
            Engine::Direct => "direct sum".into(),
            Engine::DelayFft => "delay-FFT".into(),
        }
    }
}

/// A kernel of either engine.
pub(crate) enum Kernel {
    Direct(Box<Direct>),
    DelayFft(Box<DelayFft>),
}

/// Working memory for a [`Kernel`] and its kin.
pub(crate) enum KernelScratch {
    Direct(Scratch),
    DelayFft(Box<DelayScratch>),
}

impl Kernel {
    pub(crate) fn with_sources(&self, planes: &[&[Source]]) -> Result<Kernel, KernelError> {
        Ok(match self {
            Kernel::Direct(kernel) => Kernel::Direct(Box::new(kernel.with_sources(planes)?)),
            Kernel::DelayFft(kernel) => Kernel::DelayFft(Box::new(kernel.with_sources(planes)?)),
        })
    }

    pub(crate) fn scratch(&self) -> KernelScratch {
        match self {
            Kernel::Direct(kernel) => KernelScratch::Direct(kernel.scratch()),
            Kernel::DelayFft(kernel) => KernelScratch::DelayFft(Box::new(kernel.scratch())),
        }
    }

    pub(crate) fn predict(
        &self,
        uvw: &[[f64; 3]],
        out: &mut [&mut [Complex32]],
        scratch: &mut KernelScratch,
    ) -> Result<(), KernelError> {
        match (self, scratch) {
            (Kernel::Direct(kernel), KernelScratch::Direct(scratch)) => kernel.predict(uvw, out, scratch),
            (Kernel::DelayFft(kernel), KernelScratch::DelayFft(scratch)) => kernel.predict(uvw, out, scratch),
            // Working memory of another engine, which no plan hands out.
            (kernel, scratch) => {
                *scratch = kernel.scratch();
                kernel.predict(uvw, out, scratch)
            }
        }
    }

    /// The engine in words, with what it costs.
    pub(crate) fn describe(&self, choice: &EngineChoice) -> String {
        let microseconds = |seconds: f64| seconds * 1e6;
        match self {
            Kernel::Direct(kernel) => {
                format!("direct sum (about {:.1} µs a row)", microseconds(kernel.seconds_per_row()))
            }
            Kernel::DelayFft(kernel) => {
                let extent = kernel.delay([choice.longest, 0.0, 0.0]);
                let cost = microseconds(kernel.seconds_per_row(extent));
                format!("delay-FFT to {:.0e} (about {cost:.1} µs a row)", choice.accuracy)
            }
        }
    }
}
