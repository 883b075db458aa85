//! The sum by three-dimensional transforms against a plain double-precision sum: ε is a promise.

mod common;

use common::{Array, Case, GAUSSIAN, MIXED, POINT, Random, dsa, errors, lofar, stokes_i, uniform};
use kernels::{
    Complex32, KernelError, Mix, Nufft3d, NufftOptions, NufftSky, Patch, Patches, Plane, Points, Shape,
    SimdLevel, Source,
};

const ZERO: Complex32 = Complex32::ZERO;
const ONE: Complex32 = Complex32::ONE;
const MEMORY: usize = 2 << 30;

fn plan(case: &Case, level: SimdLevel, epsilon: f64) -> Nufft3d {
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    let options = NufftOptions::new(epsilon, MEMORY).threads(2);
    Nufft3d::new(level, &case.channels, &[plane], &stokes_i(1), &case.uvw, &options).unwrap()
}

/// Predicts all rows into a buffer that was full of rubbish.
fn run(plan: &Nufft3d, uvw: &[[f64; 3]]) -> Vec<Complex32> {
    let width = plan.channels() * plan.correlations();
    let mut out = vec![Complex32::new(f32::NAN, 7.0); uvw.len() * width];
    let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
    plan.predict(uvw, &mut rows, &mut plan.scratch()).unwrap();
    out
}

fn check_at(name: &str, case: &Case, levels: &[SimdLevel], epsilons: &[f64]) {
    let truth = case.truth();
    for &level in levels {
        for &epsilon in epsilons {
            let plan = plan(case, level, epsilon);
            let (rms, max) = errors(&run(&plan, &case.uvw), &truth);
            let what = format!(
                "{name}: {level} {epsilon:.0e}: rms {rms:.2e}, max {max:.2e}, {} facets, {} MB, {} others",
                plan.facets(),
                plan.bytes() >> 20,
                plan.others()
            );
            println!("{what}");
            assert!(rms <= epsilon && max <= 20.0 * epsilon, "{what}");
        }
    }
}

/// From 1e-2 to the finest.
const EPSILONS: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

fn check(name: &str, case: &Case) {
    check_at(name, case, &[SimdLevel::detect()], &EPSILONS);
}

/// An array that is as good as flat: w follows from u and v but for some metres.
fn flat(mut case: Case) -> Case {
    let mut random = Random(5);
    for row in &mut case.uvw {
        row[2] = 0.3 * row[0] - 0.7 * row[1] + 10.0 * random.symmetric();
    }
    case
}

fn field(degrees: f64) -> Array {
    Array { radius: degrees.to_radians().sin().min(0.7), ..dsa() }
}

#[test]
fn flat_arrays_and_small_fields() {
    for degrees in [0.01, 0.5, 1.5] {
        for (channels, sources) in [(768, 200), (48, 500), (300, 1)] {
            let channels = uniform(1.31e9, 187.5e6 / f64::from(channels), channels as usize);
            let count = channels.len();
            let case = flat(Case::new(field(degrees), channels, sources, POINT, 40));
            check(&format!("{degrees} deg, {count} channels, {sources} sources"), &case);
        }
    }
}

#[test]
fn arrays_that_are_not_flat() {
    for degrees in [0.5, 1.5] {
        let case = Case::new(field(degrees), uniform(1.31e9, 187.5e6 / 192.0, 192), 200, POINT, 40);
        check(&format!("{degrees} deg"), &case);
    }
}

#[test]
fn descending_channels() {
    check("descending", &flat(Case::new(field(1.0), uniform(1.49875e9, -244_140.625, 768), 50, POINT, 24)));
}

#[test]
fn wide_fields_are_cut_into_facets() {
    for (degrees, epsilons) in [(5.0, [1e-3, 1e-6]), (20.0, [1e-3, 1e-5])] {
        let array = Array { reach: 500.0, ..field(degrees) };
        let case = Case::new(array, uniform(1.31e9, 187.5e6 / 64.0, 64), 300, POINT, 40);
        check_at(&format!("{degrees} deg"), &case, &[SimdLevel::detect()], &epsilons);
    }
}

