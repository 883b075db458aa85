//! The judge of a run: it has stalled where one of its threads is at something and neither begins, ends nor computes anything
//! for too long.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::journal::{Journal, Step, ThreadLog};
use super::mounts::{Mount, Mounts};
use super::thread::{self, Call, FUTEX};

/// Work of a thread that shows that it lives. A thread that a system call holds may wake to look, but does no more.
const ALIVE: Duration = Duration::from_millis(2);

/// The share of a processor that a process at work uses, where a thread waits for its others.
const BUSY: f64 = 0.05;

/// How long a run that is told to stop may take until it is left behind.
const GRACE: Duration = Duration::from_secs(3);

/// How long a run may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Without progress.
    pub stall: Option<Duration>,
    /// In all.
    pub whole: Option<Duration>,
}

/// Which limit was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No progress.
    Stalled,
    /// The time is up, and the run does not stop by itself.
    TimedOut,
}

/// Where a run is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// Which limit was passed.
    pub kind: Kind,
    /// The limit.
    pub limit: Duration,
    /// What the run is about.
    pub path: PathBuf,
    /// What the thread was about to do, and to which file.
    step: Option<Step>,
    /// The system call it is in.
    call: Option<Call>,
    /// The file system of that file.
    mount: Option<Mount>,
    /// The names of the processes in the way.
    holders: Vec<String>,
    /// What is to be thought of the column.
    state: String,
}

impl fmt::Display for Stall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.limit.as_secs_f64();
        match self.kind {
            Kind::Stalled => write!(out, "{}: no progress for {seconds:.0} s", self.path.display())?,
            Kind::TimedOut => {
                write!(out, "{}: stopped by --timeout after {seconds:.1} s", self.path.display())?;
            }
        }
        if let Some(Step { what, path }) = &self.step {
            write!(out, " {what} {}", path.display())?;
        }
        match &self.call {
            Some(Call { name, path: Some(path), .. }) => {
                write!(out, "; the system call {name} of {} does not return", path.display())?;
            }
            Some(Call { name, .. }) if *name != FUTEX => {
                write!(out, "; the system call {name} does not return")?;
            }
            _ => {}
        }
        if let Some(mount) = &self.mount {
            write!(out, ", on the {mount}")?;
        }
        if !self.holders.is_empty() {
            write!(out, "; {} holds a lock of it", self.holders.join(" and "))?;
        }
        write!(out, "; {}", self.state)?;
        if self.kind == Kind::Stalled {
            write!(out, ". See to the file system, or wait longer with --stall-timeout")?;
        }
        Ok(())
    }
}

/// What was seen of a thread when it last moved.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    moves: u64,
    worked: Option<Duration>,
    /// For how long nothing has been seen of it.
    quiet: Duration,
}

/// Looks at a journal from time to time.
struct Judge {
    journal: Arc<Journal>,
    limits: Limits,
    path: PathBuf,
    begun: Instant,
    looked: Instant,
    all_worked: Duration,
    threads: HashMap<thread::Id, Seen>,
}

impl Judge {
    /// Looks again; what is found where a limit is passed. Time counts for at most `most` since the last look: a process that was
    /// stopped in between has not stalled.
    fn look(&mut self, most: Duration) -> Option<Stall> {
        let since = self.looked.elapsed();
        self.looked = Instant::now();
        let all_worked = thread::all_worked();
        let busy = (all_worked.saturating_sub(self.all_worked)).as_secs_f64() > BUSY * since.as_secs_f64();
        self.all_worked = all_worked;
        let logs = self.journal.threads();
        let mut seen: HashMap<thread::Id, Seen> = HashMap::new();
        let mut any_moved = busy;
        for (thread, log) in &logs {
            let (now, moved) = self.moved(*thread, log);
            any_moved |= moved;
            seen.insert(*thread, Seen { quiet: now.quiet + since.min(most), ..now });
        }
        // Who waits for the others lives as long as they do.
        for (thread, seen) in seen.iter_mut().filter(|(_, seen)| !seen.quiet.is_zero()) {
            if any_moved && thread::worked(*thread).is_none_or(|_| waits_for_others(*thread)) {
                seen.quiet = Duration::ZERO;
            }
        }
        self.threads = seen;
        let longest = |stuck: bool| {
            let threads = self.threads.iter().filter(|(thread, _)| waits_for_others(**thread) != stuck);
            threads.max_by_key(|(_, seen)| seen.quiet).map(|(thread, seen)| (*thread, seen.quiet))
        };
        let overdue = |limit: &Duration| self.begun.elapsed() >= *limit + GRACE;
        if let Some(limit) = self.limits.whole.filter(overdue) {
            let thread = longest(true).or_else(|| longest(false)).map(|(thread, _)| thread);
            return Some(self.stall(Kind::TimedOut, limit, thread, &logs));
        }
        let limit = self.limits.stall?;
        let (thread, _) =
            [longest(true), longest(false)].into_iter().flatten().find(|(_, quiet)| *quiet >= limit)?;
        Some(self.stall(Kind::Stalled, limit, Some(thread), &logs))
    }

    /// What is seen of a thread, with how long it was quiet before, and whether it moved.
    fn moved(&self, thread: thread::Id, log: &ThreadLog) -> (Seen, bool) {
        let worked = thread::worked(thread);
        let fresh = Seen { moves: log.moves, worked, quiet: Duration::ZERO };
        let Some(before) = self.threads.get(&thread).copied() else {
            return (fresh, true);
        };
        let lives = match (before.worked, worked) {
            (Some(before), Some(now)) => now.saturating_sub(before) >= ALIVE,
            _ => false,
        };
        if before.moves != log.moves || lives { (fresh, true) } else { (before, false) }
    }

