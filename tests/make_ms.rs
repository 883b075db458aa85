//! MeasurementSets made by the library: UVW against other programs, every storage manager, every refusal.

mod common;

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use casacore::{Access, Endian, Table};
use ndarray::ArrayD;
use num_complex::Complex32;
use nvss_predict::coords::Frame;
use nvss_predict::ms::make::{
    DataColumn, DataFill, FieldLayout, MadeMs, MakeError, Manager, MsSpec, RowOrder, SpectralWindow, make,
};
use tempfile::TempDir;

/// UVW may be this far from programs that know UT1 − UTC (0.07 s on that day, 13 mm over 2.5 km) \[m\].
const UVW_TOLERANCE: f64 = 0.02;

fn opened(path: &Path) -> Table {
    Table::open(path, Access::ReadOnly).expect("the table opens")
}

/// A DSA-110 with the stations of those numbers only.
fn with_stations(numbers: &[usize]) -> MsSpec {
    let mut spec = MsSpec::dsa110(116, 1, 1, 4);
    let names: Vec<String> = numbers.iter().map(|number| format!("DSA-{number:03}")).collect();
    spec.antennas.retain(|antenna| names.contains(&antenna.name));
    assert_eq!(spec.antennas.len(), numbers.len());
    spec
}

fn made(directory: &TempDir, spec: &MsSpec) -> MadeMs {
    make(&directory.path().join("made.ms"), spec).expect("it can be made")
}

/// UVW of the first row of an integration with those two antennas.
fn uvw(table: &Table, spec: &MsSpec, time: usize, pair: (usize, usize)) -> Vec<f64> {
    let number = |station: usize| {
        let name = format!("DSA-{station:03}");
        spec.antennas.iter().position(|antenna| antenna.name == name).expect("the station is there") as i32
    };
    let rows = 0..table.row_count();
    let one = table.scalars::<i32>("ANTENNA1", rows.clone()).unwrap();
    let two = table.scalars::<i32>("ANTENNA2", rows.clone()).unwrap();
    let field = table.scalars::<i32>("FIELD_ID", rows.clone()).unwrap();
    let row = rows
        .into_iter()
        .position(|row| {
            let row = row as usize;
            field[row] == time as i32 && one[row] == number(pair.0) && two[row] == number(pair.1)
        })
        .expect("the baseline is there");
    table.cell::<f64>("UVW", row as u64).unwrap().into_raw_vec_and_offset().0
}

fn assert_near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() < tolerance, "{what}: {got:?}, not {want:?}");
    }
}

#[test]
fn uvw_are_those_of_pyuvdata() {
    // pyuvdata 3.2.8 write_ms of the same stations, centres and moments (astropy with IERS data).
    let centres = [[5.989276488729245, 0.27945023271891706], [6.010870265403916, 0.2794337251402686]];
    let pairs = [(1, 9), (1, 51), (51, 102), (113, 116), (103, 108)];
    let expected = [
        [
            [-46.010745, 0.038524, -0.00284],
            [-396.860431, 0.328479, -0.011344],
            [198.084811, -411.990656, 158.792157],
            [298.736838, 1921.143795, -732.204407],
            [-404.256475, -2072.563127, 793.890372],
        ],
        [
            [-46.010747, 0.035994, -0.00284],
            [-396.860448, 0.30665, -0.011344],
            [198.107471, -411.97976, 158.792157],
            [298.631169, 1921.160224, -732.204407],
            [-404.142477, -2072.585359, 793.890372],
        ],
    ];
    let mut spec = with_stations(&[1, 9, 51, 102, 103, 108, 113, 116]);
    spec.times = 2;
    spec.interval = 5_276_097_061.352_715 - spec.start;
    spec.fields = FieldLayout::Several(centres.to_vec());
    let directory = TempDir::new().unwrap();
    let table = opened(&made(&directory, &spec).path);
    for (time, of_time) in expected.iter().enumerate() {
        for (pair, want) in pairs.iter().zip(of_time) {
            assert_near(
                &uvw(&table, &spec, time, *pair),
                want,
                UVW_TOLERANCE,
                &format!("{pair:?} at {time}"),
            );
        }
    }
}

