//! One statement on its way to the server, until the server has accepted it.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use diesel::{QueryResult, result::Error};
use futures_core::future::BoxFuture;
use postgres_protocol::{
    IsNull,
    message::frontend::{self, BindError},
};

use super::{
    PostgresConnection,
    answer::{Answer, TransactionStatus},
    binds::{Binds, Oids, not_sendable},
    progress::Kind,
    rows::Columns,
    server_error::{Broken, Failed, ServerError},
    statements::{Key, Prepared, StatementName},
    text::StatementText,
    types::{TypeScope, look_up},
    wire::Sent,
};

/// A statement that is about to be sent.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) text: Arc<dyn StatementText>,
    pub(crate) binds: Binds,
    /// Whether the text is one that may come again, and may be prepared.
    pub(crate) may_be_prepared: bool,
    /// Where types are looked for first that the statement names without a schema.
    pub(crate) types_of: Option<TypeScope>,
}

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

struct Attempt<'conn> {
    sent: Sent<'conn>,
    way: Way<'conn>,
}

/// How a statement was sent.
enum Way<'conn> {
    Prepared(Arc<Columns>),
    Preparing(Preparing<'conn>),
    Unnamed,
}

/// The name that a statement gets. If nobody hears that the statement is prepared, it is closed again: the server may
/// have it, or not.
struct Preparing<'conn> {
    connection: &'conn PostgresConnection,
    name: Option<StatementName>,
}

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            self.connection.statements().discard(name);
        }
    }
}

/// A statement that the server has accepted, and runs.
pub(super) struct Running<'conn> {
    pub(super) sent: Sent<'conn>,
    pub(super) columns: Arc<Columns>,
}

impl<'conn> Request<'conn> {
    pub(super) fn new(
        connection: &'conn PostgresConnection,
        statement: QueryResult<Statement>,
        description: Option<Box<str>>,
    ) -> Self {
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
                    Types::Known => match self.connection.send(statement) {
                        Ok((sent, way)) => self.attempt = Some(Attempt { sent, way }),
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

impl Statement {
    fn key(&self) -> Key<'_> {
        Key::new(&self.text, &self.binds.oids)
    }
}

impl PostgresConnection {
    /// Queues a statement for the server.
    fn send(&self, statement: &Statement) -> QueryResult<(Sent<'_>, Way<'_>)> {
        let key = statement.key();
        let mut statements = self.statements();
        let is_command = !statement.text.fails_whole();
        // What a command returns may change without notice, so it is described each time.
        let may_be_prepared = statement.may_be_prepared && !is_command;
        let (name, way) = match statements.get(key).filter(|_| may_be_prepared) {
            Some(Prepared { name, columns }) => (Some(name), Way::Prepared(columns)),
            None => match may_be_prepared.then(|| statements.admit(key)).flatten() {
                Some(name) => {
                    let preparing = Preparing {
                        connection: self,
                        name: Some(Arc::clone(&name)),
                    };
                    (Some(name), Way::Preparing(preparing))
                }
                None => (None, Way::Unnamed),
            },
        };
        let name = name.as_deref().unwrap_or_default();
        let Statement { text, binds, .. } = statement;
        let kind = match way {
            Way::Prepared(_) => Kind::Prepared,
            _ if is_command => Kind::Command,
            _ => Kind::Described,
        };
        let sent = self.wire().send(kind, |out| {
            for name in statements.to_close() {
                frontend::close(b'S', name, out).map_err(not_sendable)?;
            }
            let is_new = !matches!(way, Way::Prepared(_));
            if is_new {
                let types = binds.oids.iter().copied();
                frontend::parse(name, text.sql(), types, out).map_err(not_sendable)?;
            }
            write_bind(name, binds, out)?;
            if is_new {
                frontend::describe(b'P', "", out).map_err(not_sendable)?;
            }
            frontend::execute("", 0, out).map_err(not_sendable)?;
            frontend::sync(out);
            Ok(())
        });
        if sent.is_ok() {
            statements.closed();
        }
        // What is dropped with `way` asks for the statements.
        drop(statements);
        Ok((sent?, way))
    }
}

/// Values and results in the binary format.
fn write_bind(name: &str, binds: &Binds, out: &mut BytesMut) -> QueryResult<()> {
    let bound = frontend::bind(
        "",
        name,
        [1],
        &binds.values,
        |value, out| {
            Ok(match value {
                Some(bytes) => {
                    out.extend_from_slice(bytes);
                    IsNull::No
                }
                None => IsNull::Yes,
            })
        },
        [1],
        out,
    );
    bound.map_err(|error| match error {
        BindError::Conversion(error) => Error::SerializationError(error),
        BindError::Serialization(error) => not_sendable(error),
    })
}
