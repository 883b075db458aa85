//! Several MeasurementSets in one go: the catalogue is read once, one waits for the disk while another computes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use casacore::Access;

use super::beforehand::thread_pool;
use super::choose::radius;
use super::columns::run_columns;
use super::deadline::bounded;
use super::engine::check_epsilon;
use super::error::{PredictError, Result};
use super::job::{Job, Options};
use super::plan_cache::locked;
use super::preview::Outlook;
use super::report::Report;
use super::run::{Observer, Surroundings};
use super::scope::select_rows;
use super::skies::Skies;
use crate::catalog::Near;
use crate::coords::Direction;
use crate::ms::{self, Observation, RowSurvey};
use crate::stall::{Journal, Watchdog, doing};

/// Several predictions of one catalogue.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The MeasurementSets, in the order in which they are begun.
    pub ms: Vec<PathBuf>,
    /// The catalogue or component list.
    pub catalogue: PathBuf,
    /// How; the memory is that of all together.
    pub options: Options,
    /// How many are under way at a time.
    pub at_once: usize,
}

/// Who watches a batch. Called from the threads that run the jobs.
pub trait BatchObserver: Sync {
    /// Who watches the run into the MeasurementSet of this index.
    fn observer(&self, index: usize) -> Box<dyn Observer + '_>;
    /// That run has ended.
    fn ended(&self, _index: usize, _outcome: &Result<Report>) {}
    /// Who notices that the work on the MeasurementSet of this index, which `journal` tells of, has stalled: the thread that
    /// does it may never return.
    fn watch(&self, _index: usize, _journal: &Arc<Journal>) -> Option<Watchdog> {
        None
    }
    /// That work has been put aside, or has ended.
    fn rests(&self, _index: usize) {}
    /// Whether the user wants all to stop.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Where sources of one MeasurementSet are taken from; none for the whole catalogue.
pub(super) type Reach = Option<Near>;

impl Batch {
    /// The prediction into the MeasurementSet of this index.
    pub fn job(&self, index: usize) -> Job {
        // What is under way together shares the memory.
        let share = self.options.memory / self.at_once.clamp(1, self.ms.len().max(1));
        let options = Options { memory: share, ..self.options.clone() };
        Job { ms: self.ms[index].clone(), catalogue: self.catalogue.clone(), options }
    }

    /// The first two MeasurementSets that are the same by whatever paths, or have a table in common, as selections of one
    /// have. casacore must not have a table open in two threads.
    fn twice(&self, observer: &dyn BatchObserver) -> Option<(&Path, &Path)> {
        let mut known: HashMap<PathBuf, &Path> = HashMap::new();
        self.ms.iter().enumerate().find_map(|(index, path)| {
            let (place, mut tables) = watched(self, index, observer, || {
                // One that is not there, or cannot be read, fails by itself.
                let place = path.canonicalize().unwrap_or_else(|_| path.clone());
                let parts = ms::open(path, Access::ReadOnly).and_then(|table| Ok(table.part_names()?));
                (place, parts.unwrap_or_default())
            });
            tables.push(place);
            tables.sort();
            tables.dedup();
            let before = tables.iter().find_map(|table| known.get(table).copied());
            known.extend(tables.into_iter().map(|table| (table, path.as_path())));
            before.map(|before| (before, path.as_path()))
        })
    }
}

/// Predicts a catalogue into several MeasurementSets. One that fails does not stop the others; the outcomes are in the
/// order of the paths. After an interruption, those that were not begun are interrupted too.
///
/// # Errors
/// [`PredictError`] for what concerns all of them, before anything is written: a MeasurementSet that is named twice, a
/// catalogue that is not there or not understood.
pub fn run_many(batch: &Batch, observer: &dyn BatchObserver) -> Result<Vec<Result<Report>>> {
    let begun = Instant::now();
    check_epsilon(batch.options.epsilon)?;
    if let Some((one, other)) = batch.twice(observer) {
        return Err(PredictError::Options(format!(
            "{} and {} are the same MeasurementSet, or parts of one; name it once, or predict into one after the other",
            one.display(),
            other.display()
        )));
    }
    let Some(first) = (!batch.ms.is_empty()).then(|| batch.job(0)) else {
        return Ok(Vec::new());
    };
    let reading = doing("while reading the catalogue", &batch.catalogue);
    let mut skies = Skies::open(&first)?;
    skies.prepare(&first);
    drop(reading);
    if (batch.ms.len() > 1 || batch.options.patch_columns.len() > 1) && skies.reads_files() {
        let reaches = each(batch, observer, |index| {
            if observer.cancelled() {
                return Err(PredictError::Interrupted { state: "nothing was written".into() });
            }
            reach(&batch.job(index), &skies)
        });
        // One that cannot be opened says so when its turn comes.
        let reaches: Vec<Reach> = reaches.into_iter().filter_map(Result::ok).collect();
        let _doing = doing("while reading the catalogue", &batch.catalogue);
        skies.share(union(reaches));
    }
    let pool = thread_pool(&batch.options)?;
    let around = Surroundings { skies: &skies, pool: &pool, follows: false };
    Ok(each(batch, observer, |index| {
        let job = batch.job(index);
        let run = |observer: &mut dyn Observer| {
            if observer.cancelled() {
                return Err(PredictError::Interrupted {
                    state: "it was not begun; nothing was written".into(),
                });
            }
            run_columns(&job, around, observer, Instant::now())
        };
        let outcome = bounded(observer.observer(index).as_mut(), job.options.timeout, begun, run);
        observer.ended(index, &outcome);
        outcome
    }))
}

/// What `task` makes of each index, at most so many at a time as the batch says.
fn each<T: Send>(
    batch: &Batch,
    observer: &dyn BatchObserver,
    task: impl Fn(usize) -> Result<T> + Sync,
) -> Vec<Result<T>> {
    let next = AtomicUsize::new(0);
    let count = batch.ms.len();
    let outcomes: Vec<Mutex<Option<Result<T>>>> = (0..count).map(|_| Mutex::new(None)).collect();
    // casacore's tables cannot leave their thread: each MeasurementSet has one thread for itself.
    std::thread::scope(|scope| {
        for _ in 0..batch.at_once.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(slot) = outcomes.get(index) else {
                        break;
                    };
                    let run =
                        std::panic::AssertUnwindSafe(|| watched(batch, index, observer, || task(index)));
                    let outcome = std::panic::catch_unwind(run)
                        .unwrap_or_else(|_| Err(PredictError::Thread("no message".into())));
                    *locked(slot) = Some(outcome);
                }
            });
        }
    });
    let missing = || Err(PredictError::Thread("it was never begun".into()));
    outcomes.iter().map(|slot| locked(slot).take().unwrap_or_else(missing)).collect()
}

