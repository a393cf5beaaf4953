//! Secrets: listed by name, named in requests alone.

use super::*;

const STEPS: &str = "  fields: { state: state, email: email }\n  steps:\n";

#[test]
fn a_file_lists_the_secrets_that_its_requests_name() {
    let file = read_twice(&format!(
        "secrets: [ south, mail_2 ]\n{}",
        flow(&format!(
            "{STEPS}    - {{ id: a, kind: enhancement, entity: svc_x, integration: custom_query, request: {{ url: \"https://x.example.com/{{{{secret.south}}}}\", headers: {{ x: \"{{{{sha1 lead.email salt=secret.mail_2}}}}\" }} }} }}\n"
        ))
    ));
    let listed: Vec<_> = file.secrets.iter().map(|secret| (secret.name.as_str(), secret.line)).collect();
    assert_eq!(listed, [("south", 1), ("mail_2", 1)]);
    let request = file.flow.steps()[0].request().unwrap();
    let named: Vec<_> = request.secrets().map(ToString::to_string).collect();
    assert_eq!(named, ["south", "mail_2"]);
}

#[test]
fn a_secret_that_is_not_set_is_told_with_its_line_and_how_to_set_it() {
    let file =
        read_twice(&format!("secrets:\n  - south\n  - north\n{}", flow("  fields: { state: state }\n")));
    let error = file.check_secrets(|name| name.as_str() == "south").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 3: the secret north is not set; set it with: glassline secret set north"
    );
    assert!(file.check_secrets(|_| true).is_ok());
}

#[test]
fn secrets_stand_in_requests_alone_and_only_when_they_are_listed() {
    check(
        &format!(
            "secrets: [ south, South, south ]\n{}",
            flow(&format!(
                "{STEPS}    \
                 - {{ id: a, kind: enhancement, entity: svc_x, integration: custom_json, request: {{ url: \"https://x.example.com/\", fields: {{ a: \"{{{{secret.sout}}}}\", b: \"{{{{secret.x.y}}}}\" }} }} }}\n    \
                 - {{ id: b, kind: filter, require: {{ field: lead.email, op: eq, value: \"{{{{secret.south}}}}\" }} }}\n"
            ))
        ),
        expect![[r#"
            line 1: "South" is not the name of a secret: 1 to 64 of a-z, 0-9 and _
            line 1: the secret south stands twice
            line 7: "a", column 1 of the template: it names secret.sout, but the file does not list sout under "secrets"; did you mean secret.south?
            line 7: "b", column 1 of the template: it names secret.x.y, but the file does not list x.y under "secrets"
            line 8: the rule `lead.email is equal to {{secret.south}}` has a template that cannot be read: column 1 of the template: it names secret.south, but secrets stand only in what enhancements and recipients send"#]],
    );
}
