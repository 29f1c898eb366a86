//! The name that an identifier in the text stands for: folded, unquoted and decoded as PostgreSQL does it.

use std::borrow::Cow;

use super::lexer::{Kind, Lexer, Token};
use crate::{quote, schema_name::MAX_NAME_BYTES};

/// The name that `token` of `sql` stands for. Borrowed from the text unless folding or decoding changes it.
pub fn name(sql: &str, token: Token) -> Cow<'_, str> {
    let text = &sql[token.start as usize..token.end as usize];
    let name = match token.kind {
        Kind::Quoted => Cow::Borrowed(&text[1..text.len() - 1]),
        Kind::Encoded if text.starts_with('"') => unquoted(&text[1..text.len() - 1]),
        Kind::Encoded => decoded(text),
        // Only ASCII letters fold, whatever the server's locale: its encoding is UTF-8.
        _ if text.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(text.to_ascii_lowercase()),
        _ => Cow::Borrowed(text),
    };
    clipped(name)
}

/// The name at the beginning of this text, behind a dot if there is one; empty if there is none.
pub(crate) fn name_at(sql: &str) -> Cow<'_, str> {
    match Lexer::new(sql).and_then(|mut lexer| lexer.next()) {
        Ok(Token {
            kind: Kind::Dot, end, ..
        }) => name_at(&sql[end as usize..]),
        Ok(token) => name(sql, token),
        Err(_) => Cow::Borrowed(""),
    }
}

fn unquoted(inner: &str) -> Cow<'_, str> {
    if inner.contains('"') {
        Cow::Owned(inner.replace("\"\"", "\""))
    } else {
        Cow::Borrowed(inner)
    }
}

/// The server cuts longer names without an error.
fn clipped(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    let end = quote::clipped(&name, MAX_NAME_BYTES).len();
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[..end]),
        Cow::Owned(mut name) => {
            name.truncate(end);
            Cow::Owned(name)
        }
    }
}

/// `U&"…" [UESCAPE 'c']`: `\0061`, `\+000061` and `\\`, with the escape character that UESCAPE names in place of the
/// backslash.
fn decoded(text: &str) -> Cow<'_, str> {
    let body = &text[3..];
    let end = closing_quote(body);
    let escape = escape_character(&body[end + 1..]).unwrap_or('\\');
    let inner = unquoted(&body[..end]);
    if !inner.contains(escape) {
        return inner;
    }
    let mut name = String::with_capacity(inner.len());
    let mut units = Vec::new();
    let mut rest = &*inner;
    while let Some(found) = rest.find(escape) {
        flush(&mut units, &mut name, found > 0);
        name.push_str(&rest[..found]);
        rest = &rest[found + escape.len_utf8()..];
        let (digits, skip) = match rest.strip_prefix('+') {
            Some(long) => (long.get(..6), 7),
            None => (rest.get(..4), 4),
        };
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                units.push(code);
                rest = &rest[skip..];
            }
            // A doubled escape character, or an escape that the server will refuse: it stands for itself.
            None => {
                flush(&mut units, &mut name, true);
                name.push(escape);
                rest = rest.strip_prefix(escape).unwrap_or(rest);
            }
        }
    }
    flush(&mut units, &mut name, true);
    name.push_str(rest);
    Cow::Owned(name)
}

/// The character in the string at the end of `uescape`.
fn escape_character(uescape: &str) -> Option<char> {
    let Some(dollar_quoted) = uescape.strip_suffix('$') else {
        return uescape.rsplit('\'').nth(1)?.chars().next();
    };
    let (before, tag) = uescape.split_at(dollar_quoted.rfind('$')?);
    before.rsplit(tag).next()?.chars().next()
}

/// Writes code points gathered so far: two halves of a surrogate pair make one character. A first half waits for its
/// second unless `last`.
fn flush(units: &mut Vec<u32>, name: &mut String, last: bool) {
    if !last && matches!(units.last(), Some(0xd800..=0xdbff)) {
        return;
    }
    let mut units = units.drain(..).peekable();
    while let Some(unit) = units.next() {
        let code = match (unit, units.peek()) {
            (0xd800..=0xdbff, Some(&low @ 0xdc00..=0xdfff)) => {
                units.next();
                0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
            }
            _ => unit,
        };
        name.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

fn closing_quote(body: &str) -> usize {
    let bytes = body.as_bytes();
    let mut at = 0;
    while bytes[at] != b'"' || bytes.get(at + 1) == Some(&b'"') {
        at += if bytes[at] == b'"' { 2 } else { 1 };
    }
    at
}
