//! The lives of tenants, one operation in each file.

mod activation;
mod archive;
mod archived;
mod clone;
mod create;
mod drop;
mod export;
mod import;
mod list;
mod rename;
mod restore;

use clap::Subcommand;

use crate::{context::Context, output::Ending};

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates tenants: of each its schema and its tables, or nothing.
    Create(create::Create),
    /// Lists the tenants.
    List(list::List),
    /// Makes a tenant like another one, with its rows or without.
    Clone(clone::Clone),
    /// Renames a tenant, with all it has.
    Rename(rename::Rename),
    /// Suspends tenants: applications are refused, migrations still reach them.
    Suspend(activation::Suspend),
    /// Lets suspended tenants in again.
    Resume(activation::Resume),
    /// Drops tenants with all their data, for good.
    Drop(drop::Drop),
    /// Puts a tenant aside, under another name, to be restored or dropped later.
    Archive(archive::Archive),
    /// Brings an archived tenant back.
    Restore(restore::Restore),
    /// Lists archived tenants, or drops the old ones.
    Archived(archived::Archived),
    /// Writes a tenant, its tables and its rows, to a file.
    Export(export::Export),
    /// Makes a tenant of such a file, under any name and on any server: all of it, or nothing.
    Import(import::Import),
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List(list) => list.run(context).await,
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
