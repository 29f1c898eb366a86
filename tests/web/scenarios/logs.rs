use diesel_tenants::migrations::NoMigrations;

use crate::{
    handlers::{Find, Service},
    http::{get, get_at},
    log::lines_with,
    servers::Serve,
    store::Store,
};

pub async fn tenants_in_spans<S: Serve>() {
    let store = Store::with(|builder| builder.max_size(4)).await;
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    let address = *server;
    let requests: Vec<_> = (0..20)
        .map(|number| {
            tokio::spawn(async move {
                let tenant = if number % 2 == 0 { "client1" } else { "client2" };
                get_at(address, &format!("{tenant}.shop.example"), "/slow").await
            })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().status, 200);
    }
    let lines = lines_with("in the handler");
    assert!(lines.len() >= 20, "{lines:?}");
    for line in lines {
        let tenant = if line.contains("client1 Tesla") {
            "client1"
        } else {
            "client2"
        };
        assert!(line.contains(&format!("tenant{{tenant=\"{tenant}\"}}: ")), "{line}");
    }

    // What the client isn't told, is in the log, with its tenant.
    let tenant = format!("leaky_{}", address.port());
    store.pool.create_tenant(&tenant, NoMigrations).await.unwrap();
    assert_eq!(
        get_at(address, &format!("{tenant}.shop.example"), "/leak").await.status,
        500
    );
    let lines = lines_with(&format!("tenant{{tenant=\"{tenant}\"}}: "));
    assert!(
        lines
            .iter()
            .any(|line| line.contains("ERROR") && line.contains("items")),
        "{lines:?}"
    );
}

/// Each server has an access log, written in its framework's way.
pub async fn tenants_in_access_logs<S: Serve>() {
    let store = Store::new().await;
    let service = Service::new(&store.pool, Find::Subdomain);
    let server = S::start(service.clone()).await;
    for host in ["client1", "client2", "www", "nobody"] {
        get(*server, "/products", &[("Host", &format!("{host}.shop.example"))]).await;
    }
    let log = service.access_log.lock().unwrap().clone();
    assert_eq!(log, ["200 client1", "200 client2", "200 -", "404 -"]);
}
