//! Malformed rows, strips of declination, the word NVSS, and polarisation.

use super::*;

const SURVEY: &str =
    "#Name: VIII/65/nvss\nNVSS,RAJ2000,DEJ2000,S1.4,l_MajAxis,MajAxis,l_MinAxis,MinAxis,PA,polFlux,polPA\n";

#[test]
fn malformed_rows_of_a_survey_are_told_and_left_out_unless_strict() {
    let text = SURVEY.to_owned()
        + "a,10.0,20.0,100,,30,,20,10,5,30\nb,10.0,95.0,100,,30,,20,10,5,30\nc,10,20\nd,10.1,20.0,bright,,,,,,,\n\
           e,10.2,20.0,7.5,<,30,<,20,,-0.2,\nf,10.3,20.0,2.5,<,30,<,20,,0.1,\ng,10.3,20.1,2.5,<,30,<,20,,0.1,\nh,10.3,20.2,,,,,,,,\n";
    let list = text_with(&text, &ReadOptions::default()).unwrap();
    assert_eq!((list.kind, list.components.len(), list.rows_read), (Kind::Survey, 4, 8));
    let note = list.notes.iter().find(|note| note.contains("malformed")).unwrap();
    assert!(note.starts_with("3 malformed rows left out (4: column 'DEJ2000': '95.0'"), "{note}");
    assert!(
        note.contains("; 5: 3 cells, but the header has 11") && note.contains("; 6: column 'S1.4': 'bright'"),
        "{note}"
    );
    assert!(note.contains("--strict"), "{note}");
    let error = message(&text_handling(&text, STRICT).unwrap_err());
    assert!(error.contains(":4: column 'DEJ2000'"), "{error}");
    // What is mostly malformed is something else.
    let text = SURVEY.to_owned() + "a,10.0,20.0,100,,30,,20,10,5,30\nb,x,95.0,100,,30,,20,10,5,30\nc,10,20\n";
    assert!(
        message(&text_with(&text, &ReadOptions::default()).unwrap_err())
            .contains(":4: column 'RAJ2000': 'x'")
    );
    // Only the first few are told one by one.
    let rows: String = (0..40)
        .map(|row| format!("r,{},20,{},,,,,,,\n", row, if row % 4 == 0 { "x" } else { "1" }))
        .collect();
    let list = text_with(&(SURVEY.to_owned() + &rows), &ReadOptions::default()).unwrap();
    assert!(
        noted(&list, "10 malformed rows left out (3: column") && noted(&list, "; ...); --strict"),
        "{:?}",
        list.notes
    );
    // A list of components loses none silently.
    assert!(super::text("ra,dec,flux_mjy\n1,2,3\n1,2,x\n1,2,3\n").is_err());
}

#[test]
fn malformed_rows_of_other_surveys() {
    let table = "<HEADER>\ntable_name = heasarc_nvss\n<DATA>\nNVSS J1|10.0|20.0|||||5.0|||||||||||||||||||\nNVSS J2|10.0|20.0|||||x|||||||||||||||||||\nNVSS J3|1|2|\nNVSS J4|11.0|20.0|||||5.0|||||||||||||||||||\n<END>\nnonsense\n";
    let list = text(table).unwrap();
    assert_eq!((list.format, list.components.len(), list.rows_read), (Format::Tdat, 2, 4));
    assert!(
        noted(&list, "2 malformed rows left out (5: column 'flux_20_cm': 'x'")
            && noted(&list, "; 6: 3 fields"),
        "{:?}",
        list.notes
    );
    let listing = "   RA(2000)  Dec(2000) Dist(\") Flux  Major Minor  PA  Res P_Flux P_ang  Field    X_pix  Y_pix\n\
        09 55 16.67 +39 35 48.4  3573   12.2  31.7 <25.4  19.2     -0.13       C1000P40  730.30  417.67\n       0.12         1.8  -114    1.0   5.3        10.6      0.62\n\
        09 65 19.35 +40 23 12.0  3504    3.5 <51.3 <39.6           -0.27       C1000P40  725.75  607.19\n\
        09 55 27.34 +39 35 35.6  3467    3.6 <85.5 <40.1           -0.05       C1000P40  722.09  416.70\n";
    let list = text(listing).unwrap();
    assert_eq!((list.format, list.components.len(), list.rows_read), (Format::NvssList, 2, 3));
    assert!(noted(&list, "1 malformed rows left out (4: ") && noted(&list, "minutes"), "{:?}", list.notes);
    // A sky model is a list of components.
    let model = "FORMAT = Name, Type, Ra, Dec, I\na, POINT, 1:2:3, 4.5.6, 1\nb, POINT, 1:2:3, 4.5.6, x\nc, SHAPELET, 1:2:3, 4.5.6, 1\n";
    assert!(message(&super::text(model).unwrap_err()).contains(":3: column 'I': 'x'"));
    let shapelet = model.replace("4.5.6, x", "4.5.6, 1");
    assert!(message(&super::text(&shapelet).unwrap_err()).contains(":4: column 'Type': 'SHAPELET'"));
    let turning = "FORMAT = Name, Type, Ra, Dec, I, RotationMeasure\na, POINT, 1:2:3, 4.5.6, 1, 12.5\n";
    assert!(message(&text(turning).unwrap_err()).contains("needs PolarizedFraction and PolarizationAngle"));
}

