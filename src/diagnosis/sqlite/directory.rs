//! Whether the directory's tables agree with the files.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::files::Tenants;
use crate::{
    SchemaName,
    backend::sqlite::{
        diagnosis::{DirectoryFacts, directory},
        files::Folder,
    },
    diagnosis::{Check, Finding, Severity, causes::causes},
    tenancy::TenantStatus,
};

/// No findings if the shared file has no directory's tables.
pub(super) fn check_directory(folder: &Folder, tenants: &Tenants) -> Vec<Finding> {
    let unreadable = |fact: String| {
        vec![Finding::bad(
            Check::Directory,
            Severity::Problem,
            fact,
            "the directory's tables `tenants` and `domains` must be readable: call `prepare_directory` in the \
             application",
        )]
    };
    match directory(folder) {
        Ok(None) => Vec::new(),
        Ok(Some(Ok(facts))) => compare(&facts, tenants),
        Ok(Some(Err(error))) => unreadable(causes(&error)),
        Err(error) => unreadable(causes(&error)),
    }
}

fn compare(facts: &DirectoryFacts, tenants: &Tenants) -> Vec<Finding> {
    let rows = || {
        let rows = facts.tenants.iter();
        rows.filter_map(|row| Some((row, row.schema_name.as_deref()?)))
    };
    let files: HashSet<&str> = tenants.names().map(SchemaName::as_str).collect();
    let missing = rows().filter(|(row, file)| row.status != TenantStatus::Unfinished.word() && !files.contains(file));
    let listed: HashSet<&str> = rows().map(|(_, file)| file).collect();
    let unlisted = tenants.statuses().filter(|(name, _)| !listed.contains(name.as_str()));
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (row, file) in rows() {
        owners.entry(file).or_default().push(&row.name);
    }
    let shared = owners.iter().filter(|(_, owners)| owners.len() > 1);
    let statuses: HashMap<&str, TenantStatus> = tenants
        .statuses()
        .map(|(name, status)| (name.as_str(), status))
        .collect();
    let different = rows().filter_map(|(row, file)| {
        let status = statuses.get(file)?.to_string();
        (status != row.status).then(|| format!("{} ({}, file {status})", row.name, row.status))
    });
    vec![
        Finding::names(
            Check::MissingSchemas,
            Severity::Problem,
            missing.map(|(row, _)| row.name.clone()).collect(),
            "repeat the rename, archiving or drop that was interrupted; or restore the file from a backup; or DELETE \
             FROM tenants WHERE name = '…', which also deletes the tenant's domains",
        ),
        Finding::names(
            Check::UnlistedSchemas,
            Severity::Warning,
            unlisted.map(|(name, _)| name.to_string()).collect(),
            "such a file can't be checked out: repeat the rename, archiving or drop that was interrupted; or INSERT \
             INTO tenants (name, schema_name) VALUES ('…', '…') if it is a tenant's, or `drop_tenant` if it is left \
             over",
        ),
        Finding::names(
            Check::LostDomains,
            Severity::Problem,
            facts.lost_domains.clone(),
            "UPDATE domains SET tenant = '…' WHERE domain = '…', or DELETE the row",
        ),
        Finding::names(
            Check::SharedSchemas,
            Severity::Problem,
            shared
                .map(|(file, owners)| format!("{} in {file}", owners.join(" and ")))
                .collect(),
            "the two tenants see each other's rows: give one of them its own file by UPDATE tenants SET schema_name = \
             '…'",
        ),
        Finding::names(
            Check::DifferentStatuses,
            Severity::Warning,
            different.collect(),
            "the stricter one counts: `suspend_tenant` or `resume_tenant` sets both, and an operation that was \
             interrupted is finished by the same call",
        ),
    ]
}
