//! The fuzz targets of `fuzz/`, with random changes of their seeds, without a fuzzer's guidance: some tenths of a second each.
//!
//! `NVSS_PREDICT_FUZZ_TURN=N` gives a minute to each of the few whose turn it is, on other changes than in any other turn: in CI, N
//! is the commit, so that runs share the targets out among them. `NVSS_PREDICT_FUZZ_SECONDS=60` gives a minute to each. What
//! fails is shown, and kept in `target/tmp`; `fuzz/run.sh --replay FILE TARGET` runs it again.

mod common;
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use targets::{MOST_SECONDS, Target, list, named, seconds_of_this_thread};

/// Longest input that is made of a seed [bytes].
const LONGEST: usize = 32_768;

/// Targets whose turn it is at a time, and the time that each of them has then [s].
const TOGETHER: usize = 2;
const TURN_SECONDS: f64 = 60.0;

/// Marsaglia's xorshift: the same inputs in every run of a turn, as far as its time lets it come.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    /// A range of `length`, the shorter the likelier.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let begin = self.below(length + 1);
        let most = 1 << self.below(8);
        begin..length.min(begin + self.below(most) + 1)
    }
}

/// Some changes of a seed.
fn changed(seeds: &[Vec<u8>], words: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut input = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(4) {
        let range = chance.range(input.len());
        match chance.below(7) {
            0 => input[range].iter_mut().for_each(|byte| *byte ^= 1 << chance.below(8)),
            1 => input[range].iter_mut().for_each(|byte| *byte = chance.below(256) as u8),
            2 => drop(input.drain(range)),
            3 => {
                let again = input[range.clone()].to_vec();
                input.splice(range.start..range.start, again);
            }
            4 => {
                let other = &seeds[chance.below(seeds.len())];
                let part = chance.range(other.len());
                input.splice(range, other[part].iter().copied());
            }
            5 => {
                let word = &words[chance.below(words.len())];
                input.splice(range, word.iter().copied());
            }
            _ => input.truncate(range.start),
        }
    }
    input.truncate(LONGEST);
    input
}

/// The files of a folder; one empty input where there are none.
fn seeds_of(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut paths: Vec<_> =
        fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let seeds: Vec<_> = paths.iter().map(|path| fs::read(path).expect("a seed")).collect();
    if seeds.is_empty() { vec![Vec::new()] } else { seeds }
}

/// Runs a target on its seeds and on changes of them for a while; how many executions that were.
fn fuzzed(name: &str, target: Target, words: &[Vec<u8>], turn: u64, time: Duration) -> Result<u64, String> {
    let seeds = seeds_of(name);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ name.len() as u64 ^ (turn << 16));
    let (begun, mut count) = (Instant::now(), 0);
    while count < seeds.len() || begun.elapsed() < time {
        let input = seeds.get(count).cloned().unwrap_or_else(|| changed(&seeds, words, &mut chance));
        let cpu = seconds_of_this_thread();
        let run = catch_unwind(AssertUnwindSafe(|| target.run(&input)));
        let took = seconds_of_this_thread() - cpu;
        if run.is_err() || took > MOST_SECONDS {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            fs::write(&kept, &input).map_err(|error| error.to_string())?;
            let what = if run.is_err() { "panics".to_owned() } else { format!("takes {took:.1} s") };
            return Err(format!("{name} {what} on {}: b\"{}\"", kept.display(), input.escape_ascii()));
        }
        count += 1;
    }
    Ok(count as u64)
}

/// A number that the environment may have.
fn asked<T: std::str::FromStr<Err: std::fmt::Debug>>(name: &str) -> Option<T> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

/// The targets in the order they are begun in, with their times [s]: the longest first.
fn order(turn: Option<u64>, seconds: f64) -> Vec<(String, f64)> {
    let names = list();
    let mine = turn.map_or(0..0, |turn| {
        let first = turn as usize % names.len().div_ceil(TOGETHER) * TOGETHER;
        first..first + TOGETHER
    });
    let time = |index: usize| if mine.contains(&index) { TURN_SECONDS.max(seconds) } else { seconds };
    let mut order: Vec<_> = names.into_iter().enumerate().map(|(index, name)| (name, time(index))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    order
}

#[test]
fn every_target_has_its_turn() {
    let long = |turn: u64| order(Some(turn), 0.4).into_iter().filter(|one| one.1 > 1.0);
    let turns = list().len().div_ceil(TOGETHER) as u64;
    let mut names: Vec<_> = (1000..1000 + turns).flat_map(long).map(|one| one.0).collect();
    names.sort();
    let mut all = list();
    all.sort();
    assert_eq!(names, all);
    assert!(order(None, 0.4).iter().all(|one| one.1 == 0.4));
}

#[test]
fn targets_survive_changes_of_their_seeds() {
    let seconds = asked("NVSS_PREDICT_FUZZ_SECONDS").unwrap_or(0.4);
    let turn = asked("NVSS_PREDICT_FUZZ_TURN");
    let words = include_str!("../fuzz/words.dict");
    let words: Vec<Vec<u8>> =
        words.lines().filter_map(|line| Some(line.strip_prefix('"')?.strip_suffix('"')?.into())).collect();
    assert!(!words.is_empty());
    let order = order(turn, seconds);
    let long: Vec<_> = order.iter().filter(|one| one.1 > seconds).map(|one| one.0.clone()).collect();
    let rest = Mutex::new(order.into_iter());
    let next = || rest.lock().unwrap().next();
    let (count, failures) = thread::scope(|scope| {
        let work = || {
            let (mut count, mut failures) = (0, Vec::new());
            while let Some((name, seconds)) = next() {
                let target = named(&name).expect("a target of the list");
                let time = Duration::from_secs_f64(seconds);
                match fuzzed(&name, target, &words, turn.unwrap_or_default(), time) {
                    Ok(more) => count += more,
                    Err(failure) => failures.push(failure),
                }
            }
            (count, failures)
        };
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold((0, Vec::new()), |mut all, one| {
            all.1.extend(one.1);
            (all.0 + one.0, all.1)
        })
    });
    let turns = if long.is_empty() { String::new() } else { format!(", a minute of {}", long.join(", ")) };
    common::say(&format!("{count} executions of {} targets{turns}", list().len()));
    assert!(failures.is_empty(), "{failures:#?}");
}
