//! The one error type of the crate.

use crate::SimdLevel;
use std::fmt;

/// Why a kernel refused its input.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum KernelError {
    /// Something that needs at least one entry has none.
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// A slice has the wrong length.
    Length {
        /// Which slice.
        what: &'static str,
        /// The length it must have.
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// A value is NaN or infinite.
    NotFinite {
        /// Which input.
        what: &'static str,
        /// The index of the first bad entry.
        index: usize,
    },
    /// A value is outside the range the arithmetic holds for.
    OutOfRange {
        /// Which input.
        what: &'static str,
        /// The index of the first bad entry.
        index: usize,
    },
    /// An ε that is not offered.
    Epsilon {
        /// The ε asked for.
        epsilon: f64,
    },
    /// The processor lacks the instructions that were asked for.
    Unavailable {
        /// The level asked for.
        level: SimdLevel,
    },
    /// A name that is no [`SimdLevel`].
    UnknownLevel {
        /// The name.
        name: String,
    },
    /// Not enough memory.
    Memory {
        /// The least that is needed [bytes].
        needed: usize,
        /// The most that is allowed [bytes].
        limit: usize,
    },
    /// A plan was given other kinds of sources than it was made for.
    ShapeChanged {
        /// The index of the plane.
        plane: usize,
        /// The index of the source in its plane.
        source: usize,
    },
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { what } => write!(f, "there are no {what}"),
            Self::Length { what, expected, found } => {
                write!(f, "{what} has {found} entries where {expected} are needed")
            }
            Self::NotFinite { what, index } => write!(f, "entry {index} of {what} is not a finite number"),
            Self::OutOfRange { what, index } => write!(f, "entry {index} of {what} is out of range"),
            Self::Epsilon { epsilon } => {
                write!(f, "an epsilon of {epsilon:e} is not offered: choose one from 1e-6 to 1e-2")
            }
            Self::Unavailable { level } => write!(f, "this processor has no {level} instructions"),
            Self::UnknownLevel { name } => {
                write!(f, "unknown SIMD level '{name}': use portable, neon, avx2 or avx512")
            }
            Self::Memory { needed, limit } => {
                write!(f, "grids need {needed} bytes of memory where {limit} are allowed")
            }
            Self::ShapeChanged { plane, source } => {
                write!(f, "source {source} of plane {plane} changed its kind of shape")
            }
        }
    }
}

impl std::error::Error for KernelError {}
