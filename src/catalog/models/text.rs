//! Long texts: parsed in pieces by several threads, while the next is read, and taken in their order.

use rayon::prelude::*;

use super::line::Line;
use crate::catalog::CatalogError;
use crate::catalog::input::{Blocks, Input};

/// The least that is worth a thread [bytes].
const LEAST: usize = 1 << 14;

/// A text on its way: first its header, line by line, then all the rest.
pub(super) struct Text<'a> {
    input: &'a Input,
    blocks: Blocks<'a>,
    /// Lines that are read.
    block: Vec<u8>,
    /// Where the next of them begins.
    at: usize,
    /// Its number, counted from 1.
    number: u64,
}

/// What a piece said, with the numbers of its lines, and what ended it too early.
struct Parsed<T> {
    found: Vec<(u64, T)>,
    error: Option<CatalogError>,
}

impl<'a> Text<'a> {
    /// The text from its beginning.
    pub fn new(input: &'a Input) -> Result<Self, CatalogError> {
        Ok(Text { input, blocks: input.blocks()?, block: Vec::new(), at: 0, number: 1 })
    }

    /// The line that comes next, or at the end the last.
    pub fn line(&self) -> Line<'a> {
        Line { input: self.input, number: self.number }
    }

    /// The next line, without its end, if it is one of those looked for; none otherwise, and at the end.
    pub fn next_if(
        &mut self,
        wanted: impl FnOnce(&str) -> bool,
    ) -> Result<Option<(Line<'a>, &str)>, CatalogError> {
        if self.at == self.block.len() {
            self.block.clear();
            self.at = 0;
            self.blocks.next_block(&mut self.block)?;
        }
        let line = self.line();
        let rest = &self.block[self.at..];
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let text = std::str::from_utf8(&rest[..length]).map_err(|_| not_utf8(line))?;
        let text = text.trim_end_matches(['\n', '\r']);
        if length == 0 || !wanted(text) {
            return Ok(None);
        }
        self.at += length;
        self.number += 1;
        Ok(Some((line, text)))
    }

    /// Hands the lines that are left to `parse`, by several threads, and what they say to `take`, in their order and with
    /// their numbers; returns the digest of the file.
    ///
    /// # Errors
    /// The first, in the order of the lines.
    pub fn rows<T: Send>(
        self,
        parse: impl Fn(Line<'a>, &str) -> Result<Option<T>, CatalogError> + Sync,
        take: impl FnMut(u64, T) -> Result<(), CatalogError>,
    ) -> Result<String, CatalogError> {
        let input = self.input;
        let piece = |first: u64, text: &str, found: &mut Vec<(u64, T)>| {
            for (number, text) in lines(first, text) {
                found.extend(parse(Line { input, number }, text)?.map(|row| (number, row)));
            }
            Ok(())
        };
        self.pieces(|_| true, piece, take)
    }

    /// [`Text::rows`] of what takes several lines: a piece of the text begins with a line that `begins` says may be the
    /// first of one. `parse` gets the number of that line and the piece, and adds to what was found.
    pub fn pieces<T: Send>(
        mut self,
        begins: impl Fn(&[u8]) -> bool + Sync,
        parse: impl Fn(u64, &str, &mut Vec<(u64, T)>) -> Result<(), CatalogError> + Sync,
        mut take: impl FnMut(u64, T) -> Result<(), CatalogError>,
    ) -> Result<String, CatalogError> {
        let mut take_all = |pieces: Vec<Parsed<T>>| {
            for piece in pieces {
                piece.found.into_iter().try_for_each(|(number, row)| take(number, row))?;
                piece.error.map_or(Ok(()), Err)?;
            }
            Ok(())
        };
        let mut number = self.number;
        let mut rest = self.block.split_off(self.at);
        let mut ready = cut(&mut rest, 0, &begins);
        let mut found = Vec::new();
        loop {
            // In what has been looked at, only the first line may begin a piece.
            let looked = rest.len();
            // What reads and what takes cannot change threads; what parses can.
            let (more, taken, parsed) = std::thread::scope(|scope| {
                let other = scope.spawn(|| parsed(self.input, &ready, &mut number, &begins, &parse));
                (self.blocks.next_block(&mut rest), take_all(std::mem::take(&mut found)), other.join())
            });
            taken?;
            found = parsed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            if !more? {
                break;
            }
            ready = cut(&mut rest, looked, &begins);
        }
        take_all(found)?;
        take_all(parsed(self.input, &rest, &mut number, &begins, &parse))?;
        self.blocks.digest()
    }
}

