//! What leads cost and earn.

use domain::{Money, PriceRow, PriceTable, PurchasePrice, SalePrice, Share};

use super::keys;
use super::names::Names;
use super::node::{Kind, Node};
use super::reader::{Part, Reader};

/// Most rows of one table of prices.
pub(super) const PRICE_ROWS_MAX: usize = 200;

/// What a price is made from besides an amount or a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Submission,
    Reply,
    Bid,
}

/// The words under `from`.
const FROM: [(&str, From); 3] =
    [("submission", From::Submission), ("reply", From::Reply), ("bid", From::Bid)];

impl Reader {
    /// The price of a flow or a source.
    pub(super) fn purchase_price(&mut self, node: &Node, names: Names<'_>) -> Option<PurchasePrice> {
        let before = self.problems.len();
        let part = self.part(node, &keys::PURCHASE_PRICE)?;
        if let Some(node) = part.get("fixed") {
            self.alone(&part, "fixed", before)?;
            return self.price(node, "fixed").map(PurchasePrice::Fixed);
        }
        if let Some(node) = part.get("table") {
            self.alone(&part, "table", before)?;
            return self.price_table(node, names).map(PurchasePrice::Table);
        }
        if let Some(node) = part.get("share") {
            self.alone(&part, "share", before)?;
            return self.bid_share(node, &part);
        }
        let Some(node) = part.get("from") else {
            self.no_price(&part, before);
            return None;
        };
        match self.word(node, "from", &FROM)? {
            From::Submission => Some(PurchasePrice::FromSubmission),
            From::Reply | From::Bid => {
                self.problem(
                    node.line,
                    "the price of a source is from the submission; write from: submission",
                );
                None
            }
        }
    }

    /// A share of what the lead is sold for.
    fn bid_share(&mut self, node: &Node, part: &Part<'_>) -> Option<PurchasePrice> {
        let of = self.needed(part, "of").and_then(|node| self.word(node, "of", &[("bid", ())]));
        let (Kind::Number(text) | Kind::Text(text)) = &node.kind else {
            self.problem(node.line, format!("\"share\" must be a number, not {}", node.describe()));
            return None;
        };
        let amount: Money = self.parse(node.line, text)?;
        let share = Share::from_millionths(amount.as_millionths());
        if share.is_none() {
            self.problem(node.line, format!("\"share\" is {amount}, but must be more than 0 and at most 1"));
        }
        of?;
        share.map(PurchasePrice::Share)
    }

    /// The price of a recipient.
    pub(super) fn sale_price(&mut self, node: &Node, names: Names<'_>) -> Option<SalePrice> {
        let before = self.problems.len();
        let part = self.part(node, &keys::SALE_PRICE)?;
        let floor = part.get("floor").map_or(Some(None), |node| self.price(node, "floor").map(Some));
        if let Some(node) = part.get("fixed") {
            self.alone(&part, "fixed", before)?;
            return self.price(node, "fixed").map(SalePrice::Fixed);
        }
        if let Some(node) = part.get("table") {
            self.alone(&part, "table", before)?;
            return self.price_table(node, names).map(SalePrice::Table);
        }
        let Some(node) = part.get("from") else {
            self.no_price(&part, before);
            return None;
        };
        match self.word(node, "from", &FROM)? {
            From::Reply => Some(SalePrice::FromReply { floor: floor? }),
            From::Bid => Some(SalePrice::FromBid { floor: floor? }),
            From::Submission => {
                self.problem(node.line, "the price of a recipient is from its reply; write from: reply");
                None
            }
        }
    }

    /// The most that a reply can make a recipient pay, where the price is from the reply.
    pub(super) fn max_price(&mut self, node: &Node) -> Option<Option<Money>> {
        let Kind::Map(members) = &node.kind else { return Some(None) };
        let own = |key: &str| members.iter().find(|member| member.key == key).map(|member| &member.value);
        match (own("max_price"), own("from")) {
            (Some(node), Some(_)) if node.kind != Kind::Null => self.price(node, "max_price").map(Some),
            (Some(_) | None, Some(_) | None) => Some(None),
        }
    }

    /// Tells when something stands beside a price that is whole without it.
    fn alone(&mut self, part: &Part<'_>, key: &str, before: usize) -> Option<()> {
        let other = ["fixed", "table", "from", "share", "floor", "max_price"]
            .into_iter()
            .find(|other| *other != key && part.get(other).is_some());
        match other {
            Some("floor") => {
                let message =
                    format!("\"floor\" is the least that a reply should name; with {key:?} there is no need");
                self.problem(part.line, message);
            }
            Some("max_price") => {
                let message = format!(
                    "\"max_price\" is the most that a reply can make it pay; with {key:?} there is no need"
                );
                self.problem(part.line, message);
            }
            Some(other) => {
                self.problem(part.line, format!("{} has {key:?} or {other:?}, not both", part.what()));
            }
            None => {}
        }
        (self.problems.len() == before).then_some(())
    }

    fn no_price(&mut self, part: &Part<'_>, before: usize) {
        // A price of a later release was told of.
        if self.problems.len() == before {
            let what = part.what();
            self.problem(part.line, format!("{what} has one of the keys \"fixed\", \"table\" and \"from\""));
        }
    }

    fn price_table(&mut self, node: &Node, names: Names<'_>) -> Option<PriceTable> {
        let before = self.problems.len();
        let rows = self.list(Some(node), "table", |reader, node| {
            let part = reader.part(node, &keys::PRICE_ROW)?;
            let amount = reader.needed(&part, "amount").and_then(|node| reader.price(node, "amount"));
            let when = reader.when(&part, names);
            Some(PriceRow { amount: amount?, when: when? })
        });
        if self.problems.len() > before {
            return None;
        }
        if rows.is_empty() {
            self.problem(node.line, "a table of prices needs a row, such as { amount: 8.00 }");
            return None;
        }
        self.fits(node.line, "rows of prices", rows.len(), PRICE_ROWS_MAX).then_some(PriceTable { rows })
    }
}
