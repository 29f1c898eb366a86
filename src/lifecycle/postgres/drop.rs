use futures_core::future::BoxFuture;

use super::operation::{Operation, connect};
use crate::{
    IntoSchemaName, SchemaName, TenantPool,
    backend::postgres::{catalog::schema::SchemaState, locks::lock_count_limit},
    lifecycle::{DropRequest, LifecycleError, requests::Patience},
    tenancy::{ArchiveNote, DirectoryChange, DirectoryEntry, LifecycleEvent, Tables, TenantStatus, is_placed},
};

/// # Dropping a tenant
impl TenantPool {
    /// Drops a tenant with all its data, permanently. [`archive_tenant`](Self::archive_tenant) keeps the data for a
    /// while.
    ///
    /// A tenant that is in use, or that other schemas depend on by a foreign key or a view, is not dropped, unless
    /// [`force`](DropRequest::force) is called. This also drops the remains of a creation or a drop that crashed, and
    /// an archive or a spare, by the name of its schema.
    ///
    /// Dropping is one transaction, unless the schema has so many tables, indexes and other objects that the server
    /// could not lock them all at once. Such a schema is first marked, so that it can't be checked out, and then
    /// dropped in parts. If that is interrupted, the same call continues, and so does creating a tenant of that name.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::LifecycleError> {
    /// pool.drop_tenant("client1").await?;
    /// pool.drop_tenant("client2").force().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LifecycleError`]: [`InUse`](LifecycleError::InUse), [`Referenced`](LifecycleError::Referenced),
    /// [`NotFound`](LifecycleError::NotFound), or any other reason why the server could not drop it.
    pub fn drop_tenant(&self, tenant: impl IntoSchemaName) -> DropRequest<'_> {
        DropRequest::new(self, self.name_of_existing(tenant))
    }

    pub(super) async fn drop_schema(
        &self,
        schema: &SchemaName,
        event: &LifecycleEvent,
        patience: Patience,
    ) -> Result<(), LifecycleError> {
        let _forget = self.forget_afterwards(schema);
        if let Some(entry) = self.placed_elsewhere(schema, event).await? {
            return self.drop_elsewhere(schema, entry, event, patience).await;
        }
        let mut connection = connect(self, event).await?;
        let mut operation = Operation::new(self, &mut connection, event.clone());
        operation.drop_schema(schema, patience).await
    }

    /// Drops a tenant that lives elsewhere: its schema there, and its directory entry here. Meanwhile it can't be
    /// checked out.
    async fn drop_elsewhere(
        &self,
        tenant: &SchemaName,
        entry: DirectoryEntry,
        event: &LifecycleEvent,
        patience: Patience,
    ) -> Result<(), LifecycleError> {
        let (database, schema) = match entry.placement.parts() {
            (Some(database), Tables::Schema(schema)) => (database, schema),
            (None, Tables::Schema(_)) => {
                return Err(LifecycleError::Elsewhere {
                    operation: event.clone(),
                    placement: entry.placement,
                    instead: "drop that schema by SQL, and then delete the tenant's row in the directory",
                });
            }
            (_, Tables::Rows(_)) => {
                // The application deletes the tenant's rows itself.
                let change = DirectoryChange::Removed { tenant };
                return self.note_elsewhere(tenant, &change, event).await;
            }
        };
        let elsewhere = self.database_of(database, event).await?;
        if schema == elsewhere.shared_schema() {
            return Err(LifecycleError::Elsewhere {
                operation: event.clone(),
                placement: entry.placement,
                instead: "drop the database, and then delete the tenant's row in the directory",
            });
        }
        let change = DirectoryChange::Leaving { tenant };
        self.note_elsewhere(tenant, &change, event).await?;
        match Box::pin(elsewhere.drop_schema(schema, event, patience)).await {
            // `NotFound`: a crash came between dropping the schema and removing the entry.
            Ok(()) | Err(LifecycleError::NotFound { .. }) => {
                let change = DirectoryChange::Removed { tenant };
                self.note_elsewhere(tenant, &change, event).await
            }
            Err(error) => {
                // A tenant that was not dropped because it is in use is still complete. A half-dropped one can't be
                // checked out anyway.
                let change = match entry.status {
                    TenantStatus::Active => DirectoryChange::Resumed { tenant },
                    TenantStatus::Suspended => DirectoryChange::Suspended { tenant },
                    _ => return Err(error),
                };
                let _ = self.note_elsewhere(tenant, &change, event).await;
                Err(error)
            }
        }
    }
}

impl DropRequest<'_> {
    /// Ends all sessions that use the tenant, of any application, and drops the objects in other schemas that depend on
    /// it.
    ///
    /// Ending sessions needs the rights of their user, or of `pg_signal_backend`.
    pub fn force(mut self) -> Self {
        self.patience.force = true;
        self
    }
}