#[test]
fn uvw_follow_the_frame_of_the_field() {
    // casacore's measures (me.to_uvw), which turns to the north of J2000 for every frame but ICRS.
    let cases = [
        ("ICRS", [343.5, 16.1], [-412.1725, -2073.1172, 788.3541], true),
        ("J2000", [343.5, 16.1], [-412.1724, -2073.1172, 788.354], true),
        ("J2000", [100.0, 85.0], [-1008.2222, 805.2482, -1850.4774], true),
        ("B1950", [342.9, 15.9], [-412.5832, -2073.9945, 785.8276], false),
        ("GALACTIC", [86.1, -38.2], [-411.9934, -2073.5441, 787.3242], false),
    ];
    for (frame, centre, want, same_north) in cases {
        let mut spec = with_stations(&[103, 108]);
        spec.fields = FieldLayout::Single(centre.map(f64::to_radians));
        spec.field_frame = frame.to_owned();
        let directory = TempDir::new().unwrap();
        let got = uvw(&opened(&made(&directory, &spec).path), &spec, 0, (103, 108));
        if same_north {
            assert_near(&got, &want, UVW_TOLERANCE, frame);
        } else {
            // Along another north, u and v turn by the angle between the two and keep their length.
            assert!((got[2] - want[2]).abs() < UVW_TOLERANCE, "{frame}: {got:?}, not {want:?}");
            assert!(
                (got[0].hypot(got[1]) - f64::hypot(want[0], want[1])).abs() < UVW_TOLERANCE,
                "{frame}: {got:?}"
            );
        }
        if frame == "GALACTIC" {
            // The galactic pole is at position angle 326.26284° here (astropy, SkyCoord.position_angle).
            let turned = (got[0].atan2(got[1]) - f64::atan2(want[0], want[1])).to_degrees();
            assert!((turned - (360.0 - 326.26284)).abs() < 0.001, "{turned}");
        }
    }
}

#[test]
fn a_drift_scan_has_its_fields_on_the_meridian() {
    let mut spec = MsSpec::dsa110(3, 24, 1, 4);
    // The location pyuvdata had for the file whose FIELD is quoted here.
    spec.site = [-2_409_530.938_154_08, -4_478_410.679_586_58, 3_838_610.790_551_87];
    let directory = TempDir::new().unwrap();
    let set = made(&directory, &spec);
    assert_eq!(set.centres.len(), 24);
    let second = std::f64::consts::PI / 648_000.0;
    for (number, want) in [(0, [343.160_265_14, 16.011_318_92]), (23, [344.397_497_41, 16.010_373_10])] {
        let got = set.centres[number];
        assert_eq!(got.frame, Frame::Icrs);
        // astropy knows the day's UT1 − UTC of 0.071 s, 1.06″ along right ascension, and the pole's 0.3″ off its mean place.
        assert!((got.longitude - f64::to_radians(want[0])).abs() < 1.5 * second, "{got}");
        assert!((got.latitude - f64::to_radians(want[1])).abs() < 0.5 * second, "{got}");
    }
    let field = opened(&set.path.join("FIELD"));
    let written = field.cells::<f64>("PHASE_DIR", 0..24).unwrap();
    assert_eq!(written.shape(), [24, 1, 2]);
    for (number, centre) in set.centres.iter().enumerate() {
        assert_eq!([written[[number, 0, 0]], written[[number, 0, 1]]], [centre.longitude, centre.latitude]);
    }
    let main = opened(&set.path);
    let fields = main.scalars::<i32>("FIELD_ID", 0..main.row_count()).unwrap();
    let times = main.scalars::<f64>("TIME", 0..main.row_count()).unwrap();
    for (field, time) in fields.iter().zip(&times) {
        assert_eq!(*time, spec.start + f64::from(*field) * spec.interval);
    }
}

