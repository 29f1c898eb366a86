use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use diesel::{QueryResult, SqliteConnection, connection::LoadConnection, row::IntoOwnedRow, sqlite::Sqlite};
use futures_core::Stream;
use tokio::sync::mpsc;

use super::{
    AsyncSqliteConnection,
    job::ended,
    load::{Chunk, Loaded},
};

/// A row that doesn't depend on its statement any more.
pub type SqliteRow =
    <<SqliteConnection as LoadConnection>::Row<'static, 'static> as IntoOwnedRow<'static, Sqlite>>::OwnedRow;

/// The rows of a query, as the connection's thread reads them.
#[must_use = "streams do nothing unless polled"]
pub struct SqliteRows<'conn> {
    connection: &'conn AsyncSqliteConnection,
    rows: vec::IntoIter<SqliteRow>,
    rest: Option<mpsc::Receiver<Chunk>>,
    end: QueryResult<()>,
}

impl<'conn> SqliteRows<'conn> {
    pub(super) fn new(connection: &'conn AsyncSqliteConnection, Loaded { rows, rest }: Loaded) -> Self {
        Self {
            connection,
            rows: rows.into_iter(),
            rest,
            end: Ok(()),
        }
    }
}

impl Stream for SqliteRows<'_> {
    type Item = QueryResult<SqliteRow>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            let Some(rest) = &mut self.rest else {
                let end = std::mem::replace(&mut self.end, Ok(()));
                return Poll::Ready(end.err().map(Err));
            };
            match ready!(rest.poll_recv(context)) {
                Some(Chunk { rows, end }) => {
                    self.rows = rows.into_iter();
                    if let Some(end) = end {
                        self.end = end;
                        self.rest = None;
                    }
                }
                // Only a panic leaves a result without an end.
                None => {
                    self.rest = None;
                    self.end = Err(ended());
                    self.connection.give_up();
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let known = self.rows.len();
        (known, self.rest.is_none().then_some(known.saturating_add(1)))
    }
}

impl fmt::Debug for SqliteRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteRows").finish_non_exhaustive()
    }
}
