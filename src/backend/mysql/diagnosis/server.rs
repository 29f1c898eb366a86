//! The server's settings, and the account's rights.

use std::collections::HashSet;

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Text},
};

use crate::backend::mysql::Session;

/// What the server is set to, and how it is used.
#[derive(QueryableByName)]
pub(crate) struct Settings {
    #[diesel(sql_type = Text)]
    pub(crate) version: String,
    /// The mode of new sessions.
    #[diesel(sql_type = Text)]
    pub(crate) sql_mode: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) max_connections: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) max_prepared: i64,
    #[diesel(sql_type = Text)]
    pub(crate) event_scheduler: String,
    /// `OFF`, or the format of the binary log.
    #[diesel(sql_type = Text)]
    pub(crate) binary_log: String,
    /// Statements that are prepared now.
    #[diesel(sql_type = BigInt)]
    pub(crate) prepared: i64,
    /// The most connections that were open at once.
    #[diesel(sql_type = BigInt)]
    pub(crate) most_connections: i64,
    /// The nodes of the Galera cluster; 0 if the server is in none.
    #[diesel(sql_type = BigInt)]
    pub(crate) nodes: i64,
}

pub(crate) async fn settings(session: &mut Session) -> QueryResult<Settings> {
    let prepared = status(session, "Prepared_stmt_count").await?;
    let most_connections = status(session, "Max_used_connections").await?;
    let nodes = status(session, "wsrep_cluster_size").await?;
    let settings = format!(
        "SELECT VERSION() AS version, @@GLOBAL.sql_mode AS sql_mode, CAST(@@max_connections AS SIGNED) \
         AS max_connections, CAST(@@max_prepared_stmt_count AS SIGNED) AS max_prepared, \
         CAST(@@event_scheduler AS CHAR) AS event_scheduler, \
         IF(@@log_bin, CAST(@@binlog_format AS CHAR), 'OFF') AS binary_log, CAST({prepared} AS SIGNED) AS prepared, \
         CAST({most_connections} AS SIGNED) AS most_connections, CAST({nodes} AS SIGNED) AS nodes"
    );
    let rows: Vec<Settings> = session.rows(&settings).await?;
    rows.into_iter().next().ok_or(diesel::result::Error::NotFound)
}

/// A number that the server counts; 0 if it doesn't.
async fn status(session: &mut Session, name: &str) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text, column_name = Value)]
        value: String,
    }

    let rows: Vec<Row> = session.rows(&format!("SHOW GLOBAL STATUS LIKE '{name}'")).await?;
    let value = rows.into_iter().next().and_then(|row| row.value.parse().ok());
    Ok(value.unwrap_or_default())
}

/// The rights that one operation or another needs: on all databases, or on those of a pattern such as `client%`.
const RIGHTS: [&str; 16] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "ALTER",
    "INDEX",
    "REFERENCES",
    "CREATE VIEW",
    "SHOW VIEW",
    "TRIGGER",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "EXECUTE",
    "EVENT",
];

/// Those of the rights that the account has neither on all databases nor on any.
pub(crate) async fn missing_rights(session: &mut Session) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        privilege: String,
    }

    // An account sees its own rights there, and those of its roles.
    let rows: Vec<Row> = session
        .rows(
            "SELECT DISTINCT PRIVILEGE_TYPE AS privilege FROM (SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES \
             WHERE GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') UNION ALL SELECT PRIVILEGE_TYPE FROM \
             information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')) \
             AS granted",
        )
        .await?;
    let granted: HashSet<String> = rows.into_iter().map(|row| row.privilege.to_ascii_uppercase()).collect();
    let missing = RIGHTS.iter().filter(|right| !granted.contains(**right));
    Ok(missing.map(|right| (*right).to_owned()).collect())
}
