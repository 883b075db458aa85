//! Imported catalogues: the same as the files they were made of, and right about every part of the sky.

use super::forms::{Dice, nvss_dat, tdat};
use super::*;
use nvss_predict::catalog::store::{self, Import, Imported};
use nvss_predict::catalog::{Cache, Record};

/// Spectra, polarisation, sizes and limits of every kind, errors, names that want quotes.
const LIST: &str = "name,ra_icrs_deg,dec_icrs_deg,i_jy,e_i_jy,q_jy,u_jy,v_jy,alpha,log_si,ref_mhz,major_arcsec,minor_arcsec,pa_deg,pa_frame,p_flux_jy,pol_angle_deg
a,359.9,-89.5,1.5,0.01,0.1,-0.05,0.02,-0.8,,1400,30,10,45,centre,,
\"b, c\",0.1,89.5,2.5,,,,,\"[-0.7,0.1]\",,150,<20,<10,,,0.2,30
d,12.25,0,-0.5,0.02,,,,\"[0.1,-0.2]\",false,1000,20,<10,-30,source,-0.01,
e,12.5,1,0.7,,,,,0,,,,,,,0.1,80
,13,1,0.9,,,,,,,,7,7,,,,
f,14,1,0.25,,,,,,,843,,,,,,
";

const MODEL: &str = "FORMAT = Name, Type, Ra, Dec, I, Q, ReferenceFrequency, SpectralIndex='[]', LogarithmicSI, MajorAxis, MinorAxis, Orientation, OrientationIsAbsolute
one, POINT, 01:02:03.4, +44.30.55.4, 1.5, 0.1, 1.4e9, [-0.7, 0.02], true, , , ,
two, GAUSSIAN, 23:59:59.9, -00.30.55.4, 0.5, , 1.2e9, [0.1, 0.02], false, 30, 20, 15, true
tri, GAUSSIAN, 03:02:03.4, +84.30.55.4, 0.25, , , , , 30, 20, 15,
";

fn how<'a>() -> Import<'a> {
    Import { read: ReadOptions::default(), strict: false, force: false, stop: &|| false }
}

fn imported(of: &[&Path], output: &Path) -> Result<Imported, CatalogError> {
    let of: Vec<PathBuf> = of.iter().map(|path| path.to_path_buf()).collect();
    store::import(&of, output, &how())
}

fn records(path: &Path, options: &ReadOptions) -> Vec<Record> {
    let mut found = Vec::new();
    let mut take = |record| {
        found.push(record);
        Ok(())
    };
    catalog::open(path, None).unwrap().visit(options, false, &mut take).unwrap();
    found
}

/// What a folder holds, by name.
fn listed(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

/// A file of every form whose rows say more than a prediction needs.
fn forms(folder: &Path) -> Vec<PathBuf> {
    let write = |name: &str, content: &str| {
        fs::write(folder.join(name), content).unwrap();
        folder.join(name)
    };
    let rows: Vec<vl::Row> = (0..40)
        .map(|i| {
            let i = f64::from(i);
            [9.0 * i, 4.0 * i - 39.0, 3.0 + i * i, 45.0 + 2.0 * i, 45.0 + i, 5.0 * i, 0.45, 0.1 * i, 0.05 * i]
        })
        .collect();
    vl::file_of(&folder.join("vl.fits"), &rows, 45.0 / 3600.0);
    let listing = "   RA(2000)  Dec(2000) Dist(\") Flux  Major Minor  PA  Res P_Flux P_ang  Field    X_pix  Y_pix\n\
        09 55 16.67 +39 35 48.4  3573   12.2  31.7 <25.4  19.2     -0.13       C1000P40  730.30  417.67\n\
        \x20      0.04         0.7          0.6   3.1         6.3      0.33\n\
        09 55 17.67 +39 36 48.4  3573   10.2 <31.7 <25.4            1.13  30.1 C1000P40  730.30  417.67\n";
    vec![
        write("nvss.dat", &nvss_dat()),
        write("heasarc_nvss.tdat", &tdat(true, true)),
        write("list.csv", LIST),
        write("model.sky", MODEL),
        write("listing.txt", listing),
        folder.join("vl.fits"),
    ]
}

/// So many rows that several threads read them: the same components in the same order, with the same notes.
#[test]
fn a_large_import_is_the_same_sky_as_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(3);
    let mut roll = || f64::from(dice.below(1 << 30)) / f64::from(1 << 30);
    let mut text = String::from("name,ra_deg,dec_deg,i_jy,alpha,ref_mhz,major_arcsec,minor_arcsec,pa_deg\n");
    for k in 0..230_000 {
        let (ra, dec) = (360.0 * roll(), 180.0 * roll() - 90.0);
        let rest = match k % 7 {
            0 => ",1400,,,",
            1 => ",,,,",
            2 => "-0.5,1400,30,20,10",
            _ => "-0.9,150,,,",
        };
        text += &format!("s{k},{ra:.6},{dec:.6},{:.4},{rest}\n", roll() + 0.01);
    }
    let (file, output) = (folder.path().join("list.csv"), folder.path().join("list.sqlite"));
    fs::write(&file, text).unwrap();
    imported(&[&file], &output).unwrap();
    let near = Near { centres: vec![j2000(12.0, 0.5)], radius: 2.5 };
    for options in [ReadOptions::default(), ReadOptions { near: Some(near), ..ReadOptions::default() }] {
        let read = |path| catalog::open(path, None).unwrap().read(&options).unwrap();
        let (raw, store) = (read(&file), read(&output));
        assert_eq!(raw.components.len(), store.components.len());
        assert!(raw.components.len() > 100_000 && raw.components == store.components);
        assert_eq!((raw.assumed, raw.rows_read), (store.assumed, store.rows_read));
        let told = |notes: &[String], words: &str| notes.iter().any(|note| note.contains(words));
        for words in ["taken as flat", "given that of", "too far away"] {
            assert_eq!(told(&raw.notes, words), told(&store.notes, words), "{words}: {:?}", store.notes);
        }
    }
}

