//! How a checkout gets a connection, and which files that has attached.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::OwnedSemaphorePermit;

use super::{
    Sqlite, SqlitePool,
    idle::{CheckoutFiles, Connection},
    lease::SqliteLease,
};
use crate::{
    AsyncSqliteConnection, SchemaName, TenantConnection, TenantStatus,
    backend::sqlite::{
        connection::{Access, AttachError},
        files::{FileError, Identity, identity_of},
        status::status_of,
    },
    pool::{Checkout, CheckoutError, SqliteError, Target, TenantPool, WaitingCheckout, checkouts::ConnectionRequest},
    query::{Sharing, Translation},
    translate::SchemaTranslateMap,
};

/// A checkout under way.
struct Opening<'a> {
    pool: &'a TenantPool<Sqlite>,
    request: &'a ConnectionRequest<'a>,
    read_only: bool,
}

pub(super) async fn check_out(
    pool: &TenantPool<Sqlite>,
    request: &ConnectionRequest<'_>,
    read_only: bool,
) -> Result<Checkout<Sqlite>, CheckoutError> {
    let opening = Opening {
        pool,
        request,
        read_only,
    };
    let share = pool.share_of(request.target, request.deadline).await?;
    let permit = opening.permit().await?;
    let attached = opening.files()?;
    let identity = attached.tenant.as_ref().map(|(_, identity)| *identity);
    let known = pool.sqlite().known.get(request.map, identity);
    let (connection, translation) = match (pool.sqlite().idle.take(&attached), known) {
        (Some(connection), Some(known)) => (connection, known),
        (idle, known) => Box::pin(opening.open(idle, known, &attached)).await?,
    };
    if request.namespace.is_some() && request.namespace != translation.namespace() {
        drop(pool.sqlite().idle.keep(attached, connection));
        return Err(request.changed());
    }
    let mut checkout = Checkout::of(SqliteLease {
        connection,
        attached,
        idle: Arc::clone(&pool.sqlite().idle),
        permit,
        share,
    });
    checkout.set_translation(translation);
    if request.map.iter().nth(1).is_some() {
        Box::pin(opening.attach_others(&mut checkout)).await?;
    }
    Ok(checkout)
}

