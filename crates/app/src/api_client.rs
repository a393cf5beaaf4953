//! A running server, asked over its API.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use url::Url;

use crate::command_line::RunningServer;

/// Longest wait for a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest wait for an answer, or for more of one. A stream sends a comment every 15 seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Items asked for at a time, where a list has pages.
const PAGE_ITEMS: usize = 1000;
/// Longest answer that is kept whole: a page of events is at most 8 MiB of what is stored, which its
/// public form may exceed.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// A running server and the key to ask it with. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ApiClient {
    url: Url,
    key: Option<String>,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// A request to a path of the server.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    /// It may have a query of its own. Ids that people typed stand in it only through [`segment`].
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Ask {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Ask {
        Ask { method, path: path.into(), query: Vec::new(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn get(path: impl Into<String>) -> Ask {
        Ask::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Ask {
        Ask::new(Method::POST, path)
    }

    /// Adds parameters to the query.
    pub(crate) fn query(mut self, parameters: &[(&'static str, String)]) -> Ask {
        self.query.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.headers.push((name, value.into()));
        self
    }

    /// Gives it a body, and says what that is.
    pub(crate) fn body(self, content_type: &'static str, body: String) -> Ask {
        Ask { body, ..self.header(CONTENT_TYPE.as_str(), content_type) }
    }

    /// Gives it the body of a form.
    pub(crate) fn form(self, parameters: &[(String, String)]) -> Ask {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.body("application/x-www-form-urlencoded", body)
    }
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl ApiClient {
    /// A server that is asked without a key where none is given.
    pub(crate) fn open(server: &RunningServer) -> anyhow::Result<ApiClient> {
        let url: Url = server
            .url
            .parse()
            .with_context(|| format!("{:?} is not an address, such as http://127.0.0.1:8080", server.url))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("{:?} is not the address of a server: it begins with http:// or https://", server.url);
        }
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIME_MAX));
        let builder = HttpsConnectorBuilder::new();
        let provider = rustls::crypto::ring::default_provider();
        // Reading the machine's authorities takes a while, and plain addresses need none.
        let builder = if url.scheme() == "https" {
            builder.with_provider_and_native_roots(provider).context("this machine trusts no authority")?
        } else {
            let config = rustls::ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            builder.with_tls_config(config)
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(connector);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(ApiClient { url, key: server.key.clone().filter(|key| !key.is_empty()), http })
    }

    /// A server that wants a key.
    pub(crate) fn new(url: &str, key: Option<String>) -> anyhow::Result<ApiClient> {
        let key = key.filter(|key| !key.is_empty());
        let key = Some(key.context("a server wants a key: set GLASSLINE_KEY")?);
        ApiClient::open(&RunningServer { url: url.to_owned(), key })
    }

    /// Where the server is.
    pub(crate) fn address(&self) -> &str {
        self.url.as_str()
    }

    /// Sends a request, and gives the answer, whatever it says.
    pub(crate) async fn ask(&self, ask: Ask) -> anyhow::Result<Answer> {
        let mut response = self.begin(ask).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = next_piece(&mut response).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > ANSWER_BYTES_MAX {
                bail!("the server's answer is longer than {ANSWER_BYTES_MAX} bytes");
            }
        }
        let text = String::from_utf8(bytes).context("the server's answer is not text")?;
        let (parts, _) = response.into_parts();
        Ok(Answer { status: parts.status, headers: parts.headers, text })
    }

    /// Sends a request, and gives the answer once its headers are there.
    pub(crate) async fn begin(&self, ask: Ask) -> anyhow::Result<Response<Incoming>> {
        let Ask { method, path, query, headers, body } = ask;
        let base = self.address().trim_end_matches('/');
        let mut url: Url =
            format!("{base}{path}").parse().with_context(|| format!("{path:?} is not a path"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = Request::builder().method(method).uri(url.as_str());
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).context("the request cannot be sent")?;
        let unreachable = || {
            format!("cannot reach the server at {} (where else it is say --url or GLASSLINE_URL)", self.url)
        };
        let answer = tokio::time::timeout(SILENCE_MAX, self.http.request(request));
        answer.await.map_err(|_| silent()).and_then(|answer| Ok(answer?)).with_context(unreachable)
    }

    /// Sends JSON, and gives the body of a good answer.
    pub(crate) async fn send(&self, method: Method, path: &str, json: String) -> anyhow::Result<Value> {
        let answer = self.ask(Ask::new(method, path).body("application/json", json)).await?;
        answer.good()?;
        Ok(serde_json::from_str(&answer.text).unwrap_or_default())
    }

    /// Asks for something, and gives the body of a good answer.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.get_where(path, &[]).await
    }

    /// The same with a query.
    pub(crate) async fn get_where(
        &self,
        path: &str,
        query: &[(&'static str, String)],
    ) -> anyhow::Result<Value> {
        let answer = self.ask(Ask::get(path).query(query)).await?;
        answer.good()?;
        serde_json::from_str(&answer.text).context("the server's answer is not JSON")
    }

    /// The items of a list, of all its pages.
    pub(crate) async fn pages(
        &self,
        path: &str,
        query: &[(&'static str, String)],
    ) -> anyhow::Result<Vec<Value>> {
        let mut ask = Ask::get(path).query(query).query(&[("limit", PAGE_ITEMS.to_string())]);
        let mut items = Vec::new();
        loop {
            let answer = self.ask(ask).await?;
            answer.good()?;
            let page: List =
                serde_json::from_str(&answer.text).context("the server's answer is not a list")?;
            items.extend(page.data);
            match page.next {
                Some(next) => ask = Ask::get(next),
                None => return Ok(items),
            }
        }
    }

    /// The items of a list without pages.
    pub(crate) async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.ask(Ask::get(path)).await?;
        answer.good()?;
        let list: List = serde_json::from_str(&answer.text).context("the server's answer is not a list")?;
        Ok(list.data)
    }
}

/// The next piece of an answer; nothing at its end.
pub(crate) async fn next_piece(response: &mut Response<Incoming>) -> anyhow::Result<Option<Bytes>> {
    loop {
        let frame = tokio::time::timeout(SILENCE_MAX, response.frame()).await.map_err(|_| silent())?;
        let Some(frame) = frame else { return Ok(None) };
        // Trailers say nothing here.
        if let Ok(piece) = frame.context("the server's answer broke off")?.into_data() {
            return Ok(Some(piece));
        }
    }
}

fn silent() -> anyhow::Error {
    anyhow!("nothing came for {} s", SILENCE_MAX.as_secs())
}

#[derive(Debug, serde::Deserialize)]
struct List {
    data: Vec<Value>,
    /// The address of the next page.
    next: Option<String>,
}

impl Answer {
    /// Turns an answer that is not good into an error with the server's own words.
    pub(crate) fn good(&self) -> anyhow::Result<()> {
        if self.status.is_success() { Ok(()) } else { Err(self.as_error()) }
    }

    fn as_error(&self) -> anyhow::Error {
        let json: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let plain = |kind: &http::HeaderValue| kind.as_bytes().starts_with(b"text/plain");
        match json["error"]["message"].as_str() {
            Some(message) => anyhow!("the server says {}: {message}", self.status),
            None if self.headers.get(CONTENT_TYPE).is_some_and(plain) => {
                anyhow!("the server says {}: {}", self.status, self.text.trim())
            }
            None => anyhow!("the server says {}", self.status),
        }
    }
}

/// An id that somebody typed, as one segment of a path.
pub(crate) fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%5F", "_")
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn what_is_typed_as_an_id_stays_within_its_segment() {
        assert_eq!(segment("flow_roofs"), "flow_roofs");
        assert_eq!(segment("../keys?x#y"), "%2E%2E%2Fkeys%3Fx%23y");
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_last_page() {
        let pages = [r#"{"data":[1,2],"next":"/things?after=2&limit=1000"}"#, r#"{"data":[3],"next":null}"#];
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let mut asked = Vec::new();
            for page in pages {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let (length, end) = (page.len(), "connection: close");
                let reply = format!("HTTP/1.1 200 OK\r\n{end}\r\ncontent-length: {length}\r\n\r\n{page}");
                stream.write_all(reply.as_bytes()).await.unwrap();
                let request = String::from_utf8(request).unwrap();
                asked.push(request.split(' ').nth(1).unwrap().to_owned());
            }
            asked
        });
        let client = ApiClient::open(&RunningServer { url, key: None }).unwrap();
        let items = client.pages("/things", &[("type", "a,b".to_owned())]).await.unwrap();
        assert_eq!(items, [1, 2, 3]);
        let asked = served.await.unwrap();
        assert_eq!(asked, ["/things?type=a%2Cb&limit=1000", "/things?after=2&limit=1000"]);
    }

    #[test]
    fn only_http_addresses_are_asked() {
        let open = |url: &str| ApiClient::open(&RunningServer { url: url.to_owned(), key: None });
        assert!(open("https://glassline.example.com/").is_ok());
        for wrong in ["ftp://x.example.com", "127.0.0.1:8080", "", "mailto:ann@example.com"] {
            open(wrong).unwrap_err();
        }
    }
}
