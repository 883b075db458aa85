//! A small palette: pictures of few colours make small files.

use std::collections::HashMap;

/// Pixels as indices into a palette of RGB colours.
pub(super) struct Indexed {
    pub(super) palette: Vec<u8>,
    pub(super) indices: Vec<u8>,
}

/// Steps of a colour's red, green and blue; both white and black are among them.
const STEPS: u32 = 31;

/// More colours than this are too many to be put into 256 without being seen.
const MOST: usize = 450;

/// The pixels (RGB) in the 256 most frequent of 32³ colours, or the nearest to those; none where there are too many.
pub(super) fn indexed(pixels: &[u8]) -> Option<Indexed> {
    let step = |value: u8| (u32::from(value) * STEPS + 127) / 255;
    let keys: Vec<[u32; 3]> =
        pixels.chunks_exact(3).map(|rgb| [0, 1, 2].map(|k: usize| step(rgb[k]))).collect();
    let mut counts: HashMap<[u32; 3], usize> = HashMap::new();
    keys.iter().for_each(|key| *counts.entry(*key).or_default() += 1);
    if counts.len() > MOST {
        return None;
    }
    let mut colours: Vec<([u32; 3], usize)> = counts.into_iter().collect();
    colours.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let kept: Vec<[u32; 3]> = colours.iter().take(256).map(|(key, _)| *key).collect();
    let distance = |a: [u32; 3], b: [u32; 3]| (0..3).map(|k| a[k].abs_diff(b[k]).pow(2)).sum::<u32>();
    let places: HashMap<[u32; 3], u8> = colours
        .iter()
        .map(|(key, _)| {
            let nearest = (0..kept.len()).min_by_key(|index| distance(kept[*index], *key)).unwrap_or(0);
            (*key, nearest as u8)
        })
        .collect();
    Some(Indexed {
        palette: kept.iter().flat_map(|key| key.map(|step| (step * 255 / STEPS) as u8)).collect(),
        indices: keys.iter().map(|key| places.get(key).copied().unwrap_or(0)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_colours_stay_and_others_are_near() {
        let mut pixels = vec![255u8; 3000];
        pixels.extend((0..=255u8).flat_map(|k| [k, 255 - k, k / 2]));
        let found = indexed(&pixels).expect("few colours");
        assert_eq!(found.palette[..3], [255; 3]);
        let many: Vec<u8> =
            (0..=255u8).flat_map(|k| [[k, 0, 0], [0, k, 0], [k, k, 0], [k, 255, k]]).flatten().collect();
        assert!(indexed(&many).is_some());
        let more: Vec<u8> =
            (0..=255u8).flat_map(|a| (0..=255).step_by(8).flat_map(move |b| [a, b, 0])).collect();
        assert!(indexed(&more).is_none());
        assert_eq!(found.indices.len(), 1256);
        for (rgb, index) in pixels.chunks_exact(3).zip(&found.indices) {
            let got = &found.palette[3 * usize::from(*index)..][..3];
            assert!(rgb.iter().zip(got).all(|(a, b)| a.abs_diff(*b) < 12), "{rgb:?} {got:?}");
        }
    }
}
