//! The demo: what it prints works when pasted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Server, client, glassline, run, text};
use tempfile::TempDir;
use wire::flow_file::{FlowFile, WsdlPlace, WsdlTexts};

/// Sends exactly what a printed curl line says; gives status and JSON.
async fn paste(line: &str) -> (u16, Value) {
    let mut words = words(line).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut headers, mut body, mut url) = (Vec::new(), None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-sS" => {}
            "-H" => headers.push(words.next().unwrap()),
            "-d" => body = words.next(),
            _ => assert_eq!(url.replace(word), None),
        }
    }
    let (client, url) = (client(), url.unwrap());
    let mut request = match body {
        Some(body) => client.post(url).body(body),
        None => client.get(url),
    };
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    (status, serde_json::from_str(&reply.text().await.unwrap()).unwrap())
}

/// Splits a line as a shell does, of which it needs single quotes and blanks.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn demo(data: &TempDir, more: &[&str]) -> Server {
    let path = data.path().join("demo");
    let begin = ["demo", "--data", path.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    Server::spawn(glassline(&[&begin[..], more].concat()))
}

/// The events of a lead, oldest first.
async fn events(server: &Server, key: &str, lead_id: &str) -> Vec<Value> {
    let request = client().get(format!("{}/leads/{lead_id}/events?limit=1000", server.address));
    let reply = request.bearer_auth(key).send().await.unwrap();
    let page: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    page["data"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

/// Events as lines: the type, who, and why or for how much.
fn told(events: &[Value]) -> Vec<String> {
    let text =
        |event: &Value, key: &str| event[key].as_str().map_or(String::new(), |text| format!(" {text}"));
    let line = |event: &Value| {
        let step = text(event, "step_id");
        let price = event["price"].as_number().map_or(String::new(), |price| format!(" {price}"));
        format!("{}{step}{}{price}", event["type"].as_str().unwrap(), text(event, "reason"))
    };
    events.iter().map(line).collect()
}

#[tokio::test]
async fn the_printed_lines_work_when_pasted_also_after_kill_9() {
    let data = TempDir::new().unwrap();
    let quick = ["--leads", "20", "--rate", "0"];
    let mut server = demo(&data, &quick);
    let key = server.line("Key: ");
    assert_eq!(server.line("Page: "), format!("Page: {}/ui/#key={}", server.address, &key["Key: ".len()..]));
    let (submit, list) = (server.line("curl "), server.line("curl "));
    let (status, answer) = paste(&submit).await;
    assert_eq!((status, &answer["outcome"], &answer["price"]), (201, &"success".into(), &9.into()));
    let lead_id = answer["lead"]["id"].as_str().unwrap();
    let chain = async |list: &str| {
        let (status, page) = paste(list).await;
        assert_eq!(status, 200);
        let own = page["data"].as_array().unwrap().iter().rev();
        own.filter(|event| event["lead_id"] == lead_id).cloned().collect::<Vec<_>>()
    };
    let own = chain(&list).await;
    let lines = told(&own);
    let wanted = [
        "source.submitted",
        "source.accepted 9",
        "filter.passed service_area",
        "filter.passed home_owners",
        "enhancement.success phone_check",
        "filter.passed working_phone",
        "recipient.attempted premier",
        "recipient.delivered premier",
        "recipient.skipped sunbelt",
        "recipient.skipped shingle",
        "filter.passed sold",
        "flow.completed",
    ];
    assert_eq!(lines.len(), wanted.len(), "{lines:?}");
    assert!(lines.iter().zip(wanted).all(|(line, wanted)| line.starts_with(wanted)), "{lines:?}");
    assert_eq!(own[1]["lead"]["email"], "j•••@example.com");

    server.kill();
    let mut server = demo(&data, &quick);
    assert_eq!(server.line("Key: "), key, "the demo keeps its key");
    server.line("curl ");
    assert_eq!(told(&chain(&server.line("curl ")).await), lines);
    assert!(!server.printed.iter().any(|line| line.contains("Played")), "the history is there already");
    assert!(server.stop().0.success());
}

#[tokio::test]
async fn every_story_is_there_to_be_found_as_it_is_told() {
    for seed in ["1", "7"] {
        stories_are_as_they_are_told(seed).await;
    }
}

async fn stories_are_as_they_are_told(seed: &str) {
    let data = TempDir::new().unwrap();
    let mut server = demo(&data, &["--leads", "150", "--rate", "0", "--seed", seed]);
    let key = server.line("Key: ")["Key: ".len()..].to_owned();
    let path = data.path().join("demo");
    let output = run(&["demo", "--stories", "--data", path.to_str().unwrap()]);
    let stories = text(&output.stdout);
    let chain = async |title: &str| {
        let line = stories.lines().find(|line| line.contains(title)).unwrap_or_else(|| panic!("{stories}"));
        let events = events(&server, &key, line.split_whitespace().next().unwrap()).await;
        (told(&events), events)
    };
    let has = |chain: &[String], wanted: &str| {
        assert!(chain.iter().any(|line| line.starts_with(wanted)), "{wanted} in {chain:#?}");
    };

    let (lines, all) = chain("Phone Validation did not answer").await;
    has(&lines, "enhancement.error phone_check Service timeout after 5000ms");
    has(&lines, "recipient.delivered premier");
    let error = all.iter().find(|event| event["type"] == "enhancement.error").unwrap();
    assert_eq!((&error["duration_ms"], &error["wait_ms"]), (&5000.into(), &5000.into()));

    assert!(lines.iter().any(|line| line.starts_with("flow.completed")), "the flow went on");

    let (lines, _) = chain("Daily cap reached").await;
    has(&lines, "recipient.failed sunbelt Daily cap reached (100/100)");
    has(&lines, "recipient.delivered shingle 22");

    let (lines, all) = chain("Rate Radar sends a number that nobody has: Incomplete contact data").await;
    assert_eq!(all[0]["source_id"], "src_rate_radar");
    assert_eq!(lines[1], "source.rejected Incomplete contact data", "{lines:?}");

    // It is found by what is wrong with it, and counted by what stands in the clear.
    let list = async |query: &str| {
        let request = client().get(format!("{}/events?limit=1000&{query}", server.address));
        let reply = request.bearer_auth(&key).send().await.unwrap();
        let page: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        page["data"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
    };
    let wrong = list("type=source.rejected&source_id=src_rate_radar&valid.phone_1=false").await;
    assert!(wrong.iter().any(|event| event["id"] == all[1]["id"]), "{wrong:#?}");
    assert!(wrong.iter().all(|event| event["lead"]["phone_1.valid"] == false));
    let old = list("type=source.accepted&flow_id=flow_cars&dim.lead.vehicle_year=%3C2000").await;
    assert!(!old.is_empty() && old.iter().all(|event| event["dims"]["lead.vehicle_year"] == "<2000"));
    let mobile = list("type=recipient.delivered&dim.appended.phone_check.line_type=mobile").await;
    assert!(!mobile.is_empty());

    let (lines, all) = chain("asked 14.00").await;
    has(&lines, "recipient.delivered shingle 9.5");
    let done = all.iter().find(|event| event["type"] == "flow.completed").unwrap();
    assert_eq!((done["cost"].to_string(), done["margin"].to_string()), ("14".to_owned(), "-4.5".to_owned()));

    let title = "Harbor Mutual was down: two faults, delivered at the third attempt, after the source was told: No buyer";
    let (lines, all) = chain(title).await;
    let answer = lines.iter().position(|line| line == "flow.completed No buyer").unwrap();
    let starts = |wanted: &[&str], lines: &[String]| {
        let own: Vec<&String> = lines.iter().filter(|line| line.contains(" harbor")).collect();
        assert_eq!(own.len(), wanted.len(), "{own:#?}");
        assert!(own.iter().zip(wanted).all(|(line, start)| line.starts_with(start)), "{own:#?}");
    };
    let first = ["recipient.attempted", "recipient.error", "retry.scheduled"];
    starts(&first, &lines[..answer]);
    let later = ["retry.attempted", "recipient.delivered"];
    starts(&[&later[..1], &first, &later[..1], &first[..1], &later[1..]].concat(), &lines[answer..]);
    let delivered = all.iter().find(|event| event["type"] == "recipient.delivered").unwrap();
    assert_eq!((&delivered["attempt"], &delivered["entity_id"]), (&3.into(), &"buyer_harbor".into()));

    let (lines, _) = chain("Sold to two insurers").await;
    has(&lines, "recipient.delivered harbor");
    has(&lines, "recipient.delivered keystone 7.5");
    has(&lines, "recipient.failed bluebird Vehicle too old");
    assert!(!lines.iter().any(|line| line.starts_with("feedback.")), "sold, and it stays so: {lines:#?}");

    let (lines, all) = chain("hours later the person became a customer").await;
    has(&lines, "feedback.processed");
    let [sold, told] = ["flow.completed", "feedback.received"].map(|wanted| {
        all.iter().find(|event| event["type"] == wanted).unwrap()["timestamp"].as_str().unwrap()
    });
    assert!(told > sold && told[..13] != sold[..13], "hours later: {sold}, {told}");

    let (lines, _) = chain("the revenue is taken back").await;
    has(&lines, "feedback.returned");
    let (lines, all) = chain("Given back after more than four hours: refused").await;
    let processed = all.iter().find(|event| event["type"] == "feedback.processed").unwrap();
    assert_eq!(processed["reason"], "Must be returned within 4 hours", "{lines:#?}");
    assert!(
        !lines.iter().any(|line| line.starts_with("feedback.returned")),
        "the revenue stands: {lines:#?}"
    );
    assert!(server.stop().0.success());
}

/// An example file, and what its WSDL would be at the address that it names.
fn example(name: &str) -> FlowFile {
    let path = |name: &str| format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let wsdl = std::fs::read_to_string(path("south.wsdl")).unwrap();
    let address = WsdlPlace::Url("https://south.example.com/lead.wsdl".to_owned());
    let text = std::fs::read_to_string(path(name)).unwrap();
    FlowFile::read_with(&text, &WsdlTexts::from([(address, Ok(wsdl))])).unwrap()
}

/// What each step of a published document leaves: the beginning of the type of its events, and its id. Of a group those
/// are its recipients, and the bids that an auction begins with.
fn traces(document: &Value) -> BTreeSet<(String, Option<String>)> {
    let mut wanted = BTreeSet::new();
    for step in document["flow"]["steps"].as_array().unwrap() {
        let own = |step: &Value| step["id"].as_str().map(str::to_owned);
        match step["kind"].as_str().unwrap() {
            "distribute" => {
                let recipients = step["recipients"].as_array().unwrap();
                wanted.extend(recipients.iter().map(|recipient| ("recipient.".to_owned(), own(recipient))));
                if step["strategy"] == "highest_bid" {
                    wanted.insert(("recipient.bid".to_owned(), None));
                }
            }
            kind => drop(wanted.insert((format!("{kind}."), own(step)))),
        }
    }
    wanted
}

#[tokio::test]
async fn the_example_flows_run_as_their_files_say() {
    let data = TempDir::new().unwrap();
    let mut server = demo(&data, &["--leads", "600", "--rate", "0", "--seed", "1"]);
    let key = server.line("Key: ")["Key: ".len()..].to_owned();
    let get = async |target: &str| {
        let reply =
            client().get(format!("{}{target}", server.address)).bearer_auth(&key).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{target}");
        serde_json::from_str::<Value>(&reply.text().await.unwrap()).unwrap()
    };
    let flows = get("/flows").await;
    for (name, flow_id, more) in [
        ("flow_solar.yaml", "flow_solar", &[][..]),
        ("flow_auto_pingpost.yaml", "flow_auto", &["source.pinged", "recipient.bid"][..]),
    ] {
        let listed = flows["data"].as_array().unwrap().iter().find(|flow| flow["id"] == flow_id);
        assert_eq!(listed.unwrap()["enabled"], true);
        let published = get(&format!("/flows/{flow_id}")).await;
        let document = serde_json::from_str::<Value>(&example(name).document).unwrap();
        assert_eq!(published["document"], document, "{name} is what is published");

        let events = get(&format!("/flows/{flow_id}/events?limit=1000&shape=none")).await;
        let events = events["data"].as_array().unwrap();
        let has = |start: &str, step: Option<&str>| {
            let is_of = |event: &&Value| step.is_none_or(|step| event["step_id"] == step);
            events.iter().filter(is_of).any(|event| event["type"].as_str().unwrap().starts_with(start))
        };
        for (start, step) in traces(&document) {
            assert!(has(&start, step.as_deref()), "{flow_id}: {start} {step:?}");
        }
        for event_type in ["source.accepted", "recipient.delivered", "flow.completed"].iter().chain(more) {
            assert!(has(event_type, None), "{flow_id}: {event_type}");
        }
        let sold = get(&format!("/leads?flow_id={flow_id}&state=sold")).await;
        assert!(
            sold["data"].as_array().unwrap().iter().any(|lead| lead["revenue"].as_f64() > Some(0.0)),
            "{sold}"
        );
    }
    sell_live(&server, &key).await;
    assert!(server.stop().0.success());
}

/// Leads of the exchange, one after the other, until the buyers who are played on this machine take one.
async fn sell_live(server: &Server, key: &str) {
    let target = format!("{}/flows/flow_auto/sources/src_exchange/submit", server.address);
    for number in 0..20 {
        let lead = format!(
            r#"{{"first_name":"Ana","email":"ana{number}@example.com","phone_1":"(512) 555-01{:02}","state":"CA","year":2021}}"#,
            40 + number
        );
        let request = client().post(&target).bearer_auth(key).header("x-forwarded-for", "203.0.113.7");
        let reply = request.header("content-type", "application/json").body(lead).send().await.unwrap();
        assert_eq!(reply.status(), 201);
        let answer: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        if answer["outcome"] == "success" {
            let lines = told(&events(server, key, answer["lead"]["id"].as_str().unwrap()).await);
            for wanted in [
                "recipient.bid north",
                "recipient.delivered north",
                "filter.passed sold",
                "recipient.delivered office",
            ] {
                assert!(lines.iter().any(|line| line.starts_with(wanted)), "{wanted} in {lines:#?}");
            }
            return;
        }
        assert_eq!(answer["reason"], "No buyer", "{answer}");
    }
    panic!("nobody bought any of twenty");
}

#[test]
fn leads_come_in_live_and_stop_cleanly() {
    let data = TempDir::new().unwrap();
    let mut server = demo(&data, &["--leads", "0", "--rate", "60", "--quiet"]);
    let key = server.line("Key: ")["Key: ".len()..].to_owned();
    let tail = ["events", "tail", "--url", &server.address, "--key", &key, "--after", "0", "--json"];
    let sold = run(&[&tail[..], &["--type", "recipient.delivered", "--count", "10"]].concat());
    let lines = text(&sold.stdout);
    assert_eq!((sold.status.code(), lines.lines().count()), (Some(0), 10), "{}", text(&sold.stderr));
    let (status, printed, errors) = server.stop();
    assert!(status.success(), "{errors}");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "quiet: {printed}");
    assert!(!errors.contains("WARN") && !errors.contains("ERROR"), "{errors}");
    let path = data.path().join("demo");
    let verified = run(&["verify", path.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", text(&verified.stdout));
    // Nobody was stopped half-way: every lead came to its end.
    let again = demo(&data, &["--rate", "0"]);
    assert!(!again.stop().2.contains("interrupted"), "leads under way end before the demo does");
}

#[test]
fn a_directory_of_somebody_else_is_left_alone_and_a_half_done_demo_begins_anew() {
    let data = TempDir::new().unwrap();
    let path = data.path().join("demo");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("thesis.txt"), "years of work").unwrap();
    let output = run(&["demo", "--data", path.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("holds something else than a demo (thesis.txt)"));
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
    let output = run(&["demo", "--stories", "--data", path.to_str().unwrap()]);
    assert!(
        text(&output.stderr).ends_with("name its directory with --data DIR\n"),
        "{}",
        text(&output.stderr)
    );

    std::fs::remove_file(path.join("thesis.txt")).unwrap();
    let quick = ["--leads", "9", "--rate", "0"];
    assert!(demo(&data, &quick).stop().0.success());
    let mark = path.join("demo.json");
    let ready = std::fs::read_to_string(&mark).unwrap();
    std::fs::write(&mark, ready.replace("\"ready\"", "\"filling\"")).unwrap();
    let server = demo(&data, &quick);
    assert!(server.printed.iter().any(|line| line.starts_with("Played 9 leads")), "{:?}", server.printed);
    assert!(server.stop().0.success());
    assert!(run(&["verify", path.to_str().unwrap()]).status.success());
}
