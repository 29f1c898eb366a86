//! The same scenarios in each web framework, over real HTTP, with a real PostgreSQL.

mod examples;
mod frameworks;
mod handlers;
mod http;
mod log;
mod scenarios;
#[path = "../suite/schema.rs"]
mod schema;
mod servers;
#[cfg(feature = "sqlite")]
mod sqlite;
#[path = "../suite/store.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod store;
#[cfg(feature = "sqlite")]
#[path = "../sqlite/tables.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod tables;
mod transcript;

macro_rules! tests {
    ($($module:ident: $($scenario:ident)*;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                crate::scenarios::$module::$scenario::<Server>().await;
            }
        )*)*
    };
}

macro_rules! scenarios_in {
    ($framework:ident: $($more:tt)*) => {
        mod $framework {
            use crate::servers::$framework::Server;

            tests! {
                hosts: tenants_by_host hostile_hosts forwarded_hosts domains_of_the_directory domains_in_two_forms;
                names: names_that_change_hands;
                headers: tenants_by_header hostile_headers tenants_by_path tenants_by_session chains agreement;
                rejections: suspended_and_unknown_tenants schemas_of_refused_requests busy_pools_and_lost_servers answers_of_ones_own;
                handlers: shared_tables the_current_tenant transactions;
                load: clients_that_hang_up many_tenants_on_few_connections two_connections_for_each_request shutdown_under_load;
                logs: tenants_in_spans tenants_in_access_logs;
                $($more)*
            }
        }
    };
}

scenarios_in!(actix: rejections: handlers_without_the_middleware;);
scenarios_in!(axum: rejections: handlers_without_the_middleware;);
scenarios_in!(rocket: );
