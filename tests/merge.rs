//! Surveys merged, and spectral indices between them: synthetic skies whose truth is known, and real excerpts.

mod common;

use common::sky::Random;
use nvss_predict::catalog::{self, Member, ReadOptions, place_members};
use nvss_predict::coords::{Direction, Frame};
use nvss_predict::sky::{
    Component, Fate, Gaussian, IndexAccount, Instrument, Layer, Merged, Shape, Spectrum, fit_indices, merge,
};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const ARCSEC: f64 = std::f64::consts::PI / 180.0 / 3600.0;
const RADIUS: f64 = 5.0 * ARCSEC;

const FIRST: (&str, f64, f64) = ("FIRST", 1.4e9, 5.4);
const NVSS: (&str, f64, f64) = ("NVSS", 1.4e9, 45.0);
const RACS: (&str, f64, f64) = ("RACS-low", 887.5e6, 25.0);
const TGSS: (&str, f64, f64) = ("TGSS ADR1", 147.5e6, 25.0);
const WENSS: (&str, f64, f64) = ("WENSS", 325e6, 54.0);
const VLSSR: (&str, f64, f64) = ("VLSSr", 73.8e6, 75.0);

fn at(ra: f64, dec: f64) -> Direction {
    Direction::from_degrees(Frame::J2000, ra, dec)
}

/// `centre`, so far to the east and north [arcsec].
fn aside(centre: Direction, east: f64, north: f64) -> Direction {
    centre.offset(east.atan2(north), east.hypot(north) * ARCSEC)
}

/// A survey of points, their spectra assumed to be of −0.7.
fn layer((name, frequency, beam): (&str, f64, f64), sources: &[(Direction, f64)]) -> Layer {
    let instrument = Instrument { name: name.into(), frequency: Some(frequency), beam: beam * ARCSEC };
    let spectrum = || Spectrum::PowerLaw { alpha: -0.7, reference: frequency };
    let components: Vec<Component> =
        sources.iter().map(|(place, flux)| Component::point(*place, *flux, spectrum())).collect();
    Layer { instrument, assumed: vec![true; components.len()], components }
}

fn total(merged: &Merged) -> f64 {
    merged.components.iter().map(|component| component.stokes.i).sum()
}

/// Places where RA wraps, the poles, and one where nothing is special.
fn places() -> [Direction; 6] {
    [at(150.0, 20.0), at(0.0, 0.0), at(359.9999, -45.0), at(10.0, 90.0), at(77.0, 89.999), at(200.0, -90.0)]
}

#[test]
fn one_nvss_source_of_three_first_components_is_counted_once_everywhere() {
    for centre in places() {
        let parts = [
            (aside(centre, 0.0, 15.0), 0.3),
            (aside(centre, 12.0, -9.0), 0.2),
            (aside(centre, -14.0, 2.0), 0.45),
        ];
        let blend = [(aside(centre, -1.0, 6.0), 1.0)];
        let merged = merge(&[layer(FIRST, &parts), layer(NVSS, &blend)], RADIUS);
        assert_eq!(merged.components.len(), 3, "{centre}");
        assert_eq!(merged.fates, [vec![Fate::Kept; 3], vec![Fate::Blend]]);
        assert!((total(&merged) - 0.95).abs() < 1e-12);
        assert!((merged.account[1].lost_jy - 0.05).abs() < 1e-12, "{:?}", merged.account[1]);
        // The other way round the components are parts of the blend.
        let merged = merge(&[layer(NVSS, &blend), layer(FIRST, &parts)], RADIUS);
        assert_eq!(merged.fates, [vec![Fate::Kept], vec![Fate::Part; 3]], "{centre}");
        assert_eq!(total(&merged), 1.0);
    }
}

#[test]
fn a_match_is_one_source_and_the_first_survey_has_it() {
    for centre in places() {
        let first = layer(FIRST, &[(centre, 0.1)]);
        for (distance, kept) in [(0.0, 1), (4.99, 1), (200.0, 2)] {
            let racs = layer(RACS, &[(aside(centre, distance, 0.0), 0.13)]);
            let merged = merge(&[first.clone(), racs], RADIUS);
            assert_eq!(merged.components.len(), kept, "{centre} {distance}");
            assert_eq!(merged.components[0], first.components[0]);
            assert_eq!(merged.account[1].matched, 2 - kept);
        }
    }
    // Sources of one survey stay, however close: it has told them apart.
    let close = layer(FIRST, &[(at(10.0, 0.0), 1.0), (aside(at(10.0, 0.0), 3.0, 0.0), 1.0)]);
    assert_eq!(merge(&[close, layer(NVSS, &[])], RADIUS).components.len(), 2);
    // The edge of the match radius, between surveys too fine for blends.
    let fine = |distance: f64| {
        let one = layer(FIRST, &[(at(10.0, 0.0), 1.0)]);
        let other = layer(("VLASS", 3e9, 2.5), &[(aside(at(10.0, 0.0), distance, 0.0), 1.0)]);
        merge(&[one, other], RADIUS).components.len()
    };
    assert_eq!((fine(4.999), fine(5.001)), (1, 2));
}

