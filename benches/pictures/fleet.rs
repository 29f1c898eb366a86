//! The time of a migration of all tenants, against their number.

use std::{fs, path::Path, time::Instant};

use diesel_tenants::{TenantPool, diesel_migrations::FileBasedMigrations};

use crate::{
    lines::{Chart, Series},
    tenants::{self, median},
};

const FLEETS: [usize; 5] = [250, 500, 1_000, 1_500, 2_000];
const ROUNDS: usize = 3;

pub async fn picture() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let server = tenants::server();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.expect("a pool");
    add(
        folder.path(),
        0,
        "CREATE TABLE items (id bigint PRIMARY KEY, name text)",
    );
    let (mut columns, mut nothing) = (vec![(0.0, 0.0)], vec![(0.0, 0.0)]);
    let (mut tenants, mut version) = (0, 0);
    for fleet in FLEETS {
        for tenant in tenants..fleet {
            let created = pool.create_tenant(format!("tenant{tenant}"), migrations(folder.path()));
            created.await.expect("a tenant");
        }
        tenants = fleet;
        let mut times = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            version += 1;
            let column = format!("ALTER TABLE items ADD COLUMN column{version} int");
            add(folder.path(), version, &column);
            times.0.push(migrate(&pool, folder.path()).await);
            times.1.push(migrate(&pool, folder.path()).await);
        }
        let (column, idle) = (median(times.0), median(times.1));
        println!("{fleet} tenants: a column more {column:.3} s, nothing to do {idle:.3} s");
        columns.push((fleet as f64, column));
        nothing.push((fleet as f64, idle));
    }
    let chart = Chart {
        title: "Migrating all tenants, two at a time",
        description: "The time of a migration that adds a column to each tenant grows with the number of tenants; a run \
                      with nothing to do takes a moment.",
        x: "tenants",
        y: "seconds",
        series: vec![
            Series {
                class: "first",
                name: "a column more\nfor each tenant",
                points: columns,
            },
            Series {
                class: "second",
                name: "nothing to do",
                points: nothing,
            },
        ],
    };
    chart.draw()
}

/// The seconds of a run.
async fn migrate(pool: &TenantPool, folder: &Path) -> f64 {
    let begun = Instant::now();
    let report = pool.migrate_tenants(migrations(folder)).workers(2).run().await;
    assert!(report.expect("a report").is_success());
    begun.elapsed().as_secs_f64()
}

fn migrations(folder: &Path) -> FileBasedMigrations {
    FileBasedMigrations::from_path(folder).expect("a folder of migrations")
}

fn add(folder: &Path, version: usize, sql: &str) {
    let folder = folder.join(format!("{:04}_step", version + 1));
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("up.sql"), sql).expect("a file");
    fs::write(folder.join("down.sql"), "SELECT 1").expect("a file");
}
