//! The types that are not built into the server, whose OIDs a connection remembers.

#[cfg(feature = "blocking")]
use std::cell::RefCell;
use std::time::Instant;

use quick_cache::unsync::Cache;

/// A type as a query names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TypeName {
    pub(super) schema: Option<Box<str>>,
    pub(super) name: Box<str>,
}

/// The OIDs of a type, and of the array of it.
pub(super) type Oids = (u32, u32);

/// The OIDs that a connection knows.
///
/// A type that a query names without a schema is looked for in the tenant's schema first, so the tenant's schema is a
/// part of the key.
pub(super) struct KnownTypes {
    known: Cache<Key, Oids>,
    /// When no type was known yet that is looked for in no tenant's schema.
    since: Instant,
    /// A statement failed as if the server knew a type by another OID now.
    are_doubtful: bool,
}

type Key = (TypeName, Option<TypeScope>);

/// The schema of a tenant, and which of its types are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TypeScope {
    pub(crate) schema: Box<str>,
    /// The number of another scope after other types, or another tenant, got the names. 0 where nobody knows when that
    /// happens.
    pub(crate) version: u64,
}

#[cfg(feature = "blocking")]
thread_local! {
    static TOLD: RefCell<Option<TypeScope>> = const { RefCell::new(None) };
}

/// Tells the next look-up of a type on this thread where types without a schema are looked for first. Diesel's
/// interface for connections that block has no other way.
#[cfg(feature = "blocking")]
pub(crate) fn tell_scope(scope: Option<TypeScope>) {
    TOLD.set(scope);
}

#[cfg(feature = "blocking")]
pub(crate) fn forget_scope() {
    TOLD.set(None);
}

/// What was told.
pub(super) fn told_scope() -> Option<TypeScope> {
    #[cfg(feature = "blocking")]
    return TOLD.take();
    #[cfg(not(feature = "blocking"))]
    None
}

/// How many types are kept. Each tenant may have some of its own.
const MOST: usize = 4096;

impl KnownTypes {
    pub(super) fn new() -> Self {
        Self {
            known: Cache::new(MOST),
            since: Instant::now(),
            are_doubtful: false,
        }
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Whether types had to be forgotten since this was last asked.
    pub(super) fn take_doubt(&mut self) -> bool {
        std::mem::take(&mut self.are_doubtful)
    }

    /// The OIDs of all these types; `None` if one is not known.
    pub(super) fn get(&self, names: &[TypeName], scope: Option<&TypeScope>) -> Option<Vec<Oids>> {
        let known = |name| self.known.get(&key(name, scope)).copied();
        names.iter().map(known).collect()
    }

    pub(super) fn insert(&mut self, name: &TypeName, scope: Option<&TypeScope>, oids: Oids) {
        self.known.insert(key(name, scope), oids);
    }

    /// Forgets types that the server may know by other OIDs now.
    pub(super) fn forget(&mut self, names: &[TypeName], scope: Option<&TypeScope>) {
        self.are_doubtful = true;
        for name in names {
            self.known.remove(&key(name, scope));
        }
    }

    /// Forgets the types that are looked for in no tenant's schema. The others have a [version](TypeScope::version).
    pub(super) fn forget_types_of_no_tenant(&mut self) {
        self.known.retain(|(_, scope), _| scope.is_some());
        self.since = Instant::now();
    }
}

/// A type in the tenant's own schema is the tenant's, whether the query names the schema or not.
fn key(name: &TypeName, scope: Option<&TypeScope>) -> Key {
    let scope = scope.filter(|scope| name.schema.as_ref().is_none_or(|schema| *schema == scope.schema));
    (name.clone(), scope.cloned())
}
