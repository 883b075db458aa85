//! What is fuzzed: everything that reads what a user, or a file from the internet, may hold.
//!
//! A target is a function of bytes that must return. The readers of catalogues are one target for each format that the
//! product knows, so that a new format is fuzzed from the day it is there.

mod catalogues;
mod files;
mod tables;
mod words;

use nvss_predict::catalog::Format;

/// What takes any bytes, and must return.
pub type Run = fn(&[u8]);

/// Something to fuzz.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// The reader of a catalogue's format.
    Catalogue(Format),
    /// A catalogue whose format its content tells.
    Detect,
    /// Everything else.
    Function(Run),
}

/// The targets that are not a catalogue's format.
const FUNCTIONS: [(&str, Run); 11] = [
    ("angles", words::angles),
    ("values", words::values),
    ("names", words::names),
    ("arguments", words::arguments),
    ("regions", files::regions),
    ("beam-table", files::beam_table),
    ("beam-fits", files::beam_fits),
    ("model-image", files::model_image),
    ("light-curve", files::light_curve),
    ("h5parm", files::h5parm),
    ("keywords", tables::keywords),
];

/// The names of all targets.
pub fn list() -> Vec<String> {
    let formats = Format::ALL.iter().map(Format::to_string);
    FUNCTIONS.iter().map(|(name, _)| (*name).to_owned()).chain(["detect".to_owned()]).chain(formats).collect()
}

/// The target of that name.
pub fn named(name: &str) -> Option<Target> {
    if name == "detect" {
        return Some(Target::Detect);
    }
    let function = FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, run)| Target::Function(*run));
    function
        .or_else(|| Format::ALL.into_iter().find(|format| format.to_string() == name).map(Target::Catalogue))
}

impl Target {
    /// Runs it once.
    pub fn run(self, data: &[u8]) {
        match self {
            Target::Catalogue(format) => catalogues::read(Some(format), data),
            Target::Detect => catalogues::read(None, data),
            Target::Function(run) => run(data),
        }
    }
}

/// A number that tells one input from another, to choose the options of an execution: the same for the same bytes.
fn hash(data: &[u8]) -> u64 {
    data.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// CPU time [s] that one execution may take; the clock on the wall counts other people's work too.
pub const MOST_SECONDS: f64 = 1.0;

/// CPU time of this thread [s].
pub fn seconds_of_this_thread() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the structure it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}
