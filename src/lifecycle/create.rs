use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
    result::Error as DieselError,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::CreateTenantError;
use crate::{
    SchemaName, SchemaNameError, TenantPool,
    migrations::{Direction, MigrationError, Plan, Runner, SchemaOwner, read},
    name::UNFINISHED,
};

impl TenantPool {
    /// Creates a tenant: its schema and, by the migrations, its tables. Returns the versions applied.
    ///
    /// All or nothing: schema, tables and version rows are one transaction. If some migration doesn't run in a transaction
    /// the schema counts as missing until all are through, and is dropped again when one fails. After a crash the same
    /// call starts over.
    ///
    /// # Errors
    /// [`CreateTenantError`]; nothing of the tenant is left. A schema that exists already is not touched.
    pub async fn create_tenant<N, S>(
        &self,
        tenant: N,
        migrations: S,
    ) -> Result<Vec<MigrationVersion<'static>>, CreateTenantError>
    where
        N: TryInto<SchemaName>,
        N::Error: Into<SchemaNameError>,
        S: MigrationSource<Pg> + Send + Sync + 'static,
    {
        let tenant = self.tenant_name(tenant)?;
        let owner = SchemaOwner::Tenant(tenant.clone());
        let tables = |source| CreateTenantError::Tables {
            tenant: tenant.clone(),
            source,
        };
        let plan = read(migrations, &owner).await.map_err(tables)?;
        let runner = Runner::connect(self, owner).await.map_err(tables)?;
        Creation { tenant, runner, plan }.run().await
    }

    /// Whether a tenant exists: whether there is a schema of that name, and it is no tenant in the making.
    ///
    /// # Errors
    /// [`CheckoutError`](crate::CheckoutError), other than `UnknownTenant`.
    pub async fn tenant_exists<N>(&self, tenant: N) -> Result<bool, crate::CheckoutError>
    where
        N: TryInto<SchemaName>,
        N::Error: Into<SchemaNameError>,
    {
        match self.for_tenant(tenant).get().await {
            Ok(_) => Ok(true),
            Err(crate::CheckoutError::UnknownTenant { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

struct Creation {
    tenant: SchemaName,
    runner: Runner,
    plan: Plan,
}

impl Creation {
    async fn run(mut self) -> Result<Vec<MigrationVersion<'static>>, CreateTenantError> {
        // As many as can share the transaction that makes the schema.
        let together = self
            .plan
            .scripts
            .iter()
            .take_while(|script| script.in_transaction)
            .count();
        if together == self.plan.scripts.len() {
            self.begin(together).await?;
        } else {
            // Held all the while: whoever gets it, and finds an unfinished schema, knows that its creator died.
            self.runner.lock_session().await.map_err(|error| self.tables(error))?;
            self.begin(together).await?;
            if let Err(error) = self.finish().await {
                self.drop_schema().await;
                return Err(error);
            }
        }
        Ok(self
            .plan
            .scripts
            .into_iter()
            .map(|script| MigrationVersion::from(script.version))
            .collect())
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
        let unfinished = together < self.plan.scripts.len();
        let tenant = self.tenant.clone();
        let (connection, _) = self.runner.parts();
        let created = match comment(connection, &tenant).await {
            Ok(Some(Some(comment))) if comment == UNFINISHED => {
                create_schema(connection, &tenant, true, unfinished).await
            }
            Ok(Some(_)) => return Err(CreateTenantError::AlreadyExists { tenant }),
            Ok(None) => create_schema(connection, &tenant, false, unfinished).await,
            Err(error) => Err(error),
        };
        created.map_err(|source| self.schema(source))?;
        self.runner
            .create_version_table_locked()
            .await
            .map_err(|error| self.tables(error))?;
        for script in &self.plan.scripts[..together] {
            if let Err(error) = self.runner.run_locked(self.plan.source(), script, Direction::Up).await {
                return Err(self.tables(error));
            }
        }
        Ok(())
    }

    /// Applies the migrations that are left, and shows the schema to the world.
    async fn finish(&mut self) -> Result<(), CreateTenantError> {
        self.runner
            .apply(&self.plan)
            .await
            .map_err(|error| self.tables(error))?;
        let tenant = self.tenant.clone();
        let (connection, _) = self.runner.parts();
        let shown = match comment(connection, &tenant).await {
            Ok(Some(Some(comment))) if comment == UNFINISHED => {
                connection
                    .batch_execute(&format!("COMMENT ON SCHEMA {} IS NULL", tenant.quoted()))
                    .await
            }
            // A migration has put a comment of its own on the schema.
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        shown.map_err(|source| self.schema(source))
    }

    /// Takes an unfinished creation back. Where that fails, with the server gone, the schema still counts as missing, and
    /// the next creation replaces it.
    async fn drop_schema(&mut self) {
        let sql = format!("DROP SCHEMA {} CASCADE", self.tenant.quoted());
        let _ = self.runner.parts().0.batch_execute(&sql).await;
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

/// The comment on a schema, if there is a schema.
async fn comment(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<Option<Option<String>>> {
    #[derive(QueryableByName)]
    struct Schema {
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    diesel::sql_query(
        "SELECT pg_catalog.obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace WHERE nspname = $1",
    )
    .bind::<Text, _>(schema.as_str())
    .get_result::<Schema>(connection)
    .await
    .optional()
    .map(|schema| schema.map(|schema| schema.comment))
}

async fn create_schema(
    connection: &mut AsyncPgConnection,
    schema: &SchemaName,
    replace: bool,
    unfinished: bool,
) -> QueryResult<()> {
    let schema = schema.quoted();
    let mut sql = String::new();
    if replace {
        sql += &format!("DROP SCHEMA {schema} CASCADE; ");
    }
    sql += &format!("CREATE SCHEMA {schema}");
    if unfinished {
        sql += &format!("; COMMENT ON SCHEMA {schema} IS '{UNFINISHED}'");
    }
    connection.batch_execute(&sql).await
}
