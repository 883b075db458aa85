//! What the threads of a run are about to do.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::thread;

/// Something that may take for ever, and to which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// As in "while reading the rows of", to be followed by the path.
    pub(super) what: &'static str,
    pub(super) path: PathBuf,
}

/// One thread of the run.
#[derive(Debug, Clone, Default)]
pub(super) struct ThreadLog {
    /// What it is at, the innermost last.
    pub(super) steps: Vec<Step>,
    /// Steps begun and ended: it moves while the thread does.
    pub(super) moves: u64,
}

#[derive(Debug, Default)]
struct Pages {
    threads: HashMap<thread::Id, ThreadLog>,
    /// What is to be thought of the column should the run end here.
    state: String,
}

/// What the threads of one run are about to do, for another thread to read.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Pages>);

thread_local! {
    static CURRENT: RefCell<Option<Arc<Journal>>> = const { RefCell::new(None) };
}

impl Journal {
    /// An empty one.
    pub fn new() -> Arc<Journal> {
        Arc::new(Journal(Mutex::new(Pages { state: "nothing was written".into(), ..Pages::default() })))
    }

    /// The one that the calling thread writes into.
    pub fn current() -> Option<Arc<Journal>> {
        CURRENT.with(|current| current.borrow().clone())
    }

    /// Has the calling thread write into this one until the value returned is dropped.
    pub fn enter(self: &Arc<Self>) -> Entered {
        Entered(CURRENT.with(|current| current.replace(Some(Arc::clone(self)))))
    }

    /// Says that the calling thread is about to do `what` to `path`, until the value returned is dropped.
    pub fn doing(self: &Arc<Self>, what: &'static str, path: &Path) -> Doing {
        let thread = thread::current();
        let mut pages = self.pages();
        let log = pages.threads.entry(thread).or_default();
        log.moves += 1;
        log.steps.push(Step { what, path: path.to_path_buf() });
        drop(pages);
        Doing(Some((Arc::clone(self), thread)))
    }

    /// What is to be thought of the column should the run end here.
    pub fn set_state(&self, state: String) {
        self.pages().state = state;
    }

    /// What was last said of the column.
    pub fn state(&self) -> String {
        self.pages().state.clone()
    }

    /// The threads that are at something.
    pub(super) fn threads(&self) -> HashMap<thread::Id, ThreadLog> {
        self.pages().threads.clone()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// [`Journal::doing`] in the journal of the calling thread; nothing where it has none.
pub fn doing(what: &'static str, path: &Path) -> Doing {
    Journal::current().map_or(Doing(None), |journal| journal.doing(what, path))
}

/// A thread writes into a journal as long as this lives.
#[derive(Debug)]
pub struct Entered(Option<Arc<Journal>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.0.take());
    }
}

/// A thread is at something as long as this lives.
#[derive(Debug)]
pub struct Doing(Option<(Arc<Journal>, thread::Id)>);

impl Drop for Doing {
    fn drop(&mut self) {
        let Some((journal, thread)) = &self.0 else { return };
        let mut pages = journal.pages();
        if let Some(log) = pages.threads.get_mut(thread) {
            log.moves += 1;
            log.steps.pop();
            if log.steps.is_empty() {
                pages.threads.remove(thread);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_of_their_thread_and_end() {
        let journal = Journal::new();
        let entered = journal.enter();
        let outer = doing("reading", Path::new("/a"));
        {
            let _inner = doing("fsync of", Path::new("/b"));
            let log = journal.threads().remove(&thread::current()).expect("this thread");
            assert_eq!(log.steps.len(), 2);
            assert_eq!(log.steps[1], Step { what: "fsync of", path: "/b".into() });
        }
        std::thread::spawn(|| assert!(Journal::current().is_none())).join().expect("no panic");
        drop(outer);
        assert!(journal.threads().is_empty());
        drop(entered);
        assert!(Journal::current().is_none());
    }
}
