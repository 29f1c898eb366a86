//! Replays at the target what was written at the source during the copy.

use tokio_postgres::Error;

use super::{
    MoveError,
    pipe::pipe,
    site::{KeyedTable, Site},
    state::Run,
};
use crate::backend::postgres::{
    driver::DriverSession,
    quote::{identifier, literal},
    set_lock_timeout,
};

/// The two ends of a move, with a session each, and their tables in the same order.
pub(super) struct Ends<'a> {
    pub(super) source: &'a Site,
    pub(super) reader: &'a DriverSession,
    pub(super) read: Vec<KeyedTable>,
    pub(super) target: &'a Site,
    pub(super) writer: &'a DriverSession,
    pub(super) written: Vec<KeyedTable>,
}

impl Run<'_> {
    /// Replays the current contents of the journal, and returns the number of changes.
    ///
    /// Rows that were written are deleted at the target, and copied again if they still exist at the source: all as of
    /// one moment, so that unique values stay unique. The source forgets replayed changes once the target has them.
    /// Replaying a change twice does no harm.
    pub(super) async fn replay(&self, ends: &Ends<'_>) -> Result<u64, MoveError> {
        let read = self.server("to read the changes made meanwhile");
        let patience = set_lock_timeout(self.options.wait);
        let begin = format!("ISOLATION LEVEL REPEATABLE READ, READ WRITE; {patience}");
        ends.reader.begin(&begin).await.map_err(&read)?;
        let count = self.replay_by(ends.reader, ends).await?;
        ends.reader.execute("COMMIT").await.map_err(&read)?;
        Ok(count)
    }

    /// Replays the last changes, in the transaction that locks out writes. Any other session would queue behind a
    /// TRUNCATE that waits for those locks, while this transaction waits for that session: a deadlock that no server
    /// can see.
    pub(super) async fn replay_rest(&self, guard: &DriverSession, ends: &Ends<'_>) -> Result<u64, MoveError> {
        let count = self.replay_by(guard, ends).await?;
        let done = guard.execute("SET LOCAL search_path = ''").await;
        done.map_err(self.server("to read the changes made meanwhile"))?;
        Ok(count)
    }

    async fn replay_by(&self, reader: &DriverSession, ends: &Ends<'_>) -> Result<u64, MoveError> {
        let (read, write) = (
            self.server("to read the changes made meanwhile"),
            self.server("to replay the changes made meanwhile"),
        );
        let writer = ends.writer;
        reader.execute(&ends.source.path(false)).await.map_err(&read)?;
        let changed = ends.changed(reader).await.map_err(&read)?;
        let count = changed.iter().map(|(_, count, _)| count).sum::<u64>();
        if count > 0 {
            writer
                .begin("ISOLATION LEVEL READ COMMITTED, READ WRITE")
                .await
                .map_err(&write)?;
            writer.execute(&ends.target.path(false)).await.map_err(&write)?;
            let (from, to) = (ends.source.journal(), ends.target.journal());
            let keys = format!("COPY (SELECT DISTINCT name, key FROM {from} WHERE key IS NOT NULL) TO STDOUT");
            let copied = pipe(reader, &keys, writer, &format!("COPY {to} FROM STDIN")).await;
            copied.map_err(|end| self.end(end))?;
            for (name, _, was_emptied) in &changed {
                let find = |tables: &[KeyedTable]| tables.iter().find(|keyed| keyed.table.name == *name).cloned();
                let (Some(there), Some(here)) = (find(&ends.read), find(&ends.written)) else {
                    return Err(MoveError::Changed {
                        tenant: self.tenant.clone(),
                    });
                };
                let (delete, select) = if *was_emptied {
                    (
                        format!("DELETE FROM ONLY {}", name_of(ends.target, &here)),
                        there.table.copy_out(&ends.source.schema),
                    )
                } else {
                    (delete(ends.target, &here), select(ends.source, &there))
                };
                writer.execute(&delete).await.map_err(&write)?;
                let copied = pipe(reader, &select, writer, &here.table.copy_in(&ends.target.schema)).await;
                copied.map_err(|end| self.end(end))?;
            }
            writer
                .execute(&format!("DELETE FROM {to}; COMMIT"))
                .await
                .map_err(&write)?;
        }
        let forget = format!("DELETE FROM {}", ends.source.journal());
        reader.execute(&forget).await.map_err(&read)?;
        Ok(count)
    }
}

impl Ends<'_> {
    /// Tables that were written to, how many times, and whether they were emptied.
    async fn changed(&self, reader: &DriverSession) -> Result<Vec<(String, u64, bool)>, Error> {
        let sql = format!(
            "SELECT name, pg_catalog.count(*), pg_catalog.bool_or(key IS NULL) FROM {} GROUP BY name ORDER BY name",
            self.source.journal()
        );
        let rows = reader.query(&sql, &[]).await?;
        let changed = rows.iter().map(|row| {
            let count: i64 = row.try_get(1)?;
            Ok((row.try_get(0)?, count.unsigned_abs(), row.try_get(2)?))
        });
        changed.collect()
    }
}

fn name_of(site: &Site, keyed: &KeyedTable) -> String {
    format!("{}.{}", site.schema.quoted(), identifier(&keyed.table.name))
}

/// The keys of a table in the journal, as rows `r`.
fn keys(site: &Site, keyed: &KeyedTable) -> String {
    let columns: Vec<String> = keyed
        .key
        .iter()
        .map(|(name, of)| format!("{} {of}", identifier(name)))
        .collect();
    format!(
        "(SELECT DISTINCT r.* FROM {} j CROSS JOIN LATERAL pg_catalog.jsonb_to_record(j.key) AS r ({}) WHERE j.name = {}) r",
        site.journal(),
        columns.join(", "),
        literal(&keyed.table.name)
    )
}

/// The condition that row `x` is one of `r`.
fn is_one(keyed: &KeyedTable) -> String {
    let equal = keyed
        .key
        .iter()
        .map(|(name, _)| format!("x.{0} = r.{0}", identifier(name)));
    equal.collect::<Vec<_>>().join(" AND ")
}

fn delete(site: &Site, keyed: &KeyedTable) -> String {
    format!(
        "DELETE FROM ONLY {} x USING {} WHERE {}",
        name_of(site, keyed),
        keys(site, keyed),
        is_one(keyed)
    )
}

fn select(site: &Site, keyed: &KeyedTable) -> String {
    let columns: Vec<String> = keyed
        .table
        .columns
        .iter()
        .map(|column| format!("x.{}", identifier(column)))
        .collect();
    format!(
        "COPY (SELECT {} FROM ONLY {} x JOIN {} ON {}) TO STDOUT",
        columns.join(", "),
        name_of(site, keyed),
        keys(site, keyed),
        is_one(keyed)
    )
}
