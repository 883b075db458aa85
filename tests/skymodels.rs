//! Sky models of other programs: real files, one sky in all notations, and back again.

use std::f64::consts::PI;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nvss_predict::catalog::models::{Form, Losses, WRITERS, Writer, writer_for};
use nvss_predict::catalog::{self, Catalog, Format, Handling, ReadOptions};
use nvss_predict::coords::{Direction, Frame};
use nvss_predict::sky::{
    AngleFrame, Component, Ellipse, FaradayRotation, Gaussian, Interpolation, Polarisation, Shape, Shapelet,
    ShapeletConvention, ShapeletTerm, Spectrum, Stokes, Table,
};

mod common;
#[path = "skymodels/complist.rs"]
mod complist;
#[path = "skymodels/crystalball.rs"]
mod crystalball;
#[path = "skymodels/hyperdrive.rs"]
mod hyperdrive;
#[path = "skymodels/programs.rs"]
mod programs;
#[path = "skymodels/sagecal.rs"]
mod sagecal;

const ARCSEC: f64 = PI / 180.0 / 3600.0;

/// Frequencies at which two components are compared [Hz].
const FREQUENCIES: [f64; 4] = [74e6, 150e6, 231e6, 1.4e9];

fn strictly(path: &Path) -> Catalog {
    let handling = Handling { polarization: false, strict: true };
    let read =
        catalog::open(path, None).and_then(|source| source.read_with(&ReadOptions::default(), handling));
    read.unwrap_or_else(|error| panic!("{}", explained(&error)))
}

fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/skymodels").join(name)
}

/// The sky of a text in a file of this name.
fn sky(name: &str, text: &str) -> Result<Catalog, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    catalog::read(&path, &ReadOptions::default())
        .map_err(|error| explained(&error).replace(&path.display().to_string(), name))
}

/// That two components are the same to `tolerance`: place [rad], shape, flux densities at all frequencies.
#[track_caller]
fn assert_same(label: &str, a: &Component, b: &Component, tolerance: f64) {
    let apart = a.position.separation(b.position);
    assert!(
        apart < tolerance.max(1e-12),
        "{label}: {} and {} are {apart:e} rad apart",
        a.position,
        b.position
    );
    for hz in FREQUENCIES {
        for stokes in 0..4 {
            let (x, y) = (a.value(stokes, hz), b.value(stokes, hz));
            let scale = a.value(0, hz).abs().max(1e-12);
            assert!(
                (x - y).abs() <= tolerance * scale,
                "{label}: Stokes {stokes} at {hz} Hz: {x} and {y}\n{a:?}\n{b:?}"
            );
        }
    }
    assert_eq!(a.shape.kind(), b.shape.kind(), "{label}");
    if let (Some(one), Some(other)) = (a.shape.ellipse(), b.shape.ellipse()) {
        assert!((one.major - other.major).abs() <= tolerance * one.major, "{label}: {one:?} {other:?}");
        assert!((one.minor - other.minor).abs() <= tolerance * one.major, "{label}: {one:?} {other:?}");
        let turn = (one.position_angle - other.position_angle + 0.5 * PI).rem_euclid(PI) - 0.5 * PI;
        assert!(one.major == one.minor || turn.abs() < 1e-8, "{label}: {one:?} {other:?}");
    }
}

