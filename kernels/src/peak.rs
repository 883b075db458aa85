//! What the processor can do at most: multiply-adds that wait for nothing, for benchmarks to be compared with.

use crate::simd::{Kernel, Line, Simd, Token};
use crate::{KernelError, SimdLevel};

/// Chains that do not wait for each other: more than latency times units, and few enough for 16 registers.
const CHAINS: usize = 12;

/// Runs `rounds` rounds of independent multiply-adds on this thread; returns how many floating-point operations those
/// were (a multiply-add is two) and a sum that depends on all of them.
///
/// Of [`SimdLevel::Portable`] it is what the compiler makes of it, not a property of the processor.
///
/// # Errors
/// [`KernelError::Unavailable`] if this processor does not have the instructions.
pub fn multiply_adds(level: SimdLevel, rounds: u32) -> Result<(u64, f32), KernelError> {
    let mut lanes = 0;
    let mut sum = 0.0;
    Token::new(level)?.run(Chains { rounds, lanes: &mut lanes, sum: &mut sum });
    Ok((2 * u64::from(rounds) * (CHAINS * lanes) as u64, sum))
}

struct Chains<'a> {
    rounds: u32,
    lanes: &'a mut usize,
    sum: &'a mut f32,
}

impl Kernel for Chains<'_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize, const G: usize>(self, s: S) {
        // They tend to 1, whatever they begin with: neither denormal nor infinite.
        let (shrink, add) = (s.splat(0.999_9), s.splat(1e-4));
        let mut chains = [s.splat(0.5); CHAINS];
        for (k, chain) in chains.iter_mut().enumerate() {
            *chain = s.splat(k as f32);
        }
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = s.fma(*chain, shrink, add);
            }
        }
        let all = chains[1..].iter().fold(chains[0], |a, b| s.add(a, *b));
        let mut line = Line([0.0; 16]);
        s.unpack(all, &mut line);
        *self.lanes = S::LANES;
        *self.sum = line.0[..S::LANES].iter().sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chain_runs_in_every_lane() {
        for level in SimdLevel::available() {
            let (operations, sum) = multiply_adds(level, 200_000).expect("an available level");
            let lanes = operations as f32 / (2.0 * 200_000.0 * CHAINS as f32);
            assert!([4.0, 8.0, 16.0].contains(&lanes), "{level}: {lanes} lanes");
            // All have come to 1.
            assert!((sum / (lanes * CHAINS as f32) - 1.0).abs() < 1e-2, "{level}: {sum}");
        }
    }
}
