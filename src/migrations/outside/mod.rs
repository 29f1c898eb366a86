//! What a tenant's migration makes, alters or drops outside of the tenant's schema.
//!
//! The first tenant's migration does it for all, and the second one's finds it there. It is found in the text of the migration, which is
//! the same for all tenants, so that it costs none of them anything.

mod session;
mod statement;

use std::fmt;

use diesel::{migration::MigrationSource, pg::Pg};

use super::{
    Direction, MigrationSourceError, Plan, SchemaOwner,
    script::{Body, Script},
};
use crate::{
    SchemaName,
    translate::{Token, TokenKind, string_content, tokens},
};
pub use session::left_on_session;
use statement::{Target, target};

/// What a tenant's migration creates, alters or drops outside of the tenant's schema: under a name with another schema,
/// as an object of the whole database or server, or where the migration's own search_path leads. Functions that the
/// migration creates are reported too if they [leave something on the caller's session](left_on_session), where the
/// next tenant would find it.
///
/// Rows are not reported (`INSERT INTO public.plans`), nor is anything that a called function does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OutsideWork {
    /// The migration's name: version and title.
    pub migration: String,
    /// The beginning of each statement, up to the name: `CREATE TABLE public.accounts`.
    pub statements: Vec<String>,
}

impl fmt::Display for OutsideWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "migration {}: {}", self.migration, self.statements.join("; "))
    }
}

impl OutsideWork {
    /// Of all migrations of a source, in one direction.
    pub(super) async fn of_plan(plan: &Plan, direction: Direction) -> Result<Vec<Self>, MigrationSourceError> {
        let versions = plan.migrations.iter().map(|migration| migration.version.clone());
        let scripts = plan.prepare(versions.collect(), direction).await?;
        Ok(Self::of_scripts(&scripts))
    }

    pub(super) fn of_scripts(scripts: &[Script]) -> Vec<Self> {
        scripts.iter().filter_map(|script| script.outside_work(None)).collect()
    }
}

/// What a source's tenant migrations create, alter or drop outside of the tenant's schema, oldest first. Migrations
/// written in Rust are called with a connection that executes nothing.
///
/// ```
/// # use diesel_migrations::FileBasedMigrations;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::create_dir(folder.path().join("1_accounts"))?;
/// # std::fs::write(folder.path().join("1_accounts/up.sql"), "CREATE TABLE public.accounts (id int)")?;
/// # std::fs::write(folder.path().join("1_accounts/down.sql"), "DROP TABLE public.accounts")?;
/// let migrations = FileBasedMigrations::from_path(folder.path())?;
/// for work in diesel_tenants::migrations::outside_work(migrations).await? {
///     println!("{work}"); // migration 1_accounts: CREATE TABLE public.accounts
/// #   assert_eq!(work.to_string(), "migration 1_accounts: CREATE TABLE public.accounts");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`MigrationSourceError`] if the migrations can't be used.
pub async fn outside_work(
    migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
) -> Result<Vec<OutsideWork>, MigrationSourceError> {
    OutsideWork::of_plan(&Plan::read(migrations).await?, Direction::Up).await
}

impl Script {
    /// For whomever it is, or for one tenant, whose own schema may be named.
    pub(super) fn outside_work(&self, tenant: Option<&SchemaName>) -> Option<OutsideWork> {
        let Body::Sql(sql) = &self.body else { return None };
        let found = sql.iter().flat_map(|sql| of_script(sql));
        let statements: Vec<String> = found
            .filter(|found| tenant.is_none_or(|tenant| found.schema.as_deref() != Some(tenant.as_str())))
            .map(|found| found.statement)
            .collect();
        (!statements.is_empty()).then(|| OutsideWork {
            migration: self.migration.name.clone(),
            statements,
        })
    }

    /// The same for the owner of a schema. Shared migrations have the database to themselves.
    pub(super) fn outside_work_for(&self, owner: &SchemaOwner) -> Option<OutsideWork> {
        match owner {
            SchemaOwner::Tenant(tenant) => self.outside_work(Some(tenant)),
            SchemaOwner::Shared(_) => None,
        }
    }
}

/// A statement that works outside.
struct Found {
    statement: String,
    /// The schema that it names, if it names one.
    schema: Option<String>,
}

/// A text that can't be cut into tokens does nothing: the server will refuse it.
fn of_script(sql: &str) -> Vec<Found> {
    let mut found = Vec::new();
    find(sql, false, &mut found);
    found
}

