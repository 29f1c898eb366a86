use diesel_tenants::drift::DatabaseDrift;
use serde_json::{Value, json};

use super::ONE_BY_ONE;
use crate::{
    chosen_databases::Databases,
    commands::drift::{document, print, print_sql},
    context::Context,
    output::{Ending, name, print_raw, say, value},
};

/// Shows how tenants of all databases differ from a template.
pub async fn drift(context: &Context, databases: &Databases, template: &str, sql: bool) -> anyhow::Result<Ending> {
    let (pool, _) = context.schemas("drift", ONE_BY_ONE).await?;
    let found = databases.of(&pool).drift(template).await?;
    let documents: Vec<Value> = found.iter().map(of_database).collect();
    context.printer.result(&json!({ "databases": documents }), || {
        for drift in &found {
            match sql {
                true => print_raw(format_args!("-- database {}", name(&drift.database))),
                false => say!("database {}", name(&drift.database)),
            }
            match (&drift.unreachable, sql) {
                (Some(unreachable), _) => say!("-- skipped: {}", value(&unreachable.to_string())),
                (None, true) => print_sql(&drift.report),
                (None, false) => print(&drift.report, template),
            }
        }
    })?;
    Ok(Ending::well_if(found.iter().all(DatabaseDrift::is_clean)))
}

fn of_database(drift: &DatabaseDrift) -> Value {
    let mut found = match &drift.unreachable {
        Some(unreachable) => json!({ "error": unreachable.to_string() }),
        None => document(&drift.report),
    };
    found["database"] = json!(drift.database);
    found
}
