//! A directory's answers: one cache for tenants, one for domains.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use super::directory_answers::DirectoryAnswers;
use crate::{
    SchemaName,
    tenancy::{DirectoryCache, DirectoryEntry},
    translate::{CacheStatistics, SchemaTranslateMap},
};

/// A directory's latest answers.
pub(crate) struct KnownTenants {
    pub(crate) tenants: DirectoryAnswers<SchemaName, Arc<Resolved>>,
    pub(crate) domains: DirectoryAnswers<String, SchemaName>,
    /// When this process last heard that a tenant was changed.
    heard: Mutex<Option<Instant>>,
}

/// What a checkout for a tenant needs to know.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) entry: DirectoryEntry,
    pub(crate) map: SchemaTranslateMap,
    /// The OID of the tenant's schema when this process first looked it up; 0 before that.
    namespace: AtomicU64,
}

impl Resolved {
    pub(crate) fn new(entry: DirectoryEntry, map: SchemaTranslateMap) -> Self {
        Self {
            entry,
            map,
            namespace: AtomicU64::new(0),
        }
    }

    /// The OID of the tenant's schema, once it was looked up.
    #[cfg(feature = "_web")]
    pub(crate) fn namespace(&self) -> Option<u64> {
        Some(self.namespace.load(Relaxed)).filter(|&namespace| namespace != 0)
    }

    /// Records the OID of the tenant's schema, unless one is recorded.
    pub(crate) fn record_schema_oid(&self, namespace: Option<u64>) {
        if let Some(namespace) = namespace
            && self.namespace.load(Relaxed) == 0
        {
            let _ = self.namespace.compare_exchange(0, namespace, Relaxed, Relaxed);
        }
    }
}

impl KnownTenants {
    pub(crate) fn new(times: DirectoryCache) -> Self {
        Self {
            tenants: DirectoryAnswers::new(times),
            domains: DirectoryAnswers::new(times),
            heard: Mutex::default(),
        }
    }

    /// The figures of the answers about tenants.
    pub(crate) fn statistics(&self) -> CacheStatistics {
        self.tenants.statistics()
    }

    /// Another tenant, or none, may have the name from now on. So the remembered domains of that tenant are forgotten,
    /// and the domains that had no tenant.
    pub(crate) fn forget(&self, tenant: &SchemaName) {
        self.tenants.forget(tenant);
        self.domains
            .forget_if(|owner| owner.is_none_or(|owner| owner == tenant));
        self.hear();
    }

    fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether this process has heard since `then` that any tenant was changed.
    pub(crate) fn heard_since(&self, then: Instant) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|heard| then <= heard)
    }

    pub(crate) fn forget_domain(&self, domain: &str) {
        self.domains.forget(domain);
    }

    pub(crate) fn forget_all(&self) {
        self.tenants.forget_all();
        self.domains.forget_all();
        self.hear();
    }
}
