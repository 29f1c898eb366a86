//! Writes the page. Names, domains and messages are text from outside: all of it is escaped.

use std::{fmt::Write as _, time::SystemTime};

use super::{
    fleet::{Changed, Database, Fleet, Tenant, UNKNOWN, Versions},
    utc::utc,
};
use crate::output::{bytes, counted, name, value};

/// The page without what it shows. In double braces stand the names of what is put there.
const TEMPLATE: &str = include_str!("page.html");

/// How many versions or domains of a tenant are named.
const MOST: usize = 3;

/// The page as a whole. What is put into the template is not searched for braces.
pub fn page(fleet: &Fleet, title: &str, made: SystemTime) -> String {
    let mut page = String::with_capacity(TEMPLATE.len() + 300 * fleet.tenants.len());
    let mut pieces = TEMPLATE.split("{{");
    page.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (what, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        match what {
            "title" => text(&mut page, &value(title)),
            "made" => page.push_str(&utc(made)),
            "version" => page.push_str(env!("CARGO_PKG_VERSION")),
            "alerts" => alerts(&mut page, fleet),
            "counts" => counts(&mut page, fleet),
            "databases" => fleet.databases.iter().for_each(|one| database(&mut page, one)),
            "changed" => changed(&mut page, &fleet.changed),
            "tenants" => fleet.tenants.iter().for_each(|one| tenant(&mut page, one)),
            _ => unreachable!("the template names only these"),
        }
        page.push_str(rest);
    }
    page
}

fn alerts(page: &mut String, fleet: &Fleet) {
    for reason in fleet
        .databases
        .iter()
        .filter_map(|database| database.unreachable.as_ref())
    {
        page.push_str("<p class=\"alert\" role=\"alert\"><b>Not reached:</b> ");
        text(page, &value(reason));
        page.push_str("</p>\n");
    }
}

fn counts(page: &mut String, fleet: &Fleet) {
    let mut count = |count: usize, words: &str, class: &str| {
        let class = if count == 0 { "" } else { class };
        let _ = writeln!(page, "<li class=\"{class}\"><b>{count}</b>{words}</li>");
    };
    let tenants = fleet.count_of_tenants();
    count(tenants, if tenants == 1 { "tenant" } else { "tenants" }, "");
    for (status, tenants) in fleet.counts() {
        count(tenants, status, if status == UNKNOWN { "bad" } else { "" });
    }
    let with = |is: fn(&Tenant) -> bool| fleet.tenants.iter().filter(|tenant| is(tenant)).count();
    count(with(|tenant| tenant.is_behind), "behind", "warn");
    count(
        with(|tenant| !tenant.changed.is_empty()),
        "with an edited migration",
        "warn",
    );
    let unreached = fleet.databases.iter().filter(|database| database.unreachable.is_some());
    match unreached.count() {
        1 => count(1, "database not reached", "bad"),
        unreached => count(unreached, "databases not reached", "bad"),
    }
}

fn database(page: &mut String, database: &Database) {
    let is_reached = database.unreachable.is_none();
    page.push_str("<tr><th scope=\"row\">");
    text(page, &name(&database.name));
    page.push_str(match is_reached {
        true => "</th><td><span class=\"s active\">reached</span></td><td class=\"number\">",
        false => "</th><td><span class=\"s unknown\">not reached</span></td><td class=\"number\">",
    });
    match (is_reached, database.tenants) {
        // Only a directory would know how many there are.
        (false, 0) => page.push_str(UNKNOWN),
        (_, tenants) => {
            let _ = write!(page, "{tenants}");
        }
    }
    page.push_str("</td><td>");
    text(page, &value(database.server_version.as_deref().unwrap_or_default()));
    page.push_str("</td><td class=\"number\">");
    text(page, &database.bytes.map(bytes).unwrap_or_default());
    page.push_str("</td><td class=\"warn\">");
    text(page, &value(&database.problems.join("; ")));
    page.push_str("</td></tr>\n");
}

