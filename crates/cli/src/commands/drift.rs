use clap::Args;
use diesel_tenants::{DriftReport, SchemaName, drift::Repair};
use serde_json::{Value, json};

use super::databases;
use crate::{
    chosen_databases::Databases,
    completion::tenants,
    context::Context,
    output::{Ending, name, print_raw, say, value},
};

/// Options of `drift`.
#[derive(Debug, Args)]
pub struct Drift {
    /// The tenant that the others should be like. To check all tenants, best use one that migrations have just created.
    #[arg(add = tenants())]
    template: String,
    /// Only this tenant; may be given more than once. Default: all tenants, including suspended ones.
    #[arg(long, value_name = "TENANT", add = tenants())]
    only: Vec<String>,
    /// Prints the statements that would repair the tenants. Read them, then run them: with psql, or on SQLite and
    /// MySQL by `diesel-tenants run` for each tenant. This command changes nothing.
    #[arg(long)]
    sql: bool,
    #[command(flatten)]
    databases: Databases,
}

impl Drift {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        if context.has_further_databases() && self.only.is_empty() {
            return databases::drift(context, &self.databases, &self.template, self.sql).await;
        }
        let pool = context.pool_of("drift", &self.databases).await?;
        let tenants: Vec<SchemaName> = if self.only.is_empty() {
            // A directory also lists the tenants of further databases.
            let tenants = match context.settings.tenants.databases.is_empty() {
                true => pool.tenants().await?,
                false => pool.all_tenants().await?,
            };
            let tenants = tenants.into_iter().filter(|tenant| tenant.status.is_tenant());
            tenants
                .map(|tenant| tenant.name)
                .filter(|name| name.as_str() != self.template)
                .collect()
        } else {
            self.only
                .iter()
                .map(|name| SchemaName::new(name))
                .collect::<Result<_, _>>()?
        };
        let report = pool.drift(&self.template, tenants).await?;
        context.printer.result(&document(&report), || {
            if self.sql {
                print_sql(&report);
            } else {
                print(&report, &self.template);
            }
        })?;
        Ok(Ending::well_if(report.is_clean()))
    }
}

pub fn print(report: &DriftReport, template: &str) {
    for drift in &report.drifted {
        say!("{}:", name(drift.tenant.as_str()));
        for difference in &drift.differences {
            let by_hand = if difference.repair.is_empty() {
                " (to be repaired by hand)"
            } else {
                ""
            };
            say!("  {}{by_hand}", value(&difference.to_string()));
        }
        for object in &drift.not_compared {
            say!("  not compared: {}", value(object));
        }
    }
    for drift in &report.partly_compared {
        say!(
            "{}: no difference found, but not everything was compared:",
            name(drift.tenant.as_str())
        );
        for object in &drift.not_compared {
            say!("  not compared: {}", value(object));
        }
    }
    for tenant in &report.missing {
        say!("{}: there is no such tenant", name(tenant.as_str()));
    }
    for reference in &report.cross_references {
        say!("{reference}");
    }
    let partly = match report.partly_compared.len() {
        0 => String::new(),
        count => format!("; unknown, because not everything was compared: {count}"),
    };
    say!(
        "like {}: {}; not like it: {}{partly}{}",
        name(template),
        report.alike,
        report.drifted.len(),
        if report.drifted.is_empty() {
            ""
        } else {
            "; --sql prints the statements that repair them"
        }
    );
}

pub fn print_sql(report: &DriftReport) {
    for drift in &report.drifted {
        print_raw(format_args!("-- {}", name(drift.tenant.as_str())));
        for Repair {
            sql, is_destructive, ..
        } in &drift.repair
        {
            print_raw(format_args!(
                "{}{sql};",
                if *is_destructive {
                    "-- The next statement loses data.\n"
                } else {
                    ""
                }
            ));
        }
        for difference in drift
            .differences
            .iter()
            .filter(|difference| difference.repair.is_empty())
        {
            print_raw(format_args!(
                "-- To be repaired by hand: {}",
                value(&difference.to_string())
            ));
        }
    }
    for drift in &report.partly_compared {
        for object in &drift.not_compared {
            print_raw(format_args!("-- Not compared: {}", value(object)));
        }
    }
    for tenant in &report.missing {
        print_raw(format_args!("-- There is no tenant {}.", name(tenant.as_str())));
    }
    for reference in &report.cross_references {
        say!("-- To be repaired by hand: {}", reference.to_string().escape_debug());
    }
}

pub fn document(report: &DriftReport) -> Value {
    let drifted = report.drifted.iter().map(|drift| {
        let differences = drift.differences.iter().map(|difference| {
            json!({
                "kind": difference.kind.to_string(),
                "table": difference.table,
                "name": difference.name,
                "change": format!("{:?}", difference.change).to_lowercase(),
                "expected": difference.expected,
                "found": difference.found,
                "is_repairable": !difference.repair.is_empty(),
            })
        });
        let repair = drift.repair.iter();
        json!({
            "tenant": drift.tenant.as_str(),
            "differences": differences.collect::<Vec<_>>(),
            "repair": repair
                .map(|repair| json!({ "sql": repair.sql, "is_destructive": repair.is_destructive }))
                .collect::<Vec<_>>(),
            "not_compared": drift.not_compared,
        })
    });
    json!({
        "drifted": drifted.collect::<Vec<_>>(),
        "alike": report.alike,
        "partly_compared": report
            .partly_compared
            .iter()
            .map(|drift| json!({ "tenant": drift.tenant.as_str(), "not_compared": drift.not_compared }))
            .collect::<Vec<_>>(),
        "missing": report.missing.iter().map(SchemaName::as_str).collect::<Vec<_>>(),
        "cross_references": report.cross_references.iter().map(|reference| json!({
            "tenant": reference.tenant.as_str(),
            "object": reference.object,
            "names": reference.names.iter().map(SchemaName::as_str).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
