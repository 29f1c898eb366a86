//! The options of a pool for PostgreSQL, a file for each group of them, and the pool that is built by them.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use crate::{
    pool::{
        DatabaseLimits, PlacementPolicy, TenantDirectory,
        builder_from::Database,
        options::Options,
        routing::{FindUrl, ReplicaUrls},
    },
    tenancy::{DirectoryCache, LifecycleHooks},
    translate::SchemaTranslateMap,
};

mod build;
mod connections;
mod databases;
mod migrations;
mod schemas;
#[cfg(feature = "schema")]
mod scratch;
mod tenants;
#[cfg(feature = "testing")]
mod test_transaction;

/// Options of a [`TenantPool`](crate::TenantPool); see [`TenantPool::builder`](crate::TenantPool::builder). Each method
/// states its default.
///
/// | options | methods |
/// |---|---|
/// | [connections](#connections) | [`max_size`](Self::max_size), [`wait_timeout`](Self::wait_timeout), [`connect_timeout`](Self::connect_timeout), [`recycle_timeout`](Self::recycle_timeout), [`recycling`](Self::recycling), [`max_lifetime`](Self::max_lifetime), [`max_statements`](Self::max_statements), [`max_tenants`](Self::max_tenants), [`max_per_tenant`](Self::max_per_tenant), [`search_path_from_role`](Self::search_path_from_role), [`establish_with`](Self::establish_with), [`runtime`](Self::runtime) |
/// | [schemas](#schemas) | [`shared_schema`](Self::shared_schema), [`symbolic_schema`](Self::symbolic_schema), [`extension_schemas`](Self::extension_schemas), [`schema_map`](Self::schema_map), [`schema_cache`](Self::schema_cache) |
/// | [tenants](#tenants) | [`hooks`](Self::hooks), [`directory`](Self::directory), [`directory_tables_if_found`](Self::directory_tables_if_found), [`directory_cache`](Self::directory_cache), [`reuse_after`](Self::reuse_after), [`listen`](Self::listen), [`placement_policy`](Self::placement_policy), [`row_setting`](Self::row_setting) |
/// | [further databases and replicas](#further-databases-and-replicas) | [`database`](Self::database), [`database_without_tenants`](Self::database_without_tenants), [`databases_with`](Self::databases_with), [`database_limits`](Self::database_limits), [`replica`](Self::replica), [`database_replica`](Self::database_replica), [`replica_limits`](Self::replica_limits) |
/// | [migrations](#migrations) | [`migration_url`](Self::migration_url), [`migration_lock_timeout`](Self::migration_lock_timeout), [`migration_statements`](Self::migration_statements), [`refuse_outside_work`](Self::refuse_outside_work) |
/// | [tests](#tests), with the feature `testing` | `test_transaction` |
/// | [the end](#building) | [`build`](Self::build), or [`diagnose`](Self::diagnose) |
#[must_use = "a builder does nothing until `build`"]
pub struct TenantPoolBuilder {
    database_url: String,
    max_size: usize,
    options: Options,
    /// Whether this is one of the further databases of another pool.
    is_further: bool,
    schema_map: SchemaTranslateMap,
    migration_url: Option<String>,
    hooks: Option<Arc<dyn LifecycleHooks>>,
    directory: Option<Arc<dyn TenantDirectory>>,
    /// The directory to use if the pool's database has the directory's tables.
    directory_if_found: Option<Arc<dyn TenantDirectory>>,
    directory_cache: DirectoryCache,
    reuse_after: Option<Duration>,
    databases: HashMap<String, String>,
    /// Which of the declared databases have nothing to do with tenants.
    without_tenants: HashSet<String>,
    find_database: Option<Arc<FindUrl<String>>>,
    database_limits: DatabaseLimits,
    replicas: ReplicaUrls<String>,
    placement_policy: Option<Arc<dyn PlacementPolicy>>,
    listens: bool,
}

/// The URL of a PostgreSQL database.
impl<S: Into<String>> Database for S {
    type Builder = TenantPoolBuilder;

    fn into_builder(self) -> TenantPoolBuilder {
        TenantPoolBuilder::new(self.into())
    }
}

impl TenantPoolBuilder {
    pub(crate) fn new(database_url: String) -> Self {
        Self {
            database_url,
            max_size: 10,
            options: Options::default(),
            is_further: false,
            schema_map: SchemaTranslateMap::new(),
            migration_url: None,
            hooks: None,
            directory: None,
            directory_if_found: None,
            directory_cache: DirectoryCache::default(),
            reuse_after: None,
            databases: HashMap::new(),
            without_tenants: HashSet::new(),
            find_database: None,
            database_limits: DatabaseLimits::default(),
            replicas: ReplicaUrls::default(),
            placement_policy: None,
            listens: false,
        }
    }

    /// A builder for a further database of another pool.
    pub(crate) fn with_options(database_url: String, options: Options, max_size: usize) -> Self {
        Self {
            options,
            max_size,
            is_further: true,
            ..Self::new(database_url)
        }
    }
}

impl fmt::Debug for TenantPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: it may hold a password.
        f.debug_struct("TenantPoolBuilder")
            .field("max_size", &self.max_size)
            .finish_non_exhaustive()
    }
}