#[test]
fn a_faint_neighbour_does_not_stand_for_a_bright_source() {
    // 1 mJy of FIRST by chance 20″ from 50 mJy of NVSS, which FIRST resolves out.
    let centre = at(0.0, 40.0);
    let first = layer(FIRST, &[(aside(centre, 20.0, 0.0), 1e-3)]);
    let mut nvss = layer(NVSS, &[(centre, 50e-3)]);
    nvss.components[0].stokes.q = 5e-3;
    let merged = merge(&[first, nvss], RADIUS);
    assert_eq!(merged.fates[1], [Fate::Reduced]);
    assert!((total(&merged) - 50e-3).abs() < 1e-15, "the flux density of both is that of NVSS");
    assert!((merged.components[1].stokes.q - 5e-3 * 49.0 / 50.0).abs() < 1e-15);
    assert!((merged.account[1].taken_off_jy - 1e-3).abs() < 1e-15);
    // Beyond half the beam it is another source.
    let far = layer(FIRST, &[(aside(centre, 23.0, 0.0), 1e-3)]);
    let merged = merge(&[far, layer(NVSS, &[(centre, 50e-3)])], RADIUS);
    assert_eq!((merged.fates[1][0], merged.components.len()), (Fate::Kept, 2));
}

#[test]
fn an_extended_source_reaches_as_far_as_it_was_fitted() {
    let centre = at(120.0, 60.0);
    let lobes = [(aside(centre, 0.0, 50.0), 0.4), (aside(centre, 0.0, -50.0), 0.5)];
    let mut nvss = layer(NVSS, &[(centre, 1.0)]);
    assert_eq!(merge(&[layer(FIRST, &lobes), nvss.clone()], RADIUS).components.len(), 3);
    let size = Gaussian::new(110.0 * ARCSEC, 20.0 * ARCSEC, 0.0, Default::default());
    nvss.components[0].shape = Shape::Gaussian(size);
    assert_eq!(merge(&[layer(FIRST, &lobes), nvss], RADIUS).fates[1], [Fate::Blend]);
}

#[test]
fn a_component_is_part_of_the_nearest_blend_only() {
    // Two NVSS sources 40″ apart; the FIRST source between them belongs to the one 18″ away, not to both.
    let centre = at(33.0, 5.0);
    let first = layer(FIRST, &[(centre, 0.1)]);
    let nvss = layer(NVSS, &[(aside(centre, 18.0, 0.0), 0.1), (aside(centre, -22.0, 0.0), 0.1)]);
    assert_eq!(merge(&[first, nvss], RADIUS).fates[1], [Fate::Blend, Fate::Kept]);
}

#[test]
fn blends_are_judged_at_their_own_frequency() {
    // 0.55 Jy at 887.5 MHz is 0.4 Jy at 1.4 GHz with −0.7: less than half of 0.9 Jy, though more than half of 1.05.
    let centre = at(0.0, 0.0);
    let racs = layer(RACS, &[(aside(centre, 10.0, 0.0), 0.55)]);
    let there = racs.components[0].stokes_at(1.4e9).i;
    let fate = |flux: f64| merge(&[racs.clone(), layer(NVSS, &[(centre, flux)])], RADIUS).fates[1][0];
    assert_eq!(fate(2.0 * there * 1.001), Fate::Reduced);
    assert_eq!(fate(2.0 * there * 0.999), Fate::Blend);
}

