use std::sync::atomic::{AtomicU64, Ordering};

use crate::{SchemaName, backend::postgres::catalog::schema::TenantType, translate::SchemaTranslateMap};

/// A map, and what else is known of the schema it leads to: everything that is needed to translate a query for the
/// tenant.
#[derive(Debug)]
pub(crate) struct Translation {
    /// Tells translations apart in cache keys; never used twice in a process.
    id: u64,
    map: SchemaTranslateMap,
    /// The types (enums, domains, composites, ranges) that live in the tenant's schema, sorted by name.
    types: Vec<TenantType>,
    /// The OID of the schema that unqualified names lead to. Another schema that gets the same name has another OID.
    /// `None` if the OID was not looked up.
    namespace: Option<u32>,
}

impl Translation {
    pub(crate) fn new(map: SchemaTranslateMap) -> Self {
        Self::with_types(map, Vec::new(), None)
    }

    /// `types` must be sorted by the bytes of their names.
    pub(crate) fn with_types(map: SchemaTranslateMap, types: Vec<TenantType>, namespace: Option<u32>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        debug_assert!(types.is_sorted());
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            map,
            types,
            namespace,
        }
    }

    pub(crate) fn namespace(&self) -> Option<u32> {
        self.namespace
    }

    pub(crate) fn types(&self) -> &[TenantType] {
        &self.types
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn map(&self) -> &SchemaTranslateMap {
        &self.map
    }

    /// The schema in which a type named by a query is to be looked up; `None` leaves it to the search path, where the
    /// types of extensions are.
    pub(crate) fn schema_of_type<'a>(&'a self, name: &str, schema: Option<&'a str>) -> Option<&'a str> {
        match schema {
            Some(schema) => Some(self.map.get(schema).map_or(schema, SchemaName::as_str)),
            None if self
                .types
                .binary_search_by(|known| known.name.as_str().cmp(name))
                .is_ok() =>
            {
                self.map.unqualified().map(SchemaName::as_str)
            }
            None => None,
        }
    }
}
