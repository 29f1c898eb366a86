//! Archives a tenant, and restores it.

use futures_core::future::BoxFuture;

use crate::{
    IntoSchemaName, SchemaName, TenantPool,
    backend::{
        archive_name,
        postgres::{LockSpan, clock::now, try_lock},
    },
    lifecycle::{
        ArchiveRequest, LifecycleError, RestoreRequest,
        postgres::operation::{Operation, connect},
        requests::{Patience, Texts},
    },
    tenancy::{ArchiveNote, DirectoryChange, LifecycleEvent, TenantStatus},
};

/// # Archiving and restoring a tenant
impl TenantPool {
    /// Archives a tenant, to restore or drop it later. Its schema gets another name, which is returned. An archive
    /// can't be checked out, and is not migrated. Other tenants can get the tenant's name from then on.
    ///
    /// [`archived_tenants`](Self::archived_tenants) lists archives, [`restore_tenant`](Self::restore_tenant) turns an
    /// archive into a tenant again, and [`drop_archived`](Self::drop_archived) drops archives of a given age. Archiving
    /// is one transaction and copies nothing. As in [`rename_tenant`](Self::rename_tenant), it waits for transactions
    /// that use the tenant, and updates the settings of functions. Texts inside the tenant that contain its name stay,
    /// because they are right again once the tenant is restored under that name. Texts elsewhere would lead to the next
    /// tenant of that name, so they make the call fail.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged. [`InUse`](LifecycleError::InUse) if a transaction doesn't end,
    /// unless [forced](ArchiveRequest::force), and [`NamedInTexts`](LifecycleError::NamedInTexts) if texts elsewhere
    /// contain the name, unless they are [left](ArchiveRequest::leave_texts).
    pub fn archive_tenant(&self, tenant: impl IntoSchemaName) -> ArchiveRequest<'_> {
        ArchiveRequest::new(self, self.name_of_existing(tenant))
    }

    /// Turns an archive into a tenant again, under any free name. A tenant that was suspended when it was archived is
    /// suspended again.
    ///
    /// The tenant has the migrations that it had when it was archived: [`migrate_tenant`](Self::migrate_tenant) brings
    /// it up to date.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant then stays archived. [`NotArchived`](LifecycleError::NotArchived) if the schema
    /// is not an archive, [`AlreadyExists`](LifecycleError::AlreadyExists) if the name is taken, and
    /// [`NamedInTexts`](LifecycleError::NamedInTexts) if the tenant gets a new name and texts inside it contain its
    /// earlier one.
    pub fn restore_tenant(&self, archive: impl IntoSchemaName, tenant: impl IntoSchemaName) -> RestoreRequest<'_> {
        RestoreRequest::new(self, archive, tenant)
    }

    async fn archive(
        &self,
        tenant: &SchemaName,
        event: &LifecycleEvent,
        patience: Patience,
        texts: Texts,
    ) -> Result<SchemaName, LifecycleError> {
        if let Some(entry) = self.placed_elsewhere(tenant, event).await? {
            return Err(LifecycleError::Elsewhere {
                operation: event.clone(),
                placement: entry.placement,
                instead: "suspend the tenant, which also keeps it from being used",
            });
        }
        let mut connection = connect(self, event).await?;
        let mut operation = Operation::new(self, &mut connection, event.clone());
        let _forget = self.forget_afterwards(tenant);
        operation.begin(&[tenant]).await?;
        let archived = operation.archive(tenant, patience, texts).await;
        operation.end(archived).await
    }

    async fn restore(
        &self,
        archive: &SchemaName,
        tenant: &SchemaName,
        event: &LifecycleEvent,
        texts: Texts,
    ) -> Result<(), LifecycleError> {
        let mut connection = connect(self, event).await?;
        let mut operation = Operation::new(self, &mut connection, event.clone());
        let _forget = (self.forget_afterwards(archive), self.forget_afterwards(tenant));
        operation.shrink_leftover(tenant).await?;
        operation.begin(&[archive, tenant]).await?;
        let restored = operation.restore(archive, tenant, texts).await;
        operation.end(restored).await
    }
}

