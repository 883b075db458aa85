//! Which engine sums the sources: the direct sum, or the delay-FFT where it costs less; of the third see
//! [`transform`](super::transform).

use kernels::{
    Complex32, DelayFft, DelayOptions, DelayScratch, Direct, KernelError, Mix, Plane, Scratch, SimdLevel,
    Source,
};

use super::error::{PredictError, Result as Checked};

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
    /// The sky spread on grids and transformed once for all rows: for thousands to millions of points.
    Nufft3d,
}

/// Refuses an accuracy that cannot be promised.
///
/// # Errors
/// [`PredictError::Options`], with the reason.
pub fn check_epsilon(epsilon: f64) -> Checked<()> {
    let range = kernels::EPSILON;
    let why = match epsilon {
        _ if range.contains(&epsilon) => return Ok(()),
        _ if epsilon < *range.start() => "less cannot be promised of sums and columns in single precision",
        _ => "no engine is made for less accuracy than that",
    };
    Err(PredictError::Options(format!(
        "--epsilon {epsilon:e} is not from {:e} to {:e}: {why}",
        range.start(),
        range.end()
    )))
}

/// Seconds that a delay-FFT takes to make, and takes more for each source and channel (measured).
const SET_UP: [f64; 2] = [0.008, 10e-9];

/// The same for its kin through another beam.
const SET_UP_KIN: [f64; 2] = [0.0005, 8e-9];

/// What a plan knows of the engines.
#[derive(Debug, Clone)]
pub(crate) struct EngineChoice {
    pub(crate) engine: Engine,
    pub(crate) level: SimdLevel,
    /// The rms error that is promised, relative to rms |V|.
    epsilon: f64,
    /// The longest baseline [m].
    longest: f64,
}

/// The rows that a kernel and its kin serve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Rows in all.
    pub(crate) rows: u64,
    /// Kernels of spectra of their own: 1 without a beam, one for each view through it elsewhere.
    pub(crate) views: u64,
}

/// The channels and what is predicted at them.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    /// [Hz]
    pub(crate) channels: &'a [f64],
    pub(crate) planes: &'a [Plane<'a>],
    pub(crate) mix: &'a Mix,
}

impl EngineChoice {
    /// `epsilon` is the error that is promised, `longest` the longest baseline [m].
    pub(crate) fn new(engine: Engine, level: SimdLevel, epsilon: f64, longest: f64) -> EngineChoice {
        EngineChoice { engine, level, epsilon, longest }
    }

    /// The rms error that is promised, relative to rms |V|.
    pub(crate) fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// Seconds of one core that the cheaper of direct sum and delay-FFT takes for a row, on average over the baselines.
    pub(crate) fn seconds_per_row(&self, content: Content) -> Result<f64, KernelError> {
        let Content { channels, planes, mix } = content;
        let direct = Direct::new(self.level, channels, planes, mix)?.seconds_per_row();
        // Half the longest is about the middle of an array's baselines.
        let delay = DelayFft::new(self.level, channels, planes, mix, &DelayOptions::new(self.epsilon));
        let delay = delay.map(|delay| delay.seconds_per_row(delay.delay([0.5 * self.longest, 0.0, 0.0])));
        Ok(delay.map_or(direct, |delay| delay.min(direct)))
    }

    /// Seconds of one core that a delay-FFT of so many `values`, one for each source and channel, takes to make.
    pub(crate) fn set_up(&self, values: usize) -> f64 {
        SET_UP[0] + SET_UP[1] * values as f64
    }

    /// The kernel for `content`, and the seconds a row that the engine which was not chosen would take, if it was looked at.
    pub(crate) fn kernel(&self, content: Content, load: Load) -> Result<(Kernel, Option<f64>), KernelError> {
        let Content { channels, planes, mix } = content;
        let direct = || Direct::new(self.level, channels, planes, mix);
        let delay = || DelayFft::new(self.level, channels, planes, mix, &DelayOptions::new(self.epsilon));
        match self.engine {
            Engine::Direct => Ok((Kernel::Direct(Box::new(direct()?)), None)),
            // What no transform of the sky serves, the delay-FFT does.
            Engine::DelayFft | Engine::Nufft3d => Ok((Kernel::DelayFft(Box::new(delay()?)), None)),
            Engine::Auto => {
                let direct = Box::new(direct()?);
                let cost = direct.seconds_per_row();
                let values = planes.iter().map(|plane| plane.spectra.len()).sum::<usize>() as f64;
                let kin = SET_UP_KIN[0] + SET_UP_KIN[1] * values;
                let set_up = self.set_up(values as usize) + kin * (load.views - 1) as f64;
                let rows = load.rows as f64;
                if cost * rows < set_up {
                    return Ok((Kernel::Direct(direct), None));
                }
                // What the delay-FFT refuses, the direct sum does.
                let Ok(delay) = delay().map(Box::new) else {
                    return Ok((Kernel::Direct(direct), None));
                };
                let at = |metres: f64| delay.seconds_per_row(delay.delay([metres, 0.0, 0.0]));
                // Half the longest is about the middle of an array's baselines.
                let (at_longest, at_middle) = (at(self.longest), at(0.5 * self.longest));
                Ok(if (cost - at_longest) * rows > set_up {
                    (Kernel::DelayFft(delay), Some(cost))
                } else if (cost - at_middle) * rows > set_up {
                    (Kernel::Either(direct, delay), None)
                } else {
                    (Kernel::Direct(direct), Some(at_longest))
                })
            }
        }
    }
}

