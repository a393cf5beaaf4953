//! How much of a lead may be seen: a policy given as a value, made from a flow's field types.
//!
//! Masking is conservative. A value is shown only where it is one of a small closed set or of the
//! values its field declares, whatever its path promises; a path nobody declared is hidden.

use std::sync::Arc;

use domain::{EventType, Field, FieldType, Fields, Flow, Privacy, RateName, Scalar, Value};

/// What stands in place of what may not be seen.
pub const HIDDEN: &str = "•••";

/// What may be seen of leads of one flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    sight: Sight,
}

#[derive(Debug, Clone, PartialEq)]
enum Sight {
    Everything,
    ByField(Arc<Fields>),
}

/// What the values of a lead are at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Raw parameters under names the source chose: nothing is shown whole.
    Raw,
    /// What the declared fields made of them.
    Parsed,
}

impl Stage {
    /// The stage of a lead at events of this type.
    pub fn of(event_type: &str) -> Stage {
        if event_type == EventType::SourceSubmitted.as_str() { Stage::Raw } else { Stage::Parsed }
    }
}

impl Policy {
    /// Shows every value: for those who have the right and used it.
    pub fn reveal() -> Policy {
        Policy { sight: Sight::Everything }
    }

    /// Masks by the types of a flow's fields.
    pub fn of_flow(flow: &Flow) -> Policy {
        Policy::of_fields(flow.fields().clone())
    }

    /// Masks by the types of these fields.
    pub fn of_fields(fields: Fields) -> Policy {
        Policy { sight: Sight::ByField(Arc::new(fields)) }
    }

    /// Hides every value of a lead but the name of its source: for leads whose flow is not known.
    pub fn hide_all() -> Policy {
        Policy::of_fields(Fields::default())
    }

    /// Whether every value is shown.
    pub fn reveals(&self) -> bool {
        match self.sight {
            Sight::Everything => true,
            Sight::ByField(_) => false,
        }
    }

    /// Whether the path itself may be seen. Names that a source or a partner chose can be values
    /// as well, as in `?ana@example.com=1`.
    pub fn shows_path(&self, path: &str) -> bool {
        match &self.sight {
            Sight::Everything => true,
            Sight::ByField(fields) => {
                fields.at(path).map_or(is_plain(path), |(_, component)| component.is_none_or(is_plain))
            }
        }
    }

    /// What may be seen of the value under a path of the lead (without `lead.`). Null tells
    /// nothing and stays.
    pub fn mask(&self, stage: Stage, path: &str, value: &Value) -> Value {
        let fields = match &self.sight {
            Sight::Everything => return value.clone(),
            Sight::ByField(fields) => fields,
        };
        let Value::Scalar(scalar) = value else { return Value::text(HIDDEN) };
        if *scalar == Scalar::Null {
            return value.clone();
        }
        let shown = match (stage, fields.at(path)) {
            (Stage::Parsed, None) if path == "source.name" || is_figure(path) => return value.clone(),
            (Stage::Raw | Stage::Parsed, None) => None,
            (Stage::Raw, Some((field, None))) => partial(field.field_type.privacy(), scalar),
            (Stage::Raw, Some((_, Some(_)))) => None,
            (Stage::Parsed, Some((field, None))) if is_declared(field, scalar) => return value.clone(),
            (Stage::Parsed, Some((field, None))) => whole(field.field_type.privacy(), scalar),
            (Stage::Parsed, Some((field, Some(component)))) => {
                whole(field.field_type.component_privacy(component), scalar)
            }
        };
        shown.unwrap_or_else(|| Value::text(HIDDEN))
    }
}

/// Figures of feedback are about a source or a buyer.
fn is_figure(path: &str) -> bool {
    path.parse().ok().and_then(|path| RateName::of_path(&path)).is_some()
}

fn is_declared(field: &Field, scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Text(text) if field.values.iter().any(|value| value == text))
}

