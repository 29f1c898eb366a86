//! `balance`.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;
use diesel_tenants::{
    Placement,
    balance::{BalancePlan, DatabaseLoad, PlannedMove},
    pool::OWN_DATABASE,
    transfer::{MoveReport, MoveRequest},
};
use serde_json::{Value, json};

use crate::{
    completion::tenants,
    context::Context,
    database::Instead,
    duration,
    interrupt::Interrupt,
    options::Databases,
    output::{Ending, bytes, counted, line, name, say, table, tell, value},
};

/// What to do where the databases can't be balanced.
const BY_HAND: Instead<'_> = Instead {
    on_sqlite: "all tenants are in one folder",
    on_mysql: "`diesel-tenants tenant move` says how to bring a tenant to another server",
};

/// Options of `balance`.
#[derive(Debug, Args)]
pub struct Balance {
    #[command(flatten)]
    databases: Databases,
    /// How far from the average a database may be, in percent of the average.
    #[arg(long, value_name = "PERCENT", default_value_t = 10)]
    tolerance: u8,
    /// The largest number of moves. Default: no limit.
    #[arg(long, value_name = "COUNT")]
    at_most: Option<usize>,
    /// A tenant that stays where it is. May be given more than once.
    #[arg(long, value_name = "TENANT", add = tenants())]
    keep: Vec<String>,
    /// Moves suspended tenants, too. Default: they stay.
    #[arg(long)]
    suspended: bool,
    /// Ends with exit code 1 if a tenant should be moved.
    #[arg(long, conflicts_with = "apply")]
    check: bool,
    /// Makes the moves, one after the other, while the tenants are in use. Ctrl-C stops after the move in progress.
    #[arg(long)]
    apply: bool,
    /// Goes on with the other tenants if one can't be moved.
    #[arg(long, requires = "apply")]
    keep_going: bool,
    /// Drops each old schema at once. Default: it stays as an archive, and takes room until it is dropped.
    #[arg(long, requires = "apply")]
    drop_source: bool,
    /// How long each move waits for transactions that write to the tenant: a number with ms, s, m, h or d.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    wait: Duration,
}

/// What became of a planned move.
enum Outcome {
    Pending,
    Moved(MoveReport),
    Failed(String),
}

impl Balance {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let (pool, tls) = context.schemas("balance", BY_HAND).await?;
        let mut request = self
            .databases
            .of(&pool)
            .balance()
            .tolerance(f64::from(self.tolerance) / 100.0)
            .at_most(self.at_most.unwrap_or(usize::MAX))
            .keep(&self.keep);
        if self.suspended {
            request = request.suspended();
        }
        let plan = request.await?;
        if !self.apply {
            let outcomes: Vec<Outcome> = plan.moves.iter().map(|_| Outcome::Pending).collect();
            context.printer.result(&document(&plan, &outcomes), || print(&plan))?;
            let is_well = plan.databases.iter().all(|load| load.unreachable.is_none());
            return Ok(Ending::well_if(is_well && (!self.check || plan.moves.is_empty())));
        }
        let interrupt = Interrupt::watch();
        let mut outcomes = Vec::with_capacity(plan.moves.len());
        let mut goes_on = true;
        for (index, step) in plan.moves.iter().enumerate() {
            if !goes_on || interrupt.is_pressed() {
                outcomes.push(Outcome::Pending);
                continue;
            }
            let number = format!("{} of {}", index + 1, plan.moves.len());
            tell!(
                "{}: moving to {}: {}; {number}",
                name(step.tenant.as_str()),
                place(&step.to),
                cost(step)
            );
            let mut request = pool.move_tenant(step.tenant.as_str(), step.to.clone()).wait(self.wait);
            if self.drop_source {
                request = request.drop_source();
            }
            if let Some(tls) = &tls {
                request = request.tls(tls.clone());
            }
            let outcome = moved(request).await;
            if !context.printer.is_json() {
                say!("{}", told(step, &outcome));
            }
            goes_on = self.keep_going || !matches!(outcome, Outcome::Failed(_));
            outcomes.push(outcome);
        }
        context
            .printer
            .result(&document(&plan, &outcomes), || end(&plan, &outcomes))?;
        let is_well = |outcome: &Outcome| match outcome {
            Outcome::Moved(report) => report.left.is_empty(),
            Outcome::Pending | Outcome::Failed(_) => false,
        };
        let are_reached = plan.databases.iter().all(|load| load.unreachable.is_none());
        Ok(Ending::well_if(are_reached && outcomes.iter().all(is_well)))
    }
}

async fn moved(request: MoveRequest<'_>) -> Outcome {
    match request.await {
        Ok(report) => Outcome::Moved(report),
        Err(error) => Outcome::Failed(line(&error)),
    }
}

/// The plan as text.
fn print(plan: &BalancePlan) {
    print_databases(plan);
    let rows = plan.moves.iter().map(|step| {
        [
            name(step.tenant.as_str()),
            place(&step.from),
            place(&step.to),
            bytes(step.bytes),
            step.rows.to_string(),
        ]
    });
    if !plan.moves.is_empty() {
        say!("");
        say!("{}", table(["tenant", "from", "to", "size", "rows, about"], rows));
    }
    print_staying(plan);
    match plan.moves.len() {
        0 => say!("no tenant to move"),
        moves => say!(
            "{} with {}; --apply makes them",
            counted(moves, "move"),
            bytes(plan.bytes())
        ),
    }
    print_evenness(plan);
}