/// Every choice of storage that casacore offers for visibilities.
fn columns() -> Vec<DataColumn> {
    let managers = [
        Manager::Standard,
        Manager::Incremental,
        Manager::TiledShape,
        Manager::TiledColumn,
        Manager::TiledCell,
    ];
    let tiles = [None, Some([7, 5, 1]), Some([64, 16, 2])];
    let mut columns = Vec::new();
    for manager in managers {
        let tiled = !matches!(manager, Manager::Standard | Manager::Incremental);
        for tile in tiles.into_iter().take(if tiled { 3 } else { 1 }) {
            for fixed_shape in [false, true] {
                if fixed_shape || manager != Manager::TiledColumn {
                    columns.push(DataColumn { manager, tile, fixed_shape, fill: DataFill::One });
                }
            }
        }
    }
    columns
}

#[test]
fn every_storage_manager_holds_the_visibilities() {
    let columns = columns();
    assert_eq!(columns.len(), 4 + 6 + 3 + 6);
    for (number, column) in columns.into_iter().enumerate() {
        let mut spec = MsSpec::dsa110(5, 3, 2, 16);
        spec.endian = if number % 2 == 0 { Endian::Big } else { Endian::Little };
        spec.data = Some(column.clone());
        spec.model = Some(DataColumn { fill: DataFill::Zero, ..column.clone() });
        let directory = TempDir::new().unwrap();
        let set = made(&directory, &spec);
        assert_eq!(set.rows, 15 * 3 * 2);
        let table = opened(&set.path);
        assert_eq!(table.endian(), spec.endian);
        assert_eq!(table.row_count(), set.rows);
        for (name, value) in [("DATA", 1.0), ("MODEL_DATA", 0.0)] {
            let cells: ArrayD<Complex32> = table.cells(name, 0..set.rows).unwrap();
            assert_eq!(cells.shape(), [90, 16, 2], "{column:?}");
            assert!(cells.iter().all(|cell| *cell == Complex32::new(value, 0.0)), "{column:?} {name}");
            let kind = match column.manager {
                Manager::Standard => "StandardStMan",
                Manager::Incremental => "IncrementalStMan",
                Manager::TiledShape => "TiledShapeStMan",
                Manager::TiledColumn => "TiledColumnStMan",
                Manager::TiledCell => "TiledCellStMan",
            };
            assert_eq!(table.column(name).unwrap().manager_type, kind);
        }
    }
}

#[test]
fn spectral_windows_may_differ_and_rows_come_in_any_order() {
    for row_order in
        [RowOrder::TimeWindowBaseline, RowOrder::TimeBaselineWindow, RowOrder::WindowTimeBaseline]
    {
        for manager in [Manager::Standard, Manager::Incremental, Manager::TiledShape, Manager::TiledCell] {
            let mut spec = MsSpec::dsa110(4, 2, 1, 1);
            let lengths = [8, 3, 8];
            spec.spectral_windows = vec![
                SpectralWindow::regular("low", 1.3e9, 1e6, 8),
                SpectralWindow::regular("high, descending", 1.5e9, -2e6, 3),
                SpectralWindow::regular("again", 1.4e9, 1e5, 8),
            ];
            spec.correlations = vec![5, 6, 7, 8];
            spec.row_order = row_order;
            spec.data = Some(DataColumn { manager, ..DataColumn::default() });
            let directory = TempDir::new().unwrap();
            let set = made(&directory, &spec);
            assert_eq!(set.rows, 10 * 2 * 3);
            let table = opened(&set.path);
            let ints = |name: &str| table.scalars::<i32>(name, 0..set.rows).unwrap();
            let (one, two, window) = (ints("ANTENNA1"), ints("ANTENNA2"), ints("DATA_DESC_ID"));
            let times = table.scalars::<f64>("TIME", 0..set.rows).unwrap();
            let mut seen = HashSet::new();
            for row in 0..set.rows as usize {
                let shape = vec![lengths[window[row] as usize], 4];
                assert_eq!(
                    table.cell_shape("DATA", row as u64).unwrap(),
                    Some(shape.clone()),
                    "{row_order:?} {manager:?}"
                );
                assert_eq!(table.cell_shape("FLAG", row as u64).unwrap(), Some(shape));
                assert!(seen.insert((times[row].to_bits(), window[row], one[row], two[row])));
                let uvw = table.cell::<f64>("UVW", row as u64).unwrap();
                assert_eq!(one[row] == two[row], uvw.iter().all(|x| *x == 0.0));
            }
            match row_order {
                RowOrder::TimeWindowBaseline => {
                    assert!(times.is_sorted());
                    assert!(window[..10].iter().all(|w| *w == 0) && window[10] == 1);
                }
                RowOrder::TimeBaselineWindow => {
                    assert!(times.is_sorted());
                    assert_eq!(window[..6], [0, 1, 2, 0, 1, 2]);
                }
                RowOrder::WindowTimeBaseline => {
                    assert!(window.is_sorted());
                    assert!(times[..20].is_sorted());
                }
            }
            let spw = opened(&set.path.join("SPECTRAL_WINDOW"));
            let descending = spw.cell::<f64>("CHAN_FREQ", 1).unwrap();
            assert_eq!(descending.as_slice().unwrap(), [1.5e9, 1.498e9, 1.496e9]);
            assert_eq!(spw.cell::<f64>("CHAN_WIDTH", 1).unwrap().as_slice().unwrap(), [2e6; 3]);
        }
    }
}

