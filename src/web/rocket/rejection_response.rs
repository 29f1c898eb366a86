//! How rejected requests are answered: by one of the application's catchers, or in JSON.

use std::{
    any::TypeId,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use rocket::{
    Catcher, Data, Request, Response, async_trait,
    catcher::BoxFuture as CatcherFuture,
    http::{ContentType, Status},
    response::{self, Responder},
    route::{self, Handler},
};

use super::{
    Rejection, Rocket,
    admission::{Admission, admission, slot},
};
use crate::{pool::Backend, web::tenants::OnRejection};

/// State that the fairing registers. Guards and catchers read from it that the fairing is attached, its database type,
/// and the application's handler for rejections.
pub(super) struct Installed {
    database: TypeId,
    answers: Option<Arc<OnRejection<Rocket>>>,
}

impl Installed {
    pub(super) fn new<B: Backend>(answers: Option<Arc<OnRejection<Rocket>>>) -> Self {
        Self {
            database: TypeId::of::<B>(),
            answers,
        }
    }

    /// Whether the fairing is for a pool of this kind of database.
    pub(super) fn is_of<B: Backend>(&self) -> bool {
        self.database == TypeId::of::<B>()
    }
}

/// The name of this crate's catchers and of its route.
pub(super) const OURS: &str = "diesel-tenants";

/// The route to which all rejected requests are sent.
#[derive(Clone)]
pub(super) struct AnswerRejected;

#[async_trait]
impl Handler for AnswerRejected {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        match admission(request) {
            Admission::Rejected(rejection) => reject(request, &rejection),
            Admission::NotInstalled | Admission::Admitted(_) => route::Outcome::Forward((data, Status::NotFound)),
        }
    }
}

/// Answers a request that the fairing rejected, or leaves it to a catcher.
pub(super) fn reject<'r>(request: &'r Request<'_>, rejection: &Rejection) -> route::Outcome<'r> {
    rejection.log();
    if let Some(answer) = own_answer(request, rejection) {
        return route::Outcome::Success(answer);
    }
    let status = status_of(rejection);
    let is_theirs = |catcher: &Catcher| {
        catcher.name.as_deref() != Some(OURS)
            && catches(catcher, status)
            && catcher
                .base
                .path()
                .segments()
                .prefix_of(request.uri().path().segments())
    };
    if request.rocket().catchers().any(is_theirs) {
        return route::Outcome::Error(status);
    }
    route::Outcome::Success(in_json(rejection))
}

pub(super) fn answer_refusal<'r>(status: Status, request: &'r Request<'_>) -> CatcherFuture<'r> {
    Box::pin(async move {
        let admission = admission(request);
        let rejection = match &admission {
            Admission::Rejected(rejection) => Some(&**rejection),
            _ if !slot(request).is_refused.load(Relaxed) => None,
            Admission::Admitted(context) => context.admitted().is_none().then_some(&Rejection::Missing),
            Admission::NotInstalled => Some(&Rejection::NotInstalled),
        };
        match rejection.filter(|rejection| status_of(rejection) == status) {
            Some(rejection) => Ok(answer(request, rejection)),
            None => Catcher::default().handler.handle(status, request).await,
        }
    })
}

/// Whether a catcher handles a status, whatever its base path.
pub(super) fn catches(catcher: &Catcher, status: Status) -> bool {
    catcher.code.is_none_or(|code| code == status.code)
}

/// The status that all frameworks answer: see `rejection_status`.
pub(super) fn status_of(rejection: &Rejection) -> Status {
    Status::new(rejection.status())
}

fn own_answer(request: &Request<'_>, rejection: &Rejection) -> Option<Response<'static>> {
    let Installed { answers, .. } = request.rocket().state()?;
    Some(answers.as_ref()?(rejection))
}

pub(super) fn answer(request: &Request<'_>, rejection: &Rejection) -> Response<'static> {
    rejection.log();
    own_answer(request, rejection).unwrap_or_else(|| in_json(rejection))
}

fn in_json(rejection: &Rejection) -> Response<'static> {
    let body = rejection.body();
    let mut response = Response::build();
    response.status(status_of(rejection)).header(ContentType::JSON);
    if let Some(seconds) = rejection.retry_after() {
        response.raw_header("Retry-After", seconds.to_string());
    }
    response.sized_body(body.len(), std::io::Cursor::new(body)).finalize()
}

impl<'r> Responder<'r, 'static> for Rejection {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(answer(request, &self))
    }
}
