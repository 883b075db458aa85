//! CASA's component lists: its own, those that a script makes, and those that are written here.

use std::path::Path;

use serde_json::Value;

use super::common::{self, Scratch};
use super::*;

/// CASA's own lists, whose figures python-casacore has printed.
#[test]
fn component_lists_of_casa() {
    let archive = need!("gold/casa_complists.tgz");
    let folder = tempfile::tempdir().unwrap();
    let status =
        std::process::Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(folder.path()).status();
    assert!(status.unwrap().success());
    let read = |name: &str| strictly(&folder.path().join(name));
    for (name, components) in [
        ("dsa_nvssvz_2deg.cl", 46),
        ("vla_gauss3.cl", 3),
        ("vla_nvss4pt.cl", 4),
        ("vla_spix2.cl", 2),
        ("vla_stokesQUV.cl", 2),
    ] {
        let list = read(name);
        assert_eq!((list.format, list.components.len()), (Format::Complist, components), "{name}");
    }
    let law = &read("dsa_nvssvz_2deg_alpha.cl").components[0];
    assert_eq!(law.spectrum, Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 });
    assert!(law.position.separation(Direction::new(Frame::J2000, -0.315_538_44, 0.282_359_32)) < 1e-8);
    // Written in single precision.
    assert!((law.stokes.i - 0.0764518).abs() < 1e-8);
    assert_eq!(law.name.as_deref(), Some("nvssvz_2deg_alpha0"));
    let Shape::Gaussian(shape) = read("vla_gauss3.cl").components[0].shape else { panic!("a point") };
    assert!((shape.major / ARCSEC - 3.0).abs() < 1e-6 && (shape.minor / ARCSEC - 1.5).abs() < 1e-6);
    assert!((shape.position_angle.to_degrees() - 30.0).abs() < 1e-6);
    let stokes = read("vla_stokesQUV.cl").components[1].stokes;
    for (value, expected) in [(stokes.i, 0.5), (stokes.q, -0.2), (stokes.u, 0.1), (stokes.v, -0.03)] {
        assert!((value - expected).abs() < 1e-7, "{stokes:?}");
    }
}

/// A script that is written here, run in CASA, and the table that it makes.
#[test]
fn casa_makes_of_a_script_what_was_written() {
    need!(oracles);
    let scratch = common::Scratch::new();
    let (script, table) = (scratch.path("sky.py"), scratch.path("sky.cl"));
    common::run(args!["convert", &data("one_sky.yaml"), &script])
        .exits(0)
        .says(&["'east'", "where they stay"]);
    common::oracle_ok("casa.py", args!["complist", &script, &table]);
    let made = strictly(&table);
    assert_eq!(made.components.len(), 2);
    for (component, mut expected) in made.components.iter().zip(one_sky()) {
        // Q and U of a polynomial stay.
        if expected.stokes.q != 0.0 {
            expected.polarisation =
                Some(Box::new(Polarisation { linear: Some(Spectrum::Flat), ..Default::default() }));
        }
        // CASA's tool takes flux densities in single precision.
        assert_same("CASA", component, &expected, 1e-7);
    }
}

/// Components of all kinds that a list holds, about the centre of the VLA's MeasurementSet: what comes back.
fn held() -> Vec<Component> {
    let place =
        |at: usize| Direction::from_degrees(Frame::J2000, 151.9 + 0.02 * at as f64, 7.5 - 0.03 * at as f64);
    let reference = 1.4e9;
    let stokes = Stokes { i: 1.5, q: 0.1, u: -0.05, v: 0.02 };
    let ellipse = Ellipse::new(6.3 * ARCSEC, 3.1 * ARCSEC, 0.6, AngleFrame::Source);
    let entries = [(1.0e9, 3.0), (1.4e9, 2.0), (2.1e9, 1.4)]
        .map(|(hz, i)| (hz, Stokes { i, q: 0.1 * i, u: -0.3, v: 0.0 }));
    let table = Arc::new(Table::new(&entries, Interpolation::Linear).unwrap());
    let law = Spectrum::PowerLaw { alpha: -0.7, reference };
    let of = |at, shape, spectrum| Component::new(place(at), shape, stokes, spectrum);
    let mut list = vec![
        of(0, Shape::Point, Spectrum::Flat),
        of(1, Shape::Point, law.clone()),
        of(2, Shape::Point, Spectrum::LnPolynomial { terms: vec![-0.7, 0.1, -0.03], reference }),
        Component::tabulated(place(3), Shape::Point, table),
        of(4, Shape::Gaussian(ellipse), law.clone()),
        of(5, Shape::Disk(ellipse), law),
    ];
    list[2].polarisation = Some(Box::new(Polarisation {
        linear: Some(Spectrum::Flat),
        circular: Some(Spectrum::Flat),
        rotation: None,
    }));
    for (at, component) in list.iter_mut().enumerate() {
        component.name = Some(format!("source {at}"));
    }
    list
}

