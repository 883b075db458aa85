//! The bytes of a catalogue: opened, digested, unzipped.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::CatalogError;

/// How much of the content tells the format.
const HEAD: u64 = 64 * 1024;

/// The most that a gzipped catalogue may grow to: a few times any catalogue there is, and less than memory.
const MOST: u64 = 4 << 30;

/// A catalogue's file.
pub(super) struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// The first of its content, unzipped.
    pub head: Vec<u8>,
    /// Whether it is gzipped.
    pub gzipped: bool,
    /// Its content, where the caller holds it: there is no file then, and the path is a name.
    held: Option<Arc<str>>,
}

impl Input {
    /// Looks at the file.
    pub fn open(path: &Path) -> Result<Self, CatalogError> {
        let error = |source| CatalogError::Io { path: path.to_owned(), source };
        // It is read more than once, which a pipe cannot be, and to its end, which a device may not have.
        let kind = std::fs::metadata(path).map_err(error)?.file_type();
        if !kind.is_file() {
            let what =
                if kind.is_dir() { "it is a directory" } else { "it is a pipe or a device, not a file" };
            return Err(error(io::Error::other(what)));
        }
        let mut head = Vec::new();
        File::open(path).map_err(error)?.take(HEAD).read_to_end(&mut head).map_err(error)?;
        let gzipped = head.starts_with(&[0x1f, 0x8b]);
        if gzipped {
            let file = File::open(path).map_err(error)?;
            head.clear();
            let read = MultiGzDecoder::new(io::BufReader::new(file)).take(HEAD).read_to_end(&mut head);
            read.map_err(|source| CatalogError::Gzip { path: path.to_owned(), source })?;
        }
        Ok(Input { path: path.to_owned(), head, gzipped, held: None })
    }

    /// A folder, which a reader of its own looks into.
    pub fn folder(path: &Path) -> Self {
        Input { path: path.to_owned(), head: Vec::new(), gzipped: false, held: None }
    }

    /// Text that the caller holds under the name `path`.
    pub fn held(path: &Path, text: Arc<str>) -> Self {
        let head = text.as_bytes().iter().copied().take(HEAD as usize).collect();
        Input { path: path.to_owned(), head, gzipped: false, held: Some(text) }
    }

    /// An I/O error on this file.
    pub fn io(&self, source: io::Error) -> CatalogError {
        CatalogError::Io { path: self.path.clone(), source }
    }

    /// A layout error of this file.
    pub fn layout(&self, message: impl Into<String>) -> CatalogError {
        CatalogError::Layout { path: self.path.clone(), message: message.into() }
    }

    /// The whole content, unzipped, and the digest of what is stored.
    pub fn content(&self) -> Result<(Vec<u8>, String), CatalogError> {
        let stored = match &self.held {
            Some(text) => text.as_bytes().to_vec(),
            None => std::fs::read(&self.path).map_err(|source| self.io(source))?,
        };
        let digest = hex(Sha256::digest(&stored).as_slice());
        if !self.gzipped {
            return Ok((stored, digest));
        }
        let mut content = Vec::new();
        let read = MultiGzDecoder::new(stored.as_slice()).take(MOST).read_to_end(&mut content);
        let length = read.map_err(|source| CatalogError::Gzip { path: self.path.clone(), source })?;
        if length as u64 == MOST {
            return Err(self.layout("unzips to more than 4 GiB; unzip it first, if it is a catalogue"));
        }
        Ok((content, digest))
    }

    /// The whole text, unzipped, and the digest of what is stored.
    pub fn text(&self) -> Result<(String, String), CatalogError> {
        let (content, digest) = self.content()?;
        Ok((utf8(&self.path, content)?, digest))
    }

    /// The content, unzipped, from its beginning.
    pub fn reader(&self) -> Result<Box<dyn BufRead>, CatalogError> {
        if let Some(text) = &self.held {
            return Ok(Box::new(io::Cursor::new(text.as_bytes().to_vec())));
        }
        let file = File::open(&self.path).map_err(|source| self.io(source))?;
        let stored = io::BufReader::with_capacity(1 << 16, file);
        Ok(if self.gzipped {
            Box::new(io::BufReader::with_capacity(1 << 16, MultiGzDecoder::new(stored)))
        } else {
            Box::new(stored)
        })
    }

