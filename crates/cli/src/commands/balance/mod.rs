//! `balance`.

mod document;
mod outcome;
mod text;

use std::time::Duration;

use clap::Args;
use diesel_tenants::{Placement, pool::OWN_DATABASE};

use crate::{
    chosen_databases::Databases,
    completion::tenants,
    context::Context,
    database::Instead,
    duration,
    interrupt::Interrupt,
    output::{Ending, name, say},
};
use document::document;
use outcome::Outcome;
use text::{cost, end, place, print, told};

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

/// The database of a place.
fn database(placement: &Placement) -> &str {
    placement.database().unwrap_or(OWN_DATABASE)
}