/// What stands in the real files, counted with grep and astropy.
#[test]
fn real_files_of_every_program() {
    for (name, format, components, gaussians, shapelets) in [
        ("hyperdrive_ao_cluster_srclist.txt", Format::Ao, 5, 2, 0),
        ("hyperdrive_gleam.fits", Format::HyperdriveFits, 4, 2, 0),
        ("hyperdrive_gleam.yaml", Format::Hyperdrive, 4, 2, 0),
        ("hyperdrive_jack.fits", Format::HyperdriveFits, 8, 3, 2),
        ("hyperdrive_jack.yaml", Format::Hyperdrive, 8, 3, 2),
        ("hyperdrive_srclist_1061316544.yaml", Format::Hyperdrive, 50, 12, 0),
        ("hyperdrive_srclist_1099334672_100_rts.txt", Format::Rts, 169, 68, 18),
        ("hyperdrive_srclist_3x3_grid.txt", Format::Woden, 9, 3, 3),
        ("hyperdrive_srclist_all_kinds.yaml", Format::Hyperdrive, 9, 3, 3),
        ("oskar_example_basic.csv", Format::Bbs, 3, 2, 0),
        ("oskar_sky_model_example.csv", Format::Oskar, 100, 93, 0),
        ("pyradiosky_pointsource_catalog.txt", Format::Pyradiosky, 3, 0, 0),
        ("tigger_3C147-HI6.refmodel.lsm.html", Format::Lsm, 325, 155, 0),
        ("tigger_3C147-HI6.refmodel.reference.txt", Format::Tigger, 325, 155, 0),
        ("tigger_deep4.reference.txt", Format::Tigger, 38, 14, 0),
        ("tigger_deep4_pybdsm.gaul", Format::Pybdsf, 38, 14, 0),
        ("wsclean_sector_1-sources-pb.txt", Format::Bbs, 7751, 2589, 0),
    ] {
        let Some(path) = common::data(&format!("skymodels/{name}")) else { return };
        let list = strictly(&path);
        let count =
            |kind: &str| list.components.iter().filter(|component| component.shape.kind() == kind).count();
        let found = (list.format, list.components.len(), count("Gaussian"), count("shapelets"));
        assert_eq!(found, (format, components, gaussians, shapelets), "{name}");
    }
}

/// The same models in two programs' formats, as those programs' own tests have them.
#[test]
fn pairs_of_real_files_are_the_same_sky() {
    for (one, other, tolerance) in [
        ("hyperdrive_jack.fits", "hyperdrive_jack.yaml", 1e-14),
        ("hyperdrive_gleam.fits", "hyperdrive_gleam.yaml", 1e-14),
        ("tigger_3C147-HI6.refmodel.lsm.html", "tigger_3C147-HI6.refmodel.reference.txt", 1e-12),
        ("tigger_deep4_pybdsm.gaul", "tigger_deep4.reference.txt", 1e-9),
    ] {
        let open =
            |name: &str| common::data(&format!("skymodels/{name}")).map(|path| strictly(&path).components);
        let (Some(one_sky), Some(other_sky)) = (open(one), open(other)) else { return };
        assert_eq!(one_sky.len(), other_sky.len(), "{one} {other}");
        for (a, b) in one_sky.iter().zip(&other_sky) {
            let mut a = a.clone();
            if one.ends_with(".gaul") {
                // Tigger's list of it has no frequency.
                a.spectrum = Spectrum::Flat;
            }
            assert_same(one, &a, b, tolerance);
        }
    }
}

/// The sky of the files `one_sky.*`.
fn one_sky() -> [Component; 2] {
    let place = |ra: f64, dec: f64| Direction::from_degrees(Frame::J2000, ra, dec);
    let reference = 150e6;
    let west = place(360.0 - 0.1 * 15.0 / 3600.0, -(12.0 / 60.0 + 34.5 / 3600.0));
    let west = Component::point(west, 2.0, Spectrum::PowerLaw { alpha: -0.7, reference });
    let mut east = west.clone();
    east.position = place(0.1 * 15.0 / 3600.0, 1.0 / 3600.0);
    east.stokes = Stokes { i: 1.0, q: 0.1, u: -0.05, v: 0.0 };
    east.shape =
        Shape::Gaussian(Gaussian::new(60.0 * ARCSEC, 30.0 * ARCSEC, 30f64.to_radians(), AngleFrame::Source));
    east.spectrum = Spectrum::LnPolynomial { terms: vec![-0.7, 0.1], reference };
    [west.named(Some("west".into())), east.named(Some("east".into()))]
}

