//! `balance`.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;
use diesel_tenants::{
    Placement,
    balance::{BalancePlan, DatabaseLoad, PlannedMove, StayReason, StayingTenant},
    pool::OWN_DATABASE,
    transfer::{MoveError, MoveReport},
};
use serde_json::{Value, json};

use crate::{
    chosen_databases::Databases,
    commands::tenant::outcome_of,
    completion::tenants,
    context::Context,
    database::Instead,
    duration,
    interrupt::Interrupt,
    output::{Ending, bytes, counted, line, name, on_one_line, say, table, value, word},
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
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(..=100))]
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
    /// Drops each old schema at once. Default: it stays as an archive, and takes room until it is dropped. Keep the
    /// archives unless commits at the new place wait for a standby: a failover there may lose the only copy.
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
    Failed(MoveError),
}

impl Outcome {
    /// Whether a move is left half done between the two databases, so that nobody can use the tenant.
    fn is_half_done(&self) -> bool {
        matches!(
            self,
            Self::Failed(MoveError::Untold { .. } | MoveError::Interrupted { .. })
        )
    }

    /// Whether only the same move finishes what this one left, or removes it. A new plan doesn't contain it.
    fn is_to_be_repeated(&self) -> bool {
        match self {
            Self::Pending | Self::Failed(MoveError::Elsewhere { .. } | MoveError::Suspended { .. }) => false,
            Self::Failed(_) => true,
            Self::Moved(report) => !report.left.is_empty(),
        }
    }
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
            context
                .printer
                .result(&document(&plan, &outcomes, false), || print(&plan))?;
            let is_well = plan.databases.iter().all(|load| load.unreachable.is_none());
            return Ok(Ending::well_if(is_well && (!self.check || plan.moves.is_empty())));
        }
        let interrupt = Interrupt::watch();
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(plan.moves.len());
        let mut goes_on = true;
        for (index, step) in plan.moves.iter().enumerate() {
            if !goes_on || interrupt.is_pressed() {
                outcomes.push(Outcome::Pending);
                continue;
            }
            let number = format!("{} of {}", index + 1, plan.moves.len());
            context.printer.note(&format!(
                "{}: moving to {}: {}; {number}",
                name(step.tenant.as_str()),
                place(&step.to),
                cost(step)
            ));
            let request = pool.move_tenant(step.tenant.as_str(), step.to.clone()).wait(self.wait);
            // The plan may be hours old.
            let mut request = request.only_from(step.from.clone());
            if !self.suspended {
                request = request.unless_suspended();
            }
            if self.drop_source {
                request = request.drop_source();
            }
            if let Some(tls) = &tls {
                request = request.tls(tls.clone());
            }
            let outcome = request.await.map_or_else(Outcome::Failed, Outcome::Moved);
            if !context.printer.is_json() {
                say!("{}", told(step, &outcome, self.drop_source));
            }
            // What keeps the directory from being told would leave the next tenant out of service as well.
            goes_on = !outcome.is_half_done() && (self.keep_going || !matches!(outcome, Outcome::Failed(_)));
            outcomes.push(outcome);
        }
        context
            .printer
            .result(&document(&plan, &outcomes, self.drop_source), || end(&plan, &outcomes))?;
        let is_well = |outcome: &Outcome| match outcome {
            Outcome::Moved(report) => report.left.is_empty(),
            Outcome::Pending | Outcome::Failed(_) => false,
        };
        let are_reached = plan.databases.iter().all(|load| load.unreachable.is_none());
        Ok(Ending::well_if(are_reached && outcomes.iter().all(is_well)))
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
            "{}, {}; --apply makes {}",
            counted(moves, "move"),
            bytes(plan.bytes()),
            if moves == 1 { "it" } else { "them" }
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
    say!(
        "{}",
        table(["database", "tenants", "size", "after", "after the moves"], rows)
    );
    for unreachable in plan.databases.iter().filter_map(|load| load.unreachable.as_ref()) {
        say!("skipped: {}", value(&unreachable.to_string()));
    }
}

