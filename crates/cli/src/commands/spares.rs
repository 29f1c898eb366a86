use clap::{Args, Subcommand};
use diesel_tenants::migrations::outside_work;
use serde_json::json;

use crate::{
    context::Context,
    database::Instead,
    options::TenantMigrations,
    output::{Ending, say, warned},
};

/// What to do with spares.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Keeps this number of spares: creates missing ones, and drops surplus ones. `tenant create` takes a spare, and
    /// then only has to rename it.
    Prepare(Prepare),
}

/// Options of `spares prepare`.
#[derive(Debug, Args)]
pub struct Prepare {
    /// How many spares there should be.
    count: usize,
    #[command(flatten)]
    migrations: TenantMigrations,
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let Self::Prepare(Prepare { count, migrations }) = self;
        let instead = Instead {
            on_sqlite: "none are needed, since a tenant's file is made within milliseconds",
            on_mysql: "create tenants when they are needed, by `diesel-tenants tenant create`",
        };
        let pool = context.postgres("`spares`", instead).await?;
        let migrations = context.settings.tenant_migrations(&migrations).await?;
        if !context.settings.tenants.refuse_outside_work {
            let outside = outside_work(migrations.clone()).await?;
            outside.iter().for_each(|work| eprintln!("{}", warned(work)));
        }
        let report = pool.prepare_spares(count, migrations).await?;
        let document = json!({
            "ready": report.ready,
            "made": report.made,
            "updated": report.updated,
            "dropped": report.dropped,
            "others": report.others,
        });
        context.printer.result(&document, || say!("{report}"))?;
        Ok(Ending::Well)
    }
}
