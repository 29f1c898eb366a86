use std::{collections::HashMap, sync::Arc};

use super::{
    databases::{DatabaseLimits, Databases, Pool},
    replicas::Replicas,
};

/// The replicas that were declared.
#[derive(Default)]
pub(crate) struct ReplicaUrls {
    pub(crate) main: Vec<String>,
    pub(crate) further: HashMap<String, Vec<String>>,
    pub(crate) limits: DatabaseLimits,
}

/// Pools whose connections only read: one for each replica, and one for each database. Each is opened when it is first
/// needed.
pub(crate) struct Readers<P> {
    pub(crate) pools: Arc<Databases<P>>,
    pub(crate) main_url: String,
    pub(crate) main: Replicas,
    pub(crate) further: HashMap<String, Replicas>,
}

impl<P: Pool> Readers<P> {
    pub(crate) fn new(main_url: String, pools: Arc<Databases<P>>, replicas: ReplicaUrls) -> Self {
        let ReplicaUrls { main, further, .. } = replicas;
        let further = further.into_iter().map(|(database, urls)| {
            let replicas = Replicas::new(&format!("{database}, replica"), urls);
            (database, replicas)
        });
        Self {
            pools,
            main_url,
            main: Replicas::new("replica", main),
            further: further.collect(),
        }
    }

    pub(crate) fn close(&self) {
        self.pools.close();
    }
}