/// A sky of random sources, seen by surveys of different depth: the merged sky has each once.
#[test]
fn chance_coincidences_neither_double_nor_lose_flux() {
    let mut random = Random(7);
    let (mut first, mut racs, mut nvss, mut truth) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
    for _ in 0..5000 {
        let place = at(random.within(-3.0, 3.0).rem_euclid(360.0), random.within(-3.0, 3.0));
        let flux = 10f64.powf(random.within(-3.0, 0.0));
        let near = |random: &mut Random, sigma: f64| {
            aside(place, random.within(-sigma, sigma), random.within(-sigma, sigma))
        };
        truth += flux;
        if random.within(0.0, 1.0) < 0.5 {
            first.push((near(&mut random, 0.5), flux));
        }
        if random.within(0.0, 1.0) < 0.5 {
            racs.push((near(&mut random, 1.5), flux * (887.5f64 / 1400.0).powf(-0.7)));
        }
        nvss.push((near(&mut random, 2.0), flux));
    }
    let merged = merge(&[layer(FIRST, &first), layer(RACS, &racs), layer(NVSS, &nvss)], RADIUS);
    let found: f64 = merged.components.iter().map(|component| component.stokes_at(1.4e9).i).sum();
    let account = &merged.account;
    assert!((found / truth - 1.0).abs() < 0.01, "{found} Jy of {truth} Jy");
    assert_eq!(account.iter().map(|survey| survey.kept).sum::<usize>(), merged.components.len());
    for survey in account {
        assert_eq!(survey.kept + survey.matched + survey.blends + survey.parts, survey.read, "{survey:?}");
    }
    // Where FIRST is alone against the brute force of all pairs.
    let kept = racs
        .iter()
        .filter(|(place, _)| first.iter().all(|(other, _)| place.separation(*other) > 12.5 * ARCSEC));
    let sure = kept.count();
    assert!(account[1].kept >= sure && account[1].kept <= sure + 30, "{} and {sure}", account[1].kept);
}

fn fitted(layers: &[Layer], merging: usize) -> (Merged, IndexAccount) {
    let mut merged = merge(&layers[..merging], RADIUS);
    let account = fit_indices(&mut merged, layers, RADIUS);
    (merged, account)
}

fn alpha(component: &Component) -> f64 {
    match component.spectrum {
        Spectrum::PowerLaw { alpha, .. } => alpha,
        _ => panic!("{:?}", component.spectrum),
    }
}

#[test]
fn power_laws_are_recovered_exactly() {
    for centre in places() {
        for index in [-2.4, -1.3, -0.7, 0.0, 0.9] {
            let flux = |frequency: f64| 0.3 * (frequency / 1.4e9).powf(index);
            let one = |survey: (&str, f64, f64)| layer(survey, &[(aside(centre, 1.0, 1.0), flux(survey.1))]);
            let (merged, account) = fitted(&[one(NVSS), one(TGSS)], 1);
            assert!((alpha(&merged.components[0]) - index).abs() < 1e-6, "{centre}");
            assert_eq!((merged.components.len(), account.fitted, account.fitted_to_three), (1, 1, 0));
            let (merged, account) = fitted(&[one(NVSS), one(TGSS), one(WENSS), one(VLSSR)], 1);
            assert!((alpha(&merged.components[0]) - index).abs() < 1e-6);
            assert_eq!((account.fitted, account.fitted_to_three), (1, 1));
            // Members of the merging serve as well.
            let (merged, _) = fitted(&[one(FIRST), one(RACS), one(NVSS)], 3);
            assert_eq!(merged.components.len(), 1);
            assert!((alpha(&merged.components[0]) - index).abs() < 1e-6);
        }
    }
}

/// The slope of the line through (ln ν, ln S) of the four points below, from the textbook sums in Python.
const SLOPE: f64 = -0.759_215_296_154;

#[test]
fn three_frequencies_are_fitted_by_least_squares() {
    let place = at(5.0, 5.0);
    let of = |survey, flux| layer(survey, &[(place, flux)]);
    let (merged, _) = fitted(&[of(NVSS, 0.1), of(WENSS, 0.35), of(TGSS, 0.5), of(VLSSR, 1.0)], 1);
    assert!((alpha(&merged.components[0]) - SLOPE).abs() < 1e-6, "{}", alpha(&merged.components[0]));
}

#[test]
fn a_blend_at_another_frequency_gives_its_parts_one_index() {
    let centre = at(0.0, 89.99);
    let parts = [(aside(centre, 0.0, 15.0), 0.3), (aside(centre, 12.0, -9.0), 0.2)];
    let factor = (147.5e6f64 / 1.4e9).powf(-0.85);
    let first = layer(FIRST, &parts);
    let wenss = layer(WENSS, &[(centre, 0.5 * (325e6f64 / 1.4e9).powf(-0.85))]);
    let (merged, account) = fitted(&[first, wenss], 1);
    assert_eq!(account.fitted, 2);
    merged.components.iter().for_each(|component| assert!((alpha(component) + 0.85).abs() < 1e-6));
    // And a source that a finer survey has in two pieces is compared with their sum.
    let nvss = layer(NVSS, &[(centre, 0.5)]);
    let pieces = [(aside(centre, 0.0, 15.0), 0.3 * factor), (aside(centre, 12.0, -9.0), 0.2 * factor)];
    let (merged, _) = fitted(&[nvss, layer(TGSS, &pieces)], 1);
    assert!((alpha(&merged.components[0]) + 0.85).abs() < 1e-6);
}

