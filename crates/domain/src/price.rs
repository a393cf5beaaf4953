//! What a lead costs and earns: how prices are found. Amounts are exact.

use crate::{Condition, Lead, Money, Scalar, Value, Variables};

/// Prices with conditions: of those whose condition holds the last one counts.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceTable {
    /// The rows, in order.
    pub rows: Vec<PriceRow>,
}

/// One row of a table of prices.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceRow {
    /// The price.
    pub amount: Money,
    /// For which leads; none means all.
    pub when: Option<Condition>,
}

impl PriceTable {
    /// The amount of the last row whose condition holds; nothing when none does.
    pub fn price(&self, variables: &Variables<'_>) -> Option<Money> {
        let mut rows = self.rows.iter().rev();
        rows.find(|row| row.when.as_ref().is_none_or(|when| when.holds(variables))).map(|row| row.amount)
    }
}

/// What a source is paid for a lead.
#[derive(Debug, Clone, PartialEq)]
pub enum PurchasePrice {
    /// The same for every lead.
    Fixed(Money),
    /// By conditions; nothing when no row fits.
    Table(PriceTable),
    /// What the source names in the parameter `price`; nothing when that is no amount.
    FromSubmission,
    /// A share of what the lead is sold for, which is known once it is sold.
    Share(Share),
}

/// A part of an amount, in whole millionths: more than nothing, at most all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// The share of this many millionths; none unless it is more than nothing and at most all.
    pub fn from_millionths(millionths: i64) -> Option<Share> {
        u32::try_from(millionths).ok().filter(|share| (1..=1_000_000).contains(share)).map(Share)
    }

    /// This share of an amount. What is less than a millionth of the currency's unit is cut, so that no
    /// more than the share is paid.
    pub fn of(self, amount: Money) -> Money {
        let millionths = i128::from(amount.as_millionths()) * i128::from(self.0) / 1_000_000;
        Money::from_millionths(i64::try_from(millionths).expect("a share is no more than the whole"))
    }
}

/// The parameter in which a source names its price.
pub const PRICE_PARAMETER: &str = "price";

impl PurchasePrice {
    /// The price of a parsed lead (that of `variables`); `raw` is what was submitted. None when it is
    /// known later.
    pub fn price(&self, raw: &Lead, variables: &Variables<'_>) -> Option<Money> {
        let price = match self {
            PurchasePrice::Fixed(amount) => Some(*amount),
            PurchasePrice::Table(table) => table.price(variables),
            PurchasePrice::FromSubmission => raw.get(PRICE_PARAMETER).and_then(named_price),
            PurchasePrice::Share(_) => return None,
        };
        Some(price.unwrap_or(Money::ZERO))
    }
}

/// Largest price anybody may name, in the currency's unit.
pub const PRICE_MAX: Money = Money::from_millionths(1_000_000 * 1_000_000);

/// Reads an amount that another party names: a number, or text of one, from nothing to [`PRICE_MAX`].
/// A currency sign and commas between thousands are passed over, and more than six decimals are rounded.
pub fn named_price(value: &Value) -> Option<Money> {
    let text = match value {
        Value::Scalar(Scalar::Number(number)) => number.as_str().to_owned(),
        Value::Scalar(Scalar::Text(text)) => text.trim().trim_start_matches('$').trim().replace(',', ""),
        Value::Scalar(Scalar::Null | Scalar::Bool(_)) | Value::List(_) => return None,
    };
    let amount = Money::rounded(&text).ok()?;
    (Money::ZERO..=PRICE_MAX).contains(&amount).then_some(amount)
}

/// What a buyer pays for a lead.
#[derive(Debug, Clone, PartialEq)]
pub enum SalePrice {
    /// The same for every lead.
    Fixed(Money),
    /// By conditions; nothing when no row fits.
    Table(PriceTable),
    /// What the reply names; a lower price than the floor is flagged, since the buyer has the lead.
    FromReply {
        /// The least that was hoped for.
        floor: Option<Money>,
    },
    /// What it bid when it was pinged; a lower bid than the floor is not taken.
    FromBid {
        /// The least that is taken.
        floor: Option<Money>,
    },
}

impl Default for SalePrice {
    fn default() -> SalePrice {
        SalePrice::Fixed(Money::ZERO)
    }
}

impl SalePrice {
    /// What a buyer offers before it has the lead; none when only its reply tells, or when it has not
    /// bid. `bid` is what it bid when it was pinged.
    pub fn offer(&self, variables: &Variables<'_>, bid: Option<Money>) -> Option<Money> {
        match self {
            SalePrice::Fixed(amount) => Some(*amount),
            SalePrice::Table(table) => Some(table.price(variables).unwrap_or(Money::ZERO)),
            SalePrice::FromReply { .. } => None,
            SalePrice::FromBid { .. } => bid,
        }
    }

