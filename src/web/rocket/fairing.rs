//! The fairing that resolves the tenant of each request, or rejects the request.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, atomic::Ordering::Relaxed},
};

use rocket::{
    Build, Catcher, Data, Request, Response, Rocket as Application, Route, async_trait,
    fairing::{self, Fairing, Info, Kind},
    http::{Method, Status},
};

use super::{
    Rejection, Rocket,
    admission::{Admission, admission, slot},
    rejection_response::{AnswerRejected, Installed, OURS, answer, answer_refusal, catches, status_of},
};
use crate::{pool::Backend, web::Tenants};

/// The method that rejected requests get. No handler has this method, and the request keeps its URI for catchers and
/// logs. `HEAD` requests keep their method, because Rocket removes the body of their answers; this crate's route for
/// them comes first.
const REJECTED: Method = Method::Connect;

#[async_trait]
impl<B: Backend> Fairing for Tenants<Rocket, B> {
    fn info(&self) -> Info {
        Info {
            name: "Tenants",
            kind: match self.has_transactions() {
                true => Kind::Ignite | Kind::Request | Kind::Response | Kind::Singleton,
                false => Kind::Ignite | Kind::Request | Kind::Singleton,
            },
        }
    }

    async fn on_ignite(&self, rocket: Application<Build>) -> fairing::Result {
        let is_caught = |status: Status| {
            let mut of_all = rocket.catchers().filter(|catcher| catcher.base.path() == "/");
            of_all.any(|catcher| catches(catcher, status))
        };
        let refusals = [Rejection::Missing, Rejection::NotInstalled, Rejection::OtherDatabase];
        let statuses: BTreeSet<Status> = refusals.iter().map(status_of).collect();
        let catchers: Vec<_> = statuses
            .into_iter()
            .filter(|status| !is_caught(*status))
            .map(|status| {
                let mut catcher = Catcher::new(status.code, answer_refusal);
                catcher.name = Some(OURS.into());
                catcher
            })
            .collect();
        let rejected = [REJECTED, Method::Head].map(|method| {
            let mut route = Route::ranked(isize::MIN, method, "/<_..>", AnswerRejected);
            route.name = Some(OURS.into());
            route
        });
        Ok(rocket
            .manage(Installed::new::<B>(self.answers()))
            .register("/", catchers)
            .mount("/", rejected))
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let claims = self.claims(request);
        let admission = match self.admit(claims).await {
            Ok(context) => Admission::Admitted(context),
            Err(rejection) => Admission::Rejected(Arc::new(rejection)),
        };
        let is_rejected = matches!(admission, Admission::Rejected(_));
        let slot = slot(request);
        *slot.admission.write().unwrap_or_else(PoisonError::into_inner) = admission;
        slot.is_refused.store(false, Relaxed);
        if is_rejected && request.method() != Method::Head {
            request.set_method(REJECTED);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(context) = admission(request).context()
            && let Err(rejection) = context.finish(response.status().code).await
        {
            *response = answer(request, &rejection);
        }
    }
}
