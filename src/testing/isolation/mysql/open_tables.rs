//! The tables that the server has open. A table stays open after a statement that used it, also after one that found no
//! row in it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use tokio::time::sleep;

use super::{
    super::{Access, AuditError, Leak},
    Object, leak,
    observer::Observer,
};

/// How long a statement may go on whose client is gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tables that are open, and whether a session uses them at this moment.
pub(super) struct OpenTables(BTreeMap<Object, bool>);

#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = Text, column_name = "Database")]
    schema: String,
    #[diesel(sql_type = Text, column_name = "Table")]
    table: String,
    #[diesel(sql_type = BigInt, column_name = "In_use")]
    in_use: i64,
}

impl OpenTables {
    /// Closes all tables. It fails if a session keeps one open that is not allowed: what it did before would be counted
    /// when it closes that table.
    pub(super) async fn close_all(observer: &mut Observer, allowed: &[String]) -> Result<(), AuditError> {
        let begun = Instant::now();
        loop {
            // The server doesn't wait for tables that are in use.
            observer.run("close all tables", "FLUSH LOCAL TABLES").await?;
            let Self(open) = Self::read(observer, allowed).await?;
            let Some((schema, table)) = open.into_keys().next() else {
                return Ok(());
            };
            if begun.elapsed() > PATIENCE {
                return Err(AuditError::TableInUse {
                    table: format!("{schema}.{table}"),
                    waited: begun.elapsed(),
                });
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The tables that are open once no statement uses them, or some are used on and on. Only then is counted what was
    /// read of them.
    pub(super) async fn at_rest(observer: &mut Observer, allowed: &[String]) -> Result<Self, AuditError> {
        let begun = Instant::now();
        loop {
            let open = Self::read(observer, allowed).await?;
            if begun.elapsed() > PATIENCE || open.0.values().all(|in_use| !in_use) {
                return Ok(open);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn read(observer: &mut Observer, allowed: &[String]) -> Result<Self, AuditError> {
        let open: Vec<Open> = observer.rows("list the open tables", "SHOW OPEN TABLES").await?;
        let others = open.into_iter().filter(|open| !allowed.contains(&open.schema));
        Ok(Self(
            others
                .map(|open| ((open.schema, open.table), open.in_use > 0))
                .collect(),
        ))
    }

    /// Those that were opened by the work, but for tables that are opened where no row of them is touched.
    pub(super) fn leaks(&self, may_be_opened: impl Fn(&Object) -> bool) -> Vec<Leak> {
        let opened = self
            .0
            .iter()
            .filter(|(table, in_use)| **in_use || !may_be_opened(table));
        let leaks = opened.map(|(table, in_use)| {
            let evidence = match in_use {
                true => "a session keeps it open: by LOCK TABLES, by HANDLER, or by a statement that goes on",
                false => "it was opened, and no row was counted",
            };
            leak(table, Access::Read, evidence.to_owned())
        });
        leaks.collect()
    }
}
