//! The translator beside two parsers of the same texts, `squawk-syntax` and `sqlparser`: analysis of a text met for the
//! first time, and rendering of an analysed one for another tenant.
//!
//! All contenders take turns on each text, so that a machine whose speed drifts slows them all; what counts are the
//! ratios, each the median over the rounds. Times are medians too.

use std::{hint::black_box, time::Instant};

use diesel_tenants::{SchemaTranslateMap, translate::Template};
use sqlparser::{dialect::PostgreSqlDialect, parser::Parser};
use squawk_syntax::SourceFile;

const ROUNDS: usize = 60;
/// How long a contender's turn takes, about.
const TURN_NS: f64 = 500_000.0;

fn main() {
    let texts = [
        ("short", short()),
        ("typical", typical()),
        ("60-term OR", terms(60)),
        ("1,000 rows", rows(1000)),
    ];
    println!("ns, medians of {ROUNDS} rounds; in parentheses how many times the analysis");
    println!(
        "{:>12} {:>8} {:>10} {:>10} {:>10} {:>20} {:>20}",
        "", "bytes", "analysis", "rendering", "translate", "squawk-syntax", "sqlparser"
    );
    for (name, sql) in &texts {
        compare(name, sql);
    }
    println!("\nns a byte of analysis, as texts grow");
    for (name, text) in [("rows", rows as fn(usize) -> String), ("OR terms", terms)] {
        print!("{name:>12}");
        for bytes in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
            let sql = text(bytes / 25);
            let time = time(repetitions(&|| analyse(&sql)).min(200), &|| analyse(&sql));
            print!("  {:.1} KB: {:.2}", sql.len() as f64 / 1e3, time / sql.len() as f64);
        }
        println!();
    }
}

fn short() -> String {
    r#"SELECT "orders"."id", "orders"."quantity" FROM "orders" WHERE ("orders"."id" = $1) LIMIT $2"#.into()
}

/// As Diesel writes a join of a shared table and two of a tenant's.
fn typical() -> String {
    concat!(
        r#"SELECT "public"."users"."id", "public"."users"."name", "items"."description", "items"."price", "orders"."quantity", "#,
        r#""orders"."created_at" FROM (("public"."users" INNER JOIN "orders" ON ("orders"."user_id" = "public"."users"."id")) "#,
        r#"INNER JOIN "items" ON ("orders"."item_id" = "items"."id")) WHERE (("public"."users"."organization_id" = $1) AND "#,
        r#"("orders"."quantity" > $2)) ORDER BY "orders"."created_at" DESC LIMIT $3"#
    )
    .into()
}

fn terms(count: usize) -> String {
    let terms: Vec<_> = (1..=count)
        .map(|term| format!(r#"("orders"."id" = ${term})"#))
        .collect();
    format!(r#"SELECT "orders"."id" FROM "orders" WHERE ({})"#, terms.join(" OR "))
}

fn rows(count: usize) -> String {
    let rows: Vec<_> = (0..count)
        .map(|row| format!("(${}, ${}, ${})", 3 * row + 1, 3 * row + 2, 3 * row + 3))
        .collect();
    format!(
        r#"INSERT INTO "orders" ("user_id", "item_id", "quantity") VALUES {}"#,
        rows.join(", ")
    )
}

fn compare(name: &str, sql: &str) {
    let map = SchemaTranslateMap::tenant("client1".parse().expect("a name"))
        .with("public", "public".parse().expect("a name"));
    let template = Template::analyse(sql).expect("SQL");
    let dialect = PostgreSqlDialect {};
    let contenders: [&dyn Fn(); 5] = [
        &|| analyse(sql),
        &|| drop(black_box(black_box(&template).render(black_box(sql), &map))),
        &|| drop(black_box(map.translate(black_box(sql)))),
        &|| drop(black_box(SourceFile::parse(black_box(sql)))),
        &|| drop(black_box(Parser::parse_sql(&dialect, black_box(sql)))),
    ];
    let repetitions = contenders.map(repetitions);
    let mut times: [Vec<f64>; 5] = Default::default();
    for round in 0..ROUNDS {
        for turn in 0..contenders.len() {
            let contender = (round + turn) % contenders.len();
            times[contender].push(time(repetitions[contender], contenders[contender]));
        }
    }
    let [analysis, rendering, translate, squawk, sqlparser] = &times;
    let beside = |theirs: &[f64]| {
        let ratio = median(theirs.iter().zip(analysis).map(|(theirs, ours)| theirs / ours));
        format!("{:.0} ({ratio:.1})", median(theirs.iter().copied()))
    };
    let refused = Parser::parse_sql(&dialect, sql).is_err();
    println!(
        "{name:>12} {:>8} {:>10.0} {:>10.0} {:>10.0} {:>20} {:>20}",
        sql.len(),
        median(analysis.iter().copied()),
        median(rendering.iter().copied()),
        median(translate.iter().copied()),
        beside(squawk),
        if refused {
            "refuses it".into()
        } else {
            beside(sqlparser)
        },
    );
}

fn analyse(sql: &str) {
    drop(black_box(Template::analyse(black_box(sql))));
}

/// How often to do something in a turn.
fn repetitions(work: &dyn Fn()) -> u32 {
    let once = time(3, work);
    (TURN_NS / once).clamp(1.0, 10_000.0) as u32
}

/// The mean over some repetitions, in nanoseconds.
fn time(repetitions: u32, work: &dyn Fn()) -> f64 {
    let started = Instant::now();
    for _ in 0..repetitions {
        work();
    }
    started.elapsed().as_nanos() as f64 / f64::from(repetitions)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
