use proptest::prelude::*;

use super::*;

fn clear(words: &str) -> String {
    clear_text(words, &is_listed)
}

fn code(words: &str) -> String {
    code_of(&words.to_lowercase()).to_string()
}

#[test]
fn the_list_is_sorted_lower_case_and_without_names() {
    assert!(WORDS.len() > 800);
    assert!(WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(WORDS.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    for phrase in super::PHRASES.iter() {
        assert!(phrase.len() > 1 && phrase.iter().all(|word| is_listed(word)), "{phrase:?}");
        let is_name =
            |word: &&str| ALSO_NAMES.contains(word) || NAMES.contains(word) || STREETS.contains(word);
        assert!(!phrase.iter().all(is_name), "{phrase:?} could be the name of a person");
    }
    for name in NAMES.iter().chain(&STREETS).filter(|name| !ALSO_NAMES.contains(name)) {
        assert!(!is_listed(name), "{name}");
    }
    for word in ALSO_NAMES {
        assert!(is_listed(word), "{word}");
    }
}

#[test]
fn words_of_the_list_come_through_and_others_do_not() {
    for (words, wanted) in [
        ("Duplicate lead", "Duplicate lead"),
        ("Duplicate: ann@example.com", "Duplicate: …"),
        ("Daily cap reached (100/100)", "Daily cap reached (100/100)"),
        ("Daily cap reached for Acme Solarix, Inc.", "Daily cap reached for …"),
        ("State TX not accepted", "State TX not accepted"),
        ("Not serviced in Ohio/Texas", "Not serviced in Ohio/Texas"),
        ("Bad zip, Duplicate lead", "Bad zip, Duplicate lead"),
        ("missing_field: postal_code", "missing_field: postal_code"),
        ("Must be within 30 days", "Must be within 30 days"),
        ("Phone 512 555 0134 is on the do-not-call list", "Phone … is on the do-not-call list"),
        ("Phone (512) 555-0134 invalid", "Phone … invalid"),
        ("12 Elm Street, Austin TX 78701 not found", "… not found"),
        ("Lead 4711 isn't valid", "Lead … isn't valid"),
        ("Buyer’s limit reached", "Buyer’s limit reached"),
        ("price too low, will not buy", "price too low, will not buy"),
        ("will smith is a duplicate of May", "… is a duplicate of …"),
        ("MA LEE is blocked", "… is blocked"),
        ("Price too low", "Price too low"),
        ("PRICE TOO LOW", "PRICE TOO LOW"),
        ("Lead rejected: Price too low.", "Lead rejected: Price too low."),
        ("Ann Price too low", "… too low"),
        ("Price. Too low", "… Too low"),
        ("no\r\nlead\u{0}here", "no lead here"),
        ("x@example.com", NO_REASON),
        ("Ann … Lee", NO_REASON),
        ("- . !", NO_REASON),
        ("", NO_REASON),
    ] {
        assert_eq!(clear(words), wanted, "{words}");
    }
}

/// How messages of the usual kinds read, and by what they are grouped: `words|shown|code`.
#[test]
fn what_buyers_usually_say_stays_readable() {
    let rows: Vec<Vec<&str>> =
        include_str!("messages.txt").lines().map(|line| line.split('|').collect()).collect();
    assert!(rows.len() >= 150);
    for row in &rows {
        let (shown, grouped) = (clear(row[0]), code(row[0]));
        assert_eq!((shown.as_str(), grouped.as_str()), (row[1], row[2]), "{}", row[0]);
    }
    let whole = rows.iter().filter(|row| row[0] == row[1]).count();
    assert!(whole * 100 >= rows.len() * 95, "{whole} of {} come through whole", rows.len());
}

/// Messages that quote persons: `words|what must not come through`.
#[test]
fn no_word_of_a_person_survives() {
    for line in include_str!("persons.txt").lines() {
        let (words, personal) = line.split_once('|').unwrap();
        let shown = clear(words);
        let is_shown = |part: &str| {
            let letters = |text: &str| text.trim_matches(|letter: char| !letter.is_alphanumeric()).to_owned();
            shown.split(' ').any(|word| letters(word) == letters(part))
        };
        for part in personal.split(' ') {
            assert!(words.contains(part), "{part} is in {words}");
            assert!(!is_shown(part), "{words} reads {shown}");
        }
    }
}

#[test]
fn the_page_about_partners_shows_what_is_recorded() {
    let page = include_str!("../../../../docs/partners.md");
    let rows = page.split_once("| The partner's words | Recorded |\n").unwrap().1.lines().skip(1);
    let rows: Vec<&str> = rows.take_while(|row| row.starts_with("| ")).collect();
    assert!(rows.len() >= 5);
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(clear(cells[0]), cells[1]);
    }
}

#[test]
fn what_comes_through_has_at_most_200_characters() {
    let long = clear(&"duplicate ".repeat(1_000));
    assert!(long.chars().count() <= 200, "{long}");
    assert!(long.ends_with('…'));
}

#[test]
fn well_known_phrases_have_their_code() {
    for (words, wanted) in [
        ("Duplicate lead", "duplicate"),
        ("Lead already exists", "duplicate"),
        ("Daily cap reached (100/100)", "cap_reached"),
        ("Monthly budget exhausted", "cap_reached"),
        ("Capture failed", "declined"),
        ("On do not call list", "suppressed"),
        ("Outside of business hours", "outside_hours"),
        ("Campaign paused", "paused"),
        ("Invalid API key", "auth"),
        ("Email is required", "missing_field"),
        ("Price too low", "price"),
        ("No buyer found", "no_buyer"),
        ("Out of area", "criteria"),
        ("Not interested", "declined"),
        ("", "declined"),
    ] {
        assert_eq!(code(words), wanted, "{words}");
    }
}

/// Given and family names as they come, those that are words as well among them.
const NAMES: [&str; 100] = [
    "adams",
    "alice",
    "allen",
    "amber",
    "andrew",
    "ann",
    "anna",
    "april",
    "art",
    "august",
    "baker",
    "bill",
    "bob",
    "brown",
    "carol",
    "carolina",
    "carter",
    "chase",
    "chen",
    "christian",
    "clark",
    "cook",
    "cooper",
    "crystal",
    "dakota",
    "dan",
    "david",
    "dawn",
    "dean",
    "diaz",
    "drew",
    "earl",
    "ed",
    "emma",
    "faith",
    "fisher",
    "ford",
    "frank",
    "garcia",
    "georgia",
    "gomez",
    "grace",
    "grant",
    "green",
    "guy",
    "hall",
    "hill",
    "hope",
    "hunter",
    "iris",
    "ivy",
    "jack",
    "james",
    "joe",
    "john",
    "jones",
    "joy",
    "june",
    "king",
    "lee",
    "lily",
    "long",
    "low",
    "mark",
    "mary",
    "mason",
    "max",
    "may",
    "miles",
    "miller",
    "moore",
    "nguyen",
    "noble",
    "page",
    "parker",
    "pat",
    "patel",
    "paul",
    "price",
    "ray",
    "rich",
    "rob",
    "rose",
    "ruby",
    "sam",
    "short",
    "small",
    "smith",
    "stone",
    "sue",
    "summer",
    "taylor",
    "tom",
    "turner",
    "virginia",
    "walker",
    "washington",
    "white",
    "will",
    "young",
];
/// Words of addresses.
const STREETS: [&str; 16] = [
    "avenue",
    "boulevard",
    "broadway",
    "court",
    "drive",
    "elm",
    "hill",
    "lane",
    "main",
    "maple",
    "oak",
    "park",
    "road",
    "springfield",
    "street",
    "terrace",
];
const PHRASES: [&str; 8] = [
    "{} is a duplicate",
    "Duplicate: {}",
    "{}",
    "the lead {} was not accepted in TX, 5 of 10",
    "({})",
    "phone/email {} invalid/{}",
    "not {}, not you",
    "value={};code=7",
];

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A value as leads have them, and what of it must not be seen.
fn personal() -> impl Strategy<Value = (String, Vec<String>)> {
    let name = || prop::sample::select(NAMES.to_vec());
    let whole = |text: String| (text.clone(), vec![text]);
    prop_oneof![
        name().prop_map(move |name| whole(capitalised(name))),
        name().prop_map(move |name| whole(name.to_uppercase())),
        (name(), name()).prop_map(|(first, last)| {
            let (first, last) = (capitalised(first), capitalised(last));
            (format!("{first} {last}"), vec![first, last])
        }),
        (name(), name()).prop_map(|(first, last)| {
            let (first, last) = (capitalised(first), capitalised(last));
            (format!("{last}, {first}"), vec![first, last])
        }),
        (name(), "[a-z0-9]{1,8}").prop_map(move |(name, host)| whole(format!("{name}@{host}.example.com"))),
        "[2-9][0-9]{2}-555-01[0-9]{2}".prop_map(whole),
        "[2-9][0-9]{2} 555 01[0-9]{2}".prop_map(|phone| {
            let parts = phone.split(' ').map(str::to_owned).collect();
            (phone, parts)
        }),
        "\\([2-9][0-9]{2}\\) 555-01[0-9]{2}"
            .prop_map(|phone| (phone.clone(), vec![phone[1..4].to_owned(), "555".to_owned()])),
        "1?[2-9][0-9]{2}55501[0-9]{2}".prop_map(whole),
        ("[1-9][0-9]{0,3}", prop::sample::select(STREETS.to_vec())).prop_map(|(number, street)| {
            let street = capitalised(street);
            (format!("{number} {street}"), vec![number, street])
        }),
        "[0-9]{5}(-[0-9]{4})?".prop_map(whole),
        "[0-9]{2}/[0-9]{2}/19[0-9]{2}".prop_map(whole),
        "[0-9]{3}-[0-9]{2}-[0-9]{4}".prop_map(whole),
    ]
}

proptest! {
    /// "No header holds a lead's value."
    #[test]
    fn what_a_person_is_called_and_reached_at_never_comes_through(
        (value, hidden) in personal(),
        phrase in prop::sample::select(PHRASES.to_vec()),
    ) {
        let text = clear(&phrase.replace("{}", &value));
        // The phrases have small numbers of their own.
        let own = |word: &str| phrase.contains(word);
        let words: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
        for part in hidden.iter().filter(|part| !own(part)) {
            prop_assert!(!text.contains(part.as_str()) || !words.contains(&part.as_str()), "{text}");
        }
        if !own(&value) {
            prop_assert!(!text.split(' ').any(|word| word == value), "{text}");
        }
    }

    #[test]
    fn any_text_is_read(words in any::<String>()) {
        let text = clear(&words);
        prop_assert!(text.chars().count() <= CLEAR_CHARS_MAX);
        prop_assert!(!text.chars().any(char::is_control));
        let _ = code(&words);
    }
}