    fn stall(
        &self,
        kind: Kind,
        limit: Duration,
        thread: Option<thread::Id>,
        logs: &HashMap<thread::Id, ThreadLog>,
    ) -> Stall {
        let step = thread.and_then(|thread| logs.get(&thread)?.steps.last().cloned());
        let call = thread.and_then(thread::call).filter(|call| call.name != FUTEX);
        let file = call.as_ref().and_then(|call| call.path.clone()).filter(|path| path.is_absolute());
        let file = file.or_else(|| step.as_ref().map(|step| absolute(&step.path)));
        let holders = call.iter().flat_map(|call| &call.holders).map(|pid| process_name(*pid)).collect();
        Stall {
            kind,
            limit,
            path: self.path.clone(),
            mount: file.and_then(|file| Mounts::read().of(&file).cloned()),
            step,
            call,
            holders,
            state: self.journal.state(),
        }
    }
}

/// Whether a thread waits for other threads of this process.
fn waits_for_others(thread: thread::Id) -> bool {
    thread::call(thread).is_some_and(|call| call.name == FUTEX)
}

/// An absolute path without asking the file system, which may be the dead one.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// `process 4242 (python3)`.
pub(crate) fn process_name(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    match name.trim() {
        "" => format!("process {pid}"),
        name => format!("process {pid} ({name})"),
    }
}

/// A thread that watches a run until this is dropped.
pub struct Watchdog {
    stop: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Watchdog {
    /// Begins to watch what is written into `journal` by the run about `path`, whose time began at `begun`. Where a limit is
    /// passed, `stalled` is called, once, on the watching thread; `looked` is called at every look.
    ///
    /// # Errors
    /// That of the system, where it can have no thread more.
    pub fn watch(
        journal: Arc<Journal>,
        path: &Path,
        limits: Limits,
        begun: Instant,
        looked: impl Fn() + Send + 'static,
        stalled: impl FnOnce(Stall) + Send + 'static,
    ) -> std::io::Result<Watchdog> {
        let limit = limits.stall.into_iter().chain(limits.whole).min().unwrap_or(Duration::MAX);
        let every = (limit / 8).clamp(Duration::from_millis(20), Duration::from_millis(500));
        let (stop, stopped) = channel::<()>();
        let now = Instant::now();
        let mut judge = Judge {
            journal,
            limits,
            path: path.to_path_buf(),
            begun,
            looked: now,
            all_worked: thread::all_worked(),
            threads: HashMap::new(),
        };
        let watch = move || {
            loop {
                looked();
                match stopped.recv_timeout(every) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
                if let Some(stall) = judge.look(4 * every) {
                    return stalled(stall);
                }
            }
        };
        let thread = std::thread::Builder::new().name("watchdog".into()).spawn(watch)?;
        Ok(Watchdog { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It waits for nothing but the channel that was just closed.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn watched(limits: Limits, task: impl FnOnce(Arc<Journal>) + Send + 'static) -> Option<Stall> {
        let journal = Journal::new();
        let (tell, told) = channel();
        let watch = Watchdog::watch(
            Arc::clone(&journal),
            Path::new("a.ms"),
            limits,
            Instant::now(),
            || {},
            move |stall| drop(tell.send(stall)),
        );
        let watch = watch.expect("a thread");
        let (done, finished) = channel::<()>();
        let task = move || {
            task(journal);
            drop(done);
        };
        std::thread::spawn(task);
        let _ = finished.recv_timeout(Duration::from_secs(5));
        drop(watch);
        told.try_recv().ok()
    }

    fn stall(seconds: f64) -> Limits {
        Limits { stall: Some(Duration::from_secs_f64(seconds)), whole: None }
    }

    #[test]
    fn a_thread_that_does_nothing_has_stalled() {
        let found = watched(stall(0.3), |journal| {
            let _doing = journal.doing("while reading", Path::new("/proc/self/status"));
            std::thread::sleep(Duration::from_secs(3));
        });
        let text = found.expect("a stall").to_string();
        for word in [
            "a.ms: no progress",
            "while reading /proc/self/status",
            "proc file system at /proc",
            "nothing was written",
        ] {
            assert!(text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn work_steps_and_idle_threads_are_no_stall() {
        let found = watched(stall(0.5), |journal| {
            let _outer = journal.doing("predicting into", Path::new("/a"));
            for _ in 0..15 {
                let _doing = journal.doing("while reading", Path::new("/a"));
                std::thread::sleep(Duration::from_millis(100));
            }
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(1500) {
                std::hint::spin_loop();
            }
        });
        assert_eq!(found, None);
        assert_eq!(watched(stall(0.2), |_| std::thread::sleep(Duration::from_millis(800))), None);
    }

    #[test]
    fn one_who_waits_for_a_worker_has_not_stalled() {
        let found = watched(stall(0.5), |journal| {
            let _doing = journal.doing("while reading", Path::new("/a"));
            let work = || {
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_millis(1500) {
                    std::hint::spin_loop();
                }
            };
            std::thread::spawn(work).join().expect("no panic");
        });
        assert_eq!(found, None);
    }

    #[test]
    fn the_time_is_up_whatever_the_threads_do() {
        let limits = Limits { stall: None, whole: Some(Duration::from_millis(100)) };
        let found = watched(limits, |_| std::thread::sleep(Duration::from_secs(4))).expect("an end");
        assert_eq!(found.kind, Kind::TimedOut);
        assert!(found.to_string().contains("--timeout after 0.1 s"), "{found}");
    }
}
