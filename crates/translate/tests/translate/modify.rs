//! INSERT, UPDATE, DELETE and MERGE.

use super::check;

#[test]
fn insert() {
    check(&[
        r#"INSERT INTO §"a" ("x", "y") VALUES ($1, DEFAULT), ($2, $3) RETURNING "a"."x""#,
        "INSERT INTO §a DEFAULT VALUES",
        "INSERT INTO §a AS b (x) OVERRIDING SYSTEM VALUE SELECT x FROM §c JOIN §d ON true ON CONFLICT DO NOTHING",
        "INSERT INTO §a (SELECT 1 FROM §b)",
        "INSERT INTO §a ((SELECT 1 FROM §b) UNION SELECT 2 FROM §c) RETURNING (SELECT 1 FROM §d)",
        "INSERT INTO §a (values) VALUES (1) ON CONFLICT ON CONSTRAINT a_key DO UPDATE SET x = (SELECT 1 FROM §b) WHERE a.x = 1",
        "INSERT INTO §a TABLE §b",
        "INSERT INTO §a WITH b AS (SELECT 1) SELECT * FROM b, §c",
    ]);
}

#[test]
fn update() {
    check(&[
        r#"UPDATE §"a" SET "x" = $1, "y" = "a"."y" + 1 WHERE ("a"."z" = $2)"#,
        "UPDATE ONLY §a * AS b SET x = CASE WHEN b.y THEN 1 END FROM §c, §d WHERE b.x = c.x",
        "UPDATE §a set SET set = 1",
        "UPDATE §a SET (x, y) = (SELECT 1, 2 FROM §b), z = ARRAY(SELECT 1 FROM §c) WHERE CURRENT OF cursor",
    ]);
}

#[test]
fn delete() {
    check(&[
        "DELETE FROM §a",
        "DELETE FROM ONLY §a b USING §c JOIN §d ON true, §e WHERE b.x = c.x RETURNING b.*",
        "DELETE FROM §a WHERE x IN (SELECT x FROM §b)",
    ]);
}

#[test]
fn merge() {
    check(&[
        "MERGE INTO §a USING §b ON a.x = b.x WHEN MATCHED AND b.y THEN UPDATE SET y = CASE WHEN b.z THEN 1 END, z = 2 WHEN NOT MATCHED THEN INSERT (x, y) VALUES (b.x, (SELECT 1 FROM §c)) WHEN MATCHED THEN DELETE",
        "MERGE INTO ONLY §a AS t USING (SELECT 1 AS x FROM §b) AS s ON t.x = s.x WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
        "MERGE INTO §a USING §b JOIN §c ON b.x = c.x ON a.x = b.x WHEN NOT MATCHED BY SOURCE THEN DO NOTHING RETURNING merge_action(), a.*",
    ]);
}
