//! A prediction in a thread of its own, while the calling one listens to Python: to signals, and to who watches.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nvss_predict::cli::call::{self, Cause, Failure, Prediction};
use nvss_predict::predict::{Observer, Report};
use pyo3::prelude::*;

use crate::busy::Turn;
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

/// The whole of a run, in its thread.
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

fn whole_run(
    prediction: impl FnOnce() -> Result<Prediction, Failure>,
    mut listener: Listener,
) -> Result<Report, Failure> {
    let prediction = prediction()?;
    let options = &prediction.job.options;
    let _turn = Turn::wait(&prediction.job.ms, options.lock_timeout, &|| listener.cancelled())?;
    // A pool of its own: the one that all share is gone in a process that was forked after it began.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| storage(&format!("no thread could be started: {error}")))?;
    pool.install(|| prediction.run(&mut listener))
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
