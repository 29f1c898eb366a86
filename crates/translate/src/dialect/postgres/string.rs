//! The contents of strings in a text.

use std::borrow::Cow;

/// The text between the quotes of a string. Backslash escapes are not decoded.
pub fn content(token: &str) -> Cow<'_, str> {
    if token.starts_with('$') {
        return Cow::Borrowed(dollar_content(token));
    }
    let start = token.find('\'').map_or(0, |at| at + 1);
    let inner = token.get(start..token.len().saturating_sub(1)).unwrap_or_default();
    if inner.contains("''") {
        return Cow::Owned(inner.replace("''", "'"));
    }
    Cow::Borrowed(inner)
}

/// The text between the tags of `$tag$…$tag$`.
pub fn dollar_content(token: &str) -> &str {
    let tag = token[1..].find('$').map_or(token.len(), |at| at + 2);
    token.get(tag..token.len().saturating_sub(tag)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_kind_say_what_is_between_their_quotes() {
        for (token, says) in [
            ("'a'", "a"),
            ("'it''s'", "it's"),
            ("E'a\\\\b'", "a\\\\b"),
            ("U&'a'", "a"),
            ("''", ""),
            ("$$a's$$", "a's"),
            ("$x$ $$ $x$", " $$ "),
        ] {
            assert_eq!(content(token), says, "{token}");
        }
    }
}
