//! A prediction in a thread of its own, while the calling one listens to Python: to signals, and to who watches.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nvss_predict::cli::call::{self, Cause, Failure, Prediction};
use nvss_predict::predict::{Observer, Report};
use nvss_predict::stall::{Entered, Journal, Limits, Stall, Watchdog, doing};
use pyo3::prelude::*;

use crate::busy::{self, Turn};
use crate::failure::raise;

/// How often signals are looked for and progress is told.
const LOOK: Duration = Duration::from_millis(50);

/// How long one who interrupts waits for the run to end in order; then it ends without them.
const PATIENCE: Duration = Duration::from_millis(800);

/// Runs that go on without anybody waiting for them.
static BACKGROUND: AtomicUsize = AtomicUsize::new(0);

/// The caller waits for the run.
const WAITED_FOR: u8 = 0;
/// The caller has gone, the run goes on.
const LEFT: u8 = 1;
/// The run has ended.
const ENDED: u8 = 2;

enum Event {
    Warning(String),
    Planned(String),
    /// The thread is stuck, and will not be heard of.
    Stalled(Box<Failure>),
    Done(Box<Result<Report, Failure>>),
}

/// What the two threads share.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// [`WAITED_FOR`], [`LEFT`] or [`ENDED`].
    state: AtomicU8,
    /// Rows written, of how many, and bytes.
    progress: Mutex<Option<(u64, u64, u64)>>,
}

/// Listens to a run on behalf of the calling thread.
struct Listener {
    shared: Arc<Shared>,
    events: Sender<Event>,
}

impl Observer for Listener {
    fn warning(&mut self, text: &str) {
        // Nobody is there to hear it once the caller has gone.
        let _ = self.events.send(Event::Warning(text.to_owned()));
    }

    fn planned(&mut self, report: &Report) {
        let _ = self.events.send(Event::Planned(call::plan_text(report)));
    }

    fn progress(&mut self, rows: u64, of: u64, bytes: u64) {
        *self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some((rows, of, bytes));
    }

    fn cancelled(&self) -> bool {
        self.shared.stop.load(Ordering::SeqCst)
    }
}