#[test]
fn the_whole_sky() {
    let mut case = Case::new(Array { reach: 60.0, ..field(60.0) }, uniform(1.31e9, 1e6, 40), 400, POINT, 40);
    // Directions all around, below the horizon too.
    let mut random = Random(8);
    for source in &mut case.sources {
        let n = random.symmetric();
        let (sin, cos) = (7.0 * random.next()).sin_cos();
        let radius = (1.0 - n * n).sqrt();
        source.lmn = [radius * cos, radius * sin, n - 1.0];
    }
    check_at("all around", &case, &[SimdLevel::detect()], &[1e-3, 1e-5]);
    check_at("all around, flat", &flat(case), &[SimdLevel::detect()], &[1e-6]);
}

#[test]
fn a_field_far_from_the_phase_centre() {
    let mut case = flat(Case::new(field(0.5), uniform(1.31e9, 187.5e6 / 192.0, 192), 100, POINT, 40));
    for source in &mut case.sources {
        let [l, m] = [source.lmn[0] + 0.2, source.lmn[1] - 0.1];
        source.lmn = [l, m, (1.0 - l * l - m * m).sqrt() - 1.0];
    }
    check("aside", &case);
}

#[test]
fn few_channels() {
    for channels in [1, 2, 3, 7, 25] {
        let channels = uniform(1.31e9, 187.5e6 / f64::from(channels), channels as usize);
        let name = format!("{} channels", channels.len());
        check(&name, &flat(Case::new(field(1.0), channels, 100, POINT, 200)));
    }
}

#[test]
fn many_channels() {
    let case = flat(Case::new(field(0.5), uniform(1.31e9, 187.5e6 / 8192.0, 8192), 10, POINT, 9));
    check_at("8192 channels", &case, &[SimdLevel::detect()], &[1e-4, 1e-6]);
}

#[test]
fn uneven_channels() {
    let mut random = Random(3);
    let jittered: Vec<f64> = (0..300).map(|i| 1.31e9 + 5e5 * (f64::from(i) + 0.4 * random.next())).collect();
    let mut pieces = uniform(1.31e9, 1.7e5, 100);
    pieces.extend(uniform(1.45e9, -2.5e5, 90));
    pieces.extend([1.2e9, 1.6e9]);
    check("jittered", &flat(Case::new(field(1.0), jittered, 50, POINT, 24)));
    check("in pieces", &flat(Case::new(field(1.0), pieces, 50, POINT, 24)));
}

#[test]
fn long_baselines_and_low_frequencies() {
    let array = Array { radius: 0.01, ..lofar() };
    for channels in [uniform(1.2e8, 195_312.5, 96), uniform(3e7, 1e6, 48)] {
        check("lofar", &flat(Case::new(array, channels, 100, POINT, 40)));
    }
}

#[test]
fn every_level_and_number_of_rows() {
    let levels: Vec<SimdLevel> = SimdLevel::available().collect();
    for rows in [1, 2, 7, 8, 9, 17, 33] {
        let case = Case::new(field(0.3), uniform(1.31e9, 244_140.625, 300), 20, POINT, rows);
        check_at(&format!("{rows} rows"), &case, &levels, &[1e-5]);
    }
}

#[test]
fn gaussians_and_rough_spectra_go_elsewhere() {
    for kind in [GAUSSIAN, MIXED] {
        let mut case = flat(Case::new(field(1.0), uniform(1.31e9, 244_140.625, 300), 60, kind, 24));
        case.spectra[3 * 300 + 77] *= 3.0;
        let made = plan(&case, SimdLevel::detect(), 1e-5);
        let gaussians = case.sources.iter().filter(|s| s.shape != Shape::Point).count();
        assert!((gaussians..gaussians + 3).contains(&made.others()), "{}", made.others());
        check("gaussians", &case);
    }
}

