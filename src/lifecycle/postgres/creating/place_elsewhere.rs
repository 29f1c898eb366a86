//! Tenants that don't live in a schema of the pool's own database.

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::SimpleAsyncConnection;

use crate::{
    IntoSchemaName, Placement, PostgresConnection, SchemaName, TenantPool, TenantStatus,
    backend::postgres::{quote::literal, version_table},
    lifecycle::{
        LifecycleError,
        postgres::{
            operation::{Operation, connect},
            read_migrations::read_for,
            tenant_id::keeps_tenant_id,
        },
    },
    migrations::{Plan, SchemaOwner},
    tenancy::{DirectoryChange, LifecycleEvent, PLACED, Tables},
};

/// # Creating a tenant in a place of its own
impl TenantPool {
    /// Creates a tenant in a place of your choice, and records it in the [directory](crate::TenantDirectory). Returns
    /// the applied versions.
    ///
    /// A schema of another database is created there, with its tables. The schema `public` of a tenant's own database
    /// is only migrated. A tenant that shares tables needs only its directory entry: no migrations are run.
    ///
    /// Until the tenant is complete, the directory lists it as unfinished, and it can't be checked out. The same holds
    /// after a crash or if the server is lost; the same call then finishes the tenant.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant can't be checked out then. [`NoDirectory`](LifecycleError::NoDirectory) if the
    /// pool has no directory. [`OwnDatabase`](LifecycleError::OwnDatabase) if the tenant should get the schema `public`
    /// of another database, which turns out to be the pool's own.
    pub async fn place_tenant(
        &self,
        tenant: impl IntoSchemaName,
        placement: Placement,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let plan = read_for(&tenant, migrations).await?;
        self.create_at(&tenant, &placement, &plan).await
    }

    /// Creates a tenant in the place that the pool's policy chooses, or without a policy in the pool's own database.
    pub(crate) async fn create_by_policy(
        &self,
        tenant: &SchemaName,
        plan: &Plan,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let Some(policy) = self.placement_policy() else {
            return self.create_tenant_of(tenant, plan).await;
        };
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let placement = match self.known(tenant, &event).await? {
            // An unfinished tenant that a crash left is finished where it is.
            Some(entry) if entry.status == TenantStatus::Unfinished => entry.placement,
            Some(_) => return Err(LifecycleError::AlreadyExists { tenant: tenant.clone() }),
            None => policy
                .place(tenant, self)
                .await
                .map_err(|source| LifecycleError::Policy {
                    operation: event,
                    source,
                })?,
        };
        self.create_at(tenant, &placement, plan).await
    }

    async fn create_at(
        &self,
        tenant: &SchemaName,
        placement: &Placement,
        plan: &Plan,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        match placement.parts() {
            (None, Tables::Schema(schema)) if schema == tenant => return self.create_tenant_of(tenant, plan).await,
            (None, Tables::Schema(_)) => {
                return Err(LifecycleError::OtherName {
                    tenant: tenant.clone(),
                    placement: placement.clone(),
                });
            }
            (Some(_), Tables::Schema(_)) | (_, Tables::Rows(_)) => {}
        }
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let placed = self.place(tenant, placement, plan, &event);
        self.hooked(&event, placed).await
    }

    /// Applies pending migrations to a tenant that does not live in a schema of this database. Shared tables are not
    /// migrated here.
    pub(crate) async fn migrate_elsewhere(
        &self,
        placement: &Placement,
        plan: &Plan,
        event: &LifecycleEvent,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let (database, schema) = match placement.parts() {
            (Some(database), Tables::Schema(schema)) => (database, schema),
            (None, Tables::Schema(schema)) => return self.apply_pending(schema, plan).await,
            (_, Tables::Rows(_)) => return Ok(Vec::new()),
        };
        self.database_of(database, event)
            .await?
            .apply_pending(schema, plan)
            .await
    }

    pub(crate) async fn database_of(
        &self,
        database: &str,
        event: &LifecycleEvent,
    ) -> Result<TenantPool, LifecycleError> {
        let pool = self.using_database(database).pool().await;
        pool.map_err(|source| LifecycleError::Database {
            operation: event.clone(),
            source,
        })
    }

