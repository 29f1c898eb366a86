use futures_core::future::BoxFuture;

use super::operation::{Operation, connect};
use crate::{
    IntoSchemaName, SchemaName, TenantPool,
    backend::postgres::journal,
    lifecycle::{
        LifecycleError, RenameRequest,
        ask_directory::unfinished,
        requests::{Patience, Texts},
    },
    tenancy::{DirectoryChange, LifecycleEvent, TenantStatus},
};

/// # Renaming a tenant
impl TenantPool {
    /// Renames a tenant with its data, its migrations and its status, in one transaction that copies nothing.
    ///
    /// Waits until no transaction uses the tenant: such a transaction could continue in the tables of the next tenant
    /// with the old name. This pool's caches are updated at once. Another process that remembers the old name gets an
    /// error ("relation does not exist") until it looks the name up again.
    ///
    /// The `SET search_path` of functions in all schemas is updated. A text that can't be rewritten, such as a
    /// function's body that says `client1.orders`, would lead to the next tenant of the old name. The rename then fails
    /// and lists such texts, unless told to [leave them](RenameRequest::leave_texts).
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::LifecycleError> {
    /// pool.rename_tenant("client1", "first_client").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant then keeps its old name. [`AlreadyExists`](LifecycleError::AlreadyExists) if the
    /// new name is taken, [`InUse`](LifecycleError::InUse) if a transaction doesn't end,
    /// [`NamedInTexts`](LifecycleError::NamedInTexts) if texts contain the old name.
    pub fn rename_tenant(&self, from: impl IntoSchemaName, to: impl IntoSchemaName) -> RenameRequest<'_> {
        RenameRequest::new(self, from, to)
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
        if let Some(entry) = self.placed_elsewhere(from, event).await? {
            if let Some(error) = unfinished(&entry, event) {
                return Err(error);
            }
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
    /// Renames the tenant even if texts contain the old name: bodies of functions, strings in defaults and triggers,
    /// settings of roles, options of foreign tables. Until they are changed, they lead to the next tenant of that name.
    /// Default: the call fails.
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

    /// Renames a schema, and changes the settings of functions to the new name.
    pub(super) async fn rename_schema(
        &mut self,
        from: &SchemaName,
        to: &SchemaName,
        patience: Patience,
    ) -> Result<(), LifecycleError> {
        // Triggers that an abandoned move left would write to a table by the schema's old name.
        let sql = format!(
            "ALTER SCHEMA {} RENAME TO {}; {}",
            from.quoted(),
            to.quoted(),
            journal::stop(to)
        );
        self.exclusively(from, patience, &sql).await?;
        self.bring_along(from, to).await
    }

    /// Makes sure that a name is free. The remains that a crash left under the name are dropped.
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