#[test]
fn correlations_and_columns_are_as_asked() {
    for codes in [vec![9], vec![12, 9], vec![9, 12, 10, 11], vec![1], vec![8, 5]] {
        let mut spec = MsSpec::dsa110(3, 1, 1, 5);
        spec.correlations = codes.clone();
        spec.autocorrelations = false;
        spec.data = None;
        let directory = TempDir::new().unwrap();
        let set = made(&directory, &spec);
        assert_eq!((set.rows, set.baselines), (3, 3));
        let table = opened(&set.path);
        assert!(!table.has_column("DATA") && !table.has_column("MODEL_DATA"));
        assert_eq!(table.cell_shape("FLAG", 0).unwrap(), Some(vec![5, codes.len()]));
        assert_eq!(table.cells::<f32>("WEIGHT", 0..3).unwrap().shape(), [3, codes.len()]);
        let polarization = opened(&set.path.join("POLARIZATION"));
        assert_eq!(polarization.cell::<i32>("CORR_TYPE", 0).unwrap().into_raw_vec_and_offset().0, codes);
        let products: Vec<i32> =
            polarization.cell::<i32>("CORR_PRODUCT", 0).unwrap().into_raw_vec_and_offset().0;
        let expected: Vec<i32> = codes
            .iter()
            .flat_map(|code| match code {
                9 | 5 | 1 => [0, 0],
                10 => [0, 1],
                11 => [1, 0],
                _ => [1, 1],
            })
            .collect();
        assert_eq!(products, expected);
    }
}