    /// The lines of the content, unzipped.
    pub fn lines(&self) -> Result<Lines<'_>, CatalogError> {
        Ok(Lines { input: self, reader: self.reader()?, bytes: Vec::new(), number: 0 })
    }

    /// A line by its number, counted from 1; none if it cannot be read again.
    pub fn line(&self, number: u64) -> Option<String> {
        let mut lines = self.lines().ok()?;
        while lines.number + 1 < number {
            lines.next_line().ok()??;
        }
        lines.next_line().ok()?.map(str::to_owned)
    }

    /// An error in reading the content.
    pub fn reading(&self, source: io::Error) -> CatalogError {
        let path = self.path.clone();
        if self.gzipped { CatalogError::Gzip { path, source } } else { CatalogError::Io { path, source } }
    }

    /// The content in blocks of whole lines, for readers of long lists.
    pub fn blocks(&self) -> Result<Blocks<'_>, CatalogError> {
        // What is stored as it is read needs no second look for its digest.
        let hasher = (!self.gzipped && self.held.is_none()).then(Sha256::new);
        Ok(Blocks { input: self, reader: self.reader()?, rest: Vec::new(), hasher, done: false })
    }

    /// The digest of what is stored.
    pub fn digest(&self) -> Result<String, CatalogError> {
        if let Some(text) = &self.held {
            return Ok(hex(Sha256::digest(text.as_bytes()).as_slice()));
        }
        digest_of(&[&self.path]).map_err(|source| self.io(source))
    }

    /// The content in a file of our own, which goes away with the handle, and the digest of what is stored.
    pub fn private_copy(&self, suffix: &str) -> Result<(tempfile::NamedTempFile, u64, String), CatalogError> {
        let (content, digest) = self.content()?;
        let copy = tempfile::Builder::new().prefix("nvss-predict-").suffix(suffix).tempfile();
        let mut copy = copy.map_err(|source| self.io(source))?;
        copy.write_all(&content).and_then(|()| copy.flush()).map_err(|source| self.io(source))?;
        Ok((copy, content.len() as u64, digest))
    }
}

/// The text of a file of these bytes.
pub(super) fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, CatalogError> {
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        CatalogError::NotUtf8 { path: path.to_owned(), line }
    })
}

/// The longest line there is any sense in.
const LONGEST: u64 = 1 << 20;

/// The lines of a text, read one after the other.
pub(super) struct Lines<'a> {
    input: &'a Input,
    reader: Box<dyn BufRead>,
    bytes: Vec<u8>,
    /// The number of the line that was read last, counted from 1.
    pub number: u64,
}

impl<'a> Lines<'a> {
    /// The file that they are of.
    pub fn input(&self) -> &'a Input {
        self.input
    }

    /// The next line, without its end.
    pub fn next_line(&mut self) -> Result<Option<&str>, CatalogError> {
        self.bytes.clear();
        let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut self.bytes);
        let length = read.map_err(|source| self.input.reading(source))?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        if length as u64 == LONGEST {
            return Err(self.input.layout(format!("line {} is too long for a catalogue", self.number)));
        }
        let (path, line) = (&self.input.path, self.number);
        let text = std::str::from_utf8(&self.bytes)
            .map_err(|_| CatalogError::NotUtf8 { path: path.clone(), line })?;
        Ok(Some(text.trim_end_matches(['\n', '\r'])))
    }
}

/// How much is read at a time.
const BLOCK: u64 = 2 << 20;

/// The content in blocks of whole lines.
pub(super) struct Blocks<'a> {
    input: &'a Input,
    reader: Box<dyn BufRead>,
    /// The beginning of a line whose end is not read yet.
    rest: Vec<u8>,
    hasher: Option<Sha256>,
    done: bool,
}

impl Blocks<'_> {
    /// Adds the next lines to `to`; whether there are any.
    pub fn next_block(&mut self, to: &mut Vec<u8>) -> Result<bool, CatalogError> {
        let before = to.len();
        to.append(&mut self.rest);
        while !self.done {
            let begun = to.len();
            let read = self.reader.by_ref().take(BLOCK).read_to_end(to);
            let read = read.map_err(|source| self.input.reading(source))?;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&to[begun..]);
            }
            if read == 0 {
                self.done = true;
            } else if let Some(end) = memchr::memrchr(b'\n', &to[before..]) {
                self.rest = to.split_off(before + end + 1);
                break;
            } else if (to.len() - before) as u64 >= BLOCK {
                return Err(self.input.layout("a line is too long for a catalogue"));
            }
        }
        Ok(to.len() > before)
    }

    /// The digest of what is stored, after the last block.
    pub fn digest(self) -> Result<String, CatalogError> {
        match self.hasher {
            Some(hasher) => Ok(hex(hasher.finalize().as_slice())),
            None => self.input.digest(),
        }
    }
}

/// Bytes in lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of files, one after the other.
pub(super) fn digest_of(paths: &[&Path]) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for path in paths {
        let mut file = File::open(path)?;
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                length => hasher.update(&buffer[..length]),
            }
        }
    }
    Ok(hex(hasher.finalize().as_slice()))
}
