//! Tables of text.

use super::*;

#[test]
fn positions_in_degrees_or_sexagesimal() {
    let list = text("ra,dec,i_jy\n248.16,-12.5,1.5\n16:32:38.4,-12:30:00,1.5\n16h32m38.4s,-12d30m0s,1.5\n16 32 38.4,-12.30.00.0,1.5\n").unwrap();
    assert_eq!((list.kind, list.format, list.rows_read), (Kind::Model, Format::Csv, 4));
    for component in &list.components {
        assert!(component.position.separation(j2000(248.16, -12.5)) < 1e-12, "{}", component.position);
        assert_eq!((component.stokes.i, &component.spectrum), (1.5, &Spectrum::Flat));
    }
    assert!(noted(&list, "taken as flat") && noted(&list, "taken as J2000"), "{:?}", list.notes);
}

#[test]
fn every_column() {
    let list = text(
        "name,RA_deg,DEC_deg,flux_mJy,q_jy,U_JY,v_mjy,alpha,ref_freq_mhz,major_arcsec,minor_arcsec,pa_deg,pa_frame\n\
         A,10,20,1500,0.1,-0.2,3,\"[-0.7,0.1]\",1400,45,15,30,centre\n\
         B,10,20,500,,,,-0.8,1000,,,,\n\
         C,10,20,500,0,0,0,,1000,0,0,,\n\
         D,10,20,500,0,0,0,[],1000,10,20,-60,source\n",
    )
    .unwrap();
    let [a, b, c, d] = &list.components[..] else { panic!("{}", list.components.len()) };
    assert_eq!(a.name.as_deref(), Some("A"));
    assert_eq!((a.stokes.i, a.stokes.q, a.stokes.u, a.stokes.v), (1.5, 0.1, -0.2, 0.003));
    assert_eq!(a.spectrum, Spectrum::LogPolynomial { terms: vec![-0.7, 0.1], reference: 1.4e9 });
    let Shape::Gaussian(shape) = a.shape else { panic!("a point") };
    assert!((shape.major / ARCSEC - 45.0).abs() < 1e-12 && (shape.minor / ARCSEC - 15.0).abs() < 1e-12);
    assert!((shape.position_angle.to_degrees() - 30.0).abs() < 1e-12);
    assert_eq!(shape.angle_frame, AngleFrame::Centre);
    assert_eq!(
        (b.spectrum.clone(), b.shape.clone()),
        (Spectrum::PowerLaw { alpha: -0.8, reference: 1e9 }, Shape::Point)
    );
    assert!(!b.stokes.is_polarised());
    assert_eq!(
        (c.spectrum.clone(), c.shape.clone()),
        (Spectrum::PowerLaw { alpha: -0.7, reference: 1e9 }, Shape::Point)
    );
    assert!(noted(&list, "1 components without a spectral index given that of -0.7"), "{:?}", list.notes);
    let Shape::Gaussian(shape) = d.shape else { panic!("a point") };
    assert!(
        (shape.major / ARCSEC - 20.0).abs() < 1e-12
            && (shape.position_angle.to_degrees() - 30.0).abs() < 1e-12
    );
    assert_eq!((&d.spectrum, shape.angle_frame), (&Spectrum::Flat, AngleFrame::Source));
}

#[test]
fn ordinary_polynomials() {
    let list = text("ra,dec,i_jy,si,logarithmic_si,ref_hz\n1,2,3,\"[0.5, -0.1]\",false,1e9\n1,2,3,[0.5 -0.1],true,1e9\n1,2,3,-0.7,False,1e9\n").unwrap();
    let terms = vec![0.5, -0.1];
    assert_eq!(list.components[0].spectrum, Spectrum::Polynomial { terms: terms.clone(), reference: 1e9 });
    assert_eq!(list.components[1].spectrum, Spectrum::LogPolynomial { terms, reference: 1e9 });
    assert_eq!(list.components[2].spectrum, Spectrum::Polynomial { terms: vec![-0.7], reference: 1e9 });
    let error = text("ra,dec,i_jy,si,log_si,ref_hz\n1,2,0,[0.5],false,1e9\n").unwrap_err();
    assert!(message(&error).contains(":2: an ordinary polynomial"), "{}", message(&error));
}

