use tokio_postgres::{Client, Error};

use crate::{
    backend::postgres::diagnosis_queries::{
        DIFFERENT_STATUSES, LOST_DOMAINS, MISSING_SCHEMAS, SHARED_PLACES, UNLISTED_SCHEMAS, find_directory,
        names_in_directory,
    },
    diagnosis::{Check, Finding, Severity, causes::causes},
};

/// Whether the directory's tables agree with the schemas.
const CHECKS: [(Check, &str, Severity, &str); 5] = [
    (
        Check::MissingSchemas,
        MISSING_SCHEMAS,
        Severity::Problem,
        "restore the schema from a backup; or DELETE FROM tenants WHERE name = '…', which also deletes the tenant's \
         domains",
    ),
    (
        Check::UnlistedSchemas,
        UNLISTED_SCHEMAS,
        Severity::Warning,
        "such a schema can't be checked out: INSERT INTO tenants (name, schema_name) VALUES ('…', '…') if it is a \
         tenant's, or `drop_tenant` if it is left over",
    ),
    (
        Check::LostDomains,
        LOST_DOMAINS,
        Severity::Problem,
        "UPDATE domains SET tenant = '…' WHERE domain = '…', or DELETE the row",
    ),
    (
        Check::SharedSchemas,
        SHARED_PLACES,
        Severity::Problem,
        "the two tenants see each other's rows: give one of them its own schema by UPDATE tenants SET schema_name = \
         '…', then rebuild the unique index tenants_place by REINDEX, or by `prepare_directory`",
    ),
    (
        Check::DifferentStatuses,
        DIFFERENT_STATUSES,
        Severity::Warning,
        "the stricter one counts: `suspend_tenant` or `resume_tenant` sets both",
    ),
];

/// No findings if the database has no directory's tables.
pub(super) async fn check_directory(client: &Client, shared_schema: &str) -> Vec<Finding> {
    match compare(client, shared_schema).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::bad(
            Check::Directory,
            Severity::Problem,
            causes(&error),
            "the directory's tables `tenants` and `domains` must exist and be readable: GRANT SELECT on them, or call \
             `prepare_directory` in the application",
        )],
    }
}

async fn compare(client: &Client, shared_schema: &str) -> Result<Vec<Finding>, Error> {
    let Some(directory) = find_directory(client, shared_schema).await? else {
        return Ok(Vec::new());
    };
    let mut findings = Vec::new();
    for (check, query, severity, advice) in CHECKS {
        let found = names_in_directory(client, query, shared_schema, &directory).await?;
        findings.push(Finding::names(check, severity, found, advice));
    }
    Ok(findings)
}
