use diesel::result::{DatabaseErrorKind, Error};

use crate::connection::Session;

/// Notes that a statement failed, if the connection must not serve another tenant after that.
pub(super) fn note_failure(session: &Session, error: &Error) {
    session.failed(error);
    session.failed_in_transaction(error);
    // Diesel doesn't always notice that its connection is lost: not while it prepares a statement.
    if let Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) = error
    {
        session.alter();
    }
}
