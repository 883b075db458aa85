//! A Python interpreter that has the oracles' libraries loaded, and runs their programs one after another.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use super::oracle_command;

/// Those that nobody uses at the moment; they end with this process, when their standard input does.
static IDLE: Mutex<Vec<Interpreter>> = Mutex::new(Vec::new());

struct Interpreter {
    _child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Interpreter {
    fn start() -> Interpreter {
        let mut child = oracle_command("serve.py")
            .env("OPENBLAS_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let (requests, answers) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Interpreter { _child: child, requests, answers: BufReader::new(answers) }
    }

    fn run(&mut self, words: &[String]) -> Output {
        let request = serde_json::to_string(words).expect("JSON");
        writeln!(self.requests, "{request}").expect("the interpreter listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the interpreter answers");
        let (status, out, err): (i32, String, String) =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{words:?}: {error}: {line}"));
        Output { status: ExitStatus::from_raw(status), stdout: out.into_bytes(), stderr: err.into_bytes() }
    }
}

/// Runs a program of `tests/oracles` with its arguments to its end.
pub fn run(words: &[String]) -> Output {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let waiting = idle().pop();
    let mut interpreter = waiting.unwrap_or_else(Interpreter::start);
    let output = interpreter.run(words);
    idle().push(interpreter);
    output
}
