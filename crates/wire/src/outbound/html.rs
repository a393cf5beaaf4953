//! Replies in HTML: places by CSS selector, with `@attribute` at the end where an attribute is meant.

use scraper::{Html, Selector};

/// Most of a page that is read, in bytes. An element may have thousands of attributes then, each of
/// which is compared with those before it.
const HTML_BYTES_MAX: usize = 64 * 1024;
/// Most elements of a page in which places are looked for. Each may have to be looked for among all that
/// are open when it begins.
const ELEMENTS_MAX: usize = 3_000;
/// Longest selector, in bytes.
const SELECTOR_BYTES_MAX: usize = 500;
/// Most parts of a selector: each may have to be looked for above every element.
const PARTS_MAX: usize = 16;
/// Deepest page in which places are looked for.
const DEPTH_MAX: usize = 256;

/// A page that was read.
#[derive(Debug)]
pub(super) struct Page {
    page: Html,
}

/// A place in a page.
#[derive(Debug)]
pub(super) struct HtmlPath<'a> {
    selector: Selector,
    attribute: Option<&'a str>,
}

impl<'a> HtmlPath<'a> {
    /// Reads `p.error`, `#result@data-code`. A blank before the `@` is the blank of CSS: `#result @id`
    /// is the id of anything within the result.
    pub(super) fn read(text: &'a str) -> Option<HtmlPath<'a>> {
        if text.len() > SELECTOR_BYTES_MAX || text.split([' ', '>', '+', '~', ',', ':']).count() > PARTS_MAX {
            return None;
        }
        let is_attribute = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte))
        };
        let (selector, attribute) = match text.trim().rsplit_once('@') {
            Some((selector, attribute)) if is_attribute(attribute) => (selector, Some(attribute)),
            Some(_) | None => (text.trim(), None),
        };
        let selector = match selector {
            "" if attribute.is_some() => "*".to_owned(),
            within if within.ends_with(' ') => format!("{within}*"),
            own => own.to_owned(),
        };
        Some(HtmlPath { selector: Selector::parse(&selector).ok()?, attribute })
    }
}

impl Page {
    /// Reads a page; none when it is too deep or has too many elements.
    pub(super) fn read(text: &str) -> Option<Page> {
        let end = (0..=HTML_BYTES_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at))?;
        let text = &text[..end];
        let begins = |pair: &[u8]| pair[0] == b'<' && pair[1].is_ascii_alphabetic();
        if text.as_bytes().windows(2).filter(|pair| begins(pair)).count() > ELEMENTS_MAX {
            return None;
        }
        let page = Html::parse_document(text);
        let deepest = page.tree.nodes().map(|node| node.ancestors().take(DEPTH_MAX + 1).count()).max();
        deepest.is_none_or(|deepest| deepest <= DEPTH_MAX).then_some(Page { page })
    }

    /// The texts at a place, or its attributes, in the order of the page.
    pub(super) fn find(&self, path: &HtmlPath<'_>, max: usize) -> Vec<String> {
        let elements = self.page.select(&path.selector);
        match path.attribute {
            Some(attribute) => {
                elements.filter_map(|element| element.attr(attribute)).take(max).map(str::to_owned).collect()
            }
            None => elements.take(max).map(|element| element.text().collect()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<html><body><div id=\"r\" data-code=\"7\">Thank <b>you</b></div>\
        <p class=\"e\">Bad zip</p><p class=\"e\">Dup</p></body></html>";

    fn check(path: &str, wanted: &[&str]) {
        let found = HtmlPath::read(path).map(|path| Page::read(PAGE).unwrap().find(&path, 100));
        assert_eq!(found.unwrap_or_default(), wanted, "{path}");
    }

    #[test]
    fn places_are_found_by_selector() {
        check("#r", &["Thank you"]);
        check(".e", &["Bad zip", "Dup"]);
        check("p.e:nth-of-type(2)", &["Dup"]);
        check("#r@data-code", &["7"]);
        check("#r @data-code", &[]);
        check("body @data-code", &["7"]);
        check("@data-code", &["7"]);
        check("div > b", &["you"]);
        check("[data-code=\"7\"]", &["Thank you"]);
        check(".none", &[]);
        check("p[", &[]);
        check(&"a ".repeat(20), &[]);
    }

    #[test]
    fn a_page_that_is_too_deep_or_too_much_is_not_searched() {
        for page in ["<div>", "<b><i>", "<a>"] {
            assert!(Page::read(&page.repeat(1_000)).is_none() || page == "<a>", "{page}");
            assert!(Page::read(&page.repeat(10_000)).is_none(), "{page}");
        }
        let attributes: String = (0..20_000).map(|number| format!("a{number} ")).collect();
        assert!(Page::read(&format!("<p {attributes}>x</p>")).is_some());
    }
}
