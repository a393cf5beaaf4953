//! What handlers share: the services, and what the API keeps for itself while it runs.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use domain::AddressRange;
use engine::PingLimits;
use tokio::sync::Semaphore;

use crate::Services;
use crate::intake::IntakeCounters;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::refusals::Refusals;
use crate::session::Sessions;

/// The API over an installation. [`router`](Api::router) makes it of this.
#[derive(Debug, Clone)]
pub struct Api {
    services: Services,
    limits: Limits,
    demo: bool,
    trusted_proxies: Vec<AddressRange>,
}

impl Api {
    /// The API with the limits that production uses.
    pub fn new(services: Services) -> Api {
        Api { services, limits: Limits::default(), demo: false, trusted_proxies: Vec::new() }
    }

    /// With other limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Api {
        Api { limits, ..self }
    }

    /// Says to pages that the data is that of a demo.
    #[must_use]
    pub fn demo(self) -> Api {
        Api { demo: true, ..self }
    }

    /// Behind proxies of these addresses, which say for whom they ask in `X-Forwarded-For`.
    #[must_use]
    pub fn trusted_proxies(self, trusted_proxies: Vec<AddressRange>) -> Api {
        Api { trusted_proxies, ..self }
    }

    /// The whole API.
    pub fn router(self) -> Router {
        let Api { services, limits, demo, trusted_proxies } = self;
        let (sessions, refusals) = (Arc::default(), Arc::default());
        let intake: Arc<IntakeCounters> = Arc::default();
        let metrics = Arc::new(Metrics::new(&services, &intake));
        let trusted_proxies = trusted_proxies.into();
        let streams = Arc::new(Semaphore::new(limits.streams));
        let (routes, openapi) = crate::router::documented();
        let state = ApiState(Arc::new(Shared {
            services,
            limits,
            demo,
            sessions,
            refusals,
            intake,
            ping_limits: PingLimits::default(),
            trusted_proxies,
            metrics,
            openapi,
            streams,
        }));
        crate::router::surround(routes, state)
    }
}

/// What handlers share. Cheap to clone, which each layer around a handler does for each request.
#[derive(Debug, Clone)]
pub(crate) struct ApiState(Arc<Shared>);

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What one API has.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) services: Services,
    pub(crate) limits: Limits,
    /// Whether the data is that of a demo.
    pub(crate) demo: bool,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) refusals: Arc<Refusals>,
    /// How often each source submitted.
    pub(crate) intake: Arc<IntakeCounters>,
    /// How often each source asked for prices.
    pub(crate) ping_limits: PingLimits,
    /// Whose word counts about where a request comes from.
    pub(crate) trusted_proxies: Arc<[AddressRange]>,
    pub(crate) metrics: Arc<Metrics>,
    /// The description of the API, as JSON.
    pub(crate) openapi: Arc<str>,
    /// A place for each live stream.
    pub(crate) streams: Arc<Semaphore>,
}

impl FromRef<ApiState> for Services {
    fn from_ref(state: &ApiState) -> Services {
        state.services.clone()
    }
}

impl FromRef<ApiState> for Limits {
    fn from_ref(state: &ApiState) -> Limits {
        state.limits
    }
}