/// The lines of a text whose first has this number, without their ends.
pub(super) fn lines(first: u64, text: &str) -> impl Iterator<Item = (u64, &str)> {
    (first..).zip(text.split_inclusive('\n').map(|line| line.trim_end_matches(['\n', '\r'])))
}

fn not_utf8(line: Line) -> CatalogError {
    CatalogError::NotUtf8 { path: line.input.path.clone(), line: line.number }
}

/// The numbers of lines in a text whose first line has a number.
pub(super) struct Numbers<'a> {
    text: &'a str,
    at: usize,
    number: u64,
}

impl<'a> Numbers<'a> {
    pub fn new(first: u64, text: &'a str) -> Self {
        Numbers { text, at: 0, number: first }
    }

    /// The line of the byte at `at`, which is none before that asked for last.
    pub fn line(&mut self, at: usize) -> u64 {
        self.number += lines_in(&self.text.as_bytes()[self.at..at]);
        self.at = at;
        self.number
    }
}

fn lines_in(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Takes away what is before the last line that may begin a piece, of those at `from` and after; nothing if none may.
fn cut(bytes: &mut Vec<u8>, from: usize, begins: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut end = bytes.len();
    while let Some(before) = memchr::memrchr(b'\n', &bytes[..end.saturating_sub(1)]) {
        let start = before + 1;
        if start < from {
            break;
        }
        if begins(&bytes[start..end]) {
            let after = bytes.split_off(start);
            return std::mem::replace(bytes, after);
        }
        end = start;
    }
    Vec::new()
}

/// What the pieces of a block say, in their order; `number` is that of its first line, and then of the one after it.
fn parsed<T: Send>(
    input: &Input,
    block: &[u8],
    number: &mut u64,
    begins: impl Fn(&[u8]) -> bool + Sync,
    parse: impl Fn(u64, &str, &mut Vec<(u64, T)>) -> Result<(), CatalogError> + Sync,
) -> Vec<Parsed<T>> {
    let piece = |(number, bytes): (u64, &[u8])| {
        let (text, bad) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let sound = &bytes[..error.valid_up_to()];
                let whole = sound.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let line = Line { input, number: number + lines_in(sound) };
                (std::str::from_utf8(&sound[..whole]).unwrap_or_default(), Some(not_utf8(line)))
            }
        };
        let mut found = Vec::new();
        let error = parse(number, text, &mut found).err();
        Parsed { found, error: bad.or(error) }
    };
    match split(block, number, begins) {
        // One piece is not worth a thread.
        pieces if pieces.len() < 2 => pieces.into_iter().map(piece).collect(),
        pieces => pieces.into_par_iter().map(piece).collect(),
    }
}

/// A text in pieces for several threads, each beginning with a line that may, with that line's number; `number` is that of
/// the first line, and then of the one after the text.
pub(super) fn split<'t>(
    text: &'t [u8],
    number: &mut u64,
    begins: impl Fn(&[u8]) -> bool,
) -> Vec<(u64, &'t [u8])> {
    let size = (text.len() / (8 * rayon::current_num_threads())).max(LEAST);
    let (mut pieces, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(next_beginning(rest, size, &begins));
        pieces.push((*number, piece));
        *number += lines_in(piece);
        rest = after;
    }
    pieces
}

