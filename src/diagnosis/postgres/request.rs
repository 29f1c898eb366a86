//! Starts a diagnosis of a server, and runs its checks one after the other.

use super::{
    directory::check_directory,
    functions::check_functions,
    objects::check_objects,
    server::check_server,
    session::{Role, check_session},
    tenants::check_tenants,
};
use crate::{
    TenantPoolBuilder,
    backend::postgres::{
        diagnosis_queries::MARK,
        driver::{With, dial},
        engine::TlsConnector,
    },
    diagnosis::{Check, DiagnosisError, DiagnosisReport, DiagnosisRequest, Finding, Severity, causes::causes},
};

/// # Looking for problems
impl TenantPoolBuilder {
    /// Looks for problems before they cause errors: in the server's settings, the role, a pooler in between, the
    /// tenants and their directory. A pool that can't be built is a finding, too.
    ///
    /// This reads the catalogs of all tenants: call it as an operator, not in a request. It changes nothing.
    pub fn diagnose(self) -> DiagnosisRequest {
        DiagnosisRequest::new(self)
    }
}

impl DiagnosisRequest {
    /// How to connect with TLS: needed if [`establish_with`](TenantPoolBuilder::establish_with) opens the pool's
    /// connections. Default: without TLS.
    pub fn tls<T: TlsConnector>(mut self, tls: T) -> Self {
        self.dial = Some(Box::new(With(tls)));
        self
    }

    /// Makes the diagnosis, on connections of its own and on connections of a pool.
    ///
    /// # Errors
    /// [`DiagnosisError`], if the server can't be reached, or refuses a query.
    pub async fn run(self) -> Result<DiagnosisReport, DiagnosisError> {
        let Self {
            builder, dial: given, ..
        } = self;
        let (plain, marked) = (builder.plain_connector("")?, builder.plain_connector(MARK)?);
        let dial = dial(&plain, given).ok_or(DiagnosisError::NeedsTls)?;
        let options = builder.options();
        let role = Role {
            extension_schemas: &options.extension_schemas,
            brings_search_path: options.search_path_from_role,
        };
        let shared_schema = options.shared_schema.as_str();
        let session = dial.dial(&plain).await?;
        let client = session.client();
        let mut findings = Vec::from(check_server(client).await?);
        findings.extend(check_session(&session, &*dial, &plain, &marked, role).await?);
        findings.extend(check_objects(client, shared_schema).await?);
        findings.push(check_functions(client, shared_schema).await?);
        findings.extend(check_directory(client, shared_schema).await);
        session.close().await;
        match builder.build().await {
            Ok(pool) => {
                let fact = "the library's connections can be opened, and reach no table without its schema's name";
                findings.push(Finding::fine(Check::Pool, fact));
                findings.extend(check_tenants(&pool).await?);
            }
            Err(error) => findings.push(Finding::bad(
                Check::Pool,
                Severity::Problem,
                causes(&error),
                "do what the message says",
            )),
        }
        Ok(DiagnosisReport { findings })
    }
}
