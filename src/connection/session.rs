use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error},
};

#[cfg(feature = "mysql")]
use crate::backend::mysql::undoes_transaction;
use crate::{
    query::{Finished, RefusedStatement, Sharing},
    signals::Span,
};

/// What happened on a connection, as far as it decides whether another checkout may get the connection.
///
/// Shared references run queries too (pipelining), hence the atomics.
#[derive(Debug)]
pub(crate) struct Session {
    /// Tells connections apart; never used twice in a process.
    id: u64,
    sharing: Sharing,
    /// A statement may have left state on the session: a `SET`, a temporary table, an advisory lock, a raw `BEGIN`.
    altered: AtomicBool,
    /// A query was abandoned before its answer came, and the server may still be running it.
    interrupted: AtomicBool,
    /// A query was abandoned before its answer came, even if the server has answered since.
    gave_up: AtomicBool,
    /// The server's plans, statements or types differ from those that the client has cached.
    outdated: AtomicBool,
    /// A statement failed, and the connection may be lost.
    doubtful: AtomicBool,
    /// The number of the translation under which the session may have generated an id that it remembers; 0 if it has not.
    id_left_by: AtomicU64,
    /// Whether a tenant id is set on the session, for tenants that share tables.
    shows_rows: bool,
    /// Whether Diesel has begun a transaction that has not ended.
    in_transaction: bool,
    /// Whether the server undoes the transaction if a statement waits too long for others.
    #[cfg(feature = "mysql")]
    undone_by_timeouts: bool,
    /// The server has undone the transaction in which Diesel believes to be.
    undone: AtomicBool,
}

/// What a pool should do with a connection that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing of this checkout is left on the session.
    Clean,
    /// Something on the session would reach the next checkout.
    Altered,
    /// Busy with an abandoned query.
    Interrupted,
}

impl Session {
    pub(super) fn new(sharing: Sharing) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Relaxed),
            sharing,
            altered: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
            gave_up: AtomicBool::new(false),
            outdated: AtomicBool::new(false),
            doubtful: AtomicBool::new(false),
            id_left_by: AtomicU64::new(0),
            shows_rows: false,
            in_transaction: false,
            #[cfg(feature = "mysql")]
            undone_by_timeouts: false,
            undone: AtomicBool::new(false),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Records what a statement does to the session.
    ///
    /// # Errors
    /// [`RefusedStatement`](super::RefusedStatement) if the statement must not be sent to a session that is shared like
    /// this one. A database error if the server has undone the statement's transaction.
    pub(super) fn record(&self, finished: &Finished) -> QueryResult<()> {
        self.must_not_be_undone()?;
        if let Some(refusals) = &finished.refusals
            && let Some(refused) = refusals.on(self.sharing)
        {
            return Err(Error::QueryBuilderError(Box::new(refused.clone())));
        }
        if matches!(self.sharing, Sharing::InTest { .. })
            && let Some(refused) = RefusedStatement::in_test(&finished.sql)
        {
            return Err(Error::QueryBuilderError(Box::new(refused)));
        }
        if finished.affects_session {
            self.alter();
        }
        Ok(())
    }

    pub(crate) fn alter(&self) {
        self.altered.store(true, Relaxed);
    }

    /// Records that a statement failed, which may show that what the client has cached is outdated.
    pub(crate) fn failed(&self, error: &Error) {
        if is_outdated(error) {
            self.outdated.store(true, Relaxed);
        }
    }

    /// Records that a statement failed, which may show that the server has undone the whole transaction.
    ///
    /// MySQL tells nobody else: each further statement would be committed by itself, and `COMMIT` would succeed.
    pub(crate) fn failed_in_transaction(&self, error: &Error) {
        #[cfg(feature = "mysql")]
        if self.in_transaction && undoes_transaction(error, self.undone_by_timeouts) {
            self.undone.store(true, Relaxed);
        }
        #[cfg(not(feature = "mysql"))]
        let _ = (self, error);
    }

    /// # Errors
    /// A serialization failure if the server has undone the transaction.
    pub(crate) fn must_not_be_undone(&self) -> QueryResult<()> {
        if !self.is_undone() {
            return Ok(());
        }
        let message = "the server has undone the transaction, because it was in another's way: nothing runs until the \
                       transaction is ended; then repeat all of it";
        Err(Error::DatabaseError(
            DatabaseErrorKind::SerializationFailure,
            Box::new(message.to_owned()),
        ))
    }

    pub(crate) fn is_undone(&self) -> bool {
        self.undone.load(Relaxed)
    }

    /// Records whether Diesel is in a transaction. One that has ended is no longer undone.
    pub(crate) fn set_in_transaction(&mut self, in_transaction: bool) {
        self.in_transaction = in_transaction;
        if !in_transaction {
            *self.undone.get_mut() = false;
        }
    }

    #[cfg(feature = "mysql")]
    pub(crate) fn set_undone_by_timeouts(&mut self, undone_by_timeouts: bool) {
        self.undone_by_timeouts = undone_by_timeouts;
    }

    /// Records that something failed on the connection, which may show that it is lost.
    pub(crate) fn doubt(&self) {
        self.doubtful.store(true, Relaxed);
    }

    /// Whether the connection may be lost; it is not asked twice.
    #[cfg(feature = "mysql")]
    pub(crate) fn take_doubt(&self) -> bool {
        self.doubtful.swap(false, Relaxed)
    }

    /// Records that the session may remember an id that was generated under the translation of this number.
    pub(crate) fn leave_id(&self, translation: u64) {
        self.id_left_by.store(translation, Relaxed);
    }

    /// Whether the session may remember an id that was generated under another translation than that of this number.
    #[cfg(feature = "mysql")]
    pub(crate) fn remembers_id_of_another(&self, translation: u64) -> bool {
        let left_by = self.id_left_by.load(Relaxed);
        left_by != 0 && left_by != translation
    }

    #[cfg(feature = "mysql")]
    pub(crate) fn forget_id(&self) {
        self.id_left_by.store(0, Relaxed);
    }

    /// Whether the server may have other plans for prepared statements, or other types, than the client has cached.
    pub(crate) fn is_outdated(&self) -> bool {
        self.outdated.load(Relaxed)
    }

    /// Watches over an answer that is being waited for. With `exclusive` use of the connection, an answer also means
    /// that the server is done with everything that was sent before.
    pub(super) fn wait(&self, exclusive: bool) -> Waiting<'_> {
        Waiting {
            session: self,
            exclusive,
            retries_outdated: false,
            begun: false,
            between_rows: false,
            answered: false,
            span: Span::default(),
        }
    }

    pub(super) fn condition(&self) -> Condition {
        if self.interrupted.load(Relaxed) {
            Condition::Interrupted
        } else if self.altered.load(Relaxed) || self.is_outdated() {
            Condition::Altered
        } else {
            Condition::Clean
        }
    }

    /// Whether a query was abandoned since this was last reset. A query of which only the first rows were read doesn't
    /// count.
    #[cfg(feature = "_web")]
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up.load(Relaxed)
    }

    #[cfg(feature = "_web")]
    pub(super) fn forget_what_was_given_up(&self) {
        self.gave_up.store(false, Relaxed);
    }

    pub(super) fn shows_rows(&self) -> bool {
        self.shows_rows
    }

    pub(super) fn set_shows_rows(&mut self, shows_rows: bool) {
        self.shows_rows = shows_rows;
    }
}

