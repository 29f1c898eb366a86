//! A new tenant and the application's own rows in one transaction.

use diesel::{migration::MigrationSource, pg::Pg};
use diesel_async::{AsyncConnection, TransactionManager};

use super::{create::CreateRequest, create_in_steps::Creation};
use crate::{
    LifecycleError, PostgresConnection, SchemaName, TenantConnection, TenantPool,
    connection::SendAsyncFn,
    lifecycle::postgres::{
        operation::{Operation, Transactions},
        read_migrations::read_for,
    },
    migrations::{Direction, Plan, Runner, SchemaOwner},
    query::Sharing,
    signals::Label,
    tenancy::{LifecycleEvent, Tables, TenantStatus},
};

/// Why a tenant was not created together with what belongs to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[cfg_attr(
    any(feature = "mysql", feature = "sqlite"),
    expect(
        clippy::large_enum_variant,
        reason = "each operation on a tenant returns this error as it is"
    )
)]
pub enum CreateWithError<E> {
    /// The tenant could not be created. The work was not begun, or is undone.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// The work returned this error. There is no tenant.
    #[error(transparent)]
    Work(E),
}

impl<M: MigrationSource<Pg> + Send + Sync + 'static> CreateRequest<'_, M> {
    /// Creates the tenant and runs `work` in one transaction: an account's row, the tenant, its first user and its
    /// domain come into being together, or not at all.
    ///
    /// The connection that `work` gets is like a checkout for the new tenant: it reaches the tenant's tables and the
    /// shared ones. Nobody else sees the tenant before the transaction is committed. If `work` returns an error, all of
    /// it is undone. The same holds if the future is dropped, if `work` panics, and if the server or this process dies.
    ///
    /// ```no_run
    /// # use diesel::prelude::*;
    /// # use diesel_async::RunQueryDsl;
    /// # use diesel_tenants::{TenantPool, migrations::NoMigrations};
    /// # const TENANT_MIGRATIONS: NoMigrations = NoMigrations;
    /// diesel::table! { public.accounts (id) { id -> Integer, email -> Text, tenant -> Text } }
    /// diesel::table! { members (id) { id -> Integer, email -> Text } }
    ///
    /// # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// pool.create_tenant("client1", TENANT_MIGRATIONS)
    ///     .with(async |conn| {
    ///         let (account, member) = ((accounts::email.eq("a@example.com"), accounts::tenant.eq("client1")), members::email.eq("a@example.com"));
    ///         diesel::insert_into(accounts::table).values(account).execute(conn).await?;
    ///         diesel::insert_into(members::table).values(member).execute(conn).await
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The transaction runs on a connection of its own, outside the pool, as migrations do, and by their role. Until it
    /// ends, other operations on this tenant wait. So don't wait for other services in `work`: send e-mails afterwards.
    /// What may fail without spoiling the rest goes into a transaction of its own, which is a savepoint then:
    /// `conn.transaction(…)`.
    ///
    /// With [hooks](crate::TenantPoolBuilder::hooks), the first one runs before the transaction begins, and the second
    /// one after it was committed.
    ///
    /// SQLite and MySQL have no such method: a tenant's file, or its database, can't be created in a transaction.
    ///
    /// # Errors
    /// [`CreateWithError::Work`] with the error of `work`, or [`CreateWithError::Lifecycle`]: as for `create_tenant`,
    /// and [`NeedsTransaction`](LifecycleError::NeedsTransaction) if a migration doesn't run in a transaction,
    /// [`Elsewhere`](LifecycleError::Elsewhere) if the tenant would live in another database or share tables. There is
    /// no tenant then. If the connection is lost while the transaction is committed, nobody knows whether it was: ask
    /// [`tenant_exists`](TenantPool::tenant_exists).
    pub async fn with<T, E, F>(self, work: F) -> Result<T, CreateWithError<E>>
    where
        for<'r> F: AsyncFnOnce(&'r mut TenantConnection) -> Result<T, E>
            + SendAsyncFn<&'r mut TenantConnection, Result<T, E>, Future: Send>
            + Send,
    {
        let Self {
            pool,
            tenant,
            migrations,
        } = self;
        let tenant = tenant.map_err(LifecycleError::from)?;
        let plan = read_for(&tenant, migrations).await?;
        if let Some(apart) = plan.migrations.iter().find(|migration| !migration.in_transaction) {
            return Err(CreateWithError::Lifecycle(LifecycleError::NeedsTransaction {
                tenant,
                migration: apart.name.clone(),
            }));
        }
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        pool.require_own_place(&tenant, &event).await?;
        pool.hooked(&event, pool.create_with(&tenant, &plan, work)).await
    }
}

