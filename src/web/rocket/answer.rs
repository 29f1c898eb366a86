//! How requests are answered that are rejected: by a catcher of the user's, or in JSON.

use rocket::{
    Catcher, Data, Request, Response, async_trait,
    catcher::BoxFuture as CatcherFuture,
    http::{ContentType, Status},
    response::{self, Responder},
    route::{self, Handler},
};

use super::{Admission, OURS, Rejection, TenantFairing, admission};

/// The route that all rejected requests are led to.
#[derive(Clone)]
pub(super) struct AnswerRejected;

#[async_trait]
impl Handler for AnswerRejected {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        let Admission::Rejected(rejection) = admission(request) else {
            return route::Outcome::Forward((data, Status::NotFound));
        };
        let status = status_of(rejection);
        let is_theirs = |catcher: &Catcher| catches(catcher, status) && catcher.name.as_deref() != Some(OURS);
        if own_answer(request, rejection).is_none() && request.rocket().catchers().any(is_theirs) {
            return route::Outcome::Error(status);
        }
        route::Outcome::Success(answer(request, rejection))
    }
}

/// A guard's reason to refuse a request, for the catcher.
pub(super) struct Refusal(pub(super) Option<Rejection>);

pub(super) fn answer_refusal<'r>(status: Status, request: &'r Request<'_>) -> CatcherFuture<'r> {
    Box::pin(async move {
        match request.local_cache(|| Refusal(None)) {
            Refusal(Some(rejection)) if status_of(rejection) == status => Ok(answer(request, rejection)),
            _ => Catcher::default().handler.handle(status, request).await,
        }
    })
}

pub(super) fn catches(catcher: &Catcher, status: Status) -> bool {
    catcher.base.path() == "/" && catcher.code.is_none_or(|code| code == status.code)
}

pub(super) fn status_of(rejection: &Rejection) -> Status {
    Status::new(rejection.status())
}

fn own_answer(request: &Request<'_>, rejection: &Rejection) -> Option<Response<'static>> {
    request.rocket().state::<TenantFairing>()?.answer(rejection)
}

pub(super) fn answer(request: &Request<'_>, rejection: &Rejection) -> Response<'static> {
    rejection.log();
    if let Some(answer) = own_answer(request, rejection) {
        return answer;
    }
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