/// XX, XY, YX and YY of I, Q, U and V.
fn linear() -> Mix {
    let i = Complex32::I;
    Mix::new(vec![
        [ONE, ONE, ZERO, ZERO],
        [ZERO, ZERO, ONE, i],
        [ZERO, ZERO, ONE, -i],
        [ONE, -ONE, ZERO, ZERO],
    ])
    .unwrap()
}

/// The sum of a plan over all Stokes parameters.
#[test]
fn four_stokes_parameters_mix_into_correlations() {
    let mix = linear();
    let band = uniform(1.31e9, 244_140.625, 200);
    let cases: Vec<Case> = (0..4).map(|i| Case::new(field(0.5), band.clone(), 40 + i, MIXED, 13)).collect();
    let uvw = &cases[0].uvw;
    let last = &cases[3];
    let plane = |i: usize| Plane { stokes: i, sources: &cases[i].sources, spectra: &cases[i].spectra };
    let planes = [
        Plane { stokes: 3, sources: &last.sources[5..], spectra: &last.spectra[5 * 200..] },
        plane(1),
        plane(0),
        Plane { stokes: 3, sources: &last.sources[..5], spectra: &last.spectra[..5 * 200] },
        plane(2),
    ];
    let expected = common::correlations(&cases);
    for level in SimdLevel::available() {
        let options = NufftOptions::new(1e-6, MEMORY);
        let plan = Nufft3d::new(level, &band, &planes, &mix, uvw, &options).unwrap();
        let (rms, max) = errors(&run(&plan, uvw), &expected);
        assert!(rms <= 1e-6 && max <= 2e-5, "{level}: rms {rms:.2e}, max {max:.2e}");
    }
}

#[test]
fn spectra_at_a_few_frequencies_are_enough() {
    let channels = uniform(1.31e9, 244_140.625, 768);
    let samples = Nufft3d::samples(&channels, 8);
    let whole = flat(Case::new(field(1.0), channels, 60, MIXED, 24));
    // The same laws at the samples: the seed of a case depends on the number of its channels.
    let spectra: Vec<f32> = whole
        .spectra
        .chunks(768)
        .flat_map(|s| {
            let (low, high) = (f64::from(s[0]), f64::from(s[767]));
            let index = (high / low).ln() / (whole.channels[767] / whole.channels[0]).ln();
            let first = whole.channels[0];
            samples.iter().map(move |f| (low * (f / first).powf(index)) as f32).collect::<Vec<_>>()
        })
        .collect();
    let truth = whole.truth();
    let plane = Plane { stokes: 0, sources: &whole.sources, spectra: &spectra };
    let made = Nufft3d::with_samples(
        SimdLevel::detect(),
        &whole.channels,
        &samples,
        &[plane],
        &stokes_i(1),
        &whole.uvw,
        &NufftOptions::new(1e-5, MEMORY),
    )
    .unwrap();
    assert!(made.others() > 0);
    let (rms, max) = errors(&run(&made, &whole.uvw), &truth);
    assert!(rms <= 1e-5 && max <= 2e-4, "rms {rms:.2e}, max {max:.2e}");
}

