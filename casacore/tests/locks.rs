//! Locks against a second process: always within their time, and the holder is named.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use casacore::{Access, Error, LockMode, Table};
use common::{place, small};

const TABLE: &str = "CASACORE_TEST_TABLE";
const MODE: &str = "CASACORE_TEST_MODE";

/// Another process that holds a lock until it is told to stop.
struct Holder {
    child: Child,
    /// Kept open, for it still has words to say at its end.
    _output: BufReader<ChildStdout>,
    /// What it wrote before it told that it holds the lock.
    report: String,
}

impl Holder {
    fn start(path: &Path, mode: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "holder", "--ignored", "--nocapture", "--test-threads=1"])
            .env(TABLE, path)
            .env(MODE, mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut report = String::new();
        while !report.contains("READY") {
            let count = output.read_line(&mut report).expect("its words");
            assert!(count > 0, "the second process ended: {report}");
        }
        Holder { child, _output: output, report }
    }

    /// Lets go of the lock.
    fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("its end").success());
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: what the second process runs.
#[test]
#[ignore = "started by the other tests"]
fn holder() {
    let Some(path) = std::env::var_os(TABLE) else {
        return;
    };
    let mode = std::env::var(MODE).unwrap_or_default();
    let access = if mode == "try" { Access::ReadOnly } else { Access::ReadWrite };
    let table = Table::open(Path::new(&path), access).expect("the table");
    match mode.as_str() {
        "write" => assert!(table.lock(LockMode::Write, Duration::ZERO).expect("a lock")),
        "read" => assert!(table.lock(LockMode::Read, Duration::ZERO).expect("a lock")),
        "change" => {
            assert!(table.lock(LockMode::Write, Duration::ZERO).expect("a lock"));
            table.add_rows(3).expect("more rows");
            table.set_keyword("CHANGED", &true.into()).expect("a keyword");
            table.unlock().expect("unlocked");
        }
        "rewrite" => {
            assert!(table.lock(LockMode::Write, Duration::ZERO).expect("a lock"));
            table.add_rows(2_000).expect("more rows");
            let times: Vec<f64> = (0..table.row_count()).map(|row| row as f64 * 0.5).collect();
            table.put_scalars("TIME", 0, &times).expect("times");
            table.unlock().expect("unlocked");
        }
        "column" => {
            assert!(table.lock(LockMode::Write, Duration::ZERO).expect("a lock"));
            let column = casacore::ColumnSpec::scalar("EXTRA", casacore::DataType::Int);
            table.add_column(&casacore::ColumnSpec { manager: String::new(), ..column }).expect("a column");
            table.unlock().expect("unlocked");
        }
        _ => {
            let got = table.lock(LockMode::Read, Duration::ZERO).expect("an answer");
            println!("\nGOT {got}");
        }
    }
    println!("\nREADY");
    std::io::stdout().flush().expect("told");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the end of input");
}

#[test]
fn another_writer_is_waited_for_within_the_time() {
    let (_folder, path) = place();
    small(&path, 3).close().expect("closed");
    let other = Holder::start(&path, "write");

    // Opening and reading do not wait.
    let start = Instant::now();
    let table = Table::open(&path, Access::ReadWrite).expect("at once");
    assert_eq!(table.scalars::<f64>("TIME", 0..3).expect("at once"), [0.0; 3]);
    assert!(start.elapsed() < Duration::from_secs(1));

    for (wait, most) in [(0, 300), (400, 800), (2600, 3300)] {
        let start = Instant::now();
        assert!(!table.lock(LockMode::Write, Duration::from_millis(wait)).expect("an answer"));
        let taken = start.elapsed();
        assert!(
            taken >= Duration::from_millis(wait) && taken < Duration::from_millis(most),
            "{wait}: {taken:?}"
        );
    }
    assert!(!table.lock(LockMode::Read, Duration::ZERO).expect("an answer"));
    assert!(!table.has_lock(LockMode::Read).expect("an answer"));
    assert_eq!(table.lock_holder(), Some(other.child.id()));
    assert!(table.locked_error().to_string().contains(&other.child.id().to_string()));

    // Nothing can be written without the lock, and the refusal is an error.
    assert!(matches!(table.put_scalars("TIME", 0, &[1.0]), Err(Error::Casacore { .. })));
    assert!(matches!(table.set_keyword("A", &1_i32.into()), Err(Error::Casacore { .. })));
    assert!(matches!(table.add_rows(1), Err(Error::Casacore { .. })));

    other.stop();
    assert_eq!(table.lock_holder(), None);
    assert!(table.lock(LockMode::Write, Duration::from_secs(5)).expect("an answer"));
    assert!(table.has_lock(LockMode::Write).expect("an answer"));
    table.put_scalars("TIME", 0, &[1.0]).expect("written");
    table.close().expect("closed");
}

