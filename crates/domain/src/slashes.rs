//! Expressions between slashes, as in `/roof|solar/i`.

/// Letters behind the last slash that are no flags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "behind its last slash stands {0:?}, and flags are i, m and s; write \\/ for each slash that is meant as one"
)]
pub(crate) struct UnknownFlags(String);

/// Flags that mean something elsewhere and change nothing here: every find counts, and text is Unicode.
const IDLE: &str = "dguvy";

/// The expression between slashes and the flags behind it; nothing when it is not written so.
///
/// # Errors
/// When letters stand where flags do: else a misspelt flag would make a pattern that nothing matches.
pub(crate) fn within_slashes(text: &str) -> Result<Option<(&str, &str)>, UnknownFlags> {
    let Some((expression, flags)) = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) else {
        return Ok(None);
    };
    if flags.chars().all(|flag| "ims".contains(flag) || IDLE.contains(flag)) {
        Ok(Some((expression, flags)))
    } else if flags.chars().all(|flag| flag.is_ascii_alphabetic()) {
        Err(UnknownFlags(flags.chars().take(20).collect()))
    } else {
        Ok(None)
    }
}
