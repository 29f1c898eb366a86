//! The example `users` answers as its README says.

use diesel_tenants_test_support::MariaDb;

use crate::transcript::answers_as_its_readme_says;

#[test]
fn users() {
    answers_as_its_readme_says("users", &MariaDb::shared().url());
}