#[test]
fn indices_beyond_the_limits_and_without_counterparts_stay_assumed() {
    let place = at(5.0, 5.0);
    let far = at(7.0, 5.0);
    let nvss = layer(NVSS, &[(place, 0.1), (far, 0.1)]);
    for index in [-2.6, 1.6] {
        let tgss = layer(TGSS, &[(place, 0.1 * (147.5e6f64 / 1.4e9).powf(index))]);
        let (merged, account) = fitted(&[nvss.clone(), tgss], 1);
        assert_eq!((alpha(&merged.components[0]), alpha(&merged.components[1])), (-0.7, -0.7));
        assert_eq!((account.fitted, account.beyond_limits, account.unmatched), (0, 1, 1));
        assert_eq!(merged.assumed, [true, true]);
    }
    // Frequencies too close to tell, and noise.
    let near = layer(("RACS-mid", 1367.5e6, 11.2), &[(place, 0.2)]);
    let negative = layer(TGSS, &[(place, -0.2)]);
    let (_, account) = fitted(&[nvss.clone(), near, negative], 1);
    assert_eq!((account.fitted, account.unmatched), (0, 2));
    // A spectrum of the catalogue's own stays.
    let mut own = nvss;
    own.assumed[0] = false;
    let tgss = layer(TGSS, &[(place, 1.0)]);
    let (merged, account) = fitted(&[own, tgss], 1);
    assert_eq!((alpha(&merged.components[0]), account.own, account.unmatched), (-0.7, 1, 1));
}