fn print_databases(plan: &BalancePlan) {
    let rows = plan.databases.iter().map(|load| {
        let words = match (&load.unreachable, load.takes_part, load.is_even) {
            (Some(_), ..) => "can't be reached",
            (None, false, _) => "does not take part",
            (None, true, true) => "even",
            (None, true, false) => "not even",
        };
        [
            name(&load.database),
            load.tenants.to_string(),
            bytes(load.bytes),
            bytes(load.bytes_after),
            words.to_owned(),
        ]
    });
    say!("{}", table(["database", "tenants", "size", "after", "then"], rows));
    for unreachable in plan.databases.iter().filter_map(|load| load.unreachable.as_ref()) {
        say!("{}", value(&unreachable.to_string()));
    }
}

/// How many tenants stay, by the reasons.
fn print_staying(plan: &BalancePlan) {
    let mut reasons: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for tenant in &plan.staying {
        let reason = reasons.entry(tenant.reason.to_string()).or_default();
        *reason = (reason.0 + 1, reason.1 + tenant.bytes);
    }
    for (reason, (count, size)) in reasons {
        let first = plan.staying.iter().find(|tenant| tenant.reason.to_string() == reason);
        let first = first.map_or_else(String::new, |tenant| name(tenant.tenant.as_str()));
        match count {
            1 => say!("stays: {first} {reason}, {}", bytes(size)),
            others => say!(
                "stay: {first} and {} more, since each {reason}, {}",
                others - 1,
                bytes(size)
            ),
        }
    }
}

fn print_evenness(plan: &BalancePlan) {
    if !plan.is_even() {
        say!("the databases will not be even: the tenants that may move are too large, or the moves are too few");
    }
}

fn told(step: &PlannedMove, outcome: &Outcome) -> String {
    let tenant = name(step.tenant.as_str());
    match outcome {
        Outcome::Pending => format!("{tenant}: left"),
        Outcome::Failed(error) => format!("{tenant}: failed: {error}"),
        Outcome::Moved(report) => {
            let left: Vec<String> = report.left.iter().map(|left| format!("; left to do: {left}")).collect();
            format!(
                "{tenant}: moved from {} to {}, {} rows, {} changes meanwhile; writes waited for {:.1?}{}",
                place(&step.from),
                place(&step.to),
                report.rows,
                report.changes,
                report.paused,
                left.concat()
            )
        }
    }
}

/// What was done, and what is left.
fn end(plan: &BalancePlan, outcomes: &[Outcome]) {
    let moves = || plan.moves.iter().zip(outcomes);
    let count = |wanted: fn(&Outcome) -> bool| {
        let these = moves().filter(|(_, outcome)| wanted(outcome));
        these.fold((0, 0), |(count, size), (step, _)| (count + 1, size + step.bytes))
    };
    let (done, size) = count(|outcome| matches!(outcome, Outcome::Moved(_)));
    let (failed, _) = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let (left, left_size) = count(|outcome| matches!(outcome, Outcome::Pending));
    if plan.moves.is_empty() {
        say!("no tenant to move");
        return print_evenness(plan);
    }
    let mut words = format!("{done} moved, {}", bytes(size));
    if failed > 0 {
        words += &format!("; {failed} failed");
    }
    if left > 0 {
        words += &format!("; {left} left, {}", bytes(left_size));
    }
    say!("{words}");
    for (step, _) in moves().filter(|(_, outcome)| matches!(outcome, Outcome::Pending)) {
        say!(
            "left: {} from {} to {}, {}",
            name(step.tenant.as_str()),
            place(&step.from),
            place(&step.to),
            cost(step)
        );
    }
    if failed + left > 0 {
        say!("what was moved stays; run the same command again for the rest, or leave tenants out by --keep");
    }
}

fn cost(step: &PlannedMove) -> String {
    format!("{}, about {}", bytes(step.bytes), counted(step.rows, "row"))
}

/// The database of a place.
fn database(placement: &Placement) -> &str {
    placement.database().unwrap_or(OWN_DATABASE)
}

/// The database of a place, as text.
fn place(placement: &Placement) -> String {
    name(database(placement))
}

fn document(plan: &BalancePlan, outcomes: &[Outcome]) -> Value {
    let databases: Vec<Value> = plan.databases.iter().map(load).collect();
    let moves: Vec<Value> = plan.moves.iter().zip(outcomes).map(step).collect();
    let staying: Vec<Value> = plan
        .staying
        .iter()
        .map(|tenant| {
            json!({
                "tenant": tenant.tenant.as_str(), "database": tenant.database, "bytes": tenant.bytes,
                "reason": tenant.reason.to_string(),
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

fn step((step, outcome): (&PlannedMove, &Outcome)) -> Value {
    let mut document = json!({
        "tenant": step.tenant.as_str(), "from": database(&step.from), "to": database(&step.to),
        "schema": step.to.schema_name().map(|schema| schema.as_str()),
        "tables": step.tables, "bytes": step.bytes, "rows": step.rows,
    });
    match outcome {
        Outcome::Pending => document["outcome"] = json!("pending"),
        Outcome::Failed(error) => {
            document["outcome"] = json!("failed");
            document["error"] = json!(error);
        }
        Outcome::Moved(report) => {
            document["outcome"] = json!("moved");
            document["copied_rows"] = json!(report.rows);
            document["changes"] = json!(report.changes);
            document["paused_seconds"] = json!(report.paused.as_secs_f64());
            document["archive"] = json!(report.archive.as_ref().map(|archive| archive.as_str()));
            document["left"] = json!(report.left);
        }
    }
    document
}