#[test]
fn an_import_is_the_same_sky_as_its_file_however_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for file in forms(folder.path()) {
        let output = file.with_extension("sqlite");
        imported(&[&file], &output).unwrap();
        let near = Near { centres: vec![j2000(12.0, 0.5), j2000(148.8, 39.6)], radius: 0.5 };
        let with = |change: &dyn Fn(&mut ReadOptions)| {
            let mut options = ReadOptions::default();
            change(&mut options);
            options
        };
        for options in [
            ReadOptions::default(),
            with(&|o| (o.alpha, o.reference_frequency) = (-1.25, Some(1.2e9))),
            with(&|o| o.pa_frame = Some(AngleFrame::Centre)),
            with(&|o| o.near = Some(near.clone())),
        ] {
            for polarization in [false, true] {
                let handling = Handling { polarization, strict: false };
                let read = |path| catalog::open(path, None).unwrap().read_with(&options, handling).unwrap();
                let (raw, store) = (read(&file), read(&output));
                assert!(!raw.components.is_empty() || options.near.is_some());
                assert_eq!(raw.components, store.components, "{} {options:?}", file.display());
                assert_eq!(
                    (raw.kind, raw.digest, raw.rows_read),
                    (store.kind, store.digest, store.rows_read)
                );
                assert_eq!(store.format, Format::Store);
            }
            // Errors, limits, names, polarisation, survey and frequency as well.
            assert!(records(&file, &options) == records(&output, &options), "{}", file.display());
        }
    }
}

#[test]
fn what_nvss_says_beyond_a_component_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let files = forms(folder.path());
    let output = folder.path().join("sky.sqlite");
    let sizes = |records: &[Record]| records.iter().filter(|r| r.details.limits[1].is_some()).count();
    for (file, errors) in [(&files[0], true), (&files[4], true), (&files[5], true)] {
        store::import(std::slice::from_ref(file), &output, &Import { force: true, ..how() }).unwrap();
        let found = records(&output, &ReadOptions::default());
        assert!(sizes(&found) > 0, "{}", file.display());
        assert_eq!(found[0].details.survey.as_deref(), Some("NVSS"));
        assert_eq!(found[0].details.reference, Some(1.4e9));
        assert_eq!(found[0].details.errors.flux.is_some(), errors, "{}", file.display());
    }
    imported(&[&files[4]], &folder.path().join("listing.sqlite")).unwrap();
    let listed = records(&folder.path().join("listing.sqlite"), &ReadOptions::default());
    let first = &listed[0].details;
    assert!((first.errors.flux.unwrap() - 0.6e-3).abs() < 1e-12, "{first:?}");
    assert!((first.limits[1].unwrap() / ARCSEC - 25.4).abs() < 1e-9 && first.limits[0].is_none());
    assert!((first.errors.major.unwrap() / ARCSEC - 3.1).abs() < 1e-9);
    assert!((first.polarised.unwrap() + 0.13e-3).abs() < 1e-12);
}

