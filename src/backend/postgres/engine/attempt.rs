//! A statement, and how it is sent: by its name if it is prepared, else with its text.

use std::sync::Arc;

use bytes::BytesMut;
use diesel::{QueryResult, result::Error};
use postgres_protocol::{
    IsNull,
    message::frontend::{self, BindError},
};

use super::{
    PostgresConnection,
    binds::{Binds, not_sendable},
    columns::Columns,
    progress::Kind,
    statements::{Key, Prepared, StatementName},
    text::StatementText,
    types::TypeScope,
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

impl Statement {
    pub(super) fn key(&self) -> Key<'_> {
        Key::new(&self.text, &self.binds.oids)
    }
}

/// A statement that was sent, and how.
pub(super) struct Attempt<'conn> {
    pub(super) sent: Sent<'conn>,
    pub(super) way: Way<'conn>,
}

/// How a statement was sent.
pub(super) enum Way<'conn> {
    Prepared(Arc<Columns>),
    Preparing(Preparing<'conn>),
    Unnamed,
}

/// The name that a statement gets. If nobody hears that the statement is prepared, it is closed again: the server may
/// have it, or not.
pub(super) struct Preparing<'conn> {
    connection: &'conn PostgresConnection,
    pub(super) name: Option<StatementName>,
}

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            self.connection.statements().discard(name);
        }
    }
}

impl<'conn> Attempt<'conn> {
    /// Queues a statement for the server.
    pub(super) fn send(connection: &'conn PostgresConnection, statement: &Statement) -> QueryResult<Self> {
        let key = statement.key();
        let mut statements = connection.statements();
        let is_command = !statement.text.fails_whole();
        // What a command returns may change without notice, so it is described each time.
        let may_be_prepared = statement.may_be_prepared && !is_command;
        let (name, way) = match statements.get(key).filter(|_| may_be_prepared) {
            Some(Prepared { name, columns }) => (Some(name), Way::Prepared(columns)),
            None => match may_be_prepared.then(|| statements.admit(key)).flatten() {
                Some(name) => {
                    let preparing = Preparing {
                        connection,
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
        let sent = connection.send(kind, |out| {
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
        Ok(Self { sent: sent?, way })
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
