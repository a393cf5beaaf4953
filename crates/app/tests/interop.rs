//! The real binary against servers and clients that nobody here wrote: they live in `interop/`. Nothing of it
//! is passed over when a program is missing: `cargo xtask test` installs them, and runs this.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use support::{ADMIN, Server, client, get, glassline, run, text};
use tempfile::TempDir;

/// Longest wait for a line of a server.
const PATIENCE: Duration = Duration::from_secs(60);
const PASSWORD: &str = "Blue-Whale/7";

fn interop(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop").join(file)
}

/// The Python that has what the tests need: a distribution's packages are not seen by every other Python.
fn python() -> PathBuf {
    let has = |program: &PathBuf| {
        let asked = Command::new(program).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join("python3")).find(has);
    found.expect("a Python 3 with aiosmtpd, which cargo xtask test installs")
}

/// A server of another make, in a process of its own. Dropped, it is killed.
struct Other {
    child: Child,
    lines: Receiver<String>,
}

impl Other {
    fn start(mut command: Command) -> Other {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{command:?}: {error}; run cargo xtask test"));
        let (sender, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Other { child, lines }
    }

    fn python(file: &str, arguments: &[&str]) -> Other {
        let mut command = Command::new(python());
        command.arg("-u").arg(interop(file)).args(arguments);
        Other::start(command)
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the server says something")
    }

    fn told(&self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn port(&self) -> u64 {
        self.told()["port"].as_u64().unwrap()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An installation with one flow, and what its server trusts besides.
struct House {
    server: Server,
    _temp: TempDir,
}

impl House {
    fn new(steps: &str, secrets: &[&str], adapt: impl FnOnce(&mut Command)) -> House {
        let temp = TempDir::new().unwrap();
        let data = temp.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        let data = data.to_str().unwrap();
        for name in secrets {
            let file = temp.path().join("secret");
            std::fs::write(&file, PASSWORD).unwrap();
            let set = run(&["secret", "set", name, "--file", file.to_str().unwrap(), "--data", data]);
            assert!(set.status.success(), "{}", text(&set.stderr));
        }
        let flow = format!(
            "secrets: [ {} ]\nentities:\n  src_web: {{ kind: source, name: Web }}\nflow:\n  id: flow_x\n  name: X\n  \
             fields: {{ first_name: first_name, email: email, age: number }}\n  \
             sources: [ {{ entity: src_web, key_required: false }} ]\n  steps:\n{steps}",
            secrets.join(", ")
        );
        let file = temp.path().join("flow.yaml");
        std::fs::write(&file, flow).unwrap();
        let published = run(&["flow", "publish", file.to_str().unwrap(), "--data", data]);
        assert!(published.status.success(), "{}", text(&published.stderr));
        let mut serve = glassline(&["serve", "--data", data, "--listen", "127.0.0.1:0"]);
        serve.args(["--allow-host", "127.0.0.1", "--allow-host", "localhost"]);
        adapt(&mut serve);
        House { server: Server::spawn(serve), _temp: temp }
    }

    fn submit_url(&self) -> String {
        format!("{}/flows/flow_x/sources/src_web/submit", self.server.address)
    }

    /// Sends a lead, and gives its events.
    async fn lead(&self, parameters: &[(&str, &str)]) -> Vec<Value> {
        let reply = client().post(self.submit_url()).form(parameters).send().await.unwrap();
        let answer: Value = reply.json().await.unwrap();
        self.events(answer["lead"]["id"].as_str().unwrap()).await
    }

    async fn events(&self, lead_id: &str) -> Vec<Value> {
        let url = format!("{}/leads/{lead_id}/events?reveal=1&why=test&expand=exchange", self.server.address);
        get(&client(), &url).await["data"].as_array().unwrap().clone()
    }
}

/// The event of a step that says how it went.
fn of<'a>(events: &'a [Value], step: &str) -> &'a Value {
    let is_it = |event: &&Value| event["step_id"] == step && event["outcome"].is_string();
    events.iter().find(is_it).unwrap_or_else(|| panic!("{step} in {events:?}"))
}

/// What a step added to the lead.
fn appended<'a>(events: &'a [Value], step: &str, path: &str) -> &'a Value {
    &of(events, step)["lead"][format!("appended.{step}.{path}")]
}