/// Sources over the whole sky, crowded at the poles and at the origin of right ascension.
fn scattered(count: u32) -> Vec<(f64, f64)> {
    let mut dice = Dice(7);
    let mut part = move || f64::from(dice.below(1 << 24)) / f64::from(1 << 24);
    (0..count)
        .map(|index| match index % 5 {
            0 => (360.0 * part(), 90.0 - 2.0 * part()),
            1 => (360.0 * part(), -90.0 + 2.0 * part()),
            2 => ((2.0 * part() - 1.0).rem_euclid(360.0), 40.0 * part() - 20.0),
            _ => (360.0 * part(), (2.0 * part() - 1.0).asin().to_degrees()),
        })
        .chain([(0.0, 90.0), (0.0, -90.0), (0.0, 0.0), (359.999_999, 0.0)])
        .collect()
}

#[test]
fn cones_are_those_of_a_plain_search_also_at_the_poles_and_over_the_origin() {
    let sky = scattered(30_000);
    let mut text = String::from("name,ra_icrs_deg,dec_icrs_deg,i_jy\n");
    for (index, (ra, dec)) in sky.iter().enumerate() {
        text += &format!("{index},{ra},{dec},1\n");
    }
    let (folder, list) = file("sky.csv", text.as_bytes());
    let output = folder.path().join("sky.sqlite");
    imported(&[&list], &output).unwrap();
    let icrs = |ra, dec| Direction::from_degrees(Frame::Icrs, ra, dec);
    let places: Vec<Direction> = sky.iter().map(|(ra, dec)| icrs(*ra, *dec)).collect();
    let mut cones: Vec<(Vec<Direction>, f64)> = Vec::new();
    for (ra, dec) in [(0.0, 90.0), (123.0, -90.0), (0.0, 0.0), (359.99, 5.0), (180.0, 89.3), (77.0, -88.9)] {
        cones.extend([0.0, 0.001, 0.3, 2.0, 30.0, 120.0, 180.0].map(|radius| (vec![icrs(ra, dec)], radius)));
    }
    // A drift, a hundred fields all over, and centres in other frames.
    cones.push(((0..24).map(|i| icrs(358.5 + 0.1 * f64::from(i), 3.0)).collect(), 1.5));
    cones.push((places.iter().step_by(299).copied().collect(), 0.7));
    cones.push((vec![Direction::from_degrees(Frame::Galactic, 123.0, 27.4), j2000(10.0, 10.0)], 3.0));
    for (centres, radius) in cones {
        let within = |place: &Direction| {
            centres.iter().any(|centre| centre.separation(*place) <= f64::to_radians(radius))
        };
        let expected: Vec<String> =
            (0..places.len()).filter(|i| within(&places[*i])).map(|i| i.to_string()).collect();
        let near = Near { centres: centres.clone(), radius: f64::to_radians(radius) };
        let options = ReadOptions { near: Some(near), ..ReadOptions::default() };
        let found = catalog::read(&output, &options).unwrap();
        let names: Vec<String> = found.components.iter().map(|c| c.name.clone().unwrap()).collect();
        // A source on the very edge may fall on either side of it: at 0° those at the centre are on it.
        if radius > 0.0 {
            assert_eq!(names, expected, "{} centres, {radius}°", centres.len());
        } else {
            assert!(names.len() <= expected.len() + 1, "{centres:?}");
        }
    }
}

#[test]
fn several_files_make_one_sky() {
    let folder = tempfile::tempdir().unwrap();
    let files = forms(folder.path());
    let output = folder.path().join("sky.sqlite");
    let made = imported(&[&files[0], &files[2]], &output).unwrap();
    let parts = [default_read(&files[0]).unwrap(), default_read(&files[2]).unwrap()];
    let all = default_read(&output).unwrap();
    let expected: Vec<Component> = parts.iter().flat_map(|part| part.components.clone()).collect();
    assert_eq!(all.components, expected);
    assert_eq!((made.summary.sources, made.rows), (expected.len() as u64, all.rows_read));
    // A survey is in it: a prediction takes what is near.
    assert_eq!(all.kind, Kind::Survey);
    let contents = store::contents(&output).unwrap();
    assert_eq!(contents.files.iter().map(|f| f.digest.clone()).collect::<Vec<_>>(), parts.map(|p| p.digest));
    // What was imported can be imported again, unless it is a mixture.
    let again = folder.path().join("again.sqlite");
    let text = message(&imported(&[&output], &again).unwrap_err());
    assert!(text.contains("several files: import those") && !again.exists(), "{text}");
    let one = folder.path().join("one.sqlite");
    imported(&[&files[2]], &one).unwrap();
    imported(&[&one], &again).unwrap();
    assert!(records(&one, &ReadOptions::default()) == records(&again, &ReadOptions::default()));
}