/// The layout of VizieR's asu-tsv, with units and dashes below the names and limits beside the sizes.
#[test]
fn vizier_tables() {
    let table = "#RESOURCE=yCat\n#Title: NVSS\n\n_RAJ2000;_DEJ2000;NVSS;RAJ2000;DEJ2000;S1.4;e_S1.4;l_MajAxis;MajAxis;l_MinAxis;MinAxis;PA\n\
        deg;deg;;\"h:m:s\";\"d:m:s\";mJy;mJy;;arcsec;;arcsec;deg\n\
        ---------;---------;---;---;---;---;---;-;---;-;---;---\n\
        202.784625;+30.509167;133108+303032;13 31 08.31;+30 30 33.0;14902.7;447.1; ; 45.0; ; 20.0;30\n\
        202.8;+30.6;133112+303600;13 31 12;+30 36 00;2.7;0.5;<; 45.0;<; 20.0;\n\
        202.8;+30.6;133112+303600;13 31 12;+30 36 00;2.7;0.5; ; 45.0;<; 20.0;10\n\n";
    let list = text(table).unwrap();
    let [first, second, third] = &list.components[..] else { panic!("{}", list.components.len()) };
    assert!(first.position.separation(j2000(202.784625, 30.509167)) < 1e-14);
    assert!((first.stokes.i - 14.9027).abs() < 1e-12);
    assert_eq!(first.name.as_deref(), Some("133108+303032"));
    assert_eq!(first.spectrum, Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 });
    assert!(matches!(first.shape, Shape::Gaussian(_)));
    assert_eq!(second.shape, Shape::Point);
    assert!(matches!(third.shape, Shape::Gaussian(shape) if shape.minor == 0.0 && shape.major > 0.0));
    assert!(
        noted(&list, "'_RAJ2000' and '_DEJ2000' used") && noted(&list, "columns not used"),
        "{:?}",
        list.notes
    );
    // The same without the rows of degrees: the sexagesimal columns.
    let tabs = "RAJ2000\tDEJ2000\tS1.4\n\"h:m:s\"\t\"d:m:s\"\tmJy\n---\t---\t---\n13 31 08.31\t+30 30 33.0\t14902.7\n";
    let list = text(tabs).unwrap();
    assert!(list.components[0].position.separation(j2000(202.784625, 30.509_166_666_666_667)) < 1e-12);
}

#[test]
fn comments_marks_and_line_ends() {
    let list = text("\u{feff}# a comment\r\n\r\n ra , dec , I_Jy \r\n# another\r\n 1 , 2 , 3 \r\n\r\n  # and one more\r\n 4,5,6").unwrap();
    assert_eq!(list.components.iter().map(|c| c.stokes.i).collect::<Vec<_>>(), [3.0, 6.0]);
    for separator in ["\t", ";"] {
        let list = text(&"ra,dec,i_jy,name\n1,2,3,\"a b\"\n".replace(',', separator)).unwrap();
        assert_eq!(list.components[0].name.as_deref(), Some("a b"));
    }
    assert_eq!(text("ra,dec,i_jy").unwrap().components.len(), 0);
    let (_folder, path) = file("list.dat", &gzipped(b"ra,dec,i_jy\n1,2,3\n"));
    assert_eq!(default_read(&path).unwrap().components.len(), 1);
}

#[test]
fn frames_by_name_and_by_option() {
    let frame = |header: &str, asked: Option<Frame>| {
        let options = ReadOptions { frame: asked, ..ReadOptions::default() };
        text_with(&format!("{header},i_jy\n10,20,1\n"), &options).unwrap().components[0].position.frame
    };
    assert_eq!(frame("ra,dec", None), Frame::J2000);
    assert_eq!(frame("ra,dec", Some(Frame::B1950)), Frame::B1950);
    assert_eq!(frame("RAB1950,DEB1950", None), Frame::B1950);
    assert_eq!(frame("ra_icrs,de_icrs", None), Frame::Icrs);
    assert_eq!(frame("GLON,GLAT", None), Frame::Galactic);
    assert_eq!(frame("RAJ2000,DEJ2000", Some(Frame::Icrs)), Frame::Icrs);
    let options = ReadOptions { frame: Some(Frame::Galactic), ..ReadOptions::default() };
    let both = text_with("ra_deg,dec_deg,glon,glat,i_jy\n10,20,30,40,1\n", &options).unwrap();
    assert!((both.components[0].position.longitude.to_degrees() - 30.0).abs() < 1e-12);
    assert!(text("ra,glat,i_jy\n1,2,3\n").is_err());
}