/// A value that its kind shows, whole or in part.
fn whole(privacy: Privacy, scalar: &Scalar) -> Option<Value> {
    match privacy {
        Privacy::Closed(set) => set.contains(scalar).then(|| Value::Scalar(scalar.clone())),
        Privacy::EmailDomain => {
            let Scalar::Text(domain) = scalar else { return None };
            let address = Value::text(format!("x@{domain}"));
            is_valid(FieldType::Email, &address).then(|| Value::Scalar(scalar.clone()))
        }
        Privacy::Email | Privacy::Phone | Privacy::Name | Privacy::Hidden => partial(privacy, scalar),
    }
}

/// A value that its kind shows in part.
fn partial(privacy: Privacy, scalar: &Scalar) -> Option<Value> {
    let component = |field_type: FieldType, name: &str| {
        let parsed =
            field_type.parse(&Value::Scalar(scalar.clone())).filter(|parsed| parsed.valid == Some(true))?;
        let (_, value) = parsed.components.into_iter().find(|(own, _)| *own == name)?;
        value.as_text().map(str::to_owned)
    };
    match privacy {
        Privacy::Email => {
            let first = component(FieldType::Email, "user")?.chars().next()?;
            let domain = component(FieldType::Email, "domain")?;
            Some(Value::text(format!("{first}{HIDDEN}@{domain}")))
        }
        Privacy::Phone => {
            let line = component(FieldType::Phone, "line")?;
            Some(Value::text(format!("({HIDDEN}) {HIDDEN}-{line}")))
        }
        Privacy::Name => {
            let Scalar::Text(name) = scalar else { return None };
            // Some signs are letters and numbers at once.
            let is_letter = |first: &char| first.is_alphabetic() && !first.is_numeric();
            let first = name.trim_start().chars().next().filter(is_letter)?;
            Some(Value::text(format!("{first}{HIDDEN}")))
        }
        Privacy::Closed(_) | Privacy::EmailDomain | Privacy::Hidden => None,
    }
}

fn is_valid(field_type: FieldType, value: &Value) -> bool {
    field_type.parse(value).is_some_and(|parsed| parsed.valid == Some(true))
}

/// What may be seen of a recorded request or answer by those who may not see its values: the
/// method, the path, the names of parameters and headers, the status code. Text of any other form
/// is hidden.
pub fn mask_exchange(text: &str) -> String {
    masked_exchange(text).unwrap_or_else(|| HIDDEN.to_owned())
}

fn masked_exchange(text: &str) -> Option<String> {
    let ends = ["\r\n\r\n", "\n\n"].into_iter().filter_map(|end| Some((text.find(end)?, end.len())));
    let (head, body) = match ends.min() {
        Some((at, length)) => (&text[..at], Some(&text[at + length..])),
        None => (text, None),
    };
    let mut lines = head.lines();
    let mut masked = start_line(lines.next()?)?;
    for line in lines {
        masked.push_str("\r\n");
        match line.split_once(':') {
            Some((name, _)) if is_header_name(name) => masked.push_str(&format!("{name}: {HIDDEN}")),
            Some(_) | None => masked.push_str(HIDDEN),
        }
    }
    if let Some(body) = body {
        masked.push_str("\r\n\r\n");
        masked.push_str(if body.is_empty() { "" } else { HIDDEN });
    }
    Some(masked)
}

fn is_header_name(name: &str) -> bool {
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    !name.is_empty() && is_token && is_plain(name)
}

