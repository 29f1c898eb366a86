//! The journal: a record of the writes to a tenant while it is copied.

use std::{fmt::Write as _, time::Duration};

use tokio_postgres::{Error, error::SqlState};

use super::site::{KeyedTable, Site};
use crate::backend::postgres::{
    Backoff,
    driver::DriverSession,
    journal,
    lock_times::TABLE_LOCK_TIMEOUT,
    own_objects::JOURNAL,
    quote::{identifier, literal},
    set_lock_timeout,
};

/// For each written row, the journal keeps the table and the primary key. That a table was emptied is recorded without
/// a key.
///
/// Settings of the writing session must not change how keys are written. A role that may write to the tables needs no
/// privileges on the journal.
pub(super) fn make(site: &Site, tables: &[KeyedTable], id: &str) -> String {
    let (schema, journal) = (site.schema.quoted(), site.journal());
    // A literal, because a schema's name may contain any dollar quote.
    let body = literal(&format!(
        "DECLARE old_key pg_catalog.jsonb; new_key pg_catalog.jsonb;
         BEGIN
             IF TG_OP = 'TRUNCATE' THEN
                 INSERT INTO {journal} VALUES (TG_TABLE_NAME, NULL);
                 RETURN NULL;
             END IF;
             IF TG_OP <> 'INSERT' THEN
                 SELECT pg_catalog.jsonb_object_agg(k, pg_catalog.to_jsonb(OLD) -> k) INTO old_key FROM pg_catalog.unnest(TG_ARGV) k;
                 INSERT INTO {journal} VALUES (TG_TABLE_NAME, old_key);
             END IF;
             IF TG_OP <> 'DELETE' THEN
                 SELECT pg_catalog.jsonb_object_agg(k, pg_catalog.to_jsonb(NEW) -> k) INTO new_key FROM pg_catalog.unnest(TG_ARGV) k;
                 IF old_key IS DISTINCT FROM new_key THEN
                     INSERT INTO {journal} VALUES (TG_TABLE_NAME, new_key);
                 END IF;
             END IF;
             RETURN NULL;
         END"
    ));
    let id = literal(id);
    let mut sql = format!(
        "CREATE TABLE {journal} (name pg_catalog.text NOT NULL, key pg_catalog.jsonb);
         COMMENT ON TABLE {journal} IS {id};
         CREATE FUNCTION {journal}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' \
             SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET extra_float_digits = 3 AS {body};"
    );
    for KeyedTable { table, key } in tables {
        let name = format!("{schema}.{}", identifier(&table.name));
        let columns: Vec<String> = key.iter().map(|(column, _)| literal(column)).collect();
        // `ALWAYS`: the trigger fires in sessions that apply replicated changes, too.
        let _ = write!(
            sql,
            "CREATE TRIGGER {JOURNAL} AFTER INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW \
                 EXECUTE FUNCTION {journal}({});
             CREATE TRIGGER {JOURNAL}_emptied AFTER TRUNCATE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION {journal}();
             ALTER TABLE {name} ENABLE ALWAYS TRIGGER {JOURNAL}, ENABLE ALWAYS TRIGGER {JOURNAL}_emptied;",
            columns.join(", ")
        );
    }
    sql
}

/// A unique id for a move.
pub(super) async fn journal_id(session: &DriverSession) -> Result<String, Error> {
    let rows = session
        .query("SELECT pg_catalog.gen_random_uuid()::pg_catalog.text", &[])
        .await?;
    rows.first().map_or_else(|| Ok(String::new()), |row| row.try_get(0))
}

/// The statements that remove the whole journal, whatever its schema's name is now.
pub(super) fn remove(site: &Site) -> String {
    let journal = site.journal();
    format!("{}; DROP TABLE IF EXISTS {journal}", stop(site))
}

/// The statement that ends the recording.
pub(super) fn stop(site: &Site) -> String {
    journal::stop(&site.schema)
}

/// Runs statements that need locks on tables in use. It tries until the time is over, and returns whether it succeeded.
/// On success, the transaction in which they ran is still open.
pub(super) async fn run_with_table_locks(
    session: &DriverSession,
    sql: &str,
    patience: Duration,
) -> Result<bool, Error> {
    let mut backoff = Backoff::new(patience).at_most(TABLE_LOCK_TIMEOUT);
    loop {
        session.begin("ISOLATION LEVEL READ COMMITTED, READ WRITE").await?;
        match session
            .execute(&format!("{}; {sql}", set_lock_timeout(TABLE_LOCK_TIMEOUT)))
            .await
        {
            Ok(()) => {
                session.execute("SET LOCAL lock_timeout = 0").await?;
                return Ok(true);
            }
            Err(error) => {
                session.execute("ROLLBACK").await?;
                let is_lock = [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED];
                if !error.code().is_some_and(|code| is_lock.contains(code)) {
                    return Err(error);
                }
            }
        }
        if !backoff.pause().await {
            return Ok(false);
        }
    }
}
