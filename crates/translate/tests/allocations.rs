//! What the translator allocates, counted by the allocator.

use allocation_counter::measure;
use diesel_tenants_translate::{SchemaTranslateMap, Template};

const SQL: &str = r#"SELECT "public"."users"."name", "orders"."quantity" FROM ("public"."users" INNER JOIN "orders" ON ("orders"."user_id" = "public"."users"."id"))"#;

fn map(tenant: &str) -> SchemaTranslateMap {
    SchemaTranslateMap::tenant(tenant.parse().expect("a name")).with("public", "public".parse().expect("a name"))
}

#[test]
fn rendering_allocates_its_output_and_nothing_else() {
    let map = map("client1");
    let template = Template::analyse(SQL).expect("SQL");
    let mut rendered = None;
    let allocations = measure(|| rendered = Some(template.render(SQL, &map)));
    assert!(rendered.expect("rendered").is_ok());
    // The text, at its full length from the start.
    assert_eq!(allocations.count_total, 1);
}

#[test]
fn what_stays_as_it_is_allocates_nothing() {
    let map = map("client1");
    let sql = r#"SELECT "public"."users"."id" FROM "public"."users" WHERE ("public"."users"."id" = $1)"#;
    let template = Template::analyse(sql).expect("SQL");
    let allocations = measure(|| assert_eq!(template.render(sql, &map).expect("a text"), sql));
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn analysis_allocates_its_template_and_nothing_else() {
    let first = Template::analyse(SQL).expect("SQL");
    let mut second = None;
    let allocations = measure(|| second = Some(Template::analyse(SQL)));
    assert_eq!(second.expect("analysed").expect("SQL"), first);
    // The places, the list of schemas named, and the one in it.
    assert_eq!(allocations.count_total, 3);
}

#[test]
fn memory_that_a_large_text_took_is_given_back() {
    let rows = vec!["($1, $2, (SELECT 1 FROM public.users))"; 100_000].join(", ");
    let sql = format!("INSERT INTO orders VALUES {rows}");
    let mut template = None;
    let allocations = measure(|| template = Some(Template::analyse(&sql)));
    let mut copy = None;
    // A copy takes no more than it needs.
    let kept = measure(|| copy = template.clone()).bytes_current;
    assert!(allocations.bytes_current < kept + 100_000, "{allocations:?}, {kept}");
}
