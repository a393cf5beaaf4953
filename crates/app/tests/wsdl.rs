//! A WSDL becomes a part of the flow when that is published: nothing is fetched or read later, and what changes at
//! its address changes nothing here.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use support::{ADMIN, Server, chain, client, get, glassline, run, text};
use tempfile::TempDir;

/// A service that tells of itself in WSDL and is called by SOAP, until it is asked for the path `/end`.
#[derive(Clone)]
struct Service {
    address: String,
    /// The element that it says calls have; none means that it tells nothing of itself.
    element: Arc<Mutex<Option<String>>>,
    /// The first line of each request, or the body of a call.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Service {
    fn start(element: &str) -> (Service, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Service {
            address: listener.local_addr().unwrap().to_string(),
            element: Arc::new(Mutex::new(Some(element.to_owned()))),
            seen: Arc::default(),
        };
        let own = service.clone();
        let serving = std::thread::spawn(move || while own.serve(&listener.accept().unwrap().0) {});
        (service, serving)
    }

    fn serve(&self, stream: &TcpStream) -> bool {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let length =
            lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let (status, answer) = if lines[0].starts_with("GET /leads.wsdl ") {
            self.seen.lock().unwrap().push(lines[0].clone());
            self.wsdl().map_or((404, String::new()), |wsdl| (200, wsdl))
        } else {
            self.seen.lock().unwrap().push(text(&body));
            (200, "<Envelope><Body><ok>yes</ok></Body></Envelope>".to_owned())
        };
        let reply = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        let _ = { stream }.write_all(reply.as_bytes());
        !lines[0].starts_with("GET /end ")
    }

    fn wsdl(&self) -> Option<String> {
        let element = self.element.lock().unwrap().clone()?;
        Some(wsdl(&self.address, &element))
    }

    fn tell(&self, element: Option<&str>) {
        *self.element.lock().unwrap() = element.map(str::to_owned);
    }

    /// How often it was asked what it is.
    fn fetches(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.starts_with("GET /leads.wsdl")).count()
    }

    fn end(&self, serving: std::thread::JoinHandle<()>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(b"GET /end HTTP/1.1\r\n\r\n").unwrap();
        serving.join().unwrap();
    }
}

/// A WSDL of one function, `AddLead`, whose call has this element.
fn wsdl(address: &str, element: &str) -> String {
    format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">
<message name="I"><part name="p" element="{element}"/></message>
<portType name="T"><operation name="AddLead"><input message="I"/></operation></portType>
<binding name="B" type="T"><operation name="AddLead"><s:operation soapAction="a"/><input><s:body/></input></operation></binding>
<service><port binding="B"><s:address location="http://{address}/call"/></port></service>
</definitions>"#
    )
}

fn flow(wsdl: &str) -> String {
    format!(
        "entities: {{ src_a: {{ kind: source, name: A }}, buyer_b: {{ kind: buyer, name: B }} }}\n\
         flow:\n  id: flow_soap\n  name: Soap\n  fields: {{ email: email }}\n  sources: [ {{ entity: src_a }} ]\n  \
         steps:\n    - id: call\n      kind: recipient\n      entity: buyer_b\n      integration: custom_soap\n      \
         request:\n        {wsdl}\n        function: AddLead\n        fields: {{ mail: \"{{{{lead.email}}}}\" }}\n"
    )
}

