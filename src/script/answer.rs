/// The server's answer to one statement of a script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StatementAnswer {
    /// The names of the columns; `None` if the statement returns no rows.
    pub columns: Option<Vec<String>>,
    /// The rows, with a value for each column: text as the server writes it, or `None` for `NULL`.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows were returned or changed.
    pub count: u64,
}
