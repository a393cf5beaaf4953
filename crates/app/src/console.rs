//! What a person or script that runs a command reads: results on standard output, complaints on
//! standard error.

use std::fmt::Display;
use std::io::Write as _;

/// Writes a line of the result. Nobody reading it is no error.
pub(crate) fn say(text: &str) {
    let _ = try_say(text);
}

/// The same for long lists: tells when nobody reads any more, so that the rest need not be made.
pub(crate) fn try_say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// Writes a line about what went wrong.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// So many of a thing, in words: `1 field`, `5 fields`.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, thing: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0_usize, 1, 2].map(|count| counted(count, "field")), ["0 fields", "1 field", "2 fields"]);
    }
}