/// log10 and ln, orientations, hours and degrees, minutes south of the equator, right ascensions about 24 h, mJy: the traps.
#[test]
fn one_sky_in_every_notation() {
    for (name, format, count, polarised) in [
        ("one_sky.skymodel", Format::Bbs, 2, true),
        ("one_sky-sources.txt", Format::Bbs, 2, false),
        ("one_sky.sagecal.txt", Format::Sagecal, 2, true),
        ("one_sky.yaml", Format::Hyperdrive, 2, true),
        ("one_sky.ao.txt", Format::Ao, 2, true),
        ("one_sky.osm", Format::Oskar, 1, false),
        ("one_sky.lsm.txt", Format::Tigger, 2, true),
        ("one_sky.rts.txt", Format::Rts, 1, false),
        ("one_sky.woden.txt", Format::Woden, 1, false),
        ("one_sky.py", Format::ClScript, 2, false),
    ] {
        let list = strictly(&data(name));
        assert_eq!((list.format, list.components.len()), (format, count), "{name}");
        for (component, mut expected) in list.components.iter().zip(one_sky()) {
            if !polarised {
                expected.stokes = Stokes::unpolarised(expected.stokes.i);
            }
            assert_same(name, component, &expected, 1e-13);
            let frame = component.shape.angle().map(|(_, frame)| frame);
            let centre = matches!(name, "one_sky-sources.txt" | "one_sky.sagecal.txt");
            let own = if centre { AngleFrame::Centre } else { AngleFrame::Source };
            assert!(frame.is_none_or(|frame| frame == own), "{name}: {frame:?}");
        }
    }
    let clustered = strictly(&data("one_sky.sagecal.txt"));
    assert!(clustered.components.iter().all(|component| component.patch.as_deref() == Some("-1")));
    let patched = strictly(&data("one_sky.skymodel"));
    assert!(patched.components.iter().all(|component| component.patch.as_deref() == Some("field")));
}

/// Q, U and V of DP3 stay while I falls; with a rotation measure they turn, from Q and U at a frequency or from an angle.
#[test]
fn polarisation_as_dp3_reads_it() {
    let read = |row: &str| {
        let format = "FORMAT = Name, Ra, Dec, I, Q, U, V, ReferenceFrequency, SpectralIndex, RotationMeasure, PolarizedFraction, PolarizationAngle\n";
        sky("p.skymodel", &format!("{format}a, 1:0:0, 2.0.0, {row}\n"))
    };
    let constant = &read("2, 0.2, -0.1, 0.05, 150e6, [-0.7], , ,").unwrap().components[0];
    let there = constant.stokes_at(300e6);
    assert_eq!((there.q, there.u, there.v), (0.2, -0.1, 0.05));
    assert!((there.i - 2.0 * 2f64.powf(-0.7)).abs() < 1e-15);
    let turning = &read("2, 0.2, -0.1, , 150e6, [-0.7], 10, ,").unwrap().components[0];
    let here = turning.stokes_at(150e6);
    assert!((here.q - 0.2).abs() < 1e-12 && (here.u + 0.1).abs() < 1e-12, "{here:?}");
    // χ grows with RM λ²: a positive measure turns from north through east at longer waves.
    let hz = 149e6;
    let chi = |hz: f64| 10.0 * (299_792_458.0f64 / hz).powi(2);
    let there = turning.stokes_at(hz);
    let (q, u, turn) = (0.2f64, -0.1f64, 2.0 * (chi(hz) - chi(150e6)));
    let factor = (hz / 150e6).powf(-0.7);
    assert!((there.q - factor * (q * turn.cos() - u * turn.sin())).abs() < 1e-11, "{there:?}");
    assert!((there.u - factor * (q * turn.sin() + u * turn.cos())).abs() < 1e-11, "{there:?}");
    let angle = &read("2, , , , 150e6, [-0.7], 10, 0.1, 0.3").unwrap().components[0];
    let chi = 0.3 + chi(200e6);
    let there = angle.stokes_at(200e6);
    assert!((there.q - 0.1 * there.i * (2.0 * chi).cos()).abs() < 1e-12);
    for (row, reason) in [
        (
            "2, , , , 150e6, [], , 0.1, 0.3",
            "p.skymodel:2: column 'PolarizedFraction': '0.1': without a RotationMeasure",
        ),
        (
            "2, 0.1, 0.2, , 150e6, [], 5, 0.1, ",
            "needs PolarizedFraction and PolarizationAngle, or else Q and U",
        ),
        ("2, , , , 150e6, [], 5, , ", "needs PolarizedFraction and PolarizationAngle, or else Q and U"),
        ("2, 0.1, 0.2, , , [], 5, , ", "without a ReferenceFrequency or ReferenceWavelength"),
    ] {
        let said = read(row).unwrap_err();
        assert!(said.contains(reason), "{row}: {said}");
    }
}

