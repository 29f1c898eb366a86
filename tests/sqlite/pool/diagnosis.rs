use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use diesel_tenants::{
    SqliteFolder, TenantPool,
    diagnosis::{Check, DiagnosisReport, Finding, Severity},
    directory::DirectoryTables,
};

use super::store::{Store, tenant_migrations};

async fn diagnose(folder: &Path) -> DiagnosisReport {
    TenantPool::builder(SqliteFolder::new(folder))
        .diagnose()
        .run()
        .await
        .unwrap()
}

fn finding(report: &DiagnosisReport, check: Check) -> &Finding {
    report.findings.iter().find(|finding| finding.check == check).unwrap()
}

fn told(report: &DiagnosisReport, check: Check) -> (Severity, String) {
    let finding = finding(report, check);
    (finding.severity, finding.found.to_string())
}

fn raw(path: impl AsRef<Path>) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(path.as_ref().to_str().unwrap()).unwrap();
    // A pool that was closed may still be letting go of its files.
    connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    connection
}

#[tokio::test]
async fn a_healthy_folder_has_no_problems() {
    let store = Store::new().await;
    store.pool.archive_tenant("client2").await.unwrap();
    let report = diagnose(store.folder.path()).await;
    assert_eq!(report.worst(), Severity::Fine, "{report:?}");
    let builder = TenantPool::builder(SqliteFolder::new(store.folder.path()));
    let thorough = builder.diagnose().check_integrity().run().await.unwrap();
    assert_eq!(thorough.worst(), Severity::Fine, "{thorough:?}");
    assert_eq!(thorough.findings.len(), report.findings.len() + 1);
    assert!(
        finding(&report, Check::SqliteVersion)
            .found
            .to_string()
            .starts_with("3.")
    );
}

#[tokio::test]
async fn a_file_that_nobody_has_used_for_a_while_is_in_wal_mode_still() {
    let store = Store::new().await;
    store.pool.close();
    let files = || {
        fs::read_dir(store.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    let ends = |path: &Path, ending: &str| path.to_str().unwrap().ends_with(ending);
    // The pool's connections close a moment later.
    while files().any(|path| ends(&path, "-wal")) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for path in files().filter(|path| ends(path, ".db")) {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    }
    let report = diagnose(store.folder.path()).await;
    let fine = (Severity::Fine, "all files are in WAL mode".to_owned());
    assert_eq!(told(&report, Check::JournalMode), fine);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_the_only_finding() {
    let folder = tempfile::TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let mut places = vec![folder.path().join("missing"), folder.path().join("file")];
    if cfg!(target_os = "linux") {
        // Nobody can make a file there, not even the superuser.
        places.push("/proc".into());
    }
    for place in places {
        let report = diagnose(&place).await;
        assert_eq!(report.findings.len(), 1, "{place:?}");
        let finding = finding(&report, Check::Folder);
        assert_eq!(finding.severity, Severity::Problem);
        assert!(
            finding.found.to_string().contains(place.to_str().unwrap()),
            "{finding:?}"
        );
        assert!(!folder.path().join("missing").exists());
    }
}

#[tokio::test]
async fn files_that_are_no_tenants_are_named_and_left_alone() {
    let store = Store::new().await;
    let folder = store.folder.path();
    fs::write(
        folder.join("notes.db"),
        "no database, but a text that is long enough".repeat(99),
    )
    .unwrap();
    raw(folder.join("plain.db"))
        .batch_execute("CREATE TABLE t (a)")
        .unwrap();
    fs::write(folder.join("Client9.db"), "").unwrap();
    fs::write(folder.join("client9.0123456789abcdef.unfinished"), "half").unwrap();
    let report = diagnose(folder).await;
    let (severity, unreadable) = told(&report, Check::UnreadableFiles);
    assert_eq!(severity, Severity::Problem);
    assert!(
        unreadable.starts_with("notes (") && unreadable.contains("is not a database"),
        "{unreadable}"
    );
    assert_eq!(
        told(&report, Check::NeverMigrated),
        (Severity::Warning, "plain".to_owned())
    );
    assert_eq!(
        told(&report, Check::IgnoredFiles),
        (Severity::Warning, "Client9.db".to_owned())
    );
    let left = "client9.0123456789abcdef.unfinished";
    assert_eq!(told(&report, Check::LeftFiles), (Severity::Warning, left.to_owned()));
    assert!(folder.join(left).exists(), "nothing is removed");
}

#[tokio::test]
async fn readers_that_wait_and_damage_are_found() {
    let store = Store::new().await;
    store.pool.close();
    let path = store.folder.path().join("client1.db");
    // The pool's connections close a moment later.
    while raw(&path).batch_execute("PRAGMA journal_mode = DELETE").is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let report = diagnose(store.folder.path()).await;
    assert_eq!(
        told(&report, Check::JournalMode),
        (Severity::Warning, "client1 (delete)".to_owned())
    );

    let path = store.folder.path().join("client2.db");
    raw(&path)
        .batch_execute("CREATE TABLE more (a, b); CREATE INDEX by_a ON more (a); INSERT INTO more VALUES (1, 2); \
                        PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'by_a'; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let builder = || TenantPool::builder(SqliteFolder::new(store.folder.path())).diagnose();
    assert!(builder().run().await.unwrap().worst() < Severity::Problem);
    let report = builder().check_integrity().run().await.unwrap();
    let (severity, found) = told(&report, Check::Integrity);
    assert_eq!(severity, Severity::Problem);
    assert!(found.starts_with("client2 ("), "{found}");
}

#[tokio::test]
async fn a_directory_that_disagrees_with_the_files_is_named() {
    let store = Store::new().await;
    store.pool.prepare_directory().await.unwrap();
    raw(store.folder.path().join("public.db"))
        .batch_execute("INSERT INTO tenants (name, schema_name) VALUES ('client1', 'client1'), ('client2', 'client2')")
        .unwrap();
    let folder = SqliteFolder::new(store.folder.path());
    let pool = TenantPool::builder(folder)
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    for tenant in ["client3", "client4"] {
        pool.create_tenant(tenant, tenant_migrations()).await.unwrap();
    }
    pool.close();
    let report = diagnose(store.folder.path()).await;
    assert_eq!(report.worst(), Severity::Fine, "{report:?}");
    store.pool.close();
    raw(store.folder.path().join("public.db"))
        .batch_execute(
            "DELETE FROM tenants WHERE name = 'client1'; UPDATE tenants SET status = 'suspended' WHERE name = \
             'client3'; PRAGMA foreign_keys = OFF; INSERT INTO domains (domain, tenant) VALUES ('lost.example.org', 'nobody')",
        )
        .unwrap();
    fs::remove_file(store.folder.path().join("client2.db")).unwrap();
    let report = diagnose(store.folder.path()).await;
    assert_eq!(
        told(&report, Check::MissingSchemas),
        (Severity::Problem, "client2".to_owned())
    );
    assert_eq!(
        told(&report, Check::UnlistedSchemas),
        (Severity::Warning, "client1".to_owned())
    );
    assert_eq!(
        told(&report, Check::LostDomains),
        (Severity::Problem, "lost.example.org".to_owned())
    );
    let different = "client3 (suspended, file active)".to_owned();
    assert_eq!(told(&report, Check::DifferentStatuses), (Severity::Warning, different));
}
