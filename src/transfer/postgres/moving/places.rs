//! Checks whether a tenant can be moved from its place to the new one.

use tokio_postgres::error::SqlState;

use super::{
    MoveError,
    site::{KeyedTable, Site},
    state::Run,
};
use crate::{
    ExportError, LifecycleError, Placement, SchemaName, TenantStatus,
    backend::postgres::{catalog::dependents::outside_dependents, driver::DriverSession},
    tenancy::{DirectoryChange, DirectoryEntry, Tables},
};

impl Run<'_> {
    /// Fails if the tenant is not as the request expects it. Nobody else moves or suspends it now: it is locked.
    pub(super) async fn require_expected(&self, entry: &DirectoryEntry) -> Result<(), MoveError> {
        let tenant = || self.tenant.clone();
        match self.only_from {
            Some(from) if entry.placement != *from => Err(MoveError::Elsewhere {
                tenant: tenant(),
                from: Box::new(from.clone()),
                found: Box::new(entry.placement.clone()),
            }),
            _ if self.options.spares_suspended && entry.status == TenantStatus::Suspended => {
                Err(MoveError::Suspended { tenant: tenant() })
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn sites(&self, from: &Placement) -> Result<(Site, Site), MoveError> {
        let unmovable = |why| MoveError::Unmovable {
            tenant: self.tenant.clone(),
            from: Box::new(from.clone()),
            to: Box::new(self.to.clone()),
            why,
        };
        let ((from_database, from_tables), (to_database, to_tables)) = (from.parts(), self.to.parts());
        let (old, new) = match (from_tables, to_tables) {
            (Tables::Schema(old), Tables::Schema(new)) => (old, new),
            (Tables::Rows(_), _) | (_, Tables::Rows(_)) => {
                return Err(unmovable("only schemas can be moved, not rows of shared tables"));
            }
        };
        if from_database == to_database {
            return Err(unmovable(
                "both are in one database; `rename_tenant` gives it another name",
            ));
        }
        if to_database.is_none() && new != self.tenant {
            return Err(MoveError::Lifecycle(LifecycleError::OtherName {
                tenant: self.tenant.clone(),
                placement: self.to.clone(),
            }));
        }
        let (source, target) = (self.site(from, old).await?, self.site(self.to, new).await?);
        if source.schema == *source.pool.shared_schema() {
            return Err(unmovable(
                "a database's shared schema stays where it is; export it by a pool of that database whose \
                 `shared_schema` has another name, delete the tenant's row in the directory, and import the tenant \
                 where it is to live",
            ));
        }
        if target.schema == *target.pool.shared_schema() {
            return Err(unmovable(
                "a tenant can't move into a database's shared schema; choose a schema of another name",
            ));
        }
        Ok((source, target))
    }

    pub(super) async fn site(&self, placement: &Placement, schema: &SchemaName) -> Result<Site, MoveError> {
        let pool = match placement.database() {
            Some(database) => self.pool.database_of(database, self.event).await?,
            None => self.pool.clone(),
        };
        Ok(Site {
            pool,
            schema: schema.clone(),
        })
    }

    /// Fails unless the directory would accept the new place.
    pub(super) async fn probe(&self, home: &DriverSession) -> Result<(), MoveError> {
        let change = DirectoryChange::Moved {
            tenant: self.tenant,
            placement: self.to,
        };
        if !self.pool.can_record(&change) {
            return Err(MoveError::Lifecycle(LifecycleError::NoDirectory {
                operation: self.event.clone(),
            }));
        }
        let failed = self.server("to write its new place to the directory");
        home.begin("").await.map_err(&failed)?;
        let noted = home.execute(&self.pool.note(&change)).await;
        home.execute("ROLLBACK").await.map_err(&failed)?;
        noted.map_err(|source| match source.code() {
            // This includes a place that another tenant left a moment ago.
            Some(&SqlState::UNIQUE_VIOLATION | &SqlState::EXCLUSION_VIOLATION) => MoveError::PlaceTaken {
                tenant: self.tenant.clone(),
                to: Box::new(self.to.clone()),
                source,
            },
            _ => failed(source),
        })
    }

    /// Without a key, rows can't be distinguished, and so can't be copied while they are written.
    pub(super) async fn require_keys(&self, tables: &[KeyedTable]) -> Result<(), MoveError> {
        let without = tables.iter().filter(|keyed| keyed.key.is_empty());
        let tables: Vec<String> = without.map(|keyed| keyed.table.name.clone()).collect();
        if tables.is_empty() || self.options.pauses_writes {
            return Ok(());
        }
        Err(MoveError::NoPrimaryKey {
            tenant: self.tenant.clone(),
            tables,
        })
    }

    /// Dependent objects in other schemas would stay behind, and could reach the old tables without their name.
    pub(super) async fn require_independence(&self, source: &Site) -> Result<(), MoveError> {
        let connected = source.pool.migration_connector().connect().await;
        let mut connection = connected.map_err(|source| LifecycleError::Connect {
            operation: self.event.clone(),
            source,
        })?;
        let objects = outside_dependents(&mut connection, &source.schema).await;
        let objects = objects.map_err(|error| MoveError::Read {
            tenant: self.tenant.clone(),
            source: ExportError::Structure {
                tenant: source.schema.clone(),
                source: error,
            },
        })?;
        if objects.is_empty() {
            return Ok(());
        }
        Err(MoveError::Referenced {
            tenant: self.tenant.clone(),
            objects,
        })
    }
}