/// Instrumental fluxes of version 1.0: half the sum of XX and YY is I.
#[test]
fn instrumental_flux_densities_are_halved() {
    let text = std::fs::read_to_string(data("one_sky.ao.txt")).unwrap();
    let text = text.replace("1.1", "1.0").replace("Jy 2 0 0 0", "Jy 2.2 0.3 0.3 1.8");
    let text = text.replace("Jy 1 0.1 -0.05 0", "Jy 1 0 0 1");
    let west = sky("x.txt", &text).unwrap().components[0].stokes;
    assert!((west.i - 2.0).abs() < 1e-15 && (west.q - 0.2).abs() < 1e-15 && west.u == 0.3 && west.v == 0.0);
}

/// Components of every kind that is predicted.
fn everything() -> Vec<Component> {
    let place =
        |at: usize| Direction::from_degrees(Frame::J2000, 7.0 + 29.0 * at as f64, -40.0 + 10.1 * at as f64);
    let reference = 150e6;
    let law = Spectrum::PowerLaw { alpha: -0.7, reference };
    let ellipse = Ellipse::new(61.3 * ARCSEC, 30.1 * ARCSEC, 0.6, AngleFrame::Source);
    let stokes = Stokes { i: 1.5, q: 0.1, u: -0.05, v: 0.02 };
    let entries = [(100e6, 3.0), (150e6, 2.0), (200e6, 1.4)]
        .map(|(hz, i)| (hz, Stokes { i, q: 0.1 * i, u: 0.0, v: 0.0 }));
    let table = Arc::new(Table::new(&entries, Interpolation::LogLogOfI).unwrap());
    let shapelet = Shapelet {
        scales: [60.0 * ARCSEC, 40.0 * ARCSEC],
        position_angle: 0.4,
        angle_frame: AngleFrame::Source,
        terms: vec![ShapeletTerm { n1: 0, n2: 0, value: 0.9 }, ShapeletTerm { n1: 1, n2: 2, value: -0.2 }],
        convention: ShapeletConvention::Hyperdrive,
    };
    let of = |at, shape, spectrum| Component::new(place(at), shape, stokes, spectrum);
    let polarised = |polarisation| Some(Box::new(polarisation));
    let mut own = of(9, Shape::Point, law.clone());
    own.polarisation = polarised(Polarisation {
        linear: Some(Spectrum::Flat),
        circular: Some(Spectrum::Flat),
        rotation: None,
    });
    let mut turning = of(10, Shape::Point, law.clone());
    turning.stokes.v = 0.0;
    turning.polarisation = polarised(Polarisation {
        rotation: Some(FaradayRotation::from_frequency(12.5, reference)),
        ..Polarisation::default()
    });
    let mut list = vec![
        of(0, Shape::Point, Spectrum::Flat),
        of(1, Shape::Gaussian(ellipse), law.clone()),
        of(2, Shape::Point, Spectrum::LogPolynomial { terms: vec![-0.7, 0.1, -0.03], reference }),
        of(3, Shape::Point, Spectrum::Polynomial { terms: vec![-0.3, 0.1], reference }),
        of(4, Shape::Point, Spectrum::CurvedPowerLaw { alpha: -0.7, q: 0.12, reference }),
        Component::tabulated(place(5), Shape::Point, table),
        of(6, Shape::Disk(Ellipse::circle(80.0 * ARCSEC)), law.clone()),
        of(7, Shape::Ring(Ellipse::circle(80.0 * ARCSEC)), law.clone()),
        of(8, Shape::Shapelet(Arc::new(shapelet)), law.clone()),
        own,
        turning,
        of(11, Shape::LimbDarkenedDisk { disk: ellipse, exponent: 1.5 }, law.clone()),
        of(12, Shape::Gaussian(Ellipse { angle_frame: AngleFrame::Centre, ..ellipse }), law),
    ];
    for (at, component) in list.iter_mut().enumerate() {
        component.name = Some(format!("c{at}"));
    }
    list
}

