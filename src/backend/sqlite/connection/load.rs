//! Rows on their way from the connection's thread.

use diesel::{QueryResult, SqliteConnection, connection::LoadConnection, result::Error, row::IntoOwnedRow as _};
use tokio::sync::mpsc;

use super::{
    Attached, SqliteRow, Statement,
    job::Asker,
    worker::{Worker, controls_transactions},
};

/// How many rows come at once. A result that isn't longer comes as a whole, together with the answer.
const AT_ONCE: usize = 256;

/// The beginning of a result, or all of it.
pub(super) struct Loaded {
    pub(super) rows: Vec<SqliteRow>,
    pub(super) rest: Option<mpsc::Receiver<Chunk>>,
}

/// More rows of a result. A result without an end was cut off.
pub(super) struct Chunk {
    pub(super) rows: Vec<SqliteRow>,
    pub(super) end: Option<QueryResult<()>>,
}

/// An error, with the unsent rows before it and their sender. `None` if no rows were sent yet: the error is then the
/// whole answer.
struct Failure {
    error: Error,
    rest: Option<(Vec<SqliteRow>, mpsc::Sender<Chunk>)>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, rest: None }
    }
}

impl Worker {
    /// Runs a query, and gives its rows to whoever asks. The thread waits for a slow reader, and stops when it has gone.
    pub(super) fn load(
        &mut self,
        statement: Statement,
        files: Vec<Attached>,
        asker: &mut Asker<Loaded>,
    ) -> Option<QueryResult<Loaded>> {
        let ready = self
            .get_ready(statement.sql(), statement.may_be_kept, files)
            .map_err(Failure::from);
        let may_end_transaction = controls_transactions(statement.sql());
        let fetched = ready.and_then(|()| fetch(self.connection(), statement, asker));
        if fetched.is_err() || may_end_transaction {
            self.look_at_transaction();
        }
        match fetched {
            Ok(answer) => answer.map(Ok),
            Err(Failure { error, rest: None }) => Some(Err(error)),
            Err(Failure {
                error,
                rest: Some((rows, sender)),
            }) => {
                let end = Some(Err(error));
                drop(sender.blocking_send(Chunk { rows, end }));
                None
            }
        }
    }
}

/// The answer, unless it was given, or nobody waits for it any more.
fn fetch(
    connection: &mut SqliteConnection,
    statement: Statement,
    asker: &mut Asker<Loaded>,
) -> Result<Option<Loaded>, Failure> {
    let mut names = Default::default();
    let mut cursor = LoadConnection::load(connection, statement)?;
    let mut rows = Vec::new();
    while rows.len() < AT_ONCE {
        if asker.has_gone() {
            return Ok(None);
        }
        match cursor.next() {
            Some(row) => rows.push(row?.into_owned(&mut names)),
            None => {
                return Ok(Some(Loaded { rows, rest: None }));
            }
        }
    }
    let (sender, receiver) = mpsc::channel(1);
    let rest = Some(receiver);
    if !asker.answer(Ok(Loaded { rows, rest })) {
        return Ok(None);
    }
    loop {
        let mut rows = Vec::with_capacity(AT_ONCE);
        let mut end = None;
        while rows.len() < AT_ONCE && end.is_none() {
            match cursor.next() {
                Some(Ok(row)) => rows.push(row.into_owned(&mut names)),
                Some(Err(error)) => {
                    let rest = Some((rows, sender));
                    return Err(Failure { error, rest });
                }
                None => end = Some(Ok(())),
            }
        }
        let is_last = end.is_some();
        if sender.blocking_send(Chunk { rows, end }).is_err() || is_last {
            return Ok(None);
        }
    }
}
