//! Bodies as the ledger stores them, of leads that nobody ever sent: eight events a lead, from the
//! raw submission to the answer. Which words and habits occur decides what the dictionary is good at.

use std::sync::Arc;

use domain::{
    EventBody, Exchange, Field, FieldPath, FieldType, Fields, Lead, RuleTrace, Scalar, TracedRule, Value,
};
use wire::Body;

/// What a flow collects leads for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Roofing,
    Insurance,
    Education,
    Solar,
}

impl Product {
    /// All but the one that shows how the dictionary fares on what it has not seen.
    pub(crate) const TRAINED: [Product; 3] = [Product::Roofing, Product::Insurance, Product::Education];
}

/// The bodies of this many leads, products in turn.
pub(crate) fn bodies(products: &[Product], seed: u64, leads: usize) -> Vec<Vec<u8>> {
    let mut draw = Draw(seed);
    let mut bodies = Vec::with_capacity(leads * 8);
    for index in 0..leads {
        let events = LeadStory::new(products[index % products.len()], &mut draw).events();
        bodies.extend(events.iter().map(|event| {
            Body::of_event(event, None).expect("invented leads have few paths").bytes().to_vec()
        }));
    }
    bodies
}

/// SplitMix64: the same numbers on every machine and with every release of every library.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64);
        of[usize::try_from(at).expect("lists are short")]
    }

    /// True in this many of a hundred cases.
    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn hex(&mut self, digits: usize) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())[..digits].to_owned()
    }
}

const FIRST_NAMES: [&str; 40] = [
    "James",
    "Mary",
    "Robert",
    "Patricia",
    "John",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Elizabeth",
    "William",
    "Barbara",
    "Richard",
    "Susan",
    "Joseph",
    "Jessica",
    "Thomas",
    "Karen",
    "Maria",
    "Sarah",
    "José",
    "Ana",
    "Luis",
    "Sofía",
    "Wei",
    "Priya",
    "Omar",
    "Fatima",
    "Kevin",
    "Laura",
    "Brian",
    "Nicole",
    "Jason",
    "Angela",
    "Eric",
    "Melissa",
    "Carlos",
    "Rosa",
    "Anthony",
    "Debra",
];
const LAST_NAMES: [&str; 40] = [
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "García",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Gonzalez",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Perez",
    "Thompson",
    "White",
    "Harris",
    "Sanchez",
    "Clark",
    "Ramirez",
    "Lewis",
    "Robinson",
    "Walker",
    "Young",
    "Allen",
    "King",
    "Wright",
    "Scott",
    "Torres",
    "Nguyen",
    "Hill",
    "O'Brien",
];
const STREETS: [&str; 16] = [
    "Main St",
    "Oak Ave",
    "Maple Dr",
    "Cedar Ln",
    "Park Ave",
    "Elm St",
    "Washington Blvd",
    "Lake Rd",
    "Hill St",
    "Sunset Blvd",
    "2nd St",
    "River Rd",
    "Church St",
    "Highland Ave",
    "Pine St Apt 4",
    "County Road 12",
];
/// City, state, the first three digits of its postal codes, area code.
const PLACES: [(&str, &str, &str, &str); 20] = [
    ("Austin", "TX", "787", "512"),
    ("Houston", "TX", "770", "713"),
    ("Dallas", "TX", "752", "214"),
    ("Los Angeles", "CA", "900", "213"),
    ("San Diego", "CA", "921", "619"),
    ("Phoenix", "AZ", "850", "602"),
    ("Miami", "FL", "331", "305"),
    ("Orlando", "FL", "328", "407"),
    ("Atlanta", "GA", "303", "404"),
    ("Chicago", "IL", "606", "312"),
    ("Denver", "CO", "802", "303"),
    ("Columbus", "OH", "432", "614"),
    ("Cleveland", "OH", "441", "216"),
    ("Charlotte", "NC", "282", "704"),
    ("Brooklyn", "NY", "112", "718"),
    ("Buffalo", "NY", "142", "716"),
    ("Seattle", "WA", "981", "206"),
    ("Nashville", "TN", "372", "615"),
    ("Oklahoma City", "OK", "731", "405"),
    ("Philadelphia", "PA", "191", "215"),
];
const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-S918U) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36",
    "curl/8.5.0",
    "python-requests/2.32.3",
];
const CARRIERS: [&str; 5] = ["Verizon Wireless", "AT&T", "T-Mobile USA", "Comcast", "Bandwidth.com"];
const LINE_TYPES: [&str; 3] = ["mobile", "landline", "voip"];
const SERVERS: [&str; 4] = ["nginx", "cloudflare", "Apache", "Microsoft-IIS/10.0"];
const REFUSALS: [&str; 5] = [
    "Duplicate lead",
    "Lead already exists in our system",
    "Daily cap reached",
    "ZIP code not in service area",
    "Invalid phone number",
];
const CONSENT: &str = "By clicking Submit, I agree to be contacted by phone, text message and email at the number provided, including by automated means. Consent is not a condition of purchase. Message and data rates may apply.";