#[test]
fn polarisation_only_if_asked_for() {
    let text = SURVEY.to_owned()
        + "a,10.0,20.0,100,,30,,20,10,5,30\nb,10.0,21.0,100,,30,,20,10,-5,30\nc,10.0,22.0,100,,30,,20,10,5,\n";
    let without = text_with(&text, &ReadOptions::default()).unwrap();
    assert!(without.components.iter().all(|component| !component.stokes.is_polarised()));
    let with = text_handling(&text, Handling { polarization: true, strict: false }).unwrap();
    let stokes = with.components[0].stokes;
    assert!(
        (stokes.q - 2.5e-3).abs() < 1e-15 && (stokes.u - 5e-3 * 0.75f64.sqrt()).abs() < 1e-15,
        "{stokes:?}"
    );
    // In a list of components too, whose names a listing of NVSS has as well.
    let own =
        "ra,dec,flux_mjy,major_arcsec,minor_arcsec,pa_deg,p_flux_mjy,p_ang_deg\n1,2,100,30,20,10,5,30\n";
    let list = text_handling(own, STRICT).unwrap();
    assert_eq!((list.format, list.components[0].stokes), (Format::Csv, stokes));
    // Negative after the noise's share was taken away; too weak to have an angle.
    assert!(!with.components[1].stokes.is_polarised() && !with.components[2].stokes.is_polarised());
}

#[test]
fn sister_surveys_in_the_same_layouts() {
    let read = |text: &str| text_with(text, &ReadOptions::default()).unwrap();
    let one = |text: &str, hertz: f64, flux: f64, major: f64| {
        let list = read(text);
        assert_eq!(list.kind, Kind::Survey, "{text}");
        let component = &list.components[0];
        assert_eq!(component.spectrum.reference(), Some(hertz), "{text}");
        assert!((component.stokes.i - flux).abs() < 1e-15, "{text}");
        let found = match component.shape {
            Shape::Point => 0.0,
            Shape::Gaussian(shape) => shape.major / ARCSEC,
            ref other => panic!("{other:?}"),
        };
        assert!((found - major).abs() < 1e-9, "{text}: {found}");
        assert!(list.notes.iter().any(|note| note.starts_with("a table of ")), "{:?}", list.notes);
        list
    };
    one(
        "RAJ2000;DEJ2000;Sp;St;MajAxis;MinAxis;PA;dMajAxis;dMinAxis;dPA;Mosaic\n\"h:m:s\";\"d:m:s\";mJy/beam;mJy;arcsec;arcsec;deg;arcsec;arcsec;deg;\n---;---;---;---;---;---;---;---;---;---;---\n10 00 00.0;-45 00 00.0;90;100;60;50;10;40;20;12;J1000\n",
        843e6,
        0.1,
        40.0,
    );
    one(
        "#Name: VIII/82/mgpscat\nRAJ2000,DEJ2000,Sp,St,MajAxis,MinAxis,PA\n100,-45,90,100,60,50,10\n",
        843e6,
        0.1,
        0.0,
    );
    one(
        "RAJ2000,DEJ2000,FIRST,Fpeak,Fint,Rms,Maj,Min,PA,fMaj,fMin,fPA\n100,45,J1,90,100,0.1,6,5,10,8,7,10\n",
        1.4e9,
        0.1,
        6.0,
    );
    one(
        "#Name: J/other/PASA/38.58/gausscut\nRAJ2000,DEJ2000,Ftot,Fpk,amaj,bmin,PA\n100,-45,100,90,26,25,10\n",
        887.5e6,
        0.1,
        0.0,
    );
    one(
        "Component_name,RA,DEC,Total_flux,Peak_flux,Maj,Min,PA,DC_Maj,DC_Min,DC_PA\nx,100,45,100,90,3,2.8,10,1.5,1,12\n",
        3e9,
        0.1,
        1.5,
    );
    let tgss =
        one("TGSSADR,RAJ2000,DEJ2000,Stotal,Speak,Maj,Min,PA\nx,100,45,100,90,26,25,10\n", 147.5e6, 0.1, 0.0);
    assert!(noted(&tgss, "include the beam"), "{:?}", tgss.notes);
    one(
        "#Name: VIII/62/wenss\nName,RAB1950,DEB1950,flg1,Speak,Sint,MajAxis,MinAxis,PA\nx,100,45,S,90,100,0,0,0\n",
        325e6,
        0.1,
        0.0,
    );
    assert_eq!(
        read("#Name: VIII/62/wenss\nRAB1950,DEB1950,Sint\n100,45,90\n").components[0].position.frame,
        Frame::B1950
    );
    // A column of one's own choice is not that of the survey, nor at its frequency.
    let options = ReadOptions { flux_column: Some("Fint076".into()), ..ReadOptions::default() };
    let gleam = "GLEAM,RAJ2000,DEJ2000,Fintwide,Fint076\nx,100,-45,1.5,2.5\n";
    one(gleam, 200e6, 1.5, 0.0);
    let chosen = &text_with(gleam, &options).unwrap().components[0];
    assert_eq!((chosen.stokes.i, &chosen.spectrum), (2.5, &Spectrum::Flat));
    // Unknown tables still say what they lack.
    let error = message(&super::text("RAJ2000,DEJ2000,Ftot\n100,-45,100\n").unwrap_err());
    assert!(error.contains("--flux-column"), "{error}");
    let options = ReadOptions {
        reference_frequency: Some(1e9),
        flux_unit: Some(FluxUnit::Jy),
        ..ReadOptions::default()
    };
    let told = text_with("#Name: VLASS\nRAJ2000,DEJ2000,Ftot\n100,-45,100\n", &options).unwrap();
    assert_eq!((told.components[0].stokes.i, told.components[0].spectrum.reference()), (100.0, Some(1e9)));
}

