//! Which files a checkout's connection has attached, and what is known of them: the same with async and without.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use diesel::QueryResult;

use super::{SqlitePool, idle::CheckoutFiles};
use crate::{
    SchemaName, TenantStatus,
    backend::sqlite::{
        connection::{Access, AttachError, Attached, Resolver},
        files::{FileError, Identity, identity_of},
    },
    pool::{CheckoutError, SqliteError, Target},
    query::Translation,
    translate::SchemaTranslateMap,
};

/// A checkout under way.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    pub(crate) pool: &'a SqlitePool,
    pub(crate) target: &'a Target,
    pub(crate) map: &'a SchemaTranslateMap,
    pub(crate) read_only: bool,
}

impl Opening<'_> {
    /// The files that the connection needs, as they are now, and the map's translation, if it is known.
    pub(crate) fn look_for_files(&self) -> Result<(CheckoutFiles, Option<Arc<Translation>>), CheckoutError> {
        let SqlitePool { folder, known, .. } = self.pool;
        let state = folder.state();
        if let Some(state) = state
            && let Some((translation, identity, shared)) = known.get_unchanged(self.map, state)
        {
            let files = CheckoutFiles {
                tenant: self.map.unqualified().cloned().zip(identity),
                shared,
                read_only: self.read_only,
            };
            return Ok((files, Some(translation)));
        }
        let files = self.files()?;
        let identity = files.tenant.as_ref().map(|(_, identity)| *identity);
        let translation = known.get(self.map, identity);
        if let (Some(_), Some(state)) = (&translation, state) {
            known.note_look(self.map, state, files.shared);
        }
        Ok((files, translation))
    }

    fn files(&self) -> Result<CheckoutFiles, CheckoutError> {
        let folder = &self.pool.folder;
        let tenant = match self.map.unqualified() {
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

    /// These files, in the order in which they are to be attached.
    pub(crate) fn attachments(&self, files: &CheckoutFiles) -> Result<Vec<Attached>, CheckoutError> {
        let (folder, access) = (&self.pool.folder, self.access());
        let shared = files
            .shared
            .map(|_| Ok(Attached::new(folder.shared(), folder.shared_path(), access)));
        let tenant = files
            .tenant
            .as_ref()
            .map(|(tenant, _)| Ok(Attached::new(tenant, &self.path_of(tenant)?, access)));
        shared.into_iter().chain(tenant).collect()
    }

    /// The files to which the map sends schemas by their names, besides the tenant's and the shared one. A connection
    /// with such files is closed when it comes back: it has more of them than another checkout may see.
    pub(crate) fn others(&self) -> Result<Vec<(SchemaName, PathBuf)>, CheckoutError> {
        let shared = self.pool.folder.shared();
        let schemas = self.map.iter().map(|(_, schema)| schema);
        let others = schemas.filter(|schema| *schema != shared && Some(*schema) != self.map.unqualified());
        others
            .map(|schema| {
                let path = self.path_of(schema)?;
                match is_link(&path) {
                    true => Err(CheckoutError::UnknownTenant { tenant: schema.clone() }),
                    false => Ok((schema.clone(), path)),
                }
            })
            .collect()
    }

    pub(crate) fn access(&self) -> Access {
        match self.read_only {
            true => Access::ReadOnly,
            false => Access::ReadWrite,
        }
    }

    /// Which schema's file a transaction locks.
    pub(crate) fn writes_to(&self, files: &CheckoutFiles) -> Option<SchemaName> {
        let own = match &files.tenant {
            Some((tenant, _)) => tenant,
            None => self.pool.folder.shared(),
        };
        (!self.read_only).then(|| own.clone())
    }

    /// Finds the files of queries with a map of their own.
    pub(crate) fn resolver(&self) -> (Resolver, Access) {
        let folder = Arc::clone(&self.pool.folder);
        let find = move |schema: &SchemaName| folder.path_of(schema).ok().filter(|path| !is_link(path));
        (Arc::new(find), self.access())
    }

    /// The translation, once the tenant's status was read. `forgotten` was asked before that.
    pub(crate) fn translation(
        &self,
        files: &CheckoutFiles,
        status: Option<QueryResult<Option<TenantStatus>>>,
        forgotten: u64,
    ) -> Result<Arc<Translation>, CheckoutError> {
        let known = &self.pool.known;
        let (Some((tenant, identity)), Some(status)) = (&files.tenant, status) else {
            return Ok(known.note(self.map, None, forgotten));
        };
        let tenant = tenant.clone();
        let status = status.map_err(|source| CheckoutError::Lookup {
            target: self.target.clone(),
            source,
        })?;
        match status {
            Some(TenantStatus::Active) => Ok(known.note(self.map, Some(*identity), forgotten)),
            Some(TenantStatus::Suspended) => Err(CheckoutError::SuspendedTenant { tenant }),
            _ => Err(CheckoutError::UnknownTenant { tenant }),
        }
    }

    /// Fails if another file is at the tenant's path than there was.
    pub(crate) fn must_be_current(&self, files: &CheckoutFiles) -> Result<(), CheckoutError> {
        let Some((tenant, _)) = &files.tenant else {
            return Ok(());
        };
        let now = self.look(&self.path_of(tenant)?)?;
        self.must_be_attached(files, |_| now)
    }

    /// Fails if another file was put at the tenant's path between the look and the opening. `attached` tells which file a
    /// connection has opened.
    pub(crate) fn must_be_attached(
        &self,
        files: &CheckoutFiles,
        attached: impl FnOnce(&SchemaName) -> Option<Identity>,
    ) -> Result<(), CheckoutError> {
        match &files.tenant {
            Some((tenant, identity)) if attached(tenant) != Some(*identity) => {
                self.pool.known.forget(tenant);
                Err(CheckoutError::ChangedTenant { tenant: tenant.clone() })
            }
            _ => Ok(()),
        }
    }

    fn path_of(&self, tenant: &SchemaName) -> Result<PathBuf, CheckoutError> {
        let path = self.pool.folder.path_of(tenant);
        path.map_err(|error| self.failed(SqliteError::file(error.into())))
    }

    /// The error of a file that was there a moment ago.
    pub(crate) fn not_attached(&self, error: AttachError) -> CheckoutError {
        match (error, self.target) {
            (AttachError::Missing { .. }, Target::Tenant(tenant)) => {
                CheckoutError::UnknownTenant { tenant: tenant.clone() }
            }
            (error, _) => self.failed(SqliteError::attach(error)),
        }
    }

    /// The error of one of the [others](Self::others).
    pub(crate) fn other_not_attached(&self, error: AttachError) -> CheckoutError {
        match error {
            AttachError::Missing { name, .. } => CheckoutError::UnknownTenant { tenant: name },
            error => self.failed(SqliteError::attach(error)),
        }
    }

    pub(crate) fn failed(&self, source: SqliteError) -> CheckoutError {
        CheckoutError::Files {
            target: self.target.clone(),
            source: Box::new(source),
        }
    }
}

/// A link is no tenant: two could lead to one file.
fn is_link(path: &Path) -> bool {
    path.is_symlink()
}