    async fn place(
        &self,
        tenant: &SchemaName,
        placement: &Placement,
        plan: &Plan,
        event: &LifecycleEvent,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let (database, tables) = placement.parts();
        let elsewhere = match database {
            Some(database) => Some(self.database_of(database, event).await?),
            None => None,
        };
        match (&elsewhere, tables) {
            (Some(elsewhere), Tables::Schema(schema)) if schema == elsewhere.shared_schema() => {
                if self.leads_to_database_of(elsewhere, event).await? {
                    return Err(LifecycleError::OwnDatabase {
                        tenant: tenant.clone(),
                        placement: placement.clone(),
                    });
                }
            }
            (_, Tables::Schema(_) | Tables::Rows(_)) => {}
        }
        let _forget = self.forget_afterwards(tenant);
        let mut connection = connect(self, event).await?;
        // Held until the end, on a connection that does nothing else, so that no other operation places this tenant
        // meanwhile.
        let mut held = connect(self, event).await?;
        let mut operation = Operation::new(self, &mut held, event.clone());
        operation.hold(&[tenant]).await?;
        let placed = async {
            let known = self.known(tenant, event).await?;
            let is_new = known.is_none();
            match known {
                None => {
                    self.require_room(elsewhere.as_ref(), tables, event).await?;
                    self.note_placed(&mut connection, tenant, placement, event).await?;
                }
                Some(entry) if entry.status == TenantStatus::Unfinished && entry.placement == *placement => {}
                Some(_) => return Err(LifecycleError::AlreadyExists { tenant: tenant.clone() }),
            }
            let (elsewhere, schema) = match (elsewhere, tables) {
                (Some(elsewhere), Tables::Schema(schema)) => (elsewhere, schema),
                (None, Tables::Schema(_)) | (_, Tables::Rows(_)) => return Ok(Vec::new()),
            };
            let made = elsewhere.make(schema, plan).await;
            if made.is_err() && is_new && matches!(elsewhere.schema_status(schema).await, Ok(None)) {
                // The earlier error is returned. If this fails, the same call can continue later.
                let change = DirectoryChange::Removed { tenant };
                let _ = self.note_on(&mut connection, &change, event).await;
            }
            let versions = made?;
            if schema != elsewhere.shared_schema() {
                let mark = version_table::mark(schema, &literal(PLACED));
                let marked = connect(&elsewhere, event).await?.batch_execute(&mark).await;
                marked.map_err(|source| LifecycleError::of(event, source))?;
            }
            let change = DirectoryChange::Finished { tenant };
            self.note_on(&mut connection, &change, event).await?;
            Ok(versions)
        };
        let placed = placed.await;
        operation.let_go(&[tenant], placed).await
    }

    /// Records the place of a new tenant. Tables that tenants share exist already; a schema is not finished yet.
    async fn note_placed(
        &self,
        connection: &mut PostgresConnection,
        tenant: &SchemaName,
        placement: &Placement,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        let finished = match placement.parts().1 {
            Tables::Schema(_) => false,
            Tables::Rows(_) => true,
        };
        let change = DirectoryChange::Placed {
            tenant,
            placement,
            finished,
        };
        if !self.can_record(&change) {
            return Err(LifecycleError::NoDirectory {
                operation: event.clone(),
            });
        }
        self.note_on(connection, &change, event).await
    }

    /// Fails if another tenant has the place already, or the tables can't keep the tenant's id.
    async fn require_room(
        &self,
        elsewhere: Option<&TenantPool>,
        tables: &Tables,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        match tables {
            Tables::Rows(tenant_id) => {
                let pool = elsewhere.unwrap_or(self);
                keeps_tenant_id(&mut connect(pool, event).await?, tenant_id, event).await
            }
            Tables::Schema(schema) => match elsewhere {
                Some(elsewhere) if schema != elsewhere.shared_schema() && elsewhere.schema_exists(schema).await? => {
                    Err(LifecycleError::AlreadyExists { tenant: schema.clone() })
                }
                _ => Ok(()),
            },
        }
    }

    /// Creates a schema with its tables, or the missing part of it, in this database.
    async fn make(&self, schema: &SchemaName, plan: &Plan) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        if schema != self.shared_schema() {
            match self.create(schema, plan, TenantStatus::Active).await {
                Err(LifecycleError::AlreadyExists { .. }) => {}
                created => return created,
            }
        }
        self.apply_pending(schema, plan).await
    }

    /// Applies pending migrations to a schema of this database.
    pub(crate) async fn apply_pending(
        &self,
        schema: &SchemaName,
        plan: &Plan,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let applied = self.apply(SchemaOwner::Tenant(schema.clone()), plan).await;
        applied.map_err(|source| LifecycleError::Tables {
            tenant: schema.clone(),
            source,
        })
    }

    /// Changes the directory's entry of a tenant that lives elsewhere.
    pub(crate) async fn note_elsewhere(
        &self,
        tenant: &SchemaName,
        change: &DirectoryChange<'_>,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        if !self.can_record(change) {
            return Err(LifecycleError::NoDirectory {
                operation: event.clone(),
            });
        }
        let mut connection = connect(self, event).await?;
        let mut operation = Operation::new(self, &mut connection, event.clone());
        operation.begin(&[tenant]).await?;
        let noted = operation.note(change).await;
        operation.end(noted).await
    }

    async fn note_on(
        &self,
        connection: &mut PostgresConnection,
        change: &DirectoryChange<'_>,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        match connection.batch_execute(&self.note(change)).await {
            Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information)) => {
                Err(LifecycleError::PlaceTaken {
                    operation: event.clone(),
                    source: DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information),
                })
            }
            noted => noted.map_err(|source| LifecycleError::of(event, source)),
        }
    }
}
