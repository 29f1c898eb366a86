//! Where tenants live, by the directory: on each kind of server that has several databases.

use diesel_tenants::{
    CheckoutError, LifecycleError, Placement, SchemaName, TenantInfo, TenantPool,
    directory::DirectoryTablesError,
    migrations::TenantVersions,
    pool::{DatabaseError, OWN_DATABASE, SchemaSize},
};

use super::{
    any_pool::{Done, texts},
    domains::Domains,
};
use crate::migrations::Migrations;

/// The methods are those of the library's pools.
pub trait Places: Domains {
    fn shared_schema(&self) -> &SchemaName;
    /// The pool of a database, by its name in the directory.
    fn of_database<'a>(&'a self, database: &'a str) -> Done<'a, Box<dyn Places>, DatabaseError>;
    fn prepare_directory(&self) -> Done<'_, (), DirectoryTablesError>;
    /// What becomes of the tenants that exist when the directory's tables are made.
    fn existing_tenants(&self) -> &'static str;
    fn tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError>;
    fn all_tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError>;
    fn schema_size<'a>(&'a self, schema: &'a str) -> Done<'a, Option<SchemaSize>, CheckoutError>;
    fn placement_of<'a>(&'a self, tenant: &'a str) -> Done<'a, Option<Placement>, CheckoutError>;
    fn adopt_tenant<'a>(&'a self, tenant: &'a str, placement: Placement) -> Done<'a, (), LifecycleError>;
    /// Returns the versions.
    fn place_tenant<'a>(
        &'a self,
        tenant: &'a str,
        placement: Placement,
        migrations: Migrations,
    ) -> Done<'a, Vec<String>, LifecycleError>;
    /// Which migrations a tenant has and lacks; `None` if it has no schema there.
    fn versions_of<'a>(
        &'a self,
        tenant: &'a str,
        placement: &'a Placement,
        migrations: Migrations,
    ) -> Done<'a, Option<TenantVersions>, anyhow::Error>;
}

/// Writes the methods that both kinds of pool have by the same name; those in braces are a kind's own.
macro_rules! places {
    ($pool:ty, { $($own:item)* }) => {
        impl Places for $pool {
            fn shared_schema(&self) -> &SchemaName {
                self.shared_schema()
            }

            fn of_database<'a>(&'a self, database: &'a str) -> Done<'a, Box<dyn Places>, DatabaseError> {
                Box::pin(async move {
                    let pool = match database {
                        OWN_DATABASE => self.clone(),
                        database => self.using_database(database).pool().await?,
                    };
                    Ok(Box::new(pool) as Box<dyn Places>)
                })
            }

            fn prepare_directory(&self) -> Done<'_, (), DirectoryTablesError> {
                Box::pin(self.prepare_directory())
            }

            fn tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError> {
                Box::pin(self.tenants())
            }

            fn all_tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError> {
                Box::pin(self.all_tenants())
            }

            fn schema_size<'a>(&'a self, schema: &'a str) -> Done<'a, Option<SchemaSize>, CheckoutError> {
                Box::pin(self.schema_size(schema))
            }

            fn placement_of<'a>(&'a self, tenant: &'a str) -> Done<'a, Option<Placement>, CheckoutError> {
                Box::pin(self.placement_of(tenant))
            }

            fn adopt_tenant<'a>(&'a self, tenant: &'a str, placement: Placement) -> Done<'a, (), LifecycleError> {
                Box::pin(self.adopt_tenant(tenant, placement))
            }

            fn place_tenant<'a>(
                &'a self,
                tenant: &'a str,
                placement: Placement,
                migrations: Migrations,
            ) -> Done<'a, Vec<String>, LifecycleError> {
                Box::pin(async move { Ok(texts(self.place_tenant(tenant, placement, migrations).await?)) })
            }

            $($own)*
        }
    };
}

places!(TenantPool, {
    fn existing_tenants(&self) -> &'static str {
        "`diesel-tenants directory adopt --all` records the tenants that there are"
    }

    fn versions_of<'a>(
        &'a self,
        tenant: &'a str,
        placement: &'a Placement,
        migrations: Migrations,
    ) -> Done<'a, Option<TenantVersions>, anyhow::Error> {
        Box::pin(async move {
            let database = placement.database().unwrap_or(OWN_DATABASE);
            let all = self.all_databases().only([database]);
            let status = all.migration_status(migrations).only([tenant]).await?;
            Ok(status
                .databases
                .into_iter()
                .flat_map(|database| database.tenants)
                .next())
        })
    }
});

#[cfg(feature = "mysql")]
places!(TenantPool<diesel_tenants::Mysql>, {
    fn existing_tenants(&self) -> &'static str {
        "the tenants of this server are recorded"
    }

    fn versions_of<'a>(
        &'a self,
        _: &'a str,
        placement: &'a Placement,
        migrations: Migrations,
    ) -> Done<'a, Option<TenantVersions>, anyhow::Error> {
        Box::pin(async move {
            let Some(schema) = placement.schema_name() else {
                return Ok(None);
            };
            // Each server knows its own databases, by their own names.
            let pool = match placement.database() {
                None => self.clone(),
                Some(database) => self.using_database(database).pool().await?,
            };
            let status = pool.migration_status(migrations).only([schema.as_str()]).await?;
            Ok(status.tenants.into_iter().next())
        })
    }
});
