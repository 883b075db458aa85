//! The subtables of a MeasurementSet.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use casacore::DataType::{Bool, Complex, Double, Int, String as Text};
use casacore::{Result, Scalar, Table};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, arr2};
use num_complex::Complex32;

use super::schema::{Column, fixed, scalar, specs, variable};
use super::spec::MsSpec;

/// Code of the frequency frame TOPO in MEAS_FREQ_REF.
const TOPO: i32 = 5;
/// Seconds from MJD 0 to the Unix epoch.
const UNIX_MJD: f64 = 40_587.0 * 86_400.0;

/// One field as FIELD, SOURCE and POINTING have it.
pub(super) struct FieldRow {
    /// Name.
    pub(super) name: String,
    /// Longitude and latitude \[rad\] in the frame of FIELD.
    pub(super) direction: [f64; 2],
    /// Its moment, MJD UTC \[s\].
    pub(super) time: f64,
}

/// Writes the subtables of one MeasurementSet.
pub(super) struct Subtables<'a> {
    /// Directory of the main table.
    pub(super) root: &'a Path,
    /// The recipe.
    pub(super) spec: &'a MsSpec,
    /// The fields.
    pub(super) fields: &'a [FieldRow],
    /// FIELD_ID of each integration.
    pub(super) field_of: &'a [usize],
}