/// What rows are of the same sky about another centre: paths turn it.
#[test]
fn rows_may_have_paths() {
    for (kind, channels) in [
        (POINT, uniform(1.31e9, 244_140.625, 300)),
        (MIXED, uniform(1.49e9, -1e6, 100)),
        (POINT, vec![1.2e9, 1.3e9, 1.31e9, 1.45e9, 1.46e9]),
    ] {
        let case = flat(Case::new(field(0.7), channels, 80, kind, 37));
        let mut random = Random(77);
        let paths: Vec<f64> = case.uvw.iter().map(|_| 100.0 * random.symmetric()).collect();
        let mut truth = case.truth();
        for (row, path) in truth.chunks_mut(case.channels.len()).zip(&paths) {
            for (value, frequency) in row.iter_mut().zip(&case.channels) {
                let turns = (frequency / 299_792_458.0 * path).fract();
                *value *= kernels::Complex64::cis(2.0 * std::f64::consts::PI * turns);
            }
        }
        for level in SimdLevel::available() {
            let plan = plan(&case, level, 1e-6);
            let width = plan.channels();
            let mut out = vec![Complex32::new(f32::NAN, 7.0); case.uvw.len() * width];
            let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
            plan.predict_along(&case.uvw, &paths, &mut rows, &mut plan.scratch()).unwrap();
            let (rms, max) = errors(&out, &truth);
            println!("{level}, {width} channels: rms {rms:.2e}, max {max:.2e}");
            assert!(rms <= 1e-6 && max <= 2e-5, "{level}, {width} channels: rms {rms:.2e}, max {max:.2e}");
            let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
            let few = plan.predict_along(&case.uvw, &paths[1..], &mut rows, &mut plan.scratch());
            assert!(matches!(few, Err(KernelError::Length { what: "paths", .. })), "{few:?}");
            let odd = vec![f64::NAN; paths.len()];
            let odd = plan.predict_along(&case.uvw, &odd, &mut rows, &mut plan.scratch());
            assert!(matches!(odd, Err(KernelError::NotFinite { what: "paths", index: 0 })), "{odd:?}");
        }
    }
}

/// Points without shapes beside sources with them, of several Stokes parameters, are what all of them are as sources.
#[test]
fn points_are_sources() {
    let one = |stokes: usize| {
        let mut row = [ZERO; 4];
        row[stokes] = ONE;
        row
    };
    let mix = Mix::new(vec![one(0), one(1)]).unwrap();
    let band = uniform(1.31e9, 244_140.625, 200);
    let first = flat(Case::new(field(0.5), band.clone(), 90, MIXED, 21));
    let second = Case::new(field(0.5), band.clone(), 50, POINT, 21);
    let options = NufftOptions::new(1e-6, MEMORY);
    fn plane(stokes: usize, case: &Case) -> Plane<'_> {
        Plane { stokes, sources: &case.sources, spectra: &case.spectra }
    }
    let make = |planes: &[Plane], points: &[Points]| {
        let sky = NufftSky { samples: &band, planes, points };
        Nufft3d::of_sky(SimdLevel::detect(), &band, &sky, &mix, &first.uvw, &options).unwrap()
    };
    let whole = run(&make(&[plane(0, &first), plane(1, &second)], &[]), &first.uvw);
    let lmn = |case: &Case| case.sources.iter().map(|source| source.lmn).collect::<Vec<_>>();
    let width = band.len();
    let (gaussians, points): (Vec<usize>, Vec<usize>) =
        (0..first.sources.len()).partition(|s| first.sources[*s].shape != Shape::Point);
    let shaped: Vec<Source> = gaussians.iter().map(|s| first.sources[*s].clone()).collect();
    let flux = |list: &[usize]| -> Vec<f32> {
        list.iter().flat_map(|s| first.spectra[s * width..(s + 1) * width].iter().copied()).collect()
    };
    let (of_shaped, of_points) = (flux(&gaussians), flux(&points));
    let places: Vec<[f64; 3]> = points.iter().map(|s| first.sources[*s].lmn).collect();
    let others = lmn(&second);
    let planes = [Plane { stokes: 0, sources: &shaped, spectra: &of_shaped }];
    let lists = [
        Points { stokes: 1, lmn: &others, spectra: &second.spectra },
        Points { stokes: 0, lmn: &places, spectra: &of_points },
    ];
    let made = make(&planes, &lists);
    assert!(made.others() >= gaussians.len() && !gaussians.is_empty() && !points.is_empty());
    let parts = run(&made, &first.uvw);
    let same = parts.iter().zip(&whole).map(|(a, b)| (a - b).norm()).fold(0.0, f32::max);
    let scale = whole.iter().map(|x| x.norm_sqr()).sum::<f32>() / whole.len() as f32;
    assert!(same <= 3e-6 * scale.sqrt(), "{same:e} of {:e}", scale.sqrt());

    let odd = [[0.0, f64::NAN, 0.0]; 50];
    let odd = [Points { stokes: 1, lmn: &odd, spectra: &second.spectra }];
    let sky = NufftSky { samples: &band, planes: &[], points: &odd };
    let refused = Nufft3d::of_sky(SimdLevel::detect(), &band, &sky, &mix, &first.uvw, &options);
    assert!(matches!(refused.map(|_| ()), Err(KernelError::NotFinite { what: "points", index: 0 })));
}