    /// The price of a lead a buyer took, and whether it is below the floor. `named` is the amount that it
    /// named: by its bid where that is the price, else by its reply. Nobody is paid for taking a lead, so that less
    /// than nothing is nothing, and below any floor.
    pub fn price(&self, variables: &Variables<'_>, named: Option<Money>) -> (Money, bool) {
        match self {
            SalePrice::Fixed(amount) => (*amount, false),
            SalePrice::Table(table) => (table.price(variables).unwrap_or(Money::ZERO), false),
            SalePrice::FromReply { floor } | SalePrice::FromBid { floor } => {
                let amount = named.unwrap_or(Money::ZERO);
                (amount.max(Money::ZERO), amount < floor.unwrap_or(Money::ZERO))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, FieldType, Fields, Operator, Rule};

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn table() -> PriceTable {
        let fields = Fields::new(vec![Field::new("state".parse().unwrap(), FieldType::State)]).unwrap();
        let in_texas = Rule::new(&fields, "lead.state", Operator::Equal, Some(&Value::text("TX"))).unwrap();
        PriceTable {
            rows: vec![
                PriceRow { amount: money("8"), when: None },
                PriceRow { amount: money("14"), when: Some(in_texas.into()) },
            ],
        }
    }

    fn lead(state: &str) -> Lead {
        [("state".parse().unwrap(), Value::text(state))].into_iter().collect()
    }

    #[test]
    fn of_the_rows_that_fit_the_last_one_counts() {
        assert_eq!(table().price(&Variables::of(&lead("TX"))), Some(money("14")));
        assert_eq!(table().price(&Variables::of(&lead("OK"))), Some(money("8")));
        let mut backwards = table();
        backwards.rows.reverse();
        assert_eq!(backwards.price(&Variables::of(&lead("TX"))), Some(money("8")));
        assert_eq!(PriceTable { rows: vec![] }.price(&Variables::of(&lead("TX"))), None);
    }

    #[test]
    fn a_source_may_name_its_price() {
        let named = |price: Value| {
            let raw: Lead = [("price".parse().unwrap(), price)].into_iter().collect();
            PurchasePrice::FromSubmission.price(&raw, &Variables::of(&Lead::new())).unwrap().to_string()
        };
        assert_eq!(named(Value::text(" $1,200.50 ")), "1200.5");
        assert_eq!(named(Value::from("7.25".parse::<crate::Number>().unwrap())), "7.25");
        assert_eq!(named(Value::text("12.3456785")), "12.345679");
        assert_eq!(named(Value::text("7.300000000000001")), "7.3");
        for wrong in ["-3", "free", "1e3", "1000000.01", "1000000.0000005", ""] {
            assert_eq!(named(Value::text(wrong)), "0", "{wrong}");
        }
        assert_eq!(
            PurchasePrice::FromSubmission.price(&Lead::new(), &Variables::of(&Lead::new())),
            Some(Money::ZERO)
        );
    }

    #[test]
    fn a_share_is_exact_and_never_more_than_the_whole() {
        let share = Share::from_millionths(800_000).unwrap();
        assert_eq!(share.of(money("21.50")), money("17.2"));
        assert_eq!(share.of(money("0.000001")), Money::ZERO);
        assert_eq!(Share::from_millionths(1_000_000).unwrap().of(PRICE_MAX), PRICE_MAX);
        assert_eq!(Share::from_millionths(0), None);
        assert_eq!(Share::from_millionths(1_000_001), None);
        assert_eq!(PurchasePrice::Share(share).price(&Lead::new(), &Variables::of(&Lead::new())), None);
    }

    #[test]
    fn a_price_below_the_floor_is_flagged_and_stands() {
        let price = SalePrice::FromReply { floor: Some(money("5")) };
        assert_eq!(price.price(&Variables::of(&Lead::new()), Some(money("4.99"))), (money("4.99"), true));
        assert_eq!(price.price(&Variables::of(&Lead::new()), Some(money("5"))), (money("5"), false));
        assert_eq!(price.price(&Variables::of(&Lead::new()), None), (Money::ZERO, true));
        let open = SalePrice::FromReply { floor: None };
        assert_eq!(open.price(&Variables::of(&Lead::new()), Some(money("0"))), (Money::ZERO, false));
        assert_eq!(open.price(&Variables::of(&Lead::new()), Some(money("-10"))), (Money::ZERO, true));
        assert_eq!(
            SalePrice::Table(table()).price(&Variables::of(&lead("TX")), Some(money("1"))),
            (money("14"), false)
        );
    }
}
