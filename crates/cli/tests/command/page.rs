//! The page that shows the fleet.

use std::fs;

use serde_json::json;

use crate::{
    databases::Shards,
    project::{Base, Databases, Ended, Files, Project, Site},
};

const HOSTILE: &str = "<script>alert(1)</script>\"'&";

/// The row of a tenant, as its name is written on the page.
#[track_caller]
fn row<'a>(page: &'a str, tenant: &str) -> &'a str {
    let begin = format!("<th scope=\"row\">{tenant}</th>");
    let mut rows = page
        .lines()
        .filter(|line| line.starts_with("<tr") && line.contains(&begin));
    let row = rows.next().unwrap_or_else(|| panic!("{tenant} has a row: {page}"));
    assert_eq!(rows.next(), None, "{tenant} has one row");
    row
}

/// The texts of a row's cells.
fn cells(row: &str) -> Vec<String> {
    let cells = row.split("</td>").flat_map(|cells| cells.split("</th>"));
    let text = |cell: &str| -> String {
        let pieces = cell.split('<');
        pieces
            .map(|piece| piece.split_once('>').map_or("", |(_, text)| text))
            .collect()
    };
    let mut cells: Vec<String> = cells.map(text).collect();
    cells.pop();
    cells
}

fn a_hostile_name_is_text<D: Base>(tenant: &str, written: &str) {
    let site = Site::<D>::with_tenants(&[tenant, "client1"]);
    site.run(&["tenant", "suspend", "client1"]).well();
    let page = site.run(&["page", "--title", HOSTILE]).well();
    assert_eq!(cells(row(&page, written))[1], "active");
    assert_eq!(cells(row(&page, "client1"))[1], "suspended");
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    assert!(page.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;</title>"));
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
}

#[test]
fn a_hostile_name_is_text_on_postgres() {
    a_hostile_name_is_text::<diesel_tenants_test_support::Database>(
        HOSTILE,
        "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;",
    );
}

#[test]
fn a_hostile_name_is_text_on_sqlite() {
    a_hostile_name_is_text::<Files>(HOSTILE, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;");
}

#[test]
fn a_hostile_name_is_text_on_mysql() {
    a_hostile_name_is_text::<Databases>(HOSTILE, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;");
}

fn versions_are_compared_with_the_folder<D: Base>() {
    let site = Site::<D>::with_tenants(&["ahead", "behind", "edited", "left"]);
    site.migration("tenant_migrations/2_two", "CREATE TABLE two (id int)", "DROP TABLE two");
    site.run(&["migrate", "--only", "ahead", "--only", "left"]).well();
    site.run(&["tenant", "archive", "left"]).well();
    fs::remove_dir_all(site.path().join("tenant_migrations/2_two")).unwrap();
    site.migration(
        "tenant_migrations/3_three",
        "CREATE TABLE three (id int)",
        "DROP TABLE three",
    );
    site.run(&["migrate", "--only", "edited"]).well();
    site.migration(
        "tenant_migrations/3_three",
        "CREATE TABLE three (id bigint)",
        "DROP TABLE three",
    );

    let page = site.run(&["page"]).well();
    let main = "main";
    assert_eq!(
        cells(row(&page, "ahead")),
        ["ahead", "active", main, "", "2", "1: 3", "1: 2", ""]
    );
    assert_eq!(
        cells(row(&page, "behind")),
        ["behind", "active", main, "", "1", "1: 3", "", ""]
    );
    let edited = cells(row(&page, "edited"));
    assert_eq!(edited[..7], ["edited", "active", main, "", "3", "", ""]);
    assert_eq!(edited[7], "edited after it was applied: 3");
    assert!(page.contains("3: 1 tenant of database main"), "{page}");
    assert!(
        page.contains("<b>1</b>archived") && page.contains("<b>3</b>active"),
        "{page}"
    );
    assert!(page.contains("<b>2</b>behind"), "{page}");
    for tenant in ["ahead", "behind"] {
        assert!(row(&page, tenant).starts_with("<tr class=\"b\">"));
    }
}

#[test]
fn versions_are_compared_with_the_folder_on_postgres() {
    versions_are_compared_with_the_folder::<diesel_tenants_test_support::Database>();
}

#[test]
fn versions_are_compared_with_the_folder_on_sqlite() {
    versions_are_compared_with_the_folder::<Files>();
}

#[test]
fn versions_are_compared_with_the_folder_on_mysql() {
    versions_are_compared_with_the_folder::<Databases>();
}

#[test]
fn a_file_is_written_completely_and_replaced_only_by_force() {
    let project = Project::with_tenants(&["client1"]);
    let out = project.run(&["page", "--output", "fleet.html"]).well();
    assert_eq!(out, "wrote fleet.html: 1 tenant in 1 database\n");
    let read = || fs::read_to_string(project.path().join("fleet.html")).unwrap();
    let first = read();
    row(&first, "client1");
    project.run(&["tenant", "create", "client2"]).well();
    let err = project.run(&["page", "--output", "fleet.html"]).failed();
    assert!(err.contains("exists already") && err.contains("--force"), "{err}");
    assert_eq!(read(), first);
    let (code, written) = project.json(&["page", "--output", "fleet.html", "--force"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        written,
        json!({ "file": "fleet.html", "databases": 1, "tenants": 2, "behind": 0, "unreachable": [] })
    );
    row(&read(), "client2");
    let (code, refused) = project.json(&["page"]);
    assert_eq!(code, Some(1));
    assert!(refused["error"].as_str().unwrap().contains("--output"), "{refused}");
    let left = fs::read_dir(project.path()).unwrap();
    let left = left.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|end| end == "partial")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn tenants_of_a_database_that_is_down_are_unknown_and_no_password_is_shown() {
    let shards = Shards::new();
    shards
        .run(&["domain", "add", "c", "www.example.org", "shop.example.org"])
        .well();
    shards.run(&["domain", "primary", "www.example.org"]).well();
    shards.run(&["tenant", "place", "d", "one:home of d"]).well();
    let page = shards.run(&["page"]).well();
    assert_eq!(
        cells(row(&page, "c")),
        [
            "c",
            "active",
            "two",
            "www.example.org, shop.example.org",
            "1",
            "",
            "",
            ""
        ]
    );
    assert_eq!(cells(row(&page, "d"))[2], "one: home of d");
    assert_eq!(cells(row(&page, "two"))[..3], ["two", "reached", "1"]);

    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = format!("postgres://postgres:hunter%32@127.0.0.1:{port}/none");
    let run = |arguments: &[&str]| {
        let mut command = shards.project.command(arguments);
        command.env("ONE", shards.one.url()).env("TWO", &nobody);
        Ended::of(command.output().unwrap())
    };
    let ended = run(&["page"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended
            .err
            .contains("not reached: database \"two\", where 1 tenant lives"),
        "{}",
        ended.err
    );
    let page = &ended.out;
    let unknown = cells(row(page, "c"));
    assert_eq!(unknown[..3], ["c", "unknown", "two"]);
    assert_eq!(unknown[4..7], ["unknown", "unknown", "unknown"]);
    assert!(unknown[7].contains("active by the directory"), "{unknown:?}");
    assert_eq!(cells(row(page, "two"))[..3], ["two", "not reached", "1"]);
    assert_eq!(cells(row(page, "b"))[1], "active");
    assert!(
        page.contains("role=\"alert\"") && page.contains("<b>1</b>unknown"),
        "{page}"
    );
    for text in [page, &ended.err] {
        assert!(!text.contains("hunter") && !text.contains("postgres://"), "{text}");
    }
    let ended = run(&["page", "--output", "fleet.html"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.out.ends_with("wrote fleet.html: 4 tenants in 3 databases\n"),
        "{}",
        ended.out
    );

    // Nothing is known without the database of the URL: an earlier page stays.
    let before = fs::read(shards.project.path().join("fleet.html")).unwrap();
    let mut command = shards.command(&["page", "--output", "fleet.html", "--force"]);
    let ended = Ended::of(command.env("DATABASE_URL", &nobody).output().unwrap());
    let err = ended.failed();
    assert!(
        err.contains("can't use the database") && !err.contains("hunter"),
        "{err}"
    );
    assert_eq!(fs::read(shards.project.path().join("fleet.html")).unwrap(), before);
}

#[test]
fn what_the_directory_says_is_shown_though_no_schema_agrees() {
    let shards = Shards::new();
    shards.one.run("DROP SCHEMA b CASCADE");
    shards.run(&["tenant", "suspend", "c"]).well();
    // A tenant that shares tables, and one in a database that nobody named.
    shards.project.database.run(
        "INSERT INTO public.tenants (name, tenant_id, status) VALUES ('shares', '7', 'active');
         INSERT INTO public.tenants (name, schema_name, database_name, status) VALUES ('far', 'far', 'three', 'active')",
    );
    let ended = shards.run(&["page"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let page = ended.out;
    let gone = cells(row(&page, "b"));
    assert_eq!(gone[..3], ["b", "active", "one"]);
    assert!(gone[7].contains("has no schema there"), "{gone:?}");
    assert_eq!(cells(row(&page, "c"))[1], "suspended");
    assert_eq!(
        cells(row(&page, "shares"))[1..5],
        ["active", "main: shared tables", "", ""]
    );
    assert_eq!(cells(row(&page, "far"))[1..3], ["unknown", "three"]);
    assert_eq!(cells(row(&page, "three"))[1], "not reached");
}
