//! The effects of a text on the session that runs it, as far as the text shows them.

/// What a text leaves on its session after its transaction.
///
/// Exhaustive, so that a new variant breaks the build of code that matches on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionEffect {
    /// Nothing.
    #[default]
    None,
    /// Perhaps something: the statements run by a `DO` block, a `CALL` or an `EXECUTE` can't be seen, and a raw `BEGIN`
    /// or `COMMIT` interferes with the transaction.
    Possible,
    /// Certainly something: a setting, a temporary or prepared object, a lock of the session.
    Certain {
        /// Byte offset of the statement's or function's name.
        offset: usize,
    },
}

/// Part of a text that has another meaning, or does harm, on a session that serves several tenants in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hazard {
    /// The kind of hazard.
    pub kind: HazardKind,
    /// Byte offset of the name of the function, the statement, or the new object.
    pub offset: usize,
}

/// The kinds of [hazards](Hazard), the worst one last.
///
/// Exhaustive, so that a new variant breaks the build of code that matches on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HazardKind {
    /// `currval(…)`, in MariaDB `LASTVAL(…)`: a value of the session that ran `nextval`.
    CurrentValue,
    /// `COPY … FROM STDIN`: the server waits for rows that nobody sends.
    CopyFromStdin,
    /// SQLite: `PRAGMA journal_mode` or `locking_mode` with a value: other connections to the file would wait for
    /// locks.
    FileLocking,
    /// SQLite: the text of a view or trigger names a schema, in its body or before the table of the trigger. SQLite
    /// keeps the text, so the file can't be read or its tables altered any more when the schema has another name: after
    /// a rename, in a clone, in a migration, and wherever the file is attached by another name.
    SchemaInBody,
    /// `lastval()`: the last id that the session generated, for any tenant.
    LastValue,
    /// MySQL: `SHOW WARNINGS`, `GET DIAGNOSTICS`, `FOUND_ROWS()` and the like tell about the statement that the session
    /// ran before, for any tenant. A warning may quote a row.
    EarlierStatement,
    /// A function, type or other object is created under a name without a schema: it goes to the first schema of the
    /// search_path.
    NoSchema,
}
