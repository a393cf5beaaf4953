//! Where a reply sends a request on to, and what goes there.

use std::sync::Arc;

use domain::{FaultKind, Method};
use url::Url;
use wire::outbound::{OutboundRequest, Reply};

use super::Fault;

/// Most redirects of one request that are followed.
pub(super) const REDIRECTS_MAX: usize = 5;

/// Headers that go to another server than the one a step names. They say what is sent and how a
/// repeat is known; whatever else a step sends may be a key of the first one.
const FOR_ANYBODY: [&str; 5] = ["accept", "content-type", "idempotency-key", "soapaction", "user-agent"];
/// Headers that tell of a body.
const OF_A_BODY: [&str; 2] = ["content-type", "soapaction"];

/// Stands for the body of a request in what is recorded of the next one.
const SAME_BODY: &[u8] = b"(the same body)";

/// A reply that sent a request on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The reply without its body, which says the same to people.
    pub reply: Reply,
    /// How the next server was asked.
    pub method: Method,
    /// Where.
    pub url: String,
    /// The names of the headers that went along, as the step has them.
    pub headers: Vec<String>,
    /// Whether the body did.
    pub has_body: bool,
}

impl Redirect {
    /// What sent `next` on its way.
    pub(super) fn new(reply: Reply, next: &OutboundRequest) -> Redirect {
        Redirect {
            reply: Reply { body: Vec::new(), ..reply },
            method: next.method,
            url: next.url.clone(),
            headers: next.headers.iter().map(|(name, _)| name.clone()).collect(),
            has_body: !next.body.is_empty(),
        }
    }

    /// The request that followed as HTTP/1.1 text, from the one before it as that is recorded. Its body
    /// is not repeated, so that a record has room for all of them.
    pub(crate) fn evidence(&self, before: &[u8]) -> Arc<[u8]> {
        let end = before.windows(4).position(|four| four == b"\r\n\r\n");
        let head = end.map_or(before, |end| &before[..end + 2]);
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.url).into_bytes();
        for line in head.split_inclusive(|byte| *byte == b'\n').skip(1) {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            if self.headers.iter().any(|kept| kept.as_bytes() == name) {
                text.extend_from_slice(line);
            }
        }
        text.extend_from_slice(b"\r\n");
        if self.has_body {
            text.extend_from_slice(SAME_BODY);
        }
        text.into()
    }
}

/// The request that follows a reply, when the reply sends it on and the step lets it go there.
///
/// As in RFC 9110, 15.4, and as browsers do: 303 is followed by GET, 301 and 302 turn a POST into a
/// GET, and what becomes a GET loses its body; 307 and 308 repeat the request as it is.
///
/// # Errors
/// When the next connection would not be encrypted although this one is, and when the redirect leads to nothing
/// that can be asked over HTTP.
pub(super) fn next(
    request: &OutboundRequest,
    from: &Url,
    reply: &Reply,
) -> Result<Option<(Url, OutboundRequest)>, Fault> {
    if !request.follow_redirects || !matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(place) = reply.header("location") else { return Ok(None) };
    let nowhere = |detail: &str| Err(Fault::new(FaultKind::Reply, detail));
    let Ok(to) = from.join(place) else {
        return nowhere("a redirect leads to what is no address");
    };
    match to.scheme() {
        "https" => {}
        "http" if from.scheme() == "https" => {
            return nowhere("a redirect from https to http is not followed");
        }
        "http" => {}
        _ => return nowhere("a redirect to another scheme than http and https is not followed"),
    }
    let mut request = request.clone();
    let becomes_get = match (reply.status, request.method) {
        (303, _) | (301 | 302, Method::Post) => true,
        (_, Method::Get | Method::Post | Method::Put | Method::Patch | Method::Delete) => false,
    };
    if becomes_get {
        request.method = Method::Get;
        request.body.clear();
        keep_headers(&mut request, |name| !OF_A_BODY.contains(&name));
    }
    if to.origin() != from.origin() {
        keep_headers(&mut request, |name| FOR_ANYBODY.contains(&name));
    }
    request.url = to.to_string();
    Ok(Some((to, request)))
}

