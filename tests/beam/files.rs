//! Beams from tables and images, with patterns whose values are known everywhere.

use std::path::Path;

use fitsio::FitsFile;
use fitsio::images::{ImageDescription, ImageType};
use nvss_predict::beam::{Airy, Axes, Beam, ImageBeam, ImageError, Offset, Plane, Projection, RadialTable};
use nvss_predict::image::{FitsFileError, beam_fits};

const DISH: f64 = 4.7;
const FREQUENCIES: [f64; 3] = [1.3e9, 1.4e9, 1.5e9];

fn airy() -> Airy {
    Airy::new(DISH, 0.0).unwrap()
}

fn parsed(text: &str) -> RadialTable {
    RadialTable::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_table_of_an_airy_pattern_is_that_pattern() {
    let mut text = String::from("# made by the test\nfreq [MHz], radius[arcmin], power\n");
    // Rows by descending radius: any order will do.
    for frequency in FREQUENCIES {
        for step in (0..=100).rev() {
            let radius = f64::from(step) * 3.0;
            let power = airy().power(Offset::polar((radius / 60.0).to_radians(), 0.0), frequency);
            text.push_str(&format!("{},{radius},{power}\n", frequency * 1e-6));
        }
    }
    let table = parsed(&text);
    assert_eq!(table.frequency_range(), Some((1.3e9, 1.5e9)));
    for step in 0..997 {
        let offset = Offset::polar(f64::from(step) * 5.003e-3f64.to_radians(), 1.0);
        for frequency in FREQUENCIES {
            let (found, expected) = (table.power(offset, frequency), airy().power(offset, frequency));
            assert!((found - expected).abs() < 2e-4, "{step} {frequency}: {found} {expected}");
            assert!((table.voltage(offset, frequency).powi(2) - found).abs() < 1e-15);
        }
        // Half-way between two frequencies: the mean, exactly.
        let mean = 0.5 * (table.power(offset, 1.3e9) + table.power(offset, 1.4e9));
        assert!((table.power(offset, 1.35e9) - mean).abs() < 1e-14);
        // Beyond the last: its curve scaled with frequency, as the Airy pattern is (in sin θ).
        let (found, expected) = (table.power(offset, 1.65e9), airy().power(offset, 1.65e9));
        assert!(offset.angle > 0.078 || (found - expected).abs() < 5e-4, "{step}: {found} {expected}");
    }
    assert_eq!(table.power(Offset::polar(5.01f64.to_radians(), 0.0), 1.4e9), 0.0);
    for (level, accuracy) in [(0.5, 1e-5), (0.2, 1e-5), (0.01, 1e-4)] {
        let (found, expected) = (table.limit_radius(1.4e9, level), airy().limit_radius(1.4e9, level));
        assert!((found - expected).abs() < accuracy, "{level}: {found} {expected}");
    }
    assert!((table.limit_radius(1.4e9, 0.0) - 5f64.to_radians()).abs() < 1e-12);
    assert_eq!(table.limit_radius(1.4e9, 2.0), 0.0);
}

#[test]
fn tables_are_monotone_where_their_values_are() {
    let table = parsed("0 1\n1 0.99\n1.1 0.2\n3 0.19\n4 0\n");
    let mut before = 1.0;
    for step in 1..=4000 {
        let power = table.power(Offset::polar((f64::from(step) * 1e-3).to_radians(), 0.0), 1e9);
        assert!(power <= before && power >= 0.0, "{step}: {power} after {before}");
        before = power;
    }
    for (radius, power) in [(0.0, 1.0), (1.0, 0.99), (1.1, 0.2), (3.0, 0.19)] {
        let found = table.power(Offset::polar(f64::to_radians(radius), 0.0), 1e9);
        assert!((found - power).abs() < 1e-12, "{radius}: {found}");
    }
}

#[test]
fn tables_may_be_written_in_several_ways() {
    let half = Offset::polar(0.5f64.to_radians(), 0.0);
    for text in [
        "0,1\n1,0\n",
        "radius,power\n0,1\n1,0\n",
        "\u{feff}theta_deg;attenuation\r\n0;1\r\n1;0\r\n",
        "power\tradius_arcmin\n1\t0\n0\t60\n",
        "radius_rad  beam   # comment\n\n0 1\n0.017453292519943295 0\n",
        "angle (arcsec), \"power\"\n0,1\n3600,0\n",
        "0,1.4e9,1\n1,1.4e9,0\n",
        "offset,power,freq_ghz\n0,1,1.4\n1,0,1.4\n",
    ] {
        let table = parsed(text);
        assert!((table.power(half, 1.4e9) - 0.5).abs() < 1e-12, "{text:?}");
    }
    let voltage = parsed("radius,voltage\n0,1\n1,-0.5\n");
    assert!((voltage.power(Offset::polar(1f64.to_radians(), 0.0), 1e9) - 0.25).abs() < 1e-12);
    assert_eq!(parsed("0 1\n1 0\n").frequency_range(), None);
}

#[test]
fn errors_in_tables_name_the_line() {
    for (text, told) in [
        ("", "no rows"),
        ("# nothing\n", "no rows"),
        ("0,1\n", "only one radius"),
        ("0,1.4e9,1\n1,1.4e9,0\n0,1.5e9,1\n", "only one radius at 1500000000 Hz"),
        ("0,1\n0,1\n", "is there twice"),
        ("0,1\n1,x\n", "line 2: 'x' is not a number"),
        ("0,1\n1,nan\n", "line 2: 'nan' is not a number"),
        ("0,1\n1,0,3\n", "line 2: 3 fields in place of 2"),
        ("0,1\n1,-0.1\n", "line 2: the power -0.1 is negative"),
        ("0,1\n-1,0.1\n", "line 2: the radius -1 is not within"),
        ("0,1,2,3\n", "line 1: 4 columns"),
        ("0,1.4,1\n", "line 1: the frequency 1.4 is not within 100 kHz"),
        // Numbers that are finite and whose slopes are not: found by fuzzing.
        ("10 1e308\n1 9\n", "line 1: the power 1e308 is negative, or larger than any"),
        ("radius,voltage\n0,1e200\n1,0\n", "line 2: the voltage 1e200 is larger than any"),
        ("radius,freq_ghz,power\n0,1e308,1\n", "line 2: the frequency 1e308 is not within"),
        ("0,1\n1e-300,0\n", "is there twice"),
        ("radius[pc],power\n", "line 1: unknown unit 'pc'"),
        ("radius,frequency_thz,power\n", "line 1: unknown unit 'thz'"),
        ("radius,gain\n", "line 1: unknown column 'gain'"),
        ("radius,power,voltage\n", "line 1: needed are one column radius"),
        ("radius (deg) power\n", "line 1: separate named columns by commas"),
    ] {
        let error = RadialTable::parse(text).unwrap_err().to_string();
        assert!(error.contains(told), "{text:?}: {error}");
    }
}

/// A lopsided pattern: twice as wide to the north as to the east, its peak off the axis, narrower as 1/ν.
fn lopsided(offset: Offset, frequency: f64) -> f64 {
    let scale = frequency / 1.4e9;
    let (x, y) = (offset.l * scale - 0.004, offset.m * scale + 0.002);
    (-(x / 0.02).powi(2) - (y / 0.04).powi(2)).exp()
}

const WIDTH: usize = 121;
const HEIGHT: usize = 101;
const STEP: f64 = 0.05;

fn axes() -> Axes {
    let step = STEP.to_radians();
    Axes {
        width: WIDTH,
        height: HEIGHT,
        reference: [60.0, 48.0],
        step: [-step, step],
        projection: Projection::Sin,
    }
}

/// The lopsided pattern on the grid of [`axes`].
fn plane(frequency: f64) -> Plane {
    let grid = axes();
    let value = |index: usize| {
        let l = ((index % WIDTH) as f64 - grid.reference[0]) * grid.step[0];
        let m = ((index / WIDTH) as f64 - grid.reference[1]) * grid.step[1];
        lopsided(Offset { l, m, angle: l.hypot(m).asin() }, frequency) as f32
    };
    Plane { frequency, values: (0..WIDTH * HEIGHT).map(value).collect() }
}

/// Offsets all over the grid and between its pixels.
fn scattered() -> impl Iterator<Item = Offset> {
    (0..400).map(|i| Offset::polar(f64::from(i) * 9.7e-5, f64::from(i) * 0.61))
}

#[test]
fn an_image_is_interpolated_between_pixels_and_planes() {
    let beam = ImageBeam::new(axes(), FREQUENCIES.iter().rev().map(|frequency| plane(*frequency)).collect())
        .unwrap();
    assert_eq!((beam.planes(), beam.frequency_range()), (3, Some((1.3e9, 1.5e9))));
    for offset in scattered() {
        for frequency in FREQUENCIES {
            let (found, expected) = (beam.power(offset, frequency), lopsided(offset, frequency));
            assert!((found - expected).abs() < 2e-5, "{offset:?} {frequency}: {found} {expected}");
        }
        let quarter = 0.75 * beam.power(offset, 1.4e9) + 0.25 * beam.power(offset, 1.5e9);
        assert!((beam.power(offset, 1.425e9) - quarter).abs() < 1e-12);
        // Outside the planes it is scaled, which is exact for this pattern.
        for frequency in [1.0e9, 1.6e9] {
            let (found, expected) = (beam.power(offset, frequency), lopsided(offset, frequency));
            assert!((found - expected).abs() < 2e-5, "{offset:?} {frequency}: {found} {expected}");
        }
    }
    // East is where l is positive, at smaller pixels of x.
    assert!(
        beam.power(Offset::polar(0.01, 1.57), 1.4e9) > 1.4 * beam.power(Offset::polar(0.01, -1.57), 1.4e9)
    );
    assert_eq!(beam.power(Offset::polar(0.06, 1.57), 1.4e9), 0.0);
    assert_eq!(beam.power(Offset::polar(3.0, 0.0), 1.4e9), 0.0);
    for level in [0.9, 0.5, 0.4] {
        let limit = beam.limit_radius(1.4e9, level);
        let reaches = |angle: f64| {
            (0..360).any(|i| lopsided(Offset::polar(angle, f64::from(i).to_radians()), 1.4e9) >= level)
        };
        assert!(!reaches(limit) && reaches(limit - 3.0 * STEP.to_radians()), "{level} {limit}");
    }
    assert_eq!(beam.limit_radius(1.4e9, 1.5), 0.0);
    assert!(beam.limit_radius(1.4e9, 0.0) < 0.1);
}

#[test]
fn projections_are_those_of_fits() {
    // A pattern that is the x of the plane plus 1: what the projection makes of a direction is read off.
    let grid = |projection| Axes { width: 41, height: 41, reference: [20.0; 2], step: [0.05; 2], projection };
    let ramp = || Plane {
        frequency: 0.0,
        values: (0..41 * 41).map(|i| ((i % 41) as f32 - 20.0) * 0.05 + 2.0).collect(),
    };
    let angle = 0.8f64;
    for (projection, x) in [
        (Projection::Sin, angle.sin()),
        (Projection::Tan, angle.tan()),
        (Projection::Arc, angle),
        (Projection::Zea, 2.0 * (0.5 * angle).sin()),
    ] {
        let beam = ImageBeam::new(grid(projection), vec![ramp()]).unwrap();
        let east = Offset::polar(angle, std::f64::consts::FRAC_PI_2);
        let expected = if x > 1.0 { 0.0 } else { x + 2.0 };
        assert!((beam.power(east, 1e9) - expected).abs() < 1e-6, "{projection:?}");
        assert!((beam.power(Offset::AXIS, 5e9) - 2.0).abs() < 1e-6, "the same at all frequencies");
    }
}

#[test]
fn unsound_images_are_told() {
    let with = |change: &dyn Fn(&mut Axes, &mut Vec<Plane>)| {
        let (mut grid, mut planes) = (axes(), vec![plane(1.3e9), plane(1.4e9)]);
        change(&mut grid, &mut planes);
        ImageBeam::new(grid, planes)
    };
    assert!(with(&|_, _| {}).is_ok());
    assert!(matches!(with(&|axes, _| axes.step[0] = 0.0), Err(ImageError::Axes(_))));
    assert!(matches!(with(&|axes, _| axes.reference[1] = f64::NAN), Err(ImageError::Axes(_))));
    assert!(matches!(with(&|axes, _| axes.width = 1), Err(ImageError::Axes(_))));
    assert!(matches!(with(&|_, planes| planes.clear()), Err(ImageError::Planes(_))));
    assert!(matches!(with(&|_, planes| planes[0].frequency = 1.4e9), Err(ImageError::Planes(_))));
    assert!(matches!(with(&|_, planes| planes[0].frequency = 0.0), Err(ImageError::Planes(_))));
    assert!(matches!(with(&|_, planes| planes[1].values.truncate(99)), Err(ImageError::Planes(_))));
    assert!(matches!(with(&|_, planes| planes[1].values.fill(f32::NAN)), Err(ImageError::Planes(_))));
    // A blank corner is no error: the beam is 0 there.
    let blank = with(&|_, planes| planes.iter_mut().for_each(|plane| plane.values[0] = f32::NAN)).unwrap();
    assert!(blank.power(Offset::polar(0.001, 0.0), 1.4e9) > 0.5);
}

/// Numbers and words for a header.
type Keys<'a> = (&'a [(&'a str, f64)], &'a [(&'a str, &'a str)]);

fn write(path: &Path, dimensions: &[usize], (numbers, words): Keys, data: &[f32]) {
    let description = ImageDescription { data_type: ImageType::Float, dimensions };
    let mut file = FitsFile::create(path).with_custom_primary(&description).open().unwrap();
    let hdu = file.primary_hdu().unwrap();
    for (key, value) in numbers {
        hdu.write_key(&mut file, key, *value).unwrap();
    }
    for (key, value) in words {
        hdu.write_key(&mut file, key, *value).unwrap();
    }
    hdu.write_image(&mut file, data).unwrap();
}

const SKY: [(&str, f64); 6] = [
    ("CRPIX1", 61.0),
    ("CDELT1", -STEP),
    ("CRVAL1", 83.6),
    ("CRPIX2", 49.0),
    ("CDELT2", STEP),
    ("CRVAL2", 54.6),
];

#[test]
fn a_cube_comes_back_from_fits() {
    let folder = tempfile::tempdir().unwrap();
    // cfitsio would take the brackets for a request.
    let path = folder.path().join("beam [1] cube.fits");
    let plain = folder.path().join("cube.fits");
    // XX is 1.2 and YY 0.8 of the pattern: their mean is the pattern.
    let planes: Vec<Plane> = FREQUENCIES.iter().map(|frequency| plane(*frequency)).collect();
    let data: Vec<f32> = [1.2f32, 0.8]
        .iter()
        .flat_map(|gain| {
            planes.iter().flat_map(move |plane| plane.values.iter().map(move |value| gain * value))
        })
        .collect();
    let mut numbers = SKY.to_vec();
    numbers.extend([("CRPIX3", 2.0), ("CDELT3", 100.0), ("CRVAL3", 1400.0)]);
    numbers.extend([("CRPIX4", 1.0), ("CDELT4", -1.0), ("CRVAL4", -5.0)]);
    let words = [
        ("CTYPE1", "RA---SIN"),
        ("CTYPE2", "DEC--SIN"),
        ("CTYPE3", "FREQ"),
        ("CUNIT3", "MHz"),
        ("CTYPE4", "STOKES"),
    ];
    write(&plain, &[2, 3, HEIGHT, WIDTH], (&numbers, &words), &data);
    std::fs::rename(&plain, &path).unwrap();
    let (found, expected) = (beam_fits::read(&path).unwrap(), ImageBeam::new(axes(), planes).unwrap());
    assert_eq!((found.planes(), found.frequency_range()), (3, Some((1.3e9, 1.5e9))));
    for offset in scattered() {
        for frequency in [1.2e9, 1.3e9, 1.37e9, 1.5e9] {
            let (a, b) = (found.power(offset, frequency), expected.power(offset, frequency));
            assert!((a - b).abs() < 1e-6, "{offset:?}: {a} {b}");
        }
    }
}

#[test]
fn direction_cosines_and_transposed_axes_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lm.fits");
    // M varies fastest; the axis is at the value 0 and not at the reference pixel.
    let pattern = plane(1.4e9);
    let data: Vec<f32> =
        (0..WIDTH * HEIGHT).map(|i| pattern.values[(i % HEIGHT) * WIDTH + i / HEIGHT]).collect();
    let step = STEP.to_radians();
    let numbers = [
        ("CRPIX1", 1.0),
        ("CDELT1", step),
        ("CRVAL1", -48.0 * step),
        ("CRPIX2", 1.0),
        ("CDELT2", -step),
        ("CRVAL2", 60.0 * step),
        ("RESTFRQ", 1.4e9),
    ];
    write(&path, &[WIDTH, HEIGHT], (&numbers, &[("CTYPE1", "M"), ("CTYPE2", "L")]), &data);
    let beam = beam_fits::read(&path).unwrap();
    assert_eq!(beam.frequency_range(), Some((1.4e9, 1.4e9)));
    for offset in scattered() {
        assert!((beam.power(offset, 1.4e9) - lopsided(offset, 1.4e9)).abs() < 2e-5);
        // One plane of a known frequency: its width goes as 1/ν.
        assert!((beam.power(offset, 1.5e9) - lopsided(offset, 1.5e9)).abs() < 2e-5);
    }
}

#[test]
fn fits_that_is_no_beam_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.fits");
    let told = |numbers: &[(&str, f64)], words: &[(&str, &str)], value: f32| {
        let _ = std::fs::remove_file(&path);
        let mut all = SKY.to_vec();
        all.extend(numbers);
        write(&path, &[2, HEIGHT, WIDTH], (&all, words), &vec![value; 2 * HEIGHT * WIDTH]);
        let error = beam_fits::read(&path).unwrap_err();
        let source = std::error::Error::source(&error).map(|source| source.to_string()).unwrap_or_default();
        format!("{error}: {source}")
    };
    let sky = [("CTYPE1", "RA---SIN"), ("CTYPE2", "DEC--SIN")];
    let cube = [sky[0], sky[1], ("CTYPE3", "FREQ")];
    let frequency = [("CRPIX3", 1.0), ("CDELT3", 1e8), ("CRVAL3", 1.4e9)];
    assert!(told(&[], &sky, 1.0).contains("axis 3 of 2 values is ''"));
    assert!(told(&[], &[("CTYPE3", "FREQ")], 1.0).contains("axis 1 of 121 values is ''"));
    assert!(told(&[], &cube, 1.0).contains("no CRVAL3"));
    assert!(told(&frequency, &cube, 0.0).contains("nowhere above 0"));
    assert!(told(&[("CROTA2", 30.0), frequency[2]], &cube, 1.0).contains("turned grid"));
    assert!(told(&[("CD1_2", 1e-3), frequency[2]], &cube, 1.0).contains("turned grid"));
    let car = [("CTYPE1", "RA---CAR"), ("CTYPE2", "DEC--CAR"), cube[2]];
    assert!(told(&frequency, &car, 1.0).contains("projection of RA---CAR"));
    let stokes = [sky[0], sky[1], ("CTYPE3", "STOKES")];
    assert!(told(&[("CRPIX3", 1.0), ("CDELT3", 1.0), ("CRVAL3", 2.0)], &stokes, 1.0).contains("[2, 3]"));
    let missing = beam_fits::read(&folder.path().join("none.fits")).unwrap_err();
    assert!(matches!(missing, beam_fits::BeamFitsError::File(FitsFileError::Io { .. })));
    std::fs::write(&path, b"radius,power\n0,1\n").unwrap();
    let text = beam_fits::read(&path).unwrap_err();
    assert!(matches!(text, beam_fits::BeamFitsError::File(FitsFileError::Fits { .. })));
}
