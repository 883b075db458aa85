//! Imports of large files behind the back of a prediction.

use super::forms::nvss_dat;
use super::*;
use nvss_predict::catalog::Cache;
use std::ffi::OsString;
use std::time::{Duration, SystemTime};

/// A survey's file, old enough that its times can be believed, and a cache that takes files of any size.
fn survey() -> (tempfile::TempDir, PathBuf, Cache) {
    let (folder, path) = file("nvss.dat", nvss_dat().as_bytes());
    age(&path, 60);
    let cache = Cache { folder: Some(folder.path().join("cache")), least: 0 };
    (folder, path, cache)
}

fn age(path: &Path, seconds: u64) {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

fn near() -> ReadOptions {
    let near = Near { centres: vec![j2000(100.0, 20.0)], radius: 40f64.to_radians() };
    ReadOptions { near: Some(near), ..ReadOptions::default() }
}

fn through(cache: &Cache, path: &Path) -> Catalog {
    catalog::open(path, None).unwrap().read_cached(&near(), Handling::default(), cache).unwrap()
}

fn imports(cache: &Cache) -> Vec<PathBuf> {
    cache.kept().unwrap().into_iter().filter(|file| file.import).map(|file| file.path).collect()
}

const MADE: &str = "imported into the cache";
const USED: &str = "read from its import in the cache";

#[test]
fn the_first_run_makes_an_import_and_the_next_reads_it() {
    let (_folder, path, cache) = survey();
    let raw = catalog::read(&path, &near()).unwrap();
    assert!(raw.components.len() > 20);
    for note in [MADE, USED, USED] {
        let read = through(&cache, &path);
        assert_eq!(read.components, raw.components);
        assert_eq!((&read.digest, read.format, &read.path), (&raw.digest, raw.format, &raw.path));
        assert_eq!((read.kind, read.rows_read), (raw.kind, raw.rows_read));
        assert!(noted(&read, note), "{:?}", read.notes);
        // Nothing else is said but that; columns that a prediction does not use, an import does.
        let said = |notes: &[String]| notes.iter().filter(|note| !note.contains("not used")).count();
        assert_eq!(said(&read.notes), said(&raw.notes) + 1, "{:?} {:?}", read.notes, raw.notes);
    }
    assert_eq!(imports(&cache).len(), 1);
    // The same content elsewhere is the same import.
    let other = path.with_file_name("copy.dat");
    fs::copy(&path, &other).unwrap();
    assert!(noted(&through(&cache, &other), USED));
    assert_eq!(imports(&cache).len(), 1);
    // Options that leave the rows as they are share it; others do not.
    let mut options = near();
    (options.alpha, options.reference_frequency) = (-1.0, Some(1.3e9));
    let handling = Handling { polarization: true, strict: false };
    let source = catalog::open(&path, None).unwrap();
    let cached = source.read_cached(&options, handling, &cache).unwrap();
    assert_eq!(cached.components, source.read_with(&options, handling).unwrap().components);
    assert_eq!(imports(&cache).len(), 1);
    options.frame = Some(Frame::B1950);
    let cached = source.read_cached(&options, handling, &cache).unwrap();
    assert_eq!(cached.components, source.read_with(&options, handling).unwrap().components);
    assert_eq!(imports(&cache).len(), 2);
    // And it is emptied, of its own files only.
    let foreign = cache.folder.as_ref().unwrap().join("mine.txt");
    fs::write(&foreign, "mine").unwrap();
    assert!(cache.clear().unwrap().len() >= 2);
    assert!(cache.kept().unwrap().is_empty() && foreign.exists());
}

#[test]
fn a_file_that_changed_is_read_anew() {
    let (_folder, path, cache) = survey();
    through(&cache, &path);
    // As long, and of the same time of change as far as anybody can set it.
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let text = nvss_dat();
    let other = text.replace(" 2", " 1");
    assert!(other != text && other.len() == text.len());
    fs::write(&path, &other).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let read = through(&cache, &path);
    assert!(noted(&read, MADE), "{:?}", read.notes);
    assert_eq!(read.components, catalog::read(&path, &near()).unwrap().components);
    assert_eq!(imports(&cache).len(), 2);
}

#[test]
fn whatever_is_wrong_with_the_cache_the_file_is_read() {
    let (folder, path, cache) = survey();
    let raw = catalog::read(&path, &near()).unwrap();
    through(&cache, &path);
    let [import] = &imports(&cache)[..] else { panic!("one import") };
    let whole = fs::read(import).unwrap();
    let mut zeros = whole.clone();
    zeros[4096 * 4..].fill(0);
    for broken in [&whole[..whole.len() / 2], &b"not a database"[..], &zeros, b""] {
        fs::write(import, broken).unwrap();
        assert_eq!(through(&cache, &path).components, raw.components);
        // And it mends itself.
        through(&cache, &path);
        let mended = through(&cache, &path);
        assert!(noted(&mended, USED), "{:?}", mended.notes);
    }
    for file in cache.kept().unwrap().iter().filter(|file| !file.import) {
        fs::write(&file.path, "{").unwrap();
    }
    assert_eq!(through(&cache, &path).components, raw.components);
    // A cache that cannot be made: a file stands in its place.
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "").unwrap();
    let read = through(&Cache { folder: Some(blocked), least: 0 }, &path);
    assert_eq!(read.components, raw.components);
    assert!(noted(&read, "not kept in the cache"), "{:?}", read.notes);
}

#[test]
fn small_files_component_lists_and_whole_skies_are_not_cached() {
    let (folder, path, cache) = survey();
    let large = Cache::at(folder.path().join("cache"));
    assert!(large.least > 1_000_000);
    through(&large, &path);
    through(&Cache::off(), &path);
    let source = catalog::open(&path, None).unwrap();
    source.read_cached(&ReadOptions::default(), Handling::default(), &cache).unwrap();
    let (_other, list) = file("list.csv", b"ra,dec,i_jy\n1,2,3\n");
    through(&cache, &list);
    assert!(!folder.path().join("cache").exists());
}

#[test]
fn runs_at_the_same_time_do_not_meet() {
    let (_folder, path, cache) = survey();
    let raw = catalog::read(&path, &near()).unwrap();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| through(&cache, &path))).collect();
        for run in runs {
            assert_eq!(run.join().unwrap().components, raw.components);
        }
    });
    assert_eq!(imports(&cache).len(), 1);
    // Nothing half-made is left.
    assert!(cache.kept().unwrap().iter().all(|file| !file.path.to_string_lossy().ends_with(".part")));
}

#[test]
fn the_environment_says_where_the_cache_is() {
    let cache = |set: &[(&str, &str)]| {
        let set: Vec<(String, OsString)> = set.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let of = |name: &str| set.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Cache::of_environment(of).folder.map(|folder| folder.display().to_string())
    };
    assert_eq!(cache(&[]), None);
    assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]).as_deref(), Some("/x/nvss-predict"));
    let home =
        if cfg!(target_os = "macos") { "/h/Library/Caches/nvss-predict" } else { "/h/.cache/nvss-predict" };
    assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "relative")]).as_deref(), Some(home));
    assert_eq!(cache(&[("HOME", "/h"), ("NVSS_PREDICT_CACHE", "/c")]).as_deref(), Some("/c"));
    assert_eq!(cache(&[("HOME", "/h"), ("NVSS_PREDICT_CACHE", "off")]), None);
}
