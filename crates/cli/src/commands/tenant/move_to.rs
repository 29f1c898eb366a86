//! `tenant move`.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use diesel_tenants::{Placement, pool::OWN_DATABASE, transfer::MoveReport};
use serde_json::json;

use crate::{
    completion::{databases, tenants},
    context::Context,
    database::{Instead, Places},
    duration,
    options::DatabaseAndSchema,
    output::{Ending, bytes, counted, name, on_one_line, say, value},
};

/// What moves a tenant that is not in use.
const EXPORT_IT: Instead<'_> = Instead {
    on_sqlite: "all tenants are in one folder; `tenant export` and `tenant import` bring one to another folder",
    on_mysql: "suspend the tenant, wait until no session uses it, and export it; import the file with the --database-url of \
               the other server; then drop the tenant here, record it by `directory adopt --database`, and resume it",
};

/// Options of `tenant move`.
#[derive(Debug, Args)]
pub struct Move {
    /// The tenant's name.
    #[arg(add = tenants())]
    name: String,
    /// The new database, by its name in `diesel-tenants.toml`, or DATABASE:SCHEMA if the schema is to have another name
    /// than the tenant; `main` is the database of the URL.
    #[arg(value_name = "PLACE", value_parser = DatabaseAndSchema::parse, add = databases())]
    to: DatabaseAndSchema,
    /// Locks out writes for the whole copy, which also moves tables without a primary key.
    #[arg(long)]
    pause_writes: bool,
    /// Drops the old schema at once. Default: it stays as an archive. Keep the archive unless commits at the new place
    /// wait for a standby: a failover there may lose the only copy.
    #[arg(long)]
    drop_source: bool,
    /// How long to wait for transactions that write to the tenant: a number with ms, s, m, h or d.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    wait: Duration,
    /// Only shows from where to where, and how much.
    #[arg(long)]
    dry_run: bool,
}

impl Move {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let (pool, tls) = context.schemas("`tenant move`", EXPORT_IT).await?;
        let to = self.to.of(&self.name)?;
        let from = pool.placement_of(self.name.as_str()).await?;
        let from = from.ok_or_else(|| anyhow!("there is no tenant {:?}, and nothing was done", self.name))?;
        let (tables, size) = size_of(&pool, &from).await?;
        let what = format!("{}, {}", counted(tables, "table"), bytes(size));
        if self.dry_run {
            // The target must be there as well.
            Places::of_database(&pool, database(&to)).await?;
            let result = json!({
                "tenant": self.name, "outcome": "pending", "from": from.to_string(), "to": to.to_string(),
                "tables": tables, "bytes": size,
            });
            context.printer.result(&result, || {
                say!("{}: would be moved from {from} to {to}: {what}", name(&self.name));
            })?;
            return Ok(Ending::Well);
        }
        let line = format!("{}: moving from {from} to {to}: {what}", name(&self.name));
        context.printer.note(&line);
        let mut request = pool.move_tenant(self.name.as_str(), to.clone()).wait(self.wait);
        if self.pause_writes {
            request = request.pause_writes();
        }
        if self.drop_source {
            request = request.drop_source();
        }
        if let Some(tls) = tls {
            request = request.tls(tls);
        }
        let moved = request.await?;
        let outcome = outcome_of(&moved);
        let archive = moved.archive.as_ref().map(ToString::to_string);
        let result = json!({
            "tenant": self.name, "outcome": outcome, "from": from.to_string(), "to": to.to_string(),
            "tables": moved.tables, "rows": moved.rows, "changes": moved.changes,
            "paused_seconds": moved.paused.as_secs_f64(), "archive": archive, "left": moved.left,
        });
        context.printer.result(&result, || {
            match moved.already_there {
                true => say!("{}: was already there", name(&self.name)),
                false => say!(
                    "{}: moved, {} rows, {} changes meanwhile; writes waited for {:.1?}",
                    name(&self.name),
                    moved.rows,
                    moved.changes,
                    moved.paused
                ),
            }
            if let Some(archive) = &archive {
                say!("the old schema is kept as {}, in {}", name(archive), database(&from));
            }
            for left in &moved.left {
                say!("left to do: {}; run the same command again", value(&on_one_line(left)));
            }
        })?;
        Ok(Ending::well_if(moved.left.is_empty()))
    }
}

/// The `outcome` of a move in JSON.
pub fn outcome_of(moved: &MoveReport) -> &'static str {
    match moved.already_there {
        true => "already_there",
        false => "moved",
    }
}

fn database(placement: &Placement) -> &str {
    placement.database().unwrap_or(OWN_DATABASE)
}

/// How many tables and bytes a tenant has.
pub async fn size_of(pool: &dyn Places, placement: &Placement) -> anyhow::Result<(u64, u64)> {
    let Some(schema) = placement.schema_name() else {
        return Ok((0, 0));
    };
    let there = pool.of_database(database(placement)).await?;
    let size = there.schema_size(schema.as_str()).await?;
    Ok(size.map_or((0, 0), |size| (size.tables, size.bytes)))
}
