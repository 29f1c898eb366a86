//! The life of tenants, one operation in each file.

mod activation;
mod archive;
mod archived;
mod clone;
mod create;
mod drop;
mod export;
mod import;
mod list;
mod move_to;
mod place;
mod postgres_options;
mod rename;
mod restore;
mod show;

use clap::Subcommand;

pub use move_to::outcome_of;

use crate::{context::Context, output::Ending};

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates tenants. Each is created with its schema or file, and its tables, or not at all.
    Create(create::Create),
    /// Lists the tenants.
    List(list::List),
    /// PostgreSQL and MySQL: creates a tenant in a place of your choice, such as another database or server.
    Place(place::Place),
    /// PostgreSQL: moves a tenant to another database while it is in use.
    Move(move_to::Move),
    /// Shows what is known of a tenant: where it lives, its status, domains, migrations and size.
    Show(show::Show),
    /// Creates a tenant as a copy of another tenant, with its rows or without.
    Clone(clone::Clone),
    /// Renames a tenant, and keeps everything that it has.
    Rename(rename::Rename),
    /// Suspends tenants: applications can't use them, migrations still reach them.
    Suspend(activation::Suspend),
    /// Ends the suspension of tenants.
    Resume(activation::Resume),
    /// Drops tenants with all their data, for good.
    Drop(drop::Drop),
    /// Keeps a tenant under another name, out of use, to restore or drop it later.
    Archive(archive::Archive),
    /// Turns an archive into a tenant again.
    Restore(restore::Restore),
    /// Lists archived tenants, or drops the old ones.
    Archived(archived::Archived),
    /// Writes a tenant, its tables and its rows, to a file.
    Export(export::Export),
    /// Creates a tenant from a file that `export` wrote, under any name and on any server: completely, or
    /// not at all.
    Import(import::Import),
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List(list) => list.run(context).await,
            Self::Place(place) => place.run(context).await,
            Self::Move(move_to) => move_to.run(context).await,
            Self::Show(show) => show.run(context).await,
            Self::Clone(clone) => clone.run(context).await,
            Self::Rename(rename) => rename.run(context).await,
            Self::Suspend(suspend) => suspend.run(context).await,
            Self::Resume(resume) => resume.run(context).await,
            Self::Drop(drop) => drop.run(context).await,
            Self::Archive(archive) => archive.run(context).await,
            Self::Restore(restore) => restore.run(context).await,
            Self::Archived(archived) => archived.run(context).await,
            Self::Export(export) => export.run(context).await,
            Self::Import(import) => import.run(context).await,
        }
    }
}
