//! Where in a migration's file a statement stands.

/// The line on which a statement begins, counted from 1, and that line.
pub(crate) type Line = (usize, String);

/// What an error adds about the line, if it is known.
pub(crate) fn at(line: &Option<Line>) -> String {
    line.as_ref()
        .map_or_else(String::new, |(number, text)| format!(", at line {number}: `{text}`"))
}
