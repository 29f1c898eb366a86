use std::time::Duration;

use futures_core::future::BoxFuture;

use super::{LifecycleError, Operation, by_name::Texts, connect, in_use::Patience};
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    backend::postgres::structure::stop_journal,
    tenancy::{DirectoryChange, LifecycleEvent, TenantStatus},
};

/// Renames a tenant, once it is awaited; made by [`TenantPool::rename_tenant`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct RenameRequest<'a> {
    pool: &'a TenantPool,
    names: Result<(SchemaName, SchemaName), SchemaNameError>,
    patience: Patience,
    texts: Texts,
}

impl TenantPool {
    /// Renames a tenant: with its data, its migrations and its status, in one transaction that copies nothing.
    ///
    /// Waits until no transaction uses the tenant, as one that did would go on with the tables of whoever gets the old name.
    /// This pool's caches follow at once. Another process that knew the old name meets an error ("relation does not exist")
    /// until it looks the name up again.
    ///
    /// What PostgreSQL keeps by the schema's name follows: the `SET search_path` of functions, wherever they are. What nobody can
    /// rewrite, such as a function's body that says `client1.orders`, would lead to whoever gets the old name next: the rename is
    /// refused, and says where it stands, unless it is told to [leave it](RenameRequest::leave_texts).
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::LifecycleError> {
    /// pool.rename_tenant("client1", "first_client").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant has its old name then. [`AlreadyExists`](LifecycleError::AlreadyExists) if the new name is
    /// taken, [`InUse`](LifecycleError::InUse) if a transaction doesn't end, [`NamedInTexts`](LifecycleError::NamedInTexts) if
    /// texts hold the old name.
    pub fn rename_tenant(&self, from: impl IntoSchemaName, to: impl IntoSchemaName) -> RenameRequest<'_> {
        let from = self.tenant_name(from);
        let names = from.and_then(|from| Ok((from, self.new_tenant_name(to)?)));
        RenameRequest {
            pool: self,
            names,
            patience: Patience::default(),
            texts: Texts::default(),
        }
    }

    async fn rename(
        &self,
        from: &SchemaName,
        to: &SchemaName,
        event: &LifecycleEvent,
        patience: Patience,
        texts: Texts,
    ) -> Result<(), LifecycleError> {
        let _forget = (self.forget_afterwards(from), self.forget_afterwards(to));
        if self.placed_elsewhere(from, event).await?.is_some() {
            let change = DirectoryChange::Renamed { from, to };
            return self.note_elsewhere(from, &change, event).await;
        }
        let mut connection = connect(self, event).await?;
        let mut operation = Operation::new(self, &mut connection, event.clone());
        operation.shrink_leftover(to).await?;
        operation.begin(&[from, to]).await?;
        let renamed = operation.rename_tenant(from, to, patience, texts).await;
        operation.end(renamed).await
    }
}

impl RenameRequest<'_> {
    /// How long transactions that use the tenant are waited for. Default: 3 seconds.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.patience.wait = wait;
        self
    }

    /// Goes on although texts hold the old name: bodies of functions, strings in defaults and triggers, settings of roles, options of
    /// foreign tables. They lead to whoever gets that name, until somebody changes them. Default: the rename is refused.
    pub fn leave_texts(mut self) -> Self {
        self.texts = Texts::Leave;
        self
    }
}

impl<'a> IntoFuture for RenameRequest<'a> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                pool,
                names,
                patience,
                texts,
            } = self;
            let (from, to) = names?;
            let event = LifecycleEvent::Rename {
                from: from.clone(),
                to: to.clone(),
            };
            pool.hooked(&event, pool.rename(&from, &to, &event, patience, texts))
                .await
        })
    }
}

impl Operation<'_> {
    async fn rename_tenant(
        &mut self,
        from: &SchemaName,
        to: &SchemaName,
        patience: Patience,
        texts: Texts,
    ) -> Result<(), LifecycleError> {
        self.tenant_status(from).await?;
        self.free(to).await?;
        self.rename_schema(from, to, patience).await?;
        if texts == Texts::Refuse {
            self.refuse_own_texts(from, to).await?;
            self.refuse_outsiders(from, to).await?;
        }
        self.note(&DirectoryChange::Renamed { from, to }).await
    }

    /// Renames a schema, with what can follow it to the new name.
    pub(super) async fn rename_schema(
        &mut self,
        from: &SchemaName,
        to: &SchemaName,
        patience: Patience,
    ) -> Result<(), LifecycleError> {
        // What a move that was given up has left would write to a table by the schema's old name.
        let sql = format!(
            "ALTER SCHEMA {} RENAME TO {}; {}",
            from.quoted(),
            to.quoted(),
            stop_journal(to)
        );
        self.exclusively(from, patience, &sql).await?;
        self.bring_along(from, to).await
    }

    /// Makes sure that a name is free: what a crash left under it is dropped.
    pub(super) async fn free(&mut self, name: &SchemaName) -> Result<(), LifecycleError> {
        match self.find(name).await? {
            None => Ok(()),
            Some(found) if found.status == TenantStatus::Unfinished => {
                self.execute(&format!("DROP SCHEMA {} CASCADE", name.quoted())).await
            }
            Some(_) => Err(LifecycleError::AlreadyExists { tenant: name.clone() }),
        }
    }
}
