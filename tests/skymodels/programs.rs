//! What programs that need an environment of their own read of what is written.

use super::*;

/// The sky of a file by another program, whose versions need other ones of NumPy than the oracles: it has an environment of its
/// own, `pip install pyradiosky h5py astro-tigger-lsm`, whose Python NVSS_PREDICT_SKY_PROGRAMS names.
fn sky_of_program(program: &str, file: &Path) -> serde_json::Value {
    let python = std::env::var_os("NVSS_PREDICT_SKY_PROGRAMS").expect("the Python of these programs");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/sky_files.py");
    let run = std::process::Command::new(&python).args(args![&script, program, file]).output().unwrap();
    let out = String::from_utf8_lossy(&run.stdout);
    serde_json::from_str(out.lines().last().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&run.stderr)))
}

/// That a program sees these components: names, places, and flux densities at 150 and 300 MHz.
#[track_caller]
fn assert_seen(label: &str, sky: &serde_json::Value, components: &[Component]) {
    assert_eq!(sky["names"].as_array().unwrap().len(), components.len(), "{label}: {sky}");
    for (at, component) in components.iter().enumerate() {
        assert_eq!(sky["names"][at], component.name.as_deref().unwrap());
        let place = component.position;
        for (name, angle) in [("ra", place.longitude), ("dec", place.latitude)] {
            let found = sky[name][at].as_f64().unwrap();
            assert!((found - angle.to_degrees()).abs() < 1e-11, "{label}: {sky}");
        }
        for (channel, hz) in [150e6, 300e6].into_iter().enumerate() {
            for stokes in 0..4 {
                let found = sky["stokes"][stokes][channel][at].as_f64().unwrap();
                assert!((found - component.value(stokes, hz)).abs() < 1e-12, "{label}: {sky}");
            }
        }
    }
}

/// `NVSS_PREDICT_SKY_PROGRAMS=bin/python cargo test --release --test skymodels -- --ignored pyradiosky`
#[test]
#[ignore = "needs pyradiosky"]
fn pyradiosky_reads_what_is_written() {
    let scratch = common::Scratch::new();
    let tables = "source_id\tra_j2000 [deg]\tdec_j2000 [deg]\tFlux_150_MHz [Jy]\tFlux_300_MHz [Jy]\n\
        a\t10.0\t-30.0\t4.0\t2.0\nb\t20.0\t5.0\t1.0\t3.0\n";
    let tables = scratch.write("tables.txt", tables);
    for (model, kind) in [(data("one_sky.skymodel"), "indices"), (tables, "tables")] {
        let file = scratch.path(&format!("{kind}.skyh5"));
        common::run(args!["convert", &model, &file]).exits(0);
        let sky = sky_of_program("skyh5", &file);
        assert_eq!(sky["checked"], true);
        assert_seen(kind, &sky, &strictly(&file).components);
    }
}

/// Negative zero declinations, right ascension at 24 h, natural logarithms, position angles, as Tigger reads them.
///
/// `NVSS_PREDICT_SKY_PROGRAMS=bin/python cargo test --release --test skymodels -- --ignored tigger`
#[test]
#[ignore = "needs astro-tigger-lsm"]
fn tigger_reads_what_is_written() {
    let scratch = common::Scratch::new();
    for name in ["sky.lsm.html", "sky.lsm.txt"] {
        let file = scratch.path(name);
        common::run(args!["convert", &data("one_sky.skymodel"), &file]).exits(0);
        let sky = sky_of_program("tigger", &file);
        assert_seen(name, &sky, &one_sky());
        assert!(sky["shape"][0].is_null(), "{sky}");
        for (at, expected) in [60.0 / 3600.0, 30.0 / 3600.0, 30.0].into_iter().enumerate() {
            assert!((sky["shape"][1][at].as_f64().unwrap() - expected).abs() < 1e-11, "{name}: {sky}");
        }
    }
}