/// Writes components to a path; what was lost.
fn written(writer: &Writer, path: &Path, components: &[Component]) -> Losses {
    let mut losses = Losses::default();
    match &writer.form {
        Form::File(write) => {
            let mut text = Vec::new();
            write(&mut text, components, &mut losses).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Form::Folder(folder) => (folder.write)(path, components, &mut losses).unwrap(),
    }
    losses
}

/// Every format gives back what it took without a word, and says of the rest what becomes of it.
#[test]
fn what_is_written_without_a_loss_comes_back() {
    for writer in WRITERS {
        let (mut held, mut told) = (0, 0);
        for component in everything() {
            let mut component = component;
            if writer.format == Format::Oskar {
                component.name = None;
            }
            let label = format!("{} {:?}", writer.format, component.name);
            let mut unpolarised = component.clone();
            if !matches!(unpolarised.spectrum, Spectrum::Table(_)) {
                unpolarised.stokes = Stokes::unpolarised(component.stokes.i);
                unpolarised.polarisation = None;
            }
            for component in [component, unpolarised] {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join(format!("sky{}", writer.endings[0]));
                let losses = written(writer, &path, std::slice::from_ref(&component));
                let mut judged = Losses::default();
                writer.judge(std::slice::from_ref(&component), &mut judged).unwrap();
                assert_eq!(losses, judged, "{label}");
                if !losses.is_empty() {
                    told += 1;
                    continue;
                }
                held += 1;
                let back = strictly(&path);
                let reads = back.format == writer.format
                    || (back.format, writer.format) == (Format::Bbs, Format::Wsclean);
                assert!(reads, "{label}: {}", back.format);
                let [found] = &back.components[..] else { panic!("{label}: {:?}", back.components) };
                assert_same(&label, found, &component, 3e-13);
                if component.name.is_some() {
                    let name = found.name.as_deref().unwrap();
                    assert!(name.ends_with(component.name.as_deref().unwrap()), "{label}: {name}");
                }
                assert!(writer_for(&path, None).unwrap().format == writer.format, "{label}");
            }
        }
        // Regions hold what is flat and unpolarised.
        let least = if writer.format == Format::Ds9 { 1 } else { 3 };
        assert!(held >= least && told >= 3, "{}: {held} held, {told} told", writer.format);
    }
}

/// The command: warnings by kind, refusal with --strict, clusters beside SAGECal's model, nothing in the way lost.
#[test]
fn converting_says_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let run = |arguments: &[&std::ffi::OsStr]| {
        common::run(std::iter::once("convert".as_ref()).chain(arguments.iter().copied()))
    };
    let model = data("one_sky.skymodel");
    run(&[model.as_ref(), at("out.sky.txt").as_ref()]).exits(0).says(&[
        "read",
        "2 components",
        "written",
        "out.sky.txt.cluster",
    ]);
    let clusters = std::fs::read_to_string(at("out.sky.txt.cluster")).unwrap();
    assert!(
        clusters.contains("# field\n1 1 Pwest Geast") || clusters.contains("# field\n1 1 west Geast"),
        "{clusters}"
    );
    let again = strictly(&at("out.sky.txt"));
    for (a, b) in again.components.iter().zip(one_sky()) {
        assert_same("sagecal", a, &b, 1e-13);
    }
    run(&[model.as_ref(), at("out.sky.txt").as_ref()]).exits(3).says(&["exists already"]);
    run(&[model.as_ref(), at("out.rts.txt").as_ref()])
        .exits(0)
        .says(&["1 component (the first is 'east')", "written as the one that has their slope"]);
    run(&[model.as_ref(), at("strict.rts.txt").as_ref(), "--strict".as_ref()])
        .exits(3)
        .says(&["cannot hold all of it, and nothing was written", "'east'"]);
    assert!(!at("strict.rts.txt").exists());
    run(&[model.as_ref(), at("out.txt").as_ref()]).exits(2).says(&["--to", "hyperdrive (.yaml, .yml)"]);
    run(&[model.as_ref(), at("out.txt").as_ref(), "--to".as_ref(), "vz".as_ref()])
        .exits(2)
        .says(&["vz is not written"]);
}

