//! A tenant as a stream of bytes, and back.

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    task::{Context, Poll},
    time::Duration,
};

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, ExportError, ImportError, Mysql, SqliteFolder, TenantPool, TenantStatus,
    transfer::{ExportReport, ImportReport},
};
use diesel_tenants_test_support::chain;
use tokio::io::{AsyncRead, ReadBuf};

use crate::store::{Sql, Store, connection, prices};

/// Every kind of object and every type, with the values at their ends.
const EVERYTHING: &str = "
    CREATE TABLE parents (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (b, a));
    CREATE TABLE numbers (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, tiny TINYINT, small SMALLINT UNSIGNED,
        medium MEDIUMINT, plain INT(5) UNSIGNED ZEROFILL, big BIGINT, price DECIMAL(65, 30), ratio FLOAT,
        exact DOUBLE, flags BIT(13), doubled DECIMAL(65, 2) AS (price * 2) STORED, KEY (small)) COMMENT 'it''s \\\\ all';
    CREATE TABLE texts (id INT PRIMARY KEY, `a``b \"c` VARCHAR(50), c CHAR(5) CHARACTER SET latin1, t TEXT, l LONGTEXT,
        u VARCHAR(20) CHARACTER SET utf16, e ENUM('S', 'it''s', ''), s SET('a', 'b', 'c'), j JSON,
        by_word VARCHAR(10) GENERATED ALWAYS AS (LEFT(t, 3)) VIRTUAL, FULLTEXT (t));
    CREATE TABLE bytes (id INT PRIMARY KEY, b BINARY(4), v VARBINARY(300), m MEDIUMBLOB, p POINT, i INET6, x UUID);
    CREATE TABLE times (id INT PRIMARY KEY, d DATE, t TIME(6), dt DATETIME(6), ts TIMESTAMP(3) NULL, y YEAR);
    CREATE TABLE children (id INT PRIMARY KEY, a INT, b INT, user_id BIGINT, CHECK (id > 0),
        FOREIGN KEY (b, a) REFERENCES parents (b, a), FOREIGN KEY (user_id) REFERENCES public.users (id));
    CREATE TABLE partitioned (id INT PRIMARY KEY) PARTITION BY RANGE (id)
        (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
    CREATE TABLE log (line TEXT);
    CREATE SEQUENCE ticket START WITH 100 INCREMENT BY 5;
    CREATE VIEW aaa AS SELECT * FROM zzz;
    CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2;
    CREATE PROCEDURE note(IN line TEXT) BEGIN INSERT INTO log VALUES (line); INSERT INTO log VALUES ('; again'); END;
    CREATE TRIGGER noted AFTER INSERT ON children FOR EACH ROW INSERT INTO log VALUES ('from the trigger');
    CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log";

const ROWS: &str = "
    INSERT INTO parents VALUES (1, 2), (-1, 0);
    INSERT INTO numbers (id, tiny, small, medium, plain, big, price, ratio, exact, flags) VALUES
        (1, -128, 65535, -8388608, 7, -9223372036854775808, -12345678901234567890123456789012345.000000000000000000000000000001,
         16777217, 1.7976931348623157e308, b'1000000000001'),
        (18446744073709551614, 127, 0, 8388607, 4294967295, 9223372036854775807, 0, -0.1, 5e-324, b'0'),
        (3, NULL, NULL, NULL, NULL, NULL, NULL, 3.4028234e38, 0.1, NULL);
    INSERT INTO texts VALUES
        (1, 'a\\0b\\'c\\\\d\\n\\r\\Z', 'caf\u{e9}', '', REPEAT('long \u{1f600}', 40000), '\u{1f600}', 'it''s', 'a,c', '{\"a\": \"\u{e9}\"}', DEFAULT),
        (2, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, DEFAULT);
    INSERT INTO bytes VALUES
        (1, x'00ff0000', x'0027005c', REPEAT(x'000a0d1a22275cff', 50000), ST_GeomFromText('POINT(1.5 -2)'), '2001:db8::1',
         '01234567-89ab-cdef-0123-456789abcdef'),
        (2, NULL, x'', NULL, NULL, NULL, NULL);
    INSERT INTO times VALUES (1, '2026-01-31', '-838:59:59.000001', '9999-12-31 23:59:59.999999', '2026-03-29 00:30:00.125', 1901),
        (2, '0000-00-00', '00:00:00', '0000-00-00 00:00:00', NULL, 0);
    INSERT INTO children VALUES (5, 1, 2, 1), (6, NULL, 2, NULL);
    DELETE FROM log; INSERT INTO log VALUES (NULL), ('kept');
    INSERT INTO partitioned VALUES (1), (11);
    DO NEXTVAL(ticket)";

/// Runs SQL in a tenant's database, without a pool.
async fn in_database(tenant: &str, sql: &str) {
    let sql = format!("SET time_zone = '+02:00', sql_mode = ''; USE `{tenant}`; {sql}");
    connection().await.batch_execute(&sql).await.unwrap();
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn lines(query: &str) -> Vec<String> {
    let lines: Vec<Line> = diesel::sql_query(query).load(&mut connection().await).await.unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

/// Everything that the server shows of a database: definitions, and all rows, to the bit.
async fn shown(pool: &TenantPool<Mysql>, tenant: &str) -> Vec<String> {
    let mut shown = Vec::new();
    let schema = format!("'{tenant}'");
    let columns = format!(
        "SELECT CONCAT_WS('|', TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_DEFAULT, COLUMN_TYPE, COLLATION_NAME, EXTRA) AS line \
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} ORDER BY 1"
    );
    shown.extend(lines(&columns).await);
    let database = format!(
        "SELECT CONCAT(DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME) AS line FROM information_schema.SCHEMATA \
         WHERE SCHEMA_NAME = {schema}"
    );
    shown.extend(lines(&database).await);
    for (kind, list) in [
        (
            "TABLE",
            "SELECT TABLE_NAME AS line FROM information_schema.TABLES WHERE TABLE_SCHEMA = § AND TABLE_TYPE = 'BASE TABLE'",
        ),
        (
            "SEQUENCE",
            "SELECT TABLE_NAME AS line FROM information_schema.TABLES WHERE TABLE_SCHEMA = § AND TABLE_TYPE = 'SEQUENCE'",
        ),
        (
            "VIEW",
            "SELECT TABLE_NAME AS line FROM information_schema.TABLES WHERE TABLE_SCHEMA = § AND TABLE_TYPE = 'VIEW'",
        ),
        (
            "FUNCTION",
            "SELECT ROUTINE_NAME AS line FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = § AND ROUTINE_TYPE = 'FUNCTION'",
        ),
        (
            "PROCEDURE",
            "SELECT ROUTINE_NAME AS line FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = § AND ROUTINE_TYPE = 'PROCEDURE'",
        ),
        (
            "TRIGGER",
            "SELECT TRIGGER_NAME AS line FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = §",
        ),
        (
            "EVENT",
            "SELECT EVENT_NAME AS line FROM information_schema.EVENTS WHERE EVENT_SCHEMA = §",
        ),
    ] {
        for name in lines(&format!("{} ORDER BY 1", list.replace('§', &schema))).await {
            let column = match kind {
                "EVENT" => 3,
                "FUNCTION" | "PROCEDURE" | "TRIGGER" => 2,
                _ => 1,
            };
            let sql = format!("SHOW CREATE {kind} {name}");
            let script = pool.run_script(sql).only([tenant]);
            let (_, answer) = script.start().await.unwrap().next().await.unwrap();
            let text = answer.unwrap()[0].rows[0][column].clone().unwrap();
            shown.push(text.replace(&format!("`{tenant}`."), "").replace("STARTS", "\u{1}"));
            if kind == "TABLE" {
                let checksum = format!("CHECKSUM TABLE {name} EXTENDED");
                let (_, answer) = pool
                    .run_script(checksum)
                    .only([tenant])
                    .start()
                    .await
                    .unwrap()
                    .next()
                    .await
                    .unwrap();
                shown.push(format!("{name}: {:?}", answer.unwrap()[0].rows[0][1]));
                let rows = pool.run_script(format!("SELECT * FROM {name}")).only([tenant]);
                let (_, answer) = rows.start().await.unwrap().next().await.unwrap();
                shown.push(format!("{:?}", answer.unwrap()[0].rows));
            }
        }
    }
    shown.retain(|text| !text.is_empty());
    shown
}

async fn export(pool: &TenantPool<Mysql>, tenant: &str) -> (Vec<u8>, ExportReport) {
    let mut bytes = Vec::new();
    let exported = pool.export_tenant(tenant).to(&mut bytes).await;
    (bytes, exported.unwrap_or_else(|error| panic!("{}", chain(&error))))
}

async fn import(pool: &TenantPool<Mysql>, tenant: &str, bytes: &[u8]) -> ImportReport {
    let imported = pool.import_tenant(tenant).from(bytes).await;
    imported.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

async fn assert_no_tenant(pool: &TenantPool<Mysql>, tenant: &str) {
    let error = pool.for_tenant(tenant).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    let query = format!("SELECT SCHEMA_NAME AS line FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{tenant}'");
    assert_eq!(lines(&query).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_tenant_that_was_exported_and_dropped_is_imported_as_it_was() {
    let store = Store::new().await;
    let tenant = format!("{}x", store.first);
    store
        .pool
        .create_tenant(&*tenant, Sql("CREATE TABLE zzz (id INT PRIMARY KEY)"))
        .await
        .unwrap();
    in_database(&tenant, &format!("ALTER DATABASE CHARACTER SET latin1; {EVERYTHING}")).await;
    in_database(&tenant, ROWS).await;
    let before = shown(&store.pool, &tenant).await;

    let (bytes, exported) = export(&store.pool, &tenant).await;
    assert_eq!(exported.bytes, bytes.len() as u64);
    store.pool.drop_tenant(&*tenant).await.unwrap();
    let imported = import(&store.pool, &tenant, &bytes).await;
    assert_eq!((imported.rows, imported.tables), (exported.rows, exported.tables));
    assert_eq!(
        (imported.exported_as, imported.versions),
        (tenant.clone(), exported.versions)
    );
    let after = shown(&store.pool, &tenant).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    assert_eq!(before.len(), after.len());

    // Under another name, beside the first one: nothing leads there.
    let other = format!("{tenant} `two`");
    import(&store.pool, &other, &bytes).await;
    let sql =
        "INSERT INTO zzz VALUES (7); CALL note('x'); SELECT (SELECT COUNT(*) FROM aaa) AS a, NEXTVAL(ticket) AS b";
    let script = store.pool.run_script(sql).only([&*other]);
    let (_, answer) = script.start().await.unwrap().next().await.unwrap();
    let rows = answer.unwrap().pop().unwrap().rows;
    assert_eq!(rows[0][0].as_deref(), Some("1"));
    assert_eq!(shown(&store.pool, &tenant).await, before, "the other one is unchanged");
    let pending = store.pool.pending_tenant(&*other, Sql("SELECT 1")).await.unwrap();
    assert!(pending.is_empty(), "it has its versions: {pending:?}");
}

#[tokio::test]
async fn a_suspended_tenant_and_an_archive_come_back_suspended_or_active() {
    let store = Store::new().await;
    store.pool.suspend_tenant(&*store.first).await.unwrap();
    let (bytes, _) = export(&store.pool, &store.first).await;
    let copy = format!("{}c", store.first);
    import(&store.pool, &copy, &bytes).await;
    let archive = store.pool.archive_tenant(&*store.second).await.unwrap();
    let (bytes, _) = export(&store.pool, archive.as_str()).await;
    import(&store.pool, &store.second, &bytes).await;
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
    let tenants = store.pool.tenants().await.unwrap();
    let status = |name: &str| {
        tenants
            .iter()
            .find(|tenant| tenant.name.as_str() == name)
            .unwrap()
            .status
    };
    assert_eq!(status(&copy), TenantStatus::Suspended);
    assert_eq!(status(&store.second), TenantStatus::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_of_one_moment_while_others_write() {
    let store = Store::new().await;
    in_database(
        &store.first,
        "CREATE TABLE one (id INT PRIMARY KEY); CREATE TABLE two (id INT PRIMARY KEY)",
    )
    .await;
    static STOP: AtomicBool = AtomicBool::new(false);
    let tenant = store.first.clone();
    let writer = tokio::spawn(async move {
        let mut number = 0;
        while !AtomicBool::load(&STOP, SeqCst) {
            let sql = format!("BEGIN; INSERT INTO two VALUES ({number}); INSERT INTO one VALUES ({number}); COMMIT");
            in_database(&tenant, &sql).await;
            number += 1;
        }
    });
    for round in 0..5 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let (bytes, _) = export(&store.pool, &store.first).await;
        let copy = format!("{}m{round}", store.first);
        import(&store.pool, &copy, &bytes).await;
        let sql = "SELECT (SELECT COUNT(*) FROM one) = (SELECT COUNT(*) FROM two) AS alike";
        let script = store.pool.run_script(sql).only([&*copy]);
        let (_, answer) = script.start().await.unwrap().next().await.unwrap();
        assert_eq!(answer.unwrap()[0].rows, [[Some("1".to_owned())]]);
    }
    STOP.store(true, SeqCst);
    writer.await.unwrap();
}

#[tokio::test]
async fn what_is_damaged_or_cut_off_makes_no_tenant() {
    let store = Store::new().await;
    let (bytes, _) = export(&store.pool, &store.first).await;
    let copy = format!("{}d", store.first);
    for place in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x20;
        assert!(
            store.pool.import_tenant(&*copy).from(&damaged[..]).await.is_err(),
            "{place}"
        );
        assert!(
            store.pool.import_tenant(&*copy).from(&bytes[..place]).await.is_err(),
            "{place}"
        );
    }
    assert_no_tenant(&store.pool, &copy).await;
    import(&store.pool, &copy, &bytes).await;
    assert_eq!(prices(&store.pool, &copy).await, [5000]);
}

#[tokio::test]
async fn what_cannot_be_exported_as_it_is_is_refused_by_name() {
    let store = Store::new().await;
    for (number, (sql, told)) in [
        (
            "CREATE TABLE old (id INT PRIMARY KEY) ENGINE = MyISAM",
            "table old is of the engine MyISAM",
        ),
        (
            "CREATE TABLE history (id INT PRIMARY KEY) WITH SYSTEM VERSIONING",
            "table history keeps the former versions",
        ),
        (
            "CREATE VIEW beyond AS SELECT * FROM mysql.db",
            "view beyond: it leads to the database \"mysql\"",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let tenant = format!("{}r{number}", store.first);
        store
            .pool
            .create_tenant(&*tenant, Sql("CREATE TABLE a (id INT PRIMARY KEY)"))
            .await
            .unwrap();
        in_database(&tenant, sql).await;
        let mut bytes = Vec::new();
        let error = store.pool.export_tenant(&*tenant).to(&mut bytes).await.unwrap_err();
        assert!(chain(&error).contains(told), "{}", chain(&error));
        assert!(bytes.is_empty());
    }
    for unknown in ["nobody", "mysql"] {
        let error = store.pool.export_tenant(unknown).to(&mut Vec::new()).await.unwrap_err();
        let is_refused = matches!(error, ExportError::UnknownTenant { .. } | ExportError::InvalidName(_));
        assert!(is_refused, "{error}");
    }
}

#[tokio::test]
async fn what_the_server_lacks_is_told_and_makes_no_tenant() {
    let store = Store::new().await;
    connection()
        .await
        .batch_execute("INSERT INTO public.users (id, name) VALUES (4711, 'Eve')")
        .await
        .unwrap();
    in_database(
        &store.first,
        "INSERT INTO orders (user_id, item_id, quantity) VALUES (4711, 1, 1)",
    )
    .await;
    let (bytes, _) = export(&store.pool, &store.first).await;
    let taken = store
        .pool
        .import_tenant(&*store.second)
        .from(&bytes[..])
        .await
        .unwrap_err();
    assert!(chain(&taken).contains("exists already"), "{}", chain(&taken));
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);

    store.pool.drop_tenant(&*store.first).await.unwrap();
    connection()
        .await
        .batch_execute("DELETE FROM public.users WHERE id = 4711")
        .await
        .unwrap();
    let error = store
        .pool
        .import_tenant(&*store.first)
        .from(&bytes[..])
        .await
        .unwrap_err();
    assert!(chain(&error).contains("orders to public.users"), "{}", chain(&error));
    assert_no_tenant(&store.pool, &store.first).await;

    let folder = tempfile::tempdir().unwrap();
    let files = TenantPool::builder(SqliteFolder::new(folder.path()))
        .build()
        .await
        .unwrap();
    let error = files.import_tenant("client1").from(&bytes[..]).await.unwrap_err();
    assert!(matches!(error, ImportError::Format { .. }), "{error}");
    assert!(chain(&error).contains("of a tenant of MySQL"), "{}", chain(&error));
}

/// Gives bytes, and then waits for more that never come.
struct Stuck<'a>(&'a [u8]);

impl AsyncRead for Stuck<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.0.is_empty() {
            true => Poll::Pending,
            false => Pin::new(&mut self.0).poll_read(context, buffer),
        }
    }
}

#[tokio::test]
async fn an_import_that_is_given_up_leaves_no_tenant() {
    let store = Store::new().await;
    let (bytes, _) = export(&store.pool, &store.first).await;
    let copy = format!("{}g", store.first);
    let stuck = store.pool.import_tenant(&*copy).from(Stuck(&bytes[..bytes.len() - 9]));
    let given_up = tokio::time::timeout(Duration::from_secs(3), stuck).await;
    assert!(given_up.is_err());
    for _ in 0..200 {
        let query = format!("SELECT name AS line FROM public.__diesel_tenants WHERE name = '{copy}'");
        if lines(&query).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_no_tenant(&store.pool, &copy).await;
    import(&store.pool, &copy, &bytes).await;
}
