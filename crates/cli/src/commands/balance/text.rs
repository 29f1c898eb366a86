//! The plan, and what became of its moves, as text.

use std::collections::BTreeMap;

use diesel_tenants::{
    Placement,
    balance::{BalancePlan, PlannedMove, StayReason, StayingTenant},
};

use super::{
    database,
    outcome::{Outcome, repetition},
};
use crate::output::{bytes, counted, line, name, on_one_line, say, table, value};

/// The plan as text.
pub(super) fn print(plan: &BalancePlan) {
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

pub(super) fn told(step: &PlannedMove, outcome: &Outcome, drops_source: bool) -> String {
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

/// What was done, and what is left.
pub(super) fn end(plan: &BalancePlan, outcomes: &[Outcome]) {
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

pub(super) fn cost(step: &PlannedMove) -> String {
    format!("{}, about {}", bytes(step.bytes), counted(step.rows, "row"))
}

/// The database of a place, as text.
pub(super) fn place(placement: &Placement) -> String {
    name(database(placement))
}
