//! The places of a text, and what is written there.

use super::map::SchemaTranslateMap;
use crate::{
    dialect::{Dialect, postgres::lexer},
    schema_name::SchemaName,
};

/// A place in the text, and what is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The unqualified schema and a dot go before the name at this offset.
    Unqualified { at: u32 },
    /// The name at this place turned out not to be a table's.
    Nothing,
    /// The schema written here is replaced by the value of a key.
    Named { start: u32, end: u32, key: u32 },
    /// The schema written here in a string is replaced by the value of a key.
    NamedString { start: u32, end: u32, key: u32 },
    /// The name here is a schema if the map knows it; otherwise it is a table without a schema.
    SchemaOrTable { start: u32, end: u32, key: u32 },
    /// The unqualified schema goes here, where no table has a name.
    Tenant { at: u32, form: Form },
}

/// How the unqualified schema is written where no table has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `"schema".`
    Prefix,
    /// ` "schema"`
    Word,
    /// `, 'schema'`
    NextArgument,
    /// `` `schema` ``, before the dot of a table that has a dot but no schema
    BeforeDot,
    /// `` FROM `schema` ``
    From,
}

impl Slot {
    pub(super) fn start(self) -> u32 {
        match self {
            Self::Unqualified { at } | Self::Tenant { at, .. } => at,
            Self::Named { start, .. } | Self::NamedString { start, .. } | Self::SchemaOrTable { start, .. } => start,
            Self::Nothing => 0,
        }
    }

    /// Whether the place is neither a table nor a schema before a table. PostgreSQL has no such place.
    pub(super) fn is_special(self) -> bool {
        matches!(
            self,
            Self::NamedString { .. } | Self::SchemaOrTable { .. } | Self::Tenant { .. }
        )
    }

    /// Writes a schema at a special place, and returns where the text goes on.
    pub(super) fn push(
        self,
        dialect: Dialect,
        out: &mut String,
        name: &SchemaName,
        map: &SchemaTranslateMap,
        key: &str,
    ) -> u32 {
        match self {
            Self::NamedString { end, .. } => {
                push_string(out, name);
                end
            }
            Self::SchemaOrTable { start, end, .. } => {
                dialect.push_name(out, name);
                if map.has_ignoring_case(key) {
                    return end;
                }
                out.push('.');
                start
            }
            Self::Tenant { at, form } => {
                match form {
                    Form::Prefix => {
                        dialect.push_name(out, name);
                        out.push('.');
                    }
                    Form::Word => {
                        out.push(' ');
                        dialect.push_name(out, name);
                    }
                    Form::NextArgument => {
                        out.push_str(", ");
                        push_string(out, name);
                    }
                    Form::BeforeDot => dialect.push_name(out, name),
                    Form::From => {
                        out.push_str(" FROM ");
                        dialect.push_name(out, name);
                    }
                }
                at
            }
            Self::Unqualified { .. } | Self::Named { .. } | Self::Nothing => self.start(),
        }
    }
}

/// Writes a name in double quotes, apart from a token that stands before it.
#[inline]
pub(super) fn push_quoted(out: &mut String, name: &SchemaName) {
    if would_glue(out) {
        out.push(' ');
    }
    out.push_str(name.quoted());
}

/// Writes a name in backticks, apart from a token that stands before it.
pub(super) fn push_in_backticks(out: &mut String, name: &SchemaName) {
    if out.ends_with('`') {
        out.push(' ');
    }
    out.push('`');
    for (number, part) in name.as_str().split('`').enumerate() {
        if number > 0 {
            out.push_str("``");
        }
        out.push_str(part);
    }
    out.push('`');
}

/// The name as a string. No dialect that wants one reads a backslash as an escape.
fn push_string(out: &mut String, name: &SchemaName) {
    out.push('\'');
    out.push_str(&name.as_str().replace('\'', "''"));
    out.push('\'');
}

/// Whether a quote written after this text would become part of the text's last token: of `"…"`, or of the `u` in
/// `u&column`.
fn would_glue(text: &str) -> bool {
    match text.as_bytes() {
        [.., b'"'] => true,
        [before @ .., b'u' | b'U', b'&'] => !before.last().is_some_and(|&byte| lexer::continues_word(byte)),
        _ => false,
    }
}
