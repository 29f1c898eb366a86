//! Analysed statements, kept so that a text is analysed once for all maps and connections.

use std::sync::{Arc, LazyLock};

use quick_cache::{Weighter, sync::Cache};

use super::{Template, TranslateError};

/// Bounded by bytes; a text seen once doesn't push out one that is used often (quick_cache evicts by S3-FIFO).
static TEMPLATES: LazyLock<Cache<Box<str>, Arc<Template>, ByBytes>> =
    LazyLock::new(|| Cache::with_weighter(16_384, 32 << 20, ByBytes));

/// Longer texts are mostly batches of values that never come again: analysing them costs less than remembering them.
const LONGEST_KEPT: usize = 64 << 10;

#[derive(Clone)]
struct ByBytes;

impl Weighter<Box<str>, Arc<Template>> for ByBytes {
    fn weight(&self, sql: &Box<str>, template: &Arc<Template>) -> u64 {
        (sql.len() + template.memory()) as u64
    }
}

/// The template of `sql`, analysed now or before.
pub(crate) fn get(sql: &str) -> Result<Arc<Template>, TranslateError> {
    if sql.len() > LONGEST_KEPT {
        return Template::analyse(sql).map(Arc::new);
    }
    if let Some(template) = TEMPLATES.get(sql) {
        return Ok(template);
    }
    let template = Arc::new(Template::analyse(sql)?);
    TEMPLATES.insert(sql.into(), Arc::clone(&template));
    Ok(template)
}
