//! Whole templates: what they become, and what is said of those that are wrong.

use proptest::prelude::*;

use super::*;
use crate::{
    EarlierStep, Field, FieldType, Fields, Lead, LeadId, LeadIdKind, Number, Seed, TimeZone, Timestamp,
};

mod bounds;
mod helpers;
mod math;

pub(super) fn fields() -> Fields {
    let field = |(name, field_type): (&str, FieldType)| Field::new(name.parse().unwrap(), field_type);
    Fields::new(
        [
            ("first_name", FieldType::FirstName),
            ("age", FieldType::Number),
            ("price", FieldType::Number),
            ("state", FieldType::State),
            ("email", FieldType::Email),
            ("phone_1", FieldType::Phone),
            ("is_owner", FieldType::Boolean),
            ("move_date", FieldType::Date),
            ("seen_at", FieldType::Time),
            ("tags", FieldType::List),
            ("note", FieldType::String),
            ("blank", FieldType::String),
            ("format", FieldType::String),
        ]
        .map(field)
        .to_vec(),
    )
    .unwrap()
}

pub(super) fn read(text: &str) -> Result<Template, TemplateError> {
    let steps = [EarlierStep { id: "check".parse().unwrap(), values: vec![] }];
    Template::read(text, Vocabulary::Lead { fields: &fields(), steps: &steps })
}

pub(super) fn lead() -> Lead {
    let tags = ["a", "b"].map(|tag| Scalar::Text(tag.into()));
    let raw: Lead = [
        ("first_name", Value::text("Ann")),
        ("age", Value::from("40".parse::<Number>().unwrap())),
        ("price", Value::text("12.5")),
        ("state", Value::text("texas")),
        ("email", Value::text("Ann@Example.com")),
        ("phone_1", Value::text("(512) 555-0143")),
        ("is_owner", Value::text("no")),
        ("move_date", Value::text("02/05/2024")),
        ("seen_at", Value::text("2024-02-05T20:07:09.123Z")),
        ("tags", Value::List(tags.into())),
        ("note", Value::text("id=77; ref=x9")),
        ("blank", Value::text("")),
        ("format", Value::text("PDF")),
    ]
    .map(|(path, value)| (path.parse().unwrap(), value))
    .into_iter()
    .collect();
    let mut lead = fields().parse(&raw, Timestamp::MAX);
    let mixed = Value::List([Scalar::Text("a".into()), Scalar::Bool(true), Scalar::Null].into());
    lead.set("appended.check.tags".parse().unwrap(), mixed);
    lead.set("appended.check.score".parse().unwrap(), Value::text("7.25"));
    lead
}

pub(super) fn variables<'a>(lead: &'a Lead, zone: &'a TimeZone) -> Variables<'a> {
    let now: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    Variables {
        lead_id: Some(LeadId::new(LeadIdKind::Lead, now, [1; 6])),
        price: Some("14.5".parse().unwrap()),
        now,
        time_zone: zone,
        seed: Seed(7),
        ..Variables::of(lead)
    }
}

/// What a template becomes, or what is said of it.
pub(super) fn told(text: &str) -> String {
    let zone = "America/Chicago".parse().unwrap();
    match read(text) {
        Ok(template) => template.render(&variables(&lead(), &zone)),
        Err(error) => error.to_string().replace("column 1 of the template: ", "! "),
    }
}

pub(super) fn check(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(told(text), *wanted, "{text}");
    }
}

#[test]
fn holes_are_filled_in() {
    check(&[
        ("plain", "plain"),
        ("", ""),
        ("{{lead.first_name}} is {{ lead.age }}", "Ann is 40"),
        ("é{{check.tags}}{{appended.check.none}}}}", "éa,true,}}"),
        ("{{delivery_id}}{{lead.blank}}", ""),
        ("{{lead.phone_1.area}} {{{lead.state}}} {{&lead.state.name}}", "512 TX Texas"),
        ("{{lead.tags.0}}{{lead.tags[1]}}{{lead.tags.2}} {{check.tags.1}} {{lead.tags}}", "ab true a,b"),
        ("{{lead.format}} {{lead.is_owner}} {{price}} {{source.name}}", "PDF false 14.5 "),
        ("a {{!-- no {{matter}} --}}b{{! x }}", "a b"),
        ("{{lead.first_name}}  {{~lead.age~}}  .", "Ann40."),
        ("\\{{lead.first_name}} {{\"<b>&\"}}", "{{lead.first_name}} <b>&"),
        ("{{now}}", "2026-01-15T12:00:00.000Z"),
    ]);
}

