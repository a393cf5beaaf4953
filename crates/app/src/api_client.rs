//! A running server, asked over its API.

use anyhow::{Context as _, bail};
use reqwest::{Method, Response};

/// A running server and the key to ask it with.
#[derive(Debug)]
pub(crate) struct ApiClient {
    url: String,
    key: String,
    http: reqwest::Client,
}

impl ApiClient {
    pub(crate) fn new(url: &str, key: Option<String>) -> anyhow::Result<ApiClient> {
        let key = key.context("a server wants a key: set GLASSLINE_KEY")?;
        if !url.starts_with("http://") {
            bail!("{url:?} is not an address this release can reach; it speaks plain http:// only");
        }
        let url = url.trim_end_matches('/').to_owned();
        Ok(ApiClient { url, key, http: reqwest::Client::new() })
    }

    /// Sends a request, and gives the body of a good answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> anyhow::Result<serde_json::Value> {
        let request =
            self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key).body(body);
        let response: Response = request.send().await.context("cannot reach the server")?;
        let status = response.status();
        let text = response.text().await.context("the server's answer broke off")?;
        let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(json);
        }
        match json["error"]["message"].as_str() {
            Some(message) => bail!("the server says {status}: {message}"),
            None => bail!("the server says {status}"),
        }
    }
}
