//! Makes text from outside visible: a reader sees all of it, and it can't control the terminal.

use std::fmt::Write as _;

/// The name of a tenant or an archive, for output other than JSON and SQL. The name is unchanged except for two things:
/// backslashes are doubled, and characters are escaped that are invisible or look like others. So no two names look
/// alike, and no name takes more than one line.
pub fn name(name: &str) -> String {
    escaped(name, |character| {
        let is_other_space = character.is_whitespace() && character != ' ';
        matches!(character, '\\' | '\u{200c}' | '\u{200d}') || is_other_space || is_hidden(character)
    })
}

/// A value on one line.
pub fn line(text: &str) -> String {
    escaped(text, is_hidden)
}

/// A word of a command that a reader may copy to a shell.
pub fn word(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-.:@%+=,/".contains(character);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", line(word).replace('\'', r"'\''")),
    }
}

/// A text of several lines.
pub fn lines(text: &str) -> String {
    escaped(text, |character| {
        !matches!(character, '\n' | '\t') && is_hidden(character)
    })
}

/// Whether a character controls the terminal, or reverses, hides or breaks the text around it.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if !is_escaped(character) => shown.push(character),
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ => {
                let _ = write!(shown, "{}", character.escape_unicode());
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_word_as_it_is() {
        assert_eq!(word("shard1:client-7"), "shard1:client-7");
        assert_eq!(word("two words"), "'two words'");
        assert_eq!(word("it's"), r"'it'\''s'");
    }

    #[test]
    fn names_are_shown_as_they_are_unless_they_would_show_something_else() {
        for (given, shown) in [
            ("o'brien \"x\"", "o'brien \"x\""),
            ("müller שלום 🦀", "müller שלום 🦀"),
            ("two\nlines\r\ttab", "two\\nlines\\r\\ttab"),
            ("two\\nlines", "two\\\\nlines"),
            ("\u{1b}[31mred\u{9b}2J", "\\u{1b}[31mred\\u{9b}2J"),
            ("abc\u{202e}fed", "abc\\u{202e}fed"),
            ("a\u{200b}b\u{a0}c\u{200d}d", "a\\u{200b}b\\u{a0}c\\u{200d}d"),
        ] {
            assert_eq!(name(given), shown);
        }
    }

    #[test]
    fn values_keep_their_backslashes_and_texts_their_lines() {
        assert_eq!(line("\\x01ff\nb\u{1b}c"), "\\x01ff\\nb\\u{1b}c");
        assert_eq!(lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
    }
}
