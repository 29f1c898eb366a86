//! Creating a tenant's schema, in one transaction or in steps.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::SimpleAsyncConnection;

use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{catalog::schema::status_of, version_table},
    lifecycle::{LifecycleError, postgres::spares::take_spare},
    migrations::{MigrationError, Plan, Runner, Script},
    tenancy::{DirectoryChange, LifecycleEvent, TenantStatus},
};

/// A schema that becomes a tenant or a spare.
pub(crate) struct Creation<'a> {
    pub(crate) pool: &'a TenantPool,
    pub(crate) tenant: &'a SchemaName,
    pub(crate) runner: Runner,
    pub(crate) plan: &'a Plan,
    pub(crate) scripts: &'a [Script],
    /// The status that the schema gets in the end: active, or spare.
    pub(crate) status: TenantStatus,
}

/// What the first transaction of a creation has done.
#[derive(PartialEq, Eq)]
enum Made {
    /// It created the schema, with the first migrations.
    Begun,
    /// It renamed a spare, so nothing is left to do.
    Renamed,
}

impl Creation<'_> {
    pub(crate) async fn run(mut self) -> Result<(), LifecycleError> {
        // As many migrations as can share the transaction that creates the schema.
        let together = self
            .scripts
            .iter()
            .take_while(|script| script.migration.in_transaction)
            .count();
        if together == self.scripts.len() {
            return self.begin(together).await.map(drop);
        }
        // The lock is held until the end: a process that gets the lock and finds an unfinished schema knows that its
        // creator died.
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

    /// Creates the whole schema in a transaction that stays open, and returns the connection, whose settings are those
    /// of a checkout.
    pub(crate) async fn begin_and_hand_over(mut self) -> Result<PostgresConnection, LifecycleError> {
        self.runner.begin_locked().await.map_err(|error| self.tables(error))?;
        let made = match self.create_locked(self.scripts.len()).await {
            // A migration's search_path must not reach what follows.
            Ok(_) => self
                .runner
                .reset_in_transaction()
                .await
                .map_err(|source| self.schema(source)),
            Err(error) => Err(error),
        };
        match made {
            Ok(()) => Ok(self.runner.take()),
            Err(error) => {
                self.runner.rollback().await;
                Err(error)
            }
        }
    }

    /// Creates the schema with the first migrations, in one transaction, or takes a spare.
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

    /// Applies the remaining migrations, and makes the schema visible as a tenant.
    async fn finish(&mut self) -> Result<(), LifecycleError> {
        self.runner.apply(self.plan).await.map_err(|error| self.tables(error))?;
        // One message is one transaction.
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
        version_table::mark(self.tenant, &status.comment())
    }

    /// Records the tenant in the directory, and notifies other processes when the transaction is committed.
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

    /// Undoes an unfinished creation, as far as possible. Its own errors are ignored: the creation's error is returned.
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
