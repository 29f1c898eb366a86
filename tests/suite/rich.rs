//! A schema with something of everything, for clones and drift.

use diesel_tenants::{SchemaName, TenantPool};
use diesel_tenants_test_support::{Database, Server};

/// A database with shared tables, and extensions in the schema `ext`.
pub async fn shop() -> (TenantPool, Database) {
    shop_on(Server::shared()).await
}

/// The same on another server.
pub async fn shop_on(server: &Server) -> (TenantPool, Database) {
    let database = server.database();
    database.run(
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION btree_gist SCHEMA ext; \
         CREATE TABLE public.users (id bigint PRIMARY KEY, name text); \
         INSERT INTO public.users VALUES (1, 'Ada'), (2, 'Bob')",
    );
    let pool = TenantPool::builder(database.url())
        .extension_schemas(["ext"])
        .build()
        .await
        .unwrap();
    (pool, database)
}

/// Makes the schema with everything in it.
pub fn make(database: &Database, schema: &str) {
    let name = SchemaName::new(schema).unwrap();
    let quoted = name.quoted();
    database.run(&format!(
        "CREATE SCHEMA {quoted}; SET search_path = {quoted}, ext; {}; {}",
        include_str!("rich.sql").replace(":schema", quoted),
        include_str!("rich_rows.sql")
    ));
}

/// The schema as `pg_dump` writes it, without its name.
pub fn dump(database: &Database, schema: &str) -> String {
    let output = std::process::Command::new(pg_dump())
        .args(["--schema-only", "--no-owner", "--schema"])
        .arg(format!("\"{}\"", schema.replace('"', "\"\"")))
        .arg(database.url())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let name = SchemaName::new(schema).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Two dumps differ in their random keys.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    text.replace(name.quoted(), "@")
        .replace(&name.quoted().replace('\'', "''"), "@")
        .replace(&format!("'{}'", schema.replace('\'', "''")), "'@'")
        .replace(&format!("{schema}."), "@.")
        .replace(&format!("SCHEMA {schema}"), "SCHEMA @")
        .replace(&format!("Schema: {schema};"), "Schema: @;")
        .replace(&format!("Name: {schema};"), "Name: @;")
        .replace(&format!("SCHEMA {schema};"), "SCHEMA @;")
}

fn pg_dump() -> std::path::PathBuf {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let distributions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<_> = distributions.map(|version| version.path().join("bin")).collect();
    installed.sort();
    let mut folders = installed
        .into_iter()
        .rev()
        .chain(on_path)
        .map(|folder| folder.join("pg_dump"));
    folders
        .find(|program| program.exists())
        .expect("pg_dump comes with PostgreSQL")
}
