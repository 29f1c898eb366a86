//! Starts a diagnosis of a folder of files.

use std::{path::PathBuf, thread::available_parallelism};

use super::{directory::check_directory, files::Tenants, folder};
use crate::{
    SchemaName, SqlitePoolBuilder,
    backend::sqlite::{
        blocking,
        files::{FileError, Folder},
    },
    diagnosis::{DiagnosisError, DiagnosisReport, DiagnosisRequest},
    pool::{BuildError, SqliteError},
};

/// # Looking for problems
impl SqlitePoolBuilder {
    /// Looks for problems before they cause errors: in the folder and the file system, in each tenant's file, and in
    /// the directory. A folder that can't be used is a finding, too.
    ///
    /// This opens all tenants' files, several at a time: call it as an operator, not in a request. No file of the
    /// folder is changed, and none is removed.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), diesel_tenants::DiagnosisError> {
    /// use diesel_tenants::{SqliteFolder, TenantPool};
    ///
    /// let report = TenantPool::builder(SqliteFolder::new("data")).diagnose().check_integrity().run().await?;
    /// for finding in report.findings {
    ///     println!("{}: {}", finding.check, finding.found);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn diagnose(self) -> DiagnosisRequest<Self> {
        DiagnosisRequest::new(self)
    }
}

impl DiagnosisRequest<SqlitePoolBuilder> {
    /// Reads all files as a whole, and looks whether they are damaged inside (`PRAGMA quick_check`). Default: only what
    /// a file says about itself is read.
    pub fn check_integrity(mut self) -> Self {
        self.checks_integrity = true;
        self
    }

    /// Makes the diagnosis.
    ///
    /// # Errors
    /// [`DiagnosisError`], if the name of the shared schema is invalid, or the folder can't be listed.
    pub async fn run(self) -> Result<DiagnosisReport, DiagnosisError> {
        let (path, shared) = self.builder.place();
        let shared = SchemaName::new(shared).map_err(BuildError::from)?;
        let (path, integrity) = (path.to_owned(), self.checks_integrity);
        let symbolic = self.builder.symbolic().map(str::to_owned);
        let diagnosed = blocking(move || diagnose(path, shared, symbolic.as_deref(), integrity)).await;
        diagnosed.map_err(|error| DiagnosisError::Files(SqliteError::file(error)))
    }
}

fn diagnose(
    path: PathBuf,
    shared: SchemaName,
    symbolic: Option<&str>,
    integrity: bool,
) -> Result<DiagnosisReport, FileError> {
    let folder = match Folder::open(path, shared) {
        Ok(folder) => folder,
        Err(error) => {
            return Ok(DiagnosisReport {
                findings: vec![folder::unusable(&SqliteError::folder(error))],
            });
        }
    };
    let mut findings = Vec::from(folder::check_folder(&folder));
    let threads = available_parallelism().map_or(2, usize::from);
    let tenants = Tenants::look(&folder, integrity, threads)?;
    findings.push(tenants.check_shared());
    findings.extend(tenants.check());
    findings.push(tenants.check_reserved(symbolic));
    findings.extend(folder::check_names(&folder)?);
    findings.extend(check_directory(&folder, &tenants));
    Ok(DiagnosisReport { findings })
}
