//! Settings: options, then variables, then `diesel-tenants.toml`, then `diesel.toml`.

mod databases;
mod files;
mod folders;

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::options::Global;
pub use databases::DatabaseUrls;
use files::{DieselFile, TenantsFile};
pub use files::{Directory, TenantsSchema};

/// The settings in the files, and where the files are.
#[derive(Debug)]
pub struct Settings {
    root: PathBuf,
    diesel: DieselFile,
    /// The contents of `diesel-tenants.toml`.
    pub tenants: TenantsFile,
}

impl Settings {
    /// Reads the files that exist.
    pub fn read(global: &Global) -> anyhow::Result<Self> {
        let (root, diesel) = match &global.config_file {
            Some(file) if !file.is_file() => {
                bail!(
                    "there is no configuration file {}, which --config-file or DIESEL_CONFIG_FILE names",
                    file.display()
                )
            }
            Some(file) => (file.parent().unwrap_or(Path::new("")).to_owned(), file.clone()),
            None => {
                let root = project_root(&std::env::current_dir()?);
                (root.clone(), root.join("diesel.toml"))
            }
        };
        let mut tenants: TenantsFile = files::read(&root.join("diesel-tenants.toml"))?;
        tenants.refuse_outside_work |= global.refuse_outside_work;
        Ok(Self {
            diesel: files::read(&diesel)?,
            tenants,
            root,
        })
    }
}

/// The nearest folder upwards with a `diesel.toml`, as the diesel command looks for it, or else with a
/// `diesel-tenants.toml`, or else with a `Cargo.toml`, or else the current folder.
fn project_root(from: &Path) -> PathBuf {
    let with = |file: &str| from.ancestors().find(|folder| folder.join(file).is_file());
    with("diesel.toml")
        .or_else(|| with("diesel-tenants.toml"))
        .or_else(|| with("Cargo.toml"))
        .unwrap_or(from)
        .to_owned()
}

/// Reads a file `.env`, here or in a folder above, as the diesel command does. Variables that are set already stay.
pub fn load_dotenv() -> anyhow::Result<()> {
    match dotenvy::dotenv() {
        Ok(_) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        // The error's own message shows the line, which may contain a password.
        Err(_) => {
            bail!("the file .env can't be read: each line should be NAME=value, with quotes around values with spaces")
        }
    }
}
