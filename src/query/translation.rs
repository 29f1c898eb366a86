use std::sync::{
    Arc, LazyLock,
    atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Relaxed, SeqCst},
    },
};

use crate::{SchemaName, backend::postgres::engine::TypeScope, translate::SchemaTranslateMap};

/// A map, and what else is known of the schema it leads to: everything that is needed to translate a query for the
/// tenant.
#[derive(Debug)]
pub(crate) struct Translation {
    /// Tells translations apart in cache keys; never used twice in a process.
    id: u64,
    map: SchemaTranslateMap,
    /// The OID of the schema that unqualified names lead to, or the number that stands for a database or file. Another
    /// schema that gets the same name has another one. `None` if it was not looked up.
    namespace: Option<u64>,
    /// Whether a statement has named a type that is not built into the database.
    names_types: AtomicBool,
}

impl Translation {
    pub(crate) fn new(map: SchemaTranslateMap) -> Self {
        Self::of_schema(map, None)
    }

    /// The translation of a connection that waits in a pool: it is for pinned tables only.
    pub(crate) fn of_pinned_tables() -> Arc<Self> {
        static PINNED_TABLES_ONLY: LazyLock<Arc<Translation>> =
            LazyLock::new(|| Arc::new(Translation::new(SchemaTranslateMap::new())));

        Arc::clone(&PINNED_TABLES_ONLY)
    }

    /// A translation whose schema was looked up. Connections look up the types anew that they know by another
    /// translation, so the schema's types must not have changed for as long as the translation is kept.
    pub(crate) fn of_schema(map: SchemaTranslateMap, namespace: Option<u64>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT.fetch_add(1, Relaxed),
            map,
            namespace,
            names_types: AtomicBool::new(false),
        }
    }

    pub(crate) fn namespace(&self) -> Option<u64> {
        self.namespace
    }

    /// Whether connections may know types by this translation.
    pub(crate) fn names_types(&self) -> bool {
        self.names_types.load(SeqCst)
    }

    /// Where types are looked for first that a statement names. Noted ahead of the look-up: whoever finds that the
    /// schema has other types now finds as well that connections may know those of before.
    pub(crate) fn scope_of_types(&self) -> Option<TypeScope> {
        let schema = self.map.unqualified()?;
        if !self.names_types() {
            self.names_types.store(true, SeqCst);
        }
        Some(TypeScope {
            schema: schema.as_str().into(),
            version: self.namespace.map_or(0, |_| self.id),
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn map(&self) -> &SchemaTranslateMap {
        &self.map
    }

    /// The schema in which a type is that a query names with this schema.
    pub(crate) fn schema_of_type<'a>(&'a self, schema: &'a str) -> &'a str {
        self.map.get(schema).map_or(schema, SchemaName::as_str)
    }
}