#[test]
fn members_find_their_files() {
    let list = |text: &str| text.split(',').map(|item| item.parse().unwrap()).collect::<Vec<Member>>();
    let environment = |name: &str| (name == "RACS_CATALOG").then(|| OsString::from("racs.fits"));
    let place = |text: &str, told| {
        let mut members = list(text);
        place_members(&mut members, &mut [], Path::new("cat.csv"), told, false, environment)
            .map(|()| members.into_iter().map(|m| (m.instrument.name, m.path)).collect::<Vec<_>>())
    };
    let file = |name: &str| Some(PathBuf::from(name));
    let expected = vec![
        ("FIRST".to_owned(), file("first.fits")),
        ("RACS-low".to_owned(), file("racs.fits")),
        ("NVSS".to_owned(), None),
    ];
    assert_eq!(place("FIRST=first.fits,racs,NVSS", Some("NVSS")).unwrap(), expected);
    assert_eq!(place("FIRST=first.fits,RACS,NVSS", None).unwrap(), expected);
    assert_eq!(place("FIRST=first.fits,RACS,NVSS=cat.csv", None).unwrap(), expected);
    for (text, words) in [
        ("FIRST,NVSS", "FIRST and NVSS have no file"),
        ("FIRST=f,NVSS=g", "has no place in the list"),
        ("NVSS=f,NVSS", "NVSS is named twice"),
        ("NVSS", "nothing to merge"),
    ] {
        let error = place(text, None).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = place("FIRST,NVSS", Some("NVSS")).unwrap_err().to_string();
    assert!(error.contains("FIRST has no file") && error.contains("FIRST_CATALOG"), "{error}");
    assert!("GAIA".parse::<Member>().unwrap_err().to_string().contains("FIRST, RACS-low"));
    assert!("NVSS=".parse::<Member>().is_err());
}

/// A real excerpt about RA 200, Dec 45, in four surveys.
fn real(survey: (&str, f64, f64), file: &str) -> Option<Layer> {
    let path = common::data(&format!("catalogues/lsmtool_expected.{file}.sky"))?;
    let read = catalog::read(&path, &ReadOptions::default()).unwrap();
    let (name, frequency, beam) = survey;
    let instrument = Instrument { name: name.into(), frequency: Some(frequency), beam: beam * ARCSEC };
    Some(Layer { instrument, components: read.components, assumed: read.assumed })
}

#[test]
fn real_surveys_give_the_spectra_of_real_sources() {
    let Some(nvss) = real(NVSS, "nvss") else { return };
    let surveys = [(WENSS, "wenss"), (TGSS, "tgss"), (VLSSR, "vlssr")];
    let others: Vec<Layer> = surveys.into_iter().filter_map(|(survey, file)| real(survey, file)).collect();
    let layers: Vec<Layer> = std::iter::once(nvss).chain(others).collect();
    let (merged, account) = fitted(&layers, 1);
    common::say(&format!("NVSS against WENSS, TGSS, VLSSr: {account:?}"));
    // NVSS 131732+444803, 73.9 mJy; WENSS 183 mJy, TGSS 356.8 mJy, VLSSr 998.5 mJy: the same sums give −0.850468.
    let source = merged.components.iter().find(|c| c.name.as_deref() == Some("131732+444803")).unwrap();
    assert!((alpha(source) - REAL).abs() < 1e-6, "{}", alpha(source));
    assert!(account.fitted >= 10 && (-0.9..-0.5).contains(&account.median.unwrap()), "{account:?}");
    // Merged, not a source of NVSS stands beside its counterpart in WENSS.
    let merged = merge(&layers[..2], RADIUS);
    for (number, component) in merged.components.iter().enumerate().filter(|(at, _)| merged.layers[*at] == 1)
    {
        let nearest = merged.components[..number].iter().filter(|c| c.stokes.i > 0.01 * component.stokes.i);
        let nearest = nearest.map(|c| c.position.separation(component.position)).fold(1.0, f64::min);
        assert!(nearest > 5.0 * ARCSEC);
    }
}

/// See above.
const REAL: f64 = -0.850_468_257_470;

/// NVSS above 50 mJy and MGPS-2 (843 MHz, the same resolution) where they overlap, south of −30°.
#[test]
fn real_overlapping_surveys_are_merged_and_have_the_spectra_of_radio_sources() {
    let (nvss, mgps) = (need!("catalogues/NVSSVZ.FIT.gz"), need!("catalogues/MGPSVZTab.fits.gz"));
    let read = |path: &Path, survey: (&str, f64, f64)| {
        let mut read = catalog::read(path, &ReadOptions::default()).unwrap();
        let south = |place: Direction| (-40.0..-30.0).contains(&place.latitude.to_degrees());
        read.components.retain(|component| south(component.position));
        let instrument =
            Instrument { name: survey.0.into(), frequency: Some(survey.1), beam: survey.2 * ARCSEC };
        Layer { instrument, assumed: vec![true; read.components.len()], components: read.components }
    };
    let layers = [read(&nvss, NVSS), read(&mgps, ("MGPS-2", 843e6, 45.0))];
    let (merged, account) = fitted(&layers, 2);
    common::say(&format!("NVSS and MGPS-2 south of -30 deg: {:?} {account:?}", merged.account));
    // Both are complete to 50 mJy where they overlap, with positions to a few arcsec.
    let mgps = &merged.account[1];
    assert!(account.fitted > 100 && mgps.matched + mgps.blends >= account.fitted, "{mgps:?} {account:?}");
    assert!((-1.1..-0.5).contains(&account.median.unwrap()), "{account:?}");
    let all: Vec<Direction> = layers.iter().flat_map(|l| l.components.iter().map(|c| c.position)).collect();
    // By brute force: no pair of the merged sky across surveys within 5 arcsec.
    let of = |layer: usize| {
        let places = merged.components.iter().zip(&merged.layers).filter(move |(_, at)| **at == layer);
        places.map(|(component, _)| component.position)
    };
    assert!(merged.components.len() < all.len());
    assert!(of(1).all(|one| {
        let near = of(0).filter(|other| (other.latitude - one.latitude).abs() < 1e-4);
        near.map(|other| one.separation(other)).all(|distance| distance > RADIUS)
    }));
}

#[test]
#[ignore = "a measurement, for a quiet machine"]
fn how_long_a_hundred_thousand_sources_take() {
    let mut random = Random(3);
    let mut many = |count: usize, side: f64| -> Vec<(Direction, f64)> {
        (0..count)
            .map(|_| (at(random.within(0.0, side), random.within(0.0, side)), random.within(1e-3, 1.0)))
            .collect()
    };
    for (count, side) in [(10_000, 6.0), (100_000, 20.0), (100_000, 6.0)] {
        let first = layer(FIRST, &many(count / 2, side));
        let nvss = layer(NVSS, &many(count / 2, side));
        let tgss = layer(TGSS, &many(count / 4, side));
        let layers = [first, nvss, tgss];
        let begun = std::time::Instant::now();
        let mut merged = merge(&layers[..2], RADIUS);
        let merging = begun.elapsed();
        fit_indices(&mut merged, &layers, RADIUS);
        let all = begun.elapsed();
        common::say(&format!(
            "{count} sources on {side}° squared: merged in {merging:?}, with spectra {all:?}"
        ));
    }
}
