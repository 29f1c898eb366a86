//! The memory of the server's process behind a connection, against the tenants that the connection has served.

use std::fs;

use diesel_async::RunQueryDsl;
use diesel_tenants::{Recycling, TenantPool};
use diesel_tenants_test_support::Database;

use crate::{
    lines::{Chart, Series},
    tenants,
};

const TENANTS: usize = 1_000;
const TABLES: usize = 20;
/// After how many tenants the memory is read.
const STEP: usize = 50;

/// The limits of the two connections.
const UNLIMITED: usize = 2 * TENANTS;
const LIMITED: usize = 250;

pub async fn picture() -> String {
    let server = tenants::server();
    let database = tenants::database(&server, TENANTS, TABLES);
    let chart = Chart {
        title: "Memory of a server's process that serves tenants of 20 tables",
        description: "The private memory of the process behind a connection grows with each tenant that it serves. \
                      With max_tenants(250) the pool replaces the connection after 250 tenants.",
        x: "tenants served, one after another",
        y: "MB",
        series: vec![
            Series {
                class: "second",
                name: "one connection\nfor all tenants",
                points: serve(&database, UNLIMITED).await,
            },
            Series {
                class: "first",
                name: "max_tenants(250)",
                points: serve(&database, LIMITED).await,
            },
        ],
    };
    chart.draw()
}

async fn serve(database: &Database, max_tenants: usize) -> Vec<(f64, f64)> {
    let builder = TenantPool::builder(database.url())
        .max_size(1)
        .recycling(Recycling::Fast);
    let pool = builder.max_tenants(max_tenants).build().await.expect("a pool");
    let mut points = Vec::new();
    for tenant in 0..TENANTS {
        if tenant % STEP == 0 {
            points.push((tenant as f64, memory(database)));
        }
        let mut conn = pool
            .for_tenant(format!("tenant{tenant}"))
            .get()
            .await
            .expect("a checkout");
        for table in 0..TABLES {
            let query = diesel::sql_query(format!("SELECT FROM table{table} WHERE id = 1"));
            query.execute(&mut conn).await.expect("no rows");
        }
    }
    points.push((TENANTS as f64, memory(database)));
    println!("max_tenants {max_tenants}: {points:.0?}");
    points
}

/// The private memory of the processes behind this database's other sessions, in MB.
fn memory(database: &Database) -> f64 {
    let others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let pids = database.values(others);
    let kilobytes = pids.iter().filter_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    });
    kilobytes.sum::<f64>() / 1024.0
}
