use diesel::{QueryResult, result::Error as DieselError};
use diesel_async::{SimpleAsyncConnection, TransactionManager};

use super::copy_rows::copy_rows;
use crate::{
    CloneError, LifecycleError, LifecycleEvent, PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{
        TableLock,
        catalog::{dependents::new_dependents, row_tables::row_tables, schema::status_of, sequences},
        copy_settings::WITHIN_SESSION,
        engine::PostgresTransactionManager,
        own_objects, search_path, set_lock_timeout,
        structure::{Object, Structure, left_behind, read, render},
    },
    lifecycle::lifecycle_error::is_for_who_left,
    migrations::{MigrationError, SchemaOwner},
    tenancy::{DirectoryChange, TenantStatus},
};

/// Copies one tenant, in a transaction on a connection of its own.
pub(super) struct Copying<'a> {
    pool: &'a TenantPool,
    connection: PostgresConnection,
    template: &'a SchemaName,
    tenant: &'a SchemaName,
    search_path: String,
}

impl<'a> Copying<'a> {
    pub(super) async fn connect(
        pool: &'a TenantPool,
        template: &'a SchemaName,
        tenant: &'a SchemaName,
    ) -> Result<Self, MigrationError> {
        let connector = pool.migration_connector();
        let connection = connector.connect().await.map_err(|source| MigrationError::Connect {
            owner: SchemaOwner::Tenant(tenant.clone()),
            source,
        })?;
        let mut schemas = vec![tenant.clone()];
        schemas.extend_from_slice(connector.extension_schemas());
        Ok(Self {
            pool,
            connection,
            template,
            tenant,
            search_path: search_path(&schemas),
        })
    }

    pub(super) async fn run(mut self, with_data: bool) -> Result<(), CloneError> {
        let lock = self.lock().await.map_err(|source| self.server(source))?;
        // The snapshot is taken once the tables are locked, so everything is read as of then.
        let begun =
            PostgresTransactionManager::begin_with(&mut self.connection, "BEGIN ISOLATION LEVEL REPEATABLE READ");
        begun.await.map_err(|source| self.server(source))?;
        match self.copy(&lock, with_data).await {
            Ok(()) => PostgresTransactionManager::commit_transaction(&mut self.connection)
                .await
                .map_err(|source| self.server(source)),
            Err(error) => {
                // The first error is returned, not the rollback's: without a connection the server rolls back by
                // itself.
                let _ = PostgresTransactionManager::rollback_transaction(&mut self.connection).await;
                Err(error)
            }
        }
    }

    /// Statements that lock the template's tables against changes, without taking a snapshot.
    async fn lock(&mut self) -> QueryResult<String> {
        let lock = TableLock::Changing
            .statement(&mut self.connection, self.template)
            .await?;
        let timeout = set_lock_timeout(self.pool.migration_lock_timeout());
        let lock = lock.unwrap_or_default();
        Ok(format!("{timeout}; {lock}; SET LOCAL lock_timeout = 0"))
    }

    async fn copy(&mut self, lock: &str, with_data: bool) -> Result<(), CloneError> {
        self.execute(lock).await?;
        self.execute(WITHIN_SESSION).await?;
        self.require_template().await?;
        let create = self.create_schema().await?;
        let structure = self.read().await?;
        let tables = row_tables(&mut self.connection, self.template).await;
        let tables = tables.map_err(|source| self.server(source))?;
        self.execute(&format!("{create}; SET LOCAL search_path = {}", self.search_path))
            .await?;

        let (before, after) = structure.objects.split_at(structure.before_rows());
        self.make(before).await?;
        for table in tables
            .iter()
            .filter(|table| with_data || table.name == own_objects::VERSION_TABLE)
        {
            let copied = self
                .connection
                .batch_execute(&copy_rows(table, self.template, self.tenant))
                .await;
            copied.map_err(|source| self.data(format!("the rows of {}", table.name), source))?;
        }
        if with_data {
            let copied = self.copy_sequences().await;
            copied.map_err(|source| self.data("the state of the sequences".to_owned(), source))?;
        }
        self.make(after).await?;
        self.require_independence().await?;
        let note = self.pool.note(&DirectoryChange::Added { tenant: self.tenant });
        self.connection.batch_execute(&note).await.map_err(|source| {
            if !is_for_who_left(&source) {
                return self.server(source);
            }
            let event = LifecycleEvent::Clone {
                from: self.template.clone(),
                to: self.tenant.clone(),
            };
            LifecycleError::of(&event, source).into()
        })
    }