/// Square tiles of pixels.
struct Tiles<'a> {
    case: &'a Case,
    pixels: usize,
    tile: usize,
    patches: Vec<Patch>,
}

impl<'a> Tiles<'a> {
    /// Those of an image whose pixels are the sources of a case, row by row.
    fn new(case: &'a Case, pixels: usize, tile: usize) -> Self {
        let mut tiles = Self { case, pixels, tile, patches: Vec::new() };
        let count = pixels.div_ceil(tile).pow(2);
        for patch in 0..count {
            let lmn: Vec<[f64; 3]> = tiles.members(patch).map(|s| case.sources[s].lmn).collect();
            let middle = lmn[lmn.len() / 2];
            let chord = |place: &[f64; 3]| (0..3).map(|i| (place[i] - middle[i]).powi(2)).sum::<f64>().sqrt();
            let radius = lmn.iter().map(chord).fold(0.0, f64::max);
            tiles.patches.push(Patch { lmn: middle, radius, points: lmn.len() });
        }
        tiles
    }

    fn members(&self, patch: usize) -> impl Iterator<Item = usize> + use<> {
        let across = self.pixels.div_ceil(self.tile);
        let (x, y) = (patch % across * self.tile, patch / across * self.tile);
        let (pixels, tile) = (self.pixels, self.tile);
        (y..pixels.min(y + tile)).flat_map(move |y| (x..pixels.min(x + tile)).map(move |x| y * pixels + x))
    }
}

impl Patches for Tiles<'_> {
    fn patches(&self) -> &[Patch] {
        &self.patches
    }

    fn read(&self, patch: usize, places: &mut Vec<[f64; 3]>, spectra: &mut Vec<f32>) {
        let width = self.case.spectra.len() / self.case.sources.len();
        for s in self.members(patch) {
            places.push(self.case.sources[s].lmn);
            spectra.extend_from_slice(&self.case.spectra[s * width..(s + 1) * width]);
        }
    }
}

/// An image of so many pixels a side about a direction, `degrees` wide, with blobs that have spectral indices of their own.
fn blobs(
    pixels: usize,
    degrees: f64,
    middle: [f64; 2],
    samples: &[f64],
    uvw: &[[f64; 3]],
    seed: u64,
) -> Case {
    let mut random = Random(seed);
    let blobs: Vec<[f64; 5]> = (0..5)
        .map(|_| {
            let at = [random.symmetric(), random.symmetric()].map(|x| 0.3 * x);
            [at[0], at[1], 0.02 + 0.05 * random.next(), random.symmetric(), random.symmetric()]
        })
        .collect();
    let (mut sources, mut spectra) = (Vec::new(), Vec::new());
    for i in 0..pixels * pixels {
        let [x, y] = [i % pixels, i / pixels].map(|i| (i as f64 + 0.5) / pixels as f64 - 0.5);
        let [l, m] = [x, y].map(|x| x * degrees.to_radians());
        let [l, m] = [l + middle[0], m + middle[1]];
        sources.push(Source { lmn: [l, m, (1.0 - l * l - m * m).sqrt() - 1.0], shape: Shape::Point });
        for f in samples {
            let of = |&[a, b, size, flux, index]: &[f64; 5]| {
                let bell = (-((x - a).powi(2) + (y - b).powi(2)) / (2.0 * size * size)).exp();
                flux * bell * (f / 1.4e9).powf(index - 0.7)
            };
            spectra.push(blobs.iter().map(of).sum::<f64>() as f32);
        }
    }
    Case { uvw: uvw.to_vec(), channels: samples.to_vec(), sources, spectra }
}