fn write(folder: &Path, wsdl: &str) -> String {
    let path = folder.join("flow.yaml");
    std::fs::write(&path, flow(wsdl)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Publishes over the API, and gives what the command said.
fn publish(server: &Server, file: &str) -> String {
    let output = run(&["flow", "publish", file, "--url", &server.address, "--key", ADMIN]);
    text(if output.status.success() { &output.stdout } else { &output.stderr })
}

/// Sends a lead, which the buyer takes.
async fn submit(server: &Server) {
    let to = ["--url", &server.address, "--key", ADMIN, "--flow", "flow_soap", "--source", "src_a"];
    let output = run(&[&["submit"], &to[..], &["email=ann@example.com"]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let events = chain(&client(), &server.address, answer["lead"]["id"].as_str().unwrap()).await;
    assert!(events.contains(&"recipient.delivered".to_owned()), "{events:?}");
}

#[tokio::test]
async fn a_wsdl_is_fetched_when_a_flow_is_published_and_never_again() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    let (service, serving) = Service::start("First");
    let file = write(temp.path(), &format!("wsdl: http://{}/leads.wsdl", service.address));
    let serve = ["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let reach = ["--allow-host", "127.0.0.1"];

    // Without leave nobody inside is asked, and the line says why.
    let closed = Server::spawn(glassline(&serve));
    let told = publish(&closed, &file);
    assert!(
        told.contains("line 13: the WSDL http://127.0.0.1:") && told.contains("allow it with --allow-host"),
        "{told}"
    );
    assert!(closed.stop().0.success());

    let server = Server::spawn(glassline(&[&serve[..], &reach].concat()));
    assert!(publish(&server, &file).starts_with("Published version 1 of flow_soap"));
    let flow = get(&client(), &format!("{}/flows/flow_soap", server.address)).await;
    let request = &flow["document"]["flow"]["steps"][0]["request"];
    assert_eq!(request["wsdl_text"], service.wsdl().unwrap());
    assert_eq!(request["wsdl_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(publish(&server, &file), "Version 1 of flow_soap is this very file; nothing changed\n");
    submit(&server).await;
    assert_eq!(service.fetches(), 2);

    // It calls itself otherwise by now. Neither the next lead nor a restart looks.
    service.tell(Some("Second"));
    submit(&server).await;
    assert!(server.stop().0.success());
    service.tell(None);
    let server = Server::spawn(glassline(&[&serve[..], &reach].concat()));
    submit(&server).await;
    assert_eq!(service.fetches(), 2);
    let calls = service.seen.lock().unwrap().clone();
    let calls: Vec<_> = calls.iter().filter(|seen| seen.contains("Envelope")).collect();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.contains("First") && !call.contains("Second")), "{calls:?}");

    // Publishing looks again: first there is none, then another.
    let told = publish(&server, &file);
    assert!(told.contains("/leads.wsdl cannot be fetched: HTTP 404"), "{told}");
    service.tell(Some("Second"));
    assert!(publish(&server, &file).starts_with("Published version 2 of flow_soap"));
    submit(&server).await;
    assert!(service.seen.lock().unwrap().last().unwrap().contains("Second"));
    assert!(server.stop().0.success());
    service.end(serving);
}

#[test]
fn a_wsdl_file_is_read_where_the_command_runs() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    let file = write(temp.path(), "wsdl_file: wsdl/leads.wsdl");
    let check = || {
        let output = run(&["flow", "check", &file]);
        text(if output.status.success() { &output.stdout } else { &output.stderr })
    };
    assert!(check().contains("line 13: the WSDL wsdl/leads.wsdl cannot be read from "), "{}", check());
    std::fs::create_dir(temp.path().join("wsdl")).unwrap();
    let path = temp.path().join("wsdl/leads.wsdl");
    std::fs::write(&path, "<html/>").unwrap();
    assert!(check().contains("line 13: the document is no WSDL 1.1"), "{}", check());
    std::fs::write(&path, "x".repeat(256 * 1024 + 1)).unwrap();
    assert!(check().contains("line 13: the WSDL wsdl/leads.wsdl has more than 262144 bytes"), "{}", check());
    std::fs::write(&path, wsdl("soap.example.com", "First")).unwrap();
    assert!(check().ends_with("is good to publish\n"), "{}", check());

    // Into a directory, and to a server, which sees no files of its own.
    let output = run(&["flow", "publish", &file, "--data", data.to_str().unwrap()]);
    assert!(text(&output.stdout).starts_with("Published version 1 "), "{}", text(&output.stderr));
    let server = Server::start(&data);
    assert!(publish(&server, &file).starts_with("Version 1 of flow_soap is this very file"));
    std::fs::write(&path, wsdl("soap.example.com", "Second")).unwrap();
    assert!(publish(&server, &file).starts_with("Published version 2 "));
    std::fs::remove_file(&path).unwrap();
    assert!(publish(&server, &file).contains("line 13: the WSDL wsdl/leads.wsdl cannot be read from "));
    assert!(server.stop().0.success());
}

#[test]
fn a_wsdl_of_the_web_is_checked_by_the_command_itself() {
    let temp = TempDir::new().unwrap();
    let (service, serving) = Service::start("First");
    let file = write(temp.path(), &format!("wsdl: http://{}/leads.wsdl", service.address));
    let refused = run(&["flow", "check", &file]);
    assert!(text(&refused.stderr).contains("allow it with --allow-host"), "{}", text(&refused.stderr));
    assert_eq!(service.fetches(), 0);
    let checked = run(&["flow", "check", &file, "--allow-host", &service.address]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let data = temp.path().join("data");
    let publish = ["flow", "publish", &file, "--data", data.to_str().unwrap()];
    let published = run(&[&publish[..], &["--allow-host", &service.address]].concat());
    assert!(published.status.success(), "{}", text(&published.stderr));
    assert_eq!(service.fetches(), 2);
    service.end(serving);
}

/// Whoever publishes it may reach what cannot be reached from here.
#[test]
fn a_wsdl_that_cannot_be_reached_is_warned_of_and_all_else_is_checked() {
    let temp = TempDir::new().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let check = |wsdl: &str| {
        let file = write(temp.path(), wsdl);
        let output = run(&["flow", "check", &file, "--allow-host", "127.0.0.1"]);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, stdout, stderr) = check(&format!("wsdl: http://{nobody}/leads.wsdl"));
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.ends_with("1 step), is good to publish\n"), "{stdout}");
    let warning =
        format!("line 13: the WSDL http://{nobody}/leads.wsdl cannot be fetched: connection refused");
    assert!(stderr.contains(&warning) && stderr.contains("\"wsdl_file\""), "{stderr}");

    let (status, _, stderr) = check(&format!("wsdl: http://{nobody}/leads.wsdl\n        feilds: {{}}"));
    assert_eq!(status, Some(1));
    assert!(stderr.contains("line 14: ") && stderr.contains(&warning), "{stderr}");

    // A host that answers that there is none is not out of reach.
    let (service, serving) = Service::start("First");
    service.tell(None);
    let (status, _, stderr) = check(&format!("wsdl: http://{}/leads.wsdl", service.address));
    assert_eq!(status, Some(1));
    assert!(stderr.contains("cannot be fetched: HTTP 404"), "{stderr}");
    service.end(serving);
}

#[test]
fn the_example_is_checked_without_its_wsdl_and_with_it() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let temp = TempDir::new().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let example = std::fs::read_to_string(format!("{examples}/flow_auto_pingpost.yaml")).unwrap();
    std::fs::copy(format!("{examples}/south.wsdl"), temp.path().join("south.wsdl")).unwrap();
    let path = temp.path().join("flow.yaml");
    let named = "wsdl: \"https://south.example.com/lead.wsdl\"";
    assert!(example.contains(named));
    for (wsdl, is_warned) in [
        (format!("wsdl: \"http://{nobody}/lead.wsdl\""), true),
        (format!("{named}, wsdl_file: south.wsdl"), false),
        ("wsdl_file: south.wsdl".to_owned(), false),
    ] {
        std::fs::write(&path, example.replace(named, &wsdl)).unwrap();
        let output = run(&["flow", "check", path.to_str().unwrap(), "--allow-host", "127.0.0.1"]);
        let stderr = text(&output.stderr);
        let told = (output.status.code(), stderr.contains("cannot be fetched"));
        assert_eq!(told, (Some(0), is_warned), "{stderr}");
    }
}
