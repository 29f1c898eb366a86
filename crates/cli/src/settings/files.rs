//! The contents of the configuration files.

use std::{collections::BTreeMap, fs, io, path::Path, path::PathBuf};

use anyhow::Context;
use diesel_tenants::{
    Backend,
    rust_schema::{AllowTogether, RustSchemaRequest},
};
use serde::{Deserialize, de::DeserializeOwned};

/// `diesel.toml`: of the diesel command's keys, only those that this command uses.
#[derive(Debug, Default, Deserialize)]
pub struct DieselFile {
    #[serde(default)]
    pub migrations_directory: DieselMigrations,
}

/// Where the diesel command finds its migrations, which are the shared migrations.
#[derive(Debug, Default, Deserialize)]
pub struct DieselMigrations {
    pub dir: Option<PathBuf>,
}

/// `diesel-tenants.toml`. This command has its own file, because the diesel command refuses keys that it doesn't know.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantsFile {
    #[serde(default)]
    pub migrations_directory: TenantsMigrations,
    /// The schema of the shared tables. Default: public.
    pub shared_schema: Option<String>,
    /// A schema's name that stands for the tenant's schema in SQL. Default: none.
    pub symbolic_schema: Option<String>,
    /// Schemas that hold nothing but extensions. Default: none.
    #[serde(default)]
    pub extension_schemas: Vec<String>,
    /// Whether connections get their search_path from the role, behind a pooler. Default: no.
    #[serde(default)]
    pub search_path_from_role: bool,
    /// Whether tenants' migrations that work outside the tenant's schema are an error. Default: no, a warning.
    #[serde(default)]
    pub refuse_outside_work: bool,
    /// The application's directory of tenants. Default: the tables of `DirectoryTables`, if they exist.
    pub directory: Option<Directory>,
    #[serde(default)]
    pub schema: TenantsSchema,
    /// Further databases in which tenants live, by the names that the directory has for them. Default: none.
    #[serde(default)]
    pub databases: BTreeMap<String, FurtherDatabase>,
}

/// A further database. Its URL is a secret, so it is not in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FurtherDatabase {
    /// The variable with the URL.
    pub url_variable: String,
    /// Whether tenants live there. Default: yes.
    #[serde(default = "yes")]
    pub tenants: bool,
    /// The variables with the URLs of replicas. Default: none.
    #[serde(default)]
    pub replica_variables: Vec<String>,
}

fn yes() -> bool {
    true
}

/// The application's directory of tenants.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Directory {
    /// The tables of `DirectoryTables`, which must exist.
    Tables,
    /// A `TenantDirectory` of the application's own, which this command can't change.
    Own,
}

/// The folders of migrations, relative to the file's folder.
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
    /// Rust paths, by the names of the database's types. Default: none.
    #[serde(default)]
    pub sql_types: BTreeMap<String, String>,
    /// The database that is copied as the scratch database. Default: template0.
    pub template: Option<String>,
    /// SQL to run in a scratch database before the migrations. Default: none.
    pub set_up: Option<String>,
}

impl TenantsSchema {
    /// A request with the options that all databases have.
    pub fn apply<'a, B: Backend>(&self, request: RustSchemaRequest<'a, B>) -> RustSchemaRequest<'a, B> {
        let together = match self.allow_together {
            Together::All => AllowTogether::All,
            Together::Related => AllowTogether::Related,
            Together::Nothing => AllowTogether::Nothing,
        };
        let request = request.except(&self.except).allow_together(together);
        let types = self.sql_types.iter();
        types.fold(request, |request, (name, path)| request.sql_type(name, path))
    }
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

/// The contents of a file; all defaults if there is no file.
pub fn read<T: Default + DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("{} can't be used", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}
