//! What `docs/command.md` shows under "On MySQL" is what the command prints.
//!
//! The examples run one after another in one project. A block of SQL that begins with the path of a file, and a block of
//! TOML, are files that the reader writes before the next example.

use std::{fs, path::Path};

use crate::{
    mysql_places::Servers,
    project::{Databases, Ended, Site},
};

/// A block of the page, without its fences.
struct Block {
    language: String,
    lines: Vec<String>,
}

fn blocks(section: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for line in section.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(language) => {
                is_inside = true;
                blocks.push(Block {
                    language: language.to_owned(),
                    lines: Vec::new(),
                });
            }
            None if is_inside => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            None => {}
        }
    }
    blocks
}

/// The words, whatever the width of the lines; times, which differ from run to run, are left out.
fn words(text: &str) -> Vec<&str> {
    let is_time = |word: &str| {
        let word = word.trim_end_matches([',', ';', '.']);
        let number = word.trim_end_matches(['m', 's', 'µ']);
        number != word && number.parse::<f64>().is_ok()
    };
    text.split_whitespace().filter(|word| !is_time(word)).collect()
}

/// The words of a command line, with quotes as a shell reads them.
fn arguments(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in line.chars() {
        match (character, quote) {
            ('"' | '\'', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words
}

fn run(site: &Site<Databases>, line: &str) -> Ended {
    let line = line
        .strip_prefix("$ diesel-tenants ")
        .expect("an example runs the command");
    let arguments = arguments(line);
    let mut command = site.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    command.env("SHARD1_DATABASE_URL", Servers::second().url());
    Ended::of(command.output().unwrap())
}

fn check(site: &Site<Databases>, example: &[String]) {
    let ended = run(site, &example[0]);
    let (shown, code) = match example.last().unwrap().strip_prefix("(exit code ") {
        Some(code) => (
            &example[1..example.len() - 1],
            code.trim_end_matches(')').parse().unwrap(),
        ),
        None => (&example[1..], 0),
    };
    // Results are on stdout, and what went wrong without a result is on stderr.
    let printed = if ended.out.is_empty() { &ended.err } else { &ended.out };
    assert_eq!(
        words(printed),
        words(&shown.join("\n")),
        "{}\nprinted:\n{printed}",
        example[0]
    );
    assert_eq!(ended.code, Some(code), "{}", example[0]);
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/command.md")).unwrap();
    let (_, section) = page.split_once("\n## On MySQL\n").unwrap();
    let section = section.split("\n## ").next().unwrap();

    let servers = Servers::without_a_file();
    let site = &servers.project;
    for folder in ["migrations", "tenant_migrations"] {
        fs::remove_dir_all(site.path().join(folder)).unwrap();
        let store = root.join("examples/store/mysql").join(folder);
        for migration in fs::read_dir(store).unwrap() {
            let migration = migration.unwrap();
            let name = migration.file_name().into_string().unwrap();
            let sql = |file: &str| fs::read_to_string(migration.path().join(file)).unwrap();
            site.migration(&format!("{folder}/{name}"), &sql("up.sql"), &sql("down.sql"));
        }
    }
    site.run(&["shared", "migrate"]).well();
    site.run(&["tenant", "create", "template", "client1", "client2"]).well();
    let mut examples = 0;
    for Block { language, lines } in blocks(section) {
        match language.as_str() {
            "sql" => site.write(lines[0].strip_prefix("-- ").unwrap(), lines[1..].join("\n")),
            "toml" => site.write("diesel-tenants.toml", lines[1..].join("\n")),
            "console" => {
                let mut lines = lines.as_slice();
                while !lines.is_empty() {
                    let end = lines[1..].iter().position(|line| line.starts_with("$ "));
                    let (example, rest) = lines.split_at(end.map_or(lines.len(), |end| end + 1));
                    let kept: Vec<String> = example.iter().filter(|line| !line.is_empty()).cloned().collect();
                    check(site, &kept);
                    examples += 1;
                    lines = rest;
                }
            }
            other => panic!("a block of {other}"),
        }
    }
    assert!(examples >= 10, "only {examples} examples were found");
}
