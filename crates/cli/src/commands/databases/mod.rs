//! The databases that `diesel-tenants.toml` names, and what other subcommands do in all of them.

mod drift;
mod list;
mod migrate;
mod redo;
pub mod shared;
mod status;

use clap::Subcommand;
pub use drift::drift;
pub use migrate::{migrate, revert};
pub use redo::redo;
pub use status::{is_behind, status};

use diesel_tenants::TenantPool;

use crate::{context::Context, database::Instead, output::Ending};

/// What to do where there are several servers, and none is asked together with others.
pub const ONE_BY_ONE: Instead<'_> = Instead {
    on_sqlite: "there is nothing but the folder's own files",
    on_mysql: "name one server by --database, or give its own --database-url",
};

/// The pool for what `what` does in all databases.
pub async fn pool(context: &Context, what: &str) -> anyhow::Result<TenantPool> {
    let (pool, _) = context.schemas(what, ONE_BY_ONE).await?;
    Ok(pool)
}

/// What to do with the databases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the databases: whether they can be reached, versions, sizes, tenants, and what is missing there.
    List(list::List),
    /// The same, and ends with exit code 1 if a database can't be reached, accepts no writes, or lacks something.
    Check(list::List),
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        match self {
            Self::List(list) => list.run(context, false).await,
            Self::Check(list) => list.run(context, true).await,
        }
    }
}
