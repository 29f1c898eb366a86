use std::sync::Arc;

use diesel::result::Error;

use crate::{SchemaName, tenancy::LifecycleEvent};

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Label(());

impl Label {
    pub(crate) fn of(_: Option<&SchemaName>, _: &Arc<str>) -> Self {
        Self(())
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Span(());

impl Span {
    pub(crate) fn checkout(_: &'static str, _: Option<&SchemaName>, _: &str, _: bool) -> Self {
        Self(())
    }

    pub(crate) fn migration(_: &'static str, _: &SchemaName) -> Self {
        Self(())
    }

    pub(crate) fn lifecycle(_: &LifecycleEvent) -> Self {
        Self(())
    }

    pub(crate) fn tenant(_: &SchemaName) -> Self {
        Self(())
    }

    pub(crate) fn run<F: Future>(self, work: F) -> F {
        work
    }

    pub(crate) fn enter(&self) -> Entered {
        Entered
    }

    pub(crate) fn failed(&self, _: &Error) {}

    pub(crate) fn abandoned(&self) {}
}

pub(crate) struct Entered;
