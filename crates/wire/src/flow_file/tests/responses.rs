use super::*;

/// A flow with one recipient and this response, which begins on line 11.
fn response(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("        {line}\n")).collect();
    flow(&format!(
        "  steps:\n    - id: a\n      kind: recipient\n      entity: buyer_x\n      integration: custom_json\n      \
         request: {{ url: \"https://x.example.com/\" }}\n      response:\n{lines}"
    ))
}

#[test]
fn terms_and_paths_may_be_numbers_and_truth_values() {
    let file = read_twice(&response(
        "outcome: { path: 0, term: true }\nreason: { default: Refused }\nreference: { path: data.0.id }",
    ));
    let domain::StepKind::Recipient(recipient) = &file.flow.steps()[0].kind else { panic!("a recipient") };
    let outcome = recipient.response.outcome.as_ref().unwrap();
    assert!(outcome.term.as_ref().unwrap().is_found_in("TRUE"));
    assert_eq!(outcome.path.as_ref().unwrap().to_string(), "0");
}

#[test]
fn each_fault_is_told_with_its_line() {
    check(
        &response(
            "outcome: { path: a..b, term: \"/(/\", on_match: maybe }\nreason: { path: [ a ], default: \"{{lead.x}}\", pth: a }\n\
             price: { fallback: -1 }\nreference: { path: //id }\nvalues:\n  a: [ x, X ]\n  b: []\n  c: x\n  d..e: [ x ]\n  f: [ \" x\", \"\", { a: 1 } ]",
        ),
        expect![[r#"
            line 11: "a..b" is no path of a reply: keys of JSON with dots between (result.errors.*.message), an XPath of XML (//status/text()), a selector of HTML (#result@data-code), or an expression for text (/id=(\w+)/)
            line 11: the term is not a regular expression: unclosed group
            line 11: "on_match" is one of success, failure, error, not "maybe"
            line 12: the reason of a response has no key "pth"; did you mean "path"?
            line 12: "path" must be text, not a list
            line 12: a template in a reason is not supported yet
            line 13: the price of a response needs the key "path"
            line 13: "fallback" is -1, but a price is from 0 to 1000000
            line 16: the value "X" of a is there already; case does not matter
            line 17: the values of b are an empty list
            line 18: "c" must be a list of what it may be, not text
            line 19: the name "d..e" has an empty part
            line 20: the value " x" of f is not plain text: it begins or ends with a blank, or holds a control character
            line 20: the value "" of f is blank
            line 20: "a value" must be text, not a group of keys"#]],
    );
    check(
        &response("outcome: {}\nprise: { path: a }"),
        expect![[r#"
        line 11: the outcome of a response needs one of the keys "term" and "on_match"
        line 12: the response of a recipient has no key "prise"; did you mean "price"?"#]],
    );
}

#[test]
fn values_have_bounds() {
    let many: String = (0..51).map(|number| format!("v{number}: [ a ], ")).collect();
    check(
        &response(&format!("values: {{ {many} }}")),
        expect!["line 11: there are 51 values; at most 50 fit"],
    );
    let words: String = (0..501).map(|number| format!("w{number}, ")).collect();
    check(
        &response(&format!("values: {{ a: [ {words} ], b: [ {} ] }}", "x".repeat(129))),
        expect![[r#"
        line 11: there are 501 words; at most 500 fit
        line 11: the value "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" of b is longer than 128 bytes"#]],
    );
}

#[test]
fn only_a_recipients_reply_names_a_price() {
    check(
        &response("price: { path: a }").replace("recipient", "enhancement").replace("buyer_x", "svc_x"),
        expect![[r#"line 11: the response of an enhancement has no key "price""#]],
    );
}
