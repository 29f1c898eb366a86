//! One statement on its way to the server, until the server has accepted it.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use diesel::{
    QueryResult,
    connection::{InstrumentationEvent, StrQueryHelper},
    pg::Pg,
    query_builder::QueryFragment,
    result::Error,
};
use futures_core::future::BoxFuture;

use super::{
    PostgresConnection,
    answer::Answer,
    attempt::{Attempt, Statement, Way},
    columns::Columns,
    server_error::{Broken, Failed, ServerError},
    statements::Prepared,
    transaction_state::TransactionStatus,
    type_oids::look_up,
    types::Oids,
    wire::Sent,
};

/// Sends a statement in one round trip: by its name if it is prepared, else with its text.
///
/// If the server refuses the statement because what this client knows is outdated, and nothing ran, the statement is
/// sent once more. Inside a transaction that can't be: the error has ended it.
pub(super) struct Request<'conn> {
    connection: &'conn PostgresConnection,
    statement: Result<Statement, Option<Error>>,
    types: Types<'conn>,
    /// The OIDs that were put in last.
    oids: Vec<Oids>,
    attempt: Option<Attempt<'conn>>,
    /// The number of the first attempt, if it failed outside of a transaction.
    outside_at: Option<u64>,
    /// Why the first attempt failed.
    first_error: Option<Box<ServerError>>,
    /// What the instrumentation is told.
    description: Option<Box<str>>,
}

/// Whether the types are put in that the statement names.
enum Types<'conn> {
    Missing,
    Wanted(BoxFuture<'conn, QueryResult<Vec<Oids>>>),
    Known,
}

/// A statement that the server has accepted, and runs.
pub(super) struct Running<'conn> {
    pub(super) sent: Sent<'conn>,
    pub(super) columns: Arc<Columns>,
}

impl<'conn> Request<'conn> {
    /// A request for a query, which was made into this statement. The instrumentation is told of it.
    pub(super) fn of_query<Q>(
        connection: &'conn PostgresConnection,
        query: &Q,
        statement: QueryResult<Statement>,
    ) -> Self
    where
        Q: QueryFragment<Pg>,
    {
        let describe = || diesel::debug_query::<Pg, _>(query).to_string().into_boxed_str();
        let description = connection.is_observed.then(describe);
        if let Some(description) = &description {
            connection.notify(InstrumentationEvent::start_query(&StrQueryHelper::new(description)));
        }
        Self {
            connection,
            statement: statement.map_err(Some),
            types: Types::Missing,
            oids: Vec::new(),
            attempt: None,
            outside_at: None,
            first_error: None,
            description,
        }
    }

