//! Lists archives, and drops old ones.

use std::time::{Duration, SystemTime};

use crate::{
    CheckoutError, LifecycleError, Sqlite, TenantPool,
    backend::sqlite::blocking,
    lifecycle::{ArchivedTenant, PurgeReport, requests::Patience},
    tenancy::LifecycleEvent,
};

/// # Listing and dropping archives
impl TenantPool<Sqlite> {
    /// The archived tenants, the oldest first.
    ///
    /// # Errors
    /// [`CheckoutError`], if the folder can't be read.
    pub async fn archived_tenants(&self) -> Result<Vec<ArchivedTenant>, CheckoutError> {
        let folder = self.folder();
        let archives = blocking(move || {
            let mut archives = folder.archives()?;
            archives.sort_by(|(a, one), (b, other)| (one.since, a).cmp(&(other.since, b)));
            Ok(archives)
        });
        let archives = archives.await.map_err(CheckoutError::of_files)?;
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
        let Patience { wait, .. } = Patience::default();
        for archived in self.archived_tenants().await? {
            if now.duration_since(archived.since).unwrap_or_default() < older_than {
                continue;
            }
            let archive = archived.archive.clone();
            let event = LifecycleEvent::Purge {
                archive: archive.clone(),
            };
            match self.drop_file(archive, &event, wait).await {
                // Another process has dropped the archive meanwhile.
                Ok(()) | Err(LifecycleError::NotFound { .. }) => report.dropped.push(archived),
                Err(error) => report.failed.push((archived, error)),
            }
        }
        Ok(report)
    }
}
