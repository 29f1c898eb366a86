//! What the server has counted of each table.

use std::collections::HashMap;

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};

use super::{
    super::{Access, AuditError, Leak},
    Object, leak,
    observer::Observer,
};

/// The rows that were read and written of each table.
pub(super) struct Statistics(HashMap<Object, [i64; 2]>);

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    schema: String,
    #[diesel(sql_type = Text)]
    object: String,
    #[diesel(sql_type = BigInt)]
    rows_read: i64,
    #[diesel(sql_type = BigInt)]
    rows_written: i64,
}

const STATISTICS: &str = "SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS object, \
     CAST(ROWS_READ AS SIGNED) AS rows_read, CAST(ROWS_CHANGED AS SIGNED) AS rows_written \
     FROM information_schema.TABLE_STATISTICS";

const KINDS: [(Access, &str); 2] = [(Access::Read, "rows read"), (Access::Written, "rows written")];

impl Statistics {
    pub(super) async fn read(observer: &mut Observer) -> Result<Self, AuditError> {
        let counted: Vec<Counted> = observer.rows("read what the server has counted", STATISTICS).await?;
        let counts = counted.into_iter().map(|row| {
            let Counted {
                schema,
                object,
                rows_read,
                rows_written,
            } = row;
            ((schema, object), [rows_read, rows_written])
        });
        Ok(Self(counts.collect()))
    }

    /// What was read and written since an earlier look, in schemas that are not allowed.
    pub(super) fn since(&self, before: &Self, allowed: &[String]) -> Vec<Leak> {
        let mut leaks = Vec::new();
        for (table, now) in &self.0 {
            if allowed.contains(&table.0) {
                continue;
            }
            let then = before.0.get(table).copied().unwrap_or_default();
            for (kind, (access, what)) in KINDS.into_iter().enumerate() {
                let rows = match now[kind] < then[kind] {
                    // The work had the server begin to count anew.
                    true => now[kind],
                    false => now[kind] - then[kind],
                };
                if rows > 0 {
                    leaks.push(leak(table, access, format!("{rows} {what}")));
                }
            }
        }
        leaks.sort_by_key(Leak::name);
        leaks
    }
}
