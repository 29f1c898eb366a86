use std::iter::FusedIterator;

use diesel::QueryResult;

use super::failure::note_failure;
use crate::connection::Session;

/// The rows of a query.
#[derive(Debug)]
#[must_use = "iterators do nothing unless they are consumed"]
pub struct Rows<'conn, I> {
    rows: I,
    session: &'conn Session,
}

impl<'conn, I> Rows<'conn, I> {
    pub(super) fn new(rows: I, session: &'conn Session) -> Self {
        Self { rows, session }
    }
}

impl<I, Row> Iterator for Rows<'_, I>
where
    I: Iterator<Item = QueryResult<Row>>,
{
    type Item = QueryResult<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next();
        // A connection that loads row by row learns only now that the statement failed.
        if let Some(Err(error)) = &row {
            note_failure(self.session, error);
        }
        row
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl<I, Row> FusedIterator for Rows<'_, I> where I: FusedIterator<Item = QueryResult<Row>> {}

impl<I, Row> ExactSizeIterator for Rows<'_, I> where I: ExactSizeIterator<Item = QueryResult<Row>> {}
