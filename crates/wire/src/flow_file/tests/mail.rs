//! Messages by mail.

use super::*;

/// A flow with one recipient that is written to; the request begins on line 10.
fn mail(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("        {line}\n")).collect();
    flow(&format!(
        "  fields: {{ state: state, email: email }}\n  steps:\n    - id: a\n      kind: recipient\n      entity: svc_x\n      \
         integration: email\n      request:\n{lines}"
    ))
}

#[test]
fn a_message_has_people_and_texts() {
    read_twice(&mail("to: desk@example.com\nsubject: Lead {{lead.id}}\ntext: x"));
    let file = read_twice(&mail(
        "url: smtp://mail.example.com?tls=none\nbasic_auth: { user: a, password: b }\nfrom: Desk <desk@example.com>\n\
         reply_to: \"{{lead.email}}\"\nto: [ '\"Lee, Ann\" <ann@example.com>', \"{{lead.email}}\" ]\n\
         cc: \"a@example.com, {{default lead.email \\\"b@example.com,c\\\"}}\"\nbcc: c@example.com\nsubject: x\nhtml: <p>x</p>",
    ));
    let request = file.flow.steps()[0].request().unwrap();
    let mail = request.mail.as_ref().unwrap();
    assert_eq!((mail.to.len(), mail.cc.len(), mail.bcc.len()), (2, 2, 1));
    assert_eq!(mail.to[0].name.as_ref().unwrap().as_literal(), Some("Lee, Ann"));
}

#[test]
fn what_is_wrong_with_a_message_is_told() {
    check(
        &mail(
            "url: https://mail.example.com\nto: desk\ncc: \"a@example.com,\"\nfrom: [ a@example.com ]\nsubject: x",
        ),
        expect![[r#"
            line 11: a message needs "text", "html" or both
            line 11: a mail server is like smtps://mail.example.com or smtp://mail.example.com:587, and this begins otherwise
            line 12: "to" is an address such as desk@example.com or Desk <desk@example.com>, not "desk"
            line 13: "cc" is an address such as desk@example.com or Desk <desk@example.com>, not ""
            line 14: "from" must be text, not a list"#]],
    );
    check(
        &mail(
            "url: smtps://ann:pw@mail.example.com\nto: []\nbcc: Ann <a@example.com> <b@example.com>\nsubject: x\ntext: \"{{secret.x}}\"",
        ),
        expect![[r#"
            line 11: the address names a user or a password; give them under "basic_auth"
            line 12: "to" names nobody
            line 13: "bcc" is an address such as desk@example.com or Desk <desk@example.com>, not "Ann <a@example.com> <b@example.com>"
            line 15: "text", column 1 of the template: it names secret.x, but the file does not list x under "secrets""#]],
    );
    check(
        &mail(
            "method: POST\nheaders: { a: b }\nfields: { a: b }\nparameters: { a: b }\nascii: true\nfollow_redirects: true\nbasic_auth: { user: a, password: b }\nto: a@example.com\nsubject: x\ntext: x",
        ),
        expect![[r#"
            line 11: email has no key "method", which is for requests over HTTP
            line 12: email has no key "headers", which is for requests over HTTP
            line 13: email has no key "fields", which is for requests over HTTP
            line 14: email has no key "parameters", which is for custom_query
            line 15: email has no key "ascii", which is for requests over HTTP
            line 16: email has no key "follow_redirects", which is for requests over HTTP
            line 17: "basic_auth" is for the mail server that "url" names"#]],
    );
    check(
        &flow(
            "  steps:\n    - { id: a, kind: enhancement, entity: svc_x, integration: email, request: { to: a@example.com, subject: x, text: x } }\n    \
             - { id: b, kind: recipient, entity: svc_x, integration: email, request: { to: a@example.com, subject: x, text: x }, response: { reason: { default: x } } }\n    \
             - { id: c, kind: recipient, entity: svc_x, integration: custom_form, request: { url: \"https://x.example.com/\", to: a@example.com } }\n",
        ),
        expect![[r#"
            line 5: email answers nothing that could be added to a lead; it is for recipients
            line 6: email has no "response": what the mail server takes is delivered, what it never will is a no
            line 7: custom_form has no key "to", which is for email"#]],
    );
}