/// Points that patches hand out are the sum in double precision, and what they are as one list: near the phase centre and far
/// from it, cut into facets, on arrays that are flat or not.
#[test]
fn patches_are_their_points() {
    let band = uniform(1.31e9, 187.5e6 / 24.0, 24);
    for (degrees, middle, tile, reach, memory) in [
        (1.5, [0.0, 0.0], 16, 2600.0, MEMORY),
        (3.0, [0.1, -0.2], 16, 1000.0, MEMORY),
        (20.0, [0.1, 0.0], 7, 300.0, 240 << 20),
    ] {
        let array = Array { reach, ..field(1.0) };
        let uvw = Case::new(array, band.clone(), 1, POINT, 24).uvw;
        let case = blobs(80, degrees, middle, &band, &uvw, 3);
        let tiles = Tiles::new(&case, 80, tile);
        let truth = case.truth();
        let lmn: Vec<[f64; 3]> = case.sources.iter().map(|source| source.lmn).collect();
        for (level, epsilon) in [
            (SimdLevel::detect(), 1e-3),
            (SimdLevel::detect(), 1e-4),
            (SimdLevel::detect(), 1e-6),
            (SimdLevel::Portable, 1e-4),
        ] {
            let options = NufftOptions::new(epsilon, memory).threads(2);
            let slots: [(usize, &dyn Patches); 1] = [(0, &tiles)];
            let made =
                Nufft3d::of_patches(level, &band, &band, &slots, &stokes_i(1), &uvw, &options).unwrap();
            let found = run(&made, &uvw);
            let (rms, max) = errors(&found, &truth);
            let points = [Points { stokes: 0, lmn: &lmn, spectra: &case.spectra }];
            let sky = NufftSky { samples: &band, planes: &[], points: &points };
            let list = Nufft3d::of_sky(level, &band, &sky, &stokes_i(1), &uvw, &options).unwrap();
            let widened: Vec<_> = run(&list, &uvw).iter().map(common::widen).collect();
            let (apart, _) = errors(&found, &widened);
            let what = format!(
                "{degrees} deg, {epsilon:.0e}: rms {rms:.2e}, max {max:.2e}, {apart:.2e} from the list, {} facets, {} MB",
                made.facets(),
                made.bytes() >> 20
            );
            println!("{what}");
            assert!(rms <= epsilon && max <= 20.0 * epsilon && apart <= 1.5 * epsilon, "{what}");
            assert!(made.bytes() <= memory && made.others() == 0, "{what}");
            let cost = Nufft3d::cost_of_patches(level, &band, &band, &slots, 1, &stokes_i(1), &uvw, &options)
                .unwrap();
            assert!(cost.facets == made.facets() && cost.bytes > made.bytes() && cost.set_up > 0.0);
        }
    }
}

/// Patches of several Stokes parameters, each with spectra at a few frequencies, mix into correlations.
#[test]
fn patches_of_four_stokes_parameters() {
    let mix = linear();
    let band = uniform(1.49e9, -1e6, 180);
    let samples = Nufft3d::samples(&band, 8);
    let uvw = Case::new(field(1.0), band.clone(), 1, POINT, 9).uvw;
    let of = |frequencies: &[f64]| -> Vec<Case> {
        (0..4).map(|stokes| blobs(32, 1.0, [0.0, 0.01], frequencies, &uvw, 10 + stokes)).collect()
    };
    let (whole, few) = (of(&band), of(&samples));
    let expected = common::correlations(&whole);
    let tiles: Vec<Tiles> = few.iter().map(|case| Tiles::new(case, 32, 10)).collect();
    let order = [2, 0, 3, 1];
    let slots: Vec<(usize, &dyn Patches)> =
        order.iter().map(|&stokes| (stokes, &tiles[stokes] as &dyn Patches)).collect();
    let make = |slots: &[(usize, &dyn Patches)], threads| {
        let options = NufftOptions::new(1e-6, MEMORY).threads(threads);
        Nufft3d::of_patches(SimdLevel::detect(), &band, &samples, slots, &mix, &uvw, &options)
    };
    let found = run(&make(&slots, 1).unwrap(), &uvw);
    let (rms, max) = errors(&found, &expected);
    assert!(rms <= 1e-6 && max <= 2e-5, "rms {rms:.2e}, max {max:.2e}");
    assert_eq!(found, run(&make(&slots, 3).unwrap(), &uvw));
    let twice = [slots[0], slots[1], slots[0]];
    assert!(matches!(make(&twice, 1), Err(KernelError::OutOfRange { what: "stokes", .. })));
}

