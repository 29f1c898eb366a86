//! Rows as Diesel reads them.

use std::{
    cell::Cell,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use diesel::{
    QueryResult,
    pg::{Pg, PgValue},
    row::{Field, PartialRow, Row, RowIndex, RowSealed},
};
use futures_core::Stream;

use super::{PostgresConnection, answer::Answer, columns::Columns, wire::Sent};

/// The rows of a result, as they come from the server.
pub struct PostgresRows<'conn> {
    connection: &'conn PostgresConnection,
    sent: Sent<'conn>,
    columns: Arc<Columns>,
    /// The last row that came. It is handed out when the next message is there: a statement that changes rows may fail
    /// when it is committed, after its last row, and callers that want one row read no further.
    held: Option<PostgresRow>,
    is_done: bool,
}

impl<'conn> PostgresRows<'conn> {
    pub(super) fn new(connection: &'conn PostgresConnection, sent: Sent<'conn>, columns: Arc<Columns>) -> Self {
        Self {
            connection,
            sent,
            columns,
            held: None,
            is_done: false,
        }
    }

    fn fail(&mut self, error: diesel::result::Error) -> Poll<Option<QueryResult<PostgresRow>>> {
        self.is_done = true;
        self.connection.note_failure(&error);
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for PostgresRows<'_> {
    type Item = QueryResult<PostgresRow>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.is_done {
            return Poll::Ready(None);
        }
        loop {
            match ready!(this.sent.poll_answer(context)) {
                Ok(Answer::Row(count, _)) if usize::from(count) != this.columns.types.len() => {
                    let broken = this
                        .connection
                        .wire()
                        .give_up("a row has not as many values as there are columns");
                    return this.fail(broken.into_diesel());
                }
                Ok(Answer::Row(_, values)) => {
                    let row = PostgresRow {
                        columns: Arc::clone(&this.columns),
                        values,
                        cursor: Cell::new((0, 0)),
                    };
                    if let Some(row) = this.held.replace(row) {
                        return Poll::Ready(Some(Ok(row)));
                    }
                }
                Ok(Answer::Ready(_)) => {
                    this.is_done = true;
                    return Poll::Ready(this.held.take().map(Ok));
                }
                Ok(_) => {}
                Err(failed) => return this.fail(failed.into_diesel()),
            }
        }
    }
}

impl std::fmt::Debug for PostgresRows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresRows")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// One row of a result.
#[derive(Debug)]
pub struct PostgresRow {
    columns: Arc<Columns>,
    values: Bytes,
    /// A column, and where its value begins. Diesel reads one after the other.
    cursor: Cell<(usize, usize)>,
}

impl PostgresRow {
    /// The bytes of a value; `None` for `NULL`, and for what a broken message leaves out.
    fn value(&self, index: usize) -> Option<&[u8]> {
        let (mut at, mut start) = self.cursor.get();
        if at > index {
            (at, start) = (0, 0);
        }
        loop {
            let length = i32::from_be_bytes(*self.values.get(start..)?.first_chunk()?);
            // NULL has the length -1.
            let length = usize::try_from(length).ok();
            if at == index {
                self.cursor.set((at, start));
                return self.values.get(start + 4..start + 4 + length?);
            }
            (at, start) = (at + 1, start + 4 + length.unwrap_or_default());
        }
    }
}

impl RowSealed for PostgresRow {}

impl<'row> Row<'row, Pg> for PostgresRow {
    type Field<'field>
        = PostgresField<'field>
    where
        'row: 'field,
        Self: 'field;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.columns.types.len()
    }

    fn get<'field, I>(&'field self, index: I) -> Option<Self::Field<'field>>
    where
        'row: 'field,
        Self: RowIndex<I>,
    {
        let index = self.idx(index)?;
        Some(PostgresField { row: self, index })
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self::InnerPartialRow> {
        PartialRow::new(self, range)
    }
}

impl RowIndex<usize> for PostgresRow {
    fn idx(&self, index: usize) -> Option<usize> {
        (index < self.columns.types.len()).then_some(index)
    }
}

impl<'name> RowIndex<&'name str> for PostgresRow {
    fn idx(&self, name: &'name str) -> Option<usize> {
        self.columns.position(name)
    }
}

/// One column of a row.
#[derive(Debug)]
pub struct PostgresField<'row> {
    row: &'row PostgresRow,
    index: usize,
}

impl<'row> Field<'row, Pg> for PostgresField<'row> {
    fn field_name(&self) -> Option<&str> {
        self.row.columns.name(self.index)
    }

    fn value(&self) -> Option<PgValue<'_>> {
        let bytes = self.row.value(self.index)?;
        Some(PgValue::new(bytes, &self.row.columns.types[self.index]))
    }
}
