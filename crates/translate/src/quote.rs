//! Quoting text for PostgreSQL, and reading quoted lists.

/// A text as an SQL string. Backslashes need no care: connections on which a backslash escapes are refused when they
/// are opened.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name in double quotes.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// As much of a text as fits into so many bytes.
pub fn clipped(text: &str, bytes: usize) -> &str {
    let fits = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=bytes.min(text.len())).rev().find(fits);
    &text[..end.unwrap_or_default()]
}

/// The names in a list such as a search_path: separated by commas, in double quotes where they need them.
pub fn names_in_list(list: &str) -> impl Iterator<Item = String> {
    names_between(list, ',')
}

/// The names in a text, between separators that stand outside quotes.
pub fn names_between(list: &str, separator: char) -> impl Iterator<Item = String> {
    let mut rest = list.chars().peekable();
    std::iter::from_fn(move || {
        let mut name = String::new();
        let mut quoted = false;
        rest.peek()?;
        while let Some(character) = rest.next() {
            match character {
                '"' if quoted && rest.peek() == Some(&'"') => name.extend(rest.next()),
                '"' => quoted = !quoted,
                character if character == separator && !quoted => break,
                character if character.is_ascii_whitespace() && !quoted => {}
                character if quoted => name.push(character),
                character => name.push(character.to_ascii_lowercase()),
            }
        }
        Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_list_are_read_with_their_quotes_and_folded_without() {
        let names: Vec<String> = names_in_list(r#""$user", public,"a "",b" , Ext, "Ext""#).collect();
        assert_eq!(names, ["$user", "public", "a \",b", "ext", "Ext"]);
        assert_eq!(names_in_list("").count(), 0);
        assert_eq!(names_in_list(r#""""#).collect::<Vec<_>>(), [""]);
    }
}
