//! The statement that locks the tables of a schema.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{catalog::splice, lock_budget::BUDGET};
use crate::SchemaName;

/// What others are kept from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableLock {
    /// To change the tables or drop them, as a query on them would.
    ///
    /// It is for the session that reads them, before it takes its snapshot. Held by one for another, that one would queue behind who waits
    /// for the locks to change or TRUNCATE a table, and all three for ever.
    Changing,
    /// To write to the tables. Views are locked as well, since who has them by name already gets their tables without.
    Writing,
    /// To do anything with the tables, if they are no more than the [budget](super::lock_budget) allows.
    Using,
}

impl TableLock {
    /// The query for the statement, which is `NULL` if there are no tables, or too many. $1 is the schema.
    pub(crate) fn query(self) -> String {
        let (condition, only, kinds, mode) = match self {
            Self::Changing => ("true".to_owned(), "", "'r', 'p'", "ACCESS SHARE"),
            Self::Writing => ("true".to_owned(), "", "'r', 'p', 'v'", "EXCLUSIVE"),
            Self::Using => (
                format!("pg_catalog.count(*) <= {BUDGET}"),
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
             WHERE n.nspname = $1 AND c.relkind IN ({kinds}) {but_journal}"
        ))
    }

    /// The statement; `None` if there are no tables, or too many.
    pub(crate) async fn statement(
        self,
        connection: &mut AsyncPgConnection,
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
