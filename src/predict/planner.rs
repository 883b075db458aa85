//! The plans of a run: one for each stretch of its rows, alike in all but the sky.

use kernels::SimdLevel;

use super::beforehand::storage;
use super::chain::Chain;
use super::check::Check;
use super::choose::choose_sky;
use super::engine::EngineChoice;
use super::error::{PredictError, Result};
use super::job::{Job, Mode};
use super::joint::Bundles;
use super::pipeline::Blocks;
use super::plan::{Content, Plan};
use super::preview::Outlook;
use super::report::{CatalogueReport, Report};
use super::run::Surroundings;
use super::scene::Scene;
use super::smear::Averages;
use super::stretches::{Stretch, joined};
use super::tiles;
use crate::image::sky::Raster;
use crate::ms::{ModelColumn, Presence};
use crate::time;

/// What is written without casacore need not be whole tiles, but multiples of so many rows, which suits the kernels' groups.
const JOINT_ROWS: usize = 16;

/// A sky, and what is told of it.
pub(super) type Told = (Content, CatalogueReport);

/// What the plans of a run have in common.
pub(super) struct Planner<'s> {
    pub(super) job: &'s Job,
    pub(super) around: Surroundings<'s>,
    pub(super) scene: &'s Scene<'s>,
    outlook: &'s Outlook,
    level: SimdLevel,
    engine: EngineChoice,
    chain: Chain,
    /// Whether the column is yet to be made.
    pub(super) new_column: bool,
    tile_rows: usize,
    /// Whether the compute threads will write the column's file themselves.
    direct: bool,
}

/// The plan of a stretch, with how its rows are cut and what of them is checked.
pub(super) struct Ready<'p> {
    pub(super) plan: Plan<'p>,
    pub(super) blocks: Blocks,
    pub(super) check: Check,
}

/// The plan of the first stretch, and what is told of all.
pub(super) struct Drawn<'p> {
    pub(super) first: Ready<'p>,
    pub(super) engines: Vec<String>,
    /// What was taken of the catalogue, or of the images, for each stretch.
    pub(super) skies: Vec<CatalogueReport>,
    /// Whether no stretch has anything on its sky.
    pub(super) is_empty: bool,
}

