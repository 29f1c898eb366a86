//! What the server counts: scans, rows and pages of each table, calls of functions.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    super::{Access, AuditError, Leak},
    observer::Observer,
};

/// Before version 15, sessions send their counts to a process that shows them up to half a second later.
const COLLECTOR_DELAY: Duration = Duration::from_millis(600);

const PATIENCE: Duration = Duration::from_secs(10);

/// The counts of everything that isn't the tenant's, by schema and name.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Counters {
    relations: BTreeMap<(String, String), Counts>,
    functions: BTreeMap<(String, String), i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    scans: i64,
    rows_scanned: i64,
    index_scans: i64,
    inserted: i64,
    updated: i64,
    deleted: i64,
    pages: i64,
    maintained: i64,
    /// By autovacuum, which looks at pages of all tables.
    maintained_automatically: i64,
    is_sequence: bool,
}

impl Counters {
    /// Reads the counters once they are complete. All other sessions have ended.
    pub(super) async fn read(observer: &Observer, allowed: &[String]) -> Result<Self, AuditError> {
        let mut counters = Self::read_now(observer, allowed).await?;
        if observer.version >= 150_000 {
            return Ok(counters);
        }
        let begun = Instant::now();
        let mut still_since = begun;
        while still_since.elapsed() < COLLECTOR_DELAY {
            if begun.elapsed() > PATIENCE {
                return Err(AuditError::Restless {
                    database: observer.database.clone(),
                    waited: begun.elapsed(),
                });
            }
            sleep(COLLECTOR_DELAY / 4).await;
            let now = Self::read_now(observer, allowed).await?;
            if now != counters {
                counters = now;
                still_since = Instant::now();
            }
        }
        Ok(counters)
    }

    async fn read_now(observer: &Observer, allowed: &[String]) -> Result<Self, AuditError> {
        let attempt = "read the counters of tables";
        let rows = observer
            .query(attempt, include_str!("counters.sql"), &[&allowed])
            .await?;
        let relations = rows.iter().map(|row| {
            let counts = Counts {
                scans: row.get(2),
                rows_scanned: row.get(3),
                index_scans: row.get(4),
                inserted: row.get(5),
                updated: row.get(6),
                deleted: row.get(7),
                pages: row.get(8),
                maintained: row.get(9),
                maintained_automatically: row.get(10),
                is_sequence: row.get(11),
            };
            ((row.get(0), row.get(1)), counts)
        });
        let relations = relations.collect();
        let attempt = "read the counters of functions";
        let rows = observer
            .query(attempt, include_str!("functions.sql"), &[&allowed])
            .await?;
        let functions = rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2)));
        Ok(Self {
            relations,
            functions: functions.collect(),
        })
    }

    /// What was done since then.
    pub(super) fn since(&self, before: &Self) -> Vec<Leak> {
        let mut leaks = Vec::new();
        for (name, now) in &self.relations {
            let then = before.relations.get(name).copied().unwrap_or_default();
            leaks.extend(
                now.since(then)
                    .into_iter()
                    .map(|(access, evidence)| leak(name, access, evidence)),
            );
        }
        for (name, now) in &self.functions {
            let calls = now - before.functions.get(name).copied().unwrap_or_default();
            if calls > 0 {
                leaks.push(leak(name, Access::Called, count(calls, "call")));
            }
        }
        leaks
    }
}

impl Counts {
    fn since(&self, then: Self) -> Option<(Access, String)> {
        let Self {
            scans,
            rows_scanned,
            index_scans,
            inserted,
            updated,
            deleted,
            pages,
            maintained,
            maintained_automatically,
            is_sequence,
        } = *self;
        let written = [
            (inserted - then.inserted, "row inserted", "rows inserted"),
            (updated - then.updated, "row updated", "rows updated"),
            (deleted - then.deleted, "row deleted", "rows deleted"),
        ];
        let read = [
            (scans - then.scans, "sequential scan", "sequential scans"),
            (index_scans - then.index_scans, "index scan", "index scans"),
            (rows_scanned - then.rows_scanned, "row scanned", "rows scanned"),
            (maintained - then.maintained, "VACUUM or ANALYZE", "VACUUM or ANALYZE"),
        ];
        let shown = |counts: &[(i64, &str, &str)]| -> Vec<String> {
            let counts = counts.iter().filter(|(count, ..)| *count > 0);
            counts
                .map(|(count, one, more)| format!("{count} {}", if *count == 1 { one } else { more }))
                .collect()
        };
        let (mut evidence, reads) = (shown(&written), shown(&read));
        let access = match evidence.is_empty() {
            true => Access::Read,
            false => Access::Written,
        };
        evidence.extend(reads);
        // Some ways to read count only pages, such as that by a row's place. A page of an index is read for a plan, too.
        let pages = pages - then.pages;
        if evidence.is_empty() && pages > 0 && maintained_automatically == then.maintained_automatically {
            if is_sequence {
                return Some((Access::Written, format!("{} of the sequence", count(pages, "use"))));
            }
            evidence.push(count(pages, "page"));
        }
        (!evidence.is_empty()).then(|| (access, evidence.join(", ")))
    }
}

fn leak((schema, object): &(String, String), access: Access, evidence: String) -> Leak {
    Leak {
        schema: schema.clone(),
        object: Some(object.clone()),
        access,
        evidence,
        statements: Vec::new(),
        is_certain: false,
    }
}

fn count(count: i64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