fn changed(page: &mut String, changed: &[Changed]) {
    if changed.is_empty() {
        return;
    }
    page.push_str("<h2>Migrations that were edited after they were applied</h2>\n<ul>\n");
    for Changed {
        database,
        version,
        tenants,
    } in changed
    {
        page.push_str("<li class=\"warn\">");
        let tenants = counted(tenants, "tenant");
        text(
            page,
            &value(&format!("{version}: {tenants} of database {}", name(database))),
        );
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n");
}

fn tenant(page: &mut String, tenant: &Tenant) {
    let Tenant {
        name: tenant_name,
        status,
        database,
        place,
        domains,
        versions,
        changed,
        problems,
        is_behind,
    } = tenant;
    page.push_str(match is_behind {
        true => "<tr class=\"b\"><th scope=\"row\">",
        false => "<tr><th scope=\"row\">",
    });
    text(page, &name(tenant_name));
    let _ = write!(page, "</th><td><span class=\"s {status}\">{status}</span></td><td>");
    text(page, &name(database));
    if let Some(place) = place {
        text(page, &format!(": {}", name(place)));
    }
    page.push_str("</td><td>");
    text(page, &value(&some(domains)));
    let (version, pending, unknown, invalid): (_, _, _, &[String]) = match versions {
        Versions::Unknown => (UNKNOWN, UNKNOWN.to_owned(), UNKNOWN.to_owned(), &[]),
        Versions::None => ("", String::new(), String::new(), &[]),
        Versions::Known(versions) => (
            versions.newest().unwrap_or("none"),
            numbered(&versions.pending),
            numbered(&versions.unknown),
            &versions.invalid_indexes,
        ),
    };
    for (class, shown) in [("", version), ("warn", &*pending), ("warn", &*unknown)] {
        let class = if shown == UNKNOWN { "bad" } else { class };
        page.push_str(match class {
            "" => "</td><td>",
            "bad" => "</td><td class=\"bad\">",
            _ => "</td><td class=\"warn\">",
        });
        text(page, &value(shown));
    }
    let mut all = problems.clone();
    if !changed.is_empty() {
        all.push(format!("edited after it was applied: {}", some(changed)));
    }
    if !invalid.is_empty() {
        all.push(format!("invalid indexes: {}", some(invalid)));
    }
    page.push_str("</td><td class=\"warn\">");
    text(page, &value(&all.join("; ")));
    page.push_str("</td></tr>\n");
}

/// How many there are, and the first of them.
fn numbered(versions: &[String]) -> String {
    match versions {
        [] => String::new(),
        versions => format!("{}: {}", versions.len(), some(versions)),
    }
}

/// The first ones, and how many more there are.
fn some(texts: &[String]) -> String {
    match texts.split_at_checked(MOST) {
        Some((first, others)) if !others.is_empty() => format!("{} and {} more", first.join(", "), others.len()),
        _ => texts.join(", "),
    }
}

/// Appends a text, so that a browser reads no markup in it, neither between tags nor in an attribute.
fn text(page: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            character => page.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    use super::*;

    const HOSTILE: &str = "<script>alert(1)</script>\"'&{{title}}\u{2028}\u{1b}]0;x\u{7}\u{202e}";

    /// A fleet whose every text is hostile.
    fn hostile(count: usize) -> Fleet {
        let text = || HOSTILE.to_owned();
        Fleet {
            databases: vec![Database {
                name: text(),
                unreachable: Some(text()),
                server_version: Some(text()),
                bytes: Some(1),
                problems: vec![text()],
                tenants: count,
            }],
            changed: vec![Changed {
                database: text(),
                version: text(),
                tenants: 1,
            }],
            tenants: (0..count)
                .map(|_| Tenant {
                    name: text(),
                    status: "active",
                    database: text(),
                    place: Some(text()),
                    domains: vec![text()],
                    versions: Versions::Unknown,
                    changed: vec![text()],
                    problems: vec![text()],
                    is_behind: true,
                })
                .collect(),
        }
    }

    fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
        let (_, rest) = text.split_once(begin).unwrap();
        rest.split_once(end).unwrap().0
    }

    #[test]
    fn the_policy_allows_the_style_and_the_script_of_the_template_and_nothing_else() {
        let hash = |begin: &str, end: &str| {
            let text = between(TEMPLATE, begin, end);
            assert!(!text.contains("{{"), "it is the same in every page");
            STANDARD.encode(Sha256::digest(text))
        };
        let (style, script) = (hash("<style>", "</style>"), hash("<script>", "</script>"));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action \
             'none'"
        );
        let found = between(TEMPLATE, "\"Content-Security-Policy\" content=\"", "\"");
        assert_eq!(found, policy, "page.html has the hashes of its style and script");
        assert!(
            !TEMPLATE.contains("http:") && !TEMPLATE.contains("https:"),
            "it needs no network"
        );
    }

    #[test]
    fn no_text_from_outside_is_markup() {
        let page = page(&hostile(2), HOSTILE, UNIX_EPOCH);
        assert_eq!(page.matches("<script").count(), 1, "the template's own");
        assert_eq!(
            page.matches("alert(1)").count(),
            page.matches("&lt;script&gt;alert(1)").count()
        );
        assert!(page.matches("alert(1)").count() >= 18, "each of them is shown");
        let is_obeyed = |character: char| {
            (character.is_control() && character != '\n') || matches!(character, '\u{2028}' | '\u{202e}')
        };
        assert!(!page.contains(is_obeyed));
        // Outside of tags there is no character of a tag or an attribute.
        let body = between(&page, "<main>", "</main>");
        for piece in body.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap();
            assert!(!text.contains(['>', '"', '\'']), "{text}");
            assert!(!tag.contains("alert("), "{tag}");
        }
        assert!(
            page.contains("&amp;{{title}}"),
            "text from outside names no part of the template"
        );
    }

    #[test]
    fn a_row_is_small() {
        let empty = page(&hostile(0), "", UNIX_EPOCH).len();
        let mut fleet = hostile(0);
        fleet.tenants = (0..1_000)
            .map(|number| Tenant {
                name: format!("client{number}"),
                status: "active",
                database: "main".to_owned(),
                domains: vec![format!("client{number}.example.org")],
                versions: Versions::None,
                ..Tenant::default()
            })
            .collect();
        let row = (page(&fleet, "", UNIX_EPOCH).len() - empty) / 1_000;
        assert!(
            row < 300,
            "a page of 10,000 tenants stays below 3 MB: {row} bytes a row"
        );
    }

    #[test]
    fn many_versions_are_counted_and_the_first_ones_named() {
        let versions = |count: usize| (1..=count).map(|version| version.to_string()).collect::<Vec<_>>();
        assert_eq!(numbered(&versions(0)), "");
        assert_eq!(numbered(&versions(3)), "3: 1, 2, 3");
        assert_eq!(numbered(&versions(5)), "5: 1, 2, 3 and 2 more");
    }
}
