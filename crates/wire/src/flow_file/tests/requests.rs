use super::*;

/// A flow with one recipient of this integration and request, which begins on line 10.
fn request(integration: &str, lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("        {line}\n")).collect();
    flow(&format!(
        "  fields: {{ state: state }}\n  steps:\n    - id: a\n      kind: recipient\n      entity: buyer_x\n      \
         integration: {integration}\n      request:\n{lines}"
    ))
}

#[test]
fn each_form_has_its_methods_and_its_fields() {
    for (integration, methods) in [
        ("custom_json", &["POST", "PUT", "PATCH", "DELETE"][..]),
        ("custom_form", &["POST"]),
        ("custom_query", &["GET"]),
    ] {
        for method in methods {
            read_twice(&request(integration, &format!("method: {method}\nurl: https://x.example.com/")));
        }
    }
    check(
        &request("custom_query", "method: POST\nurl: https://x.example.com/\nfields: { a: b }"),
        expect![[r#"
            line 11: custom_query is sent by GET, not by POST
            line 13: custom_query sends "parameters", not "fields""#]],
    );
    check(
        &request("custom_form", "method: get\nurl: https://x.example.com/\nparameters: { a: b }"),
        expect![[r#"
            line 11: custom_form is sent by POST, not by GET
            line 13: custom_form sends "fields", not "parameters""#]],
    );
    check(
        &request(
            "custom_json",
            "method: GET\nuri: https://x.example.com/\nparameters: { a: b }\nbasic_auth: { user: x }",
        ),
        expect![[r#"
            line 11: custom_json is sent by POST, PUT, PATCH, DELETE, not by GET
            line 11: a request needs the key "url"
            line 12: a request has no key "uri"; did you mean "url"?
            line 13: custom_json sends "fields", not "parameters"
            line 14: the basic authentication needs the key "password""#]],
    );
}

#[test]
fn no_lead_chooses_where_it_is_sent() {
    for url in [
        "\"{{lead.state}}\"",
        "\"https://{{lead.state}}.example.com/\"",
        "\"https://x.example.com{{lead.state}}\"",
    ] {
        let error = FlowFile::read(&request("custom_json", &format!("url: {url}"))).unwrap_err();
        assert_eq!(error.problems().len(), 1, "{error}");
        assert_eq!(error.problems()[0].line, 11, "{error}");
        assert!(error.to_string().contains("written out"), "{error}");
    }
    check(
        &request("custom_json", "url: 5"),
        expect![[r#"line 11: "url" must be text, not a number; put it in quotes"#]],
    );
    check(
        &request("custom_json", "url: \"https://x.example.com/{{lead.zip}}\""),
        expect![[
            r#"line 11: "url", column 23 of the template: it names lead.zip, which is not a field of the flow"#
        ]],
    );
}

#[test]
fn headers_are_good_or_told() {
    read_twice(&request(
        "custom_json",
        "url: https://x.example.com/\nheaders: { X-Key: abc, content-type: application/vnd.api+json, x-state: \"{{lead.state}}\", x-version: 2 }",
    ));
    check(
        &request(
            "custom_json",
            "url: https://x.example.com/\nheaders:\n  Host: a\n  x y: a\n  X-A: a\n  x-a: b\n  x-b: \"a\\r\\nb: c\"\n  x-c: [ a ]\n  x-d:\n  Accept: a\n  x-key: \"{{secret.key}}\"",
        ),
        expect![[r#"
            line 13: the header "Host" is set by the connection or by Glassline itself
            line 14: the header "x y" has a name that is not one: 1 to 100 letters, digits and -
            line 16: the header x-a stands twice; case does not matter
            line 17: the header x-b holds a control character
            line 18: "x-c" must be text, not a list
            line 19: "x-d" must be text, not nothing
            line 20: the header "Accept" is set by the connection or by Glassline itself
            line 21: "x-key", column 1 of the template: it names secret.key, but the file does not list key under "secrets""#]],
    );
    let many: String = (0..51).map(|number| format!("x-{number}: a, ")).collect();
    check(
        &request("custom_json", &format!("url: https://x.example.com/\nheaders: {{ {many} }}")),
        expect!["line 12: there are 51 headers; at most 50 fit"],
    );
}

#[test]
fn fields_make_one_tree() {
    check(
        &request(
            "custom_json",
            "url: https://x.example.com/\nfields:\n  a: 1\n  a.b: 2\n  c.0: x\n  c.d: x\n  \"e..f\": x\n  \"\": x\n  g: { h: x }\n  i: [ x ]\n  j:\n  k.5000: x",
        ),
        expect![[r#"
            line 14: the name "a.b" lies within a, which is a value
            line 16: the name "c.d" makes c a list as well as a group; its parts are all numbers or all names
            line 17: the name "e..f" has an empty part between dots
            line 18: the name "" does not have 1 to 200 bytes
            line 19: "g" must be text, not a group of keys; for a value within another write "g.h"
            line 20: "i" must be text, not a list
            line 21: "j" must be text, not nothing
            line 22: the name "k.5000" counts items of a list from 0 to 99; 5000 is none"#]],
    );
    // Forms and queries take any name.
    read_twice(&request(
        "custom_form",
        "url: https://x.example.com/\nfields: { a: 1, a.b: 2, \"a[0]\": x, \"e..f\": x }",
    ));
    let many: String = (0..501).map(|number| format!("f{number}: a, ")).collect();
    check(
        &request("custom_form", &format!("url: https://x.example.com/\nfields: {{ {many} }}")),
        expect!["line 12: there are 501 fields; at most 500 fit"],
    );
}

#[test]
fn a_template_is_not_longer_than_fits() {
    let long = "x".repeat(domain::TEMPLATE_BYTES_MAX + 1);
    check(
        &request("custom_form", &format!("url: https://x.example.com/\nfields: {{ a: {long} }}")),
        expect![[r#"line 12: "a", column 1 of the template: it has 16385 bytes; at most 16384 fit"#]],
    );
}