/// Makes the prediction that `words` mean; returns its report as JSON, and what the command would say at the end.
///
/// The words are those of `nvss-predict image` where `images`, and of `nvss-predict` elsewhere. `watch` has the methods `warning(text)`, `planned(text)` and `progress(rows, of, bytes)`; what they raise ends the run.
#[pyfunction]
#[pyo3(signature = (words, arguments, held, watch, images = false))]
pub(crate) fn predict(
    py: Python<'_>,
    words: Vec<OsString>,
    arguments: String,
    held: Option<String>,
    watch: &Bound<'_, PyAny>,
    images: bool,
) -> PyResult<(String, String)> {
    let shared = Arc::new(Shared::default());
    let (events, mut heard) = channel();
    let of_thread = Arc::clone(&shared);
    let run = move || {
        let done = catch_unwind(AssertUnwindSafe(|| {
            let listener = Listener { shared: Arc::clone(&of_thread), events: events.clone() };
            whole_run(|| understood(&words, arguments, held, images), listener)
        }));
        let done = done.unwrap_or_else(|_| Err(storage("the run stopped unexpectedly. Please report this")));
        let _ = events.send(Event::Done(Box::new(done)));
        if of_thread.state.swap(ENDED, Ordering::SeqCst) == LEFT {
            BACKGROUND.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let started = std::thread::Builder::new().name("nvss-predict".into()).spawn(run);
    let thread =
        started.map_err(|error| raise(py, storage(&format!("no thread could be started: {error}"))))?;
    match listen(py, &shared, &mut heard, watch)? {
        Some(done) => {
            // It has nothing left to do; its end is waited for so that no call leaves a thread behind.
            let _ = py.detach(|| thread.join());
            let report = done.map_err(|failure| raise(py, failure))?;
            let json = serde_json::to_string(&report).unwrap_or_default();
            Ok((json, call::summary_text(&report)))
        }
        None => Err(raise(py, storage("the run stopped unexpectedly. Please report this"))),
    }
}

/// Waits until runs that were left behind have ended, up to `limit` [s]; returns how many are left.
#[pyfunction]
pub(crate) fn wait_for_background(py: Python<'_>, limit: f64) -> usize {
    let begun = Instant::now();
    let limit = crate::busy::seconds(limit);
    py.detach(|| {
        while BACKGROUND.load(Ordering::SeqCst) > 0 && begun.elapsed() < limit {
            std::thread::sleep(LOOK);
        }
        BACKGROUND.load(Ordering::SeqCst)
    })
}

fn storage(text: &str) -> Failure {
    Failure { cause: Cause::Storage, text: text.to_owned(), exit_code: 5, report: None }
}

/// The prediction that `words` mean, of a catalogue or of images.
fn understood(
    words: &[OsString],
    arguments: String,
    held: Option<String>,
    images: bool,
) -> Result<Prediction, Failure> {
    if images {
        return Prediction::of_images(words, arguments);
    }
    Prediction::new(words, arguments, held.map(Into::into))
}

/// The whole of a run, in its thread.
fn whole_run(
    prediction: impl FnOnce() -> Result<Prediction, Failure>,
    mut listener: Listener,
) -> Result<Report, Failure> {
    let mut prediction = prediction()?;
    let options = &prediction.job.options;
    let ms = prediction.job.ms.clone();
    let limits = Limits { stall: options.stall_timeout, whole: options.timeout };
    let events = listener.events.clone();
    let stalled = move |failure| drop(events.send(Event::Stalled(Box::new(failure))));
    let watched = Watched::begin(&ms, limits, stalled);
    let begun = Instant::now();
    let _turn = Turn::wait(&prediction.job.ms, options.lock_timeout, &|| listener.cancelled())?;
    // The time of a run is that of its call.
    prediction.job.options.timeout = options.timeout.map(|limit| limit.saturating_sub(begun.elapsed()));
    // A pool of its own: the one that all share is gone in a process that was forked after it began.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| storage(&format!("no thread could be started: {error}")))?;
    pool.install(|| {
        // The work is that of the pool's thread.
        let _entered = watched.journal.enter();
        prediction.run(&mut listener)
    })
}

/// A thread at work on a MeasurementSet that somebody watches, until this is dropped.
struct Watched {
    ms: PathBuf,
    stuck: Arc<AtomicBool>,
    journal: Arc<Journal>,
    _entered: Entered,
    _watchdog: Option<Watchdog>,
}

impl Watched {
    /// Has the calling thread watched; `stalled` is told where it passes a limit, and others that want the MeasurementSet then.
    fn begin(ms: &Path, limits: Limits, stalled: impl FnOnce(Failure) + Send + 'static) -> Watched {
        let journal = Journal::new();
        let entered = journal.enter();
        let place = ms.to_owned();
        let stuck = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stuck);
        let stalled = move |stall: Stall| {
            let failure = Failure::from(stall);
            told.store(true, Ordering::SeqCst);
            busy::stuck(&place, &failure.text);
            stalled(failure);
        };
        let watchdog = Watchdog::watch(Arc::clone(&journal), ms, limits, Instant::now(), || {}, stalled).ok();
        Watched { ms: ms.to_owned(), stuck, journal, _entered: entered, _watchdog: watchdog }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.stuck.load(Ordering::SeqCst) {
            busy::freed(&self.ms);
        }
    }
}

/// The limit of `stall` [s] without progress; none for 0.
pub(crate) fn stall_limit(stall: f64) -> Limits {
    Limits { stall: (stall > 0.0).then(|| busy::seconds(stall)), whole: None }
}

/// Does `task`, which is about `ms`, in a thread of its own, and leaves it behind where it passes a limit.
///
/// Waits up to `wait` for other threads of this process that use the MeasurementSet.
pub(crate) fn apart<T: Send + 'static>(
    py: Python<'_>,
    ms: PathBuf,
    wait: Duration,
    limits: Limits,
    task: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> PyResult<T> {
    let (events, mut heard) = channel();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let work = move || {
        let of_watchdog = events.clone();
        let watched = Watched::begin(&ms, limits, move |failure| drop(of_watchdog.send(Err(failure))));
        let done = catch_unwind(AssertUnwindSafe(|| {
            let _turn = Turn::wait(&ms, wait, &|| stopped.load(Ordering::Relaxed))?;
            let _doing = doing("while looking at", &ms);
            task()
        }));
        drop(watched);
        let done = done.unwrap_or_else(|_| Err(storage("the call stopped unexpectedly. Please report this")));
        let _ = events.send(done);
    };
    let started = std::thread::Builder::new().name("nvss-predict".into()).spawn(work);
    started.map_err(|error| raise(py, storage(&format!("no thread could be started: {error}"))))?;
    loop {
        let listening = &mut heard;
        match py.detach(move || listening.recv_timeout(LOOK)) {
            Ok(done) => return done.map_err(|failure| raise(py, failure)),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(raise(py, storage("the call stopped unexpectedly")));
            }
            Err(RecvTimeoutError::Timeout) => {
                py.check_signals().inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            }
        }
    }
}

