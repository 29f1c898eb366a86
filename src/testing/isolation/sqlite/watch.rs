//! An audit on SQLite, from its beginning to its end.

use std::{
    collections::HashSet,
    fs,
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
};

use super::{
    super::{AuditError, AuditedBackend, Scope, culprits::name_culprits, evidence::Evidence, recorder::Recorder},
    files::{Files, require_times},
    in_use::until_closed,
};
use crate::{SchemaName, Sqlite, TenantPool, pool::CheckoutError};

/// What the files were before the work.
pub struct Witness {
    pool: TenantPool<Sqlite>,
    recorder: Recorder,
    allowed: Vec<SchemaName>,
    files: Files,
    _folder: Audited,
}

impl AuditedBackend for Sqlite {
    type Witness = Witness;
    type Observer = std::convert::Infallible;

    async fn watch(scope: &Scope<'_, Self>, tenant: &SchemaName) -> Result<Witness, AuditError> {
        let pool = scope.pool;
        if pool.placement_of(tenant).await?.is_none() || !pool.folder().has_file(tenant).map_err(unreadable)? {
            return Err(AuditError::UnknownTenant { tenant: tenant.clone() });
        }
        let folder = Audited::begin(pool.folder().root().to_owned())?;
        require_times(pool.folder().root())?;
        let allowed = scope.allowed.iter().filter_map(|name| name.parse().ok());
        let allowed: Vec<SchemaName> = allowed.chain([tenant.clone()]).collect();
        let recorder = Recorder::default();
        let of_connection = recorder.clone();
        pool.sqlite()
            .test_instrumentation
            .set(Some(Box::new(move || Box::new(of_connection.clone()) as _)));
        let files = at_rest(pool, &allowed).await?;
        Ok(Witness {
            pool: pool.clone(),
            recorder,
            files: Files::mark(files)?,
            allowed,
            _folder: folder,
        })
    }

    async fn testify(witness: Witness) -> Result<Evidence, AuditError> {
        let files = at_rest(&witness.pool, &witness.allowed).await?;
        let mut leaks = witness.files.since(&files)?;
        name_culprits(&mut leaks, &witness.recorder.take(), None);
        let unwatched = match cfg!(target_os = "linux") {
            true => Vec::new(),
            false => vec!["connections by hand that were open before the work: they may have read what they remember"],
        };
        Ok(Evidence { leaks, unwatched })
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.pool.sqlite().test_instrumentation.set(None);
    }
}

/// The files of the other tenants, once nobody has them open: an open connection may have rows in memory, and its writes
/// in a log.
async fn at_rest(pool: &TenantPool<Sqlite>, allowed: &[SchemaName]) -> Result<Vec<(SchemaName, PathBuf)>, AuditError> {
    pool.sqlite().idle.release_all();
    if let Some(others) = &pool.sqlite().others_idle {
        others.release(&pool.folder().names().map_err(unreadable)?);
    }
    let mut files = Vec::new();
    for tenant in pool.folder().names().map_err(unreadable)? {
        if let Ok(path) = pool.folder().path_of(&tenant)
            && !allowed.contains(&tenant)
        {
            files.push((tenant, path));
        }
    }
    // As the system shows the names of open files.
    let paths = files
        .iter()
        .map(|(_, path)| fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
    until_closed(&paths.collect::<Vec<_>>()).await?;
    Ok(files)
}

fn unreadable(error: crate::backend::sqlite::files::FileError) -> AuditError {
    AuditError::Tenant(CheckoutError::of_files(error))
}

/// A folder that is being audited, by one audit at a time.
struct Audited(PathBuf);

static AUDITED: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

impl Audited {
    fn begin(folder: PathBuf) -> Result<Self, AuditError> {
        let is_first = AUDITED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(folder.clone());
        match is_first {
            true => Ok(Self(folder)),
            false => Err(AuditError::Busy {
                database: folder.display().to_string(),
            }),
        }
    }
}

impl Drop for Audited {
    fn drop(&mut self) {
        AUDITED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}
