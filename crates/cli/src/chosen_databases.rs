//! On which of several databases a subcommand works.

use anyhow::bail;
use clap::Args;
use diesel_tenants::{TenantPool, pool::AllDatabases};

use crate::completion::databases;

/// Which of the databases that `diesel-tenants.toml` names.
#[derive(Debug, Clone, Args)]
pub struct Databases {
    /// Only this database, by its name in `diesel-tenants.toml`; `main` is that of the database URL. On PostgreSQL it may
    /// be given more than once, and the default is all databases. On MySQL each call works on one server.
    #[arg(long, value_name = "DATABASE", add = databases())]
    pub database: Vec<String>,
    /// PostgreSQL: leaves out databases that can't be reached, and ends with exit code 1. Default: nothing is done in
    /// any database then.
    #[arg(long)]
    pub skip_unreachable: bool,
}

impl Databases {
    /// The pool's databases that are meant.
    pub fn of<'a>(&self, pool: &'a TenantPool) -> AllDatabases<'a> {
        let mut all = pool.all_databases();
        if !self.database.is_empty() {
            all = all.only(&self.database);
        }
        match self.skip_unreachable {
            true => all.skip_unreachable(),
            false => all,
        }
    }

    /// The one database that is named, where a call works on one.
    pub fn the_one(&self, what: &str) -> anyhow::Result<&str> {
        match self.database.as_slice() {
            [database] if !self.skip_unreachable => Ok(database),
            _ => bail!(
                "{what}: each call works on one server of MySQL, and diesel-tenants.toml names several: name one by \
                 --database, where `main` is that of the database URL, and leave out `--skip-unreachable`"
            ),
        }
    }

    /// Without further databases in the settings there is nothing to choose from.
    pub fn refuse(&self, what: &str) -> anyhow::Result<()> {
        if self.database.is_empty() && !self.skip_unreachable {
            return Ok(());
        }
        bail!(
            "{what}: `--database` and `--skip-unreachable` are for several databases, under [databases] in \
               diesel-tenants.toml, and none are named there"
        )
    }
}
