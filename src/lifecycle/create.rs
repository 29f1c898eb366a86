use diesel::{
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::SimpleAsyncConnection;

use super::{LifecycleError, Operation, connect, spares::take_spare};
use crate::{
    CheckoutError, IntoSchemaName, SchemaName, TenantPool,
    backend::postgres::version_table,
    connection::status_of,
    migrations::{Direction, MigrationError, Plan, Runner, SchemaOwner, Script},
    tenancy::{DirectoryChange, LifecycleEvent, TenantStatus},
};

impl TenantPool {
    /// Creates a tenant: its schema and, by the migrations, its tables. Returns the versions applied.
    ///
    /// The tenant lives in the pool's own database, unless the pool's
    /// [`placement_policy`](crate::TenantPoolBuilder::placement_policy) chooses another place: then this works like
    /// [`place_tenant`](Self::place_tenant).
    ///
    /// A [spare](Self::prepare_spares) that has exactly these migrations becomes the tenant, if there is one.
    ///
    /// All or nothing: schema, tables and version rows are one transaction. If a migration doesn't run in a
    /// transaction, the schema counts as missing until all migrations are applied, and is dropped if one fails. If the
    /// drop fails too because the server is gone, or if the future is dropped midway, the schema still counts as
    /// missing, and the same call starts over.
    ///
    /// # Errors
    /// [`LifecycleError`]; there is then no tenant. A schema that exists already is not touched.
    pub async fn create_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let plan = read_for(&tenant, migrations).await?;
        self.create_by_policy(&tenant, &plan).await
    }

    /// Creates a tenant if there is none of that name; otherwise applies its pending migrations. Returns the versions
    /// applied.
    ///
    /// # Errors
    /// As for [`create_tenant`](Self::create_tenant), except `AlreadyExists`.
    pub async fn ensure_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let plan = read_for(&tenant, migrations).await?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        if let Some(entry) = self.placed_elsewhere(&tenant, &event).await?
            && entry.status.is_tenant()
        {
            return self.migrate_elsewhere(&entry.placement, &plan, &event).await;
        }
        // Hooks are for those that are created.
        let created = if self.hooks().is_some() && self.schema_exists(&tenant).await? {
            Err(LifecycleError::AlreadyExists { tenant })
        } else {
            self.create_by_policy(&tenant, &plan).await
        };
        match created {
            Err(LifecycleError::AlreadyExists { tenant }) => self.apply_pending(&tenant, &plan).await,
            result => result,
        }
    }

    /// Whether a tenant exists, active or suspended: a schema of that name exists, and is neither being created nor
    /// archived.
    ///
    /// # Errors
    /// [`CheckoutError`], except `UnknownTenant`.
    pub async fn tenant_exists(&self, tenant: impl IntoSchemaName) -> Result<bool, CheckoutError> {
        match self.for_tenant(tenant).get().await {
            Ok(_) => Ok(true),
            Err(CheckoutError::SuspendedTenant { .. }) => Ok(true),
            Err(CheckoutError::UnknownTenant { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks the database, not the cache.
    pub(super) async fn schema_exists(&self, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let status = self.schema_status(tenant).await?;
        Ok(status.is_some_and(|status| status != TenantStatus::Unfinished))
    }

    /// What the catalog of this database tells, asked now; `None` if there is no such schema.
    pub(super) async fn schema_status(&self, tenant: &SchemaName) -> Result<Option<TenantStatus>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let mut connection = connect(self, &event).await?;
        let status = status_of(tenant, &mut connection).await;
        status.map_err(|source| LifecycleError::of(&event, source))
    }

    /// Creates a tenant in its own schema of this database.
    pub(super) async fn create_tenant_of(
        &self,
        tenant: &SchemaName,
        plan: &Plan,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        self.hooked(&event, self.create(tenant, plan, TenantStatus::Active))
            .await
    }

    /// Creates a tenant or a spare.
    pub(super) async fn create(
        &self,
        tenant: &SchemaName,
        plan: &Plan,
        status: TenantStatus,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tables = |source| LifecycleError::Tables {
            tenant: tenant.clone(),
            source,
        };
        let owner = SchemaOwner::Tenant(tenant.clone());
        let scripts = plan
            .prepare_for(&owner, &plan.migrations, Direction::Up, self)
            .await
            .map_err(tables)?;
        let _forget = self.forget_afterwards(tenant);
        let created = self.create_at_once(tenant, &scripts, status).await;
        if created.map_err(|source| LifecycleError::Schema {
            tenant: tenant.clone(),
            source,
        })? {
            return Ok(versions(plan));
        }
        let mut runner = Runner::connect(self, owner).await.map_err(tables)?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        Operation::new(self, runner.parts().0, event)
            .shrink_leftover(tenant)
            .await?;
        Creation {
            pool: self,
            tenant,
            runner,
            plan,
            scripts: &scripts,
            status,
        }
        .run()
        .await?;
        Ok(versions(plan))
    }
}

fn versions(plan: &Plan) -> Vec<MigrationVersion<'static>> {
    let versions = plan.migrations.iter();
    versions.map(|migration| migration.version.clone().into()).collect()
}

/// Reads the migrations that a tenant is to get.
pub(super) async fn read_for(
    tenant: &SchemaName,
    migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
) -> Result<Plan, LifecycleError> {
    let owner = SchemaOwner::Tenant(tenant.clone());
    Plan::read(migrations).await.map_err(|source| LifecycleError::Tables {
        tenant: tenant.clone(),
        source: MigrationError::Source { owner, source },
    })
}

struct Creation<'a> {
    pool: &'a TenantPool,
    tenant: &'a SchemaName,
    runner: Runner,
    plan: &'a Plan,
    scripts: &'a [Script],
    /// What it is in the end: active, or spare.
    status: TenantStatus,
}