/// One declared field: what flows call it, one of which a lead uses; its type; how often it is there.
type Asked = (&'static [&'static str], FieldType, u64, fn(&Person, &mut Draw) -> String);

/// What every flow asks for.
const COMMON: [Asked; 16] = [
    (&["first_name", "first_name", "name.first"], FieldType::FirstName, 100, |person, _| person.first.into()),
    (&["last_name", "last_name", "name.last"], FieldType::LastName, 98, |person, _| person.last.into()),
    (&["email", "email", "email", "email_address"], FieldType::Email, 97, |person, _| person.email.clone()),
    (&["phone_1", "phone_1", "phone", "phone_home"], FieldType::Phone, 95, |person, draw| person.phone(draw)),
    (&["phone_2", "phone_work", "phone_mobile"], FieldType::Phone, 25, |person, draw| person.phone(draw)),
    (&["address_1", "address_1", "street", "address"], FieldType::String, 80, |_, draw| {
        format!("{} {}", draw.below(9800) + 100, draw.one(&STREETS))
    }),
    (&["city"], FieldType::String, 85, |person, _| person.city.into()),
    (&["state"], FieldType::State, 92, |person, _| person.state.into()),
    (&["postal_code", "postal_code", "zip", "zip_code"], FieldType::PostalCode, 90, |person, draw| {
        format!("{}{:02}", person.zip, draw.below(100))
    }),
    (&["ip_address", "ip"], FieldType::String, 75, |_, draw| format!("203.0.113.{}", draw.below(256))),
    (&["landing_page", "landing_page_url", "url"], FieldType::Url, 65, |_, draw| {
        let page = draw.one(&["quote", "get-started", "compare", "lp/1"]);
        let term = draw.one(&["google", "facebook", "bing", "newsletter"]);
        format!("https://www.example.com/{page}?utm_source={term}&utm_medium=cpc&gclid={}", draw.hex(12))
    }),
    (&["trustedform_cert_url", "consent_url"], FieldType::Url, 60, |_, draw| {
        format!("https://cert.example.com/{}", draw.hex(32))
    }),
    (&["jornaya_lead_id", "universal_leadid"], FieldType::String, 35, |_, draw| {
        format!("{}-{}-{}-{}", draw.hex(8), draw.hex(4), draw.hex(4), draw.hex(12)).to_uppercase()
    }),
    (&["sub_id", "campaign", "utm_campaign"], FieldType::String, 50, |_, draw| {
        format!("{}_{}", draw.one(&["brand", "retarget", "spring", "fb", "aff"]), draw.below(500))
    }),
    (&["tcpa_consent", "consent", "opt_in"], FieldType::Boolean, 55, |_, draw| {
        draw.one(&["true", "yes", "1", "on"]).into()
    }),
    (&["consent_text", "tcpa_text"], FieldType::String, 25, |_, _| CONSENT.into()),
];

