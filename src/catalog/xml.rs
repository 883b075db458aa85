//! Just enough XML for tables: tags with attributes, and the text between them.
//!
//! "Extensible Markup Language (XML) 1.0": prefixes of namespaces are left out, comments, instructions and
//! declarations are passed over, entities and CDATA are read. Nothing outside the text is ever fetched.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use super::CatalogError;
use super::input::Input;

/// The byte order mark some editors put in front.
const BOM: char = '\u{feff}';

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// The beginning of an element: its name, its attributes as they stand, and whether it ends at once.
    Begin(&'a str, &'a str, bool),
    /// The end of an element.
    End(&'a str),
    /// Text, as it stands.
    Text(Cow<'a, str>),
}

/// How much of a text is read at once.
const CHUNK: u64 = 1 << 16;

/// More bytes than any tag or piece of CDATA has.
const LONGEST: usize = 1 << 22;

/// A text taken apart, as it is read.
pub(super) struct Tokens<'a> {
    /// Where more of it comes from.
    source: Option<(&'a Input, Box<dyn BufRead>)>,
    /// What has been read of it and not been passed yet begins at `at`.
    text: String,
    at: usize,
    /// The beginning of a letter whose end has not been read.
    begun: Vec<u8>,
    line: u64,
    failure: Option<CatalogError>,
}

/// A name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// How many lines end in a text.
fn ends(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u64
}

impl<'a> Tokens<'a> {
    /// A text that is at hand.
    pub fn new(text: &str) -> Self {
        let text = text.trim_start_matches(BOM).to_owned();
        Tokens { source: None, text, at: 0, begun: Vec::new(), line: 1, failure: None }
    }

    /// A file, from its beginning.
    pub fn of(input: &'a Input) -> Result<Self, CatalogError> {
        let mut tokens = Tokens { source: Some((input, input.reader()?)), ..Tokens::new("") };
        if tokens.more() && tokens.text.starts_with(BOM) {
            tokens.at = BOM.len_utf8();
        }
        Ok(tokens)
    }

    /// The line of what comes next, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Why there is no next token, if the file could not be read.
    pub fn failure(&mut self) -> Option<CatalogError> {
        self.failure.take()
    }

    /// Passes over so many bytes.
    fn pass(&mut self, count: usize) {
        self.line += ends(&self.text[self.at..self.at + count]);
        self.at += count;
    }

    /// Reads on, and forgets what was passed; false at the end.
    fn more(&mut self) -> bool {
        let Some((input, reader)) = &mut self.source else { return false };
        self.text.drain(..self.at);
        self.at = 0;
        let mut bytes = std::mem::take(&mut self.begun);
        let before = bytes.len();
        let read = reader.take(CHUNK).read_to_end(&mut bytes);
        let (valid, broken) = match std::str::from_utf8(&bytes) {
            Ok(text) => (text, false),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                self.begun = rest.to_vec();
                // Nothing is lost by the check: this much was found valid.
                (std::str::from_utf8(valid).unwrap_or_default(), error.error_len().is_some())
            }
        };
        self.text.push_str(valid);
        let ended = bytes.len() == before;
        if let Err(source) = read {
            self.failure = Some(input.reading(source));
        } else if broken || (ended && !self.begun.is_empty()) {
            let line = self.line + ends(&self.text);
            self.failure = Some(CatalogError::NotUtf8 { path: input.path.clone(), line });
        }
        if ended || self.failure.is_some() {
            self.source = None;
        }
        !ended
    }

    /// Passes over what ends with `mark`; to the end if nothing does.
    fn skip(&mut self, mark: &str) {
        loop {
            if let Some(end) = self.text[self.at..].find(mark) {
                return self.pass(end + mark.len());
            }
            // The mark may have begun.
            let mut cut = (self.text.len() - self.at).saturating_sub(mark.len() - 1);
            while !self.text.is_char_boundary(self.at + cut) {
                cut -= 1;
            }
            self.pass(cut);
            if !self.more() {
                return self.pass(self.text.len() - self.at);
            }
        }
    }

    /// The bytes of the text that comes next, up to a tag or to what has been read; an entity is not cut.
    fn text_length(&self) -> usize {
        let rest = &self.text[self.at..];
        let whole = || match &self.source {
            Some(_) => rest.rfind('&').filter(|at| rest.len() - at <= 16).unwrap_or(rest.len()),
            None => rest.len(),
        };
        rest.find('<').unwrap_or_else(whole)
    }

    /// The next token; none at the end, or where the text is cut short.
    pub fn next_token(&mut self) -> Option<Token<'_>> {
        loop {
            let rest = &self.text[self.at..];
            // Nine bytes tell what a tag is.
            if rest.len() < 9 && self.source.is_some() {
                self.more();
                continue;
            }
            if rest.is_empty() {
                return None;
            }
            let Some(tag) = rest.strip_prefix('<') else {
                let length = self.text_length();
                if length == 0 {
                    self.more();
                    continue;
                }
                let from = self.at;
                self.pass(length);
                return Some(Token::Text(decoded(&self.text[from..from + length])));
            };
            if tag.starts_with("!--") {
                self.skip("-->");
                continue;
            } else if tag.starts_with('?') {
                self.skip("?>");
                continue;
            }
            let data = tag.starts_with("![CDATA[");
            if tag.starts_with('!') && !data {
                self.skip(">");
                continue;
            }
            let end = if data { tag.find("]]>") } else { closing(tag) };
            let Some(end) = end else {
                if rest.len() < LONGEST && self.more() {
                    continue;
                }
                return None;
            };
            let from = self.at + 1;
            if data {
                self.pass(1 + end + "]]>".len());
                return Some(Token::Text(Cow::Borrowed(&self.text[from + "![CDATA[".len()..from + end])));
            }
            self.pass(1 + end + 1);
            let inside = &self.text[from..from + end];
            if let Some(name) = inside.strip_prefix('/') {
                return Some(Token::End(local(name.trim())));
            }
            let empty = inside.ends_with('/');
            let inside = inside.strip_suffix('/').unwrap_or(inside);
            let name_end = inside.find(char::is_whitespace).unwrap_or(inside.len());
            return Some(Token::Begin(local(&inside[..name_end]), &inside[name_end..], empty));
        }
    }
}

