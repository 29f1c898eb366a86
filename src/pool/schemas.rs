use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Array, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use quick_cache::sync::Cache;

use crate::{SchemaName, name::UNFINISHED, query::Translation, translate::SchemaTranslateMap};

/// The maps in use, each with what is known of the schema it leads to.
///
/// Only schemas that exist are remembered: a new one is seen at once, and unknown names can't fill the memory.
pub(crate) struct Schemas {
    known: Cache<SchemaTranslateMap, Known>,
    time_to_live: Duration,
}

#[derive(Clone)]
struct Known {
    translation: Arc<Translation>,
    seen: Instant,
}

impl Schemas {
    pub(super) fn new(capacity: usize, time_to_live: Duration) -> Self {
        Self {
            known: Cache::new(capacity),
            time_to_live,
        }
    }

    /// The translation of `map`, if its schema was seen lately. The caller knows the time, so that a checkout asks for it once.
    pub(super) fn get(&self, map: &SchemaTranslateMap, now: Instant) -> Option<Arc<Translation>> {
        let known = self.known.get(map)?;
        (now.saturating_duration_since(known.seen) < self.time_to_live).then_some(known.translation)
    }

    /// Asks the catalog for the schema to which `map` sends unqualified names. `None` if it does not exist.
    pub(super) async fn look_up(
        &self,
        map: &SchemaTranslateMap,
        connection: &mut AsyncPgConnection,
    ) -> QueryResult<Option<Arc<Translation>>> {
        let seen = Instant::now();
        let types = match map.unqualified() {
            None => Vec::new(),
            Some(schema) => match types_of(schema, connection).await? {
                Some(types) => types,
                None => {
                    self.known.remove(map);
                    return Ok(None);
                }
            },
        };
        let translation = match self.known.get(map) {
            // Finished texts are kept by translation: as long as nothing changed it stays the same.
            Some(known) if known.translation.has_types(&types) => known.translation,
            _ => Arc::new(Translation::with_types(map.clone(), types)),
        };
        self.known.insert(
            map.clone(),
            Known {
                translation: Arc::clone(&translation),
                seen,
            },
        );
        Ok(Some(translation))
    }

    /// Has the schema looked up anew at the next checkout.
    pub(crate) fn forget(&self, schema: &SchemaName) {
        self.known.retain(|map, _| map.unqualified() != Some(schema));
    }
}

/// The types that were made in a schema, sorted by name; `None` if there is no such schema.
async fn types_of(schema: &SchemaName, connection: &mut AsyncPgConnection) -> QueryResult<Option<Vec<String>>> {
    #[derive(QueryableByName)]
    struct Schema {
        #[diesel(sql_type = Array<Text>)]
        types: Vec<String>,
    }

    // Enums, domains, ranges, and composites other than the row types of tables.
    let schema = diesel::sql_query(
        "SELECT ARRAY(SELECT t.typname::pg_catalog.text FROM pg_catalog.pg_type t \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
         WHERE t.typnamespace = n.oid AND (t.typtype IN ('e', 'd', 'r', 'm') OR c.relkind = 'c') \
         ORDER BY t.typname COLLATE \"C\") AS types \
         FROM pg_catalog.pg_namespace n WHERE n.nspname = $1 \
         AND pg_catalog.obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM $2",
    )
    .bind::<Text, _>(schema.as_str())
    .bind::<Text, _>(UNFINISHED)
    .get_result::<Schema>(connection)
    .await
    .optional()?;
    Ok(schema.map(|schema| schema.types))
}
