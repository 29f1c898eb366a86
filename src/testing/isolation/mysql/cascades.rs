//! What foreign keys change in other tables. The server counts none of it, and opens the tables also where nothing is
//! changed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Access, AuditError, Leak},
    Object, leak,
    observer::{Observer, Said},
};

/// Tables that a change of an allowed table changes by foreign keys, and when they were last changed.
pub(super) struct Cascades(BTreeMap<Object, String>);

const FOREIGN_KEYS: &str = "SELECT CONSTRAINT_SCHEMA AS `schema`, TABLE_NAME AS object, \
     CONCAT(UNIQUE_CONSTRAINT_SCHEMA, '/', REFERENCED_TABLE_NAME) AS said FROM information_schema.REFERENTIAL_CONSTRAINTS \
     WHERE UPDATE_RULE IN ('CASCADE', 'SET NULL') OR DELETE_RULE IN ('CASCADE', 'SET NULL')";

const CHANGED: &str = "SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS object, \
     CAST(COALESCE(UPDATE_TIME, '') AS CHAR) AS said FROM information_schema.TABLES";

/// Until the next second begins.
const WAIT: &str = "DO SLEEP(1.001 - MICROSECOND(SYSDATE(6)) / 1000000)";

impl Cascades {
    pub(super) async fn begin(observer: &mut Observer, allowed: &[String]) -> Result<Self, AuditError> {
        let keys: Vec<Said> = observer.rows("list the foreign keys", FOREIGN_KEYS).await?;
        let keys: Vec<(Object, Object)> = keys
            .into_iter()
            .filter_map(|key| {
                let (table, referenced) = key.of();
                let (schema, object) = referenced.split_once('/')?;
                Some((table, (schema.to_owned(), object.to_owned())))
            })
            .collect();
        let tables = reached(&keys, allowed);
        if !tables.is_empty() {
            // The times are in seconds.
            observer.run("wait for the next second", WAIT).await?;
        }
        times(observer, &tables).await.map(Self)
    }

    pub(super) fn contains(&self, table: &Object) -> bool {
        self.0.contains_key(table)
    }

    /// Those that were changed since.
    pub(super) async fn since(&self, observer: &mut Observer) -> Result<Vec<Leak>, AuditError> {
        let Self(before) = self;
        let now = times(observer, &before.keys().cloned().collect()).await?;
        let changed = now.iter().filter(|(table, time)| before.get(*table) != Some(*time));
        Ok(changed
            .map(|(table, time)| leak(table, Access::Written, format!("a foreign key changed it at {time}")))
            .collect())
    }
}

async fn times(observer: &mut Observer, tables: &BTreeSet<Object>) -> Result<BTreeMap<Object, String>, AuditError> {
    if tables.is_empty() {
        return Ok(BTreeMap::new());
    }
    let times: Vec<Said> = observer.rows("ask when tables were changed", CHANGED).await?;
    let times = times.into_iter().map(Said::of);
    Ok(times.filter(|(table, _)| tables.contains(table)).collect())
}

/// The tables that are not allowed, and refer to those that are, or to one another in turn.
fn reached(keys: &[(Object, Object)], allowed: &[String]) -> BTreeSet<Object> {
    let mut reached = BTreeSet::new();
    loop {
        let more = keys.iter().find(|(table, referenced)| {
            let begins = allowed.contains(&referenced.0) || reached.contains(referenced);
            begins && !allowed.contains(&table.0) && !reached.contains(table)
        });
        match more {
            Some((table, _)) => reached.insert(table.clone()),
            None => return reached,
        };
    }
}
