//! A bound on what the system can make a run wait.
//!
//! A system call on a dead file system may never return, and nothing can end the thread that made it. What can be done is to
//! notice, to say where it is stuck, and to leave the thread behind: a run keeps a [`Journal`] of what its threads are about to
//! do, a [`Watchdog`] on another thread reads it, and who runs the run (the command, the Python package) goes on without it.
//!
//! Nothing here touches the file system in question: what is known of it comes from `/proc`.

mod journal;
mod mounts;
mod thread;
mod watchdog;

pub use journal::{Doing, Entered, Journal, doing};
pub use mounts::{Mount, Mounts};
pub use watchdog::{Kind, Limits, Stall, Watchdog};
