//! Which domains lead to which tenants, in the tables of [`DirectoryTables`](super::DirectoryTables).

use diesel::{
    OptionalExtension, QueryableByName,
    result::Error as DieselError,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::{
    IntoSchemaName, Postgres, SchemaName, SchemaNameError, TenantPool,
    pool::{Backend, CheckoutError},
    tenancy::canonical_domain,
};

/// A domain of a tenant; see [`TenantPool::domains`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TenantDomain {
    /// The domain, in lower case and in ASCII, without a dot at its end.
    pub domain: String,
    /// The tenant to which the domain leads.
    pub tenant: String,
    /// Whether this is the tenant's main domain.
    pub is_primary: bool,
}

/// Why a domain was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// No tenant can have that name.
    #[error("no tenant can have that name")]
    InvalidName(#[from] SchemaNameError),
    /// The text can't be a domain.
    #[error("{domain:?} can't be a domain: {reason}")]
    Invalid {
        /// The text.
        domain: String,
        /// Why not.
        reason: &'static str,
    },
    /// The pool has no directory, so nothing leads from domains to tenants.
    #[error("the pool has no directory of tenants: create its tables by `prepare_directory`")]
    NoDirectory,
    /// There is no such tenant.
    #[error("there is no tenant {:?} that could have a domain", .tenant.as_str())]
    UnknownTenant {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The domain leads to another tenant.
    #[error("domain {domain:?} belongs to tenant {tenant:?}: remove it there first")]
    Taken {
        /// The domain.
        domain: String,
        /// Its tenant.
        tenant: String,
    },
    /// The domain leads to no tenant.
    #[error("domain {domain:?} belongs to no tenant: add it first")]
    Unknown {
        /// The domain.
        domain: String,
    },
    /// There is no connection.
    #[error("can't connect to the directory's tables")]
    Connect(#[from] Box<CheckoutError>),
    /// The database refused.
    #[error("can't read or change the directory's table `domains`")]
    Refused(#[from] DieselError),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    domain: String,
    #[diesel(sql_type = Text)]
    tenant: String,
    #[diesel(sql_type = Bool)]
    is_primary: bool,
}

/// The domain as the table has it.
fn checked(domain: &str) -> Result<String, DomainError> {
    let invalid = |reason| DomainError::Invalid {
        domain: domain.to_owned(),
        reason,
    };
    let canonical = canonical_domain(domain);
    if !canonical.is_ascii() {
        return Err(invalid("write it in ASCII, as in xn--bcher-kva.example"));
    }
    if canonical.is_empty() || canonical.len() > 253 {
        return Err(invalid("a domain has 1 to 253 characters"));
    }
    let is_label = |label: &str| {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.len() <= 63 && label.bytes().all(is_fine)
    };
    if !canonical.split('.').all(is_label) {
        return Err(invalid(
            "each of its parts has 1 to 63 letters, digits, hyphens and underscores; leave out the protocol, the port \
             and the path",
        ));
    }
    Ok(canonical.to_string())
}

/// Makes sure that there is a directory.
fn require_directory<B: Backend>(pool: &TenantPool<B>) -> Result<(), DomainError> {
    pool.directory().map(|_| ()).ok_or(DomainError::NoDirectory)
}

fn quoted<B: Backend>(pool: &TenantPool<B>) -> String {
    pool.shared_schema().quoted().to_string()
}

fn by_domain(shared: &str, parameter: &str) -> String {
    format!("SELECT domain, tenant, is_primary FROM {shared}.domains WHERE domain = {parameter}")
}

fn forget<B: Backend>(pool: &TenantPool<B>, domain: &str) {
    if let Some(remembered) = pool.remembered() {
        remembered.known.forget_domain(domain);
    }
}

/// Writes the methods for a kind of database: how it writes the name of the shared schema, its parameters, and an
/// insertion that does nothing if the domain is there.
macro_rules! domains {
    ($backend:ty, $quoted:expr, $first:literal, $second:literal, $insert:literal, $text:literal, $or_nothing:literal) => {
        /// # Domains of tenants
        ///
        /// In the table `domains` of [`DirectoryTables`](crate::directory::DirectoryTables).
        impl TenantPool<$backend> {
            /// Lets a domain lead to a tenant. Case and a dot at the end don't matter. Returns false if it leads there
            /// already.
            ///
            /// A domain that was another tenant's still leads there, in processes that don't
            /// [listen](crate::TenantPoolBuilder::listen), until their remembered answer is too old
            /// ([`DirectoryCache::ttl`](crate::DirectoryCache::ttl)).
            ///
            /// # Errors
            /// [`DomainError`]; nothing is changed then.
            pub async fn add_domain(&self, tenant: impl IntoSchemaName, domain: &str) -> Result<bool, DomainError> {
                let (tenant, domain) = (self.tenant_name(tenant)?, checked(domain)?);
                require_directory(self)?;
                let mut connection = self.shared().get().await.map_err(Box::new)?;
                let shared = $quoted(self);
                let sql = format!(
                    "{} INTO {shared}.domains (domain, tenant) SELECT CAST({} AS {}), t.name FROM {shared}.tenants t \
                     WHERE t.name = {} AND t.status IN ('active', 'suspended') {}",
                    $insert, $first, $text, $second, $or_nothing
                );
                let query = diesel::sql_query(sql)
                    .bind::<Text, _>(&domain)
                    .bind::<Text, _>(tenant.as_str());
                let is_added = query.execute(&mut connection).await? == 1;
                forget(self, &domain);
                if is_added {
                    return Ok(true);
                }
                let query = diesel::sql_query(by_domain(&shared, $first)).bind::<Text, _>(&domain);
                match query.get_result::<Row>(&mut connection).await.optional()? {
                    Some(Row { tenant: owner, .. }) if owner == tenant.as_str() => Ok(false),
                    Some(Row { tenant, .. }) => Err(DomainError::Taken { domain, tenant }),
                    None => Err(DomainError::UnknownTenant { tenant }),
                }
            }

            /// Lets a domain lead to no tenant any more. Returns false if it led to none.
            ///
            /// # Errors
            /// [`DomainError`]; nothing is changed then.
            pub async fn remove_domain(&self, domain: &str) -> Result<bool, DomainError> {
                let domain = checked(domain)?;
                require_directory(self)?;
                let mut connection = self.shared().get().await.map_err(Box::new)?;
                let sql = format!("DELETE FROM {}.domains WHERE domain = {}", $quoted(self), $first);
                let query = diesel::sql_query(sql).bind::<Text, _>(&domain);
                let removed = query.execute(&mut connection).await?;
                forget(self, &domain);
                Ok(removed == 1)
            }

            /// Makes a domain the main one of its tenant.
            ///
            /// # Errors
            /// [`DomainError`]; nothing is changed then.
            pub async fn set_primary_domain(&self, domain: &str) -> Result<(), DomainError> {
                let domain = checked(domain)?;
                require_directory(self)?;
                let mut connection = self.shared().get().await.map_err(Box::new)?;
                let shared = $quoted(self);
                let query = diesel::sql_query(by_domain(&shared, $first)).bind::<Text, _>(&domain);
                let owner = query.get_result::<Row>(&mut connection).await.optional()?;
                let Some(Row { tenant, .. }) = owner else {
                    return Err(DomainError::Unknown { domain });
                };
                // In two statements: for a moment two rows of one statement would both be the main one.
                let clear = format!(
                    "UPDATE {shared}.domains SET is_primary = FALSE WHERE is_primary AND tenant = {} AND domain <> {}",
                    $first, $second
                );
                let set = format!(
                    "UPDATE {shared}.domains SET is_primary = TRUE WHERE domain = {} AND tenant = {}",
                    $first, $second
                );
                let set = connection
                    .transaction(async |connection| {
                        let clear = diesel::sql_query(clear)
                            .bind::<Text, _>(&tenant)
                            .bind::<Text, _>(&domain);
                        clear.execute(connection).await?;
                        let set = diesel::sql_query(set)
                            .bind::<Text, _>(&domain)
                            .bind::<Text, _>(&tenant);
                        match set.execute(connection).await? {
                            // It went to another tenant meanwhile.
                            0 => Err(DieselError::NotFound),
                            _ => Ok(()),
                        }
                    })
                    .await;
                match set {
                    Err(DieselError::NotFound) => Err(DomainError::Unknown { domain }),
                    set => Ok(set?),
                }
            }

            /// All domains with their tenants, sorted by tenant and domain.
            ///
            /// # Errors
            /// [`DomainError`], if the directory can't be asked.
            pub async fn domains(&self) -> Result<Vec<TenantDomain>, DomainError> {
                require_directory(self)?;
                let mut connection = self.shared().get().await.map_err(Box::new)?;
                let sql = format!("SELECT domain, tenant, is_primary FROM {}.domains", $quoted(self));
                let rows: Vec<Row> = diesel::sql_query(sql).load(&mut connection).await?;
                let mut domains: Vec<TenantDomain> = rows.into_iter().map(TenantDomain::from).collect();
                domains.sort_by(|one, other| (&one.tenant, &one.domain).cmp(&(&other.tenant, &other.domain)));
                Ok(domains)
            }

            /// The domains of a tenant: its main one first, if it has one, and the others sorted.
            ///
            /// # Errors
            /// [`DomainError`], if the directory can't be asked.
            pub async fn domains_of(&self, tenant: impl IntoSchemaName) -> Result<Vec<TenantDomain>, DomainError> {
                let tenant = self.name_of_existing(tenant)?;
                require_directory(self)?;
                let mut connection = self.shared().get().await.map_err(Box::new)?;
                let sql = format!(
                    "SELECT domain, tenant, is_primary FROM {}.domains WHERE tenant = {}",
                    $quoted(self),
                    $first
                );
                let query = diesel::sql_query(sql).bind::<Text, _>(tenant.as_str());
                let rows: Vec<Row> = query.load(&mut connection).await?;
                let mut domains: Vec<TenantDomain> = rows.into_iter().map(TenantDomain::from).collect();
                domains.sort_by(|one, other| (!one.is_primary, &one.domain).cmp(&(!other.is_primary, &other.domain)));
                Ok(domains)
            }
        }
    };
}

domains!(Postgres, quoted, "$1", "$2", "INSERT", "text", "ON CONFLICT DO NOTHING");
#[cfg(feature = "sqlite")]
domains!(
    crate::Sqlite,
    quoted,
    "?",
    "?",
    "INSERT",
    "text",
    "ON CONFLICT DO NOTHING"
);
#[cfg(feature = "mysql")]
domains!(
    crate::Mysql,
    |pool: &TenantPool<crate::Mysql>| crate::backend::mysql::quote::database(pool.shared_schema()),
    "?",
    "?",
    "INSERT IGNORE",
    "CHAR",
    ""
);

impl From<Row> for TenantDomain {
    fn from(
        Row {
            domain,
            tenant,
            is_primary,
        }: Row,
    ) -> Self {
        Self {
            domain,
            tenant,
            is_primary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_labels_without_anything_around_them() {
        assert_eq!(checked("Shop.Example.ORG.").unwrap(), "shop.example.org");
        assert_eq!(checked("localhost").unwrap(), "localhost");
        for wrong in [
            "",
            ".",
            "a..b",
            ".example.org",
            "https://example.org",
            "example.org:80",
            "example.org/x",
            "bücher.example",
            "a b",
            "x';--",
            "*.example.org",
        ] {
            assert!(matches!(checked(wrong), Err(DomainError::Invalid { .. })), "{wrong}");
        }
    }
}
