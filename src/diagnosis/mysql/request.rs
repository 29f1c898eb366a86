//! Starts a diagnosis of a server.

use super::{server, tenants};
use crate::{
    MysqlPoolBuilder,
    backend::mysql::{
        SessionError,
        diagnosis::{Databases, missing_rights, settings},
    },
    diagnosis::{Check, DiagnosisError, DiagnosisReport, DiagnosisRequest, Finding, Severity, causes::causes},
    pool::MysqlError,
};

/// # Looking for problems
impl MysqlPoolBuilder {
    /// Looks for problems before they cause errors: in the server's settings, the account's rights, and the tenants'
    /// databases. A pool that can't be built is a finding, too.
    ///
    /// This reads the catalogs of all databases, and asks each tenant's for its migrations: call it as an operator, not
    /// in a request. It changes nothing.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_tenants::{MysqlUrl, TenantPool};
    ///
    /// let url: MysqlUrl = "mysql://app:secret@localhost".parse()?;
    /// let report = TenantPool::builder(url).diagnose().run().await?;
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

impl DiagnosisRequest<MysqlPoolBuilder> {
    /// Makes the diagnosis.
    ///
    /// # Errors
    /// [`DiagnosisError`], if the server refuses a query.
    pub async fn run(self) -> Result<DiagnosisReport, DiagnosisError> {
        let pool = match self.builder.build().await {
            Ok(pool) => pool,
            Err(error) => {
                let advice = "do what the message says";
                let finding = Finding::bad(Check::Pool, Severity::Problem, causes(&error), advice);
                return Ok(DiagnosisReport {
                    findings: vec![finding],
                });
            }
        };
        let (server, shared) = (pool.mysql_server(), pool.shared_schema().clone());
        let found = async {
            let mut session = server.open().await?;
            let fact = "the library's connections can be opened, and read texts as they are translated";
            let mut findings = vec![Finding::fine(Check::Pool, fact)];
            let settings = settings(&mut session).await?;
            findings.extend(server::check(&settings));
            findings.push(server::check_rights(missing_rights(&mut session).await?));
            if let Some(databases) = Databases::read(&mut session, &shared).await? {
                let look = databases.look(&mut session).await?;
                findings.extend(tenants::check(&databases, look, &settings));
            }
            Ok::<_, SessionError>(findings)
        };
        let (found, tenants) = (found.await, pool.all_tenants().await);
        pool.close();
        let mut findings = found.map_err(|error| DiagnosisError::Mysql(MysqlError::session(error)))?;
        let reserved = tenants?
            .into_iter()
            .filter_map(|tenant| Some((tenant.name, tenant.reserved?)));
        findings.push(Finding::reserved_names(reserved));
        Ok(DiagnosisReport { findings })
    }
}