/// A kernel of either engine.
pub(crate) enum Kernel {
    Direct(Box<Direct>),
    DelayFft(Box<DelayFft>),
    /// Whichever costs less for the baselines of a group of rows.
    Either(Box<Direct>, Box<DelayFft>),
}

/// Working memory for a [`Kernel`] and its kin.
pub(crate) enum KernelScratch {
    Direct(Scratch),
    DelayFft(Box<DelayScratch>),
    Either(Scratch, Box<DelayScratch>),
}

impl Kernel {
    /// The same spectra about another phase centre.
    pub(crate) fn with_sources(&self, planes: &[&[Source]]) -> Result<Kernel, KernelError> {
        self.kin(|direct| direct.with_sources(planes), |delay| delay.with_sources(planes))
    }

    /// The same channels with other spectra, by the same engine.
    pub(crate) fn with_spectra(&self, content: Content) -> Result<Kernel, KernelError> {
        let Content { channels, planes, mix } = content;
        self.kin(
            |direct| Direct::new(direct.level(), channels, planes, mix),
            |delay| delay.with_spectra(channels, planes, mix),
        )
    }

    fn kin(
        &self,
        direct_kin: impl Fn(&Direct) -> Result<Direct, KernelError>,
        delay_kin: impl Fn(&DelayFft) -> Result<DelayFft, KernelError>,
    ) -> Result<Kernel, KernelError> {
        Ok(match self {
            Kernel::Direct(direct) => Kernel::Direct(Box::new(direct_kin(direct)?)),
            Kernel::DelayFft(delay) => Kernel::DelayFft(Box::new(delay_kin(delay)?)),
            Kernel::Either(direct, delay) => {
                Kernel::Either(Box::new(direct_kin(direct)?), Box::new(delay_kin(delay)?))
            }
        })
    }

    /// An estimate of the seconds that one core takes for a row, on average over the baselines.
    pub(crate) fn seconds_per_row(&self, choice: &EngineChoice) -> f64 {
        let of_delay =
            |delay: &DelayFft| delay.seconds_per_row(delay.delay([0.5 * choice.longest, 0.0, 0.0]));
        match self {
            Kernel::Direct(direct) => direct.seconds_per_row(),
            Kernel::DelayFft(delay) => of_delay(delay),
            Kernel::Either(direct, delay) => direct.seconds_per_row().min(of_delay(delay)),
        }
    }

    pub(crate) fn scratch(&self) -> KernelScratch {
        match self {
            Kernel::Direct(kernel) => KernelScratch::Direct(kernel.scratch()),
            Kernel::DelayFft(kernel) => KernelScratch::DelayFft(Box::new(kernel.scratch())),
            Kernel::Either(direct, delay) => {
                KernelScratch::Either(direct.scratch(), Box::new(delay.scratch()))
            }
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
            (Kernel::Either(direct, delay), KernelScratch::Either(for_direct, for_delay)) => {
                let longest = uvw.iter().map(|uvw| delay.delay(*uvw)).fold(0.0, f64::max);
                if delay.seconds_per_row(longest) < direct.seconds_per_row() {
                    delay.predict(uvw, out, for_delay)
                } else {
                    direct.predict(uvw, out, for_direct)
                }
            }
            // Working memory of another engine, which no plan hands out.
            (kernel, scratch) => {
                *scratch = kernel.scratch();
                kernel.predict(uvw, out, scratch)
            }
        }
    }

    /// The engine in words, with what it costs and what the `other` would.
    pub(crate) fn describe(&self, choice: &EngineChoice, other: Option<f64>) -> String {
        let cost = |seconds: f64| format!("{:.1} µs", seconds * 1e6);
        let against = |name: &str| {
            other.map_or(String::new(), |other| format!(" against {} by the {name}", cost(other)))
        };
        let extent = |kernel: &DelayFft| kernel.delay([choice.longest, 0.0, 0.0]);
        let of_delay = |kernel: &DelayFft| cost(kernel.seconds_per_row(extent(kernel)));
        let facts = |kernel: &DelayFft| {
            let unfit = match kernel.unfit().len() {
                0 => String::new(),
                n => format!(
                    "; {n} of {} sources by the direct sum, their spectra too steep",
                    kernel.sources()
                ),
            };
            format!("delays to {:.0} ns; ε {:.0e}{unfit}", extent(kernel) * 1e9, choice.epsilon)
        };
        match self {
            Kernel::Direct(kernel) => {
                let own = kernel.seconds_per_row();
                let few =
                    if other.is_some_and(|other| other < own) { ", too few rows to prepare it" } else { "" };
                format!("direct sum, about {} a row{}{few}", cost(own), against("delay-FFT"))
            }
            Kernel::DelayFft(kernel) => {
                format!(
                    "delay-FFT, about {} a row{}; {}",
                    of_delay(kernel),
                    against("direct sum"),
                    facts(kernel)
                )
            }
            Kernel::Either(direct, delay) => format!(
                "delay-FFT for short baselines, else the direct sum: about {} a row against {} at the longest; {}",
                cost(direct.seconds_per_row()),
                of_delay(delay),
                facts(delay)
            ),
        }
    }
}