/// Does something with the MeasurementSet of this index, watched by who watches the batch.
fn watched<T>(batch: &Batch, index: usize, observer: &dyn BatchObserver, task: impl FnOnce() -> T) -> T {
    let journal = Journal::new();
    let _entered = journal.enter();
    let watchdog = observer.watch(index, &journal);
    let doing = doing("while at work on", &batch.ms[index]);
    let done = task();
    drop((doing, watchdog));
    observer.rests(index);
    done
}

/// Where the sources of a job are taken from. Nothing is locked or written.
pub(super) fn reach(job: &Job, skies: &Skies) -> Result<Reach> {
    let table = ms::open(&job.ms, Access::ReadOnly)?;
    let observation = Observation::read(&table)?;
    let survey = RowSurvey::read(&table)?;
    let selection = select_rows(&observation, &survey, &job.options)?;
    let outlook = Outlook::new(&table, &observation, &survey, &selection, &job.options)?;
    let sight = outlook.sight(&observation);
    let radius = radius(job, skies.kind(), &sight)?;
    Ok(radius.map(|radius| Near { centres: sight.directions.clone(), radius }))
}

/// What holds all of them; none for the whole catalogue.
fn union(reaches: Vec<Reach>) -> Reach {
    let near: Vec<Near> = reaches.into_iter().collect::<Option<_>>()?;
    let radius = near.iter().map(|near| near.radius).fold(0.0, f64::max);
    let centres: Vec<Direction> = near.into_iter().flat_map(|near| near.centres).collect();
    Some(Near { centres, radius })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::Frame;

    struct Nobody;

    impl BatchObserver for Nobody {
        fn observer(&self, _: usize) -> Box<dyn Observer + '_> {
            Box::new(super::super::run::Silent)
        }
    }

    fn near(longitude: f64, radius: f64) -> Reach {
        Some(Near { centres: vec![Direction::from_degrees(Frame::J2000, longitude, 0.0)], radius })
    }

    #[test]
    fn a_union_holds_every_reach() {
        let all = union(vec![near(10.0, 0.1), near(20.0, 0.3)]).expect("a reach");
        assert_eq!((all.centres.len(), all.radius), (2, 0.3));
        assert_eq!(union(vec![near(10.0, 0.1), None]), None);
    }

    #[test]
    fn one_path_twice_is_found() {
        let batch = |ms: &[&str]| Batch {
            ms: ms.iter().map(PathBuf::from).collect(),
            catalogue: PathBuf::new(),
            options: Options::default(),
            at_once: 2,
        };
        assert!(batch(&["/", "/."]).twice(&Nobody).is_some());
        assert!(batch(&["/", "/no/such", "/no/other"]).twice(&Nobody).is_none());
        assert!(batch(&["/no/such", "/no/such"]).twice(&Nobody).is_some());
    }
}
