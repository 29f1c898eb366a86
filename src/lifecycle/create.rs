use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
    result::Error as DieselError,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::CreateTenantError;
use crate::{
    CheckoutError, IntoSchemaName, SchemaName, TenantPool,
    connection::{IS_FINISHED, UNFINISHED},
    migrations::{Direction, MigrationError, Plan, Runner, SchemaOwner, Script, version_table},
};

impl TenantPool {
    /// Creates a tenant: its schema and, by the migrations, its tables. Returns the versions applied.
    ///
    /// All or nothing: schema, tables and version rows are one transaction. If some migration doesn't run in a transaction,
    /// the schema counts as missing until all are through, and is dropped again when one fails. Where even that fails, with
    /// the server gone, or where the future is dropped in between, the schema still counts as missing, and the same call
    /// starts over.
    ///
    /// # Errors
    /// [`CreateTenantError`]; there is no tenant then. A schema that exists already is not touched.
    pub async fn create_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, CreateTenantError> {
        let tenant = self.tenant_name(tenant)?;
        let plan = self.read_for(&tenant, migrations).await?;
        self.create(&tenant, &plan).await
    }

    /// Creates a tenant if there is none of that name, and else applies its pending migrations. Returns the versions applied.
    ///
    /// # Errors
    /// As for [`create_tenant`](Self::create_tenant), other than `AlreadyExists`.
    pub async fn ensure_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, CreateTenantError> {
        let tenant = self.tenant_name(tenant)?;
        let plan = self.read_for(&tenant, migrations).await?;
        match self.create(&tenant, &plan).await {
            Err(CreateTenantError::AlreadyExists { tenant }) => self
                .apply(SchemaOwner::Tenant(tenant.clone()), &plan)
                .await
                .map_err(|source| CreateTenantError::Tables { tenant, source }),
            result => result,
        }
    }

    /// Whether a tenant exists: whether there is a schema of that name, and it is no tenant in the making.
    ///
    /// # Errors
    /// [`CheckoutError`], other than `UnknownTenant`.
    pub async fn tenant_exists(&self, tenant: impl IntoSchemaName) -> Result<bool, CheckoutError> {
        match self.for_tenant(tenant).get().await {
            Ok(_) => Ok(true),
            Err(CheckoutError::UnknownTenant { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn read_for(
        &self,
        tenant: &SchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Plan, CreateTenantError> {
        Plan::read(migrations, &SchemaOwner::Tenant(tenant.clone()))
            .await
            .map_err(|source| CreateTenantError::Tables {
                tenant: tenant.clone(),
                source,
            })
    }

    async fn create(
        &self,
        tenant: &SchemaName,
        plan: &Plan,
    ) -> Result<Vec<MigrationVersion<'static>>, CreateTenantError> {
        let tables = |source| CreateTenantError::Tables {
            tenant: tenant.clone(),
            source,
        };
        let runner = Runner::connect(self, SchemaOwner::Tenant(tenant.clone()))
            .await
            .map_err(tables)?;
        let scripts = runner
            .prepare(plan, plan.migrations.iter(), Direction::Up)
            .await
            .map_err(tables)?;
        let _forget = self.schemas().forget_afterwards(tenant);
        Creation {
            tenant,
            runner,
            plan,
            scripts: &scripts,
        }
        .run()
        .await?;
        Ok(plan
            .migrations
            .iter()
            .map(|migration| migration.version.clone().into())
            .collect())
    }
}

struct Creation<'a> {
    tenant: &'a SchemaName,
    runner: Runner,
    plan: &'a Plan,
    scripts: &'a [Script],
}

impl Creation<'_> {
    async fn run(mut self) -> Result<(), CreateTenantError> {
        // As many as can share the transaction that makes the schema.
        let together = self
            .scripts
            .iter()
            .take_while(|script| script.migration.in_transaction)
            .count();
        if together == self.scripts.len() {
            return self.begin(together).await;
        }
        // Held all the while: whoever gets it, and finds an unfinished schema, knows that its creator died.
        self.runner.lock_session().await.map_err(|error| self.tables(error))?;
        self.begin(together).await?;
        let finished = self.finish().await;
        if finished.is_err() {
            self.drop_schema().await;
        }
        finished
    }

    /// Makes the schema, with the first migrations, in one transaction.
    async fn begin(&mut self, together: usize) -> Result<(), CreateTenantError> {
        self.runner.begin_locked().await.map_err(|error| self.tables(error))?;
        match self.create_locked(together).await {
            Ok(()) => self.runner.commit().await.map_err(|error| self.tables(error)),
            Err(error) => {
                self.runner.rollback().await;
                Err(error)
            }
        }
    }

    async fn create_locked(&mut self, together: usize) -> Result<(), CreateTenantError> {
        let (connection, _) = self.runner.parts();
        let schema = self.tenant.quoted();
        let create = match is_finished(connection, self.tenant)
            .await
            .map_err(|source| self.schema(source))?
        {
            Some(true) => {
                return Err(CreateTenantError::AlreadyExists {
                    tenant: self.tenant.clone(),
                });
            }
            Some(false) => format!("DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}"),
            None => format!("CREATE SCHEMA {schema}"),
        };
        self.execute(&create).await?;
        self.runner
            .create_version_table_locked()
            .await
            .map_err(|error| self.tables(error))?;
        if together < self.scripts.len() {
            let table = version_table(self.tenant);
            self.execute(&format!("COMMENT ON TABLE {table} IS '{UNFINISHED}'"))
                .await?;
        }
        for script in &self.scripts[..together] {
            self.runner
                .run_locked(script)
                .await
                .map_err(|error| self.tables(error))?;
        }
        Ok(())
    }

    /// Applies the migrations that are left, and shows the schema to the world.
    async fn finish(&mut self) -> Result<(), CreateTenantError> {
        self.runner.apply(self.plan).await.map_err(|error| self.tables(error))?;
        self.execute(&format!("COMMENT ON TABLE {} IS NULL", version_table(self.tenant)))
            .await
    }

    /// Takes an unfinished creation back, as far as that is possible: the error before it is the one to tell.
    async fn drop_schema(&mut self) {
        let _ = self
            .execute(&format!("DROP SCHEMA {} CASCADE", self.tenant.quoted()))
            .await;
    }

    async fn execute(&mut self, sql: &str) -> Result<(), CreateTenantError> {
        let done = self.runner.parts().0.batch_execute(sql).await;
        done.map_err(|source| self.schema(source))
    }

    fn schema(&self, source: DieselError) -> CreateTenantError {
        CreateTenantError::Schema {
            tenant: self.tenant.clone(),
            source,
        }
    }

    fn tables(&self, source: MigrationError) -> CreateTenantError {
        CreateTenantError::Tables {
            tenant: self.tenant.clone(),
            source,
        }
    }
}

/// Whether a schema is no tenant in the making; `None` if there is no schema.
pub(super) async fn is_finished(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<Option<bool>> {
    #[derive(QueryableByName)]
    struct Schema {
        #[diesel(sql_type = Bool)]
        finished: bool,
    }

    diesel::sql_query(format!(
        "SELECT {IS_FINISHED} AS finished FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result::<Schema>(connection)
    .await
    .optional()
    .map(|schema| schema.map(|schema| schema.finished))
}
