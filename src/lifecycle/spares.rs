use diesel::{
    QueryResult, QueryableByName,
    migration::MigrationSource,
    pg::Pg,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};

use super::{
    LifecycleError, LifecycleEvent, Operation, connect, create::read_for, in_use::Patience, operation::Transactions,
};
use crate::{
    SchemaName, TenantPool,
    connection::{TenantStatus, status_of},
    migrations::{LockSpan, Plan, SchemaOwner, applied, try_lock, version_table},
};

/// What the names of spares begin with, and those of tenants may not.
const PREFIX: &str = "diesel-tenants spare ";

impl TenantPool {
    /// Keeps so many schemas ready for tenants to come, with their tables made. [`create_tenant`](Self::create_tenant) and
    /// [`ensure_tenant`](Self::ensure_tenant) take one that has exactly the migrations they are asked for, and rename it: with
    /// a hundred tables that takes as long as with one. Returns how many were missing, and made.
    ///
    /// Call it when the application starts, and now and then. Spares that lack some of the migrations get them; those that have
    /// others are left alone and don't count, since they may be a newer application's: [`drop_tenant`](Self::drop_tenant) drops
    /// them. [`all_tenants`](Self::all_tenants) lists spares, with their status. To call it in two processes at once makes no more than
    /// to call it in one.
    ///
    /// ```no_run
    /// # use diesel_tenants::TenantPool;
    /// # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_migrations::FileBasedMigrations;
    ///
    /// let migrations = FileBasedMigrations::from_path("tenant_migrations")?;
    /// pool.prepare_spares(5, migrations.clone()).await?;
    /// pool.create_tenant("client1", migrations).await?; // renames one of them
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LifecycleError`]. The spares that are ready stay; to call it again makes those that are missing.
    pub async fn prepare_spares(
        &self,
        count: usize,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<usize, LifecycleError> {
        let all = SchemaName::new(PREFIX)?;
        let plan = read_for(&all, migrations).await?;
        let event = LifecycleEvent::Create { tenant: all.clone() };
        let mut connection = connect(self, &event).await?;
        let mut operation = Operation::new(self, &mut connection, event);
        // Held until the end, so that nobody else makes the same ones. Where the server ends it before, somebody may.
        operation.begin(&[&all]).await?;
        self.prepare_locked(&mut operation, count, &plan).await
    }

    async fn prepare_locked(
        &self,
        operation: &mut Operation<'_>,
        count: usize,
        plan: &Plan,
    ) -> Result<usize, LifecycleError> {
        let mut ready = 0;
        for (spare, status) in operation.spares().await? {
            match status {
                TenantStatus::Spare if self.bring_up_to_date(operation, &spare, plan).await? => ready += 1,
                // A crash left it.
                TenantStatus::Unfinished => {
                    let event = LifecycleEvent::Drop { tenant: spare.clone() };
                    self.drop_schema(&spare, &event, Patience::default()).await?;
                }
                _ => {}
            }
        }
        let missing = count.saturating_sub(ready);
        let names = new_names(operation.connection, missing).await;
        for name in names.map_err(|source| operation.failed(source))? {
            self.create(&SchemaName::new(&name)?, plan, TenantStatus::Spare).await?;
        }
        Ok(missing)
    }

    /// Whether a spare has what a plan wants, now that it got what it lacked.
    async fn bring_up_to_date(
        &self,
        operation: &mut Operation<'_>,
        spare: &SchemaName,
        plan: &Plan,
    ) -> Result<bool, LifecycleError> {
        let Some(applied) = operation.applied(spare).await? else {
            return Ok(false);
        };
        let is_planned = |version: &String| plan.migrations.iter().any(|migration| migration.version == *version);
        if !applied.iter().all(is_planned) {
            return Ok(false);
        }
        if applied.len() == plan.migrations.len() {
            return Ok(true);
        }
        match self.apply(SchemaOwner::Tenant(spare.clone()), plan).await {
            Ok(_) => Ok(true),
            // Somebody took it meanwhile.
            Err(_) if operation.applied(spare).await?.is_none() => Ok(false),
            Err(source) => Err(LifecycleError::Tables {
                tenant: spare.clone(),
                source,
            }),
        }
    }
}

/// Whether no tenant may have a name, because it is one for spares.
pub(crate) fn is_reserved(name: &SchemaName) -> bool {
    name.as_str().starts_with(PREFIX)
}

/// Gives a spare that is ready the name of a tenant, in a transaction that is open: one that has exactly the versions of the
/// plan, and that nobody else is about to take. Tells whether there was one.
pub(super) async fn take_spare(
    connection: &mut AsyncPgConnection,
    tenant: &SchemaName,
    plan: &Plan,
) -> QueryResult<bool> {
    for (spare, status) in spares(connection).await? {
        if status != TenantStatus::Spare {
            continue;
        }
        // So that the lock on one that isn't ready is given back, and one that is dropped meanwhile spoils nothing.
        Transactions::begin_transaction(connection).await?;
        match take(connection, &spare, tenant, plan).await {
            Ok(true) => {
                Transactions::commit_transaction(connection).await?;
                return Ok(true);
            }
            _ => Transactions::rollback_transaction(connection).await?,
        }
    }
    Ok(false)
}

async fn take(
    connection: &mut AsyncPgConnection,
    spare: &SchemaName,
    tenant: &SchemaName,
    plan: &Plan,
) -> QueryResult<bool> {
    if !try_lock(connection, spare, LockSpan::Transaction).await?
        || status_of(spare, connection).await? != Some(TenantStatus::Spare)
    {
        return Ok(false);
    }
    let applied = applied(connection, spare).await?;
    if !applied
        .iter()
        .eq(plan.migrations.iter().map(|migration| &migration.version))
    {
        return Ok(false);
    }
    let sql = format!(
        "ALTER SCHEMA {} RENAME TO {}; COMMENT ON TABLE {} IS {}",
        spare.quoted(),
        tenant.quoted(),
        version_table(tenant),
        TenantStatus::Active.comment()
    );
    connection.batch_execute(&sql).await?;
    Ok(true)
}

impl Operation<'_> {
    async fn spares(&mut self) -> Result<Vec<(SchemaName, TenantStatus)>, LifecycleError> {
        let spares = spares(self.connection).await;
        spares.map_err(|source| self.failed(source))
    }

    /// The versions applied to a spare; `None` if it isn't one any more.
    async fn applied(&mut self, spare: &SchemaName) -> Result<Option<Vec<String>>, LifecycleError> {
        let status = status_of(spare, self.connection).await;
        if status.map_err(|source| self.failed(source))? != Some(TenantStatus::Spare) {
            return Ok(None);
        }
        // It may be renamed in between; and no lock on it is kept, for whoever takes it.
        let begun = Transactions::begin_transaction(self.connection).await;
        begun.map_err(|source| self.failed(source))?;
        let applied = applied(self.connection, spare).await;
        let ended = Transactions::rollback_transaction(self.connection).await;
        ended.map_err(|source| self.failed(source))?;
        Ok(applied.ok())
    }
}

/// The schemas with names of spares. What has such a name and no version table is none.
pub(super) async fn spares(connection: &mut AsyncPgConnection) -> QueryResult<Vec<(SchemaName, TenantStatus)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        schema: String,
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT n.nspname::pg_catalog.text AS schema, pg_catalog.obj_description(c.oid, 'pg_class') AS comment \
         FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid \
         WHERE n.nspname LIKE '{PREFIX}%' AND c.relname = '__diesel_schema_migrations' ORDER BY n.nspname"
    ))
    .load(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let status = TenantStatus::of_comment(row.comment.as_deref());
            Some((SchemaName::new(&row.schema).ok()?, status))
        })
        .collect())
}

async fn new_names(connection: &mut AsyncPgConnection, count: usize) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let names: Vec<Name> = diesel::sql_query(format!(
        "SELECT '{PREFIX}' || pg_catalog.gen_random_uuid() AS name FROM pg_catalog.generate_series(1, $1)"
    ))
    .bind::<BigInt, _>(i64::try_from(count).unwrap_or(i64::MAX))
    .load(connection)
    .await?;
    Ok(names.into_iter().map(|row| row.name).collect())
}
