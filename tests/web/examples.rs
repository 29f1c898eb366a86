//! The examples answer as their READMEs say.

use diesel_tenants_test_support::Server;

use crate::transcript::answers_as_its_readme_says;

fn on_postgres(example: &str) {
    let database = Server::shared().database();
    answers_as_its_readme_says(example, database.url());
}

#[test]
fn products() {
    on_postgres("products");
}

#[test]
fn sign_up() {
    on_postgres("sign-up");
}

#[test]
fn store_actix() {
    on_postgres("store-actix");
}

#[test]
fn store_axum() {
    on_postgres("store-axum");
}

#[test]
fn store_rocket() {
    on_postgres("store-rocket");
}
