//! The plan, and what became of its moves, as JSON.

use diesel_tenants::balance::{BalancePlan, DatabaseLoad, PlannedMove};
use serde_json::{Value, json};

use super::{
    database,
    outcome::{Outcome, repetition},
};
use crate::{commands::tenant::outcome_of, output::line};

pub(super) fn document(plan: &BalancePlan, outcomes: &[Outcome], drops_source: bool) -> Value {
    let databases: Vec<Value> = plan.databases.iter().map(load).collect();
    let moves = plan.moves.iter().zip(outcomes);
    let moves: Vec<Value> = moves
        .map(|(step, outcome)| of_move(step, outcome, drops_source))
        .collect();
    let staying: Vec<Value> = plan
        .staying
        .iter()
        .map(|tenant| {
            json!({
                "tenant": tenant.tenant.as_str(), "database": tenant.database, "bytes": tenant.bytes,
                "reason": tenant.reason,
            })
        })
        .collect();
    json!({
        "databases": databases, "moves": moves, "staying": staying, "bytes": plan.bytes(), "is_even": plan.is_even(),
    })
}

fn load(load: &DatabaseLoad) -> Value {
    let mut document = json!({
        "database": load.database, "tenants": load.tenants, "bytes": load.bytes, "bytes_after": load.bytes_after,
        "takes_part": load.takes_part, "is_even": load.is_even,
    });
    if let Some(unreachable) = &load.unreachable {
        document["error"] = json!(unreachable.to_string());
    }
    document
}

fn of_move(step: &PlannedMove, outcome: &Outcome, drops_source: bool) -> Value {
    let mut document = json!({
        "tenant": step.tenant.as_str(), "from": database(&step.from), "to": database(&step.to),
        "schema": step.to.schema_name().map(|schema| schema.as_str()),
        "tables": step.tables, "bytes": step.bytes, "rows": step.rows,
    });
    match outcome {
        Outcome::Pending => document["outcome"] = json!("pending"),
        Outcome::Failed(error) => {
            document["outcome"] = json!("failed");
            document["error"] = json!(line(error));
        }
        Outcome::Moved(report) => {
            document["outcome"] = json!(outcome_of(report));
            document["copied_rows"] = json!(report.rows);
            document["changes"] = json!(report.changes);
            document["paused_seconds"] = json!(report.paused.as_secs_f64());
            document["archive"] = json!(report.archive.as_ref().map(|archive| archive.as_str()));
            document["left"] = json!(report.left);
        }
    }
    if outcome.is_to_be_repeated() {
        document["repeat"] = json!(repetition(step, drops_source));
    }
    document
}