/// File, line and reason, for each format.
#[test]
fn what_is_wrong_is_told_with_its_line() {
    let bbs = "FORMAT = Name, Type, Ra, Dec, I\na, POINT, 1:2:3, 4.5.6, 1\n";
    let ao = std::fs::read_to_string(data("one_sky.ao.txt")).unwrap();
    let rts = std::fs::read_to_string(data("one_sky.rts.txt")).unwrap();
    let woden = std::fs::read_to_string(data("one_sky.woden.txt")).unwrap();
    let yaml = std::fs::read_to_string(data("one_sky.yaml")).unwrap();
    let script = std::fs::read_to_string(data("one_sky.py")).unwrap();
    let sagecal = std::fs::read_to_string(data("one_sky.sagecal.txt")).unwrap();
    for (name, text, reason) in [
        (
            "a.skymodel",
            bbs.replace("Dec, I", "Dec, Dec, I"),
            "a.skymodel:1: the format line names the field 'Dec' twice",
        ),
        ("a.skymodel", bbs.replace(", I\n", "\n"), "a.skymodel:1: the format line names no field 'I'"),
        ("a.skymodel", format!("{bbs}b, DISC, 1:2:3, 4.5.6, 1\n"), "a.skymodel:3: column 'Type': 'DISC'"),
        ("a.txt", ao.replace("type gaussian", "type ring"), "a.txt:17: column 'type': 'ring'"),
        ("a.txt", ao.replace("MHz", "parsec"), "a.txt:8: column 'frequency': 'parsec'"),
        ("a.txt", ao.replace("    position", "    nowhere"), "a.txt:6: 'nowhere' is not a word"),
        ("a.txt", ao.replacen("23h59m59.9s", "23h59m99.9s", 1), "a.txt:6: column 'position'"),
        ("a.txt", rts.replace("FREQ 150e6 2", "FREQ 150e6 two"), "a.txt:2: column 'Stokes I': 'two'"),
        ("a.txt", rts.replace("ENDSOURCE", ""), "a.txt:4: the file ends within a source"),
        ("a.txt", rts.replace("23.99", "24.99"), "a.txt:1: 24.9"),
        ("a.txt", woden.replace("P 1", "P 2"), "a.txt:5: the source 'west' says"),
        ("a.txt", woden.replace("LINEAR", "CUBIC"), "a.txt:3: 'CUBIC'"),
        ("a.yaml", yaml.replace("gaussian:", "gaussoid:"), "a.yaml:1"),
        ("a.yaml", yaml.replace("\neast:", "\nwest:"), "a.yaml:7"),
        ("a.yaml", yaml.replace("i: 2.0", "i: two"), "a.yaml:6"),
        ("a.py", script.replace("flux=2.0", "flux=S"), "a.py:3: 'S' is no literal"),
        (
            "a.py",
            script.replace("label='west'", "labell='west'"),
            "a.py:3: addcomponent has no argument 'labell'",
        ),
        ("a.py", script.replace("1arcmin", "1parsec"), "a.py:5: column 'majoraxis': '1parsec'"),
        ("a.txt", sagecal.replace("Geast", "Pwest"), "a.txt:4: the name 'Pwest' stands in line 3 already"),
        ("a.txt", sagecal.replace("-0 12", "-90 12"), "a.txt:3: 23.99"),
        ("a.osm", "1 2 3 4 5 6 7 8 9 10\n".into(), "a.osm:1: 10 columns"),
        ("a.osm", "1 2 3\n1 95 3\n".into(), "a.osm:2: the position"),
        ("a.txt", "#format: name ra_d i\nx 1 2\n".into(), "a.txt:1: the format names no column"),
        ("a.txt", "#format: name ra_d dec_d i\nx 1 2 y\n".into(), "a.txt:2: column 'i': 'y'"),
        (
            "a.gaul",
            "# Gaus_id RA DEC Total_flux DC_Maj\n0 1 2 3\n".into(),
            "a.gaul:2: 4 cells, but 5 columns",
        ),
        (
            "a.txt",
            "source_id ra_icrs dec_icrs Flux\nx 1 2 bright\n".into(),
            "a.txt:2: column 'Flux': 'bright'",
        ),
    ] {
        let said = sky(name, &text).expect_err(reason);
        assert!(said.contains(reason), "{reason}\n{said}");
    }
    let twice = format!("{bbs}a, POINT, 1:2:4, 4.5.6, 1\n");
    let read = sky("a.skymodel", &twice).unwrap();
    assert!(read.notes.iter().any(|note| note.contains("('a' in lines 2 and 3)")), "{:?}", read.notes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.skymodel");
    std::fs::write(&path, twice).unwrap();
    let strict = Handling { polarization: false, strict: true };
    let said = catalog::open(&path, None).unwrap().read_with(&ReadOptions::default(), strict).unwrap_err();
    assert!(explained(&said).contains(":3: the name 'a' stands in line 2 already"));
}

/// log10 terms, Q, U and V that stay, rotation measures of both signs, orientations: as DP3 predicts them, and as DP3 reads what is
/// written here.
#[test]
fn dp3_predicts_the_same_of_what_is_read_and_of_what_is_written() {
    let archive = need!("gold/tNDPPP-generic.MS.tgz");
    need!(oracles);
    let bench = common::Scratch::new();
    let ms = bench.unpack_one(&archive);
    let model = data("dp3_polarised.skymodel");
    common::run(args![&ms, &model, "--column", "OURS", "--radius", "all"]).exits(0);
    let written = bench.path("written.skymodel");
    common::run(args!["convert", &model, &written, "--strict"]).exits(0);
    for (model, column) in [(&model, "DP3_READ"), (&written, "DP3_WRITTEN")] {
        common::oracle_ok("dp3.py", args!["predict", &ms, model, column]);
        let told = common::oracle_ok("dp3.py", args!["differ", &ms, "OURS", column]);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let each = told["each"].as_array().unwrap();
        let worst = each.iter().map(|value| value.as_f64().unwrap()).fold(0.0, f64::max);
        common::say(&format!("{column}: {worst:e} of the worst correlation"));
        assert!(each.len() == 4 && worst < 1e-6, "{column}: {told}");
    }
}

/// Files that pyradiosky 1.1 wrote: spectral indices, and gzipped flux densities at frequencies in galactic coordinates.
#[test]
fn hdf5_files_of_pyradiosky() {
    let list = strictly(&data("one_sky.skyh5"));
    assert_eq!((list.format, list.components.len()), (Format::Skyh5, 2));
    let [west, mut east] = one_sky();
    east.shape = Shape::Point;
    east.spectrum = Spectrum::PowerLaw { alpha: -0.5, reference: 150e6 };
    assert_same("skyh5", &list.components[0], &west, 1e-13);
    assert_same("skyh5", &list.components[1], &east, 1e-13);
    assert_eq!(list.components[1].name.as_deref(), Some("east"));
    let table = strictly(&data("table.skyh5"));
    let text = "source_id\tl_galactic [deg]\tb_galactic [deg]\tFlux_100_MHz [Jy]\tFlux_200_MHz [Jy]\tFlux_400_MHz [Jy]\n\
        a\t10.00000000\t-30.00000000\t4.00000000\t2.00000000\t1.00000000\n\
        b\t20.00000000\t5.00000000\t1.00000000\t3.00000000\t9.00000000\n";
    let text = sky("x.txt", text).unwrap();
    assert_eq!((text.format, table.components.len()), (Format::Pyradiosky, 2));
    for (component, other) in table.components.iter().zip(&text.components) {
        assert_eq!(component.position.frame, Frame::Galactic);
        assert_same("table", component, other, 1e-13);
    }
    assert!((table.components[0].value(0, 300e6) - 4.0 / 3.0).abs() < 1e-14);
    let healpix = std::fs::read(data("one_sky.skyh5")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.skyh5");
    std::fs::write(&cut, &healpix[..4000]).unwrap();
    let said = explained(&catalog::read(&cut, &ReadOptions::default()).unwrap_err());
    assert!(said.contains("cut.skyh5"), "{said}");
}