#[test]
fn an_import_that_fails_leaves_nothing_and_nothing_is_overwritten_unasked() {
    let (folder, list) = file("list.csv", LIST.as_bytes());
    let output = folder.path().join("sky.sqlite");
    let (_other, bad) = file("bad.csv", b"ra_deg,dec_deg,i_jy\n1,2,3\n1,2,x\n");
    let text = message(&imported(&[&list, &bad], &output).unwrap_err());
    assert!(text.contains("bad.csv:3") && text.contains("'x'"), "{text}");
    assert_eq!(listed(folder.path()), ["list.csv"]);

    let (_other, large) = file("nvss.dat", nvss_dat().repeat(4).as_bytes());
    let stopped = store::import(&[large], &output, &Import { stop: &|| true, ..how() });
    assert!(matches!(stopped, Err(CatalogError::Interrupted)));
    assert_eq!(listed(folder.path()), ["list.csv"]);

    fs::write(&output, "mine").unwrap();
    assert!(matches!(imported(&[&list], &output), Err(CatalogError::Exists { .. })));
    assert_eq!(fs::read(&output).unwrap(), b"mine");
    let forced = Import { force: true, ..how() };
    assert!(matches!(
        store::import(std::slice::from_ref(&output), &output, &forced),
        Err(CatalogError::Option { .. })
    ));
    // A forced one that fails leaves what was there.
    assert!(store::import(&[bad], &output, &forced).is_err());
    assert_eq!(fs::read(&output).unwrap(), b"mine");
    store::import(std::slice::from_ref(&list), &output, &forced).unwrap();
    assert_eq!(default_read(&output).unwrap().components.len(), 6);
    assert_eq!(listed(folder.path()), ["list.csv", "sky.sqlite"]);
    let nowhere = folder.path().join("none/sky.sqlite");
    assert!(matches!(imported(&[&list], &nowhere), Err(CatalogError::Write { .. })));
}

#[test]
fn damaged_and_foreign_databases_are_told() {
    let (folder, list) = file("nvss.dat", nvss_dat().as_bytes());
    let output = folder.path().join("sky.sqlite");
    imported(&[&list], &output).unwrap();
    let whole = fs::read(&output).unwrap();
    let read = |bytes: &[u8]| {
        fs::write(&output, bytes).unwrap();
        default_read(&output)
    };
    let text = message(&read(&whole[..whole.len() / 2]).unwrap_err());
    assert!(text.contains("cut short") && text.contains("import the catalogue again"), "{text}");
    let mut newer = whole.clone();
    newer[63] = 99;
    let text = message(&read(&newer).unwrap_err());
    assert!(text.contains("version 99") && text.contains("import the catalogue again"), "{text}");
    // Whatever bytes are wrong, there is an answer or an error, and never a panic.
    let mut dice = Dice(3);
    for _ in 0..40 {
        let mut broken = whole.clone();
        for _ in 0..20 {
            let at = 100 + dice.below(whole.len() as u32 - 100) as usize;
            broken[at] = dice.below(256) as u8;
        }
        let near = Near { centres: vec![j2000(10.0, 10.0)], radius: 0.3 };
        fs::write(&output, &broken).unwrap();
        let _ = default_read(&output);
        let _ = catalog::read(&output, &ReadOptions { near: Some(near), ..ReadOptions::default() });
    }
    let mut zeros = whole.clone();
    zeros[4096..].fill(0);
    assert!(read(&zeros).is_err());
    // Gzipped, it is read all the same.
    let (_other, zipped) = file("sky.sqlite.gz", &gzipped(&whole));
    assert_eq!(default_read(&zipped).unwrap().components, default_read(&list).unwrap().components);
}

#[test]
fn options_that_an_import_has_settled_are_refused() {
    let (folder, list) = file("list.csv", LIST.as_bytes());
    let output = folder.path().join("sky.sqlite");
    imported(&[&list], &output).unwrap();
    let options = ReadOptions { frame: Some(Frame::B1950), ..ReadOptions::default() };
    let text = message(&catalog::read(&output, &options).unwrap_err());
    assert!(text.contains("--frame") && text.contains("give it to the import"), "{text}");
    // An import is not cached: it is one.
    let cache = Cache { folder: Some(folder.path().join("cache")), least: 0 };
    let near = Near { centres: vec![j2000(10.0, 10.0)], radius: 3.0 };
    let options = ReadOptions { near: Some(near), ..ReadOptions::default() };
    catalog::open(&output, None).unwrap().read_cached(&options, Handling::default(), &cache).unwrap();
    assert_eq!(listed(folder.path()), ["list.csv", "sky.sqlite"]);
}