impl Opening<'_> {
    /// Waits until fewer connections are in use than there may be.
    async fn permit(&self) -> Result<OwnedSemaphorePermit, CheckoutError> {
        let SqlitePool {
            permits,
            max_size,
            waiting,
            ..
        } = self.pool.sqlite();
        let closed = || CheckoutError::Closed {
            target: self.request.target.clone(),
        };
        match Arc::clone(permits).try_acquire_owned() {
            Ok(permit) => return Ok(permit),
            Err(tokio::sync::TryAcquireError::Closed) => return Err(closed()),
            Err(tokio::sync::TryAcquireError::NoPermits) => {}
        }
        let waits = WaitingCheckout::begin(waiting);
        let patience = self.pool.wait_timeout().min(self.request.deadline.left());
        let permit = tokio::time::timeout(patience, Arc::clone(permits).acquire_owned()).await;
        drop(waits);
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(CheckoutError::Exhausted {
                target: self.request.target.clone(),
                waited: patience,
                max_size: *max_size,
            }),
        }
    }

    /// The files that the connection needs, as they are now.
    fn files(&self) -> Result<CheckoutFiles, CheckoutError> {
        let folder = &self.pool.sqlite().folder;
        let tenant = match self.request.map.unqualified() {
            None => None,
            // A map may lead to the shared file.
            Some(schema) if schema == folder.shared() => None,
            Some(tenant) => match self.look(&self.path_of(tenant)?)? {
                Some(identity) => Some((tenant.clone(), identity)),
                None => return Err(CheckoutError::UnknownTenant { tenant: tenant.clone() }),
            },
        };
        Ok(CheckoutFiles {
            tenant,
            shared: self.look(folder.shared_path())?,
            read_only: self.read_only,
        })
    }

    fn look(&self, path: &Path) -> Result<Option<Identity>, CheckoutError> {
        identity_of(path)
            .map_err(|source: io::Error| self.failed(SqliteError::file(FileError::io("look for", path, source))))
    }

    /// A connection with these files, and the tenant's status read from it.
    async fn open(
        &self,
        idle: Option<Box<Connection>>,
        known: Option<Arc<Translation>>,
        attached: &CheckoutFiles,
    ) -> Result<(Box<Connection>, Arc<Translation>), CheckoutError> {
        let pool = self.pool.sqlite();
        let wait = self.request.deadline.left();
        let open = async {
            let mut connection = match idle {
                Some(idle) => idle,
                None => Box::new(self.connect(attached).await?),
            };
            let translation = match known {
                Some(known) => known,
                None => self.ask(&mut connection, attached).await?,
            };
            Ok::<_, CheckoutError>((connection, translation))
        };
        let opened = tokio::time::timeout(wait, open).await;
        let (connection, translation) = opened.map_err(|_| CheckoutError::LookupTimeout {
            target: self.request.target.clone(),
            waited: wait,
        })??;
        // Another file may have been put there between the look and the opening.
        let now = self.files()?;
        if now.tenant != attached.tenant
            && let Some((tenant, _)) = &attached.tenant
        {
            pool.known.forget(tenant);
            return Err(CheckoutError::ChangedTenant { tenant: tenant.clone() });
        }
        Ok((connection, translation))
    }

    /// Attaches the files to which the map sends schemas by their names. The connection is closed when it comes back: it
    /// has more files than another checkout may see.
    async fn attach_others(&self, checkout: &mut Checkout<Sqlite>) -> Result<(), CheckoutError> {
        let shared = self.pool.sqlite().folder.shared();
        for (_, schema) in self.request.map.iter() {
            if schema == shared || Some(schema) == self.request.map.unqualified() {
                continue;
            }
            let path = self.path_of(schema)?;
            let (waiting, connection) = checkout.watched();
            let attached = connection.attach(schema, &path, self.access()).await;
            waiting.answered(attached.is_ok());
            attached.map_err(|error| match error {
                AttachError::Missing { name, .. } => CheckoutError::UnknownTenant { tenant: name },
                error => self.failed(SqliteError::attach(error)),
            })?;
        }
        Ok(())
    }

    fn access(&self) -> Access {
        match self.read_only {
            true => Access::ReadOnly,
            false => Access::ReadWrite,
        }
    }

    async fn connect(&self, attached: &CheckoutFiles) -> Result<Connection, CheckoutError> {
        let SqlitePool {
            folder, busy_timeout, ..
        } = self.pool.sqlite();
        let access = self.access();
        let opened = AsyncSqliteConnection::open(*busy_timeout).await;
        let mut connection = opened.map_err(|source| self.failed(SqliteError::connect(source)))?;
        if attached.shared.is_some() {
            let shared = connection.attach(folder.shared(), folder.shared_path(), access);
            shared.await.map_err(|source| self.not_attached(source))?;
        }
        if let Some((tenant, _)) = &attached.tenant {
            let path = self.path_of(tenant)?;
            let tenants = connection.attach(tenant, &path, access);
            tenants.await.map_err(|source| self.not_attached(source))?;
        }
        let own = match &attached.tenant {
            Some((tenant, _)) => tenant,
            None => folder.shared(),
        };
        connection.set_writes_to((!self.read_only).then(|| own.clone()));
        let files = Arc::clone(folder);
        // A link is no tenant: two could lead to one file.
        let find = move |schema: &SchemaName| files.path_of(schema).ok().filter(|path| !path.is_symlink());
        connection.set_resolver(Some((Arc::new(find), access)));
        Ok(TenantConnection::shared(
            connection,
            SchemaTranslateMap::new(),
            Sharing::InTurn,
        ))
    }

    /// Reads the tenant's status, for the pool to remember.
    async fn ask(
        &self,
        connection: &mut Connection,
        attached: &CheckoutFiles,
    ) -> Result<Arc<Translation>, CheckoutError> {
        let known = &self.pool.sqlite().known;
        let forgotten = known.forgotten();
        let Some((tenant, identity)) = &attached.tenant else {
            return Ok(known.note(self.request.map, None, forgotten));
        };
        let status = status_of(tenant, connection.untranslated()).await;
        let tenant = tenant.clone();
        match status.map_err(|source| self.lookup(source))? {
            Some(TenantStatus::Active) => Ok(known.note(self.request.map, Some(*identity), forgotten)),
            Some(TenantStatus::Suspended) => Err(CheckoutError::SuspendedTenant { tenant }),
            _ => Err(CheckoutError::UnknownTenant { tenant }),
        }
    }

    fn path_of(&self, tenant: &SchemaName) -> Result<PathBuf, CheckoutError> {
        let path = self.pool.sqlite().folder.path_of(tenant);
        path.map_err(|error| self.failed(SqliteError::file(error.into())))
    }

    /// The error of a file that was there a moment ago.
    fn not_attached(&self, error: AttachError) -> CheckoutError {
        match (error, self.request.target) {
            (AttachError::Missing { .. }, Target::Tenant(tenant)) => {
                CheckoutError::UnknownTenant { tenant: tenant.clone() }
            }
            (error, _) => self.failed(SqliteError::attach(error)),
        }
    }

    fn failed(&self, source: SqliteError) -> CheckoutError {
        CheckoutError::Files {
            target: self.request.target.clone(),
            source: Box::new(source),
        }
    }

    fn lookup(&self, source: diesel::result::Error) -> CheckoutError {
        CheckoutError::Lookup {
            target: self.request.target.clone(),
            source,
        }
    }
}
