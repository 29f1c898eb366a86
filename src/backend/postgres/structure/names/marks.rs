//! Marks that stand for a schema's name in a text.

use crate::{SchemaName, backend::postgres::quote::literal};

/// Stands for the schema's name as an identifier.
pub(in crate::backend::postgres::structure) const IDENTIFIER: &str = "\"\u{1}this schema\u{1}\"";
/// Stands for the quoted identifier inside a string.
pub(super) const IN_STRING: &str = "\"\u{2}this schema\u{2}\"";
/// Stands for the quoted identifier inside an element of an array, inside a string.
pub(super) const IN_ARRAY: &str = "\\\"\u{4}this schema\u{4}\\\"";
/// Stands for the schema's name as a string.
pub(super) const STRING: &str = "'\u{3}this schema\u{3}'";

/// A text in which marks stand for the schema's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::backend::postgres::structure) struct Neutral {
    pub(in crate::backend::postgres::structure) text: String,
    /// Whether it is clear which names are the schema's.
    pub(in crate::backend::postgres::structure) is_clear: bool,
}

/// The text for a schema.
pub(crate) fn render(text: &str, schema: &SchemaName) -> String {
    if !text.contains(['\u{1}', '\u{2}', '\u{3}', '\u{4}']) {
        return text.to_owned();
    }
    text.replace(IDENTIFIER, schema.quoted())
        .replace(IN_STRING, &schema.quoted().replace('\'', "''"))
        .replace(IN_ARRAY, &escaped(schema.quoted()).replace('\'', "''"))
        .replace(STRING, &literal(schema.as_str()))
}

/// The text between the quotes of an array's element.
pub(super) fn escaped(element: &str) -> String {
    element.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The text for people, without a schema.
pub(crate) fn unqualified(text: &str) -> String {
    text.replace(&format!("{IDENTIFIER}."), "")
        .replace(&format!("{IN_STRING}."), "")
        .replace(&format!("{IN_ARRAY}."), "")
}
