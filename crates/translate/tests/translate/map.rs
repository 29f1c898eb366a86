//! Maps.

use std::borrow::Cow;

use diesel_tenants_translate::{SchemaTranslateMap, Template, TranslateError};

use super::{map, name};

#[test]
fn the_last_value_of_a_key_wins_and_entries_are_in_order() {
    let map = SchemaTranslateMap::tenant(name("c"))
        .with("b", name("x"))
        .with("a", name("y"))
        .with("b", name("z"));
    let entries: Vec<_> = map.iter().map(|(key, name)| (key, name.as_str())).collect();
    assert_eq!(entries, [(None, "c"), (Some("a"), "y"), (Some("b"), "z")]);
    assert_eq!(map.unqualified().unwrap().as_str(), "c");
    assert_eq!(map.get("a").unwrap().as_str(), "y");
    assert_eq!(map.get("c"), None);
}

#[test]
fn maps_are_equal_whatever_the_order_of_their_making() {
    let one = SchemaTranslateMap::new()
        .with("a", name("x"))
        .with("b", name("y"))
        .with_untranslated(["t", "u"]);
    let other = SchemaTranslateMap::default()
        .with_untranslated(["u"])
        .with_untranslated(["t"]);
    assert_eq!(one, other.with("b", name("y")).with("a", name("x")));
}

#[test]
fn without_a_tenant_pinned_tables_pass_and_others_are_an_error() {
    let map = SchemaTranslateMap::new().with("shared", name("s2"));
    assert_eq!(
        map.translate("SELECT * FROM shared.a, pg_class, public.b").unwrap(),
        r#"SELECT * FROM "s2".a, pg_class, public.b"#
    );
    let error = map.translate("SELECT *\nFROM shared.a, \"Order\"\"s\"").unwrap_err();
    let TranslateError::TenantRequired {
        ref table,
        offset,
        ref place,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (table.as_str(), offset, place.line, place.column),
        ("Order\"s", 24, 2, 16)
    );
    let text = error.to_string();
    assert!(
        text.contains("for_tenant(..)") && text.contains("pin the table to a schema"),
        "{text}"
    );
    assert!(
        text.ends_with("at 2:16\n  FROM shared.a, \"Order\"\"s\"\n                 ^"),
        "{text}"
    );
}

#[test]
fn declared_tables_are_left_alone_where_they_are_unqualified() {
    let map = map().with_untranslated(["scratch", "Odd"]);
    let sql = r#"SELECT scratch.x FROM SCRATCH, "Odd", public.scratch"#;
    assert_eq!(map.translate(sql).unwrap(), sql);
    assert_eq!(
        map.translate("SELECT 1 FROM odd").unwrap(),
        r#"SELECT 1 FROM "client1".odd"#
    );
    let shared = SchemaTranslateMap::new().with_untranslated(["scratch"]);
    assert!(shared.translate("SELECT * FROM scratch").is_ok() && shared.translate("SELECT * FROM other").is_err());
}

#[test]
fn symbolic_schemas_are_keys_like_any_other() {
    let map = SchemaTranslateMap::tenant(name("client1")).with("tenant", name("client1"));
    assert_eq!(
        map.translate(r#"SELECT "tenant"."a"."x", b.y FROM "tenant"."a", b"#)
            .unwrap(),
        r#"SELECT "client1"."a"."x", b.y FROM "client1"."a", "client1".b"#,
    );
}

#[test]
fn nothing_is_copied_when_nothing_changes() {
    for sql in ["SELECT 1", "SELECT public.a.x FROM public.a", "SET x = 1", ""] {
        assert!(matches!(map().translate(sql), Ok(Cow::Borrowed(_))), "{sql}");
    }
}

#[test]
fn names_are_quoted_whatever_they_hold() {
    let map = SchemaTranslateMap::tenant(name(r#"x"; DROP TABLE y; --"#));
    assert_eq!(map.translate("TABLE a").unwrap(), r#"TABLE "x""; DROP TABLE y; --".a"#);
}

#[test]
fn an_inserted_quote_never_becomes_part_of_the_token_before_it() {
    let pinned = map().with("public", name("p"));
    let sql = "SELECT u&public.a.x, xu&public.a.x FROM public.a";
    assert_eq!(
        pinned.translate(sql).unwrap(),
        r#"SELECT u& "p".a.x, xu&"p".a.x FROM "p".a"#
    );
    let sql = "SELECT U&a.x FROM a, public.a";
    assert_eq!(
        map().translate(sql).unwrap(),
        r#"SELECT U& "client1".a.x FROM "client1".a, public.a"#
    );
    let sql = r#"SELECT a"b"shared.t.c"#;
    assert_eq!(map().translate(sql).unwrap(), r#"SELECT a"b" "shared_v2".t.c"#);
}

#[test]
fn a_template_serves_every_map() {
    let sql = "SELECT shared.a.x FROM shared.a, b";
    let template = Template::analyse(sql).unwrap();
    assert_eq!(
        template.render(sql, &map()).unwrap(),
        r#"SELECT "shared_v2".a.x FROM "shared_v2".a, "client1".b"#
    );
    let other = SchemaTranslateMap::tenant(name("client2"));
    assert_eq!(
        template.render(sql, &other).unwrap(),
        r#"SELECT shared.a.x FROM shared.a, "client2".b"#
    );
    assert!(template.render(sql, &SchemaTranslateMap::new()).is_err());
}