/// Marks the session as interrupted if it is dropped between the start of a query and its answer.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    session: &'a Session,
    exclusive: bool,
    /// Whether the connection itself prepares anew what is outdated.
    retries_outdated: bool,
    begun: bool,
    /// All rows that were asked for so far have arrived.
    between_rows: bool,
    answered: bool,
    span: Span,
}

impl Waiting<'_> {
    pub(super) fn retrying_outdated(mut self, retries_outdated: bool) -> Self {
        self.retries_outdated = retries_outdated;
        self
    }

    /// The statement runs within this span, until its complete answer has arrived.
    pub(super) fn within(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    pub(super) fn begun(&mut self) {
        self.begun = true;
    }

    pub(super) fn between_rows(&mut self, between: bool) {
        self.between_rows = between;
    }

    /// Records that the answer is an error; see [`Session::failed`].
    pub(super) fn failed(&self, error: &Error) {
        self.session.failed_in_transaction(error);
        self.span.failed(error);
        if !self.retries_outdated {
            self.session.failed(error);
        }
    }

    /// Records that an error came in the place of a row: the connection may be lost, and so may the transaction.
    pub(super) fn failed_among_rows(&self, error: &Error) {
        self.session.failed_in_transaction(error);
        self.session.doubt();
    }

    /// Records that the complete answer has arrived. An error may come from the client, and then it says nothing
    /// about what was sent before.
    pub(crate) fn answered(mut self, success: bool) {
        self.answered = true;
        if !success {
            self.session.doubt();
        }
        if self.exclusive && success {
            self.session.interrupted.store(false, Relaxed);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.begun && !self.answered {
            self.session.interrupted.store(true, Relaxed);
            self.session.gave_up.fetch_or(!self.between_rows, Relaxed);
            if !self.between_rows {
                self.span.abandoned();
            }
        }
    }
}

/// Whether a statement failed before it ran, because the server's plans, statements or types differ from those that
/// the client has cached.
fn is_outdated(error: &Error) -> bool {
    let Error::DatabaseError(DatabaseErrorKind::Unknown, information) = error else {
        return false;
    };
    let message = information.message();
    message == "cached plan must not change result type"
        || message.starts_with("prepared statement \"") && message.ends_with("does not exist")
        || message.starts_with("cache lookup failed for type ")
        // MySQL's.
        || message == "Prepared statement needs to be re-prepared"
        // The server's name for a dropped type, as a word of its own. An application's own message may contain it too,
        // which only costs a connection.
        || message.split([' ', '(', ')', ',']).any(|word| word == "???" || word == "???[]")
}
