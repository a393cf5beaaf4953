//! The WSDL that a flow names by its address: fetched when the flow is read, with the care that partners
//! are asked with, and kept in the flow from then on.

use std::time::Duration;

use domain::{FaultKind, Method};
use tokio::time::Instant;
use wire::flow_file::{FlowFile, FlowFileError, WSDL_PLACES_MAX, WsdlPlace, WsdlTexts, wsdl_places};
use wire::outbound::{AllowedHosts, OutboundRequest, Reply, WSDL_BYTES_MAX};

use crate::Parties;
use crate::parties::{Answered, CallFault};

/// Longest time for one document.
const FETCH_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest time for all documents of one flow.
const FETCH_ALL_TIME_MAX: Duration = Duration::from_secs(30);

const ACCEPT: &str = "application/wsdl+xml, text/xml, application/xml;q=0.9, */*;q=0.1";
const USER_AGENT: &str = concat!("glassline/", env!("CARGO_PKG_VERSION"));

/// Reads a flow file. Each WSDL that it names by address and does not hold is fetched first, those that it names
/// by file are given; the document of what is read holds them all. It asks at addresses of public hosts and of
/// `allowed_hosts`; without those, at any.
///
/// # Errors
/// With all problems that can be told at once, each with its line: what could not be fetched, too.
pub async fn read_flow(
    parties: &dyn Parties,
    text: &str,
    files: WsdlTexts,
    allowed_hosts: Option<&AllowedHosts>,
) -> Result<FlowFile, FlowFileError> {
    let FoundWsdl { texts, .. } = find_wsdl(parties, text, files).await;
    FlowFile::read_allowing(text, &texts, allowed_hosts)
}

/// What was found of the WSDL that a flow file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWsdl {
    /// The texts, or why there is none.
    pub texts: WsdlTexts,
    /// Those whose host gave no answer from here. It may give one elsewhere.
    pub unreached: Vec<WsdlPlace>,
}

/// Fetches each WSDL that a flow file names by address and does not hold; those that it names by file are given.
pub async fn find_wsdl(parties: &dyn Parties, text: &str, files: WsdlTexts) -> FoundWsdl {
    let mut found = FoundWsdl { texts: files, unreached: Vec::new() };
    let urls = wsdl_places(text).into_iter().filter_map(|place| match place {
        WsdlPlace::Url(url) => Some(url),
        WsdlPlace::File(_) => None,
    });
    let deadline = Instant::now() + FETCH_ALL_TIME_MAX;
    for (at, url) in urls.enumerate() {
        let left = deadline.saturating_duration_since(Instant::now()).min(FETCH_TIME_MAX);
        let text = if at >= WSDL_PLACES_MAX {
            Err(format!("is one too many: of a flow at most {WSDL_PLACES_MAX} are fetched"))
        } else if left.is_zero() {
            found.unreached.push(WsdlPlace::Url(url.clone()));
            Err(format!("is not fetched: those before it took {} s already", FETCH_ALL_TIME_MAX.as_secs()))
        } else {
            match fetch(parties, &url, left).await {
                Ok(reply) => text_of(reply),
                Err(fault) => {
                    if is_unreached(fault.kind) {
                        found.unreached.push(WsdlPlace::Url(url.clone()));
                    }
                    Err(format!("cannot be fetched: {}", fault.detail))
                }
            }
        };
        found.texts.insert(WsdlPlace::Url(url), text);
    }
    found
}

/// Whether a host gave no answer.
fn is_unreached(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Dns | FaultKind::Connect | FaultKind::Tls | FaultKind::Timeout | FaultKind::Unknown => {
            true
        }
        FaultKind::Auth | FaultKind::Status | FaultKind::Reply | FaultKind::Limit | FaultKind::Circuit => {
            false
        }
    }
}

/// Asks for one document.
async fn fetch(parties: &dyn Parties, url: &str, time_limit: Duration) -> Result<Reply, CallFault> {
    let headers = [("Accept", ACCEPT), ("User-Agent", USER_AGENT)];
    let request = OutboundRequest {
        method: Method::Get,
        url: url.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: Vec::new(),
        follow_redirects: true,
    };
    let Answered { reply, .. } = parties.fetch(request, time_limit).await?;
    Ok(reply)
}

/// The text of a reply; why there is none ends a sentence.
fn text_of(reply: Reply) -> Result<String, String> {
    if reply.status != 200 {
        return Err(format!("cannot be fetched: HTTP {}", reply.status));
    }
    let bytes = reply.body.len();
    if bytes > WSDL_BYTES_MAX {
        return Err(format!("has {bytes} bytes; at most {WSDL_BYTES_MAX} are read"));
    }
    String::from_utf8(reply.body).map_err(|_| "is not UTF-8".to_owned())
}