/// `POST /leads?number=••• HTTP/1.1`, `HTTP/1.1 200`, `SMTP smtps://mail.example.com:465`, `SMTP 250`.
fn start_line(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next());
    let is_version = |word: &str| matches!(word, "HTTP/1.0" | "HTTP/1.1" | "HTTP/2" | "HTTP/2.0" | "HTTP/3");
    if is_version(first) {
        // The words after the code are the other side's own.
        let is_code = second.len() == 3 && second.bytes().all(|byte| byte.is_ascii_digit());
        return is_code.then(|| format!("{first} {second}"));
    }
    if first == "SMTP" {
        // Where it goes stands in the flow; what comes back is a code.
        let is_code = second.len() == 3 && second.bytes().all(|byte| byte.is_ascii_digit());
        let is_server = ["smtp://", "smtps://"].iter().any(|start| second.starts_with(start));
        let is_known = is_code || second == "default" || (is_server && !second.contains('@'));
        return (is_known && third.is_none()).then(|| line.to_owned());
    }
    let is_method = matches!(first, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS");
    let is_target = ["/", "http://", "https://"].iter().any(|start| second.starts_with(start));
    if !is_method || !is_target || words.next().is_some() {
        return None;
    }
    let version = match third {
        None => "",
        Some(version) if is_version(version) => version,
        Some(_) => return None,
    };
    let space = if version.is_empty() { "" } else { " " };
    Some(format!("{first} {}{space}{version}", target(second)))
}

fn target(target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let segments: Vec<&str> =
        path.split('/').map(|part| if is_plain(part) { part } else { HIDDEN }).collect();
    let mut masked = segments.join("/");
    if let Some(query) = query {
        let pair = |pair: &str| match pair.split_once('=') {
            Some((name, _)) if is_plain(name) => format!("{name}={HIDDEN}"),
            Some(_) | None => HIDDEN.to_owned(),
        };
        masked.push('?');
        masked.push_str(&query.split('&').map(pair).collect::<Vec<_>>().join("&"));
    }
    masked
}

/// Most digits of a part of a path, or of a name, that is taken for somebody's wording rather
/// than a lead's value.
const PLAIN_DIGITS_MAX: usize = 3;

/// Whether a part of a path or a name is not likely to hold a value of the lead.
fn is_plain(part: &str) -> bool {
    part.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '@' | '%' | '+'))
        && part.chars().filter(char::is_ascii_digit).count() <= PLAIN_DIGITS_MAX
}

