//! Errors of a translation, and their places in the text.

use std::fmt;

use crate::quote::clipped;

/// The token by which a translated query marks itself when it is nested in another query.
///
/// Its first character is a control character that no SQL can contain outside quotes, so neither the translator nor
/// a server can mistake the token for SQL.
pub const POISON: &str = "\u{1}diesel-tenants: a translated query can't be nested in another\u{1}";

/// Why a text could not be translated. Nothing has been sent: the translator reports an error and never guesses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TranslateError {
    /// The text names a tenant's table, but the map has no tenant.
    #[error(
        "table {table:?} belongs to a tenant, and no tenant is chosen here: check out with for_tenant(..), or pin the \
         table to a schema, at {place}"
    )]
    TenantRequired {
        /// The table's name, as the database would know it.
        table: String,
        /// Byte offset of the table's name.
        offset: usize,
        /// The same place as line and column.
        place: Place,
    },
    /// A string, a quoted name or a comment has no end.
    #[error("unterminated {token}, at {place}")]
    Unterminated {
        /// What has no end, such as "quoted identifier".
        token: &'static str,
        /// Byte offset of its beginning.
        offset: usize,
        /// The same place as line and column.
        place: Place,
    },
    /// The translator does not understand the text's structure, so it can't know which names are tables.
    #[error("this SQL is not understood: {reason}, at {place}")]
    NotUnderstood {
        /// What was expected or found.
        reason: &'static str,
        /// Byte offset of the token that was not understood.
        offset: usize,
        /// The same place as line and column.
        place: Place,
    },
    /// Two keys of the map are one name in the text's dialect, which compares names without regard to case.
    #[error("the keys {one:?} and {other:?} of the map are one schema in this dialect: keep one of them")]
    AmbiguousKey {
        /// One of the keys.
        one: String,
        /// The other key.
        other: String,
    },
    /// A query that chose its own schema is nested in another query.
    #[error(
        "a translated query can't be nested in another: put `.in_schema(..)` or the map at the outermost query, at \
         {place}"
    )]
    NestedTranslation {
        /// Byte offset of the inner query.
        offset: usize,
        /// The same place as line and column.
        place: Place,
    },
}

impl TranslateError {
    /// Byte offset in the text at which translation stopped; 0 for an error of the map alone.
    pub fn offset(&self) -> usize {
        match self {
            Self::TenantRequired { offset, .. }
            | Self::Unterminated { offset, .. }
            | Self::NotUnderstood { offset, .. }
            | Self::NestedTranslation { offset, .. } => *offset,
            Self::AmbiguousKey { .. } => 0,
        }
    }

    pub(crate) fn tenant_required(sql: &str, offset: usize, table: String) -> Self {
        Self::TenantRequired {
            table,
            offset,
            place: Place::new(sql, offset),
        }
    }
}

/// A place in a text: its line and column, counted from 1, and the text around it with a caret below the place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// About seventy characters of that line at most, without control characters.
    pub excerpt: String,
    /// How many characters of the excerpt precede the place.
    pub caret: usize,
}

impl Place {
    const BEFORE: usize = 40;
    const AFTER: usize = 30;

    /// The place at a byte offset of a text.
    pub fn new(sql: &str, offset: usize) -> Self {
        let offset = clipped(sql, offset).len();
        let (before, after) = sql.split_at(offset);
        let line_before = before.rsplit('\n').next().unwrap_or_default();
        let line_after = after.split('\n').next().unwrap_or_default();
        let column = line_before.chars().count() + 1;
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let head = line_before
            .chars()
            .skip(column.saturating_sub(1 + Self::BEFORE))
            .map(printable);
        let tail = line_after.chars().take(Self::AFTER).map(printable);
        Self {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column,
            excerpt: head.chain(tail).collect(),
            caret: (column - 1).min(Self::BEFORE),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            excerpt,
            caret,
        } = self;
        write!(f, "{line}:{column}\n  {excerpt}\n  {:caret$}^", "")
    }
}

/// A fault as the lexer and the finder report it, without the text, which [`Fault::describe`] adds. It is as small as a
/// pointer, since every step returns a fault or nothing.
#[derive(Debug)]
pub(crate) struct Fault(Box<(usize, FaultKind)>);

#[derive(Debug, Clone, Copy)]
enum FaultKind {
    Unterminated(&'static str),
    NotUnderstood(&'static str),
    Nested,
}

impl Fault {
    #[cold]
    pub(crate) fn unterminated(at: usize, token: &'static str) -> Self {
        Self(Box::new((at, FaultKind::Unterminated(token))))
    }

    #[cold]
    pub(crate) fn not_understood(at: usize, reason: &'static str) -> Self {
        Self(Box::new((at, FaultKind::NotUnderstood(reason))))
    }

    #[cold]
    pub(crate) fn nested(at: usize) -> Self {
        Self(Box::new((at, FaultKind::Nested)))
    }

    #[cold]
    pub(crate) fn describe(self, sql: &str) -> TranslateError {
        let (offset, kind) = *self.0;
        let place = Place::new(sql, offset);
        match kind {
            FaultKind::Unterminated(token) => TranslateError::Unterminated { token, offset, place },
            FaultKind::NotUnderstood(reason) => TranslateError::NotUnderstood { reason, offset, place },
            FaultKind::Nested => TranslateError::NestedTranslation { offset, place },
        }
    }
}
