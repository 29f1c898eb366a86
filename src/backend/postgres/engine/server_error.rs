//! What the server answers when it refuses, as Diesel's errors.

use std::{collections::HashMap, fmt, io, sync::Arc};

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::ErrorResponseBody;
use tokio_postgres::error::SqlState;

use super::transaction_state::TransactionStatus;

/// An error that the server sent.
#[derive(Debug, Clone)]
pub(super) struct ServerError {
    pub(super) code: SqlState,
    /// By the protocol's letters.
    fields: HashMap<u8, Box<str>>,
}

impl ServerError {
    /// # Errors
    /// If the message is not of the protocol's form.
    pub(super) fn of(body: &ErrorResponseBody) -> io::Result<Self> {
        let mut fields: HashMap<u8, Box<str>> = HashMap::new();
        let mut sent = body.fields();
        while let Some(field) = sent.next()? {
            fields.insert(
                field.type_(),
                String::from_utf8_lossy(field.value_bytes()).into_owned().into(),
            );
        }
        let code = SqlState::from_code(fields.get(&b'C').map_or("XX000", |code| code));
        Ok(Self { code, fields })
    }

    fn field(&self, letter: u8) -> Option<&str> {
        self.fields.get(&letter).map(|field| &**field)
    }

    /// Whether the server ends the session.
    pub(super) fn is_fatal(&self) -> bool {
        // The severity in English.
        matches!(self.field(b'V'), Some("FATAL" | "PANIC"))
    }

    /// Whether the statement that was prepared is not there any more, or returns other columns now. It did not run.
    pub(super) fn is_outdated_statement(&self) -> bool {
        self.code == SqlState::INVALID_SQL_STATEMENT_NAME
            // The code says little; the server's function that raised the error is the same in every language.
            || self.code == SqlState::FEATURE_NOT_SUPPORTED && self.field(b'R') == Some("RevalidateCachedQuery")
    }

    /// Whether the server may not know a type's OID that was sent.
    pub(super) fn is_about_types(&self) -> bool {
        [
            SqlState::INTERNAL_ERROR,
            SqlState::UNDEFINED_OBJECT,
            SqlState::UNDEFINED_FUNCTION,
            SqlState::DATATYPE_MISMATCH,
            SqlState::INDETERMINATE_DATATYPE,
            SqlState::INVALID_BINARY_REPRESENTATION,
        ]
        .contains(&self.code)
    }

    pub(super) fn into_diesel(self) -> Error {
        let kinds = [
            (SqlState::UNIQUE_VIOLATION, DatabaseErrorKind::UniqueViolation),
            (SqlState::FOREIGN_KEY_VIOLATION, DatabaseErrorKind::ForeignKeyViolation),
            (SqlState::NOT_NULL_VIOLATION, DatabaseErrorKind::NotNullViolation),
            (SqlState::CHECK_VIOLATION, DatabaseErrorKind::CheckViolation),
            (SqlState::RESTRICT_VIOLATION, DatabaseErrorKind::RestrictViolation),
            (SqlState::EXCLUSION_VIOLATION, DatabaseErrorKind::ExclusionViolation),
            (
                SqlState::T_R_SERIALIZATION_FAILURE,
                DatabaseErrorKind::SerializationFailure,
            ),
            (
                SqlState::READ_ONLY_SQL_TRANSACTION,
                DatabaseErrorKind::ReadOnlyTransaction,
            ),
        ];
        let kind = kinds.into_iter().find(|(code, _)| *code == self.code);
        Error::DatabaseError(
            kind.map_or(DatabaseErrorKind::Unknown, |(_, kind)| kind),
            Box::new(self),
        )
    }
}

impl DatabaseErrorInformation for ServerError {
    fn message(&self) -> &str {
        self.field(b'M').unwrap_or_default()
    }

    fn details(&self) -> Option<&str> {
        self.field(b'D')
    }

    fn hint(&self) -> Option<&str> {
        self.field(b'H')
    }

    fn table_name(&self) -> Option<&str> {
        self.field(b't')
    }

    fn column_name(&self) -> Option<&str> {
        self.field(b'c')
    }

    fn constraint_name(&self) -> Option<&str> {
        self.field(b'n')
    }

    fn statement_position(&self) -> Option<i32> {
        self.field(b'P').or_else(|| self.field(b'p'))?.parse().ok()
    }
}

/// Why a request has failed.
pub(super) enum Failed {
    /// The server refused it, and where the session stands since. `None` if the connection broke before the server
    /// said.
    Refused(Box<ServerError>, Option<TransactionStatus>),
    Broken(Broken),
}

impl Failed {
    pub(super) fn into_diesel(self) -> Error {
        match self {
            Self::Refused(error, _) => error.into_diesel(),
            Self::Broken(broken) => broken.into_diesel(),
        }
    }
}

/// Why nothing can be sent over a connection any more.
#[derive(Debug, Clone)]
pub(super) enum Broken {
    /// The server ended the session, and said why.
    Server(Box<ServerError>),
    /// The network, or the server's side of the protocol, failed.
    Io(Arc<io::Error>),
}

impl Broken {
    pub(super) fn into_diesel(self) -> Error {
        Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(self.to_string()))
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => write!(f, "the server closed the connection: {}", error.message()),
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => f.write_str("connection closed"),
            Self::Io(error) => write!(f, "error communicating with the server: {error}"),
        }
    }
}