    async fn require_template(&mut self) -> Result<(), CloneError> {
        let status = status_of(self.template, &mut self.connection).await;
        match status.map_err(|source| self.server(source))? {
            Some(status) if status.is_migrated() => Ok(()),
            _ => Err(CloneError::UnknownTenant {
                template: self.template.clone(),
            }),
        }
    }

    /// The statement that creates the schema, and replaces what an abandoned creation may have left.
    async fn create_schema(&mut self) -> Result<String, CloneError> {
        let schema = self.tenant.quoted();
        let status = status_of(self.tenant, &mut self.connection).await;
        match status.map_err(|source| self.server(source))? {
            Some(status) if status != TenantStatus::Unfinished => Err(CloneError::AlreadyExists {
                template: self.template.clone(),
                tenant: self.tenant.clone(),
            }),
            Some(_) => Ok(format!("DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")),
            None => Ok(format!("CREATE SCHEMA {schema}")),
        }
    }

    async fn read(&mut self) -> Result<Structure, CloneError> {
        let read = read(&mut self.connection, std::slice::from_ref(self.template)).await;
        let found = read.map_err(|source| self.server(source))?.pop().flatten();
        let structure = found.ok_or_else(|| CloneError::UnknownTenant {
            template: self.template.clone(),
        })?;
        if !structure.unsupported.is_empty() {
            return Err(CloneError::Unsupported {
                template: self.template.clone(),
                objects: structure.unsupported,
            });
        }
        let mut objects = structure.unclear();
        let left = left_behind(&mut self.connection, self.template).await;
        objects.extend(left.map_err(|source| self.server(source))?);
        if !objects.is_empty() {
            return Err(CloneError::Unclear {
                template: self.template.clone(),
                objects,
            });
        }
        Ok(structure)
    }

    async fn make(&mut self, objects: &[Object]) -> Result<(), CloneError> {
        for object in objects.iter().filter(|object| !object.inline) {
            let statements = render(&object.make.join(";\n"), self.tenant);
            let made = self.connection.batch_execute(&statements).await;
            made.map_err(|source| CloneError::Structure {
                template: self.template.clone(),
                tenant: self.tenant.clone(),
                object: object.to_string(),
                source,
            })?;
        }
        Ok(())
    }

    async fn copy_sequences(&mut self) -> QueryResult<()> {
        let statements = sequences::copies(&mut self.connection, self.template, self.tenant).await?;
        self.connection.batch_execute(&statements).await
    }

    /// Fails if an object of the clone leads to the template. That would be a bug of this library, and must not become
    /// a leak between tenants.
    async fn require_independence(&mut self) -> Result<(), CloneError> {
        let found = new_dependents(&mut self.connection, self.template).await;
        let objects = found.map_err(|source| self.server(source))?;
        if objects.is_empty() {
            return Ok(());
        }
        Err(CloneError::Entangled {
            template: self.template.clone(),
            objects,
        })
    }

    async fn execute(&mut self, sql: &str) -> Result<(), CloneError> {
        let done = self.connection.batch_execute(sql).await;
        done.map_err(|source| self.server(source))
    }

    fn data(&self, object: String, source: DieselError) -> CloneError {
        CloneError::Data {
            template: self.template.clone(),
            tenant: self.tenant.clone(),
            object,
            source,
        }
    }

    fn server(&self, source: DieselError) -> CloneError {
        CloneError::Server {
            template: self.template.clone(),
            tenant: self.tenant.clone(),
            source,
        }
    }
}