/// How many tenants stay, by the reasons.
fn print_staying(plan: &BalancePlan) {
    let mut reasons: BTreeMap<String, Vec<&StayingTenant>> = BTreeMap::new();
    for tenant in &plan.staying {
        reasons.entry(why(tenant.reason)).or_default().push(tenant);
    }
    for (reason, tenants) in reasons {
        let size = bytes(tenants.iter().map(|tenant| tenant.bytes).sum());
        let first = name(tenants[0].tenant.as_str());
        match tenants.len() - 1 {
            0 => say!("stays: {first} ({size}): {reason}"),
            others => say!("stay: {first} and {} ({size}): {reason}", counted(others, "other")),
        }
    }
}

fn why(reason: StayReason) -> String {
    match reason {
        StayReason::Kept => "kept by --keep".to_owned(),
        reason => on_one_line(&reason.to_string()),
    }
}

fn print_evenness(plan: &BalancePlan) {
    if !plan.is_even() {
        say!(
            "the databases will not be even: the tenants that may move don't suffice, or the moves are limited by --at-most"
        );
    }
}

fn told(step: &PlannedMove, outcome: &Outcome, drops_source: bool) -> String {
    let tenant = name(step.tenant.as_str());
    let again = match outcome.is_to_be_repeated() {
        true => format!("; `{}` finishes or undoes it", repetition(step, drops_source)),
        false => String::new(),
    };
    match outcome {
        Outcome::Pending => format!("{tenant}: left"),
        Outcome::Failed(error) => format!("{tenant}: failed: {}{again}", line(error)),
        Outcome::Moved(report) => {
            let left = report.left.iter().map(|left| value(&on_one_line(left)));
            let left: Vec<String> = left.map(|left| format!("; left to do: {left}")).collect();
            let left = left.concat();
            if report.already_there {
                return format!("{tenant}: was already there{left}{again}");
            }
            format!(
                "{tenant}: moved from {} to {}, {} rows, {} changes meanwhile; writes waited for {:.1?}{left}{again}",
                place(&step.from),
                place(&step.to),
                report.rows,
                report.changes,
                report.paused,
            )
        }
    }
}

/// The command that makes the same move.
fn repetition(step: &PlannedMove, drops_source: bool) -> String {
    let mut to = database(&step.to).to_owned();
    if let Some(schema) = step.to.schema_name().filter(|schema| **schema != step.tenant) {
        to += &format!(":{schema}");
    }
    let option = if drops_source { " --drop-source" } else { "" };
    format!(
        "diesel-tenants tenant move {} {}{option}",
        word(step.tenant.as_str()),
        word(&to)
    )
}

/// What was done, and what is left.
fn end(plan: &BalancePlan, outcomes: &[Outcome]) {
    let moves = || plan.moves.iter().zip(outcomes);
    let count = |wanted: fn(&Outcome) -> bool| {
        let these = moves().filter(|(_, outcome)| wanted(outcome));
        these.fold((0, 0), |(count, size), (step, _)| (count + 1, size + step.bytes))
    };
    let (done, size) = count(|outcome| matches!(outcome, Outcome::Moved(report) if !report.already_there));
    let (there, _) = count(|outcome| matches!(outcome, Outcome::Moved(report) if report.already_there));
    let (failed, _) = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let (left, left_size) = count(|outcome| matches!(outcome, Outcome::Pending));
    if plan.moves.is_empty() {
        say!("no tenant to move");
        return print_evenness(plan);
    }
    let mut words = format!("{done} moved, {}", bytes(size));
    if there > 0 {
        words += &format!("; {there} already there");
    }
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
    if moves().any(|(_, outcome)| outcome.is_to_be_repeated()) {
        say!("a new plan does not finish what a failed move left: run the commands that are named above");
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

fn document(plan: &BalancePlan, outcomes: &[Outcome], drops_source: bool) -> Value {
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