impl<'s> Planner<'s> {
    /// For the rows of a scene, whose `column` is as it was found.
    pub(super) fn new(
        job: &'s Job,
        around: Surroundings<'s>,
        scene: &'s Scene<'s>,
        outlook: &'s Outlook,
        column: &ModelColumn,
    ) -> Result<Planner<'s>> {
        let options = &job.options;
        let level = options.simd.unwrap_or_else(SimdLevel::detect);
        Ok(Planner {
            job,
            around,
            scene,
            outlook,
            level,
            engine: EngineChoice::new(options.engine, level, options.epsilon, scene.longest()),
            chain: Chain::new(scene.table, &scene.observation, options, outlook.frequencies)?,
            new_column: *column.presence() == Presence::Missing,
            tile_rows: column.tile_rows(),
            direct: tiles::expected(scene.table, column, &scene.selection, options),
        })
    }

    /// The sky of a stretch.
    pub(super) fn choose(&self, stretch: &Stretch) -> Result<Told> {
        let sight = self.outlook.sight(&self.scene.observation);
        choose_sky(self.job, self.around.skies, stretch.interval, &sight)
    }

    /// What of a sky, and of the images of all, a prediction should not rest on unsaid.
    pub(super) fn doubts(&self, sky: &Content) -> Vec<String> {
        let skies = self.around.skies;
        let through_beam = !self.outlook.primary.is_none();
        let mut doubts = self.outlook.doubts(&sky.components);
        for images in (0..skies.intervals()).filter_map(|interval| skies.images(interval)) {
            for doubt in images.doubts(through_beam) {
                if !doubts.contains(&doubt) {
                    doubts.push(doubt);
                }
            }
        }
        doubts
    }

    /// The windows that are predicted together, where they can be.
    pub(super) fn bundles(&self) -> Result<Bundles> {
        let Scene { observation, rows, selection, .. } = self.scene;
        let options = &self.job.options;
        // What antennas do to the signal is told for each window, and images often are: spectra may jump between them.
        // Rows that are done are told by their place in the table, which is not that of windows together.
        let joins = self.chain.is_none()
            && options.images.is_none()
            && rows.are_one()
            && options.mode == Mode::Replace
            && !options.resume;
        match joins && self.direct {
            true => Bundles::new(observation, &rows.all, selection, self.new_column),
            false => Ok(Bundles::apart(selection)),
        }
    }

    /// Plans all stretches, of which the first has this sky: what is wrong with any is known before anything is written. Beside
    /// the first, one is in memory at a time.
    pub(super) fn draw<'p>(
        &'p self,
        bundles: &'p Bundles,
        (first, others): (&'p Stretch, &'p [Stretch]),
        (sky, told): Told,
    ) -> Result<Drawn<'p>> {
        let mut is_empty = sky.is_empty();
        let first = self.ready(first, bundles, sky)?;
        let (mut engines, mut skies) = (first.plan.engines(), vec![told]);
        for stretch in others {
            let (sky, told) = self.choose(stretch)?;
            is_empty &= sky.is_empty();
            for line in self.plan(stretch, bundles, sky)?.engines() {
                // The same engine is told once, whatever it costs in each.
                let engine = |line: &str| line.split(", about").next().unwrap_or_default().to_owned();
                if !engines.iter().any(|known: &String| engine(known) == engine(&line)) {
                    engines.push(line);
                }
            }
            skies.push(told);
        }
        Ok(Drawn { first, engines, skies, is_empty })
    }

    /// Draws the first plan again, without bundles of windows.
    pub(super) fn redraw<'p>(
        &'p self,
        bundles: &'p Bundles,
        first: &'p Stretch,
        drawn: Drawn,
    ) -> Result<Drawn<'p>> {
        let first = self.ready(first, bundles, drawn.first.plan.into_sky())?;
        Ok(Drawn { engines: first.plan.engines(), first, skies: drawn.skies, is_empty: drawn.is_empty })
    }

    /// The plan of a later stretch, whose sky must be what was told of it.
    pub(super) fn next<'p>(
        &'p self,
        stretch: &'p Stretch,
        bundles: &'p Bundles,
        told: &CatalogueReport,
    ) -> Result<Ready<'p>> {
        let (sky, now) = self.choose(stretch)?;
        if now.digest != told.digest {
            return Err(PredictError::Options(format!(
                "the images of {} have changed while the run was under way",
                self.job.catalogue.display()
            )));
        }
        self.ready(stretch, bundles, sky)
    }

    fn ready<'p>(&'p self, stretch: &'p Stretch, bundles: &'p Bundles, sky: Content) -> Result<Ready<'p>> {
        let plan = self.plan(stretch, bundles, sky)?;
        let (blocks, check) = (self.blocks(bundles, &plan), self.check(stretch, bundles, &plan));
        Ok(Ready { plan, blocks, check })
    }

    /// The plan of a stretch with such a sky.
    fn plan<'p>(&'p self, stretch: &'p Stretch, bundles: &'p Bundles, sky: Content) -> Result<Plan<'p>> {
        let Scene { observation, rows, selection, .. } = self.scene;
        let (survey, used) = (rows.of(stretch), rows.used(stretch, selection));
        let Outlook { primary, centres, frequencies, .. } = self.outlook;
        let smear = self.job.options.smear;
        let averages = Averages::new(smear, &mut sky.directions(), centres, &rows.all, frequencies[1])?;
        let (engine, chain) = (self.engine.clone(), self.chain.clone());
        let memory = self.left(sky.raster.as_deref());
        let make =
            || Plan::new(observation, survey, &used, bundles, sky, primary, engine, averages, chain, memory);
        self.around.pool.install(make)
    }

    /// What is to be checked of a stretch.
    fn check(&self, stretch: &Stretch, bundles: &Bundles, plan: &Plan) -> Check {
        let Scene { rows, selection, .. } = self.scene;
        let visited = selection.used.iter().filter(|pair| bundles.leads(pair.1));
        let usages = || visited.clone().filter_map(|pair| rows.of(stretch).used.get(pair));
        let cross = usages().map(|usage| usage.cross).sum();
        let auto = usages().map(|usage| usage.auto).sum();
        let wanted = self.job.options.check.div_ceil(rows.stretches.len());
        Check::new(wanted, cross, auto, time::seed()).for_plan(plan)
    }

    /// The memory that images leave.
    fn left(&self, raster: Option<&Raster>) -> usize {
        self.job.options.memory.saturating_sub(raster.map_or(0, Raster::bytes))
    }

    /// How the rows are cut into blocks for a plan.
    fn blocks(&self, bundles: &Bundles, plan: &Plan) -> Blocks {
        let Scene { observation, selection, .. } = self.scene;
        let (threads, wanted) = (self.around.pool.current_num_threads(), plan.rows_wanted());
        // Grids take most of the memory where there are any.
        let memory = self.left(plan.raster()) / if wanted.is_some() { 4 } else { 2 };
        if !bundles.is_empty() {
            return Blocks::new(bundles.row_bytes(), JOINT_ROWS, threads, memory, false, wanted);
        }
        let row_bytes = selection.shapes.values().map(|shape| shape.bytes()).max().unwrap_or(0);
        let some = self.scene.is_partial() || !selection.channels.is_empty();
        let keeps_old = !self.new_column && (self.job.options.mode != Mode::Replace || some);
        // Few rows are cut finer where no tile is cut by it: no thread waits for the last of them, and memory serves again.
        let share = (observation.rows as usize / (8 * threads)).max(JOINT_ROWS);
        if self.direct && wanted.is_none() && share < self.tile_rows {
            return Blocks::new(row_bytes, JOINT_ROWS, threads, memory, keeps_old, Some(share));
        }
        Blocks::new(row_bytes, self.tile_rows, threads, memory, keeps_old, wanted)
    }

    /// Tells the report of the rows, the beam, the antennas and the plans.
    pub(super) fn tell(&self, drawn: &Drawn, column: &ModelColumn, report: &mut Report) {
        let Scene { observation, rows, selection, .. } = self.scene;
        let Outlook { primary, frequencies, .. } = self.outlook;
        report.beam = primary.description.clone();
        report.smear = drawn.first.plan.averages.describe(observation, &rows.all, frequencies[1]);
        report.antennas = self.chain.describe();
        report.plan_rows(observation, rows.chosen(), selection, joined(&drawn.skies), *frequencies);
        report.plan.simd = self.level.to_string();
        report.plan.threads = self.around.pool.current_num_threads();
        report.plan.storage = storage(column);
        report.plan.new_column = self.new_column;
        self.tell_plan(drawn, report);
    }

    /// The same of the plans alone.
    pub(super) fn tell_plan(&self, drawn: &Drawn, report: &mut Report) {
        report.plan.engines.clone_from(&drawn.engines);
        (report.plan.block_rows, report.plan.blocks) = (drawn.first.blocks.rows, drawn.first.blocks.count);
    }
}
