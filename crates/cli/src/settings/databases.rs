//! The URLs of further databases, which `diesel-tenants.toml` names and variables hold.

use anyhow::bail;

use super::{Settings, files::FurtherDatabase};

/// A further database, with its URLs.
pub struct DatabaseUrls {
    pub name: String,
    pub url: String,
    pub tenants: bool,
    pub replicas: Vec<String>,
}

impl Settings {
    /// The further databases that the file names, with their URLs from the environment.
    pub fn databases(&self) -> anyhow::Result<Vec<DatabaseUrls>> {
        let each = self.tenants.databases.iter().map(|(name, database)| {
            let FurtherDatabase {
                url_variable,
                tenants,
                replica_variables,
            } = database;
            let replicas = replica_variables.iter().map(|variable| value(name, variable));
            Ok(DatabaseUrls {
                name: name.clone(),
                url: value(name, url_variable)?,
                tenants: *tenants,
                replicas: replicas.collect::<anyhow::Result<_>>()?,
            })
        });
        each.collect()
    }
}

/// The URL that a variable holds.
fn value(database: &str, variable: &str) -> anyhow::Result<String> {
    // The text may be the URL itself, with its password.
    if variable.contains("://") || variable.is_empty() {
        bail!(
            "database {database} in diesel-tenants.toml: write the name of the variable that holds the URL, not the URL: \
             passwords don't belong in the file"
        );
    }
    match std::env::var(variable) {
        Ok(url) if !url.is_empty() => Ok(url),
        _ => bail!(
            "database {database} in diesel-tenants.toml: the variable {variable}, which holds its URL, is not set"
        ),
    }
}