/// Statements begin behind a semicolon and, in a block of code, behind the words that begin a list of them.
fn find(sql: &str, in_block: bool, found: &mut Vec<Found>) {
    let Some(tokens) = tokens(sql) else { return };
    let mut is_begin = true;
    for (index, token) in tokens.iter().enumerate() {
        if is_begin && token.kind != TokenKind::Semicolon {
            let end = tokens[index..]
                .iter()
                .position(|token| token.kind == TokenKind::Semicolon);
            let statement = &tokens[index..end.map_or(tokens.len(), |end| index + end)];
            for Target { schema, end } in target(sql, statement) {
                let text = &sql[token.start as usize..end];
                let words: Vec<&str> = text.split_whitespace().collect();
                found.push(Found {
                    statement: words.join(" "),
                    schema,
                });
            }
            let left = match in_block {
                false => session::of_function(sql, statement, &tokens[index..]),
                true => Vec::new(),
            };
            found.extend(left.into_iter().map(|statement| Found {
                statement,
                schema: None,
            }));
            let first = word(sql, *token);
            if first == "do" || (in_block && first == "execute") {
                let strings = statement.iter().filter(|token| token.kind == TokenKind::String);
                strings.for_each(|string| {
                    find(
                        &string_content(&sql[string.start as usize..string.end as usize]),
                        true,
                        found,
                    )
                });
            }
        }
        is_begin = token.kind == TokenKind::Semicolon
            || (in_block && ["begin", "then", "else", "loop"].contains(&&*word(sql, *token)));
    }
}

