//! The pool that subcommands work with, whatever the kind of its database.

use std::time::Duration;

use diesel_tenants::{
    BoxFuture, CheckoutError, CloneError, DriftError, DriftReport, ExportError, FleetError, FleetReport, ImportError,
    LifecycleError, MigrationError, MigrationSourceError, Placement, Revert, SchemaName, ScriptError, TenantInfo,
    lifecycle::{ArchivedTenant, PurgeReport},
    migrations::{FleetStatus, OutsideWork, SharedVersions},
    pool::SchemaSize,
    rust_schema::{RustSchema, RustSchemaError},
    script::ScriptAnswers,
    transfer::{ExportReport, ImportReport},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{FleetRun, SchemaSource};
use crate::{migrations::Migrations, settings::TenantsSchema};

/// What is done when an operation is over.
pub type Done<'a, T, E> = BoxFuture<'a, Result<T, E>>;

/// Where an export goes.
pub type Writer<'a> = &'a mut (dyn AsyncWrite + Send + Unpin);

/// Where an export comes from.
pub type Reader<'a> = &'a mut (dyn AsyncRead + Send + Unpin);

/// How an operation treats those who use the tenant. On a database that has no such options they are never set, because
/// [`Database::needs_postgres`](super::Database::needs_postgres) has refused them.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub wait: Duration,
    /// Ends the sessions that use the tenant.
    pub force: bool,
    /// Goes on although texts contain the tenant's name.
    pub leave_texts: bool,
}

/// A pool for any kind of database, with what the subcommands do by it. The methods are those of the library.
pub trait AnyPool: Send + Sync {
    fn shared_schema(&self) -> &SchemaName;
    fn tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError>;
    fn all_tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError>;
    fn schema_size<'a>(&'a self, schema: &'a str) -> Done<'a, Option<SchemaSize>, CheckoutError>;
    fn placement_of<'a>(&'a self, tenant: &'a str) -> Done<'a, Option<Placement>, CheckoutError>;

    /// Returns the versions.
    fn migrate_shared(&self, migrations: Migrations) -> Done<'_, Vec<String>, MigrationError>;
    /// Returns the versions.
    fn revert_shared(&self, migrations: Migrations, revert: Revert) -> Done<'_, Vec<String>, MigrationError>;
    fn shared_migration_status(&self, migrations: Migrations) -> Done<'_, SharedVersions, MigrationError>;
    /// Of all tenants, or of those named.
    fn migration_status<'a>(&'a self, migrations: Migrations, only: &'a [String]) -> Done<'a, FleetStatus, FleetError>;
    fn migrate_tenants<'a>(&'a self, migrations: Migrations, run: FleetRun<'a>) -> Done<'a, FleetReport, FleetError>;
    fn revert_tenants<'a>(
        &'a self,
        migrations: Migrations,
        revert: Revert,
        run: FleetRun<'a>,
    ) -> Done<'a, FleetReport, FleetError>;
    /// What the migrations do outside of a tenant.
    fn outside_work(&self, migrations: Migrations) -> Done<'_, Vec<OutsideWork>, MigrationSourceError>;

    /// Returns the versions. With `may_exist`, a tenant that exists is brought up to date.
    fn create_tenant<'a>(
        &'a self,
        name: &'a str,
        migrations: Migrations,
        may_exist: bool,
    ) -> Done<'a, Vec<String>, LifecycleError>;
    fn clone_tenant<'a>(&'a self, template: &'a str, name: &'a str, with_data: bool) -> Done<'a, (), CloneError>;
    fn rename_tenant<'a>(&'a self, from: &'a str, to: &'a str, manner: Manner) -> Done<'a, (), LifecycleError>;
    fn suspend_tenant<'a>(&'a self, name: &'a str) -> Done<'a, (), LifecycleError>;
    fn resume_tenant<'a>(&'a self, name: &'a str) -> Done<'a, (), LifecycleError>;
    fn archive_tenant<'a>(&'a self, name: &'a str, manner: Manner) -> Done<'a, SchemaName, LifecycleError>;
    fn restore_tenant<'a>(&'a self, archive: &'a str, name: &'a str, leave_texts: bool)
    -> Done<'a, (), LifecycleError>;
    fn drop_tenant<'a>(&'a self, name: &'a str, manner: Manner) -> Done<'a, (), LifecycleError>;
    fn archived_tenants(&self) -> Done<'_, Vec<ArchivedTenant>, CheckoutError>;
    fn drop_archived(&self, older_than: Duration) -> Done<'_, PurgeReport, CheckoutError>;

    fn drift<'a>(&'a self, template: &'a str, tenants: Vec<SchemaName>) -> Done<'a, DriftReport, DriftError>;
    fn export_tenant<'a>(&'a self, name: &'a str, writer: Writer<'a>) -> Done<'a, ExportReport, ExportError>;
    fn import_tenant<'a>(&'a self, name: &'a str, reader: Reader<'a>) -> Done<'a, ImportReport, ImportError>;

    /// In all active tenants, or in those named.
    fn run_script<'a>(
        &'a self,
        sql: String,
        only: &'a [String],
        workers: usize,
        stop: &'a (dyn Fn() -> bool + Send + Sync),
    ) -> Done<'a, ScriptAnswers<'a>, ScriptError>;
    fn rust_schema<'a>(
        &'a self,
        options: &'a TenantsSchema,
        source: SchemaSource,
    ) -> Done<'a, RustSchema, RustSchemaError>;
}

