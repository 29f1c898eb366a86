//! The server's settings during an audit.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};

use super::{super::AuditError, observer::Observer};

/// The settings before the audit, which it takes back.
pub(super) struct Settings {
    counted: bool,
    logged: bool,
    log_output: String,
    /// Whether the log held anything.
    had_log: bool,
}

#[derive(QueryableByName)]
struct Logging {
    #[diesel(sql_type = BigInt)]
    logged: i64,
    #[diesel(sql_type = Text)]
    log_output: String,
    #[diesel(sql_type = BigInt)]
    had_log: i64,
}

const COUNTED: &str = "SELECT CAST(@@GLOBAL.userstat AS SIGNED) AS number";

const LOGGING: &str = "SELECT CAST(@@GLOBAL.general_log AS SIGNED) AS logged, @@GLOBAL.log_output AS log_output, \
     CAST(EXISTS (SELECT 1 FROM mysql.general_log) AS SIGNED) AS had_log";

impl Settings {
    /// Has the server count what is read and written of each table, and log the statements to a table.
    pub(super) async fn begin(observer: &mut Observer) -> Result<Self, AuditError> {
        let attempt = "have the server count what is read and written";
        let counted = match observer.ask(COUNTED).await {
            Ok(counted) => counted == 1,
            // MySQL itself has no such statistics.
            Err(error) if is_unknown_variable(&error) => return Err(AuditError::NoUserStatistics),
            Err(source) => return Err(AuditError::MysqlQuery { attempt, source }),
        };
        let logging: Vec<Logging> = observer.rows("look at the log of statements", LOGGING).await?;
        let Some(Logging {
            logged,
            log_output,
            had_log,
        }) = logging.into_iter().next()
        else {
            return Err(AuditError::MysqlQuery {
                attempt: "look at the log of statements",
                source: diesel::result::Error::NotFound,
            });
        };
        let before = Self {
            counted,
            logged: logged == 1,
            log_output,
            had_log: had_log == 1,
        };
        observer.run(attempt, "SET GLOBAL userstat = 1").await?;
        let attempt = "have the server log the statements";
        observer.run(attempt, before.set_output_during()).await?;
        observer.run(attempt, "SET GLOBAL general_log = 1").await?;
        Ok(before)
    }

    /// A log that is written to files goes on.
    fn set_output_during(&self) -> &'static str {
        match self.logged && self.log_output.contains("FILE") {
            true => "SET GLOBAL log_output = 'FILE,TABLE'",
            false => "SET GLOBAL log_output = 'TABLE'",
        }
    }

    /// Leaves the server as it was.
    pub(super) async fn end(self, observer: &mut Observer) -> Result<(), AuditError> {
        let Self {
            counted,
            logged,
            log_output,
            had_log,
        } = self;
        let mut undo = Vec::new();
        if !counted {
            undo.push("SET GLOBAL userstat = 0".to_owned());
        }
        if !logged {
            undo.push("SET GLOBAL general_log = 0".to_owned());
        }
        undo.push(format!("SET GLOBAL log_output = '{log_output}'"));
        if !logged && !had_log {
            undo.push("TRUNCATE mysql.general_log".to_owned());
        }
        for sql in undo {
            observer.run("take back the server's settings", &sql).await?;
        }
        Ok(())
    }
}

fn is_unknown_variable(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, info) if info.message().starts_with("Unknown system variable"))
}

#[cfg(test)]
mod tests {
    use diesel_tenants_test_support::MariaDb;

    use super::*;
    use crate::MysqlUrl;

    #[tokio::test]
    async fn a_variable_that_the_server_does_not_have_is_told_from_other_errors() {
        let url: MysqlUrl = MariaDb::shared().url().parse().unwrap();
        let mut observer = Observer::begin(url.connect().await.unwrap(), "").await.unwrap();
        let missing = observer.ask(&COUNTED.replace("userstat", "no_such_variable")).await;
        assert!(is_unknown_variable(&missing.unwrap_err()));
        let other = observer.ask("SELECT nothing AS number").await;
        assert!(!is_unknown_variable(&other.unwrap_err()));
    }
}
