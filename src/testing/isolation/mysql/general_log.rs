//! The statements that all sessions sent, from the server's log.

use std::collections::HashSet;

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};

use super::{
    super::{AuditError, culprits::Message},
    observer::Observer,
};

/// The moment from which on the log is read.
pub(super) struct GeneralLog {
    microseconds: i64,
}

#[derive(QueryableByName)]
struct Logged {
    #[diesel(sql_type = BigInt)]
    session: i64,
    #[diesel(sql_type = Text)]
    command: String,
    #[diesel(sql_type = Text)]
    statement: String,
}

const NOW: &str = "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) AS number";

impl GeneralLog {
    pub(super) async fn begin(observer: &mut Observer) -> Result<Self, AuditError> {
        let microseconds = observer.number("ask for the time", NOW).await?;
        Ok(Self { microseconds })
    }

    pub(super) async fn read(&self, observer: &mut Observer) -> Result<Vec<Message>, AuditError> {
        let sql = format!(
            "SELECT CAST(thread_id AS SIGNED) AS session, command_type AS command, \
             CONVERT(argument USING utf8mb4) AS statement FROM mysql.general_log \
             WHERE command_type IN ('Query', 'Prepare', 'Execute') AND thread_id <> CONNECTION_ID() \
             AND CAST(UNIX_TIMESTAMP(event_time) * 1000000 AS SIGNED) >= {}",
            self.microseconds
        );
        let logged: Vec<Logged> = observer.rows("read the log of statements", &sql).await?;
        let mut prepares = HashSet::new();
        let mut messages = Vec::new();
        for Logged {
            session,
            command,
            statement,
        } in logged
        {
            if command == "Prepare" {
                prepares.insert(session);
            }
            // With its values, a statement is not the text that was sent. It is shown where that text is not in the log.
            if command != "Execute" || !prepares.contains(&session) {
                messages.push(Message::Statement {
                    session: session.to_string(),
                    sql: statement,
                });
            }
        }
        Ok(messages)
    }
}