#[cfg(test)]
mod tests {
    use domain::{FieldPath, Lead, Number, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn fields() -> Fields {
        let mut fields: Vec<Field> = FieldType::ALL
            .into_iter()
            .map(|field_type| {
                Field::new(field_type.as_str().replace("string", "text").parse().unwrap(), field_type)
            })
            .collect();
        let mut product = Field::new("product".parse().unwrap(), FieldType::String);
        product.values = vec!["roof".into()];
        fields.push(product);
        Fields::new(fields).unwrap()
    }

    fn shown(value: &Value) -> String {
        match value {
            Value::Scalar(Scalar::Text(text)) => text.to_string(),
            other => format!("{other:?}"),
        }
    }

    /// What is seen of each path that parsing makes of one raw value.
    fn seen(field: &str, raw: &str) -> String {
        let raw: Lead = [(field.parse::<FieldPath>().unwrap(), Value::text(raw))].into_iter().collect();
        let policy = Policy::of_fields(fields());
        let lead = fields().parse(&raw, Timestamp::MAX);
        let parts: Vec<String> = lead
            .iter()
            .map(|(path, value)| {
                format!("{path}={}", shown(&policy.mask(Stage::Parsed, path.as_str(), value)))
            })
            .collect();
        parts.join(" ")
    }

    #[test]
    fn each_kind_shows_what_tells_little() {
        for (field, raw, wanted) in [
            (
                "email",
                "Joe7@Example.com",
                "email=j•••@example.com email.domain=example.com email.host=••• email.is_disposable=Scalar(Bool(false)) \
                 email.is_free=Scalar(Bool(false)) email.tld=••• email.user=••• email.valid=Scalar(Bool(true))",
            ),
            ("email", "joe 7", "email=••• email.valid=Scalar(Bool(false))"),
            ("first_name", "Ana", "first_name=A•••"),
            ("first_name", "5125550134", "first_name=•••"),
            ("first_name", "𒐀", "first_name=•••"),
            ("last_name", " Ruiz", "last_name=R•••"),
            ("state", "Texas", "state=TX state.name=Texas state.valid=Scalar(Bool(true))"),
            ("state", "Ana Ruiz", "state=••• state.valid=Scalar(Bool(false))"),
            ("boolean", "yes", "boolean=Scalar(Bool(true)) boolean.valid=Scalar(Bool(true))"),
            ("boolean", "Ana", "boolean=••• boolean.valid=Scalar(Bool(false))"),
            ("product", "ROOF", "product=roof product.valid=Scalar(Bool(true))"),
            ("product", "Ana", "product=••• product.valid=Scalar(Bool(false))"),
            ("text", "roof", "text=•••"),
            ("number", "40", "number=••• number.valid=Scalar(Bool(true))"),
            ("date", "1976-01-15", "date=••• date.valid=Scalar(Bool(true))"),
            (
                "postal_code",
                "78751",
                "postal_code=••• postal_code.code=••• postal_code.country_code=US postal_code.valid=Scalar(Bool(true)) postal_code.zip=•••",
            ),
            (
                "phone",
                "(512) 555-0143 x9",
                "phone=(•••) •••-0143 phone.area=••• phone.country_calling_code=••• phone.country_code=US phone.exchange=••• \
                 phone.extension=••• phone.is_tollfree=Scalar(Bool(false)) phone.line=••• phone.number=••• \
                 phone.valid=Scalar(Bool(true))",
            ),
            ("phone", "555-0143", "phone=••• phone.valid=Scalar(Bool(false))"),
            (
                "phone",
                "+44 20 7946 0958",
                "phone=(•••) •••-0958 phone.area=••• phone.country_calling_code=••• phone.country_code=GB \
                 phone.is_tollfree=Scalar(Bool(false)) phone.number=••• phone.valid=Scalar(Bool(true))",
            ),
            (
                "full_name",
                "Dr. Ana María Ruiz Jr.",
                "full_name=D••• full_name.first=A••• full_name.last=R••• full_name.middle=••• \
                 full_name.salutation=••• full_name.suffix=••• full_name.valid=Scalar(Bool(true))",
            ),
            (
                "country",
                "Canada",
                "country=CA country.code_3=CAN country.name=Canada country.valid=Scalar(Bool(true))",
            ),
            ("country", "AN", "country=••• country.valid=Scalar(Bool(false))"),
            ("gender", "f", "gender=••• gender.abbr=••• gender.valid=Scalar(Bool(true))"),
            ("city", "Austin", "city=•••"),
            (
                "street",
                "1 Main St",
                "street=••• street.name=••• street.number=••• street.valid=Scalar(Bool(true))",
            ),
            ("range", "5+", "range=••• range.min=••• range.valid=Scalar(Bool(true))"),
            ("time", "2024-01-15", "time=••• time.valid=Scalar(Bool(true))"),
            ("list", "Ana, Ruiz", "list=•••"),
            (
                "ip",
                "192.0.2.1",
                "ip=••• ip.ipv6_format=••• ip.is_ipv4=Scalar(Bool(true)) ip.valid=Scalar(Bool(true))",
            ),
            (
                "trustedform_url",
                "https://cert.trustedform.com/0123456789abcdef0123456789abcdef01234567",
                "trustedform_url=••• trustedform_url.cert_id=••• trustedform_url.is_facebook=Scalar(Bool(false)) \
                 trustedform_url.is_masked=Scalar(Bool(false)) trustedform_url.is_mobile=Scalar(Bool(false)) \
                 trustedform_url.is_web=Scalar(Bool(true)) trustedform_url.type=web \
                 trustedform_url.valid=Scalar(Bool(true))",
            ),
        ] {
            assert_eq!(seen(field, raw), wanted);
        }
    }

    #[test]
    fn raw_parameters_are_never_shown_whole() {
        let policy = Policy::of_fields(fields());
        for (path, raw, wanted) in [
            ("state", "TX", HIDDEN),
            ("boolean", "true", HIDDEN),
            ("product", "roof", HIDDEN),
            ("other", "x", HIDDEN),
            ("source.name", "Ana", HIDDEN),
            ("email.valid", "Ana", HIDDEN),
            ("email.domain", "ana.example.com", HIDDEN),
            ("email", "ana@example.com", "a•••@example.com"),
            ("email", "Ana Ruiz", HIDDEN),
        ] {
            assert_eq!(shown(&policy.mask(Stage::Raw, path, &Value::text(raw))), wanted, "{path}");
        }
        assert_eq!(policy.mask(Stage::Raw, "boolean", &Value::from(true)), Value::text(HIDDEN));
        assert_eq!(Stage::of("source.submitted"), Stage::Raw);
        assert_eq!(Stage::of("source.accepted"), Stage::Parsed);
    }

    #[test]
    fn what_nobody_declared_is_hidden() {
        let policy = Policy::of_fields(fields());
        let ana = Value::text("Ana");
        for path in [
            "other",
            "appended.x.carrier",
            "appended.x.valid",
            "source.phone",
            "email.other",
            "state.other",
            "",
        ] {
            assert_eq!(policy.mask(Stage::Parsed, path, &ana), Value::text(HIDDEN), "{path}");
        }
        assert_eq!(policy.mask(Stage::Parsed, "source.name", &ana), ana);
        assert_eq!(Policy::hide_all().mask(Stage::Parsed, "state", &Value::text("TX")), Value::text(HIDDEN));
        let list = Value::List([Scalar::Text("TX".into())].into());
        assert_eq!(policy.mask(Stage::Parsed, "state", &list), Value::text(HIDDEN));
    }

    #[test]
    fn a_path_that_promises_a_closed_set_must_keep_it() {
        let policy = Policy::of_fields(fields());
        for (path, value) in [
            ("email.valid", Value::text("Ana")),
            ("email.domain", Value::text("Ana Ruiz")),
            ("phone.country_code", Value::text("Ana")),
            ("phone.type", Value::text("Ana")),
            ("phone.is_tollfree", Value::from(Number::from(5))),
            ("state.name", Value::text("Ana")),
        ] {
            assert_eq!(policy.mask(Stage::Parsed, path, &value), Value::text(HIDDEN), "{path}");
        }
    }

    #[test]
    fn a_name_that_looks_like_a_value_is_hidden() {
        let policy = Policy::of_fields(fields());
        for (path, shown) in [
            ("email", true),
            ("utm_source", true),
            ("address_2", true),
            ("appended.check.line_type", true),
            ("email.valid", true),
            ("email.ana@example", false),
            ("ana@example~1com", false),
            ("appended.x.5125550143", false),
            ("Ana Ruiz", false),
            ("Añá", false),
        ] {
            assert_eq!(policy.shows_path(path), shown, "{path}");
            assert!(Policy::reveal().shows_path(path));
        }
    }

    #[test]
    fn revealing_shows_everything() {
        let list = Value::List([Scalar::Text("x".into())].into());
        assert_eq!(Policy::reveal().mask(Stage::Raw, "other", &list), list);
        assert!(Policy::reveal().reveals() && !Policy::hide_all().reveals());
    }

    #[test]
    fn an_exchange_keeps_its_outline() {
        for (text, wanted) in [
            (
                "POST /v1/leads?number=5125550143&a=&ana@example.com HTTP/1.1\r\nhost: crm.example.com\r\nX-Key: secret\r\n\r\n{\"email\":\"ana@example.com\"}",
                "POST /v1/leads?number=•••&a=•••&••• HTTP/1.1\r\nhost: •••\r\nX-Key: •••\r\n\r\n•••",
            ),
            (
                "GET https://crm.example.com/leads/5125550143#x\n\n",
                "GET https://crm.example.com/leads/•••\r\n\r\n",
            ),
            ("GET https://ana:secret@crm.example.com/x HTTP/1.1", "GET https://•••/x HTTP/1.1"),
            ("GET /ana%40example.com HTTP/1.1", "GET /••• HTTP/1.1"),
            ("HTTP/1.1 200 Thanks Ana\r\nserver: x\r\n\r\nok", "HTTP/1.1 200\r\nserver: •••\r\n\r\n•••"),
            ("HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204\r\n\r\n"),
            (
                "GET / HTTP/1.1\r\nno header here\r\nana@example.com: 1\r\n folded\r\n\r\n",
                "GET / HTTP/1.1\r\n•••\r\n•••\r\n•••\r\n\r\n",
            ),
            (
                "SMTP smtps://mail.example.com:465\r\nTo: Ana <ana@example.com>\r\n\r\nDear Ana",
                "SMTP smtps://mail.example.com:465\r\nTo: •••\r\n\r\n•••",
            ),
            ("SMTP default\r\nTo: ana@example.com", "SMTP default\r\nTo: •••"),
            ("SMTP 550\r\n\r\nno such user ana", "SMTP 550\r\n\r\n•••"),
            ("SMTP 550 ana", HIDDEN),
            ("SMTP ana@example.com", HIDDEN),
            ("SMTP smtp://ana@example.com", HIDDEN),
            ("{\"email\":\"ana@example.com\"}", HIDDEN),
            ("b64:AAAA", HIDDEN),
            ("Ana / HTTP/1.1", HIDDEN),
            ("GET / Ana", HIDDEN),
            ("HTTP/1.1 Ana", HIDDEN),
            ("", HIDDEN),
        ] {
            assert_eq!(mask_exchange(text), wanted);
        }
    }

    fn digits(text: &str) -> usize {
        text.chars().filter(|c| c.is_numeric()).count()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn no_digit_of_a_hidden_part_gets_through(
            field in prop::sample::select(vec!["text", "first_name", "last_name", "email", "phone", "state", "postal_code", "number", "date", "url", "product", "other"]),
            raw in prop_oneof!["[0-9 ()+-]{0,16}", "[a-z0-9.]{1,8}@[a-z]{1,8}\\.com", ".{0,20}"],
        ) {
            let policy = Policy::of_fields(fields());
            let sent: Lead = [(field.parse::<FieldPath>().unwrap(), Value::text(raw.as_str()))].into_iter().collect();
            let most = |path: &str| match path {
                "phone" => 4,
                "email" => 1 + raw.rsplit('@').next().map_or(0, digits),
                "email.domain" => raw.rsplit('@').next().map_or(0, digits),
                _ => 0,
            };
            for (stage, lead) in [(Stage::Raw, &sent), (Stage::Parsed, &fields().parse(&sent, Timestamp::MAX))] {
                for (path, value) in lead.iter() {
                    let masked = policy.mask(stage, path.as_str(), value);
                    prop_assert!(digits(&shown(&masked)) <= most(path.as_str()), "{} {:?} {:?}", path, value, masked);
                }
            }
        }

        #[test]
        fn no_run_of_digits_of_an_exchange_gets_through(text in "(GET|POST|HTTP/1.1) [/0-9a-z?=&@ .]{0,30}( HTTP/1.1)?(\r\n[a-z0-9: -]{0,12}){0,3}(\r\n\r\n[0-9a-z]{0,8})?") {
            let masked = mask_exchange(&text);
            let longest = masked.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
            prop_assert!(longest <= PLAIN_DIGITS_MAX, "{} -> {}", text, masked);
        }

        #[test]
        fn nothing_panics(text in "(?s:.{0,80})") {
            mask_exchange(&text);
        }
    }
}
