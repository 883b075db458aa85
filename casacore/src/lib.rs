//! casacore tables for Rust.
//!
//! This crate is the only foreign-function interface of its workspace: a C++ shim over casacore's table system, and a safe
//! interface over the shim. What it guards against, each measured on a real casacore:
//!
//! - **Locks never hang.** Tables are opened with `UserNoReadLocking`: opening and reading need no lock and never wait;
//!   [`Table::lock`] polls until its deadline and says `false`. [`Table::lock_holder`] names the process in the way.
//! - **No exception crosses the border.** Every C++ exception is an [`Error`] with casacore's own words.
//! - **Axes are in NumPy's order.** casacore stores `[corr, chan]` with the first axis fastest; Rust sees `[chan, corr]`,
//!   row-major, which is the same memory. Rows come first: `[row, chan, corr]`.
//! - **Durability is explicit.** casacore's flush does not reach the disk; [`Table::fsync`] does.
//! - **Nothing is printed.** casacore's log goes nowhere.
//!
//! # Threads
//!
//! A [`Table`] cannot leave the thread that opened it. casacore keeps one object per table file and process: opening the same path
//! twice gives two handles of *one* table, whose access is the wider of the two, whose lock is shared, and which is only closed when the last
//! handle is dropped. Two threads must therefore never have the same table open; different tables in different threads are fine.
//!
//! # Locks and files
//!
//! casacore's locks are POSIX record locks on the file `table.lock`: **any** `open` + `close` of that file by this process, even for
//! reading, drops every lock the process holds on the table. Copy or digest a table's files only when it is not locked, or leave
//! `table.lock` out, as [`Table::fsync`] does.
#![deny(missing_docs)]

mod codec;
mod column;
mod create;
mod describe;
mod error;
mod ffi;
mod files;
mod lock;
mod record;
mod table;
mod value;

pub use column::{Element, Scalar};
pub use create::{ColumnSpec, Storage};
pub use describe::{ColumnDesc, ColumnShape, DataManager, DataType};
pub use error::{Error, Result};
pub use files::{finish_write_back, start_write_back, table_type};
pub use lock::LockMode;
pub use record::Record;
pub use table::{Access, Endian, Table, concatenate};
pub use value::Value;
