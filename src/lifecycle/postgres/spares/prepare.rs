//! Keeps a number of spares ready.

use diesel::{
    QueryResult, QueryableByName,
    migration::MigrationSource,
    pg::Pg,
    sql_types::{BigInt, Text},
};
use diesel_async::{RunQueryDsl, TransactionManager};

use super::{SpareReport, spares};
use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{catalog::schema::status_of, version_table::applied},
    lifecycle::{
        LifecycleError,
        postgres::{
            operation::{Operation, Transactions, connect},
            read_migrations::read_for,
        },
        requests::Patience,
    },
    migrations::{Plan, SchemaOwner},
    tenancy::{LifecycleEvent, SPARE_PREFIX, TenantStatus},
};

/// # Preparing spares
impl TenantPool {
    /// Keeps `count` spares: schemas with their tables, ready to become tenants. [`create_tenant`](Self::create_tenant)
    /// and [`ensure_tenant`](Self::ensure_tenant) take a spare that has exactly the migrations they are given, and
    /// rename it. Renaming takes as long with a hundred tables as with one.
    ///
    /// Call it when the application starts, and from time to time. Spares that lack migrations get them until `count`
    /// are ready; surplus spares are dropped. Up to `count` spares with other migrations are kept too, because another
    /// version of the application may run beside this one and need them: all other versions together keep no more than
    /// that. A count of zero drops all spares. [`all_tenants`](Self::all_tenants) lists spares with their status. Two
    /// processes that call it at once make no more spares than one process.
    ///
    /// ```no_run
    /// # use diesel_tenants::TenantPool;
    /// # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_migrations::FileBasedMigrations;
    ///
    /// let migrations = FileBasedMigrations::from_path("tenant_migrations")?;
    /// let report = pool.prepare_spares(5, migrations.clone()).await?;
    /// println!("{report}"); // spares ready: 5; new ones: 2
    /// pool.create_tenant("client1", migrations).await?; // renames one of them
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LifecycleError`]. The spares that are ready stay; calling it again makes the missing ones.
    pub async fn prepare_spares(
        &self,
        count: usize,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<SpareReport, LifecycleError> {
        let all = SchemaName::new(SPARE_PREFIX)?;
        let plan = read_for(&all, migrations).await?;
        let event = LifecycleEvent::Create { tenant: all.clone() };
        let mut connection = connect(self, &event).await?;
        let mut operation = Operation::new(self, &mut connection, event);
        // Held until the end, so that no other process makes the same spares. If the server ends this session earlier,
        // another process may.
        operation.hold(&[&all]).await?;
        let prepared = self.prepare_held(&mut operation, count, &plan).await;
        operation.let_go(&[&all], prepared).await
    }

    async fn prepare_held(
        &self,
        operation: &mut Operation<'_>,
        count: usize,
        plan: &Plan,
    ) -> Result<SpareReport, LifecycleError> {
        let mut report = SpareReport::default();
        let (mut behind, mut others) = (Vec::new(), Vec::new());
        for (spare, status) in operation.spares().await? {
            let unneeded = match status {
                TenantStatus::Spare => match operation.likeness(&spare, plan).await? {
                    Some(Likeness::Same) if report.ready < count => {
                        report.ready += 1;
                        false
                    }
                    Some(Likeness::Same) => true,
                    Some(Likeness::Behind) => {
                        behind.push(spare.clone());
                        false
                    }
                    Some(Likeness::Other) => {
                        others.push(spare.clone());
                        false
                    }
                    None => false,
                },
                // An unfinished spare was left by a crash.
                TenantStatus::Unfinished => true,
                _ => false,
            };
            if unneeded {
                report.dropped += usize::from(self.drop_spare(&spare).await?);
            }
        }
        // Spares that no other version needs are dropped first when there are too many: a newer version can do without
        // them, and no other version takes them.
        let mut left = Vec::new();
        for spare in behind {
            if report.ready < count && self.bring_up_to_date(operation, &spare, plan).await? {
                report.ready += 1;
                report.updated += 1;
            } else {
                left.push(spare);
            }
        }
        left.extend(others);
        for spare in left.drain(..left.len().saturating_sub(count)) {
            report.dropped += usize::from(self.drop_spare(&spare).await?);
        }
        report.others = left.len();
        let names = new_names(operation.connection, count.saturating_sub(report.ready)).await;
        for name in names.map_err(|source| operation.failed(source))? {
            self.create(&SchemaName::new(&name)?, plan, TenantStatus::Spare).await?;
            report.ready += 1;
            report.made += 1;
        }
        Ok(report)
    }

    /// Applies the migrations that a spare lacks, unless the spare is taken meanwhile.
    async fn bring_up_to_date(
        &self,
        operation: &mut Operation<'_>,
        spare: &SchemaName,
        plan: &Plan,
    ) -> Result<bool, LifecycleError> {
        match self.apply(SchemaOwner::Tenant(spare.clone()), plan).await {
            Ok(_) => Ok(true),
            Err(_) if operation.likeness(spare, plan).await?.is_none() => Ok(false),
            Err(source) => Err(LifecycleError::Tables {
                tenant: spare.clone(),
                source,
            }),
        }
    }

    /// Drops a spare, unless it was taken meanwhile, or another session reads it, as a backup does: then the next call
    /// drops it.
    async fn drop_spare(&self, spare: &SchemaName) -> Result<bool, LifecycleError> {
        let event = LifecycleEvent::Drop { tenant: spare.clone() };
        match self.drop_schema(spare, &event, Patience::default()).await {
            Ok(()) => Ok(true),
            Err(LifecycleError::NotFound { .. } | LifecycleError::InUse { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// How a spare's migrations compare with those of a plan.
enum Likeness {
    /// The spare has exactly the plan's migrations.
    Same,
    /// The spare has some of the plan's migrations.
    Behind,
    /// The spare has other migrations.
    Other,
}

impl Operation<'_> {
    async fn spares(&mut self) -> Result<Vec<(SchemaName, TenantStatus)>, LifecycleError> {
        let spares = spares(self.connection).await;
        spares.map_err(|source| self.failed(source))
    }

    /// Compares a spare with the plan; `None` if the schema is no longer a spare.
    async fn likeness(&mut self, spare: &SchemaName, plan: &Plan) -> Result<Option<Likeness>, LifecycleError> {
        let Some(applied) = self.applied(spare).await? else {
            return Ok(None);
        };
        let is_planned = |version: &String| plan.migrations.iter().any(|migration| migration.version == *version);
        Ok(Some(match applied.iter().all(is_planned) {
            false => Likeness::Other,
            true if applied.len() == plan.migrations.len() => Likeness::Same,
            true => Likeness::Behind,
        }))
    }

    /// The versions applied to a spare; `None` if the schema is no longer a spare.
    async fn applied(&mut self, spare: &SchemaName) -> Result<Option<Vec<String>>, LifecycleError> {
        let status = status_of(spare, self.connection).await;
        if status.map_err(|source| self.failed(source))? != Some(TenantStatus::Spare) {
            return Ok(None);
        }
        // In a transaction, because the spare may be renamed in between. It is then rolled back, so that no lock
        // hinders an operation that takes the spare.
        let begun = Transactions::begin_transaction(self.connection).await;
        begun.map_err(|source| self.failed(source))?;
        let applied = applied(self.connection, spare).await;
        let ended = Transactions::rollback_transaction(self.connection).await;
        ended.map_err(|source| self.failed(source))?;
        Ok(applied.ok())
    }
}

async fn new_names(connection: &mut PostgresConnection, count: usize) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let names: Vec<Name> = diesel::sql_query(format!(
        "SELECT '{SPARE_PREFIX}' || pg_catalog.gen_random_uuid() AS name FROM pg_catalog.generate_series(1, $1)"
    ))
    .bind::<BigInt, _>(i64::try_from(count).unwrap_or(i64::MAX))
    .load(connection)
    .await?;
    Ok(names.into_iter().map(|row| row.name).collect())
}
