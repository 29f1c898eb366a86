use crate::{
    Mysql, SchemaName, TenantPool,
    backend::mysql::{
        lifecycle::{Swept, sweep},
        to_the_end,
    },
    lifecycle::requests::Patience,
    pool::MysqlError,
};

/// What [`TenantPool::sweep`] has finished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepReport {
    /// Tenants that were being created or dropped: what was left of them is gone.
    pub removed: Vec<SchemaName>,
    /// Tenants that were being renamed, archived or restored, by their former name and the one that they have now.
    pub moved: Vec<(SchemaName, SchemaName)>,
}

/// # Finishing what was interrupted
impl TenantPool<Mysql> {
    /// Finishes the operations whose processes have died: removes what is left of tenants that were being created or
    /// dropped, and moves the rest of those that were being renamed, archived or restored. Operations under way are left
    /// alone, and so are databases that the library doesn't know.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Mysql>) -> Result<(), diesel_tenants::pool::MysqlError> {
    /// let report = pool.sweep().await?;
    /// println!("{} removed, {} moved", report.removed.len(), report.moved.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MysqlError`], if one of them can't be finished. What was finished before stays finished.
    pub async fn sweep(&self) -> Result<SweepReport, MysqlError> {
        self.require_no_other_directory().await?;
        let server = self.recording_server();
        let wait = Patience::default().wait;
        let swept = to_the_end(async move { sweep(&server, wait).await }).await;
        let swept = swept.map_err(|error| *MysqlError::life(error))?;
        let mut report = SweepReport::default();
        for swept in swept {
            match swept {
                Swept::Removed(tenant) => {
                    self.forget(std::slice::from_ref(&tenant));
                    report.removed.push(tenant);
                }
                Swept::Moved { from, to } => {
                    self.forget(&[from.clone(), to.clone()]);
                    report.moved.push((from, to));
                }
            }
        }
        Ok(report)
    }
}
