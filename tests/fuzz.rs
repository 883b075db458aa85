//! The fuzz targets of `fuzz/`, with random changes of their seeds: some tenths of a second each, without a fuzzer's guidance.
//!
//! `NVSS_PREDICT_FUZZ_SECONDS=60 cargo test --release --test fuzz` gives each a minute. What fails is kept in `target/tmp`;
//! `fuzz/run.sh --replay FILE TARGET` runs it again.

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

/// Marsaglia's xorshift: the same inputs in every run, as far as its time lets it come.
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
fn fuzzed(name: &str, target: Target, words: &[Vec<u8>], time: Duration) -> Result<u64, String> {
    let seeds = seeds_of(name);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ name.len() as u64);
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
            return Err(format!("{name} {what} on {}", kept.display()));
        }
        count += 1;
    }
    Ok(count as u64)
}

#[test]
fn targets_survive_changes_of_their_seeds() {
    let seconds =
        std::env::var("NVSS_PREDICT_FUZZ_SECONDS").map_or(0.4, |text| text.parse().expect("seconds"));
    let words = include_str!("../fuzz/words.dict");
    let words: Vec<Vec<u8>> =
        words.lines().filter_map(|line| Some(line.strip_prefix('"')?.strip_suffix('"')?.into())).collect();
    assert!(!words.is_empty());
    let names = Mutex::new(list());
    let next = || names.lock().unwrap().pop();
    let (count, failures) = thread::scope(|scope| {
        let work = || {
            let (mut count, mut failures) = (0, Vec::new());
            while let Some(name) = next() {
                let target = named(&name).expect("a target of the list");
                match fuzzed(&name, target, &words, Duration::from_secs_f64(seconds)) {
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
    common::say(&format!("{count} executions of {} targets", list().len()));
    assert!(failures.is_empty(), "{failures:#?}");
}