#[test]
fn blocks_choose() {
    check(&[
        ("{{#if lead.first_name}}yes{{else}}no{{/if}}", "yes"),
        ("{{#if lead.is_owner}}yes{{else}}no{{/if}}", "no"),
        ("{{#if lead.blank}}yes{{/if}}", ""),
        ("{{#unless lead.blank}}none{{else}}some{{/unless}}", "none"),
        (
            "{{#if check.none}}1{{else if lead.is_owner}}2{{else if lead.age}}{{lead.age}}{{else}}4{{/if}}",
            "40",
        ),
        ("{{#if lead.blank}}1{{else unless lead.blank}}2{{/if}}", "2"),
        ("{{#if lead.age}}{{#if lead.blank}}a{{^}}b{{/if}}c{{/if}}", "bc"),
        ("{{#if (math \"lead.age >= 18 ? 1 : 0\")}}adult{{/if}}", "adult"),
        ("{{#if 0}}a{{/if}}{{#if \"0\"}}b{{/if}}{{#if null}}c{{/if}}{{#if (split lead.blank)}}d{{/if}}", "b"),
        ("{{# if lead.age }}a{{ / if }}", "a"),
    ]);
}

#[test]
fn one_hole_alone_keeps_its_type() {
    let lead = lead();
    let zone = TimeZone::UTC;
    let value = |text: &str| read(text).unwrap().value(&variables(&lead, &zone));
    let number = |text: &str| Some(Value::from(text.parse::<Number>().unwrap()));
    let texts =
        |texts: &[&str]| Some(Value::List(texts.iter().map(|text| Scalar::Text((*text).into())).collect()));
    assert_eq!(value("{{lead.age}}"), number("40"));
    assert_eq!(value("{{ lead.age }}"), number("40"));
    assert_eq!(value("{{{lead.age}}}"), number("40"));
    assert_eq!(value("{{lead.age}} "), Some(Value::text("40 ")));
    assert_eq!(value("{{lead.tags}}"), texts(&["a", "b"]));
    assert_eq!(value("{{lead.is_owner}}"), Some(Value::from(false)));
    assert_eq!(value("{{check.none}}"), None);
    assert_eq!(value("x"), Some(Value::text("x")));
    assert_eq!(value("{{math \"lead.age * 2\"}}"), number("80"));
    assert_eq!(value("{{math \"lead.age * 2\" dataType=\"String\"}}"), Some(Value::text("80")));
    assert_eq!(value("{{math \"1 / 0\"}}"), Some(Value::Scalar(Scalar::Null)));
    assert_eq!(value("{{split lead.note \"; \"}}"), texts(&["id=77", "ref=x9"]));
    assert_eq!(value("{{default lead.blank lead.age}}"), number("40"));
    assert_eq!(value("{{#if lead.age}}{{lead.age}}{{/if}}"), Some(Value::text("40")));
}