impl Product {
    fn flow_id(self) -> &'static str {
        match self {
            Product::Roofing => "flow_roofing",
            Product::Insurance => "flow_auto_insurance",
            Product::Education => "flow_education",
            Product::Solar => "flow_solar",
        }
    }

    fn asks(self) -> Vec<Asked> {
        let own: &[Asked] = match self {
            Product::Roofing => &[
                (&["product", "project_type"], FieldType::String, 90, |_, draw| {
                    draw.one(&["roof", "gutter", "siding", "windows"]).into()
                }),
                (&["roof_type", "material"], FieldType::String, 70, |_, draw| {
                    draw.one(&["asphalt shingle", "metal", "tile", "flat", "not sure"]).into()
                }),
                (&["homeowner", "own_home"], FieldType::Boolean, 85, |_, draw| {
                    draw.one(&["yes", "no", "true"]).into()
                }),
                (&["timeframe", "project_start"], FieldType::String, 75, |_, draw| {
                    draw.one(&["immediately", "1-3 months", "3-6 months", "just researching"]).into()
                }),
                (&["square_feet"], FieldType::Number, 40, |_, draw| (draw.below(30) * 100 + 800).to_string()),
                (&["storm_damage"], FieldType::Boolean, 35, |_, draw| draw.one(&["yes", "no"]).into()),
                (&["comments"], FieldType::String, 30, |_, draw| {
                    draw.one(&[
                        "Please call after 5pm",
                        "Leak in the garage",
                        "Hail damage last month, need an estimate",
                    ])
                    .into()
                }),
            ],
            Product::Insurance => &[
                (&["dob", "birth_date"], FieldType::Date, 90, |_, draw| {
                    format!(
                        "19{:02}-{:02}-{:02}",
                        draw.below(50) + 50,
                        draw.below(12) + 1,
                        draw.below(28) + 1
                    )
                }),
                (&["gender"], FieldType::String, 80, |_, draw| {
                    draw.one(&["male", "female", "M", "F"]).into()
                }),
                (&["marital_status"], FieldType::String, 60, |_, draw| {
                    draw.one(&["single", "married", "divorced"]).into()
                }),
                (&["vehicle.year", "year"], FieldType::Number, 90, |_, draw| {
                    (draw.below(25) + 2000).to_string()
                }),
                (&["vehicle.make", "make"], FieldType::String, 90, |_, draw| {
                    draw.one(&["Toyota", "Ford", "Honda", "Chevrolet", "Nissan"]).into()
                }),
                (&["vehicle.model", "model"], FieldType::String, 88, |_, draw| {
                    draw.one(&["Camry", "F-150", "Civic", "Silverado", "Altima", "Explorer"]).into()
                }),
                (&["currently_insured", "insured"], FieldType::Boolean, 85, |_, draw| {
                    draw.one(&["true", "false"]).into()
                }),
                (&["current_carrier", "current_company"], FieldType::String, 55, |_, draw| {
                    draw.one(&["State Mutual", "Prairie Insurance", "Other", "None"]).into()
                }),
                (&["credit_rating"], FieldType::String, 50, |_, draw| {
                    draw.one(&["excellent", "good", "fair", "poor"]).into()
                }),
                (&["incidents", "accidents"], FieldType::Number, 45, |_, draw| draw.below(3).to_string()),
            ],
            Product::Education => &[
                (&["program", "program_of_interest"], FieldType::String, 92, |_, draw| {
                    draw.one(&[
                        "Nursing",
                        "Business Administration",
                        "Criminal Justice",
                        "Information Technology",
                        "Psychology",
                    ])
                    .into()
                }),
                (&["degree_level", "degree"], FieldType::String, 80, |_, draw| {
                    draw.one(&["associate", "bachelor", "master", "certificate"]).into()
                }),
                (&["education_level", "highest_education"], FieldType::String, 85, |_, draw| {
                    draw.one(&["high school", "GED", "some college", "bachelor's degree"]).into()
                }),
                (&["graduation_year", "grad_year"], FieldType::Number, 80, |_, draw| {
                    (draw.below(35) + 1988).to_string()
                }),
                (&["start_date", "desired_start"], FieldType::String, 60, |_, draw| {
                    draw.one(&["immediately", "1-3 months", "4-6 months"]).into()
                }),
                (&["campus", "online"], FieldType::String, 55, |_, draw| {
                    draw.one(&["online", "campus", "either"]).into()
                }),
                (&["military"], FieldType::Boolean, 60, |_, draw| draw.one(&["yes", "no"]).into()),
                (&["us_citizen"], FieldType::Boolean, 45, |_, draw| draw.one(&["yes", "no"]).into()),
            ],
            Product::Solar => &[
                (&["utility_provider"], FieldType::String, 85, |_, draw| {
                    draw.one(&["Lone Star Power", "Pacific Grid", "Desert Electric"]).into()
                }),
                (&["monthly_bill"], FieldType::Number, 90, |_, draw| (draw.below(40) * 10 + 60).to_string()),
                (&["roof_shade"], FieldType::String, 70, |_, draw| {
                    draw.one(&["no shade", "some shade", "full shade"]).into()
                }),
                (&["property_ownership"], FieldType::String, 80, |_, draw| draw.one(&["own", "rent"]).into()),
                (&["battery_interest"], FieldType::Boolean, 45, |_, draw| draw.one(&["yes", "no"]).into()),
            ],
        };
        COMMON.iter().chain(own).copied().collect()
    }
}

