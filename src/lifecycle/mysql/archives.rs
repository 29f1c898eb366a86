use std::time::{Duration, SystemTime};

use diesel_async::AsyncMysqlConnection;

use crate::{
    CheckoutError, LifecycleError, Mysql, TenantPool,
    backend::mysql::{registry::Entry, tenants},
    lifecycle::{ArchivedTenant, PurgeReport, requests::Patience},
    tenancy::LifecycleEvent,
};

/// # Listing and dropping archives
impl TenantPool<Mysql> {
    /// The archived tenants, the oldest first.
    ///
    /// # Errors
    /// [`CheckoutError`], if there is no connection for the query, or the server refuses it.
    pub async fn archived_tenants(&self) -> Result<Vec<ArchivedTenant>, CheckoutError> {
        let shared = self.shared_schema();
        let question = async |connection: &mut AsyncMysqlConnection| match tenants::is_there(shared, connection).await?
        {
            true => Entry::all(connection, shared).await,
            false => Ok(Vec::new()),
        };
        let entries = self.ask(question).await?;
        let archived = |entry: Entry| {
            let note = entry.archive.filter(|_| entry.operation.is_none())?;
            Some(ArchivedTenant {
                archive: entry.name,
                tenant: note.tenant,
                since: SystemTime::UNIX_EPOCH + Duration::from_secs(note.since.unsigned_abs()),
            })
        };
        let mut archives: Vec<ArchivedTenant> = entries.into_iter().filter_map(archived).collect();
        archives.sort_by(|one, other| (one.since, &one.archive).cmp(&(other.since, &other.archive)));
        Ok(archives)
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
            match self.drop_database(archive, &event, Patience::default()).await {
                // Another process has dropped the archive meanwhile.
                Ok(()) | Err(LifecycleError::NotFound { .. }) => report.dropped.push(archived),
                Err(error) => report.failed.push((archived, error)),
            }
        }
        Ok(report)
    }
}