/// Patches that are not what they say they are.
#[test]
fn patches_that_lie_are_refused() {
    let band = uniform(1.31e9, 1e6, 20);
    let uvw = Case::new(field(1.0), band.clone(), 1, POINT, 9).uvw;
    let case = blobs(32, 1.0, [0.0, 0.0], &band, &uvw, 1);
    let make = |case: &Case, change: &dyn Fn(&mut Patch), uvw: &[[f64; 3]]| {
        let mut tiles = Tiles::new(case, 32, 16);
        change(&mut tiles.patches[3]);
        let slots: [(usize, &dyn Patches); 1] = [(0, &tiles)];
        let options = NufftOptions::new(1e-4, MEMORY);
        Nufft3d::of_patches(SimdLevel::detect(), &band, &band, &slots, &stokes_i(1), uvw, &options)
            .map(|made| made.facets())
    };
    assert_eq!(make(&case, &|_| {}, &uvw), Ok(1));
    assert!(matches!(
        make(&case, &|patch| patch.points += 1, &uvw),
        Err(KernelError::Length { what: "a patch", expected: 257, found: 256 })
    ));
    for change in [|patch: &mut Patch| patch.radius *= 0.5, |patch: &mut Patch| patch.lmn[2] += 1e-6] {
        let refused = make(&case, &change, &uvw);
        assert!(matches!(refused, Err(KernelError::OutOfRange { what: "patches", index: 3 })), "{refused:?}");
    }
    assert!(matches!(
        make(&case, &|patch| patch.radius = f64::NAN, &uvw),
        Err(KernelError::NotFinite { what: "patches", index: 3 })
    ));
    // On baselines of thousands of kilometres, no expansion holds a quarter of a degree.
    let long: Vec<[f64; 3]> = uvw.iter().map(|row| row.map(|x| 3e4 * x)).collect();
    let refused = make(&case, &|_| {}, &long);
    assert!(matches!(refused, Err(KernelError::OutOfRange { what: "patches", .. })), "{refused:?}");
    let mut odd = blobs(32, 1.0, [0.0, 0.0], &band, &uvw, 1);
    odd.spectra[100] = f32::NAN;
    assert!(matches!(make(&odd, &|_| {}, &uvw), Err(KernelError::NotFinite { what: "patches", .. })));
}

/// What a plan would cost is told from some of its sources and baselines: its memory to within a quarter.
#[test]
fn costs_are_told_before() {
    let case = flat(Case::new(field(0.4), uniform(1.31e9, 244_140.625, 100), 4000, POINT, 400));
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    let options = NufftOptions::new(1e-5, MEMORY);
    let level = SimdLevel::detect();
    let cost = |count: usize, options: &NufftOptions| {
        let plane =
            Plane { sources: &plane.sources[..count], spectra: &plane.spectra[..count * 100], ..plane };
        let sky = NufftSky { samples: &case.channels, planes: &[plane], points: &[] };
        Nufft3d::cost(level, &case.channels, &sky, 4000 / count, &stokes_i(1), &case.uvw, options)
    };
    let made = plan(&case, level, 1e-5);
    let (all, some) = (cost(4000, &options).unwrap(), cost(500, &options).unwrap());
    assert_eq!((all.facets, all.others), (made.facets(), made.others()));
    assert!(all.bytes > made.bytes());
    for (a, b) in [(all.bytes as f64, some.bytes as f64), (all.set_up, some.set_up), (all.row, some.row)] {
        assert!(b > 0.75 * a && b < 1.25 * a, "{all:?} {some:?}");
    }
    assert!(matches!(cost(500, &NufftOptions::new(1e-5, 1 << 16)), Err(KernelError::Memory { .. })));
}