    pub(super) fn connection(&self) -> &'conn PostgresConnection {
        self.connection
    }

    /// Waits until the server has accepted the statement.
    pub(super) fn poll_accepted(&mut self, context: &mut Context<'_>) -> Poll<QueryResult<Running<'conn>>> {
        let accepted = ready!(self.poll_attempts(context));
        // Whoever polls once more would have it sent once more.
        self.statement = Err(None);
        if let Err(error) = &accepted {
            self.finish(Some(error));
        }
        Poll::Ready(accepted)
    }

    /// Tells the connection, and its instrumentation, how the statement has ended.
    pub(super) fn finish(&mut self, error: Option<&Error>) {
        if let Some(error) = error {
            self.connection.note_failure(error);
        }
        if let Some(description) = self.description.take() {
            self.connection.observe_end(&description, error);
        }
    }

    fn poll_attempts(&mut self, context: &mut Context<'_>) -> Poll<QueryResult<Running<'conn>>> {
        loop {
            let statement = match &mut self.statement {
                Ok(statement) => statement,
                Err(refused) => {
                    return Poll::Ready(Err(refused.take().expect("a future is not polled after it is ready")));
                }
            };
            if self.attempt.is_none() {
                match &mut self.types {
                    Types::Missing if statement.binds.names().is_empty() => self.types = Types::Known,
                    Types::Missing => {
                        let known = self
                            .connection
                            .types()
                            .get(statement.binds.names(), statement.types_of.as_ref());
                        self.types = match known {
                            Some(found) => {
                                statement.binds.put_in(&found);
                                self.oids = found;
                                Types::Known
                            }
                            None => wanted(self.connection, statement),
                        };
                    }
                    Types::Wanted(found) => {
                        let found = match ready!(found.as_mut().poll(context)) {
                            Ok(found) => found,
                            Err(error) => return Poll::Ready(Err(self.first_error_or(error))),
                        };
                        if self.first_error.is_some() && self.oids == found {
                            // The types were not the reason.
                            return Poll::Ready(Err(self.first_error_or(Error::NotFound)));
                        }
                        statement.binds.put_in(&found);
                        self.oids = found;
                        self.types = Types::Known;
                    }
                    // What was sent behind the first attempt may have begun a transaction since, or ended one.
                    Types::Known
                        if self.outside_at.is_some_and(|number| {
                            self.connection.wire().may_have_changed_transaction_since(number)
                        }) =>
                    {
                        return Poll::Ready(Err(self.first_error_or(Error::NotFound)));
                    }
                    Types::Known => match Attempt::send(self.connection, statement) {
                        Ok(attempt) => self.attempt = Some(attempt),
                        Err(error) => return Poll::Ready(Err(self.first_error_or(error))),
                    },
                }
                continue;
            }
            match ready!(self.poll_attempt(context)) {
                Ok(running) => return Poll::Ready(Ok(running)),
                Err(Failure::Final(error)) => return Poll::Ready(Err(error)),
                Err(Failure::Refused { error, outside_at }) => {
                    self.attempt = None;
                    match self.once_more(error, outside_at) {
                        Ok(()) => {}
                        Err(error) => return Poll::Ready(Err(error.into_diesel())),
                    }
                }
            }
        }
    }

    /// The first error says what was wrong. That the second attempt could not be made says less.
    fn first_error_or(&mut self, error: Error) -> Error {
        self.first_error.take().map_or(error, |first| first.into_diesel())
    }

    fn poll_attempt(&mut self, context: &mut Context<'_>) -> Poll<Result<Running<'conn>, Failure>> {
        let Self {
            connection,
            statement,
            attempt,
            ..
        } = self;
        let (Ok(statement), Some(current)) = (statement, &mut *attempt) else {
            unreachable!("an attempt was made");
        };
        let columns = loop {
            match ready!(current.sent.poll_answer(context)) {
                Ok(Answer::Bound) => {
                    if let Way::Prepared(columns) = &current.way {
                        break Arc::clone(columns);
                    }
                }
                Ok(Answer::Columns(description)) => match Columns::of(description) {
                    Ok(columns) => break Arc::new(columns),
                    Err(error) => return Poll::Ready(Err(Failure::Final(Broken::from(error).into_diesel()))),
                },
                Ok(Answer::NoColumns) => break Arc::default(),
                Ok(Answer::Ready(_)) => {
                    let reason = "the server has not answered to a statement";
                    return Poll::Ready(Err(Failure::Final(connection.wire().give_up(reason).into_diesel())));
                }
                Err(Failed::Refused(error, Some(status))) => {
                    let outside_at = (status == TransactionStatus::Idle).then_some(current.sent.number());
                    return Poll::Ready(Err(Failure::Refused { error, outside_at }));
                }
                // The statement is parsed, and others are closed.
                Ok(_) => {}
                Err(failed) => return Poll::Ready(Err(Failure::Final(failed.into_diesel()))),
            }
        };
        let Some(Attempt { sent, way }) = attempt.take() else {
            unreachable!("an attempt was made");
        };
        if let Way::Preparing(mut preparing) = way
            && let Some(name) = preparing.name.take()
        {
            let prepared = Prepared {
                name,
                columns: Arc::clone(&columns),
            };
            connection.statements().keep(statement.key(), prepared);
            connection.observe_prepared(statement.text.sql());
        }
        Poll::Ready(Ok(Running { sent, columns }))
    }

    /// Prepares a second attempt after the server refused the first.
    fn once_more(&mut self, error: Box<ServerError>, outside_at: Option<u64>) -> Result<(), Box<ServerError>> {
        let Ok(statement) = &self.statement else {
            return Err(error);
        };
        let names = statement.binds.names();
        let is_outdated = error.is_outdated_statement();
        if is_outdated {
            self.connection.statements().forget(statement.key());
        }
        let may_be_types = !names.is_empty() && error.is_about_types();
        if may_be_types {
            self.connection.types().forget(names, statement.types_of.as_ref());
        }
        let may_be_sent_again = self.first_error.is_none() && statement.text.fails_whole();
        let Some(number) = outside_at.filter(|_| may_be_sent_again && (is_outdated || may_be_types)) else {
            return Err(self.first_error.take().unwrap_or(error));
        };
        self.outside_at = Some(number);
        self.first_error = Some(error);
        if may_be_types {
            self.types = wanted(self.connection, statement);
        }
        Ok(())
    }
}

fn wanted<'conn>(connection: &'conn PostgresConnection, statement: &Statement) -> Types<'conn> {
    let (names, types_of) = (statement.binds.names().to_vec(), statement.types_of.clone());
    Types::Wanted(Box::pin(look_up(connection, names, types_of)))
}

/// Why an attempt failed.
enum Failure {
    /// The server refused the statement before it ran.
    Refused {
        error: Box<ServerError>,
        /// The number of the request, if no transaction was open.
        outside_at: Option<u64>,
    },
    Final(Error),
}
