//! A client that dies at any moment: the same call, run again, ends as if it had not.

use super::*;

/// Runs the task with a client that dies at each event in turn, then without dying, and calls `check` after each.
async fn at_every_event<F>(run: impl Fn(usize) -> F) -> usize
where
    F: Future<Output = bool>,
{
    // Several at a time, because each one waits for the server.
    for first in (0..).step_by(8) {
        let outcomes = futures_util::future::join_all((first..first + 8).map(&run)).await;
        if let Some(complete) = outcomes.iter().position(|died| !died) {
            return first + complete;
        }
    }
    unreachable!("some run is complete")
}

const TEXT: &str = "SET foreign_key_checks = 0;
    CREATE TABLE a (b INT PRIMARY KEY AUTO_INCREMENT, c INT);
    INSERT INTO a (b, c) VALUES (1, 1), (2, 2);
    CREATE UNIQUE INDEX i ON a (c);
    ALTER TABLE a ADD COLUMN d INT NOT NULL DEFAULT 7;
    UPDATE a SET d = d + c;
    CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN IF NEW.c > 2 THEN SET NEW.d = 100; END IF; END;
    CREATE PROCEDURE p() BEGIN SELECT 1; END;
    DROP INDEX i ON a;
    RENAME TABLE a TO e;
    CREATE VIEW v AS SELECT b, d FROM e;
    CREATE TABLE gone (a INT);
    DROP TABLE gone;
    INSERT INTO e (b, c) VALUES (3, 3)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_whose_client_dies_anywhere_ends_as_one_that_was_not_disturbed() {
    let (world, undisturbed) = store().await;
    let migrations = [
        ("01_x", TEXT),
        ("02_rows", "INSERT INTO e (b, c) VALUES (4, 4); UPDATE e SET d = d * 2"),
    ];
    migrate(&world, &undisturbed, &migrations).await.unwrap();
    let expected = world.dump(&undisturbed);
    let world = &world;
    let events = at_every_event(|event| {
        let expected = &expected;
        async move {
            let tenant = world.tenant(&format!("death{event}"));
            lifecycle::create(&world.server, &tenant, &plan(&[]).await, WAIT)
                .await
                .unwrap();
            let (server, name, plan) = (world.dying_at(event), tenant.clone(), plan(&migrations).await);
            let died = outcome(async move { lifecycle::migrate(&server, &name, &plan, WAIT).await.unwrap() })
                .await
                .is_none();
            migrate(world, &tenant, &migrations)
                .await
                .unwrap_or_else(|error| panic!("{event}: {}", message(&error)));
            assert_same(&world.dump(&tenant), expected, event);
            world.run(&format!("DROP DATABASE {tenant}")).await;
            died
        }
    });
    let events = events.await;
    assert!(events > 40, "{events}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revert_whose_client_dies_anywhere_ends_as_one_that_was_not_disturbed() {
    let (world, undisturbed) = store().await;
    let texts = [(
        "01_a",
        "CREATE TABLE a (b INT); INSERT INTO a VALUES (5)",
        "UPDATE a SET b = b + 1; ALTER TABLE a ADD c \
                  INT; UPDATE a SET b = b + 1",
    )];
    let expected = {
        let plan = reversible(&texts).await;
        lifecycle::migrate(&world.server, &undisturbed, &plan, WAIT)
            .await
            .unwrap();
        lifecycle::revert(&world.server, &undisturbed, &plan, 1, WAIT)
            .await
            .unwrap();
        world.dump(&undisturbed)
    };
    assert!(expected.contains("7"));
    let world = &world;
    at_every_event(|event| {
        let expected = &expected;
        async move {
            let plan = reversible(&texts).await;
            let tenant = world.tenant(&format!("death{event}"));
            lifecycle::create(&world.server, &tenant, &plan, WAIT).await.unwrap();
            let (server, name, dying) = (world.dying_at(event), tenant.clone(), plan.clone());
            let died = outcome(async move { lifecycle::revert(&server, &name, &dying, 1, WAIT).await.unwrap() })
                .await
                .is_none();
            lifecycle::revert(&world.server, &tenant, &plan, 1, WAIT)
                .await
                .unwrap_or_else(|error| panic!("{event}: {}", message(&error)));
            assert_same(&world.dump(&tenant), expected, event);
            died
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_shows_nothing_is_told_with_what_to_do_by_hand() {
    let (world, tenant) = store().await;
    let migrations = [(
        "01_x",
        "CREATE TABLE a (b INT); INSERT INTO a VALUES (1); TRUNCATE TABLE a; INSERT INTO a VALUES (2)",
    )];
    migrate(&world, &tenant, &migrations).await.unwrap();
    let expected = world.dump(&tenant);
    let mut told = 0;
    for event in 0.. {
        let tenant = world.tenant(&format!("death{event}"));
        lifecycle::create(&world.server, &tenant, &plan(&[]).await, WAIT)
            .await
            .unwrap();
        let (server, name, dying) = (world.dying_at(event), tenant.clone(), plan(&migrations).await);
        let died = outcome(async move { lifecycle::migrate(&server, &name, &dying, WAIT).await.unwrap() })
            .await
            .is_none();
        match migrate(&world, &tenant, &migrations).await {
            Ok(_) => {}
            Err(error) => {
                let error = message(&error);
                assert!(
                    error.contains("its statement 3 (line 1: ") && error.contains("nothing shows"),
                    "{error}"
                );
                let is_applied = world
                    .number(&format!("SELECT COUNT(*) AS number FROM {tenant}.a"))
                    .await
                    == 0;
                let remedies: Vec<&str> = error.split('`').filter(|part| part.starts_with("UPDATE ")).collect();
                // The names in the statements are in backticks as well.
                assert!(remedies.len() == 2, "{error}");
                let set = if is_applied {
                    "done = 3, running = NULL"
                } else {
                    "running = NULL"
                };
                world
                    .run(&format!(
                        "UPDATE `{tenant}`.`__diesel_tenants_progress` SET {set} WHERE version = '01'"
                    ))
                    .await;
                migrate(&world, &tenant, &migrations).await.unwrap();
                told += 1;
            }
        }
        assert_same(&world.dump(&tenant), &expected, event);
        if !died {
            break;
        }
    }
    // Before the statement, and before the note behind it.
    assert_eq!(told, 2);
}
