//! Looks at what other processes do.

use std::sync::Arc;

use super::idle::KeepsIdle;
use crate::{
    backend::sqlite::{
        STATE_TABLE,
        files::{Folder, SharedNumber},
    },
    pool::directory_cache::KnownTenants,
    signals::Counters,
};

/// Until the pool is gone, looks whether the folder is at its path, closes idle connections to files that somebody needs alone, and forgets the directory's
/// answers when its tables have changed.
pub(super) async fn watch(
    folder: Arc<Folder>,
    idle: Vec<Arc<dyn KeepsIdle>>,
    known: Option<Arc<KnownTenants>>,
    counters: Arc<Counters>,
) {
    counters.hearing.connected();
    let mut directory = None;
    loop {
        tokio::time::sleep(Folder::LOOK_EVERY).await;
        folder.look_at_path();
        // Each is asked, so that each notes the time.
        let were_used = idle.iter().filter(|idle| idle.was_used()).count() > 0;
        if known.is_none() && !were_used {
            counters.hearing.certain();
            continue;
        }
        let (folder, idle, known) = (Arc::clone(&folder), idle.clone(), known.clone());
        let hearing = Arc::clone(&counters);
        let look = move || {
            if let Ok(wanted) = folder.wanted() {
                hearing.hearing.certain();
                for idle in &idle {
                    idle.set_wanted(&wanted);
                    if !wanted.is_empty() {
                        idle.release(&wanted);
                    }
                }
            }
            known.and_then(|known| look_at_directory(directory, &folder, &known))
        };
        directory = tokio::task::spawn_blocking(look).await.ok().flatten();
    }
}

/// What can't be looked at now is looked at again. Until then answers are forgotten after their time.
fn look_at_directory(directory: Option<SharedNumber>, folder: &Folder, known: &KnownTenants) -> Option<SharedNumber> {
    let mut directory = match directory {
        Some(directory) => directory,
        None => SharedNumber::of(folder, STATE_TABLE, "changes").ok()?,
    };
    if directory.has_changed().ok()? {
        known.forget_all();
    }
    Some(directory)
}
