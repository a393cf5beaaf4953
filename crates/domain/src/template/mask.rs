//! Masks: `(###) ###-####`, where each `#` takes the next digit.

/// A text with places for digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mask {
    /// None for the place of a digit.
    letters: Vec<Option<char>>,
    digits: usize,
}

impl Mask {
    /// Whether a format is a mask: it has a place for a digit.
    pub(super) fn is_meant(text: &str) -> bool {
        super::numbers::outside_of_brackets(text).any(|c| c == '#')
    }

    /// Reads a format; what stands in `[` and `]` stands for itself.
    pub(super) fn read(text: &str) -> Mask {
        let mut within = false;
        let mut letters = Vec::new();
        for c in text.chars() {
            match c {
                '[' if !within => within = true,
                ']' if within => within = false,
                '#' if !within => letters.push(None),
                c => letters.push(Some(c)),
            }
        }
        let digits = letters.iter().filter(|letter| letter.is_none()).count();
        Mask { letters, digits }
    }

    /// Puts the digits of a text in; nothing when it has too few. Digits that are left over are left
    /// out, and so is what follows a letter: `x12` of an extension.
    pub(super) fn show(&self, text: &str) -> Option<String> {
        let own = text.split(char::is_alphabetic).find(|part| part.contains(|c: char| c.is_ascii_digit()))?;
        let digits: Vec<char> = own.chars().filter(char::is_ascii_digit).take(self.digits).collect();
        if digits.len() < self.digits {
            return None;
        }
        let mut next = digits.into_iter();
        Some(self.letters.iter().filter_map(|letter| letter.or_else(|| next.next())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_takes_the_next_digit() {
        let shown = |mask: &str, text: &str| Mask::read(mask).show(text).unwrap_or_else(|| "none".to_owned());
        assert_eq!(shown("(###) ###-####", "5125550143"), "(512) 555-0143");
        assert_eq!(shown("(###) ###-####", "512.555.0143x77"), "(512) 555-0143");
        assert_eq!(shown("###", "5125550143"), "512");
        assert_eq!(shown("[#]#-#", "12"), "#1-2");
        assert_eq!(shown("(###) ###-####", "555"), "none");
        assert_eq!(shown("#", "none"), "none");
    }
}
