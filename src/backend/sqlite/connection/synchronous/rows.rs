use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use diesel::QueryResult;

/// The rows of a query, read from SQLite one by one.
#[must_use = "iterators do nothing unless they are consumed"]
pub struct SqliteFilesRows<'conn, I> {
    rows: I,
    must_look: &'conn AtomicBool,
}

impl<'conn, I> SqliteFilesRows<'conn, I> {
    pub(super) fn new(rows: I, must_look: &'conn AtomicBool) -> Self {
        Self { rows, must_look }
    }
}

impl<I, Row> Iterator for SqliteFilesRows<'_, I>
where
    I: Iterator<Item = QueryResult<Row>>,
{
    type Item = QueryResult<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next();
        // The error may have rolled the transaction back.
        if let Some(Err(_)) = &row {
            self.must_look.store(true, Relaxed);
        }
        row
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl<I> std::fmt::Debug for SqliteFilesRows<'_, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteFilesRows").finish_non_exhaustive()
    }
}