struct Person {
    first: &'static str,
    last: &'static str,
    email: String,
    city: &'static str,
    state: &'static str,
    zip: &'static str,
    area: &'static str,
}

impl Person {
    fn draw(draw: &mut Draw) -> Person {
        let (first, last) = (draw.one(&FIRST_NAMES), draw.one(&LAST_NAMES));
        let (city, state, zip, area) = draw.one(&PLACES);
        let plain = |name: &str| name.chars().filter(char::is_ascii_alphabetic).collect::<String>();
        let host = draw.one(&["example.com", "example.com", "example.com", "example.net", "example.org"]);
        let dot = draw.one(&["", ".", "_"]);
        let email = format!("{}{dot}{}{}@{host}", plain(first), plain(last), draw.below(99));
        let email = if draw.chance(70) { email.to_lowercase() } else { email };
        Person { first, last, email, city, state, zip, area }
    }

    fn phone(&self, draw: &mut Draw) -> String {
        let (area, line) = (self.area, draw.below(100));
        match draw.below(4) {
            0 => format!("({area}) 555-01{line:02}"),
            1 => format!("{area}-555-01{line:02}"),
            2 => format!("+1{area}55501{line:02}"),
            _ => format!("{area}55501{line:02}"),
        }
    }
}

/// One lead on its way; `lead` and the rest grow from event to event.
struct LeadStory<'a> {
    product: Product,
    draw: &'a mut Draw,
    line_end: &'static str,
    lead_id: String,
}