/// What the first transaction of a creation made.
#[derive(PartialEq, Eq)]
enum Made {
    /// A schema, with the first migrations.
    Begun,
    /// All there is to make: it was a spare.
    Renamed,
}

impl Creation<'_> {
    async fn run(mut self) -> Result<(), LifecycleError> {
        // As many as can share the transaction that makes the schema.
        let together = self
            .scripts
            .iter()
            .take_while(|script| script.migration.in_transaction)
            .count();
        if together == self.scripts.len() {
            return self.begin(together).await.map(drop);
        }
        // Held all the while: whoever gets it, and finds an unfinished schema, knows that its creator died.
        self.runner.lock_session().await.map_err(|error| self.tables(error))?;
        if self.begin(together).await? == Made::Renamed {
            return Ok(());
        }
        let reset = self.runner.reset().await;
        let finished = match reset {
            Ok(()) => self.finish().await,
            Err(source) => Err(self.schema(source)),
        };
        if finished.is_err() {
            self.drop_schema().await;
        }
        finished
    }

    /// Makes the schema, with the first migrations, in one transaction; or takes a spare.
    async fn begin(&mut self, together: usize) -> Result<Made, LifecycleError> {
        self.runner.begin_locked().await.map_err(|error| self.tables(error))?;
        match self.create_locked(together).await {
            Ok(made) => match self.runner.commit().await {
                Ok(()) => Ok(made),
                Err(error) => Err(self.tables(error)),
            },
            Err(error) => {
                self.runner.rollback().await;
                Err(error)
            }
        }
    }

    async fn create_locked(&mut self, together: usize) -> Result<Made, LifecycleError> {
        let (connection, _) = self.runner.parts();
        let schema = self.tenant.quoted();
        let status = status_of(self.tenant, connection).await;
        let create = match status.map_err(|source| self.schema(source))? {
            Some(status) if status != TenantStatus::Unfinished => {
                return Err(LifecycleError::AlreadyExists {
                    tenant: self.tenant.clone(),
                });
            }
            Some(_) => format!("DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}"),
            None if self.take_spare().await? => {
                self.note().await?;
                return Ok(Made::Renamed);
            }
            None => format!("CREATE SCHEMA {schema}"),
        };
        self.execute(&create).await?;
        self.runner
            .create_version_table_locked()
            .await
            .map_err(|error| self.tables(error))?;
        if together < self.scripts.len() {
            self.mark(TenantStatus::Unfinished).await?;
        } else if self.status == TenantStatus::Active {
            self.note().await?;
        } else {
            self.mark(self.status).await?;
        }
        for script in &self.scripts[..together] {
            self.runner
                .run_locked(script)
                .await
                .map_err(|error| self.tables(error))?;
        }
        Ok(Made::Begun)
    }

    async fn take_spare(&mut self) -> Result<bool, LifecycleError> {
        if self.status == TenantStatus::Spare {
            return Ok(false);
        }
        let taken = take_spare(self.runner.parts().0, self.tenant, self.plan).await;
        taken.map_err(|source| self.schema(source))
    }

    /// Applies the migrations that are left, and shows the schema to the world.
    async fn finish(&mut self) -> Result<(), LifecycleError> {
        self.runner.apply(self.plan).await.map_err(|error| self.tables(error))?;
        // One message, and so one transaction.
        let mut sql = self.marking(self.status);
        if self.status == TenantStatus::Active {
            let note = self.pool.note(&DirectoryChange::Added { tenant: self.tenant });
            sql = format!("{sql}; {note}");
        }
        self.execute(&sql).await
    }

    async fn mark(&mut self, status: TenantStatus) -> Result<(), LifecycleError> {
        self.execute(&self.marking(status)).await
    }

    fn marking(&self, status: TenantStatus) -> String {
        let table = version_table(self.tenant);
        format!("COMMENT ON TABLE {table} IS {}", status.comment())
    }

    /// Notes the tenant in the directory, and tells everybody, once the transaction is committed.
    async fn note(&mut self) -> Result<(), LifecycleError> {
        let sql = self.pool.note(&DirectoryChange::Added { tenant: self.tenant });
        match self.execute(&sql).await {
            Err(LifecycleError::Schema {
                source: DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _),
                ..
            }) => Err(LifecycleError::AlreadyExists {
                tenant: self.tenant.clone(),
            }),
            noted => noted,
        }
    }

    /// Takes an unfinished creation back, as far as that is possible: the error before it is the one to tell.
    async fn drop_schema(&mut self) {
        let _ = self
            .execute(&format!("DROP SCHEMA {} CASCADE", self.tenant.quoted()))
            .await;
    }

    async fn execute(&mut self, sql: &str) -> Result<(), LifecycleError> {
        let done = self.runner.parts().0.batch_execute(sql).await;
        done.map_err(|source| self.schema(source))
    }

    fn schema(&self, source: DieselError) -> LifecycleError {
        let event = LifecycleEvent::Create {
            tenant: self.tenant.clone(),
        };
        LifecycleError::of(&event, source)
    }

    fn tables(&self, source: MigrationError) -> LifecycleError {
        LifecycleError::Tables {
            tenant: self.tenant.clone(),
            source,
        }
    }
}
