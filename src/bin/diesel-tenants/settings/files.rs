//! What stands in the files.

use std::{fs, io, path::Path, path::PathBuf};

use anyhow::Context;
use serde::{Deserialize, de::DeserializeOwned};

/// `diesel.toml`: of the diesel command's keys only those that concern this one.
#[derive(Debug, Default, Deserialize)]
pub struct DieselFile {
    #[serde(default)]
    pub migrations_directory: DieselMigrations,
}

/// Where the diesel command finds its migrations, which are the shared ones.
#[derive(Debug, Default, Deserialize)]
pub struct DieselMigrations {
    pub dir: Option<PathBuf>,
}

/// `diesel-tenants.toml`, a file of our own, since the diesel command refuses keys that it doesn't know.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantsFile {
    #[serde(default)]
    pub migrations_directory: TenantsMigrations,
    /// The schema of the shared tables. Default: public.
    pub shared_schema: Option<String>,
    /// A schema's name that stands for the tenant's in SQL. Default: none.
    pub symbolic_schema: Option<String>,
    /// Schemas that hold nothing but extensions. Default: none.
    #[serde(default)]
    pub extension_schemas: Vec<String>,
    /// Whether the role brings the search_path, behind a pooler. Default: no.
    #[serde(default)]
    pub search_path_from_role: bool,
}

/// Where our migrations are, from the file's folder on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantsMigrations {
    pub shared: Option<PathBuf>,
    pub tenant: Option<PathBuf>,
}

/// What a file says; all defaults if there is none.
pub fn read<T: Default + DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("{} can't be used", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}
