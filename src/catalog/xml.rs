//! Just enough XML for tables: tags with attributes, and the text between them.
//!
//! "Extensible Markup Language (XML) 1.0": prefixes of namespaces are left out, comments, instructions and
//! declarations are passed over, entities and CDATA are read. Nothing outside the text is ever fetched.

use std::borrow::Cow;

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

/// A text taken apart.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

/// A name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Tokens { text, at: 0 }
    }

    /// The line of what comes next, counted from 1.
    pub fn line(&self) -> u64 {
        self.line_at(self.at)
    }

    /// The line of a byte, counted from 1.
    pub fn line_at(&self, at: usize) -> u64 {
        1 + self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// Where the next token begins.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Passes over what ends with `mark`; to the end if nothing does.
    fn skip(&mut self, mark: &str) {
        self.at = self.text[self.at..].find(mark).map_or(self.text.len(), |end| self.at + end + mark.len());
    }

    /// The next token; none at the end, or where the text is cut short.
    pub fn next_token(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return None;
            }
            let Some(tag) = rest.strip_prefix('<') else {
                let end = rest.find('<').unwrap_or(rest.len());
                self.at += end;
                return Some(Token::Text(decoded(&rest[..end])));
            };
            if let Some(data) = tag.strip_prefix("![CDATA[") {
                let end = data.find("]]>")?;
                self.skip("]]>");
                return Some(Token::Text(Cow::Borrowed(&data[..end])));
            }
            if tag.starts_with("!--") {
                self.skip("-->");
            } else if tag.starts_with('?') {
                self.skip("?>");
            } else if tag.starts_with('!') {
                self.skip(">");
            } else {
                let end = closing(tag)?;
                self.at += 1 + end + 1;
                let inside = &tag[..end];
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