#[test]
fn units_are_said_or_asked_for_never_guessed() {
    let flux = |content: &str, options: &ReadOptions| {
        text_with(content, options).map(|list| list.components[0].stokes.i)
    };
    let plain = ReadOptions::default();
    let error = message(&flux("ra,dec,flux\n1,2,3\n", &plain).unwrap_err());
    assert!(error.contains(":1: ") && error.contains("--flux-unit"), "{error}");
    let given = ReadOptions { flux_unit: Some(FluxUnit::MilliJy), ..ReadOptions::default() };
    assert_eq!(flux("ra,dec,flux\n1,2,3\n", &given).unwrap(), 0.003);
    assert_eq!(flux("ra,dec,flux (mJy)\n1,2,3\n", &plain).unwrap(), 0.003);
    assert_eq!(flux("ra,dec,flux_jy\n1,2,3\n", &given).unwrap(), 3.0);
    assert_eq!(flux("ra,dec,flux\ndeg,deg,Jy\n1,2,3\n", &plain).unwrap(), 3.0);
    let error = message(&flux("ra,dec,flux_jy\ndeg,deg,mJy\n1,2,3\n", &plain).unwrap_err());
    assert!(error.contains("another unit"), "{error}");
    let two = "ra,dec,flux_jy,S1.4_mJy\n1,2,3,4\n";
    let error = message(&flux(two, &plain).unwrap_err());
    assert!(error.contains("--flux-column") && error.contains("S1.4_mJy"), "{error}");
    let chosen = ReadOptions { flux_column: Some("s1.4_mjy".into()), ..ReadOptions::default() };
    assert_eq!(flux(two, &chosen).unwrap(), 0.004);
    let missing = ReadOptions { flux_column: Some("peak".into()), ..ReadOptions::default() };
    assert!(message(&flux(two, &missing).unwrap_err()).contains("'peak'"));
    let error = message(&text("ra,dec,i_jy,major,minor,pa_deg\n1,2,3,4,5,6\n").unwrap_err());
    assert!(error.contains("major_arcsec"), "{error}");
    assert_eq!("mJy".parse::<FluxUnit>().unwrap(), FluxUnit::MilliJy);
}

#[test]
fn malformed_rows_are_told_with_their_line() {
    let wrong = |rows: &str| {
        message(
            &text(&format!("# list\nra,dec,i_jy,alpha,ref_hz,name\n1,2,3,,,\n\n# next\n{rows}\n"))
                .unwrap_err(),
        )
    };
    for (row, words) in [
        ("1,2,3", "3 cells, but the header has 6"),
        ("1,2,3,[-0.7,0.1],1e9,x", "double quotes"),
        ("x,2,3,,,", "column 'ra': 'x'"),
        (",2,3,,,", "column 'ra'"),
        ("1,91,3,,,", "column 'dec': '91'"),
        ("1,2:60:00,3,,,", "minutes"),
        ("1,2,bright,,,", "column 'i_jy': 'bright'"),
        ("1,2,inf,,,", "column 'i_jy': 'inf'"),
        ("1,2,1e999,,,", "column 'i_jy'"),
        ("1,2,3,-0.7,,", "without a reference frequency"),
        ("1,2,3,-0.7,0,", "not a positive number"),
        ("1,2,3,[a],1e9,", "column 'alpha'"),
        ("1,2,3,[1,1e9,", "column 'alpha': '[1'"),
        ("1,2,3,[1 x],1e9,", "column 'alpha'"),
    ] {
        let text = wrong(row);
        assert!(text.contains("list.csv:6: ") && text.contains(words), "{row}: {text}");
    }
    let shape = |row: &str| {
        message(&text(&format!("ra,dec,i_jy,major_arcsec,minor_arcsec,pa_deg\n{row}\n")).unwrap_err())
    };
    for (row, words) in [
        ("1,2,3,4,,", "without a minor axis"),
        ("1,2,3,,4,", "without a major axis"),
        ("1,2,3,4,2,", "without a position angle"),
        ("1,2,3,4,-2,0", "not those of an ellipse"),
    ] {
        let text = shape(row);
        assert!(text.contains(":2: ") && text.contains(words), "{row}: {text}");
    }
}

#[test]
fn rows_without_flux_are_dropped_and_counted() {
    let list = text("ra,dec,i_jy\n1,2,\n1,2,NaN\n1,2,3\n").unwrap();
    assert_eq!((list.components.len(), list.rows_read), (1, 3));
    assert!(noted(&list, "2 rows without a flux density"), "{:?}", list.notes);
}

#[test]
fn columns_in_hours_and_radians() {
    let list = text("ra_hours,dec_rad,i_jy\n12.5,0.1,1\n").unwrap();
    assert!(
        list.components[0].position.separation(Direction::new(Frame::J2000, 187.5f64.to_radians(), 0.1))
            < 1e-14
    );
    assert!(message(&text("ra_deg,dec_deg,i_jy\n12:30:00,1,1\n").unwrap_err()).contains("column 'ra_deg'"));
    assert!(message(&text("ra_deg,dec_deg,i_jy\n400,1,1\n").unwrap_err()).contains("beyond 360°"));
    assert!(message(&text("ra_mjy,dec_deg,i_jy\n4,1,1\n").unwrap_err()).contains("not that of an angle"));
}

#[test]
fn only_what_is_near() {
    let near = Near { centres: vec![j2000(1.0, 2.0)], radius: 0.5f64.to_radians() };
    let options = ReadOptions { near: Some(near), ..ReadOptions::default() };
    let list = text_with("ra,dec,i_jy\n1,2,3\n1.4,2,3\n1.6,2,3\n", &options).unwrap();
    assert_eq!((list.components.len(), list.rows_read), (2, 3));
}
