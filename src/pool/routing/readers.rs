use std::{collections::HashMap, sync::Arc};

use super::{
    databases::{DatabaseLimits, Databases, Pool},
    replicas::Replicas,
};

/// The replicas that were declared, by their URLs.
pub(crate) struct ReplicaUrls<U> {
    pub(crate) main: Vec<U>,
    pub(crate) further: HashMap<String, Vec<U>>,
    pub(crate) limits: DatabaseLimits,
}

impl<U> Default for ReplicaUrls<U> {
    fn default() -> Self {
        Self {
            main: Vec::new(),
            further: HashMap::new(),
            limits: DatabaseLimits::default(),
        }
    }
}

/// Pools whose connections only read: one for each replica, and one for each database. Each is opened when it is first
/// needed.
pub(crate) struct Readers<P: Pool> {
    pub(crate) pools: Arc<Databases<P>>,
    pub(crate) main_url: P::Url,
    pub(crate) main: Replicas<P::Url>,
    pub(crate) further: HashMap<String, Replicas<P::Url>>,
}

impl<P: Pool> Readers<P> {
    pub(crate) fn new(main_url: P::Url, pools: Arc<Databases<P>>, replicas: ReplicaUrls<P::Url>) -> Self {
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