impl Subtables<'_> {
    /// Writes them all and returns their names.
    pub(super) fn write(&self) -> Result<Vec<&'static str>> {
        self.antenna()?;
        self.data_description()?;
        self.feed()?;
        self.field()?;
        self.flag_cmd()?;
        self.history()?;
        self.observation()?;
        self.pointing()?;
        self.polarization()?;
        self.processor()?;
        self.source()?;
        self.spectral_window()?;
        self.state()?;
        Ok(vec![
            "ANTENNA",
            "DATA_DESCRIPTION",
            "FEED",
            "FIELD",
            "FLAG_CMD",
            "HISTORY",
            "OBSERVATION",
            "POINTING",
            "POLARIZATION",
            "PROCESSOR",
            "SOURCE",
            "SPECTRAL_WINDOW",
            "STATE",
        ])
    }

    fn create(&self, name: &str, rows: usize, columns: impl IntoIterator<Item = Column>) -> Result<Table> {
        Table::create(&self.root.join(name), &specs(columns), rows as u64, self.spec.endian, "")
    }

    /// First and last moment of the observation, MJD UTC \[s\].
    fn span(&self) -> [f64; 2] {
        let half = 0.5 * self.spec.interval;
        [self.spec.time(0) - half, self.spec.time(self.spec.times.saturating_sub(1)) + half]
    }

    fn middle(&self) -> f64 {
        let [first, last] = self.span();
        0.5 * (first + last)
    }

    fn antenna(&self) -> Result<()> {
        let antennas = &self.spec.antennas;
        let table = self.create(
            "ANTENNA",
            antennas.len(),
            [
                fixed("OFFSET", Double, &[3]).position(),
                fixed("POSITION", Double, &[3]).position(),
                scalar("TYPE", Text),
                scalar("DISH_DIAMETER", Double).units(&["m"]),
                scalar("FLAG_ROW", Bool),
                scalar("MOUNT", Text),
                scalar("NAME", Text),
                scalar("STATION", Text),
            ],
        )?;
        let names: Vec<String> = antennas.iter().map(|antenna| antenna.name.clone()).collect();
        let positions: Vec<[f64; 3]> = antennas.iter().map(|antenna| antenna.position).collect();
        let diameters: Vec<f64> = antennas.iter().map(|antenna| antenna.dish_diameter).collect();
        table.put_cells("OFFSET", 0, Array2::<f64>::zeros((antennas.len(), 3)).view().into_dyn())?;
        table.put_cells("POSITION", 0, arr2(&positions).view().into_dyn())?;
        fill_text(&table, "TYPE", "GROUND-BASED")?;
        table.put_scalars("DISH_DIAMETER", 0, &diameters)?;
        fill_text(&table, "MOUNT", "ALT-AZ")?;
        table.put_scalars("NAME", 0, &names)?;
        table.put_scalars("STATION", 0, &names)?;
        table.close()
    }

    fn data_description(&self) -> Result<()> {
        let windows = self.spec.spectral_windows.len();
        let columns =
            [scalar("FLAG_ROW", Bool), scalar("POLARIZATION_ID", Int), scalar("SPECTRAL_WINDOW_ID", Int)];
        let table = self.create("DATA_DESCRIPTION", windows, columns)?;
        table.put_scalars("SPECTRAL_WINDOW_ID", 0, &(0..windows as i32).collect::<Vec<_>>())?;
        table.close()
    }

    fn feed(&self) -> Result<()> {
        let count = self.spec.antennas.len();
        let table = self.create(
            "FEED",
            count,
            [
                fixed("POSITION", Double, &[3]).position(),
                variable("BEAM_OFFSET", Double, 2).direction("J2000"),
                variable("POLARIZATION_TYPE", Text, 1),
                variable("POL_RESPONSE", Complex, 2),
                variable("RECEPTOR_ANGLE", Double, 1).units(&["rad"]),
                scalar("ANTENNA_ID", Int),
                scalar("BEAM_ID", Int),
                scalar("FEED_ID", Int),
                scalar("INTERVAL", Double).seconds(),
                scalar("NUM_RECEPTORS", Int),
                scalar("SPECTRAL_WINDOW_ID", Int),
                scalar("TIME", Double).epoch(),
            ],
        )?;
        let circular = self.spec.correlations.iter().any(|code| (5..=8).contains(code));
        let receptors = if circular { ["R", "L"] } else { ["X", "Y"] }.map(str::to_owned);
        let response = Array2::from_diag(&Array1::from_elem(2, Complex32::new(1.0, 0.0)));
        table.put_cells("POSITION", 0, Array2::<f64>::zeros((count, 3)).view().into_dyn())?;
        for row in 0..count as u64 {
            table.put_cell("BEAM_OFFSET", row, Array2::<f64>::zeros((2, 2)).view().into_dyn())?;
            table.put_cell("POLARIZATION_TYPE", row, ArrayView1::from(&receptors).into_dyn())?;
            table.put_cell("POL_RESPONSE", row, response.view().into_dyn())?;
            table.put_cell("RECEPTOR_ANGLE", row, Array1::<f64>::zeros(2).view().into_dyn())?;
        }
        table.put_scalars("ANTENNA_ID", 0, &(0..count as i32).collect::<Vec<_>>())?;
        fill(&table, "BEAM_ID", -1)?;
        // One feed for the whole observation and beyond.
        fill(&table, "INTERVAL", 1e30)?;
        fill(&table, "NUM_RECEPTORS", 2)?;
        fill(&table, "SPECTRAL_WINDOW_ID", -1)?;
        fill(&table, "TIME", self.middle())?;
        table.close()
    }

    fn field(&self) -> Result<()> {
        let frame = &self.spec.field_frame;
        let table = self.create(
            "FIELD",
            self.fields.len(),
            [
                variable("DELAY_DIR", Double, 2).direction(frame),
                variable("PHASE_DIR", Double, 2).direction(frame),
                variable("REFERENCE_DIR", Double, 2).direction(frame),
                scalar("CODE", Text),
                scalar("FLAG_ROW", Bool),
                scalar("NAME", Text),
                scalar("NUM_POLY", Int),
                scalar("SOURCE_ID", Int),
                scalar("TIME", Double).epoch(),
            ],
        )?;
        for column in ["DELAY_DIR", "PHASE_DIR", "REFERENCE_DIR"] {
            self.put_directions(&table, column, self.fields)?;
        }
        self.put_names_and_sources(&table)?;
        table.close()
    }

    /// One direction of polynomial order 0 a row.
    fn put_directions<'f>(
        &self,
        table: &Table,
        column: &str,
        fields: impl IntoIterator<Item = &'f FieldRow>,
    ) -> Result<()> {
        for (row, field) in fields.into_iter().enumerate() {
            table.put_cell(column, row as u64, arr2(&[field.direction]).view().into_dyn())?;
        }
        Ok(())
    }

    /// NAME, SOURCE_ID and TIME of the fields, for FIELD and SOURCE.
    fn put_names_and_sources(&self, table: &Table) -> Result<()> {
        let names: Vec<String> = self.fields.iter().map(|field| field.name.clone()).collect();
        let times: Vec<f64> = self.fields.iter().map(|field| field.time).collect();
        table.put_scalars("NAME", 0, &names)?;
        table.put_scalars("SOURCE_ID", 0, &(0..names.len() as i32).collect::<Vec<_>>())?;
        table.put_scalars("TIME", 0, &times)
    }

    fn flag_cmd(&self) -> Result<()> {
        let columns = [
            scalar("APPLIED", Bool),
            scalar("COMMAND", Text),
            scalar("INTERVAL", Double).seconds(),
            scalar("LEVEL", Int),
            scalar("REASON", Text),
            scalar("SEVERITY", Int),
            scalar("TIME", Double).epoch(),
            scalar("TYPE", Text),
        ];
        self.create("FLAG_CMD", 0, columns)?.close()
    }

    fn history(&self) -> Result<()> {
        let table = self.create(
            "HISTORY",
            1,
            [
                variable("APP_PARAMS", Text, 1),
                variable("CLI_COMMAND", Text, 1),
                scalar("APPLICATION", Text),
                scalar("MESSAGE", Text),
                scalar("OBJECT_ID", Int),
                scalar("OBSERVATION_ID", Int),
                scalar("ORIGIN", Text),
                scalar("PRIORITY", Text),
                scalar("TIME", Double).epoch(),
            ],
        )?;
        let nothing = [String::new()];
        table.put_cell("APP_PARAMS", 0, ArrayView1::from(&nothing).into_dyn())?;
        table.put_cell("CLI_COMMAND", 0, ArrayView1::from(&nothing).into_dyn())?;
        fill_text(&table, "APPLICATION", "nvss-predict")?;
        fill_text(
            &table,
            "MESSAGE",
            "synthetic observation made by nvss-predict: no telescope was involved",
        )?;
        fill_text(&table, "ORIGIN", "nvss-predict")?;
        fill_text(&table, "PRIORITY", "INFO")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        fill(&table, "TIME", UNIX_MJD + now)?;
        table.close()
    }

    fn observation(&self) -> Result<()> {
        let table = self.create(
            "OBSERVATION",
            1,
            [
                fixed("TIME_RANGE", Double, &[2]).epoch(),
                variable("LOG", Text, 1),
                variable("SCHEDULE", Text, 1),
                scalar("FLAG_ROW", Bool),
                scalar("OBSERVER", Text),
                scalar("PROJECT", Text),
                scalar("RELEASE_DATE", Double).epoch(),
                scalar("SCHEDULE_TYPE", Text),
                scalar("TELESCOPE_NAME", Text),
            ],
        )?;
        let nothing = [String::new()];
        table.put_cell("TIME_RANGE", 0, ArrayView1::from(&self.span()).into_dyn())?;
        table.put_cell("LOG", 0, ArrayView1::from(&nothing).into_dyn())?;
        table.put_cell("SCHEDULE", 0, ArrayView1::from(&nothing).into_dyn())?;
        fill_text(&table, "OBSERVER", "nvss-predict")?;
        fill_text(&table, "PROJECT", "nvss-predict demonstration")?;
        fill(&table, "RELEASE_DATE", self.span()[1])?;
        fill_text(&table, "TELESCOPE_NAME", &self.spec.telescope)?;
        table.close()
    }

    /// Every antenna at every integration looks at that integration's field.
    fn pointing(&self) -> Result<()> {
        let frame = &self.spec.field_frame;
        let antennas = self.spec.antennas.len();
        let rows = antennas * self.spec.times;
        let table = self.create(
            "POINTING",
            rows,
            [
                fixed("DIRECTION", Double, &[1, 2]).direction(frame),
                scalar("ANTENNA_ID", Int),
                scalar("INTERVAL", Double).seconds(),
                scalar("NAME", Text),
                scalar("NUM_POLY", Int),
                fixed("TARGET", Double, &[1, 2]).direction(frame),
                scalar("TIME", Double).epoch(),
                scalar("TIME_ORIGIN", Double).epoch(),
                scalar("TRACKING", Bool),
            ],
        )?;
        let integrations = || (0..rows).map(|row| row / antennas);
        let directions: Vec<[f64; 2]> =
            integrations().map(|time| self.fields[self.field_of[time]].direction).collect();
        let directions = ArrayView2::from(directions.as_slice()).insert_axis(Axis(1)).into_dyn();
        let names: Vec<String> =
            integrations().map(|time| self.fields[self.field_of[time]].name.clone()).collect();
        let times: Vec<f64> = integrations().map(|time| self.spec.time(time)).collect();
        let numbers: Vec<i32> = (0..rows).map(|row| (row % antennas) as i32).collect();
        table.put_cells("DIRECTION", 0, directions.view())?;
        table.put_cells("TARGET", 0, directions.view())?;
        table.put_scalars("ANTENNA_ID", 0, &numbers)?;
        fill(&table, "INTERVAL", self.spec.interval)?;
        table.put_scalars("NAME", 0, &names)?;
        table.put_scalars("TIME", 0, &times)?;
        table.put_scalars("TIME_ORIGIN", 0, &times)?;
        table.close()
    }

    fn polarization(&self) -> Result<()> {
        let codes = &self.spec.correlations;
        let columns = [
            variable("CORR_TYPE", Int, 1),
            variable("CORR_PRODUCT", Int, 2),
            scalar("FLAG_ROW", Bool),
            scalar("NUM_CORR", Int),
        ];
        let table = self.create("POLARIZATION", 1, columns)?;
        // Receptors of each correlation; Stokes parameters have none of their own.
        let products: Vec<[i32; 2]> = codes
            .iter()
            .map(|code| if *code > 4 { [(code - 5) % 4 / 2, (code - 5) % 2] } else { [0, 0] })
            .collect();
        table.put_cell("CORR_TYPE", 0, ArrayView1::from(codes.as_slice()).into_dyn())?;
        table.put_cell("CORR_PRODUCT", 0, ArrayView2::from(products.as_slice()).into_dyn())?;
        fill(&table, "NUM_CORR", codes.len() as i32)?;
        table.close()
    }

    fn processor(&self) -> Result<()> {
        let columns = [
            scalar("FLAG_ROW", Bool),
            scalar("MODE_ID", Int),
            scalar("TYPE", Text),
            scalar("TYPE_ID", Int),
            scalar("SUB_TYPE", Text),
        ];
        let table = self.create("PROCESSOR", 1, columns)?;
        fill(&table, "MODE_ID", -1)?;
        fill_text(&table, "TYPE", "CORRELATOR")?;
        fill(&table, "TYPE_ID", -1)?;
        table.close()
    }

    fn source(&self) -> Result<()> {
        let count = self.fields.len();
        let table = self.create(
            "SOURCE",
            count,
            [
                fixed("DIRECTION", Double, &[2]).direction(&self.spec.field_frame),
                fixed("PROPER_MOTION", Double, &[2]).units(&["rad/s"]),
                scalar("CALIBRATION_GROUP", Int),
                scalar("CODE", Text),
                scalar("INTERVAL", Double).seconds(),
                scalar("NAME", Text),
                scalar("NUM_LINES", Int),
                scalar("SOURCE_ID", Int),
                scalar("SPECTRAL_WINDOW_ID", Int),
                scalar("TIME", Double).epoch(),
            ],
        )?;
        let directions: Vec<[f64; 2]> = self.fields.iter().map(|field| field.direction).collect();
        table.put_cells("DIRECTION", 0, ArrayView2::from(directions.as_slice()).into_dyn())?;
        table.put_cells("PROPER_MOTION", 0, Array2::<f64>::zeros((count, 2)).view().into_dyn())?;
        fill(&table, "INTERVAL", 1e30)?;
        fill(&table, "SPECTRAL_WINDOW_ID", -1)?;
        self.put_names_and_sources(&table)?;
        table.close()
    }

    fn spectral_window(&self) -> Result<()> {
        let windows = &self.spec.spectral_windows;
        let table = self.create(
            "SPECTRAL_WINDOW",
            windows.len(),
            [
                scalar("MEAS_FREQ_REF", Int),
                variable("CHAN_FREQ", Double, 1).frequency(),
                scalar("REF_FREQUENCY", Double).frequency(),
                variable("CHAN_WIDTH", Double, 1).units(&["Hz"]),
                variable("EFFECTIVE_BW", Double, 1).units(&["Hz"]),
                variable("RESOLUTION", Double, 1).units(&["Hz"]),
                scalar("FLAG_ROW", Bool),
                scalar("FREQ_GROUP", Int),
                scalar("FREQ_GROUP_NAME", Text),
                scalar("IF_CONV_CHAIN", Int),
                scalar("NAME", Text),
                scalar("NET_SIDEBAND", Int),
                scalar("NUM_CHAN", Int),
                scalar("TOTAL_BANDWIDTH", Double).units(&["Hz"]),
            ],
        )?;
        fill(&table, "MEAS_FREQ_REF", TOPO)?;
        fill(&table, "NET_SIDEBAND", 1)?;
        for (row, window) in windows.iter().enumerate() {
            let row = row as u64;
            table.put_cell("CHAN_FREQ", row, ArrayView1::from(&window.frequencies).into_dyn())?;
            for column in ["CHAN_WIDTH", "EFFECTIVE_BW", "RESOLUTION"] {
                table.put_cell(column, row, ArrayView1::from(&window.widths).into_dyn())?;
            }
            table.put_scalars("REF_FREQUENCY", row, &window.frequencies[..1])?;
            table.put_scalars("NAME", row, std::slice::from_ref(&window.name))?;
            table.put_scalars("NUM_CHAN", row, &[window.frequencies.len() as i32])?;
            table.put_scalars(
                "TOTAL_BANDWIDTH",
                row,
                &[window.widths.iter().map(|width| width.abs()).sum::<f64>()],
            )?;
        }
        table.close()
    }

    fn state(&self) -> Result<()> {
        let columns = [
            scalar("CAL", Double).units(&["K"]),
            scalar("FLAG_ROW", Bool),
            scalar("LOAD", Double).units(&["K"]),
            scalar("OBS_MODE", Text),
            scalar("REF", Bool),
            scalar("SIG", Bool),
            scalar("SUB_SCAN", Int),
        ];
        let table = self.create("STATE", 1, columns)?;
        fill_text(&table, "OBS_MODE", "OBSERVE_TARGET#ON_SOURCE")?;
        fill(&table, "SIG", true)?;
        table.close()
    }
}

/// One value for every row of a scalar column.
fn fill<T: Scalar + Clone>(table: &Table, column: &str, value: T) -> Result<()> {
    table.put_scalars(column, 0, &vec![value; table.row_count() as usize])
}

/// One text for every row of a scalar column.
fn fill_text(table: &Table, column: &str, text: &str) -> Result<()> {
    fill(table, column, text.to_owned())
}
