//! Arrays of names, as PostgreSQL writes them.

use super::marks::{IDENTIFIER, IN_ARRAY, escaped};

/// The text of an array with the marks that `replaced` puts into its elements; `None` if it replaces none.
pub(super) fn replaced_elements(array: &str, replaced: impl Fn(&str) -> Option<String>) -> Option<String> {
    let start = array.find('{')?;
    let mut out = array[..start].to_owned();
    let mut is_replaced = false;
    let mut rest = &array[start..];
    while let Some(first) = rest.chars().next() {
        if matches!(first, '{' | '}' | ',') {
            out.push(first);
            rest = &rest[1..];
            continue;
        }
        let (element, length) = element(rest);
        match replaced(&element) {
            Some(name) => {
                is_replaced = true;
                let name = escaped(&name.replace(IDENTIFIER, "\u{4}"));
                out.push_str(&format!("\"{}\"", name.replace('\u{4}', IN_ARRAY)));
            }
            None => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    is_replaced.then_some(out)
}

/// The next element of an array's text, and its length there.
fn element(text: &str) -> (String, usize) {
    let Some(inner) = text.strip_prefix('"') else {
        let length = text.find([',', '}']).unwrap_or(text.len());
        return (text[..length].to_owned(), length);
    };
    let mut element = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (element, at + 2),
            '\\' => element.extend(characters.next().map(|(_, escaped)| escaped)),
            character => element.push(character),
        }
    }
    (element, text.len())
}