impl<'a> LeadStory<'a> {
    fn new(product: Product, draw: &'a mut Draw) -> LeadStory<'a> {
        let line_end = draw.one(&["\r\n", "\r\n", "\n"]);
        let lead_id = format!("lead_018{}", draw.hex(21));
        LeadStory { product, draw, line_end, lead_id }
    }

    fn events(mut self) -> Vec<EventBody> {
        let person = Person::draw(self.draw);
        let mut raw: Vec<(&'static str, FieldType, String)> = Vec::new();
        for (names, field_type, percent, value) in self.product.asks() {
            if self.draw.chance(percent) {
                let name = self.draw.one(names);
                raw.push((name, field_type, value(&person, self.draw)));
            }
        }
        let submitted = self.submitted(&raw);
        let accepted = self.accepted(&submitted.lead, &raw);
        let enhanced = self.enhanced(&accepted.lead);
        let lead = enhanced.lead.clone();
        let filtered = EventBody { rules: Some(self.rules(&lead)), ..body(&lead) };
        let attempted = body(&lead);
        let failed = self.failed(&lead);
        let delivered = self.delivered(&lead);
        let completed = self.completed(&delivered.lead);
        vec![submitted, accepted, enhanced, filtered, attempted, failed, delivered, completed]
    }

    fn submitted(&mut self, raw: &[(&'static str, FieldType, String)]) -> EventBody {
        let pairs: Vec<(&str, &str)> = raw.iter().map(|(name, _, value)| (*name, value.as_str())).collect();
        let (content_type, content) = if self.draw.chance(60) {
            ("application/json", json_object(&pairs))
        } else {
            ("application/x-www-form-urlencoded", form(&pairs))
        };
        let agent = self.draw.one(&AGENTS);
        let client = format!("203.0.113.{}", self.draw.below(256));
        let length = content.len().to_string();
        let request = self.message(
            &format!(
                "POST /flows/{}/sources/src_web_{}/submit HTTP/1.1",
                self.product.flow_id(),
                client.len()
            ),
            &[
                ("host", "leads.example.com"),
                ("user-agent", agent),
                ("accept", "*/*"),
                ("content-type", content_type),
                ("content-length", &length),
                ("x-forwarded-for", &client),
            ],
            &content,
        );
        let lead = raw.iter().map(|(name, _, value)| (path(name), Value::text(value.as_str()))).collect();
        EventBody { exchanges: vec![exchange(Some(request), None)], ..body(&lead) }
    }

    fn accepted(&mut self, raw: &Lead, asked: &[(&'static str, FieldType, String)]) -> EventBody {
        let fields = asked.iter().map(|(name, field_type, _)| {
            Field::new(name.parse().expect("names of fields are good"), *field_type)
        });
        let fields = Fields::new(fields.collect()).expect("names of fields differ");
        let mut lead = fields.parse(raw, domain::Timestamp::MAX);
        let source = self.draw.one(&["Web Form A", "Sunny Clicks", "Partner Network", "Facebook Lead Ads"]);
        lead.set(path("source.name"), Value::text(source));
        EventBody { rules: Some(self.rules(&lead)), ..body(&lead) }
    }

    fn enhanced(&mut self, lead: &Lead) -> EventBody {
        let mut lead = lead.clone();
        let phone = text_of(&lead, &["phone_1", "phone", "phone_home"]);
        let carrier = self.draw.one(&CARRIERS);
        let line_type = self.draw.one(&LINE_TYPES);
        let score = self.draw.below(100);
        let step = self.draw.one(&["phone_check", "phone_check", "email_check", "demographics"]);
        let answer = format!(
            r#"{{"status":"ok","phone":"{phone}","valid":true,"carrier":"{carrier}","line_type":"{line_type}","country":"US","score":{score},"transaction_id":"{}"}}"#,
            self.draw.hex(24)
        );
        for (name, value) in [
            ("status", Value::text("ok")),
            ("phone", Value::text(phone.as_str())),
            ("valid", Value::from(true)),
            ("carrier", Value::text(carrier)),
            ("line_type", Value::text(line_type)),
            ("country", Value::text("US")),
            ("score", Value::from(domain::Number::from(i32::try_from(score).expect("below a hundred")))),
        ] {
            lead.set(path(&format!("appended.{step}.{name}")), value);
        }
        let request = self.message(
            &format!("GET /v1/lookup?number={phone}&country=US HTTP/1.1"),
            &[("host", "lookup.example.com"), ("accept", "application/json"), ("x-key", "•••")],
            "",
        );
        let response = self.response("200 OK", "application/json; charset=utf-8", &answer);
        EventBody { exchanges: vec![exchange(Some(request), Some(response))], ..body(&lead) }
    }

    fn failed(&mut self, lead: &Lead) -> EventBody {
        let words = self.draw.one(&REFUSALS);
        let answer = match self.draw.below(3) {
            0 => format!(
                r#"{{"result":{{"status":"rejected","errors":[{{"code":409,"message":"{words}"}}]}}}}"#
            ),
            1 => format!(r#"{{"success":false,"error":"{words}"}}"#),
            _ => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><status>rejected</status><message>{words}</message></response>"
            ),
        };
        let pairs = sold(lead);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let content = form(&pairs);
        let delivery = format!("evt_018{}", self.draw.hex(21));
        let request = self.message(
            "POST /post HTTP/1.1",
            &[
                ("host", "buyer.example.com"),
                ("content-type", "application/x-www-form-urlencoded"),
                ("idempotency-key", &delivery),
                ("content-length", &content.len().to_string()),
            ],
            &content,
        );
        let response = self.response("200 OK", "application/json", &answer);
        EventBody {
            exchanges: vec![exchange(Some(request), Some(response))],
            reason_raw: Some(words.into()),
            ..body(lead)
        }
    }

    fn delivered(&mut self, lead: &Lead) -> EventBody {
        let pairs = sold(lead);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let content = format!(r#"{{"contact":{},"lead_id":"{}"}}"#, json_object(&pairs), self.lead_id);
        let delivery = format!("evt_018{}", self.draw.hex(21));
        let request = self.message(
            "POST /leads HTTP/1.1",
            &[
                ("host", "crm.example.com"),
                ("content-type", "application/json"),
                ("idempotency-key", &delivery),
                ("x-delivery", &delivery),
                ("content-length", &content.len().to_string()),
            ],
            &content,
        );
        let reference = self.draw.below(90_000_000) + 10_000_000;
        let price = format!("{}.{:02}", self.draw.below(60) + 5, self.draw.one(&[0, 25, 50, 75]));
        let answer = format!(
            r#"{{"result":{{"status":"accepted","id":"{reference}","bid":{price},"message":"Lead accepted"}}}}"#
        );
        let response = self.response("201 Created", "application/json; charset=utf-8", &answer);
        let mut lead = lead.clone();
        lead.set(path("appended.sell.reference"), Value::text(reference.to_string()));
        lead.set(path("appended.sell.price"), Value::text(price));
        EventBody { exchanges: vec![exchange(Some(request), Some(response))], ..body(&lead) }
    }

    fn completed(&mut self, lead: &Lead) -> EventBody {
        let price = self.draw.below(20) + 4;
        let answer = format!(
            r#"{{"outcome":"success","reason":null,"lead":{{"id":"{}"}},"price":{price}.00}}"#,
            self.lead_id
        );
        let response = self.message(
            "HTTP/1.1 201 Created",
            &[("content-type", "application/json"), ("content-length", &answer.len().to_string())],
            &answer,
        );
        EventBody { exchanges: vec![exchange(None, Some(response))], ..body(lead) }
    }

    fn rules(&mut self, lead: &Lead) -> RuleTrace {
        let rules = [
            ("email.valid", "format is valid"),
            ("phone_1.valid", "format is valid"),
            ("state", "is included in TX, OK, CA, FL"),
            ("postal_code.zip", "matches pattern ^7"),
            ("tcpa_consent", "is true"),
            ("homeowner", "is equal to yes"),
            ("consent_url", "is not blank"),
            ("appended.phone_check.line_type", "is not equal to landline"),
        ];
        let mut traced = Vec::new();
        for (field, judgement) in rules {
            if let Some(Value::Scalar(actual)) = lead.get(field).cloned()
                && self.draw.chance(60)
            {
                let rule: Arc<str> = format!("lead.{field} {judgement}").into();
                traced.push(TracedRule { rule, actual, passed: self.draw.chance(90), decided: false });
            }
        }
        if traced.is_empty() {
            traced.push(TracedRule {
                rule: "lead.email is not blank".into(),
                actual: Scalar::Null,
                passed: false,
                decided: false,
            });
        }
        RuleTrace { rules: traced }
    }

    fn response(&mut self, status: &str, content_type: &str, content: &str) -> String {
        let server = self.draw.one(&SERVERS);
        let (minute, second) = (self.draw.below(60), self.draw.below(60));
        let date = format!("Mon, 15 Jan 2024 14:{minute:02}:{second:02} GMT");
        self.message(
            &format!("HTTP/1.1 {status}"),
            &[
                ("content-type", content_type),
                ("content-length", &content.len().to_string()),
                ("date", &date),
                ("server", server),
                ("cache-control", "no-cache"),
            ],
            content,
        )
    }

    fn message(&self, start: &str, headers: &[(&str, &str)], content: &str) -> String {
        let end = self.line_end;
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}{end}")).collect();
        format!("{start}{end}{headers}{end}{content}")
    }
}

/// What a buyer is told.
fn sold(lead: &Lead) -> Vec<(&'static str, String)> {
    [
        ("first_name", &["first_name", "name.first"][..]),
        ("last_name", &["last_name", "name.last"]),
        ("email", &["email", "email_address"]),
        ("phone", &["phone_1", "phone", "phone_home"]),
        ("address", &["address_1", "street", "address"]),
        ("city", &["city"]),
        ("state", &["state"]),
        ("zip", &["postal_code", "zip", "zip_code"]),
        ("trusted_form_url", &["trustedform_cert_url", "consent_url"]),
    ]
    .into_iter()
    .map(|(name, paths)| (name, text_of(lead, paths)))
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

fn text_of(lead: &Lead, paths: &[&str]) -> String {
    paths.iter().find_map(|path| lead.get(path)?.as_text()).unwrap_or_default().to_owned()
}

fn path(text: &str) -> FieldPath {
    text.parse().expect("paths written here are good")
}

fn body(lead: &Lead) -> EventBody {
    EventBody { lead: lead.clone(), ..EventBody::default() }
}

fn exchange(request: Option<String>, response: Option<String>) -> Exchange {
    let bytes = |text: String| Arc::from(text.into_bytes());
    Exchange { request: request.map(bytes), response: response.map(bytes) }
}

fn json_object(pairs: &[(&str, &str)]) -> String {
    let mut out = Vec::new();
    let mut object = wire::json::ObjectWriter::open(&mut out);
    for (name, value) in pairs {
        object.text(name, value);
    }
    object.close();
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// WHATWG URL, section 5.2.
fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        let bytes = text.bytes().map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        });
        bytes.collect::<String>()
    };
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}