/// Writes the methods that every kind of pool has by the same name, each with a body of its own in the library. The
/// field `pool` is the library's pool. `$tune` gives a migration of tenants the options that only this kind of database
/// has; the methods in braces are this kind's own.
macro_rules! impl_any_pool {
    ($database:ty, tune: $tune:path, { $($own:item)* }) => {
        impl AnyPool for $database {
            fn shared_schema(&self) -> &SchemaName {
                self.pool.shared_schema()
            }

            fn tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError> {
                Box::pin(self.pool.tenants())
            }

            fn all_tenants(&self) -> Done<'_, Vec<TenantInfo>, CheckoutError> {
                Box::pin(self.pool.all_tenants())
            }

            fn schema_size<'a>(&'a self, schema: &'a str) -> Done<'a, Option<SchemaSize>, CheckoutError> {
                Box::pin(self.pool.schema_size(schema))
            }

            fn placement_of<'a>(&'a self, tenant: &'a str) -> Done<'a, Option<diesel_tenants::Placement>, CheckoutError> {
                Box::pin(self.pool.placement_of(tenant))
            }

            fn migrate_shared(&self, migrations: Migrations) -> Done<'_, Vec<String>, MigrationError> {
                Box::pin(async { Ok(texts(self.pool.migrate_shared(migrations).await?)) })
            }

            fn revert_shared(&self, migrations: Migrations, revert: Revert) -> Done<'_, Vec<String>, MigrationError> {
                Box::pin(async move { Ok(texts(self.pool.revert_shared(migrations, revert).await?)) })
            }

            fn shared_migration_status(&self, migrations: Migrations) -> Done<'_, SharedVersions, MigrationError> {
                Box::pin(self.pool.shared_migration_status(migrations))
            }

            fn migration_status<'a>(
                &'a self,
                migrations: Migrations,
                only: &'a [String],
            ) -> Done<'a, FleetStatus, FleetError> {
                let request = self.pool.migration_status(migrations);
                match only {
                    [] => request.into_future(),
                    only => request.only(only).into_future(),
                }
            }

            fn migrate_tenants<'a>(
                &'a self,
                migrations: Migrations,
                run: FleetRun<'a>,
            ) -> Done<'a, FleetReport, FleetError> {
                let migration = run.apply(self.pool.migrate_tenants(migrations));
                Box::pin($tune(migration, &run).run())
            }

            fn revert_tenants<'a>(
                &'a self,
                migrations: Migrations,
                revert: Revert,
                run: FleetRun<'a>,
            ) -> Done<'a, FleetReport, FleetError> {
                let migration = run.apply(self.pool.revert_tenants(migrations, revert));
                Box::pin($tune(migration, &run).run())
            }

            fn create_tenant<'a>(
                &'a self,
                name: &'a str,
                migrations: Migrations,
                may_exist: bool,
            ) -> Done<'a, Vec<String>, LifecycleError> {
                Box::pin(async move {
                    Ok(texts(match may_exist {
                        true => self.pool.ensure_tenant(name, migrations).await?,
                        false => self.pool.create_tenant(name, migrations).await?,
                    }))
                })
            }

            fn clone_tenant<'a>(
                &'a self,
                template: &'a str,
                name: &'a str,
                with_data: bool,
            ) -> Done<'a, (), CloneError> {
                let clone = self.pool.clone_tenant(template, name);
                match with_data {
                    true => clone.into_future(),
                    false => clone.without_data().into_future(),
                }
            }

            fn suspend_tenant<'a>(&'a self, name: &'a str) -> Done<'a, (), LifecycleError> {
                Box::pin(self.pool.suspend_tenant(name))
            }

            fn resume_tenant<'a>(&'a self, name: &'a str) -> Done<'a, (), LifecycleError> {
                Box::pin(self.pool.resume_tenant(name))
            }

            fn drift<'a>(&'a self, template: &'a str, tenants: Vec<SchemaName>) -> Done<'a, DriftReport, DriftError> {
                Box::pin(self.pool.drift(template, tenants))
            }

            fn archived_tenants(&self) -> Done<'_, Vec<ArchivedTenant>, CheckoutError> {
                Box::pin(self.pool.archived_tenants())
            }

            fn drop_archived(&self, older_than: Duration) -> Done<'_, PurgeReport, CheckoutError> {
                Box::pin(self.pool.drop_archived(older_than))
            }

            $($own)*
        }
    };
}
pub(super) use impl_any_pool;

/// Versions as texts.
pub(super) fn texts(versions: Vec<diesel::migration::MigrationVersion<'static>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