/// Where a tag closes: a `>` outside quotes.
fn closing(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at),
            _ => {}
        }
    }
    None
}

/// The value of an attribute.
pub(super) fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    let mut rest = attributes.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, behind) = after[1..].split_once(quote)?;
        if local(name.trim()) == wanted {
            return Some(decoded(value));
        }
        rest = behind.trim_start();
    }
    None
}

/// Text with its entities read.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        found.push_str(before);
        let entity = after.split_once(';').filter(|(name, _)| name.len() <= 8);
        let letter = entity.and_then(|(name, _)| match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let code = name.strip_prefix('#')?;
                let code = match code.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => code.parse().ok()?,
                };
                char::from_u32(code)
            }
        });
        match (letter, entity) {
            (Some(letter), Some((_, behind))) => {
                found.push(letter);
                rest = behind;
            }
            _ => {
                found.push('&');
                rest = after;
            }
        }
    }
    found.push_str(rest);
    Cow::Owned(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_text_and_what_is_passed_over() {
        let mut tokens = Tokens::new(
            "<?xml version='1.0'?>\n<!-- <no> --><v:TABLE name=\"a>b\" unit = '&quot;h:m:s&quot;'>\n<TD/>x &lt;&#65;&#x42; &no;<![CDATA[<raw>]]></v:TABLE>",
        );
        assert_eq!(tokens.next_token(), Some(Token::Text("\n".into())));
        let Some(Token::Begin("TABLE", attributes, false)) = tokens.next_token() else { panic!("no table") };
        assert_eq!(attribute(attributes, "name").as_deref(), Some("a>b"));
        assert_eq!(attribute(attributes, "unit").as_deref(), Some("\"h:m:s\""));
        assert_eq!(attribute(attributes, "ucd"), None);
        assert_eq!(tokens.next_token(), Some(Token::Text("\n".into())));
        assert_eq!(tokens.line(), 3);
        assert_eq!(tokens.next_token(), Some(Token::Begin("TD", "", true)));
        assert_eq!(tokens.next_token(), Some(Token::Text("x <AB &no;".into())));
        assert_eq!(tokens.next_token(), Some(Token::Text("<raw>".into())));
        assert_eq!(tokens.next_token(), Some(Token::End("TABLE")));
        assert_eq!(tokens.next_token(), None);
        assert_eq!(Tokens::new("<TD unit='").next_token(), None);
    }
}