#[test]
fn results_do_not_depend_on_threads() {
    let case = flat(Case::new(field(1.0), uniform(1.31e9, 1e6, 100), 300, POINT, 24));
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    let of = |threads| {
        let options = NufftOptions::new(1e-5, MEMORY).threads(threads);
        let level = SimdLevel::detect();
        let made = Nufft3d::new(level, &case.channels, &[plane], &stokes_i(2), &case.uvw, &options).unwrap();
        run(&made, &case.uvw)
    };
    assert_eq!(of(1), of(3));
}

#[test]
fn memory_is_kept_under_its_limit_or_refused() {
    let case = flat(Case::new(field(1.5), uniform(1.31e9, 244_140.625, 100), 100, POINT, 40));
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    let make = |memory| {
        let options = NufftOptions::new(1e-5, memory);
        Nufft3d::new(SimdLevel::detect(), &case.channels, &[plane], &stokes_i(1), &case.uvw, &options)
    };
    let whole = make(MEMORY).unwrap();
    assert_eq!(whole.facets(), 1);
    let limit = whole.bytes() * 11 / 10;
    let parts = make(limit).unwrap();
    assert!(parts.facets() > 1 && parts.bytes() <= limit, "{} facets", parts.facets());
    let (rms, _) = errors(&run(&parts, &case.uvw), &case.truth());
    assert!(rms <= 1e-5, "{rms:.2e}");
    let needed = match make(1 << 20) {
        Err(KernelError::Memory { needed, limit }) if limit == 1 << 20 => needed,
        other => panic!("{:?}", other.map(|plan| plan.bytes())),
    };
    assert!(needed > 1 << 20 && make(needed).is_ok());
}

#[test]
fn what_cannot_be_promised_is_refused() {
    let case = flat(Case::new(field(0.5), uniform(1.31e9, 1e6, 20), 10, POINT, 10));
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    let make = |epsilon, uvw: &[[f64; 3]]| {
        let options = NufftOptions::new(epsilon, MEMORY);
        Nufft3d::new(SimdLevel::Portable, &case.channels, &[plane], &stokes_i(1), uvw, &options)
    };
    for epsilon in [1e-7, 0.1, f64::NAN] {
        assert!(matches!(make(epsilon, &case.uvw), Err(KernelError::Epsilon { .. })));
    }
    assert!(matches!(make(1e-4, &[[f64::NAN; 3]]), Err(KernelError::NotFinite { index: 0, .. })));
    let plan = make(1e-4, &case.uvw).unwrap();
    let mut out = vec![Complex32::ONE; 20];
    let longer = [case.uvw[0].map(|x| 9.0 * x)];
    let refused = plan.predict(&longer, &mut [&mut out], &mut plan.scratch());
    assert!(matches!(refused, Err(KernelError::OutOfRange { what: "uvw", index: 0 })), "{refused:?}");
    assert!(out.iter().all(|x| *x == Complex32::ONE));
    let none = Source { lmn: [0.0; 3], shape: Shape::Point };
    let plane = Plane { stokes: 0, sources: &[none], spectra: &case.spectra };
    let options = NufftOptions::new(1e-4, MEMORY);
    let refused =
        Nufft3d::new(SimdLevel::Portable, &case.channels, &[plane], &stokes_i(1), &case.uvw, &options);
    assert!(matches!(refused.map(|_| ()), Err(KernelError::Length { what: "spectra", .. })));
}

#[test]
fn nothing_is_predicted_of_nothing() {
    let plane = Plane { stokes: 0, sources: &[], spectra: &[] };
    let options = NufftOptions::new(1e-4, MEMORY);
    let made =
        Nufft3d::new(SimdLevel::detect(), &[1e9, 1.1e9], &[plane], &stokes_i(2), &[[1.0; 3]], &options)
            .unwrap();
    assert!(run(&made, &[[1.0; 3]]).iter().all(|x| *x == ZERO));
    assert!(run(&made, &[]).is_empty());
}