impl ArchiveRequest<'_> {
    /// Ends all sessions that use the tenant, of any application.
    ///
    /// Needs the rights of the sessions' user, or of `pg_signal_backend`.
    pub fn force(mut self) -> Self {
        self.patience.force = true;
        self
    }

    /// Archives the tenant even if texts elsewhere contain its name: settings of roles, functions of other schemas,
    /// options of foreign tables. Until they are changed, they lead to the next tenant of that name. Default: the call
    /// fails.
    pub fn leave_texts(mut self) -> Self {
        self.texts = Texts::Leave;
        self
    }
}

impl RestoreRequest<'_> {
    /// Restores the tenant under a new name even if texts inside the tenant contain its earlier name. Until they are
    /// changed, they lead to any tenant that has the earlier name. Default: the call fails.
    pub fn leave_texts(mut self) -> Self {
        self.texts = Texts::Leave;
        self
    }
}

impl<'a> IntoFuture for RestoreRequest<'a> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { pool, names, texts } = self;
            let (archive, tenant) = names?;
            let event = LifecycleEvent::Restore {
                archive: archive.clone(),
                tenant: tenant.clone(),
            };
            pool.hooked(&event, pool.restore(&archive, &tenant, &event, texts))
                .await
        })
    }
}

impl<'a> IntoFuture for ArchiveRequest<'a> {
    type Output = Result<SchemaName, LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                pool,
                tenant,
                patience,
                texts,
            } = self;
            let tenant = tenant?;
            let event = LifecycleEvent::Archive { tenant: tenant.clone() };
            pool.hooked(&event, pool.archive(&tenant, &event, patience, texts))
                .await
        })
    }
}

impl Operation<'_> {
    async fn archive(
        &mut self,
        tenant: &SchemaName,
        patience: Patience,
        texts: Texts,
    ) -> Result<SchemaName, LifecycleError> {
        let status = self.tenant_status(tenant).await?;
        let now = now(self.connection).await.map_err(|source| self.failed(source))?;
        let archive = self.free_archive(tenant, &now.stamp).await?;
        self.rename_schema(tenant, &archive, patience).await?;
        if texts == Texts::Refuse {
            self.refuse_outsiders(tenant, &archive).await?;
        }
        let note = ArchiveNote {
            since: now.seconds.try_into().unwrap_or_default(),
            suspended: status == TenantStatus::Suspended,
            tenant: tenant.clone(),
            dropping: false,
        };
        self.mark(&archive, &note.comment()).await?;
        let change = DirectoryChange::Archived {
            tenant,
            archive: &archive,
        };
        self.note(&change).await?;
        Ok(archive)
    }

    /// A name for an archive that no schema has, and that no other operation is about to use.
    async fn free_archive(&mut self, tenant: &SchemaName, stamp: &str) -> Result<SchemaName, LifecycleError> {
        let mut number = 1;
        loop {
            let archive = archive_name::for_schema(tenant, stamp, number)?;
            let locked = try_lock(self.connection, &archive, LockSpan::Transaction).await;
            if locked.map_err(|source| self.failed(source))? && self.find(&archive).await?.is_none() {
                return Ok(archive);
            }
            number += 1;
        }
    }

    async fn restore(&mut self, archive: &SchemaName, tenant: &SchemaName, texts: Texts) -> Result<(), LifecycleError> {
        let found = self.find(archive).await?;
        let note = found.and_then(|found| ArchiveNote::of_comment(&found.comment?));
        let Some(note) = note.filter(|note| !note.dropping) else {
            return Err(LifecycleError::NotArchived {
                archive: archive.clone(),
            });
        };
        self.free(tenant).await?;
        self.rename_schema(archive, tenant, Patience::default()).await?;
        if texts == Texts::Refuse {
            self.refuse_own_texts(archive, tenant).await?;
            if note.tenant != *tenant {
                self.refuse_own_texts(&note.tenant, tenant).await?;
            }
        }
        self.mark(tenant, &note.status().comment()).await?;
        let change = DirectoryChange::Restored {
            archive,
            tenant,
            suspended: note.suspended,
        };
        self.note(&change).await
    }
}
