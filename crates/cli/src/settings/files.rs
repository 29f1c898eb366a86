//! What stands in the files.

use std::{collections::BTreeMap, fs, io, path::Path, path::PathBuf};

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
    /// Whether tenants' migrations that work outside of the tenant's schema are an error. Default: no, a warning.
    #[serde(default)]
    pub refuse_outside_work: bool,
    /// Where the application keeps who its tenants are. Default: in the tables of `DirectoryTables`, if they are there.
    pub directory: Option<Directory>,
    #[serde(default)]
    pub schema: TenantsSchema,
}

/// Where the application keeps who its tenants are.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Directory {
    /// In the tables of `DirectoryTables`, which must be there.
    Tables,
    /// In a `TenantDirectory` of its own, which this command can't tell anything.
    Own,
}

/// Where our migrations are, from the file's folder on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantsMigrations {
    pub shared: Option<PathBuf>,
    pub tenant: Option<PathBuf>,
}

/// How the tables are declared in Rust.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantsSchema {
    /// The folder of the declarations. Default: src/schema.
    pub folder: Option<PathBuf>,
    /// Tables that are left out. Default: none.
    #[serde(default)]
    pub except: Vec<String>,
    /// Which tables may appear in one query. Default: all.
    #[serde(default)]
    pub allow_together: Together,
    /// Paths in Rust by the names of types in the database. Default: none.
    #[serde(default)]
    pub sql_types: BTreeMap<String, String>,
    /// The database that a scratch database is a copy of. Default: template0.
    pub template: Option<String>,
    /// SQL to be run in a scratch database before the migrations. Default: none.
    pub set_up: Option<String>,
}

/// Which tables may appear in one query.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Together {
    #[default]
    All,
    Related,
    Nothing,
}

/// What a file says; all defaults if there is none.
pub fn read<T: Default + DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("{} can't be used", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}
