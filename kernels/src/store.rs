//! From sums with rows as lanes to rows of correlations.

use crate::plan::{Output, Plan, SEGMENT, Segment};
use crate::simd::Simd;
use num_complex::Complex32;

/// Writes a segment of every row: `total` holds [`SEGMENT`] sums for each slot.
#[inline(always)]
pub fn store<S: Simd>(
    s: S,
    plan: &Plan,
    segment: &Segment,
    total: &[[S::F; 2]],
    rows: &mut [&mut [Complex32]],
) {
    let per_channel = plan.outputs.len();
    let first = segment.start * plan.correlations;
    let count = segment.len * per_channel;
    let mut next = Cursor { channel: 0, output: 0 };
    for at in (0..count).step_by(4) {
        let mut v = [s.splat(0.0); 8];
        for pair in v.chunks_exact_mut(2).take(count - at) {
            let [re, im] = value(s, &plan.outputs[next.output], next.channel, total);
            pair[0] = re;
            pair[1] = im;
            next.output += 1;
            if next.output == per_channel {
                next = Cursor { channel: next.channel + 1, output: 0 };
            }
        }
        let at = first + at * plan.copies;
        if count * plan.copies + first - at < 4 * plan.copies {
            store_rest(s, plan, &v, at, first + count * plan.copies, rows);
        } else if plan.copies == 2 {
            s.store_rows_twice(&v, at, rows);
        } else {
            s.store_rows(&v, at, rows);
        }
    }
}

struct Cursor {
    channel: usize,
    output: usize,
}

/// The real and imaginary part of one output.
#[inline(always)]
fn value<S: Simd>(s: S, output: &Output, channel: usize, total: &[[S::F; 2]]) -> [S::F; 2] {
    match output {
        Output::Copy(slot) => total[slot * SEGMENT + channel],
        Output::Sum(terms) => {
            let mut sum = [s.splat(0.0); 2];
            for (slot, c) in terms {
                let [re, im] = total[slot * SEGMENT + channel];
                let (a, b) = (s.splat(c.re), s.splat(c.im));
                sum[0] = s.fnma(b, im, s.fma(a, re, sum[0]));
                sum[1] = s.fma(b, re, s.fma(a, im, sum[1]));
            }
            sum
        }
    }
}

/// Writes fewer than four values, up to `end`.
#[inline(always)]
fn store_rest<S: Simd>(
    s: S,
    plan: &Plan,
    v: &[S::F; 8],
    at: usize,
    end: usize,
    rows: &mut [&mut [Complex32]],
) {
    let mut rest = [[Complex32::ZERO; 4]; 16];
    let mut slices = rest.each_mut().map(|row| &mut row[..]);
    s.store_rows(v, 0, &mut slices[..S::LANES]);
    for (row, rest) in rows.iter_mut().zip(&rest) {
        for (cells, value) in row[at..end].chunks_exact_mut(plan.copies).zip(rest) {
            cells.fill(*value);
        }
    }
}
