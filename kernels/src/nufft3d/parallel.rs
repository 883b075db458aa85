//! Tasks on threads.

use std::sync::{Mutex, PoisonError};

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
            // The lock is held only to take a task, which does not panic.
            let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
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
