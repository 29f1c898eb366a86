//! How a query is translated.

use diesel_tenants::translate::{SchemaTranslateMap, Template};

use crate::drawing::{Drawing, WIDTH};

const QUERY: &str = "users::table.inner_join(orders::table).select((users::name, orders::quantity))";
const WRITTEN: &str = "SELECT u.name, o.quantity FROM public.users u JOIN orders o ON o.user_id = u.id";
const SENT: [&str; 2] = [
    "The server gets names with schemas, in one round trip, and no SET search_path.",
    "Its search_path is empty: a name that was missed is an error, and never another tenant's.",
];
const TENANTS: [&str; 2] = ["client1", "client2"];

const LEFT: f64 = 20.0;
const INNER: f64 = WIDTH as f64 - 2.0 * LEFT;

pub fn picture() -> String {
    let template = Template::analyse(WRITTEN).expect("a statement");
    let mut drawing = Drawing::new(
        "How a query is translated",
        "A typed query becomes SQL that is the same for all tenants. Once for each query, the translator finds the names \
         of tables in it. Each checkout's map then writes the tenant's schema before the unqualified ones.",
        400,
    );
    boxed(
        &mut drawing,
        50.0,
        "Your query, the same for every tenant",
        &[QUERY],
        &[],
    );
    step(&mut drawing, 108.0, "Diesel writes it as SQL");
    boxed(
        &mut drawing,
        136.0,
        "Once for each query: where do names of tables stand?",
        &[WRITTEN],
        &[("public.users", "third"), ("orders", "second")],
    );
    step(
        &mut drawing,
        194.0,
        "public.users names its schema, and keeps it; orders gets the schema of the checkout",
    );
    let sent = TENANTS.map(|tenant| {
        let map = SchemaTranslateMap::tenant(tenant.parse().expect("a name"));
        template.render(WRITTEN, &map).expect("a statement").into_owned()
    });
    boxed(
        &mut drawing,
        222.0,
        "Once for each query and tenant: pool.for_tenant(\"client1\") and for_tenant(\"client2\")",
        &[&sent[0], &sent[1]],
        &[
            ("\"client1\"", "first"),
            ("\"client2\"", "first"),
            ("public.users", "third"),
        ],
    );
    step(
        &mut drawing,
        298.0,
        "the finished text is kept: a hot query looks it up",
    );
    drawing.rectangle("box", LEFT, 326.0, INNER, 54.0);
    for (line, text) in SENT.iter().enumerate() {
        drawing.text(LEFT + 12.0, 347.0 + 20.0 * line as f64, "small", text);
    }
    drawing.finish()
}

fn boxed(drawing: &mut Drawing, y: f64, title: &str, lines: &[&str], words: &[(&str, &str)]) {
    let height = 36.0 + 18.0 * lines.len() as f64;
    drawing.rectangle("box", LEFT, y, INNER, height);
    drawing.text(LEFT + 12.0, y + 21.0, "small", title);
    for (line, code) in lines.iter().enumerate() {
        drawing.code(LEFT + 12.0, y + 42.0 + 18.0 * line as f64, code, words);
    }
}

fn step(drawing: &mut Drawing, y: f64, what: &str) {
    drawing.arrow(LEFT + 24.0, y, y + 24.0);
    drawing.text(LEFT + 38.0, y + 17.0, "small", what);
}