/// Hands on what is heard until the run is done; `None` where it went silent.
///
/// # Errors
/// What a signal handler or a watcher raised; the run is then told to stop, and waited for a little.
fn listen(
    py: Python<'_>,
    shared: &Shared,
    heard: &mut Receiver<Event>,
    watch: &Bound<'_, PyAny>,
) -> PyResult<Option<Result<Report, Failure>>> {
    // What is to be raised in the end, and since when.
    let mut raised: Option<(PyErr, Instant)> = None;
    loop {
        let heard = &mut *heard;
        let told = match py.detach(move || heard.recv_timeout(LOOK)) {
            Ok(Event::Done(done)) => {
                return match raised {
                    None => tell_progress(shared, watch).map(|()| Some(*done)),
                    Some((error, _)) => Err(with_cause(py, error, *done)),
                };
            }
            Ok(Event::Stalled(failure)) => {
                // Its thread is left behind with all that it holds; nobody waits for it, not even the interpreter's end.
                let stalled = raise(py, *failure);
                return Err(raised.map_or(stalled, |(error, _)| error));
            }
            Ok(Event::Warning(text)) => watch.call_method1("warning", (text,)).map(|_| ()),
            Ok(Event::Planned(text)) => watch.call_method1("planned", (text,)).map(|_| ()),
            Err(RecvTimeoutError::Disconnected) => return raised.map_or(Ok(None), |(error, _)| Err(error)),
            Err(RecvTimeoutError::Timeout) => tell_progress(shared, watch),
        };
        let told = told.and_then(|()| py.check_signals());
        match (told, &raised) {
            (Err(error), None) => {
                shared.stop.store(true, Ordering::SeqCst);
                raised = Some((error, Instant::now()));
            }
            // Who interrupts twice does not want to wait.
            (Err(error), Some(_)) => return Err(leave(py, shared, error)),
            (Ok(()), _) => {}
        }
        if raised.as_ref().is_some_and(|(_, since)| since.elapsed() > PATIENCE)
            && let Some((error, _)) = raised.take()
        {
            return Err(leave(py, shared, error));
        }
    }
}

/// Hands on how far the run is, where that has changed.
fn tell_progress(shared: &Shared, watch: &Bound<'_, PyAny>) -> PyResult<()> {
    let progress = shared.progress.lock().unwrap_or_else(PoisonError::into_inner).take();
    progress.map_or(Ok(()), |progress| watch.call_method1("progress", progress).map(|_| ()))
}

/// Leaves the run to end on its own, which it does with the column marked as what it then is.
fn leave(py: Python<'_>, shared: &Shared, error: PyErr) -> PyErr {
    BACKGROUND.fetch_add(1, Ordering::SeqCst);
    let left = shared.state.compare_exchange(WAITED_FOR, LEFT, Ordering::SeqCst, Ordering::SeqCst);
    if left.is_err() {
        BACKGROUND.fetch_sub(1, Ordering::SeqCst);
    }
    let text = "interrupted: the run is stopping in the background, at its next block; status() waits for it and tells \
                what state the column is in";
    let failure = Failure { cause: Cause::Interrupted, text: text.into(), exit_code: 130, report: None };
    error.set_cause(py, Some(raise(py, failure)));
    error
}

/// What was raised, because of what the run said of the column.
fn with_cause(py: Python<'_>, error: PyErr, done: Result<Report, Failure>) -> PyErr {
    if let Err(failure) = done
        && failure.cause == Cause::Interrupted
    {
        error.set_cause(py, Some(raise(py, failure)));
    }
    error
}
