//! The requests of `docs/submissions.md` are answered as the page says.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use support::Installation;

const PAGE: &str = include_str!("../../../docs/submissions.md");

fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&*fence).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// The flow of the tests, with the sources of the page beside its own.
fn flow(sources: &str) -> String {
    let own = sources.strip_prefix("sources:\n").unwrap();
    let indented: String = own.lines().map(|line| format!("  {line}\n")).collect();
    support::FLOW
        .replace("  src_open:", "  src_partner: { kind: source, name: Partner }\n  src_open:")
        .replace("    - { entity: src_open", &format!("{indented}    - {{ entity: src_open"))
}

#[tokio::test]
async fn every_request_of_the_page_is_answered_as_it_says() {
    let installation = Installation::with(&flow(blocks("yaml")[0]), "").await;
    let mut count = 0;
    for pair in blocks("http").chunks(2) {
        let request = pair[0].replacen(" HTTP/1.1", "", 1);
        let reply = installation.raw(&request).await.told();
        // The page has an empty line between headers and body.
        let wanted = pair[1].replacen("\n\n", "\n", 1);
        assert_eq!(reply.trim_end(), wanted, "{request}");
        count += 1;
    }
    assert_eq!(count, 9);
    installation.close().await;
}

#[tokio::test]
async fn every_source_of_the_page_is_one() {
    let sources = blocks("yaml");
    assert_eq!(sources.len(), 2);
    for source in sources {
        Installation::with(&flow(source), "").await.close().await;
    }
}