impl TenantPool {
    /// Fails if the pool's policy chooses another place than a schema of the pool's own database.
    async fn require_own_place(&self, tenant: &SchemaName, event: &LifecycleEvent) -> Result<(), LifecycleError> {
        let Some(policy) = self.placement_policy() else {
            return Ok(());
        };
        let placement = policy
            .place(tenant, self)
            .await
            .map_err(|source| LifecycleError::Policy {
                operation: event.clone(),
                source,
            })?;
        match placement.parts() {
            (None, Tables::Schema(schema)) if schema == tenant => Ok(()),
            _ => Err(LifecycleError::Elsewhere {
                operation: event.clone(),
                placement,
                instead: "one transaction reaches one database: create the tenant first, and drop it if the rest fails",
            }),
        }
    }

    async fn create_with<T, E, F>(&self, tenant: &SchemaName, plan: &Plan, work: F) -> Result<T, CreateWithError<E>>
    where
        for<'r> F: AsyncFnOnce(&'r mut TenantConnection) -> Result<T, E>
            + SendAsyncFn<&'r mut TenantConnection, Result<T, E>, Future: Send>
            + Send,
    {
        let tables = |source| LifecycleError::Tables {
            tenant: tenant.clone(),
            source,
        };
        let owner = SchemaOwner::Tenant(tenant.clone());
        let scripts = plan
            .prepare_for(&owner, &plan.migrations, Direction::Up, self)
            .await
            .map_err(tables)?;
        let _forget = self.forget_afterwards(tenant);
        let mut runner = Runner::connect(self, owner).await.map_err(tables)?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        Operation::new(self, runner.parts().0, event.clone())
            .shrink_leftover(tenant)
            .await?;
        let creation = Creation {
            pool: self,
            tenant,
            runner,
            plan,
            scripts: &scripts,
            status: TenantStatus::Active,
        };
        let connection = creation.begin_and_hand_over().await?;
        let mut connection = self.like_a_checkout(connection, tenant);
        let done = work(&mut connection).await;
        let mut connection = connection.into_inner();
        match done {
            Ok(value) => {
                commit(&mut connection, &event).await?;
                Ok(value)
            }
            Err(error) => {
                // The work's error is returned, not the rollback's: without a connection the server rolls back by itself.
                let _ = Transactions::rollback_transaction(&mut connection).await;
                Err(CreateWithError::Work(error))
            }
        }
    }

    fn like_a_checkout(&self, connection: PostgresConnection, tenant: &SchemaName) -> TenantConnection {
        let sharing = match self.migration_connector().may_be_pooled() {
            true => Sharing::Pooler,
            false => Sharing::InTurn,
        };
        let mut connection = TenantConnection::shared(connection, self.map_of(tenant), sharing);
        connection.set_label(Label::of(Some(tenant), &self.counters().database));
        connection
    }
}

/// Commits, unless the server would roll back without a word, or has nothing to commit any more.
async fn commit(connection: &mut PostgresConnection, event: &LifecycleEvent) -> Result<(), LifecycleError> {
    let tenant = event.tenant().clone();
    match connection.open_transaction() {
        Some(true) => {}
        Some(false) => {
            let _ = Transactions::rollback_transaction(connection).await;
            return Err(LifecycleError::FailedWork { tenant });
        }
        None => return Err(LifecycleError::EndedTransaction { tenant }),
    }
    let status =
        <PostgresConnection as AsyncConnection>::TransactionManager::transaction_manager_status_mut(connection);
    if !matches!(status.transaction_depth(), Ok(Some(depth)) if depth.get() == 1) {
        // A transaction that the work began is open. The connection is closed with it.
        return Err(LifecycleError::FailedWork { tenant });
    }
    let committed = Transactions::commit_transaction(connection).await;
    committed.map_err(|source| LifecycleError::of(event, source))
}