#[test]
fn the_nearest_strip_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for (name, dec) in
        [("nvss_dec+54.6.sqlite3", 54.6), ("nvss_dec+16.1.sqlite3", 16.1), ("nvss_dec-5.0.sqlite3", -5.0)]
    {
        let connection = rusqlite::Connection::open(folder.path().join(name)).unwrap();
        let rows = format!(
            "CREATE TABLE sources (source_id INTEGER PRIMARY KEY, ra_deg REAL NOT NULL, dec_deg REAL NOT NULL, flux_mjy REAL); INSERT INTO sources VALUES (1, 10.0, {dec}, 100.0);"
        );
        connection.execute_batch(&rows).unwrap();
    }
    fs::write(folder.path().join("nvss_full.sqlite3"), b"not looked at").unwrap();
    let near = |dec: f64| Near { centres: vec![j2000(10.0, dec - 0.1), j2000(10.2, dec + 0.1)], radius: 0.2 };
    let read =
        |near: Option<Near>| catalog::read(folder.path(), &ReadOptions { near, ..ReadOptions::default() });
    for (dec, strip) in
        [(54.0, 54.6), (59.9, 54.6), (36.5, f64::NAN), (17.0, 16.1), (5.3, f64::NAN), (-9.0, -5.0)]
    {
        match read(Some(near(dec))) {
            Ok(catalog) => {
                assert!((catalog.components[0].position.latitude.to_degrees() - strip).abs() < 1e-9, "{dec}");
                assert!(
                    noted(&catalog, &format!("nvss_dec{strip:+.1}.sqlite3' taken")),
                    "{:?}",
                    catalog.notes
                );
                assert!(catalog.path.ends_with(format!("nvss_dec{strip:+.1}.sqlite3")));
                assert_eq!((catalog.format, catalog.kind), (Format::Sqlite, Kind::Survey));
            }
            Err(error) => {
                let text = message(&error);
                assert!(
                    strip.is_nan() && text.contains("no strip within 6°") && text.contains("+54.6°"),
                    "{dec}: {text}"
                );
            }
        }
    }
    let text = message(&read(None).unwrap_err());
    assert!(text.contains("--radius") && text.contains("-5.0°, +16.1°, +54.6°"), "{text}");
    let options = ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() };
    assert!(matches!(catalog::read(folder.path(), &options), Err(CatalogError::WrongFormat { .. })));
}

#[test]
fn the_word_nvss() {
    use std::ffi::OsStr;
    let resolve = |argument: &str, variable: Option<&str>| {
        catalog::resolve(Path::new(argument), variable.map(OsStr::new))
    };
    assert_eq!(resolve("NVSS", Some("/data/strips")).unwrap(), Path::new("/data/strips"));
    assert_eq!(resolve("nvss", Some("a.fits")).unwrap(), Path::new("a.fits"));
    assert_eq!(resolve("my.csv", Some("a.fits")).unwrap(), Path::new("my.csv"));
    assert_eq!(resolve("./NVSS", Some("a.fits")).unwrap(), Path::new("./NVSS"));
    for unset in [None, Some("")] {
        let text = message(&resolve("NVSS", unset).unwrap_err());
        assert!(text.contains("NVSS_CATALOG") && text.contains("not set"), "{text}");
    }
    assert_eq!(catalog::NVSS_VARIABLE, "NVSS_CATALOG");
}
