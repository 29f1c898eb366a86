use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Instant,
};

use super::{CheckoutError, Target, TenantPool, deadline::Deadline, remembered::Remembered};
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantStatus,
    tenancy::{DirectoryCache, DirectoryEntry, DirectoryError, Placement, Tables, TenantDirectory},
    translate::SchemaTranslateMap,
};

/// A directory, and what it answered lately.
pub(super) struct Resolver {
    pub(super) directory: Arc<dyn TenantDirectory>,
    tenants: Remembered<SchemaName, Arc<Resolved>>,
    domains: Remembered<String, SchemaName>,
    /// When this process last heard that something was done to a tenant.
    heard: Mutex<Option<Instant>>,
}

/// What a checkout for a tenant needs to know.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) entry: DirectoryEntry,
    pub(super) map: SchemaTranslateMap,
    /// The OID of the schema in which it was first met; 0 before that.
    namespace: AtomicU32,
}

impl Resolved {
    /// The schema by its OID, once somebody has been there.
    #[cfg(feature = "_web")]
    pub(super) fn namespace(&self) -> Option<u32> {
        Some(self.namespace.load(Relaxed)).filter(|&namespace| namespace != 0)
    }

    /// Notes where the tenant was met, unless it was met before.
    pub(super) fn meet(&self, namespace: Option<u32>) {
        if let Some(namespace) = namespace
            && self.namespace.load(Relaxed) == 0
        {
            let _ = self.namespace.compare_exchange(0, namespace, Relaxed, Relaxed);
        }
    }
}

impl Resolver {
    pub(super) fn new(directory: Arc<dyn TenantDirectory>, times: DirectoryCache) -> Self {
        Self {
            directory,
            tenants: Remembered::new(times),
            domains: Remembered::new(times),
            heard: Mutex::default(),
        }
    }

    /// Another tenant, or none, may have the name from now on: domains that led to it may lead elsewhere, and others to it.
    pub(super) fn forget(&self, tenant: &SchemaName) {
        self.tenants.forget(tenant);
        self.domains
            .forget_if(|owner| owner.is_none_or(|owner| owner == tenant));
        self.hear();
    }

    fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether something was done to any tenant since, as far as this process heard.
    pub(super) fn heard_since(&self, then: Instant) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|heard| then <= heard)
    }

    pub(super) fn forget_domain(&self, domain: &str) {
        self.domains.forget(domain);
    }

    pub(super) fn forget_all(&self) {
        self.tenants.forget_all();
        self.domains.forget_all();
        self.hear();
    }
}

impl TenantPool {
    /// Where a tenant lives, by the directory. Tenants whom nobody may check out are errors.
    pub(super) async fn resolve(
        &self,
        resolver: &Resolver,
        tenant: &SchemaName,
        deadline: Deadline,
    ) -> Result<Arc<Resolved>, CheckoutError> {
        let target = || Target::Tenant(tenant.clone());
        let found = match resolver.tenants.get(tenant) {
            Some(found) => found,
            None => {
                let find = async {
                    let found = resolver.directory.find(tenant, self).await;
                    let found = found.and_then(|entry| Ok(entry.map(|entry| self.resolved(entry)).transpose()?));
                    Ok(found.map_err(DirectoryError::new)?.map(Arc::new))
                };
                Box::pin(in_time(target, deadline, resolver.tenants.get_or_find(tenant, find))).await?
            }
        };
        match found {
            Ok(Some(resolved)) => match resolved.entry.status {
                TenantStatus::Active => Ok(resolved),
                TenantStatus::Suspended => Err(CheckoutError::SuspendedTenant { tenant: tenant.clone() }),
                _ => Err(CheckoutError::UnknownTenant { tenant: tenant.clone() }),
            },
            Ok(None) => Err(CheckoutError::UnknownTenant { tenant: tenant.clone() }),
            Err(source) => Err(CheckoutError::Directory {
                target: target(),
                source,
            }),
        }
    }

    /// Where a tenant lives, whatever its status. The directory is asked now; without a directory it is the schema of
    /// the tenant's name. `None` if the directory knows no tenant of that name.
    ///
    /// # Errors
    /// [`CheckoutError`]: the name is invalid, or the directory can't be asked.
    pub async fn placement_of(&self, tenant: impl IntoSchemaName) -> Result<Option<Placement>, CheckoutError> {
        let tenant = self.tenant_name(tenant)?;
        let Some(resolver) = self.resolver() else {
            return Ok(Some(Placement::schema(tenant)));
        };
        let target = || Target::Tenant(tenant.clone());
        let found = in_time(target, self.deadline(), resolver.directory.find(&tenant, self)).await?;
        let found = found.map_err(|source| CheckoutError::Directory {
            target: target(),
            source: DirectoryError::new(source),
        })?;
        Ok(found.map(|entry| entry.placement))
    }

    /// The shared schema, or another that is no tenant's, may be a tenant's in another database only.
    fn resolved(&self, entry: DirectoryEntry) -> Result<Resolved, SchemaNameError> {
        let schema = match &entry.placement.tables {
            Tables::Schema(schema) if entry.placement.database.is_none() => self.tenant_name(schema)?,
            Tables::Schema(schema) => schema.clone(),
            Tables::Rows(_) => self.shared_schema().clone(),
        };
        Ok(Resolved {
            map: self.map_of(&schema),
            entry,
            namespace: AtomicU32::new(0),
        })
    }

    /// The tenant to whom a domain belongs, by the pool's [directory](TenantDirectory); `None` if the domain belongs to
    /// nobody, or the pool has no directory. Case and a dot at the end don't matter.
    ///
    /// # Errors
    /// [`CheckoutError::Directory`] if the directory can't be asked.
    pub async fn tenant_of_domain(&self, domain: &str) -> Result<Option<SchemaName>, CheckoutError> {
        let Some(resolver) = self.resolver() else {
            return Ok(None);
        };
        let domain = canonical_domain(domain);
        // No domain is longer; whatever else is, need not be remembered.
        if domain.is_empty() || domain.len() > 253 {
            return Ok(None);
        }
        let find = async {
            let found = resolver.directory.find_domain(&domain, self).await;
            found.map_err(DirectoryError::new)
        };
        let target = || Target::Domain(domain.clone());
        let found = in_time(target, self.deadline(), resolver.domains.get_or_find(&domain, find));
        found.await?.map_err(|source| CheckoutError::Directory {
            target: target(),
            source,
        })
    }
}

async fn in_time<T>(
    target: impl Fn() -> Target,
    deadline: Deadline,
    answer: impl Future<Output = T>,
) -> Result<T, CheckoutError> {
    deadline
        .bound(answer)
        .await
        .ok_or_else(|| CheckoutError::LookupTimeout {
            target: target(),
            waited: deadline.limit(),
        })
}

/// A domain as directories know it: in lower case, without a dot at its end.
pub(crate) fn canonical_domain(domain: &str) -> String {
    domain.strip_suffix('.').unwrap_or(domain).to_lowercase()
}
