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
    let output = std::process::Command::new(pg_dump(database))
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

/// The one that is as new as the server, or newer: an older one refuses.
fn pg_dump(database: &Database) -> std::path::PathBuf {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let distributions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = on_path.chain(distributions.map(|version| version.path().join("bin")));
    let server = version(database);
    let is_new_enough = |program: &std::path::PathBuf| {
        let Ok(output) = std::process::Command::new(program).arg("--version").output() else {
            return false;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let digits = text
            .split_whitespace()
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        let major = digits.and_then(|digits| digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        major.is_some_and(|major: u32| major >= server)
    };
    let mut programs = folders.map(|folder| folder.join("pg_dump"));
    programs
        .find(is_new_enough)
        .unwrap_or_else(|| panic!("no pg_dump of version {server} or newer: it comes with PostgreSQL"))
}

/// The major version of the database's server.
pub fn version(database: &Database) -> u32 {
    let number: u32 = database.values("SELECT current_setting('server_version_num')")[0]
        .parse()
        .unwrap();
    number / 10_000
}