const ANN: [(&str, &str); 3] = [("first_name", "Zoë"), ("email", "ann@example.com"), ("age", "40")];

#[tokio::test]
#[ignore = "needs servers of other make: cargo xtask test runs it"]
async fn replies_of_stock_web_servers_are_read() {
    let mut command = Command::new(python());
    command
        .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
        .arg(interop("answers"));
    let files = Other::start(command);
    // `Serving HTTP on 127.0.0.1 port 38711 (http://127.0.0.1:38711/) ...`
    let line = files.line();
    let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    let posts = Other::python("web_server.py", &[interop("answers").to_str().unwrap()]);
    let post = posts.port();
    let steps = format!(
        r##"
    - {{ id: lookup, kind: enhancement, entity: svc_a, integration: custom_query,
        request: {{ url: "http://127.0.0.1:{port}/lookup.json", parameters: {{ who: "{{{{lead.email}}}}" }} }},
        response: {{ outcome: {{ path: status, term: ok }} }} }}
    - {{ id: page, kind: enhancement, entity: svc_a, integration: custom_query,
        request: {{ url: "http://127.0.0.1:{port}/page.html" }},
        response: {{ outcome: {{ path: "#score@data-level", term: gold }}, capture: {{ score: "/<b>(\\d+)/" }} }} }}
    - {{ id: missing, kind: enhancement, entity: svc_a, integration: custom_query,
        request: {{ url: "http://127.0.0.1:{port}/nothing.json" }},
        response: {{ outcome: {{ term: ok }} }} }}
    - {{ id: quote, kind: recipient, entity: buyer_b, integration: custom_xml,
        request: {{ url: "http://127.0.0.1:{post}/quote.xml", fields: {{ lead.email: "{{{{lead.email}}}}", lead.@age: "{{{{lead.age}}}}" }} }},
        response: {{ outcome: {{ path: //status, term: accepted }}, price: {{ path: //price }}, reference: {{ path: //ref }} }},
        price: {{ from: reply }} }}
    - {{ id: crm, kind: recipient, entity: svc_c, counts_as: copy, integration: custom_json,
        request: {{ url: "http://127.0.0.1:{post}/crm.json", headers: {{ x-key: "{{{{secret.crm}}}}" }}, fields: {{ contact.name: "{{{{lead.first_name}}}}", age: "{{{{lead.age}}}}" }} }},
        response: {{ outcome: {{ path: result.status, term: accepted }}, reference: {{ path: result.id }} }} }}
    - {{ id: form, kind: recipient, entity: svc_c, counts_as: copy, integration: custom_form,
        request: {{ url: "http://127.0.0.1:{post}/page.html", fields: {{ name: "{{{{lead.first_name}}}}", note: "a&b=c" }} }},
        response: {{ outcome: {{ term: "/score/" }} }} }}
"##
    );
    let house = House::new(&steps, &["crm"], |_| {});
    let events = house.lead(&ANN).await;
    assert_eq!(of(&events, "lookup")["type"], "enhancement.success");
    assert_eq!(appended(&events, "lookup", "phone.line_type"), "mobile");
    assert_eq!(of(&events, "page")["type"], "enhancement.success");
    assert_eq!(appended(&events, "page", "score"), "712");
    assert_eq!(
        (&of(&events, "missing")["type"], &of(&events, "missing")["response_code"]),
        (&json!("enhancement.failure"), &json!(404))
    );
    assert_eq!(
        (&of(&events, "quote")["type"], &of(&events, "quote")["price"]),
        (&json!("recipient.delivered"), &json!(12.5))
    );
    assert_eq!(appended(&events, "quote", "reference"), "Q-1");
    assert_eq!(of(&events, "crm")["type"], "recipient.delivered");
    assert_eq!(appended(&events, "crm", "reference"), "4711");
    assert_eq!(of(&events, "form")["type"], "recipient.delivered");

    let seen = [posts.told(), posts.told(), posts.told()];
    assert_eq!((&seen[0]["PATH_INFO"], &seen[0]["CONTENT_TYPE"]), (&json!("/quote.xml"), &json!("text/xml")));
    assert!(seen[0]["body"].as_str().unwrap().contains("<lead age=\"40\">"), "{}", seen[0]);
    assert_eq!(
        (&seen[1]["HTTP_X_KEY"], &seen[1]["body"]),
        (&json!(PASSWORD), &json!("{\"contact\":{\"name\":\"Zoë\"},\"age\":40}"))
    );
    assert_eq!(seen[2]["body"], "name=Zo%C3%AB&note=a%26b%3Dc");
    assert!(!Value::from(events).to_string().contains(PASSWORD));
}

#[tokio::test]
#[ignore = "needs servers of other make: cargo xtask test runs it"]
async fn a_stock_soap_server_takes_calls_and_user_names() {
    let mut command = Command::new("node");
    command.arg(interop("soap_server.mjs")).arg(interop("leads.wsdl")).args(["glass", PASSWORD]);
    let soap = Other::start(command);
    let address = soap.told()["address"].as_str().unwrap().to_owned();
    // As the server itself tells it.
    let wsdl = client().get(format!("{address}?wsdl")).send().await.unwrap().text().await.unwrap();
    let wsdl = serde_json::to_string(&wsdl).unwrap();
    let step = |id: &str, security: &str| {
        format!(
            r#"
    - {{ id: {id}, kind: recipient, entity: buyer_b, integration: custom_soap,
        request: {{ wsdl_text: {wsdl}, function: Add, {security} fields: {{ age: "{{{{lead.age}}}}", email: "{{{{lead.email}}}}", first_name: "{{{{lead.first_name}}}}" }} }},
        response: {{ outcome: {{ path: "//*[local-name()='status']", term: accepted }}, price: {{ path: "//*[local-name()='price']" }}, reference: {{ path: "//*[local-name()='id']" }} }},
        price: {{ from: reply }} }}"#
        )
    };
    let steps = [
        step("text", "security: { user: glass, password: \"{{secret.soap}}\" },"),
        step("digest", "security: { user: glass, password: \"{{secret.soap}}\", digest: true },"),
        step("wrong", "security: { user: glass, password: wrong-password },"),
    ];
    let house = House::new(&steps.concat(), &["soap"], |_| {});
    let events = house.lead(&ANN).await;
    for step in ["text", "digest"] {
        let event = of(&events, step);
        assert_eq!(
            (&event["type"], &event["price"]),
            (&json!("recipient.delivered"), &json!(12.5)),
            "{event}"
        );
        assert_eq!(appended(&events, step, "reference"), "A-7");
        assert_eq!(
            soap.told()["lead"],
            json!({ "email": "ann@example.com", "first_name": "Zoë", "age": 40 })
        );
    }
    let wrong = of(&events, "wrong");
    assert_ne!(wrong["type"], "recipient.delivered");
    assert!(
        wrong["exchange"][0]["response"].as_str().unwrap().contains("Invalid username or password"),
        "{wrong}"
    );
    assert!(!Value::from(events).to_string().contains(PASSWORD));

    let events = house.lead(&[("first_name", "Ann"), ("email", "known@example.com"), ("age", "4")]).await;
    let fault = of(&events, "text");
    assert_eq!(
        (&fault["type"], &fault["reason"]),
        (&json!("recipient.error"), &json!("Duplicate lead")),
        "{fault}"
    );
}

/// A certificate for this machine, and its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let settings = folder.join("openssl.cnf");
    std::fs::write(
        &settings,
        "[req]\ndistinguished_name = dn\nx509_extensions = ext\nprompt = no\n[dn]\nCN = localhost\n[ext]\n\
         subjectAltName = DNS:localhost, IP:127.0.0.1\nbasicConstraints = critical, CA:FALSE\n",
    )
    .unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config"]).arg(&settings);
    let made = openssl.arg("-out").arg(&certificate).arg("-keyout").arg(&key).output();
    let made = made.expect("openssl, which cargo xtask test installs");
    assert!(made.status.success(), "{}", text(&made.stderr));
    (certificate, key)
}

#[tokio::test]
#[ignore = "needs servers of other make: cargo xtask test runs it"]
async fn a_stock_mail_server_takes_messages_in_the_clear_and_encrypted() {
    let temp = TempDir::new().unwrap();
    let (certificate, key) = certificate(temp.path());
    let mail = |security: &str| {
        let files = [certificate.to_str().unwrap(), key.to_str().unwrap()];
        Other::python("mail_server.py", &[security, files[0], files[1], "desk", PASSWORD])
    };
    let (plain, starttls, tls) = (mail("plain"), mail("starttls"), mail("tls"));
    let own = format!("smtp://127.0.0.1:{}?tls=none", plain.port());
    let (starttls_port, tls_port) = (starttls.port(), tls.port());
    let step = |id: &str, more: &str| {
        format!(
            r#"
    - {{ id: {id}, kind: recipient, entity: svc_desk, counts_as: copy, integration: email,
        request: {{ {more}, reply_to: "{{{{lead.email}}}}", subject: "Lead of {{{{lead.first_name}}}}",
          text: "Dear desk,\n.\n{{{{lead.first_name}}}} & more", html: "<p>{{{{lead.first_name}}}} &amp; more</p>" }} }}"#
        )
    };
    let to = "to: \"Desk of {{lead.first_name}} <desk@example.com>\", bcc: archive@example.com";
    let auth = "basic_auth: { user: desk, password: \"{{secret.mail}}\" }";
    let steps = [
        step("own", to),
        step("starttls", &format!("url: \"smtp://localhost:{starttls_port}\", {auth}, {to}")),
        step("tls", &format!("url: \"smtps://localhost:{tls_port}\", {auth}, {to}")),
        step("unknown", "to: unknown@example.com"),
        step("busy", "to: busy@example.com"),
        step(
            "refused",
            &format!(
                "url: \"smtps://localhost:{tls_port}\", basic_auth: {{ user: desk, password: wrong }}, {to}"
            ),
        ),
    ];
    let house = House::new(&steps.concat(), &["mail"], |serve| {
        serve.env("GLASSLINE_SMTP_URL", &own).env("GLASSLINE_MAIL_FROM", "Roofs <roofs@example.com>");
        serve.env("SSL_CERT_FILE", &certificate);
    });
    let events = house.lead(&ANN).await;
    for (step, server, encrypted) in
        [("own", &plain, false), ("starttls", &starttls, true), ("tls", &tls, true)]
    {
        let event = of(&events, step);
        assert_eq!(
            (&event["type"], &event["response_code"]),
            (&json!("recipient.delivered"), &json!(250)),
            "{event}"
        );
        let got = server.told();
        assert_eq!(
            (&got["encrypted"], &got["ascii"], &got["defects"]),
            (&json!(encrypted), &json!(true), &json!([])),
            "{step}"
        );
        assert_eq!(
            (&got["mail_from"], &got["rcpt_tos"]),
            (&json!("roofs@example.com"), &json!(["desk@example.com", "archive@example.com"]))
        );
        let headers = &got["headers"];
        assert_eq!(headers["from"], "Roofs <roofs@example.com>");
        assert_eq!(headers["to"], "Desk of Zoë <desk@example.com>");
        assert_eq!(
            (&headers["subject"], &headers["reply-to"]),
            (&json!("Lead of Zoë"), &json!("ann@example.com"))
        );
        assert!(headers["bcc"].is_null());
        assert_eq!(
            got["bodies"]["text/plain"].as_str().unwrap().trim_end().replace("\r\n", "\n"),
            "Dear desk,\n.\nZoë & more"
        );
        assert_eq!(got["bodies"]["text/html"].as_str().unwrap().trim_end(), "<p>Zoë &amp; more</p>");
        assert_eq!(event["exchange"][0]["response"], "SMTP 250\r\n\r\n2.0.0 Ok: queued as 7");
    }
    let unknown = of(&events, "unknown");
    assert_eq!(
        (&unknown["type"], &unknown["response_code"]),
        (&json!("recipient.failed"), &json!(550)),
        "{unknown}"
    );
    let busy = of(&events, "busy");
    assert_eq!((&busy["type"], &busy["error_kind"]), (&json!("recipient.error"), &json!("status")), "{busy}");
    let refused = of(&events, "refused");
    assert_eq!(
        (&refused["type"], &refused["error_kind"]),
        (&json!("recipient.error"), &json!("auth")),
        "{refused}"
    );
    assert!(!Value::from(events).to_string().contains(PASSWORD));
}

/// What curl prints: the body, and the status behind it.
fn curl(arguments: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["-sS", "--noproxy", "*", "-w", "\n%{http_code}"]).args(arguments);
    let output = command.output().expect("curl, which cargo xtask test installs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    let (body, status) = printed.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

/// Bytes as gzip makes them.
fn gzip(bytes: &[u8], file: &Path) {
    let mut child = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(file).unwrap())
        .spawn()
        .expect("gzip");
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
#[ignore = "needs clients of other make: cargo xtask test runs it"]
async fn submissions_of_curl_and_of_an_xml_client_are_read() {
    let house = House::new("    []\n", &[], |_| {});
    let url = house.submit_url();
    let temp = TempDir::new().unwrap();
    let packed = temp.path().join("lead.json.gz");
    gzip(r#"{"first_name":"Zoë","email":"ann@example.com","age":40}"#.as_bytes(), &packed);
    let packed = format!("@{}", packed.display());
    let form = ["--data-urlencode", "first_name=Zoë", "-d", "email=ann@example.com", "-d", "age=40", &url];
    let query =
        ["-G", "--data-urlencode", "first_name=Zoë", "-d", "email=ann@example.com", "-d", "age=40", &url];
    let json = [
        "-H",
        "Content-Type: application/json",
        "-d",
        r#"{"first_name":"Zo\u00eb","email":"ann@example.com","age":40}"#,
        &url,
    ];
    let xml = [
        "-H",
        "Content-Type: text/xml",
        "-H",
        "Accept: text/xml",
        "-d",
        "<lead><first_name>Zo&#235;</first_name><email>ann@example.com</email><age>40</age></lead>",
        &url,
    ];
    let zipped = [
        "-H",
        "Content-Type: application/json",
        "-H",
        "Content-Encoding: gzip",
        "--data-binary",
        &packed,
        &url,
    ];
    let mut ids = Vec::new();
    for arguments in [&form[..], &query, &json, &zipped] {
        let (status, body) = curl(arguments);
        assert_eq!(status, 201, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        ids.push(answer["lead"]["id"].as_str().unwrap().to_owned());
    }
    let (status, body) = curl(&xml);
    assert!(status == 201 && body.contains("<outcome>success</outcome>"), "{body}");
    let multipart = curl(&["-F", "email=ann@example.com", &url]);
    assert_eq!(multipart.0, 406, "{}", multipart.1);

    let values = json!({ "first_name": "Zoë", "email": "ann@example.com", "age": "40" }).to_string();
    let mut command = Command::new(python());
    let told = command.arg(interop("xml_client.py")).args([&url, &values]).output().unwrap();
    assert!(told.status.success(), "{}", text(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["status"], &told["outcome"]), (&json!(201), &json!("success")), "{told}");

    let list = get(&client(), &format!("{}/leads", house.server.address)).await;
    let all: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|lead| lead["id"].as_str().unwrap()).collect();
    assert_eq!(all.len(), 6, "four by curl with JSON answers, two in XML");
    assert!(ids.iter().all(|id| all.contains(&id.as_str())));
    for lead_id in all {
        let events = house.events(lead_id).await;
        let accepted = events.iter().find(|event| event["type"] == "source.accepted").unwrap();
        let lead = &accepted["lead"];
        assert_eq!(
            (&lead["first_name"], &lead["email"], &lead["age"]),
            (&json!("Zoë"), &json!("ann@example.com"), &json!(40))
        );
    }
    assert_eq!(curl(&["-u", &format!("x:{ADMIN}"), &format!("{}/flows", house.server.address)]).0, 200);
}