/// Where the first line begins that may begin a piece and lies beyond `size`; the end if there is none.
fn next_beginning(bytes: &[u8], size: usize, begins: impl Fn(&[u8]) -> bool) -> usize {
    let mut at = size;
    while let Some(end) = bytes.get(at..).and_then(|tail| memchr::memchr(b'\n', tail)) {
        at += end + 1;
        let line =
            &bytes[at..][..memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len() - at, |end| end + 1)];
        if begins(line) {
            return at;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::Mutex;

    /// 11 MB, so that there are several blocks: every line says its number, some begin with a `>`, the last has no end.
    fn text() -> String {
        let lines = (1..=200_001).map(|number| {
            let mark = if number % 1013 == 7 { ">" } else { "" };
            format!("{mark}{number} {}", "x".repeat(number * 37 % 100))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn rows_come_in_their_order_and_with_their_numbers() {
        let text = text();
        let file = file(text.replace('\n', "\r\n").as_bytes());
        let input = Input::open(file.path()).unwrap();
        let mut read = Text::new(&input).unwrap();
        let mut found = Vec::new();
        while let Some((line, text)) = read.next_if(|text| !text.starts_with("100 ")).unwrap() {
            found.push((line.number, text.to_owned()));
        }
        assert_eq!(found.len(), 99);
        let parse = |line: Line, text: &str| Ok((!line.number.is_multiple_of(5)).then(|| text.to_owned()));
        let digest = read.rows(parse, |number, text| {
            found.push((number, text));
            Ok(())
        });
        assert_eq!(digest.unwrap(), input.digest().unwrap());
        let expected = (1u64..).zip(text.lines().map(str::to_owned));
        let expected: Vec<_> = expected.filter(|(number, _)| *number < 100 || number % 5 != 0).collect();
        assert!(found == expected);
    }

    #[test]
    fn pieces_begin_where_they_may_and_make_the_text() {
        let text = text();
        let file = file(text.as_bytes());
        let input = Input::open(file.path()).unwrap();
        let pieces = Mutex::new(Vec::new());
        let parse = |first: u64, piece: &str, found: &mut Vec<(u64, String)>| {
            pieces.lock().unwrap().push(first);
            found.push((first, piece.to_owned()));
            Ok(())
        };
        let mut whole = String::new();
        let take = |first, piece: String| {
            let own = piece.trim_start_matches('>').split(' ').next().and_then(|word| word.parse().ok());
            assert_eq!(own, Some(first), "the number of the line that a piece begins with");
            assert!(first == 1 || piece.starts_with('>'));
            whole += &piece;
            Ok(())
        };
        Text::new(&input).unwrap().pieces(|line| line.starts_with(b">"), parse, take).unwrap();
        assert!(whole == text);
        assert!(pieces.into_inner().unwrap().len() > 3);
    }

    #[test]
    fn what_is_wrong_is_told_after_all_that_is_before_it() {
        let mut bytes = text().into_bytes();
        let before: usize = text().lines().take(150_000).map(|line| line.len() + 1).sum();
        bytes[before] = 0xff;
        let file = file(&bytes);
        let input = Input::open(file.path()).unwrap();
        let mut last = 0;
        let mut read = |wrong: u64| {
            let parse = |line: Line, _: &str| match line.number == wrong {
                true => Err(line.wrong("here")),
                false => Ok(Some(())),
            };
            Text::new(&input).unwrap().rows(parse, |number, ()| {
                last = number;
                Ok(())
            })
        };
        let error = read(0).unwrap_err();
        assert!(matches!(error, CatalogError::NotUtf8 { line: 150_001, .. }), "{error}");
        let error = read(77_777).unwrap_err();
        assert!(matches!(error, CatalogError::Row { line: 77_777, .. }), "{error}");
        assert_eq!(last, 77_776);
    }
}
