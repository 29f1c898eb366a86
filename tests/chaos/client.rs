//! This program once more, as a client that is killed.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use diesel_tenants::TenantPool;
use diesel_tenants_test_support::chain;
use serde::{Deserialize, Serialize};

use crate::{operation::Operation, world::pool};

const TASK: &str = "CHAOS_CLIENT";

#[derive(Serialize, Deserialize)]
struct Task {
    home: String,
    shard: String,
    operation: Operation,
}

/// Starts a client for one operation, and returns once it is about to begin.
pub fn start(home: &str, shard: &str, operation: &Operation) -> Child {
    let task = Task {
        home: home.to_owned(),
        shard: shard.to_owned(),
        operation: operation.clone(),
    };
    let task = serde_json::to_string(&task).expect("plain data");
    let program = env::current_exe().expect("the program that runs");
    let mut child = Command::new(program)
        .env(TASK, task)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program runs");
    if let Some(output) = child.stdout.as_mut() {
        // Nothing comes from one that could not connect.
        let _ = BufReader::new(output).read_line(&mut String::new());
    }
    child
}

/// Does the task of a client, if this process is one, and tells whether it was.
pub async fn is_one() -> bool {
    let Ok(task) = env::var(TASK) else { return false };
    let Task { home, shard, operation } = serde_json::from_str(&task).expect("a task");
    let pool: TenantPool = pool(&home, &shard).await;
    println!("ready");
    if let Err(error) = operation.run(&pool).await {
        println!("{}", chain(&*error));
    }
    true
}
