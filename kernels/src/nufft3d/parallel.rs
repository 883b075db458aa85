//! Tasks on threads.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Runs `work` on every task, each thread with a state of its own.
pub fn each<T: Send, S>(
    threads: usize,
    tasks: impl Iterator<Item = T> + Send,
    state: impl Fn(usize) -> S + Sync,
    work: impl Fn(&mut S, T) + Sync,
) {
    let tasks = Mutex::new(tasks);
    let run = |thread: usize| {
        let mut state = state(thread);
        loop {
            let task = locked(&tasks).next();
            match task {
                Some(task) => work(&mut state, task),
                None => break,
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 1..threads {
            let run = &run;
            scope.spawn(move || run(thread));
        }
        run(0);
    });
}

/// A lock that is held only to take or put a value, which does not panic.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
