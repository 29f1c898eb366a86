use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::{OperationError, database};
use crate::{
    backend::mysql::{
        Server, Session,
        locks::Lock,
        migrations::{Owner, Plan, Runner},
        registry::{Entry, Operation, Step},
    },
    tenancy::{DirectoryChange, TenantStatus},
};

/// Makes a tenant: its database and, by the migrations, its tables. Returns the applied versions. What an interrupted
/// attempt has left is made anew.
///
/// If it fails, there is no tenant. A database of that name that the library doesn't know is not touched.
pub(crate) async fn create(
    server: &Server,
    tenant: &SchemaName,
    plan: &Plan,
    wait: Duration,
) -> Result<Vec<String>, OperationError> {
    let owner = Owner::Tenant {
        tenant: tenant.clone(),
        shared: server.shared().clone(),
    };
    plan.check(&owner).await?;
    let mut lock = Lock::acquire(server, &[tenant], wait).await?;
    let mut session = server.open().await?;
    session.hold(tenant, wait).await?;
    begin(&mut session, server, tenant, None).await?;
    let made = async {
        let mut runner = Runner::begin(server, owner, &mut lock, session, wait).await?;
        let versions = runner.apply(plan).await?;
        Ok::<_, OperationError>((versions, runner.end().await?))
    };
    match made.await {
        Ok((versions, mut session)) => {
            let active = Entry {
                placed_by: server.directory().cloned(),
                ..Entry::new(tenant, TenantStatus::Active)
            };
            let added = server.record(&DirectoryChange::Added { tenant });
            let changed = Entry::change_and(&mut session, server.shared(), &[&active], &[], added).await;
            if let Err(error) = changed {
                undo(&mut session, server, tenant).await?;
                return Err(error.into());
            }
            Ok(versions)
        }
        Err(error) => {
            // If it can't be removed now, the next attempt or a sweep does it.
            if let Ok(mut session) = server.open().await {
                let _ = undo(&mut session, server, tenant).await;
            }
            Err(error)
        }
    }
}

/// Writes down that a tenant is being made, and makes its empty database. The caller has the lock.
pub(super) async fn begin(
    session: &mut Session,
    server: &Server,
    tenant: &SchemaName,
    like: Option<&SchemaName>,
) -> Result<(), OperationError> {
    let shared = server.shared();
    let exists = || OperationError::Exists {
        database: tenant.clone(),
    };
    match Entry::find(session, shared, tenant).await? {
        None if database::exists(session, tenant).await? => return Err(exists()),
        None => require_own_letters(session, server, tenant).await?,
        Some(entry) => match entry.operation {
            Some(Operation::Make { step: Step::Begun }) => {}
            // Nobody has used what an earlier attempt made.
            Some(Operation::Make { step: Step::Made }) => database::remove(session, tenant).await?,
            Some(_) => return Err(super::sweep::unfinished(&entry)),
            None => return Err(exists()),
        },
    }
    let active = Entry::new(tenant, TenantStatus::Active);
    let added = server.record(&DirectoryChange::Added { tenant });
    Entry::rehearse(session, shared, &[&active], added.as_deref()).await?;
    let making = |step| Entry {
        placed_by: server.directory().cloned(),
        ..Entry::under(tenant, Operation::Make { step })
    };
    let begun = making(Step::Begun);
    Entry::change(session, shared, &[&begun], &[]).await?;
    if let Err(error) = database::make(session, tenant, like).await {
        Entry::change(session, shared, &[], &[tenant]).await?;
        return Err(error);
    }
    Ok(Entry::change(session, shared, &[&making(Step::Made)], &[]).await?)
}

/// Fails if another database's name differs from a new one only in case or accents, as far as the server would confuse
/// the two.
pub(super) async fn require_own_letters(
    session: &mut Session,
    server: &Server,
    tenant: &SchemaName,
) -> Result<(), OperationError> {
    let other = match Entry::same_but_for_case(session, server.shared(), tenant).await? {
        Some(other) => Some(other),
        None => database::others_with_its_events(session, tenant)
            .await?
            .into_iter()
            .next(),
    };
    match other {
        Some(other) => Err(OperationError::SameButForCase {
            database: tenant.clone(),
            other,
        }),
        None => Ok(()),
    }
}

/// Removes a database that the library has made and nobody has used, and its entry.
pub(super) async fn undo(session: &mut Session, server: &Server, tenant: &SchemaName) -> Result<(), OperationError> {
    database::remove(session, tenant).await?;
    Ok(Entry::change(session, server.shared(), &[], &[tenant]).await?)
}