impl<'a> IntoFuture for DropRequest<'a> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { pool, tenant, patience } = self;
            let tenant = tenant?;
            let event = LifecycleEvent::Drop { tenant: tenant.clone() };
            pool.hooked(&event, pool.drop_schema(&tenant, &event, patience)).await
        })
    }
}

/// How far one transaction of a drop came.
#[derive(PartialEq, Eq)]
enum Progress {
    Part,
    All,
}

impl Operation<'_> {
    async fn drop_schema(&mut self, schema: &SchemaName, patience: Patience) -> Result<(), LifecycleError> {
        self.begin(&[schema]).await?;
        let begun = self.begin_drop(schema, patience).await;
        let mut progress = self.end(begun).await?;
        while progress == Progress::Part {
            self.begin(&[schema]).await?;
            let gone_on = self.go_on_with_drop(schema, patience).await;
            progress = self.end(gone_on).await?;
        }
        Ok(())
    }

    /// Drops a schema, or marks it as half-dropped if it is too large to drop at once.
    async fn begin_drop(&mut self, schema: &SchemaName, patience: Patience) -> Result<Progress, LifecycleError> {
        let found = match self.find(schema).await? {
            Some(found) if found.has_versions => found,
            _ => return Err(LifecycleError::NotFound { tenant: schema.clone() }),
        };
        if is_placed(found.comment.as_deref()) && !self.is_further() {
            return Err(self.others_directory(schema));
        }
        if found.status == TenantStatus::Unfinished {
            return self.go_on_with_drop(schema, patience).await;
        }
        self.exclusively(schema, patience, "").await?;
        if !patience.force {
            self.refuse_dependents(schema).await?;
        }
        self.note(&DirectoryChange::Removed { tenant: schema }).await?;
        if self.is_large(schema).await? {
            self.mark(schema, &half_dropped(&found)).await?;
            return Ok(Progress::Part);
        }
        self.drop_at_once(schema, patience).await
    }

    async fn go_on_with_drop(&mut self, schema: &SchemaName, patience: Patience) -> Result<Progress, LifecycleError> {
        if !self.is_leftover(schema).await? {
            // Another process has finished the drop meanwhile, and the name may belong to a new tenant.
            return Ok(Progress::All);
        }
        match self.next_part(schema).await? {
            Some(part) => {
                self.once_unused(schema, patience, &part).await?;
                Ok(Progress::Part)
            }
            None => self.drop_at_once(schema, patience).await,
        }
    }

    async fn drop_at_once(&mut self, schema: &SchemaName, patience: Patience) -> Result<Progress, LifecycleError> {
        self.once_unused(schema, patience, &format!("DROP SCHEMA {} CASCADE", schema.quoted()))
            .await?;
        Ok(Progress::All)
    }

    /// Drops the remains that a crash left under a name, until the rest is small enough for one transaction that does
    /// other things too.
    pub(super) async fn shrink_leftover(&mut self, schema: &SchemaName) -> Result<(), LifecycleError> {
        if !self.is_leftover(schema).await? {
            return Ok(());
        }
        let mut progress = Progress::Part;
        while progress == Progress::Part {
            self.begin(&[schema]).await?;
            let shrunk = self.shrink(schema).await;
            progress = self.end(shrunk).await?;
        }
        Ok(())
    }

    async fn shrink(&mut self, schema: &SchemaName) -> Result<Progress, LifecycleError> {
        if self.is_leftover(schema).await?
            && let Some(part) = self.next_part(schema).await?
        {
            self.once_unused(schema, Patience::default(), &part).await?;
            return Ok(Progress::Part);
        }
        Ok(Progress::All)
    }

    /// Whether a creation or a drop stopped halfway. The lock is held, so no other process is still working on it.
    async fn is_leftover(&mut self, schema: &SchemaName) -> Result<bool, LifecycleError> {
        let found = self.find(schema).await?;
        Ok(found.is_some_and(|found| found.status == TenantStatus::Unfinished))
    }

    async fn is_large(&mut self, schema: &SchemaName) -> Result<bool, LifecycleError> {
        let is_large = lock_count_limit::is_large(self.connection, schema).await;
        is_large.map_err(|source| self.failed(source))
    }

    /// The part to drop next of a schema that is too large to drop at once.
    async fn next_part(&mut self, schema: &SchemaName) -> Result<Option<String>, LifecycleError> {
        if !self.is_large(schema).await? {
            return Ok(None);
        }
        let part = lock_count_limit::drop_some(self.connection, schema).await;
        part.map_err(|source| self.failed(source))
    }
}

/// The comment on a schema that is dropped in parts. An archive's comment still names an archive, so that it is listed
/// among archives.
fn half_dropped(found: &SchemaState) -> String {
    match found.comment.as_deref().and_then(ArchiveNote::of_comment) {
        Some(note) => ArchiveNote { dropping: true, ..note }.comment(),
        None => TenantStatus::Unfinished.comment(),
    }
}
