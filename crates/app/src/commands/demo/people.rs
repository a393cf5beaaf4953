//! People who do not exist, at streets that do not exist, with numbers that nobody has.

use crate::chance::Chance;

/// A person who does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: String,
    /// 555-01xx: set aside for fiction.
    pub(super) phone: String,
    pub(super) street: String,
    pub(super) place: Place,
    pub(super) postal_code: String,
}

/// A part of the country: its state, the first three digits of its postal codes, its area code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) state: &'static str,
    postal_prefix: &'static str,
    area: &'static str,
}

impl Person {
    /// Draws somebody who lives in one of these places.
    pub(super) fn draw(chance: &mut Chance, places: &'static [Place]) -> Person {
        let (first_name, last_name) = (chance.pick(&FIRST_NAMES), chance.pick(&LAST_NAMES));
        let place = chance.pick(places);
        Person {
            first_name,
            last_name,
            email: format!("{}.{}{}@example.com", first_name, last_name, chance.between(1, 1_000))
                .to_lowercase(),
            phone: format!("({}) 555-01{:02}", place.area, chance.between(0, 100)),
            street: format!("{} {}", chance.between(1, 9_900), chance.pick(&STREETS)),
            place,
            postal_code: format!("{}{:02}", place.postal_prefix, chance.between(1, 100)),
        }
    }
}

const fn place(state: &'static str, postal_prefix: &'static str, area: &'static str) -> Place {
    Place { state, postal_prefix, area }
}

/// Where home owners live whom somebody serves, and a few whom nobody does.
pub(super) static ROOF_PLACES: [Place; 9] = [
    place("TX", "752", "214"),
    place("TX", "787", "512"),
    place("TX", "770", "713"),
    place("OK", "731", "405"),
    place("OK", "741", "918"),
    place("LA", "701", "504"),
    place("AR", "722", "501"),
    place("NM", "871", "505"),
    place("CO", "802", "303"),
];
/// Where somebody may live at all.
pub(super) static PLACES: [Place; 12] = [
    place("TX", "752", "214"),
    place("CA", "900", "213"),
    place("FL", "331", "305"),
    place("GA", "303", "404"),
    place("OH", "432", "614"),
    place("PA", "191", "215"),
    place("IL", "606", "312"),
    place("AZ", "850", "602"),
    place("NC", "282", "704"),
    place("TN", "372", "615"),
    place("WA", "981", "206"),
    place("CO", "802", "303"),
];
/// Where a lead costs more than it brings.
pub(super) static LOUISIANA: [Place; 1] = [place("LA", "701", "504")];
/// Where every roofer works.
pub(super) static TEXAS: [Place; 1] = [place("TX", "787", "512")];

const FIRST_NAMES: [&str; 48] = [
    "Ada", "Adam", "Aisha", "Alan", "Alice", "Amir", "Ana", "Andre", "Anita", "Ben", "Beth", "Carl",
    "Carmen", "Chloe", "Clara", "Dan", "Daria", "David", "Diego", "Elena", "Eli", "Emma", "Erik", "Fatima",
    "Felix", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jada", "Jonas", "Jun", "Kai", "Lena", "Leo", "Lucia",
    "Marco", "Maya", "Nadia", "Noah", "Omar", "Priya", "Rosa", "Sam", "Tara", "Victor", "Zoe",
];
const LAST_NAMES: [&str; 48] = [
    "Abbot", "Alder", "Amsel", "Barley", "Beck", "Birch", "Bloom", "Brook", "Calder", "Cedar", "Clover",
    "Crane", "Dale", "Elm", "Falk", "Fenn", "Finch", "Flint", "Garnet", "Glen", "Hale", "Hawthorn", "Heath",
    "Holm", "Ivy", "Juniper", "Kestrel", "Lark", "Linden", "Marsh", "Meadow", "Moss", "North", "Oakes",
    "Pine", "Quill", "Reed", "Ridge", "Rowan", "Sage", "Sorrel", "Stone", "Thorne", "Vale", "Wells",
    "Willow", "Wren", "Yarrow",
];
const STREETS: [&str; 16] = [
    "Amber Loop",
    "Copper Kettle Way",
    "Dandelion Row",
    "Drizzle Court",
    "Elderflower Path",
    "Gable Lane",
    "Kindling Street",
    "Lantern Avenue",
    "Marble Run",
    "Millstone Drive",
    "Paper Boat Lane",
    "Quince Terrace",
    "Shingle Bend",
    "Thimble Street",
    "Weathervane Road",
    "Whistle Stop Way",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_be_reached_by_what_is_invented() {
        for seed in 0..500 {
            let person = Person::draw(&mut Chance::of(seed, &["people"]), &PLACES);
            assert!(person.email.ends_with("@example.com") && person.email.is_ascii(), "{}", person.email);
            let (area, number) = person.phone.split_once(") 555-01").unwrap();
            assert!(area.len() == 4 && number.len() == 2, "{}", person.phone);
            assert_eq!(person.postal_code.len(), 5);
        }
    }
}
