//! A whole imported catalogue, read by several threads: a single one decodes a million rows in some seconds.

use std::ops::RangeInclusive;

use super::read::{Reader, open};
use super::schema;
use crate::catalog::CatalogError;
use crate::catalog::input::Input;
use crate::sky::{Component, Cones};

/// Rows that are worth a thread of their own.
const LEAST: u64 = 50_000;

/// The most threads: they wait for each other's memory beyond that.
const MOST: usize = 8;

/// What a thread read of a range of places.
#[derive(Default)]
pub(super) struct Share {
    ids: Vec<u32>,
    /// Each with whether its spectrum is an assumption; taken out one after the other.
    components: Vec<Option<(Component, bool)>>,
    /// Rows that are too far away.
    far: u64,
    tally: [u64; 2],
}

/// The number of threads for so many rows of a file: one where each would have to unzip it.
pub(super) fn threads(input: &Input, rows: u64) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    if input.gzipped { 1 } else { cores.min(MOST).min((rows / LEAST) as usize).max(1) }
}

/// Reads all rows, places `1` to `last`, of a catalogue as `reader` would.
///
/// # Errors
/// If the file cannot be read or is damaged.
pub(super) fn scan(
    reader: &Reader,
    cones: Option<&Cones>,
    last: u64,
    threads: usize,
) -> Result<Vec<Share>, CatalogError> {
    let part = last.div_ceil(threads as u64).max(1);
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads as u64)
            .map(|thread| {
                // The last takes what may come after.
                let end = if thread + 1 == threads as u64 { i64::MAX } else { (part * (thread + 1)) as i64 };
                let range = (part * thread) as i64 + 1..=end;
                scope.spawn(move || read_range(reader, cones, range, part as usize))
            })
            .collect();
        started
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

fn read_range(
    reader: &Reader,
    cones: Option<&Cones>,
    range: RangeInclusive<i64>,
    about: usize,
) -> Result<Share, CatalogError> {
    let damaged = |source| CatalogError::Sqlite { path: reader.input.path.clone(), source };
    let database = open(reader.input)?;
    let columns = schema::columns_of_components();
    let query = format!("SELECT {columns} FROM components WHERE place BETWEEN ? AND ? ORDER BY place");
    let mut statement = database.connection.prepare(&query).map_err(damaged)?;
    let mut rows = statement.query([range.start(), range.end()]).map_err(damaged)?;
    let mut share = Share::default();
    share.ids.reserve_exact(about);
    share.components.reserve_exact(about);
    while let Some(row) = rows.next().map_err(damaged)? {
        let position = schema::position(row).map_err(damaged)?;
        if position.is_valid() && cones.is_some_and(|cones| !cones.contain(position)) {
            share.far += 1;
            continue;
        }
        let id: i64 = row.get(0).map_err(damaged)?;
        let (component, own) = reader.component(row)?;
        if let Some(kind) = Reader::tallied(&component, own) {
            share.tally[kind] += 1;
        }
        share.ids.push(u32::try_from(id).map_err(|_| reader.unknown_id(id))?);
        share.components.push(Some((component, !own)));
    }
    Ok(share)
}

/// Hands the components of all shares to `take` in the order of their ids; how many rows were too far away, and what
/// was tallied.
///
/// # Errors
/// The first of `take`.
pub(super) fn in_order(
    mut shares: Vec<Share>,
    mut take: impl FnMut(u64, Component, bool) -> Result<(), CatalogError>,
) -> Result<(u64, [u64; 2]), CatalogError> {
    let mut order: Vec<(u32, u32, u32)> =
        Vec::with_capacity(shares.iter().map(|share| share.ids.len()).sum());
    for (share, of) in shares.iter_mut().enumerate() {
        let ids = std::mem::take(&mut of.ids);
        order.extend(ids.into_iter().zip(0..).map(|(id, index)| (id, share as u32, index)));
    }
    order.sort_unstable();
    for (id, share, index) in order {
        if let Some((component, assumed)) = shares[share as usize].components[index as usize].take() {
            take(u64::from(id), component, assumed)?;
        }
    }
    let far = shares.iter().map(|share| share.far).sum();
    let tally = shares.iter().fold([0; 2], |sum, share| [sum[0] + share.tally[0], sum[1] + share.tally[1]]);
    Ok((far, tally))
}
