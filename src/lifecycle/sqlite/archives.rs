use std::time::{Duration, SystemTime};

use crate::{
    CheckoutError, LifecycleError, SchemaName, Sqlite, TenantPool,
    backend::sqlite::{blocking, files::FileError},
    lifecycle::{ArchivedTenant, PurgeReport},
    pool::{SqliteError, Target},
    tenancy::{ArchiveNote, LifecycleEvent},
};

/// How long a drop waits for whoever has the archive's file open.
const WAIT: Duration = Duration::from_secs(3);

/// # Listing and dropping archives
impl TenantPool<Sqlite> {
    /// The archived tenants, the oldest first.
    ///
    /// # Errors
    /// [`CheckoutError`], if the folder can't be read.
    pub async fn archived_tenants(&self) -> Result<Vec<ArchivedTenant>, CheckoutError> {
        let folder = self.folder();
        let archives = blocking(move || {
            let names = folder.names()?;
            let notes = folder.survey(&names, 2);
            let mut archives: Vec<(SchemaName, ArchiveNote)> = Vec::new();
            for (name, surveyed) in names.into_iter().zip(notes) {
                let note = surveyed.ok().flatten().and_then(|surveyed| surveyed.facts.archive);
                archives.extend(note.map(|note| (name, note)));
            }
            archives.sort_by(|(a, one), (b, other)| (one.since, a).cmp(&(other.since, b)));
            Ok(archives)
        });
        let archives = archives.await.map_err(|error: FileError| CheckoutError::Files {
            target: Target::Shared,
            source: Box::new(SqliteError::file(error)),
        })?;
        Ok(archives.into_iter().map(ArchivedTenant::from).collect())
    }

    /// Drops the archives of at least the age `older_than`, one after the other. An archive that can't be dropped does
    /// not stop the rest.
    ///
    /// # Errors
    /// [`CheckoutError`], if the archives can't be listed.
    pub async fn drop_archived(&self, older_than: Duration) -> Result<PurgeReport, CheckoutError> {
        let now = SystemTime::now();
        let mut report = PurgeReport::default();
        for archived in self.archived_tenants().await? {
            if now.duration_since(archived.since).unwrap_or_default() < older_than {
                continue;
            }
            let archive = archived.archive.clone();
            let event = LifecycleEvent::Purge {
                archive: archive.clone(),
            };
            match self.drop_file(archive, &event, WAIT).await {
                // Another process has dropped the archive meanwhile.
                Ok(()) | Err(LifecycleError::NotFound { .. }) => report.dropped.push(archived),
                Err(error) => report.failed.push((archived, error)),
            }
        }
        Ok(report)
    }
}
