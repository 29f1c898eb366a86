//! A session of the audit's own, which asks the server.

use diesel::{
    QueryResult, QueryableByName,
    mysql::Mysql,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl};

use super::{super::AuditError, Object};

pub(super) struct Observer {
    connection: AsyncMysqlConnection,
    server: String,
}

/// Only one audit of a server at a time: each would see the other's work. The second waits for as long as the server may
/// take to notice that an earlier session has ended.
const LOCK: &str = "SELECT CAST(COALESCE(GET_LOCK('diesel_tenants_audit', 1), 0) AS SIGNED) AS number";

const UNLOCK: &str = "DO RELEASE_LOCK('diesel_tenants_audit')";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A row of what was asked: the schema and the object that it is about, and what is said of it.
#[derive(QueryableByName)]
pub(super) struct Said {
    #[diesel(sql_type = Text)]
    schema: String,
    #[diesel(sql_type = Text)]
    object: String,
    #[diesel(sql_type = Text)]
    pub(super) said: String,
}

impl Said {
    pub(super) fn of(self) -> (Object, String) {
        ((self.schema, self.object), self.said)
    }
}

impl Observer {
    pub(super) async fn begin(connection: AsyncMysqlConnection, server: &str) -> Result<Self, AuditError> {
        let mut observer = Self {
            connection,
            server: server.to_owned(),
        };
        match observer.number("take the audit's lock", LOCK).await? {
            0 => Err(AuditError::Busy {
                database: observer.server,
            }),
            _ => Ok(observer),
        }
    }

    /// What the server says, or refuses.
    pub(super) async fn ask(&mut self, sql: &str) -> QueryResult<i64> {
        let row: Number = diesel::sql_query(sql).get_result(&mut self.connection).await?;
        Ok(row.number)
    }

    /// A number, which the query calls `number`.
    pub(super) async fn number(&mut self, attempt: &'static str, sql: &str) -> Result<i64, AuditError> {
        self.ask(sql).await.map_err(failed(attempt))
    }

    /// Rows, whose columns the query names.
    pub(super) async fn rows<T>(&mut self, attempt: &'static str, sql: &str) -> Result<Vec<T>, AuditError>
    where
        T: QueryableByName<Mysql> + Send + 'static,
    {
        let rows = diesel::sql_query(sql).load(&mut self.connection).await;
        rows.map_err(failed(attempt))
    }

    /// Runs a statement.
    pub(super) async fn run(&mut self, attempt: &'static str, sql: &str) -> Result<(), AuditError> {
        let ran = diesel::sql_query(sql).execute(&mut self.connection).await;
        ran.map(drop).map_err(failed(attempt))
    }

    /// Lets the next audit begin.
    pub(super) async fn end(mut self) -> Result<(), AuditError> {
        self.run("release the audit's lock", UNLOCK).await
    }
}

fn failed(attempt: &'static str) -> impl FnOnce(diesel::result::Error) -> AuditError {
    move |source| AuditError::MysqlQuery { attempt, source }
}
