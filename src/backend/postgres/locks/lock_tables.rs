//! The statement that locks the tables of a schema.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Nullable, Text},
};
use diesel_async::RunQueryDsl;

use super::lock_count_limit::LOCK_COUNT_LIMIT;
use crate::{PostgresConnection, SchemaName, backend::postgres::splice};

/// What other sessions are kept from doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableLock {
    /// Changing or dropping the tables, as a query on them would prevent.
    ///
    /// This lock is for the session that reads the tables, before it takes its snapshot. If one session held it for
    /// another session, the other one would queue behind a session that waits to change or TRUNCATE a table, and all
    /// three would wait forever.
    Changing,
    /// Writing to the tables. Views are locked as well, since a session that has already resolved a view's name gets
    /// the view's tables without a new lock.
    Writing,
    /// Doing anything with the tables, if there are not more than the [limit](super::lock_count_limit) allows.
    Using,
}

impl TableLock {
    /// The query for the statement, which is `NULL` if there are no tables, or too many. $1 is the schema.
    pub(crate) fn query(self) -> String {
        let (condition, only, kinds, mode) = match self {
            Self::Changing => ("true".to_owned(), "", "'r', 'p'", "ACCESS SHARE"),
            Self::Writing => ("true".to_owned(), "", "'r', 'p', 'v'", "EXCLUSIVE"),
            Self::Using => (
                format!("pg_catalog.count(*) <= {LOCK_COUNT_LIMIT}"),
                "ONLY ",
                "'r', 'p'",
                "ACCESS EXCLUSIVE",
            ),
        };
        let but_journal = match self {
            Self::Writing => "AND c.relname <> '{journal}'",
            Self::Changing | Self::Using => "",
        };
        splice(&format!(
            "SELECT CASE WHEN {condition} THEN 'LOCK TABLE ' || pg_catalog.string_agg( \
                 pg_catalog.format('{only}%I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) || ' IN {mode} MODE' \
             END AS sql \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE {{in_schema pg_class c}} AND c.relkind IN ({kinds}) {but_journal}"
        ))
    }

    /// The statement; `None` if there are no tables, or too many.
    pub(crate) async fn statement(
        self,
        connection: &mut PostgresConnection,
        schema: &SchemaName,
    ) -> QueryResult<Option<String>> {
        #[derive(QueryableByName)]
        struct Statement {
            #[diesel(sql_type = Nullable<Text>)]
            sql: Option<String>,
        }

        let statement: Statement = diesel::sql_query(self.query())
            .bind::<Text, _>(schema.as_str())
            .get_result(connection)
            .await?;
        Ok(statement.sql)
    }
}
