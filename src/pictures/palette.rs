//! A small palette: pictures of few colours make small files.

use std::collections::HashMap;

/// Pixels as indices into a palette of RGB colours.
pub(super) struct Indexed {
    pub(super) palette: Vec<u8>,
    pub(super) indices: Vec<u8>,
}

/// Steps of a colour's red, green and blue; both white and black are among them.
const STEPS: u32 = 31;

/// Colours that are kept because they are frequent; the others of 256 because none of those is near.
const FREQUENT: usize = 128;

/// The pixels (RGB) in at most 256 of 32³ colours: the most frequent ones, and such that every other has one near.
pub(super) fn indexed(pixels: &[u8]) -> Indexed {
    let step = |value: u8| (u32::from(value) * STEPS + 127) / 255;
    let keys: Vec<[u32; 3]> =
        pixels.chunks_exact(3).map(|rgb| [0, 1, 2].map(|k: usize| step(rgb[k]))).collect();
    let mut counts: HashMap<[u32; 3], usize> = HashMap::new();
    keys.iter().for_each(|key| *counts.entry(*key).or_default() += 1);
    let mut colours: Vec<([u32; 3], usize)> = counts.into_iter().collect();
    colours.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let colours: Vec<[u32; 3]> = colours.into_iter().map(|(key, _)| key).collect();
    let distance = |a: [u32; 3], b: [u32; 3]| (0..3).map(|k| a[k].abs_diff(b[k]).pow(2)).sum::<u32>();
    // Each colour's nearest kept one so far.
    let mut nearest: Vec<(u32, u8)> = vec![(u32::MAX, 0); colours.len()];
    let mut kept: Vec<[u32; 3]> = Vec::new();
    while kept.len() < 256.min(colours.len()) {
        let next = if kept.len() < FREQUENT {
            kept.len()
        } else {
            (0..colours.len()).max_by_key(|index| nearest[*index].0).unwrap_or(0)
        };
        for (near, colour) in nearest.iter_mut().zip(&colours) {
            let away = distance(*colour, colours[next]);
            if away < near.0 {
                *near = (away, kept.len() as u8);
            }
        }
        kept.push(colours[next]);
    }
    let places: HashMap<[u32; 3], u8> =
        colours.into_iter().zip(nearest.into_iter().map(|near| near.1)).collect();
    Indexed {
        palette: kept.iter().flat_map(|key| key.map(|step| (step * 255 / STEPS) as u8)).collect(),
        indices: keys.iter().map(|key| places.get(key).copied().unwrap_or(0)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_colours_stay_and_others_are_near() {
        let mut pixels = vec![255u8; 3000];
        pixels.extend((0..=255u8).flat_map(|k| [k, 255 - k, k / 2]));
        let found = indexed(&pixels);
        assert_eq!(found.palette[..3], [255; 3]);
        assert_eq!(found.indices.len(), 1256);
        for (rgb, index) in pixels.chunks_exact(3).zip(&found.indices) {
            let got = &found.palette[3 * usize::from(*index)..][..3];
            assert!(rgb.iter().zip(got).all(|(a, b)| a.abs_diff(*b) < 12), "{rgb:?} {got:?}");
        }
    }
}
