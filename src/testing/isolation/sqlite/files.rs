//! The files of the other tenants, before the work and after.

use std::{
    collections::BTreeMap,
    fs::{self, File, FileTimes},
    hash::{DefaultHasher, Hasher},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::super::{Access, AuditError, Leak};
use crate::SchemaName;

/// The files by their tenants.
pub(super) struct Files(BTreeMap<SchemaName, Mark>);

struct Mark {
    path: PathBuf,
    content: u64,
    /// When it was last read: long ago, as the audit has it written down. Reading it brings that to the present, also
    /// where a file system notes only the first time after a write.
    read: SystemTime,
}

impl Files {
    /// Marks all files. Nobody may have them open.
    pub(super) fn mark(files: Vec<(SchemaName, PathBuf)>) -> Result<Self, AuditError> {
        let marked = files.into_iter().map(|(tenant, path)| match mark(&path) {
            Ok((content, read)) => Ok((tenant, Mark { path, content, read })),
            Err(source) => Err(AuditError::File { file: path, source }),
        });
        marked.collect::<Result<_, _>>().map(Self)
    }

    /// What was done to them since. Nobody may have them open.
    pub(super) fn since(&self, now: &[(SchemaName, PathBuf)]) -> Result<Vec<Leak>, AuditError> {
        let mut leaks = Vec::new();
        for (tenant, path) in now {
            let Some(before) = self.0.get(tenant) else {
                leaks.push(leak(tenant, Access::Changed, format!("{} was made", path.display())));
                continue;
            };
            let failed = |source| AuditError::File {
                file: path.clone(),
                source,
            };
            // First: the second reads it.
            let read = fs::metadata(path)
                .and_then(|metadata| metadata.accessed())
                .map_err(failed)?;
            let content = content(path).map_err(failed)?;
            if content != before.content {
                leaks.push(leak(
                    tenant,
                    Access::Written,
                    format!("the content of {} changed", path.display()),
                ));
            } else if read != before.read {
                leaks.push(leak(
                    tenant,
                    Access::Read,
                    format!("{} was opened, and read", path.display()),
                ));
            }
        }
        for (tenant, before) in &self.0 {
            if !now.iter().any(|(left, _)| left == tenant) {
                leaks.push(leak(
                    tenant,
                    Access::Changed,
                    format!("{} is gone", before.path.display()),
                ));
            }
        }
        Ok(leaks)
    }
}

/// Fails where the file system doesn't note when a file is read.
pub(super) fn require_times(folder: &Path) -> Result<(), AuditError> {
    let path = folder.join(format!(".audit-{}", std::process::id()));
    let noted = (|| {
        fs::write(&path, "read me")?;
        let (_, marked) = mark(&path)?;
        content(&path)?;
        Ok::<_, io::Error>(fs::metadata(&path)?.accessed()? != marked)
    })();
    let removed = fs::remove_file(&path);
    match noted.and_then(|noted| removed.map(|()| noted)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(AuditError::NoTimes {
            folder: folder.to_owned(),
        }),
        Err(source) => Err(AuditError::File { file: path, source }),
    }
}

fn mark(path: &Path) -> io::Result<(u64, SystemTime)> {
    let content = content(path)?;
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = File::options().write(true).open(path)?;
    file.set_times(FileTimes::new().set_accessed(long_ago))?;
    drop(file);
    // As the file system has it.
    Ok((content, fs::metadata(path)?.accessed()?))
}

fn content(path: &Path) -> io::Result<u64> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, DefaultHasher::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            length => hasher.write(&buffer[..length]),
        }
    }
}

fn leak(tenant: &SchemaName, access: Access, evidence: String) -> Leak {
    Leak {
        schema: tenant.to_string(),
        object: None,
        access,
        evidence,
        statements: Vec::new(),
        is_certain: false,
    }
}
