//! The command as two processes: a worker, which touches files, and a supervisor, which touches none.
//!
//! A process with a thread in a system call that never returns cannot end, not even by SIGKILL: a shell would wait for it for
//! ever. So the process that the shell waits for starts another one to do the work, hears how it is, and ends when the time has
//! come, whatever the other does. It also outlives a worker that crashes, and says so; of several MeasurementSets the others go
//! on in a new worker.

mod link;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, pipe};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::io::{FdFlags, fcntl_setfd};

use super::many::{Ended, conclude};
use super::{exit, output, signals};
pub(super) use link::{Batch, Link, Word, end_now};

/// Where a worker finds its pipes, what it need not do, and the time that others have spent [ms]: `3,5;0,2;1500`.
const WORKER: &str = "NVSS_PREDICT_WORKER";

/// Off: the command is one process, for debuggers and profilers.
const SUPERVISOR: &str = "NVSS_PREDICT_SUPERVISOR";

/// Commands that only read, make pictures, or ask nothing of a MeasurementSet.
const ALONE: [&str; 8] = ["demo", "catalog", "sky", "plot", "mask", "draw", "regions", "help"];

/// How much longer than it may be stuck a worker may be silent: its own watchdog should speak first.
const GRACE: Duration = Duration::from_secs(3);

/// How long the end of a worker that has said its last word is waited for.
const END: Duration = Duration::from_secs(1);

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Who this process is.
pub(super) enum Role {
    /// It does the work and tells its supervisor.
    Worker(Arc<Link>),
    /// It does the work.
    Alone,
    /// It is to supervise.
    Supervisor,
}

/// Tells who this process is, by its environment and its words.
pub(super) fn role() -> Role {
    if let Ok(word) = std::env::var(WORKER) {
        return Link::open(&word).map_or(Role::Alone, |link| Role::Worker(Arc::new(link)));
    }
    let mut words = std::env::args_os().skip(1);
    let harmless = |word: &std::ffi::OsString| ["-h", "--help", "-V", "--version"].iter().any(|w| word == w);
    let alone = std::env::var_os(SUPERVISOR).is_some_and(|value| value == "off")
        || words.next().is_none_or(|first| harmless(&first) || ALONE.iter().any(|word| first == *word))
        || words.any(|word| harmless(&word));
    if alone { Role::Alone } else { Role::Supervisor }
}

/// What is known of the work.
#[derive(Default)]
struct Work {
    /// What the worker said of several MeasurementSets.
    batch: Option<Batch>,
    begun: BTreeSet<usize>,
    ended: BTreeMap<usize, Ended>,
    /// How long the worker may be silent, where it is bound to speak.
    silence: Option<Duration>,
}

/// How a worker ended.
enum End {
    /// With this exit code, as it said itself.
    Said(u8),
    /// Without a word.
    Status(ExitStatus),
    /// It had to be left, stuck with one of several MeasurementSets.
    Stuck,
    /// It no longer answers.
    Silent(Duration),
}

/// Has a worker do the work. `None` where none could be started: the work is then for this process.
pub(super) fn run() -> Option<ExitCode> {
    let begun = Instant::now();
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in signals::stopping() {
        // A second signal exits at once, and the worker with it; the first is told to the worker, who ends in order.
        let _ = signal_hook::flag::register_conditional_shutdown(
            signal,
            exit::INTERRUPTED.into(),
            Arc::clone(&stopped),
        );
        let _ = signal_hook::flag::register(signal, Arc::clone(&stopped));
    }
    let mut work = Work::default();
    loop {
        let before = work.ended.len();
        let (mut worker, heard) = start(&work, begun.elapsed()).ok()?;
        let end = listen(&mut worker, &heard, &mut work);
        let code = match end {
            End::Said(code) => return Some(finish(work, code, begun)),
            End::Status(status) if status.code().is_some() => status.code().unwrap_or_default() as u8,
            // It ended because it was told to.
            End::Status(_) if stopped.load(Ordering::Relaxed) => exit::INTERRUPTED,
            End::Status(status) => crashed(&mut work, status),
            End::Stuck => exit::STALLED,
            End::Silent(limit) => {
                output::complain(&format!(
                    "stalled: process {} has not answered for {:.0} s; `nvss-predict status` tells what state the column is in",
                    worker.id(),
                    limit.as_secs_f64()
                ));
                exit::STALLED
            }
        };
        // It may be beyond being killed.
        let _ = worker.kill();
        let left = work.batch.as_ref().is_some_and(|batch| work.ended.len() < batch.count);
        if !left || work.ended.len() == before || stopped.load(Ordering::Relaxed) {
            return Some(finish(work, code, begun));
        }
    }
}

