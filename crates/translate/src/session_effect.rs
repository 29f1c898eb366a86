//! What a text does to the session that runs it, as far as the text shows it.

/// What a text leaves on its session once its transaction is over.
///
/// Exhaustive: whoever decides by it has to think of a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionEffect {
    /// Nothing.
    #[default]
    None,
    /// Perhaps something: what runs in a `DO` block, a `CALL` or an `EXECUTE` can't be seen, and a raw `BEGIN` or `COMMIT` tampers with
    /// the transaction.
    Possible,
    /// Something, for certain: a setting, a temporary or prepared object, a lock of the session.
    Certain {
        /// Byte offset of the statement's name, or of the function's.
        offset: usize,
    },
}

/// What a text says that means another thing, or nothing good, on a session that tenants use in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hazard {
    /// What it is.
    pub kind: HazardKind,
    /// Byte offset of the function's name, the statement's, or the new object's.
    pub offset: usize,
}

/// The kinds of [hazards](Hazard), the worst one last.
///
/// Exhaustive: whoever decides by it has to think of a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HazardKind {
    /// `currval(…)`: a value of the session that ran `nextval`.
    CurrentValue,
    /// `COPY … FROM STDIN`: the server waits for rows that nobody sends.
    CopyFromStdin,
    /// `lastval()`: the id that the session made last, for whichever tenant that was.
    LastValue,
    /// A function, type or other object is created by a name without a schema: it goes to the first schema of the search_path.
    NoSchema,
}
