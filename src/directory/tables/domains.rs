//! The domains of tenants, in the directory's tables of any kind of database.

use diesel::{
    OptionalExtension, QueryableByName,
    result::Error as DieselError,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::find::{Owner, owner_of_domain};
use crate::{
    CheckoutError, IntoSchemaName, Postgres, SchemaName, SchemaNameError, TenantPool, tenancy::canonical_domain,
};

/// The longest domain.
const MAX_LENGTH: usize = 253;

/// A domain that leads to a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantDomain {
    /// The domain, in lower case and in ASCII, without a dot at its end.
    pub domain: String,
    /// Whether this is the tenant's main domain.
    pub is_primary: bool,
}

/// Why the domains of a tenant could not be read or changed. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// No tenant can have that name.
    #[error("no tenant can have that name")]
    InvalidName(#[from] SchemaNameError),
    /// A domain is written in a way in which no browser sends it.
    #[error(
        "{domain:?} is not a domain as browsers send it: write it in ASCII, without a port, `xn--bcher-kva.example` for \
         `bücher.example`"
    )]
    NotADomain {
        /// The text given.
        domain: String,
    },
    /// The directory has no such tenant.
    #[error("can't give domain {domain:?} to tenant {tenant:?}: the directory has no such tenant")]
    UnknownTenant {
        /// The domain.
        domain: String,
        /// The tenant.
        tenant: SchemaName,
    },
    /// The domain leads to another tenant.
    #[error("can't give domain {domain:?} to tenant {tenant:?}: it leads to tenant {other:?}; remove it there first")]
    Taken {
        /// The domain.
        domain: String,
        /// The tenant that was to get it.
        tenant: SchemaName,
        /// The tenant that has it.
        other: String,
    },
    /// The directory has no such domain.
    #[error("the directory has no domain {domain:?}")]
    UnknownDomain {
        /// The domain.
        domain: String,
    },
    /// There is no connection.
    #[error("can't connect to the directory of domains")]
    Checkout(#[from] CheckoutError),
    /// The database refused. Perhaps there are no tables of a directory.
    #[error("the directory's table of domains can't be used: does the shared schema have the tables of a directory?")]
    Database(#[from] DieselError),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    domain: String,
    #[diesel(sql_type = Bool)]
    is_primary: bool,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "that it was found is all that matters")]
    name: String,
}

/// A domain as the directory has it.
fn domain_of(domain: &str) -> Result<String, DomainError> {
    let canonical = canonical_domain(domain);
    let is_domain = !canonical.is_empty()
        && canonical.len() <= MAX_LENGTH
        && !canonical.starts_with('.')
        && !canonical.ends_with('.')
        && canonical
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':' && byte != b'/');
    match is_domain {
        true => Ok(canonical),
        false => Err(DomainError::NotADomain {
            domain: domain.to_owned(),
        }),
    }
}

