//! Nesting is bounded by memory. Cost grows with the text and no faster: were it quadratic, these would not end.

use diesel_tenants_translate::{Template, statements};

fn nested(open: &str, core: &str, close: &str, depth: usize) -> String {
    format!("{}{core}{}", open.repeat(depth), close.repeat(depth))
}

fn list(item: impl Fn(usize) -> String, count: usize) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

/// Shapes that tempt recursion, or a search through all that was read before; each grows with `n`.
const SHAPES: [fn(usize) -> String; 27] = [
    |n| format!("SELECT {} FROM t", nested("(", "1", ")", n)),
    |n| format!("SELECT {}", nested("a[", "1", "]", n)),
    |n| nested("SELECT (", "SELECT t.a FROM t", ") FROM s.t", n),
    |n| nested("SELECT t.a FROM (", "SELECT 1", ") x, s.t", n),
    |n| nested("SELECT t.a, (", "SELECT t.a FROM t", "), s.t.b FROM s.t", n),
    |n| nested("SELECT 1 FROM t WHERE EXISTS (", "SELECT 1", " AND t.a = u.b)", n),
    |n| nested("(", "SELECT 1 FROM t", ")", n),
    |n| nested("(", "SELECT 1 FROM t", " UNION SELECT 2 FROM t)", n),
    |n| format!("SELECT * FROM {}", nested("(", "t", " JOIN t t2 ON t.a = s.t.b)", n)),
    |n| {
        format!(
            "SELECT * FROM {}",
            nested("(", "a JOIN b ON true", " JOIN c ON true) x", n)
        )
    },
    |n| format!("SELECT * FROM {}", nested("(", "(SELECT 1)", ")", n)),
    |n| format!("SELECT a.b FROM s.a {}", "JOIN b ON a.x = b.y ".repeat(n)),
    |n| format!("SELECT * FROM a {} {}", "JOIN b ".repeat(n), "ON true ".repeat(n)),
    |n| {
        format!(
            "WITH {} SELECT 1",
            list(|i| format!("c{i} AS (SELECT * FROM c{})", i / 2), n)
        )
    },
    |n| {
        format!(
            "WITH RECURSIVE {} SELECT 1",
            list(|i| format!("c{i} AS (SELECT * FROM c{})", i + 1), n)
        )
    },
    |n| nested("WITH c AS (", "SELECT * FROM c", ") SELECT * FROM c", n),
    |n| {
        nested(
            "WITH RECURSIVE c AS (SELECT * FROM d), d AS (",
            "SELECT 1",
            ") SELECT * FROM d",
            n,
        )
    },
    |n| format!("SELECT {}", nested("CASE WHEN a THEN ", "b", " END", n)),
    |n| format!("SELECT * FROM s.t, t WHERE {}", vec!["t.a = 1"; n].join(" OR ")),
    |n| format!("SELECT {} {} 1", "1, ".repeat(n), "(1), ".repeat(n)),
    |n| format!("SELECT * FROM t WHERE a IN ({})", list(|i| i.to_string(), n)),
    |n| format!("INSERT INTO t VALUES {}", list(|i| format!("({i}, 'x', $1)"), n)),
    |n| "SELECT t.a FROM t; ".repeat(n),
    |n| format!("SELECT t.a FROM {}, s.t, t", list(|i| format!("s{i}.t{i}"), n)),
    |n| format!("SELECT {} 1", nested("/*", "", "*/", n)),
    |n| format!("SELECT {} 1", "+-".repeat(n)),
    |n| format!("SELECT {} 1", "U&\"a\" ".repeat(n)),
];

#[test]
fn deep_nesting_and_long_texts_end_well() {
    for (number, shape) in SHAPES.iter().enumerate() {
        let sql = shape(100_000);
        // A name that is repeated a thousand times in one FROM may be refused; what matters is that it ends, and
        // without a crash.
        if let Err(error) = Template::analyse(&sql) {
            assert!(error.to_string().contains("again and again"), "shape {number}: {error}");
        }
        statements(&sql).unwrap();
    }
}

#[test]
fn unbalanced_nesting_is_an_error_at_any_depth() {
    for open in [
        "SELECT (",
        "SELECT a[",
        "SELECT * FROM (",
        "(",
        "WITH a AS (",
        "SELECT ARRAY(SELECT (",
    ] {
        assert!(Template::analyse(open).is_err());
        let deep = open.to_owned() + &"(".repeat(100_000);
        assert!(Template::analyse(&deep).is_err(), "{open}");
    }
}
