//! Where tenants live: directories for a pool to ask.
//!
//! Without a directory every schema of the pool's database is a tenant. With a directory
//! ([`TenantPoolBuilder::directory`](crate::TenantPoolBuilder::directory)) the tenants are those that the directory
//! knows, and each tenant lives where its [`Placement`](crate::Placement) says: in a schema of the pool's own database,
//! in another database on any server, or among the rows of shared tables. Handlers don't notice the difference: they
//! call `for_tenant(..)` all the same.

mod candidates;
mod catalog_directory;
mod domains;
mod fewest_tenants;
mod fixed;
mod hashed;
mod reference_tables;
mod row_security;
mod tables;

pub use catalog_directory::CatalogDirectory;
pub use domains::{DomainError, TenantDomain};
pub use fewest_tenants::FewestTenants;
pub use fixed::{FixedDirectory, FixedDirectoryError};
pub use hashed::Hashed;
pub use reference_tables::ReferenceTablesError;
pub use row_security::RowSecurityError;
pub use tables::{DirectoryTables, DirectoryTablesError, schema};

#[doc(no_inline)]
pub use crate::tenancy::{DirectoryAnswer, DirectoryCache, DirectoryChange, DirectoryEntry, DirectoryError};
#[doc(no_inline)]
pub use crate::{backend::directory_tables::DirectoryUnusable, pool::TenantDirectory};
