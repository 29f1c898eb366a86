//! The value of a string once PostgreSQL has decoded its escapes.

use std::borrow::Cow;

use crate::translate::dollar_content;

/// The value of a string. Escapes of `E'…'` and `U&'…'` are decoded, and the parts of a string in several parts are
/// joined. `uescape` is the escape character of `U&'…'`.
pub(super) fn says(token: &str, uescape: char) -> Cow<'_, str> {
    if token.starts_with('$') {
        return Cow::Borrowed(dollar_content(token));
    }
    let Some((prefix, quoted)) = token.split_once('\'') else {
        return Cow::Borrowed(token);
    };
    let escape = match prefix.to_ascii_lowercase().as_str() {
        "e" => Escape::Backslash,
        "u&" => Escape::Unicode(uescape),
        _ => Escape::None,
    };
    Cow::Owned(decoded(quoted, escape))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Backslash,
    Unicode(char),
}

/// `quoted` begins after the first quote and ends with the last one.
fn decoded(quoted: &str, escape: Escape) -> String {
    let mut says = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match (character, escape) {
            ('\'', _) => match rest.strip_prefix('\'') {
                Some(behind) => {
                    says.push('\'');
                    rest = behind;
                }
                // The next part of the string, after a newline.
                None => rest = rest.split_once('\'').map_or("", |(_, part)| part),
            },
            ('\\', Escape::Backslash) => rest = by_backslash(rest, &mut says),
            (found, Escape::Unicode(escape)) if found == escape => rest = by_number(rest, escape, &mut says),
            _ => says.push(character),
        }
    }
    says
}

/// Decodes the escape after a backslash of `E'…'`, and returns the rest.
fn by_backslash<'a>(rest: &'a str, says: &mut String) -> &'a str {
    let Some(first) = rest.chars().next() else {
        return rest;
    };
    let behind = &rest[first.len_utf8()..];
    let (number, radix, longest) = match first {
        'x' => (behind, 16, 2),
        'u' => (behind, 16, 4),
        'U' => (behind, 16, 8),
        '0'..='7' => (rest, 8, 3),
        _ => {
            says.push(match first {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            });
            return behind;
        }
    };
    let digits = number
        .chars()
        .take(longest)
        .take_while(|digit| digit.is_digit(radix))
        .count();
    match u32::from_str_radix(&number[..digits], radix) {
        Ok(code) => {
            says.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            &number[digits..]
        }
        Err(_) => {
            says.push(first);
            behind
        }
    }
}

/// Decodes the escape after the escape character of `U&'…'`, and returns the rest.
fn by_number<'a>(rest: &'a str, escape: char, says: &mut String) -> &'a str {
    let (digits, behind) = match rest.strip_prefix('+') {
        Some(long) => (long.get(..6), 7),
        None => (rest.get(..4), 4),
    };
    match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
        Some(code) => {
            says.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            &rest[behind..]
        }
        None => {
            says.push(escape);
            rest.strip_prefix(escape).unwrap_or(rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_every_kind_are_decoded() {
        for (token, what) in [
            ("'it''s'", "it's"),
            ("$x$a'b$x$", "a'b"),
            (r"'a\x74'", r"a\x74"),
            (r"E'clien\x741'", "client1"),
            (r"E'clien\1641.x'", "client1.x"),
            (r"e'clien\u0074\\\'1'", r"client\'1"),
            (r"U&'clien\00741'", "client1"),
            (r"U&'clien\+0000741\\'", r"client1\"),
            ("'clien'\n't1'", "client1"),
            ("''", ""),
        ] {
            assert_eq!(says(token, '\\'), what, "{token}");
        }
        assert_eq!(says("U&'clien!00741'", '!'), "client1");
    }
}
