//! The bytes are those that the documentation tells: read here by code of the test's own.

use diesel_tenants_test_support::chain;
use sha2::{Digest, Sha256};

use super::{export, import, try_import};
use crate::rich::shop;

/// Tags and payloads of an export, after its magic and version.
pub type Sections = Vec<(char, Vec<u8>)>;

pub fn sections(bytes: &[u8]) -> Sections {
    let mut rest = bytes.strip_prefix(b"\x89DTX\r\n\x1a\n\0\0\0\x01").unwrap();
    let mut sections = Vec::new();
    while let [tag, a, b, c, d, after @ ..] = rest {
        let (payload, after) = after.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        sections.push((*tag as char, payload.to_vec()));
        rest = after;
    }
    assert!(rest.is_empty());
    sections
}

/// An export of these sections, with checksums that are right.
pub fn assembled(sections: &[(char, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89DTX\r\n\x1a\n\0\0\0\x01".to_vec();
    for (tag, payload) in sections {
        bytes.push(*tag as u8);
        bytes.extend((payload.len() as u32).to_be_bytes());
        if matches!(tag, 'H' | 'Z') {
            let checksum = Sha256::digest(&bytes);
            bytes.extend(checksum);
        } else {
            bytes.extend(payload);
        }
    }
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

#[tokio::test]
async fn the_sections_are_those_that_are_documented() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.items (id serial PRIMARY KEY, name text, email ext.citext); \
         INSERT INTO client1.items (name) VALUES ('a'), (E'b\\n')",
    );
    let bytes = export(&pool, "client1").await;
    let sections = sections(&bytes);
    assert_eq!(
        assembled(&sections),
        bytes,
        "the checksums are those of the bytes before"
    );
    let tags: String = sections.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tags, format!("TR{}HBDESZ", "O".repeat(tags.matches('O').count())));
    let of = |tag: char| &sections.iter().find(|(other, _)| *other == tag).unwrap().1;
    let version: u32 = database.query_strings("SHOW server_version_num")[0][0]
        .as_ref()
        .unwrap()
        .parse()
        .unwrap();
    let tenant = [text("client1"), version.to_be_bytes().to_vec(), text("0.1.0"), vec![0]].concat();
    assert_eq!(of('T'), &tenant);
    assert_eq!(of('R'), &[text("extension"), text("citext"), text("ext")].concat());
    let columns = [3u32.to_be_bytes().to_vec(), text("id"), text("name"), text("email")].concat();
    assert_eq!(of('B'), &[text("items"), columns].concat());
    assert_eq!(of('D'), b"1\ta\t\\N\n2\tb\\n\t\\N\n");
    assert_eq!(of('E'), &2u64.to_be_bytes());
    assert_eq!(
        of('S'),
        &[text("items_id_seq"), 2i64.to_be_bytes().to_vec(), vec![1]].concat()
    );
    let making = |name: &str| {
        let name = text(name);
        let objects = sections.iter().filter(|(tag, _)| *tag == 'O');
        let mut found = objects.filter_map(|(_, payload)| Some((payload[0], payload[1..].strip_prefix(&name[..])?)));
        found.next().unwrap_or_else(|| panic!("{name:?}"))
    };
    let (stage, sql) = making("table items");
    assert_eq!(stage, 0);
    assert_eq!(
        sql,
        text("CREATE TABLE \"\u{1}this schema\u{1}\".items (id integer NOT NULL, name text, email ext.citext)")
    );
    assert_eq!(making("key items_pkey of items").0, 1);
}

#[tokio::test]
async fn no_section_of_rows_is_longer_than_64_kib() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.wide (t text); \
         INSERT INTO client1.wide SELECT repeat('x', 200000) FROM generate_series(1, 5)",
    );
    let bytes = export(&pool, "client1").await;
    let sizes: Vec<usize> = sections(&bytes)
        .iter()
        .filter(|(tag, _)| *tag == 'D')
        .map(|(_, rows)| rows.len())
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 5 * 200_001);
    assert!(sizes.iter().rev().skip(1).all(|&size| size == 65_536), "{sizes:?}");
}

#[tokio::test]
async fn what_is_out_of_order_too_long_or_miscounted_is_damaged_even_with_a_right_checksum() {
    let (pool, database) = shop().await;
    database
        .run("CREATE SCHEMA client1; CREATE TABLE client1.items (id int); INSERT INTO client1.items VALUES (1), (2)");
    let bytes = export(&pool, "client1").await;
    let whole = sections(&bytes);
    let at = |tag: char| whole.iter().position(|(other, _)| *other == tag).unwrap();
    let before = database.schemas();
    let mut changed = Vec::new();
    let mut change = |change: &dyn Fn(&mut Sections)| {
        let mut sections = whole.clone();
        change(&mut sections);
        changed.push(assembled(&sections));
    };
    change(&|sections| sections.swap(0, 1));
    change(&|sections| drop(sections.remove(0)));
    change(&|sections| sections.insert(1, sections[0].clone()));
    change(&|sections| drop(sections.remove(at('H'))));
    change(&|sections| drop(sections.remove(at('B'))));
    change(&|sections| drop(sections.remove(at('E'))));
    change(&|sections| drop(sections.remove(at('D'))));
    change(&|sections| sections.insert(at('E') + 1, sections[1].clone()));
    change(&|sections| sections[at('E')].1 = 3u64.to_be_bytes().to_vec());
    change(&|sections| sections[at('E')].1.push(0));
    change(&|sections| sections[at('D')].1 = vec![b'1'; 65_537]);
    change(&|sections| sections[at('B')].1[3] = 0xff);
    change(&|sections| sections[0].1.extend(b"more"));
    for (index, bytes) in changed.iter().enumerate() {
        let message = chain(&try_import(&pool, "client2", bytes).await.unwrap_err());
        assert!(
            message.starts_with("can't import tenant \"client2\", and nothing was changed: the export is damaged: "),
            "{index}: {message}"
        );
        assert_eq!(database.schemas(), before, "{index}");
    }
    assert_eq!(changed.len(), 13);
    import(&pool, "client2", &assembled(&whole)).await;
}