/// A word without quotes, in small letters.
fn word(sql: &str, token: Token) -> String {
    match token.kind {
        TokenKind::Word(_) => sql[token.start as usize..token.end as usize].to_ascii_lowercase(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_found(sql: &str, statements: &[&str]) {
        let found: Vec<String> = of_script(sql).into_iter().map(|found| found.statement).collect();
        assert_eq!(found, statements, "{sql}");
    }

    #[test]
    fn what_names_another_schema_is_found() {
        for (sql, statement) in [
            ("CREATE TABLE  public.accounts (id int)", "CREATE TABLE public.accounts"),
            (
                "create unlogged table if not exists Public.a ()",
                "create unlogged table if not exists Public.a",
            ),
            (
                "ALTER TABLE IF EXISTS ONLY public.users ADD COLUMN a int",
                "ALTER TABLE IF EXISTS ONLY public.users",
            ),
            (
                "DROP TABLE IF EXISTS own, \"pub lic\".users CASCADE",
                "DROP TABLE IF EXISTS own, \"pub lic\".users",
            ),
            (
                "CREATE OR REPLACE FUNCTION public.f(a int) RETURNS int LANGUAGE sql AS ''",
                "CREATE OR REPLACE FUNCTION public.f",
            ),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY i ON public.users (a)",
                "CREATE UNIQUE INDEX CONCURRENTLY i ON public.users",
            ),
            (
                "CREATE TRIGGER t AFTER INSERT OR UPDATE OF a ON public.users EXECUTE FUNCTION f()",
                "CREATE TRIGGER t AFTER INSERT OR UPDATE OF a ON public.users",
            ),
            ("DROP POLICY p ON public.users", "DROP POLICY p ON public.users"),
            (
                "CREATE RULE r AS ON INSERT TO public.users DO NOTHING",
                "CREATE RULE r AS ON INSERT TO public.users",
            ),
            (
                "CREATE MATERIALIZED VIEW public.v AS SELECT 1",
                "CREATE MATERIALIZED VIEW public.v",
            ),
            (
                "CREATE TEXT SEARCH CONFIGURATION public.c (COPY = simple)",
                "CREATE TEXT SEARCH CONFIGURATION public.c",
            ),
            (
                "CREATE OPERATOR public.=== (LEFTARG = int)",
                "CREATE OPERATOR public.===",
            ),
            ("ALTER TYPE public.mood ADD VALUE 'x'", "ALTER TYPE public.mood"),
            (
                "COMMENT ON COLUMN public.users.name IS 'x'",
                "COMMENT ON COLUMN public.users.name",
            ),
            (
                "COMMENT ON CONSTRAINT c ON public.users IS 'x'",
                "COMMENT ON CONSTRAINT c ON public.users",
            ),
            (
                "GRANT SELECT, UPDATE (a) ON TABLE public.users TO app",
                "GRANT SELECT, UPDATE (a) ON TABLE public.users",
            ),
            ("TRUNCATE public.users", "TRUNCATE public.users"),
            (
                "REFRESH MATERIALIZED VIEW public.v",
                "REFRESH MATERIALIZED VIEW public.v",
            ),
            (
                "ALTER TABLE orders SET SCHEMA public",
                "ALTER TABLE orders SET SCHEMA public",
            ),
            ("SELECT 1 AS a INTO public.t", "SELECT 1 AS a INTO public.t"),
        ] {
            assert_found(sql, &[statement]);
        }
    }

    #[test]
    fn what_belongs_to_all_of_the_database_is_found() {
        for (sql, statement) in [
            (
                "CREATE EXTENSION IF NOT EXISTS citext",
                "CREATE EXTENSION IF NOT EXISTS citext",
            ),
            ("DROP SCHEMA other CASCADE", "DROP SCHEMA other"),
            ("CREATE ROLE app LOGIN", "CREATE ROLE app"),
            ("ALTER DATABASE store SET work_mem = '1MB'", "ALTER DATABASE store"),
            ("ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM SET"),
            ("CREATE PUBLICATION p FOR ALL TABLES", "CREATE PUBLICATION p"),
            (
                "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()",
                "CREATE EVENT TRIGGER t",
            ),
            ("GRANT USAGE ON SCHEMA public TO app", "GRANT USAGE ON SCHEMA public"),
            (
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public",
            ),
            ("GRANT admin TO app", "GRANT admin TO app"),
            ("DROP OWNED BY app", "DROP OWNED BY"),
            (
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
                "ALTER DEFAULT PRIVILEGES GRANT",
            ),
        ] {
            assert_found(sql, &[statement]);
        }
    }

    #[test]
    fn a_search_path_of_its_own_and_blocks_of_code_are_found() {
        for (sql, statement) in [
            (
                "SET search_path = public; CREATE TABLE a ()",
                "SET search_path = public",
            ),
            (
                "SET LOCAL search_path TO public, other",
                "SET LOCAL search_path TO public",
            ),
            (
                "SELECT pg_catalog.set_config('search_path', 'public', false)",
                "SELECT pg_catalog.set_config('search_path', 'public'",
            ),
            (
                "DO $x$ BEGIN IF true THEN CREATE TYPE public.mood AS ENUM (); END IF; END $x$",
                "CREATE TYPE public.mood",
            ),
            (
                "DO $$ BEGIN EXECUTE 'CREATE TABLE public.a (b text DEFAULT ''x'')'; END $$",
                "CREATE TABLE public.a",
            ),
            (
                "DO $$ BEGIN EXECUTE format('ALTER TABLE public.%I ADD a int', 'b'); END $$",
                "ALTER TABLE public.%",
            ),
        ] {
            assert_found(sql, &[statement]);
        }
    }

    #[test]
    fn functions_that_leave_something_on_their_callers_session_are_found() {
        for (sql, statement) in [
            (
                "CREATE OR REPLACE FUNCTION  report(a int) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
                 BEGIN CREATE TEMP TABLE tmp_report AS SELECT 1; END $$",
                "CREATE OR REPLACE FUNCTION report: CREATE TEMP TABLE tmp_report, which stays on its caller's session",
            ),
            (
                "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN SET app.tenant = ''x''; END'",
                "CREATE PROCEDURE p: SET app, which stays on its caller's session",
            ),
            (
                "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT 1; SELECT set_config('a', 'b', false); END; SELECT 1",
                "CREATE FUNCTION f: set_config, which stays on its caller's session",
            ),
        ] {
            assert_found(sql, &[statement]);
        }
        assert_found(
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET work_mem = '1MB' AS
             $$ BEGIN CREATE TEMP TABLE a (x int) ON COMMIT DROP; SET LOCAL work_mem = '2MB'; END $$",
            &[],
        );
    }

    #[test]
    fn what_stays_in_the_tenants_schema_is_no_work_outside() {
        for sql in [
            "CREATE TABLE orders (id int REFERENCES public.users, LIKE public.template)",
            "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES public.users",
            "CREATE VIEW v AS SELECT * FROM public.users",
            "CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION public.f()",
            "CREATE FUNCTION f(a public.mood) RETURNS public.mood LANGUAGE sql AS $$ CREATE TABLE public.a () $$",
            "CREATE TEMP TABLE pg_temp.a ()",
            "CREATE TEMP TABLE a ()",
            "INSERT INTO public.plans VALUES ('DROP TABLE public.users')",
            "CREATE INDEX ON orders (lower(name))",
            "ALTER SEQUENCE s OWNED BY orders.id",
            "COMMENT ON COLUMN orders.id IS 'x'",
            "GRANT SELECT ON orders TO app",
            "DROP TABLE a, b",
            "CREATE TABEL public.a ()",
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "CREATE TYPE mood AS ENUM ('a')",
            "CREATE DOMAIN d AS public.mood",
            "SELECT set_config('search_path', '', false)",
            "SET search_path = ''",
            "SET LOCAL lock_timeout = 1",
            "DO $$ BEGIN CREATE TABLE a (); END $$",
            "COMMENT ON TABLE a IS 'DROP TABLE public.users'",
            "ALTER TABLE a OWNER TO app; ALTER TABLE a ATTACH PARTITION b FOR VALUES IN (1)",
            "CREATE AGGREGATE total(int) (SFUNC = public.f, STYPE = int)",
            "CREATE TABLE a AS SELECT 1 FROM public.users",
            "SELECT 1 FROM public.users",
            "CREATE STATISTICS s ON a, b FROM orders",
        ] {
            assert_found(sql, &[]);
        }
    }
}