/// The end of the command: of several MeasurementSets the table and the report.
fn finish(work: Work, code: u8, begun: Instant) -> ExitCode {
    let Work { batch: Some(batch), ended, .. } = work else {
        return ExitCode::from(code);
    };
    if ended.is_empty() {
        return ExitCode::from(code);
    }
    let ended: Vec<Ended> = ended.into_values().collect();
    ExitCode::from(conclude(&batch, &ended, code, begun.elapsed()))
}

/// Says what became of the work of a worker that was ended by a signal; returns the exit code.
fn crashed(work: &mut Work, status: ExitStatus) -> u8 {
    let signal = status.signal().unwrap_or_default();
    let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
    let text = format!(
        "the process that predicts was ended by {name} ({signal}); `nvss-predict status` tells what state the column is in"
    );
    let code = 128u8.saturating_add(u8::try_from(signal).unwrap_or(0));
    let Some(batch) = &work.batch else {
        output::complain(&text);
        return code;
    };
    let lost: Vec<usize> =
        work.begun.iter().filter(|index| !work.ended.contains_key(index)).copied().collect();
    if lost.is_empty() {
        output::complain(&text);
    }
    for index in lost {
        let ms = batch.ms.get(index).cloned().unwrap_or_default();
        let ended = Ended::failed(index, &ms, code, &format!("{ms}: {text}"));
        ended.tell(&ms);
        work.ended.insert(index, ended);
    }
    code
}

/// Starts a worker for what is left.
fn start(work: &Work, spent: Duration) -> std::io::Result<(Child, Receiver<Word>)> {
    let (control, signals) = pipe()?;
    let (words, report) = pipe()?;
    for end in [control.as_fd(), report.as_fd()] {
        fcntl_setfd(end, FdFlags::empty())?;
    }
    let done: Vec<String> = work.ended.keys().map(usize::to_string).collect();
    // What was spent before the first worker is nothing to speak of.
    let spent = if work.batch.is_some() { spent.as_millis() } else { 0 };
    let (control_fd, report_fd) = (control.as_raw_fd(), report.as_raw_fd());
    let place = format!("{control_fd},{report_fd};{};{spent}", done.join(","));
    let mut words_of_command = std::env::args_os();
    let name = words_of_command.next().unwrap_or_default();
    // The link is to the program as it was started, even where its file was replaced since.
    let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let child = Command::new(program).arg0(name).args(words_of_command).env(WORKER, place).spawn()?;
    drop((control, report));
    forward(signals);
    Ok((child, hear(words)))
}

/// Hands signals on to the worker, who also learns by this pipe when this process is gone.
fn forward(signals: PipeWriter) {
    for signal in signals::stopping() {
        if let Ok(pipe) = signals.try_clone() {
            let _ = signal_hook::low_level::pipe::register(signal, pipe);
        }
    }
    // The end of this process closes it.
    std::mem::forget(signals);
}

/// What the worker says, until it has closed its pipe.
fn hear(words: PipeReader) -> Receiver<Word> {
    let (tell, heard) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(words).lines().map_while(Result::ok) {
            // A line that the worker's death cut short is no word.
            if let Ok(word) = serde_json::from_str(&line)
                && tell.send(word).is_err()
            {
                return;
            }
        }
    });
    heard
}

/// Listens to a worker until it has ended, or must be left.
fn listen(worker: &mut Child, heard: &Receiver<Word>, work: &mut Work) -> End {
    let mut looked = Instant::now();
    let mut silent = Duration::ZERO;
    let mut stuck = false;
    loop {
        let word = heard.recv_timeout(LOOK);
        // A process that was stopped meanwhile, with its worker, counts no time.
        silent += looked.elapsed().min(4 * LOOK);
        looked = Instant::now();
        match word {
            Ok(word) => {
                silent = Duration::ZERO;
                match word {
                    Word::Alive => {}
                    Word::Bound(limit) => work.silence = limit,
                    Word::Free => work.silence = None,
                    Word::Batch(batch) => work.batch = Some(batch),
                    Word::Begun(index) => {
                        work.begun.insert(index);
                    }
                    Word::Rests(index) => {
                        work.begun.remove(&index);
                    }
                    Word::Ended(ended) => {
                        stuck |= ended.stuck;
                        work.ended.insert(ended.index, ended);
                    }
                    Word::Exit(code) => {
                        // Closing its pipe is the last that it does.
                        let begun = Instant::now();
                        while begun.elapsed() < END
                            && !matches!(heard.recv_timeout(END), Err(RecvTimeoutError::Disconnected))
                        {
                        }
                        if begun.elapsed() < END {
                            let _ = worker.wait();
                        }
                        return End::Said(code);
                    }
                }
                if stuck && work.begun.iter().all(|index| work.ended.contains_key(index)) {
                    return End::Stuck;
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return worker.wait().map_or(End::Said(exit::IO), End::Status);
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(limit) = work.silence.map(|limit| limit + GRACE)
                    && silent > limit
                {
                    return End::Silent(limit);
                }
            }
        }
    }
}
