//! How often what a source sent or a buyer bought came back or became a customer, as rules name it.

use std::fmt;
use std::str::FromStr;

use crate::{EntityId, FieldPath, Number};

/// One figure that rules can look at: `feedback.source.return_rate`, `feedback.buyer_premier.sold.7d`. Text form:
/// without `feedback.`, with the number of days.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RateName {
    /// Whose.
    pub of: RateOf,
    /// Which figure.
    pub kind: RateKind,
    /// Over how many days, the present one included.
    pub days: u16,
}

/// Whose figure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RateOf {
    /// The source of the lead.
    Source,
    /// This source or buyer.
    Party(EntityId),
}

/// Which figure. All are about the leads sold in the days that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKind {
    /// Which part of them came back, from 0 to 1.
    ReturnRate,
    /// Which part of them became customers, from 0 to 1.
    ConversionRate,
    /// How many there are.
    Sold,
    /// How many of them came back.
    Returned,
    /// How many of them became customers.
    Converted,
}

impl RateKind {
    /// Every figure.
    pub const ALL: [RateKind; 5] = [
        RateKind::ReturnRate,
        RateKind::ConversionRate,
        RateKind::Sold,
        RateKind::Returned,
        RateKind::Converted,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            RateKind::ReturnRate => "return_rate",
            RateKind::ConversionRate => "conversion_rate",
            RateKind::Sold => "sold",
            RateKind::Returned => "returned",
            RateKind::Converted => "converted",
        }
    }
}

/// Over how many days a figure is, unless its name says so.
pub const RATE_DAYS: u16 = 30;
/// Over how many days a figure can be.
pub const RATE_DAYS_MAX: u16 = 365;

/// Where figures stand in a lead that was judged by them.
const RATES_BELOW: &str = "appended.feedback.";

impl RateName {
    /// Where it stands in a lead that was judged by it.
    pub fn path(&self) -> FieldPath {
        format!("{RATES_BELOW}{self}").parse().expect("names of parties are short")
    }

    /// The figure that stands at a place of a lead.
    pub fn of_path(path: &FieldPath) -> Option<RateName> {
        path.as_str().strip_prefix(RATES_BELOW)?.parse().ok()
    }
}

/// The text names no figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "feedback.{0}; write feedback.<source, src_… or buyer_…>.<return_rate, conversion_rate, sold, returned or \
     converted>, and .7d for another number of days than {RATE_DAYS}, at most {RATE_DAYS_MAX}"
)]
pub struct UnknownRate(String);

impl FromStr for RateName {
    type Err = UnknownRate;

    fn from_str(text: &str) -> Result<RateName, UnknownRate> {
        let wrong = || UnknownRate(text.chars().take(80).collect());
        let mut parts = text.split('.');
        let of = match parts.next() {
            Some("source") => RateOf::Source,
            Some(id) => {
                let id: EntityId = id.parse().map_err(|_| wrong())?;
                if id.as_str().starts_with("svc_") {
                    return Err(wrong());
                }
                RateOf::Party(id)
            }
            None => return Err(wrong()),
        };
        let word = parts.next().ok_or_else(wrong)?;
        let kind = RateKind::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or_else(wrong)?;
        let days = match parts.next() {
            None => RATE_DAYS,
            Some(days) => days
                .strip_suffix('d')
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'))
                .and_then(|digits| digits.parse().ok())
                .filter(|days| (1..=RATE_DAYS_MAX).contains(days))
                .ok_or_else(wrong)?,
        };
        if parts.next().is_some() { Err(wrong()) } else { Ok(RateName { of, kind, days }) }
    }
}

impl fmt::Display for RateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            RateOf::Source => f.write_str("source")?,
            RateOf::Party(id) => write!(f, "{id}")?,
        }
        write!(f, ".{}.{}d", self.kind.as_str(), self.days)
    }
}

/// What became of the leads sold in some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// How many were sold; copies are not.
    pub sold: u32,
    /// How many of them came back.
    pub returned: u32,
    /// How many of them became customers.
    pub converted: u32,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            sold: self.sold.saturating_add(other.sold),
            returned: self.returned.saturating_add(other.returned),
            converted: self.converted.saturating_add(other.converted),
        }
    }

    /// A figure of it, rates rounded to four decimals; none for a rate of nothing.
    pub fn figure(self, kind: RateKind) -> Option<Number> {
        let Counts { sold, returned, converted } = self;
        let rate = |part: u32| {
            let sold = u64::from(sold);
            let rounded = (u64::from(part) * 10_000 + sold / 2).checked_div(sold)?;
            let decimal = format!("{}.{:04}", rounded / 10_000, rounded % 10_000);
            Some(decimal.parse().expect("it is a decimal of few digits"))
        };
        let count = |count: u32| Some(count.to_string().parse().expect("it is a whole number of few digits"));
        match kind {
            RateKind::ReturnRate => rate(returned),
            RateKind::ConversionRate => rate(converted),
            RateKind::Sold => count(sold),
            RateKind::Returned => count(returned),
            RateKind::Converted => count(converted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_a_name() {
        for (text, wanted) in [
            ("source.return_rate", "source.return_rate.30d"),
            ("source.return_rate.7d", "source.return_rate.7d"),
            ("buyer_premier.converted.365d", "buyer_premier.converted.365d"),
            ("src_web_a.sold", "src_web_a.sold.30d"),
        ] {
            let name: RateName = text.parse().unwrap();
            assert_eq!(name.to_string(), wanted);
            assert_eq!(wanted.parse::<RateName>().unwrap(), name);
        }
        for text in [
            "",
            "source",
            "source.returns",
            "svc_phone.sold",
            "premier.sold",
            "source.sold.0d",
            "source.sold.366d",
            "source.sold.07d",
            "source.sold.7",
            "source.sold.+7d",
            "source.sold.7d.x",
        ] {
            assert!(text.parse::<RateName>().is_err(), "{text}");
        }
        let error = "source.returns".parse::<RateName>().unwrap_err().to_string();
        assert!(error.starts_with("feedback.source.returns; write feedback.<source"), "{error}");
    }

    #[test]
    fn a_figure_stands_at_a_place_of_the_lead() {
        let name: RateName = "source.sold".parse().unwrap();
        assert_eq!(name.path().as_str(), "appended.feedback.source.sold.30d");
        assert_eq!(RateName::of_path(&name.path()), Some(name));
        assert_eq!(RateName::of_path(&"appended.premier.price".parse().unwrap()), None);
    }

    #[test]
    fn rates_are_parts_of_what_was_sold() {
        let counts = Counts { sold: 3, returned: 1, converted: 2 };
        let figure = |kind| counts.figure(kind).map(|number| number.to_string());
        assert_eq!(figure(RateKind::ReturnRate).as_deref(), Some("0.3333"));
        assert_eq!(figure(RateKind::ConversionRate).as_deref(), Some("0.6667"));
        assert_eq!(figure(RateKind::Sold).as_deref(), Some("3"));
        let none = Counts::default();
        assert_eq!(none.figure(RateKind::ReturnRate), None);
        assert_eq!(none.figure(RateKind::Returned).map(|number| number.to_string()).as_deref(), Some("0"));
        let whole = Counts { sold: 7, returned: 7, converted: 0 };
        assert_eq!(whole.figure(RateKind::ReturnRate).map(|number| number.to_string()).as_deref(), Some("1"));
    }
}