macro_rules! domains {
    ($kind:ty, $shared:expr, $first:literal, $second:literal) => {
        /// # Domains
        ///
        /// The domains of tenants in the directory's tables, as
        /// [`DirectoryTables`](crate::directory::DirectoryTables) knows them. Web requests are led to tenants by them.
        impl TenantPool<$kind> {
            /// Has a domain lead to a tenant. Case and a dot at the end don't matter. Repeating the call changes nothing.
            ///
            /// # Errors
            /// [`DomainError`]; nothing is changed then.
            pub async fn add_domain(&self, tenant: impl IntoSchemaName, domain: &str) -> Result<(), DomainError> {
                let (tenant, domain) = (self.tenant_name(tenant)?, domain_of(domain)?);
                let shared = $shared(self);
                let sql = format!(
                    "INSERT INTO {shared}.domains (domain, tenant) VALUES ({}, {})",
                    $first, $second
                );
                let mut connection = self.shared().get().await?;
                let added = diesel::sql_query(sql)
                    .bind::<Text, _>(&domain)
                    .bind::<Text, _>(tenant.as_str())
                    .execute(&mut connection)
                    .await;
                if let Err(error) = added {
                    let owner = diesel::sql_query(owner_of_domain(&shared, $first)).bind::<Text, _>(&domain);
                    match owner.get_result::<Owner>(&mut connection).await.optional()? {
                        Some(owner) if owner.tenant == tenant.as_str() => {}
                        Some(owner) => {
                            return Err(DomainError::Taken {
                                domain,
                                tenant,
                                other: owner.tenant,
                            });
                        }
                        None => {
                            let sql = format!("SELECT name FROM {shared}.tenants WHERE name = {}", $first);
                            let named = diesel::sql_query(sql).bind::<Text, _>(tenant.as_str());
                            return match named.get_result::<Name>(&mut connection).await.optional()? {
                                Some(_) => Err(error.into()),
                                None => Err(DomainError::UnknownTenant { domain, tenant }),
                            };
                        }
                    }
                }
                self.forget_domain(&domain);
                Ok(())
            }

            /// Has a domain lead to no tenant any more. This pool follows at once. Others follow when their remembered
            /// answer expires, or when they hear of it.
            ///
            /// # Errors
            /// [`DomainError`]; nothing is changed then.
            pub async fn remove_domain(&self, domain: &str) -> Result<(), DomainError> {
                let domain = domain_of(domain)?;
                let sql = format!("DELETE FROM {}.domains WHERE domain = {}", $shared(self), $first);
                let mut connection = self.shared().get().await?;
                let query = diesel::sql_query(sql).bind::<Text, _>(&domain);
                let removed = query.execute(&mut connection).await?;
                self.forget_domain(&domain);
                match removed {
                    0 => Err(DomainError::UnknownDomain { domain }),
                    _ => Ok(()),
                }
            }

            /// Makes a domain the main one of its tenant, in place of the one that was it before.
            ///
            /// # Errors
            /// [`DomainError`]; nothing is changed then.
            pub async fn set_primary_domain(&self, domain: &str) -> Result<(), DomainError> {
                let domain = domain_of(domain)?;
                let shared = $shared(self);
                let mut connection = self.shared().get().await?;
                let owner = diesel::sql_query(owner_of_domain(&shared, $first)).bind::<Text, _>(&domain);
                let owner = owner.get_result::<Owner>(&mut connection).await.optional()?;
                let unknown = || DomainError::UnknownDomain {
                    domain: domain.clone(),
                };
                let tenant = owner.ok_or_else(unknown)?.tenant;
                let clear = format!(
                    "UPDATE {shared}.domains SET is_primary = FALSE WHERE tenant = {} AND is_primary",
                    $first
                );
                let set = format!(
                    "UPDATE {shared}.domains SET is_primary = TRUE WHERE domain = {} AND tenant = {}",
                    $first, $second
                );
                let changed = connection.transaction::<usize, DieselError, _>(async |connection| {
                    diesel::sql_query(clear)
                        .bind::<Text, _>(&tenant)
                        .execute(connection)
                        .await?;
                    let query = diesel::sql_query(set)
                        .bind::<Text, _>(&domain)
                        .bind::<Text, _>(&tenant);
                    match query.execute(connection).await? {
                        // It went to another tenant meanwhile.
                        0 => Err(DieselError::NotFound),
                        changed => Ok(changed),
                    }
                });
                match changed.await {
                    Err(DieselError::NotFound) => Err(unknown()),
                    changed => Ok(changed.map(drop)?),
                }
            }

            /// The domains of a tenant: its main one first, if it has one, and the others sorted.
            ///
            /// # Errors
            /// [`DomainError`]: the name is invalid, or the tables can't be read.
            pub async fn domains_of(&self, tenant: impl IntoSchemaName) -> Result<Vec<TenantDomain>, DomainError> {
                let tenant = self.tenant_name(tenant)?;
                let sql = format!(
                    "SELECT domain, is_primary FROM {}.domains WHERE tenant = {} ORDER BY is_primary DESC, domain",
                    $shared(self),
                    $first
                );
                let mut connection = self.shared().get().await?;
                let query = diesel::sql_query(sql).bind::<Text, _>(tenant.as_str());
                let rows: Vec<Row> = query.load(&mut connection).await?;
                let domain = |Row { domain, is_primary }| TenantDomain { domain, is_primary };
                Ok(rows.into_iter().map(domain).collect())
            }

            fn forget_domain(&self, domain: &str) {
                if let Some(remembered) = self.remembered() {
                    remembered.known.forget_domain(domain);
                }
            }
        }
    };
}

domains!(
    Postgres,
    |pool: &TenantPool| pool.shared_schema().quoted().to_owned(),
    "$1",
    "$2"
);
#[cfg(feature = "sqlite")]
domains!(
    crate::Sqlite,
    |pool: &TenantPool<crate::Sqlite>| pool.shared_schema().quoted().to_owned(),
    "?",
    "?"
);
#[cfg(feature = "mysql")]
domains!(
    crate::Mysql,
    |pool: &TenantPool<crate::Mysql>| crate::backend::mysql::quote::database(pool.shared_schema()),
    "?",
    "?"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_taken_as_browsers_send_it_and_nothing_else() {
        for domain in ["Shop.Example.org", "shop.example.org."] {
            assert_eq!(domain_of(domain).unwrap(), "shop.example.org");
        }
        for wrong in [
            "",
            ".",
            "..",
            "a..",
            ".a",
            "bücher.example",
            "a b",
            "a:80",
            "https://a",
            &"x".repeat(254),
        ] {
            assert!(domain_of(wrong).is_err(), "{wrong}");
        }
    }
}