/// `keep` is asked for names in lower case.
fn keep_headers(request: &mut OutboundRequest, keep: impl Fn(&str) -> bool) {
    request.headers.retain(|(name, _)| keep(&name.to_ascii_lowercase()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method) -> OutboundRequest {
        let headers = [
            ("Content-Type", "application/json"),
            ("Accept", "*/*"),
            ("Idempotency-Key", "evt_1"),
            ("Authorization", "Basic c2VjcmV0"),
            ("X-Api-Key", "secret"),
            ("Cookie", "secret=1"),
        ];
        OutboundRequest {
            method,
            url: "https://a.example.com/leads".into(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: if method == Method::Get { Vec::new() } else { b"{}".to_vec() },
            follow_redirects: true,
        }
    }

    /// What follows: method, address, names of headers, bytes of body.
    fn followed(method: Method, status: u16, place: &str) -> String {
        let request = request(method);
        let from = Url::parse(&request.url).unwrap();
        let headers = vec![("location".to_owned(), place.as_bytes().to_vec())];
        match next(&request, &from, &Reply { status, headers, body: Vec::new() }) {
            Err(fault) => format!("{}: {}", fault.kind.as_str(), fault.detail),
            Ok(None) => "not followed".to_owned(),
            Ok(Some((_, request))) => {
                let names: Vec<&str> = request.headers.iter().map(|(name, _)| &**name).collect();
                let OutboundRequest { method, url, body, .. } = &request;
                format!("{method} {url} [{}] {}", names.join(" "), body.len())
            }
        }
    }

    #[test]
    fn methods_and_bodies_are_kept_or_dropped_as_the_status_says() {
        let all = "Content-Type Accept Idempotency-Key Authorization X-Api-Key Cookie";
        let without_body = "Accept Idempotency-Key Authorization X-Api-Key Cookie";
        for (method, status, wanted) in [
            (Method::Post, 301, format!("GET https://a.example.com/b [{without_body}] 0")),
            (Method::Post, 302, format!("GET https://a.example.com/b [{without_body}] 0")),
            (Method::Post, 303, format!("GET https://a.example.com/b [{without_body}] 0")),
            (Method::Post, 307, format!("POST https://a.example.com/b [{all}] 2")),
            (Method::Post, 308, format!("POST https://a.example.com/b [{all}] 2")),
            (Method::Put, 301, format!("PUT https://a.example.com/b [{all}] 2")),
            (Method::Patch, 302, format!("PATCH https://a.example.com/b [{all}] 2")),
            (Method::Delete, 303, format!("GET https://a.example.com/b [{without_body}] 0")),
            (Method::Put, 307, format!("PUT https://a.example.com/b [{all}] 2")),
            (Method::Get, 301, format!("GET https://a.example.com/b [{all}] 0")),
            (Method::Post, 300, "not followed".to_owned()),
            (Method::Post, 304, "not followed".to_owned()),
            (Method::Post, 305, "not followed".to_owned()),
            (Method::Post, 200, "not followed".to_owned()),
        ] {
            assert_eq!(followed(method, status, "/b"), wanted, "{method} {status}");
        }
    }

    #[test]
    fn what_is_recorded_of_the_next_request_is_made_from_what_is_of_the_first() {
        let request = request(Method::Post);
        let recorded = OutboundRequest { body: b"{\"ssn\":\"***\"}".to_vec(), ..request.clone() }.evidence();
        let from = Url::parse(&request.url).unwrap();
        let followed = |status, place: &str| {
            let headers = vec![("location".to_owned(), place.as_bytes().to_vec())];
            let reply = Reply { status, headers, body: Vec::new() };
            let (_, next) = next(&request, &from, &reply).unwrap().unwrap();
            let redirect = Redirect::new(reply, &next);
            (String::from_utf8(redirect.evidence(&recorded).to_vec()).unwrap(), redirect)
        };
        let (text, redirect) = followed(308, "https://b.example.com/x");
        let wanted = "POST https://b.example.com/x HTTP/1.1\r\nContent-Type: application/json\r\nAccept: */*\r\n\
                      Idempotency-Key: evt_1\r\n\r\n(the same body)";
        assert_eq!(text, wanted);
        let cut = redirect.evidence(b"not recorded: why");
        assert_eq!(&*cut, b"POST https://b.example.com/x HTTP/1.1\r\n\r\n(the same body)");
        let (text, _) = followed(303, "https://b.example.com/x");
        let wanted = "GET https://b.example.com/x HTTP/1.1\r\nAccept: */*\r\nIdempotency-Key: evt_1\r\n\r\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn another_server_gets_no_credentials() {
        let public = "Content-Type Accept Idempotency-Key";
        for place in ["https://b.example.com/", "https://a.example.com:8443/", "//b.example.com/"] {
            let url = Url::parse("https://a.example.com/leads").unwrap().join(place).unwrap();
            assert_eq!(followed(Method::Post, 308, place), format!("POST {url} [{public}] 2"));
        }
        let same = followed(Method::Post, 308, "https://A.example.com:443/x");
        assert!(same.contains("Authorization"), "{same}");
    }

    #[test]
    fn encryption_is_not_given_up_and_other_schemes_are_not_followed() {
        for method in [Method::Get, Method::Post] {
            let wanted = "reply: a redirect from https to http is not followed";
            assert_eq!(followed(method, 302, "http://a.example.com/"), wanted);
        }
        let other = "reply: a redirect to another scheme than http and https is not followed";
        for place in ["ftp://a.example.com/", "file:///etc/passwd", "javascript:1"] {
            assert_eq!(followed(Method::Get, 302, place), other, "{place}");
        }
        for place in ["http://", "https://["] {
            let wanted = "reply: a redirect leads to what is no address";
            assert_eq!(followed(Method::Get, 302, place), wanted, "{place}");
        }
    }

    #[test]
    fn control_characters_in_a_place_stay_in_it_as_escapes_or_not_at_all() {
        let told = followed(Method::Get, 302, "/b\r\nX-Evil: 1?a\r\nb#c\r\n");
        assert!(!told.contains(['\r', '\n']), "{told}");
        assert!(told.starts_with("GET https://a.example.com/bX-Evil:%201?ab"), "{told}");
    }
}
