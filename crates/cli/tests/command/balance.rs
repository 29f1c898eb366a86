//! Databases that hold unlike numbers of bytes.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use diesel_tenants_test_support::Database;
use serde_json::Value;

use crate::{databases::Shards, project::send};

/// The database `one` has three large tenants, and each of the others a small one.
fn uneven(rows: usize) -> Shards {
    let shards = Shards::new();
    for tenant in ["d", "e"] {
        shards.run(&["tenant", "create", tenant, "--place", "one"]).well();
    }
    let give_key = |database: &Database, tenant: &str| {
        database.run(&format!("ALTER TABLE {tenant}.items ADD PRIMARY KEY (id)"));
    };
    give_key(&shards.project.database, "a");
    give_key(&shards.two, "c");
    for tenant in ["b", "d", "e"] {
        give_key(&shards.one, tenant);
        let rows = format!("INSERT INTO {tenant}.items SELECT generate_series(1, {rows})");
        shards.one.run(&rows);
    }
    shards
}

fn moves(report: &Value) -> Vec<(&str, &str, &str)> {
    let moves = report["moves"].as_array().unwrap().iter();
    moves
        .map(|step| {
            let part = |name: &str| step[name].as_str().unwrap();
            (part("from"), part("to"), part("outcome"))
        })
        .collect()
}

#[test]
fn a_plan_is_shown_and_carried_out_in_parts_until_there_is_nothing_to_do() {
    let shards = uneven(20_000);
    let (code, plan) = shards.json(&["balance"]);
    assert_eq!(code, Some(0), "{plan}");
    let planned: HashSet<_> = moves(&plan).into_iter().collect();
    assert_eq!(
        planned,
        HashSet::from([("one", "main", "pending"), ("one", "two", "pending")]),
        "{plan}"
    );
    assert!(plan["moves"][0]["bytes"].as_u64().unwrap() > 500_000);
    assert_eq!(plan["is_even"], true);
    assert_eq!(shards.run(&["balance", "--check"]).code, Some(1));
    let out = shards.run(&["balance"]).well();
    assert!(out.contains("2 moves, ") && out.contains("--apply makes them"), "{out}");
    let out = shards
        .run(&["balance", "--keep", "b", "--keep", "d", "--keep", "e"])
        .well();
    assert!(
        out.contains("stay: ")
            && out.contains(" and 2 others (")
            && out.contains("): kept by --keep")
            && out.contains("not even"),
        "{out}"
    );
    let check = |tolerance: &str| {
        let chosen = ["--database", "one", "--database", "two", "--tolerance", tolerance];
        shards.run(&[&["balance", "--check"], &chosen[..]].concat()).code
    };
    assert_eq!((check("10"), check("100"), check("150")), (Some(1), Some(0), Some(2)));
    let (_, kept) = shards.json(&["balance", "--keep", "b"]);
    assert_eq!(kept["staying"][0]["reason"], "kept");

    let ended = shards.run(&["balance", "--apply", "--at-most", "1", "--quiet"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
    assert!(ended.out.contains("1 moved, "), "{}", ended.out);
    let (code, done) = shards.json(&["balance", "--apply", "--drop-source"]);
    assert_eq!(code, Some(0), "{done}");
    assert_eq!(moves(&done).len(), 1);
    assert_eq!(done["moves"][0]["outcome"], "moved");
    assert_eq!(done["moves"][0]["copied_rows"], 20_001, "with the row of its version");
    assert_eq!(done["moves"][0]["archive"], Value::Null);
    for arguments in [&["balance", "--check"][..], &["balance", "--apply"]] {
        let out = shards.run(arguments).well();
        assert!(out.contains("no tenant to move"), "{out}");
    }
    let count = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'items' AND schemaname !~ '^archived'";
    assert_eq!(shards.one.values(count), ["1"]);
}

#[test]
fn a_tenant_that_cannot_be_moved_ends_the_run_or_is_passed_over_by_choice() {
    let shards = uneven(20_000);
    // What depends on a tenant from outside is found only by the move.
    for tenant in ["b", "d", "e"] {
        shards.one.run(&format!(
            "CREATE VIEW public.v{tenant} AS SELECT id FROM {tenant}.items"
        ));
    }
    let ended = shards.run(&["balance", "--apply"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.out.contains("0 moved, ") && ended.out.contains("; 1 failed; 1 left, "),
        "{}",
        ended.out
    );
    assert!(
        ended.out.contains("objects in other schemas depend on the tenant"),
        "{}",
        ended.out
    );
    let ended = shards.run(&["balance", "--apply", "--keep-going"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("; 2 failed"), "{}", ended.out);
}

#[test]
fn ctrl_c_stops_after_the_move_in_progress_and_says_what_is_left() {
    let shards = uneven(100_000);
    let mut command = shards.command(&["balance", "--apply", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    assert!(line.contains(": moving to ") && line.ends_with("; 1 of 2\n"), "{line}");
    send("INT", &child);
    let (mut told, mut out) = (String::new(), String::new());
    err.read_to_string(&mut told).unwrap();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{told}");
    assert!(!told.contains("2 of 2"), "{told}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let outcomes: Vec<&str> = moves(&report).into_iter().map(|(_, _, outcome)| outcome).collect();
    assert_eq!(outcomes, ["moved", "pending"]);

    let out = shards.run(&["balance", "--apply"]).well();
    assert!(out.contains("1 moved"), "{out}");
    shards.run(&["balance", "--check"]).well();
}

#[test]
fn what_balance_needs_is_said_where_it_is_missing() {
    let project = crate::project::Project::with_tenants(&["a"]);
    let err = project.run(&["balance"]).failed();
    assert!(err.contains("a directory lists them"), "{err}");
    let shards = Shards::new();
    let err = shards.run(&["balance", "--keep", "nobody"]).failed();
    assert!(err.contains("`--keep` names tenant \"nobody\""), "{err}");
}

#[test]
fn a_move_that_the_directory_could_not_be_told_of_is_finished_by_the_command_that_is_printed() {
    let shards = uneven(20_000);
    let main = &shards.project.database;
    main.run(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
         CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON public.tenants DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    );
    let ended = shards.run(&["balance", "--apply", "--keep-going"]);
    assert_eq!(ended.code, Some(1));
    // The next tenant would be as badly off.
    assert!(ended.out.contains("; 1 failed; 1 left, "), "{}", ended.out);
    let command = ended
        .out
        .split('`')
        .find(|words| words.starts_with("diesel-tenants tenant move "));
    let command = command.unwrap_or_else(|| panic!("{}", ended.out)).to_owned();
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    let tenant = arguments[2];
    main.run("DROP TRIGGER refuse ON public.tenants");

    let out = shards.run(&["balance"]).well();
    assert!(
        out.contains("if a move was interrupted, `diesel-tenants tenant move`"),
        "{out}"
    );
    let (_, plan) = shards.json(&["balance"]);
    assert_eq!(plan["staying"][0]["tenant"], tenant);
    assert_eq!(plan["staying"][0]["reason"], "missing");
    shards.run(&arguments).well();
    let count = format!("SELECT count(*) FROM {tenant}.items");
    let out = shards.run(&["run", "--only", tenant, &count]).well();
    assert!(out.contains("20000"), "{out}");
    let (_, plan) = shards.json(&["balance"]);
    assert_eq!(plan["staying"], serde_json::json!([]));
}
