//! From sums with rows as lanes to rows of correlations.

use crate::plan::{Output, Plan, SEGMENT, Segment};
use crate::simd::{Desk, Line, STRETCH, Simd};
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
    let (first, copies) = (segment.start * plan.correlations, plan.copies);
    let per_channel = plan.outputs.len();
    let count = segment.len * per_channel;
    let mut next = Cursor { channel: 0, output: 0 };
    // Rows of an observation often lie whole pages apart, where caches hold few lines: each is written a stretch at a time.
    let mut desk: Desk = [[Line([0.0; 16]); 2]; 16];
    for block in (0..count).step_by(STRETCH) {
        let end = count.min(block + STRETCH);
        for at in (block..end).step_by(4) {
            let mut v = [s.splat(0.0); 8];
            for pair in v.chunks_exact_mut(2).take(end - at) {
                let [re, im] = value(s, &plan.outputs[next.output], next.channel, total);
                pair[0] = re;
                pair[1] = im;
                next.output += 1;
                if next.output == per_channel {
                    next = Cursor { channel: next.channel + 1, output: 0 };
                }
            }
            s.store_rows(&v, at - block, &mut desk);
        }
        for (row, values) in rows.iter_mut().zip(&desk) {
            write(s, copies, values, &mut row[first + block * copies..first + end * copies]);
        }
    }
}

/// Writes some of the values of a row, each of them once or twice.
#[inline(always)]
fn write<S: Simd>(s: S, copies: usize, values: &[Line; 2], to: &mut [Complex32]) {
    if copies == 2
        && let Ok(all) = to.try_into()
    {
        s.write_twice(values, all);
        return;
    }
    for (cells, line) in to.chunks_mut(8 * copies).zip(values) {
        for (cells, value) in cells.chunks_exact_mut(copies).zip(line.0.chunks_exact(2)) {
            cells.fill(Complex32::new(value[0], value[1]));
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