#[test]
fn a_lock_given_back_meanwhile_is_taken() {
    let (_folder, path) = place();
    small(&path, 3).close().expect("closed");
    let other = Holder::start(&path, "write");
    let table = Table::open(&path, Access::ReadWrite).expect("open");
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1500));
        other.stop();
    });
    let start = Instant::now();
    assert!(table.lock(LockMode::Write, Duration::from_secs(60)).expect("an answer"));
    assert!(start.elapsed() < Duration::from_secs(20));
    stopper.join().expect("stopped");
}

#[test]
fn readers_share_and_keep_writers_out() {
    let (_folder, path) = place();
    small(&path, 3).close().expect("closed");
    let other = Holder::start(&path, "read");
    let table = Table::open(&path, Access::ReadWrite).expect("open");
    assert!(table.lock(LockMode::Read, Duration::ZERO).expect("an answer"));
    assert!(!table.lock(LockMode::Write, Duration::ZERO).expect("an answer"));
    assert_eq!(table.lock_holder(), Some(other.child.id()));
}

/// What a second process gets when it asks for a read lock.
fn other_gets_a_lock(path: &Path) -> bool {
    let other = Holder::start(path, "try");
    let got = other.report.contains("GOT true");
    assert!(got || other.report.contains("GOT false"), "{}", other.report);
    other.stop();
    got
}

#[test]
fn our_lock_is_real_and_survives_our_own_file_work() {
    let (_folder, path) = place();
    let table = small(&path, 3);
    assert!(table.has_lock(LockMode::Write).expect("an answer"), "a new table is locked");
    assert!(!other_gets_a_lock(&path));
    // Each of these opens files of the table; none may close a descriptor of table.lock.
    table.put_scalars("TIME", 0, &[1.0]).expect("written");
    table.fsync().expect("on the disk");
    assert_eq!(table.lock_holder(), None);
    table.files_of_column("DATA").expect("files");
    table.data_managers().expect("managers");
    drop(Table::open(&path, Access::ReadWrite).expect("a second handle"));
    casacore::table_type(&path).expect("a type");
    assert!(!other_gets_a_lock(&path));
    table.unlock().expect("unlocked");
    assert!(!table.has_lock(LockMode::Read).expect("an answer"));
    assert!(other_gets_a_lock(&path));
}

#[test]
fn changes_of_others_show_after_locking() {
    let (_folder, path) = place();
    small(&path, 3).close().expect("closed");
    let table = Table::open(&path, Access::ReadWrite).expect("open");
    Holder::start(&path, "change").stop();
    assert!(table.lock(LockMode::Write, Duration::from_secs(5)).expect("an answer"));
    assert_eq!(table.row_count(), 6);
    assert!(table.keywords().expect("keywords").contains("CHANGED"));
    // The lock is still held although casacore read the table anew.
    assert!(!other_gets_a_lock(&path));
}

#[test]
fn changes_of_others_show_in_large_reads() {
    let (_folder, path) = place();
    small(&path, 3_000).close().expect("closed");
    let table = Table::open(&path, Access::ReadWrite).expect("open");
    assert_eq!(table.scalars::<f64>("TIME", 0..3_000).expect("times"), [0.0; 3_000]);
    Holder::start(&path, "rewrite").stop();
    assert!(table.lock(LockMode::Read, Duration::from_secs(5)).expect("an answer"));
    let times = table.scalars::<f64>("TIME", 0..table.row_count()).expect("times");
    assert_eq!(times.len(), 5_000);
    assert!(times.iter().enumerate().all(|(row, time)| *time == row as f64 * 0.5));
}

#[test]
fn a_column_added_by_another_is_an_error_not_a_crash() {
    let (_folder, path) = place();
    small(&path, 3).close().expect("closed");
    let table = Table::open(&path, Access::ReadWrite).expect("open");
    Holder::start(&path, "column").stop();
    let error = table.lock(LockMode::Write, Duration::from_secs(5)).expect_err("must be opened anew");
    assert!(error.to_string().contains("number of columns"), "{error}");
    assert!(!table.has_lock(LockMode::Read).expect("an answer"));
    drop(table);
    let table = Table::open(&path, Access::ReadWrite).expect("open");
    assert!(table.lock(LockMode::Write, Duration::from_secs(5)).expect("a lock"));
    assert!(table.has_column("EXTRA"));
}
