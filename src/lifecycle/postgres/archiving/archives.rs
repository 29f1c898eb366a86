//! Lists archives, and drops old ones.

use std::time::Duration;

use diesel::QueryResult;

use crate::{
    CheckoutError, PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{
        catalog::tenants::{Wanted, migrated_schemas},
        clock::now,
    },
    lifecycle::{ArchivedTenant, LifecycleError, PurgeReport, requests::Patience},
    pool::Target,
    tenancy::{ArchiveNote, LifecycleEvent},
};

/// # Listing and dropping archives
impl TenantPool {
    /// The archived tenants, the oldest first.
    ///
    /// # Errors
    /// [`CheckoutError`], if there is no connection for the query, or the server refuses it.
    pub async fn archived_tenants(&self) -> Result<Vec<ArchivedTenant>, CheckoutError> {
        let (archives, _) = self.archives().await?;
        Ok(archives
            .into_iter()
            .filter(|(_, note)| !note.dropping)
            .map(ArchivedTenant::from)
            .collect())
    }

    /// Drops the archives of at least the age `older_than` by the server's clock, one after the other. An archive that
    /// can't be dropped, because other schemas depend on it or for any other reason, does not stop the rest. Another
    /// call tries those again, and continues after a crash.
    ///
    /// # Errors
    /// [`CheckoutError`], if the archives can't be listed.
    pub async fn drop_archived(&self, older_than: Duration) -> Result<PurgeReport, CheckoutError> {
        let (archives, now) = self.archives().await?;
        let mut report = PurgeReport::default();
        for (archive, note) in archives {
            let old = now.saturating_sub(note.since) >= older_than.as_secs();
            if !old && !note.dropping {
                continue;
            }
            let event = LifecycleEvent::Purge {
                archive: archive.clone(),
            };
            let dropped = self
                .hooked(&event, self.drop_schema(&archive, &event, Patience::default()))
                .await;
            let archived = ArchivedTenant::from((archive, note));
            match dropped {
                // Another process has dropped the archive meanwhile.
                Ok(()) | Err(LifecycleError::NotFound { .. }) => report.dropped.push(archived),
                Err(error) => report.failed.push((archived, error)),
            }
        }
        Ok(report)
    }

    /// Drops an archive, whatever its age.
    pub(crate) async fn purge_archive(&self, archive: &SchemaName) -> Result<(), LifecycleError> {
        let event = LifecycleEvent::Purge {
            archive: archive.clone(),
        };
        self.drop_schema(archive, &event, Patience::default()).await
    }

    /// All archives, including half-dropped ones, and the server's time in seconds since 1970.
    async fn archives(&self) -> Result<(Vec<(SchemaName, ArchiveNote)>, u64), CheckoutError> {
        let mut connection = self.shared().get().await?;
        let (waiting, untranslated) = connection.watched();
        let archives = self.archives_by(untranslated).await;
        waiting.answered(archives.is_ok());
        archives.map_err(|source| CheckoutError::Lookup {
            target: Target::Shared,
            source,
        })
    }

    async fn archives_by(
        &self,
        connection: &mut PostgresConnection,
    ) -> QueryResult<(Vec<(SchemaName, ArchiveNote)>, u64)> {
        let pattern = ArchiveNote::pattern();
        let schemas = migrated_schemas(connection, Wanted::Commented(&pattern)).await?;
        let now = now(connection).await?;
        let mut archives: Vec<_> = schemas
            .into_iter()
            .filter_map(|found| {
                let schema = self.marked_as_tenant(&found.schema)?;
                Some((schema, ArchiveNote::of_comment(&found.comment?)?))
            })
            .collect();
        archives.sort_by(|(a, one), (b, other)| (one.since, a).cmp(&(other.since, b)));
        Ok((archives, now.seconds.try_into().unwrap_or_default()))
    }
}
