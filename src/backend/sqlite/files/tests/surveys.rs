use std::{fs, time::Instant};

use super::*;
use crate::{
    backend::sqlite::{files::FileError, migrations::VersionTable},
    tenancy::TenantStatus,
};

#[test]
fn a_survey_tells_each_tenants_versions_and_what_is_wrong_with_others() {
    let (_guard, folder) = folder();
    folder
        .create(&name("client1"), &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    folder
        .create(&name("client2"), &plan(&ORDERS[..1]), TenantStatus::Suspended, WAIT)
        .unwrap();
    fs::write(folder.path_of(&name("client3")).unwrap(), "x".repeat(5_000)).unwrap();
    open(&folder.path_of(&name("client4")).unwrap(), Access::Create, WAIT)
        .unwrap()
        .batch_execute(diesel::migration::CREATE_MIGRATIONS_TABLE)
        .unwrap();
    let mut names = folder.names().unwrap();
    names.push(name("nobody"));
    let surveyed = folder.survey(&names, 3);
    let versions = |index: usize| {
        let surveyed = surveyed[index].as_ref().unwrap().as_ref().unwrap();
        let versions: Vec<_> = surveyed.applied.iter().map(|(version, _)| version.as_str()).collect();
        (surveyed.facts.status, surveyed.table, versions.join(" "))
    };
    assert_eq!(
        versions(0),
        (TenantStatus::Active, VersionTable::Complete, "01 02".to_owned())
    );
    assert_eq!(
        versions(1),
        (TenantStatus::Suspended, VersionTable::Complete, "01".to_owned())
    );
    assert!(matches!(surveyed[2], Err(FileError::NotADatabase { .. })));
    assert_eq!(
        versions(3),
        (TenantStatus::Active, VersionTable::WithoutChecksums, String::new())
    );
    assert_eq!(surveyed[4].as_ref().unwrap(), &None);
}

#[test]
fn a_look_without_locks_sees_what_a_look_with_locks_sees() {
    let (_guard, folder) = folder();
    let tenant = name("client1");
    folder
        .create(&tenant, &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    let path = folder.path_of(&tenant).unwrap();
    let settle = || {
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(9))
            .unwrap();
    };
    let status = || folder.facts(&tenant).unwrap().unwrap().status;
    settle();
    assert_eq!(status(), TenantStatus::Active);
    // While another connection keeps the log, the file itself does not change.
    let mut connection = open(&path, Access::Write, WAIT).unwrap();
    connection.batch_execute("SELECT * FROM orders").unwrap();
    folder.set_status(&tenant, TenantStatus::Suspended, WAIT).unwrap();
    assert_eq!(status(), TenantStatus::Suspended);
    drop(connection);
    assert_eq!(status(), TenantStatus::Suspended);
    settle();
    assert_eq!(status(), TenantStatus::Suspended);
    assert_eq!(files(&folder), ["client1.db"]);
}

/// To close a handle of a file releases all of the process's locks on it, unless SQLite knows of them.
#[test]
fn a_look_without_locks_keeps_the_locks_of_other_connections() {
    let (_guard, folder) = folder();
    let tenant = name("client1");
    folder
        .create(&tenant, &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    let path = folder.path_of(&tenant).unwrap();
    // In this mode a reader leaves no log by which the look could know of it.
    execute(&path, "PRAGMA journal_mode = DELETE");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(9))
        .unwrap();
    drop(file);
    let mut reader = open(&path, Access::Write, WAIT).unwrap();
    reader.batch_execute("BEGIN; SELECT * FROM orders").unwrap();
    assert!(crate::backend::sqlite::files::at_rest::at_rest(&path).is_some());
    assert!(folder.facts(&tenant).unwrap().is_some());
    let rename = super::processes::process(&folder, "try to rename", None)
        .spawn()
        .unwrap();
    let said = super::processes::said(rename);
    assert!(said.contains("a connection still had"), "{said}");
    reader.batch_execute("COMMIT").unwrap();
}

/// Prints figures: `DIESEL_TENANTS_FILES=10000 cargo test --features sqlite --lib many_files -- --nocapture`
#[test]
fn many_files_need_few_handles() {
    let count: usize = std::env::var("DIESEL_TENANTS_FILES").map_or(50, |count| count.parse().unwrap());
    let (_guard, folder) = folder();
    let migrations = plan(ORDERS);
    let template = name("template");
    folder
        .create(&template, &migrations, TenantStatus::Active, WAIT)
        .unwrap();
    let content = fs::read(folder.path_of(&template).unwrap()).unwrap();
    for index in 0..count {
        fs::write(folder.path_of(&name(&format!("client{index}"))).unwrap(), &content).unwrap();
    }
    if count > 1_000 {
        std::thread::sleep(Duration::from_secs(4));
    }
    let begun = Instant::now();
    let names = folder.names().unwrap();
    println!("{} names in {:?}", names.len(), begun.elapsed());
    for threads in [1, 2, 4] {
        let begun = Instant::now();
        let surveyed = folder.survey(&names, threads);
        println!("{} files by {threads} threads in {:?}", surveyed.len(), begun.elapsed());
        assert!(
            surveyed
                .iter()
                .all(|surveyed| surveyed.as_ref().unwrap().as_ref().unwrap().applied.len() == 2)
        );
    }
    assert_eq!(files(&folder).len(), count + 1);
}

/// Prints figures: `DIESEL_TENANTS_LIVES=300 cargo test --features sqlite --lib what_a_life_costs -- --nocapture`
#[test]
fn what_a_life_costs() {
    let count: u32 = std::env::var("DIESEL_TENANTS_LIVES").map_or(3, |count| count.parse().unwrap());
    let (_guard, folder) = folder();
    let two = plan(ORDERS);
    let three = plan(super::processes::THREE);
    let names: Vec<_> = (0..count).map(|index| name(&format!("client{index}"))).collect();
    let others: Vec<_> = (0..count).map(|index| name(&format!("other{index}"))).collect();
    let measure = |what: &str, work: &dyn Fn(usize)| {
        let begun = Instant::now();
        (0..names.len()).for_each(work);
        println!("{what}: {:?} each", begun.elapsed() / count);
    };
    measure("create", &|index| {
        folder.create(&names[index], &two, TenantStatus::Active, WAIT).unwrap();
    });
    measure("open, begin, sync and close by hand", &|index| {
        execute(
            &folder.path_of(&names[index]).unwrap(),
            "INSERT INTO orders DEFAULT VALUES",
        );
    });
    measure("migrate by one", &|index| {
        assert_eq!(folder.migrate(&names[index], &three, WAIT).unwrap().len(), 1);
    });
    measure("migrate by none", &|index| {
        assert!(folder.migrate(&names[index], &three, WAIT).unwrap().is_empty());
    });
    measure("look", &|index| assert!(folder.facts(&names[index]).unwrap().is_some()));
    measure("suspend", &|index| {
        folder.set_status(&names[index], TenantStatus::Suspended, WAIT).unwrap()
    });
    measure("clone", &|index| {
        folder.clone_tenant(&names[index], &others[index], true, WAIT).unwrap()
    });
    measure("drop", &|index| folder.drop(&others[index], WAIT).unwrap());
    measure("rename", &|index| {
        folder.rename(&names[index], &others[index], WAIT).unwrap()
    });
    assert_eq!(folder.names().unwrap().len(), names.len());
}