#[test]
fn faults_are_told_with_their_place_and_what_would_help() {
    check(&[
        ("a{{lead.first_name", "column 2 of the template: {{ without the }} that ends it"),
        ("é{{ }}", "column 2 of the template: nothing stands between {{ and }}"),
        ("a {{x \"}}\nb", "line 1, column 7 of the template: a text in quotes without the \" that ends it"),
        ("a\nb {{x \"}}", "line 2, column 7 of the template: a text in quotes without the \" that ends it"),
        ("{{lead.zip}}", "! it names lead.zip, which is not a field of the flow"),
        ("{{lead.phone_1.aera}}", "! it names aera, which a field of the type phone does not have"),
        ("{{lead.tags.x}}", "! it names x, which a field of the type list does not have"),
        ("{{later.x}}", "! it names later.x, but no step later runs before it"),
        (
            "{{secret.key}}",
            "! it names secret.key, but secrets stand only in what enhancements and recipients send",
        ),
        (
            "{{ping.reference}}",
            "! ping.reference cannot be used here; what a ping brought stands only in the request of its own recipient",
        ),
        (
            "{{feedback.type}}",
            "! feedback.type cannot be used here; figures of feedback stand on the left side of rules, and what it \
             says in what a source or buyer is told",
        ),
        (
            "{{lowercas lead.age}}",
            "column 3 of the template: there is no helper \"lowercas\"; did you mean lowercase?",
        ),
        ("{{xyz lead.age}}", "column 3 of the template: there is no helper \"xyz\""),
        ("{{format}}", "! format needs a value, as in {{format lead.dob format=\"MM/DD/YYYY\"}}"),
        (
            "{{format lead.age}}",
            "column 3 of the template: format needs format=, how it is shown, as in {{format lead.dob format=\"MM/DD/YYYY\"}}",
        ),
        (
            "{{format now formt=\"X\"}}",
            "column 14 of the template: format has no option \"formt\"; did you mean format?",
        ),
        ("{{md5 lead.email salt=1 salt=2}}", "column 25 of the template: md5 has the option salt twice"),
        (
            "{{uppercase lead.state lead.state}}",
            "column 24 of the template: uppercase takes no more values here; write it like {{uppercase lead.state}}",
        ),
        ("{{#if lead.age}}x", "! {{#if}} without the {{/if}} that ends it"),
        (
            "{{#if lead.age}}{{/unless}}",
            "column 17 of the template: {{/unless}} ends no block; {{#if}} is to be ended first",
        ),
        ("x{{/if}}", "column 2 of the template: {{/if}} ends no block"),
        ("{{else}}", "! {{else}} stands outside of a block"),
        (
            "{{#if lead.age}}{{else}}{{else}}{{/if}}",
            "column 25 of the template: {{else}} stands behind another {{else}}",
        ),
        ("{{#if}}{{/if}}", "! if needs a value to look at, as in {{#if lead.phone_2}}…{{else}}…{{/if}}"),
        ("{{#iff lead.age}}{{/iff}}", "! there is no helper \"#iff\"; did you mean {{#if …}}?"),
        (
            "{{#each lead.tags}}{{/each}}",
            "! {{#each}} cannot be used here; name the items one by one, like lead.tags.0, or use join",
        ),
        ("{{> part}}", "! {{>}} cannot be used here; a template has no parts in other files; write it out"),
        (
            "{{lookup lead.tags 0}}",
            "column 3 of the template: {{lookup …}} cannot be used here; write the whole name, like lead.tags.0",
        ),
        ("{{this.x}}", "! this.x cannot be used here; write the whole name, like lead.email"),
        ("{{lead.age)}}", "column 11 of the template: \")}}\" stands where }} is expected"),
        (
            "{{uppercase (trim lead.state}}",
            "column 13 of the template: \"}}\" stands where ) for this bracket is expected",
        ),
        ("{{uppercase ()}}", "column 13 of the template: nothing stands between ( and )"),
        (
            "{{format lead.is_owner \"YYYY\"}}",
            "column 10 of the template: format shows a date by these letters, and lead.is_owner has the type boolean",
        ),
    ]);
    let long = "x".repeat(TEMPLATE_BYTES_MAX + 1);
    assert_eq!(told(&long), "! it has 16385 bytes; at most 16384 fit");
}

#[test]
fn a_constant_keeps_its_type_and_is_no_text() {
    let constant = Template::constant(Scalar::Bool(true));
    assert_eq!(constant.value(&Variables::of(&lead())), Some(Value::from(true)));
    assert_eq!(constant.render(&Variables::of(&lead())), "true");
    assert_eq!(constant.as_literal(), None);
    assert_eq!(Template::constant(Scalar::Text("{{x".into())), Template::literal("{{x"));
}

#[test]
fn raw_parameters_go_by_any_name() {
    let text =
        "{{fname}}/{{price}}/{{vehicle.make}}/{{[first name]}}/{{uppercase}}/{{uppercase fname}}/{{utm-x}}";
    let template = Template::read(text, Vocabulary::Raw).unwrap();
    let raw: Lead = [
        ("fname", "ann"),
        ("price", "3"),
        ("vehicle.make", "Ford"),
        ("first name", "Bo"),
        ("uppercase", "up"),
        ("utm-x", "u"),
        ("now", "never"),
    ]
    .map(|(path, raw)| (path.parse().unwrap(), Value::text(raw)))
    .into_iter()
    .collect();
    assert_eq!(template.render(&Variables::of(&raw)), "ann/3/Ford/Bo/up/ANN/u");
    // The moment is the flow's to tell, not the source's.
    let now = Template::read("{{now}}", Vocabulary::Raw).unwrap();
    assert_eq!(now.render(&Variables::of(&raw)), "1970-01-01T00:00:00.000Z");
    assert_eq!(Template::read_on_trial("{{now}}").unwrap().render(&Variables::of(&raw)), "never");
}

