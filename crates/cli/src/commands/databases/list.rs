use clap::Args;
use diesel_tenants::diagnosis::DatabaseInfo;
use serde_json::json;

use super::ONE_BY_ONE;
use crate::{
    context::Context,
    options::SharedMigrations,
    output::{Ending, bytes, counted, name, say, table, value},
};

/// Options of `database list` and `database check`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    migrations: SharedMigrations,
}

impl List {
    pub async fn run(self, context: &Context, check: bool) -> anyhow::Result<Ending> {
        let (pool, _) = context.schemas("`database`", ONE_BY_ONE).await?;
        let inspection = pool.all_databases().inspect();
        // A project may have no shared migrations.
        let found = match context.settings.shared_migrations(&self.migrations).await {
            Ok(shared) => inspection.shared(shared).await?,
            Err(_) if self.migrations.migration_dir.is_none() => inspection.await?,
            Err(error) => return Err(error),
        };
        let is_well = found.iter().all(DatabaseInfo::is_well);
        context
            .printer
            .result(&json!({ "databases": found }), || print(&found))?;
        Ok(Ending::well_if(!check || is_well))
    }
}

fn print(found: &[DatabaseInfo]) {
    let rows = found.iter().map(|info| {
        let (version, size, state) = match &info.state {
            None => ("-".to_owned(), "-".to_owned(), "can't be reached".to_owned()),
            Some(state) => {
                let size = state.bytes.map_or_else(|| "-".to_owned(), bytes);
                let mut words = Vec::new();
                if state.is_standby {
                    words.push("a standby, accepts no writes".to_owned());
                }
                if !state.missing_migrations.is_empty() {
                    let count = state.missing_migrations.len();
                    words.push(format!("lacks {}", counted(count, "shared migration")));
                }
                if !state.missing_extensions.is_empty() {
                    words.push(format!("lacks extensions: {}", state.missing_extensions.join(", ")));
                }
                let words = match words.as_slice() {
                    [] => "well".to_owned(),
                    words => words.join("; "),
                };
                (state.server_version.clone(), size, words)
            }
        };
        [name(&info.database), version, info.tenants.to_string(), size, state]
    });
    say!("{}", table(["database", "server", "tenants", "size", "state"], rows));
    for unreachable in found.iter().filter_map(|info| info.unreachable.as_ref()) {
        say!("{}", value(&unreachable.to_string()));
    }
}