/// The list as CASA's tool has it.
#[test]
fn casa_opens_what_is_written() {
    need!(oracles);
    let scratch = Scratch::new();
    let path = scratch.path("sky.cl");
    assert!(super::written(writer_for(&path, None).unwrap(), &path, &held()).is_empty());
    for (found, component) in strictly(&path).components.iter().zip(held()) {
        assert_same("complist", found, &component, 1e-13);
        assert_eq!(found.spectrum.reference(), component.spectrum.reference());
        assert_eq!(found.name, component.name);
    }
    let told = common::oracle_ok("casa.py", args!["components", &path]);
    let told: Vec<Value> = serde_json::from_str(&told).unwrap();
    assert_eq!(told.len(), held().len());
    for (seen, component) in told.iter().zip(held()) {
        let near = |value: &Value, expected: f64| {
            let value = value.as_f64().unwrap_or(f64::NAN);
            assert!(
                (value - expected).abs() <= 1e-12 * expected.abs().max(1e-3),
                "{value} {expected}: {seen}"
            );
        };
        assert_eq!(seen["label"], component.name.as_deref().unwrap());
        near(
            &seen["ra"],
            component.position.longitude - 2.0 * PI * f64::from(component.position.longitude > PI),
        );
        near(&seen["dec"], component.position.latitude);
        let reference = component.spectrum.reference();
        for which in 0..4 {
            near(&seen["stokes"][which], component.value(which, reference.unwrap_or(1.4e9)));
        }
        if let Some(reference) = reference {
            near(&seen["frequency"], reference);
        }
        if let Some(ellipse) = component.shape.ellipse() {
            assert_eq!(seen["shape"].as_str().unwrap().to_lowercase(), component.shape.kind().to_lowercase());
            near(&seen["major"], ellipse.major);
            near(&seen["minor"], ellipse.minor);
            near(&seen["angle"], ellipse.position_angle);
        } else {
            assert_eq!(seen["shape"], "Point");
        }
        let (kind, terms): (&str, &[f64]) = match &component.spectrum {
            Spectrum::Flat => ("Constant", &[]),
            Spectrum::PowerLaw { .. } => ("Spectral Index", &[-0.7]),
            Spectrum::LnPolynomial { .. } => ("Power Logarithmic Polynomial", &[-0.7, 0.1, -0.03]),
            _ => ("Tabular Spectrum", &[3.0, 2.0, 1.4]),
        };
        assert_eq!(seen["spectrum"], kind);
        let found = seen["terms"].as_array().unwrap();
        assert_eq!(found.len(), terms.len(), "{seen}");
        for (found, expected) in found.iter().zip(terms) {
            near(found, *expected);
        }
    }
}

/// Points of every spectrum, polarised, as CASA's `ft` has them: what follows I, and what stays.
#[test]
fn casa_predicts_the_same_of_what_is_written() {
    let archive = need!("gold/tNDPPP-generic.MS.tgz");
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let list = scratch.path("sky.cl");
    let mut components: Vec<Component> = held().into_iter().take(4).collect();
    for (at, component) in components.iter_mut().enumerate() {
        let at = at as f64;
        component.position = Direction::from_degrees(Frame::J2000, 24.1 + 0.2 * at, 33.4 - 0.15 * at);
        // Of the table the band is to be inside.
        component.spectrum = match component.spectrum.clone() {
            Spectrum::PowerLaw { alpha, .. } => Spectrum::PowerLaw { alpha, reference: 1e8 },
            Spectrum::LnPolynomial { terms, .. } => Spectrum::LnPolynomial { terms, reference: 1e8 },
            other => other,
        };
    }
    let entries = [(1.0e8, 3.0), (1.4e8, 2.0), (2.1e8, 1.4)]
        .map(|(hz, i)| (hz, Stokes { i, q: 0.1 * i, u: -0.3, v: 0.01 * i }));
    let table = Arc::new(Table::new(&entries, Interpolation::Linear).unwrap());
    components[3] = Component::tabulated(components[3].position, Shape::Point, table);
    assert!(super::written(writer_for(&list, None).unwrap(), &list, &components).is_empty());
    common::run(args![&ms, &list, "--column", "OURS", "--radius", "all"]).exits(0);
    // CASA 6.7 itself does not write the same each time: in one run of eight some rows' cross-hands are others. What it
    // writes twice is what it means.
    let predicted = || {
        common::oracle_ok("casa.py", args!["ft-list", &ms, &list]);
        common::oracle_ok("dp3.py", args!["differ", &ms, "OURS", "MODEL_DATA"])
    };
    let (mut seen, mut told) = (Vec::new(), predicted());
    while !seen.contains(&told) && seen.len() < 5 {
        seen.push(told);
        told = predicted();
    }
    let told: Value = serde_json::from_str(&told).unwrap();
    let each = told["each"].as_array().unwrap();
    let worst = each.iter().map(|value| value.as_f64().unwrap()).fold(0.0, f64::max);
    common::say(&format!("CASA ft of a list: {worst:e} of the worst correlation"));
    assert!(each.len() == 4 && worst < 1e-6, "{told}");
}

/// A table takes the place of a table, whole, and of nothing else.
#[test]
fn a_list_takes_the_place_of_a_list_alone() {
    let scratch = Scratch::new();
    let (list, file, folder) =
        (scratch.path("sky.cl"), scratch.write("file.cl", "text"), scratch.path("folder.cl"));
    std::fs::create_dir(&folder).unwrap();
    let model = data("one_sky.skymodel");
    let convert = |out: &Path, more: &[&str]| {
        common::run(args!["convert", &model, out].into_iter().chain(more.iter().map(|word| word.as_ref())))
    };
    convert(&list, &["--strict"]).exits(3).says(&["cannot hold all of it"]);
    assert!(!list.exists());
    convert(&list, &[]).exits(0).says(&["what patch they belong to was left out", "(complist)"]);
    convert(&list, &[]).exits(3).says(&["exists already"]);
    std::fs::write(list.join("mine"), "").unwrap();
    convert(&list, &["--overwrite"]).exits(0);
    assert!(!list.join("mine").exists() && strictly(&list).components.len() == 2);
    for other in [&file, &folder] {
        convert(other, &["--overwrite"]).exits(3).says(&["is no complist, and is not replaced"]);
    }
    let mut names: Vec<_> =
        std::fs::read_dir(list.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["file.cl", "folder.cl", "sky.cl"]);
}