#[test]
fn what_is_there_is_never_touched() {
    let directory = TempDir::new().unwrap();
    let spec = MsSpec::dsa110(2, 1, 1, 2);
    let file = directory.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let empty = directory.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let dangling = directory.path().join("dangling");
    std::os::unix::fs::symlink(directory.path().join("nowhere"), &dangling).unwrap();
    for path in [&file, &empty, &dangling] {
        assert!(matches!(make(path, &spec), Err(MakeError::Exists(at)) if at == *path));
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    let set = made(&directory, &spec);
    assert!(matches!(make(&set.path, &spec), Err(MakeError::Exists(_))));
    assert!(matches!(make(&directory.path().join("no/such/place.ms"), &spec), Err(MakeError::Io { .. })));
    // Nothing else is left behind.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 4);
}

#[test]
fn contradictions_are_refused() {
    type Change = fn(&mut MsSpec);
    let changes: [(Change, &str); 13] = [
        (|spec| spec.antennas.clear(), "at least one antenna"),
        (|spec| spec.times = 0, "one integration"),
        (|spec| spec.spectral_windows.clear(), "one spectral window"),
        (|spec| spec.antennas[1].position[0] = f64::NAN, "not finite"),
        (|spec| spec.interval = -1.0, "-1 s"),
        (|spec| spec.start = f64::NAN, "NaN"),
        (|spec| spec.site = [0.0; 3], "site"),
        (|spec| spec.correlations = vec![9, 13], "13"),
        (|spec| spec.correlations.clear(), "correlation"),
        (|spec| spec.fields = FieldLayout::Several(vec![]), "fields"),
        (|spec| spec.spectral_windows[0].widths.clear(), "0 widths"),
        (
            |spec| spec.data = Some(DataColumn { manager: Manager::TiledColumn, ..DataColumn::default() }),
            "fixed shape",
        ),
        (
            |spec| {
                spec.spectral_windows.push(SpectralWindow::regular("x", 1e9, 1e6, 3));
                spec.model = Some(DataColumn { fixed_shape: true, ..DataColumn::default() });
            },
            "differ in length",
        ),
    ];
    let directory = TempDir::new().unwrap();
    for (change, word) in changes {
        let mut spec = MsSpec::dsa110(2, 1, 1, 2);
        change(&mut spec);
        match make(&directory.path().join("refused.ms"), &spec) {
            Err(MakeError::Spec(message)) => assert!(message.contains(word), "{message}"),
            other => panic!("{word}: {other:?}"),
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
    // 100 TB are on nobody's disk.
    let mut spec = MsSpec::dsa110(96, 24, 1, 768);
    spec.times = 2_000;
    spec.spectral_windows = vec![SpectralWindow::regular("x", 1e9, 1e3, 1_000_000)];
    assert!(matches!(make(&directory.path().join("huge.ms"), &spec), Err(MakeError::Space { .. })));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Compares every table with casacore's own description of what a MeasurementSet must have.
const REQUIRED: &str = r#"
import sys
from casacore.tables import table, required_ms_desc
root, count = sys.argv[1], 0
main = table(root, ack=False)
assert main.getkeyword("MS_VERSION") == 2.0
assert main.info()["type"] == "Measurement Set"
for name in ["", "ANTENNA", "DATA_DESCRIPTION", "FEED", "FIELD", "FLAG_CMD", "HISTORY", "OBSERVATION", "POINTING",
             "POLARIZATION", "PROCESSOR", "SOURCE", "SPECTRAL_WINDOW", "STATE"]:
    sub = table(main.getkeyword(name)[7:], ack=False) if name else main
    for column, want in required_ms_desc(name or "MAIN").items():
        if column.startswith("_") or not isinstance(want, dict) or "valueType" not in want:
            continue
        got = sub.getcoldesc(column)
        where = name + "." + column
        assert got["valueType"] == want["valueType"], (where, got, want)
        assert ("ndim" in got) == ("ndim" in want), (where, got, want)
        if want.get("ndim", -1) > 0:
            assert got["ndim"] == want["ndim"], (where, got, want)
        for keyword, value in want["keywords"].items():
            if keyword == "QuantumUnits":
                assert list(got["keywords"][keyword]) == list(value), (where, got["keywords"], value)
            if keyword == "MEASINFO":
                assert got["keywords"][keyword]["type"] == value["type"], (where, got["keywords"], value)
        count += 1
assert (main.getcol("DATA") == 1).all() and not main.getcol("FLAG").any()
print("checked", count)
"#;

#[test]
fn casacore_finds_every_required_column() {
    let Some(python) = common::python() else { return };
    let mut spec = MsSpec::dsa110(4, 3, 2, 6);
    spec.data = Some(DataColumn { fill: DataFill::One, ..DataColumn::default() });
    let directory = TempDir::new().unwrap();
    let set = made(&directory, &spec);
    let output = Command::new(python).arg("-c").arg(REQUIRED).arg(&set.path).output().unwrap();
    let (said, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complaint}");
    let checked: usize = said.trim().trim_start_matches("checked ").parse().unwrap();
    assert!(checked > 100, "{said}");
}
