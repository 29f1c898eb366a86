//! Clones that fail.

use std::time::Duration;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clone_that_fails_while_its_rows_are_copied_is_gone_and_the_template_can_be_written_to() {
    let world = world().await;
    let (tenant, copy) = (world.tenant("client1"), world.tenant("client2"));
    let tables = "CREATE TABLE items (id INT PRIMARY KEY, price INT CHECK (price > 0)); \
                  CREATE TABLE orders (id INT PRIMARY KEY)";
    create(&world.server, &tenant, &plan(&[("01_items", tables)]).await, WAIT)
        .await
        .unwrap();
    // A row from before the rule.
    world
        .run(&format!(
            "SET check_constraint_checks = 0; INSERT INTO {tenant}.items VALUES (1, -1)"
        ))
        .await;
    let cloning = clone_tenant(&world.server, &tenant, &copy, true, WAIT);
    let cloned = tokio::time::timeout(Duration::from_secs(20), cloning).await;
    let error = message(&cloned.expect("a clone that ends").unwrap_err());
    assert!(error.contains("CONSTRAINT"), "{error}");
    assert_eq!(entry(&world, &copy).await, None);
    assert!(!database::exists(&mut world.session().await, &copy).await.unwrap());
    world.run(&format!("INSERT INTO {tenant}.orders VALUES (1)")).await;

    world.run(&format!("UPDATE {tenant}.items SET price = 1")).await;
    clone_tenant(&world.server, &tenant, &copy, true, WAIT).await.unwrap();
    assert_same(&world.dump(&copy), &world.dump(&tenant), "the clone");
}