#[test]
fn random_is_from_1_to_100_and_the_same_for_one_lead() {
    let lead = lead();
    let zone = TimeZone::UTC;
    let template = read("{{random}}").unwrap();
    let of = |id: [u8; 6], seed: u64| {
        let now = Timestamp::default();
        let lead_id = Some(LeadId::new(LeadIdKind::Lead, now, id));
        template
            .render(&Variables { lead_id, seed: Seed(seed), ..variables(&lead, &zone) })
            .parse::<u32>()
            .unwrap()
    };
    assert_eq!(of([5; 6], 1), of([5; 6], 2));
    let mut counts = [0; 101];
    for at in 0..10_000_u16 {
        let [high, low] = at.to_be_bytes();
        counts[of([0, 0, 0, 0, high, low], 0) as usize] += 1;
    }
    assert!(counts[0] == 0 && counts[1..].iter().all(|count| (50..160).contains(count)), "{counts:?}");
}

#[test]
fn holes_may_be_escaped_by_what_stands_before_them() {
    let quoted = |out: &mut String, hole: &str| {
        let quote = if out.is_empty() { '<' } else { '(' };
        out.push(quote);
        out.push_str(hole);
    };
    let text = read("{{lead.first_name}} {{check.none}}{{#if lead.age}}{{lead.age}}{{/if}}").unwrap();
    assert_eq!(text.render_with(&Variables::of(&lead()), quoted), "<Ann ((40");
}

#[test]
fn what_stands_for_itself_is_known() {
    let text = "a{{lead.age \"}}\"}}b{{#if lead.age}}c{{else}}d{{/if}}\\{{";
    assert_eq!(Template::literals(text), ["a", "b", "c", "d", "{{"]);
    assert_eq!(Template::literals("a{{b"), [""; 0]);
}

#[test]
fn secrets_fill_requests_and_what_is_made_of_them_is_known() {
    let fields = fields();
    let listed = ["south".parse().unwrap()];
    let vocabulary = Vocabulary::Request { fields: &fields, steps: &[], secrets: Some(&listed) };
    let read = |text: &str| Template::read(text, vocabulary);
    let (lead, zone) = (lead(), "America/Chicago".parse().unwrap());
    let secrets = [("south".parse().unwrap(), "hush-hush".parse().unwrap())].into_iter().collect();
    let variables = Variables { secrets: &secrets, ..variables(&lead, &zone) };

    let template = read("{{lead.age}} {{secret.south}} {{sha1 lead.age salt=secret.south}}").unwrap();
    assert_eq!(template.secrets(), listed);
    let made = template.render(&variables);
    assert!(made.starts_with("40 hush-hush "), "{made}");
    let texts = template.secret_texts(&variables);
    assert_eq!(texts.len(), 2, "the age is no secret");
    assert_eq!(texts[0], "hush-hush");
    assert_eq!(texts[1].len(), 40, "a digest of SHA-1");
    assert_eq!(made, format!("40 hush-hush {}", texts[1]));

    let plain = read("{{lead.age}}").unwrap();
    assert_eq!((plain.secrets(), plain.secret_texts(&variables)), ([].as_slice(), Vec::new()));
    let chosen = read("{{#if secret.south}}yes{{/if}}").unwrap();
    assert_eq!((chosen.secrets(), chosen.render(&variables).as_str()), (listed.as_slice(), "yes"));

    let fault = |text: &str| read(text).unwrap_err().fault.to_string();
    let unlisted = "it names secret.sout, but the file does not list sout under \"secrets\"";
    assert_eq!(fault("{{secret.sout}}"), unlisted);
    assert_eq!(
        fault("{{math \"secret.south + 1\"}}"),
        "in the expression of math, secret.south is a secret, which is no number"
    );
}
