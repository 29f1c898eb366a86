//! Prepares migrations for a schema.

use super::script::{Planned, Script};
use crate::{
    TenantPool,
    migrations::{Direction, MigrationError, Plan, SchemaOwner},
};

impl Plan {
    /// [Prepares](Self::prepare) migrations for one schema: refuses migrations that can't work there, before anything
    /// is run.
    pub(crate) async fn prepare_for(
        &self,
        owner: &SchemaOwner,
        migrations: impl IntoIterator<Item = &Planned>,
        direction: Direction,
        pool: &TenantPool,
    ) -> Result<Vec<Script>, MigrationError> {
        let versions = migrations
            .into_iter()
            .map(|migration| migration.version.clone())
            .collect();
        let scripts = self.prepare(versions, direction).await.map_err(owner.unusable())?;
        if pool.refuses_outside_work()
            && let Some(work) = scripts.iter().find_map(|script| script.outside_work_for(owner))
        {
            return Err(MigrationError::OutsideWork {
                owner: owner.clone(),
                work,
            });
        }
        let may_be_pooled = pool.migration_connector().may_be_pooled();
        match scripts
            .iter()
            .find(|script| may_be_pooled && !script.migration.in_transaction)
        {
            Some(Script { migration, .. }) => Err(MigrationError::NeedsSession {
                owner: owner.clone(),
                name: migration.name.clone(),
            }),
            None => Ok(scripts),
        }
    }
}
