//! In which form a source wants its answer: the header `Accept` (RFC 9110 section 12.5.1).

use super::Refusal;

/// A form of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFormat {
    /// JSON.
    Json,
    /// XML, as `application/xml`.
    Xml,
    /// XML, as `text/xml`.
    TextXml,
    /// One line for each value. Only a source that is set to it gets it.
    Text,
}

/// What forms are sent as.
const FORM: &str = "application/x-www-form-urlencoded";
/// Most media ranges of one header that are looked at.
const RANGES_MAX: usize = 100;

/// A media range that a client takes, and how gladly.
struct Range {
    kind: String,
    subkind: String,
    /// Thousandths.
    quality: u32,
}

impl AnswerFormat {
    /// The value of `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            AnswerFormat::Json => "application/json",
            AnswerFormat::Xml => "application/xml",
            AnswerFormat::TextXml => "text/xml",
            AnswerFormat::Text => "text/plain",
        }
    }

    /// The form that a client wants; the usual one where it says nothing or takes anything.
    ///
    /// A form is as a range that names it says, which counts before `application/*`, and that before `*/*`. Of those
    /// wanted alike the one that a range names counts, then the usual one, then JSON. A client that takes
    /// forms is given JSON. Plain text is taken only from a source whose usual answer it is.
    ///
    /// # Errors
    /// When the client takes none of them.
    pub fn negotiate(accept: Option<&[u8]>, usual: AnswerFormat) -> Result<AnswerFormat, Refusal> {
        let forms = [
            (usual, usual.media_type()),
            (AnswerFormat::Json, AnswerFormat::Json.media_type()),
            (AnswerFormat::Json, FORM),
            (AnswerFormat::Xml, AnswerFormat::Xml.media_type()),
            (AnswerFormat::TextXml, AnswerFormat::TextXml.media_type()),
        ];
        AnswerFormat::best(accept, &forms).ok_or(Refusal::Accept)
    }

    /// The same for who has no usual form and may have plain text as well as any other; none when the client takes none
    /// of them.
    pub fn of_any(accept: Option<&[u8]>) -> Option<AnswerFormat> {
        let forms = [
            (AnswerFormat::Json, AnswerFormat::Json.media_type()),
            (AnswerFormat::Json, FORM),
            (AnswerFormat::Xml, AnswerFormat::Xml.media_type()),
            (AnswerFormat::TextXml, AnswerFormat::TextXml.media_type()),
            (AnswerFormat::Text, AnswerFormat::Text.media_type()),
        ];
        AnswerFormat::best(accept, &forms)
    }

    /// Of these the one that is wanted most; the first where a client says nothing.
    fn best(accept: Option<&[u8]>, forms: &[(AnswerFormat, &str); 5]) -> Option<AnswerFormat> {
        let header = accept.map(String::from_utf8_lossy).unwrap_or_default();
        if header.trim().is_empty() {
            return Some(forms[0].0);
        }
        let ranges: Vec<Range> = header.split(',').take(RANGES_MAX).filter_map(Range::read).collect();
        let mut best: Option<(AnswerFormat, (u32, bool, usize))> = None;
        for (format, media_type) in forms {
            let Some((quality, specific, place)) = wanted(&ranges, media_type) else { continue };
            // JSON stands for forms only where a range names them.
            if specific != 2 && *media_type == FORM {
                continue;
            }
            // Of ranges that name a form the first in the header is the one that was thought of first.
            let place = if specific == 2 { ranges.len() - place } else { 0 };
            let rank = (quality, specific == 2, place);
            if best.is_none_or(|(_, other)| rank > other) {
                best = Some((*format, rank));
            }
        }
        best.map(|(format, _)| format)
    }
}

/// How gladly a media type is taken, how specific the range is that says so, and which it is; none
/// when it is not taken.
fn wanted(ranges: &[Range], media_type: &str) -> Option<(u32, u8, usize)> {
    let (kind, subkind) = media_type.split_once('/')?;
    let fitting = ranges.iter().enumerate().filter_map(|(place, range)| {
        let specific = match (range.kind.as_str(), range.subkind.as_str()) {
            (own, sub) if own == kind && sub == subkind => 2,
            (own, "*") if own == kind => 1,
            ("*", "*") => 0,
            _ => return None,
        };
        Some((range.quality, specific, place))
    });
    // Of equals the first.
    let most = fitting.reduce(|best, other| if other.1 > best.1 { other } else { best })?;
    (most.0 > 0).then_some(most)
}

impl Range {
    /// One range; none when it is no such thing.
    fn read(text: &str) -> Option<Range> {
        let mut parts = text.split(';');
        let media_type = parts.next()?.trim().to_ascii_lowercase();
        let quality = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f64>().unwrap_or(1.0))
        });
        // Old Java sends `*`.
        let (kind, subkind) = if media_type == "*" { ("*", "*") } else { media_type.split_once('/')? };
        let quality = (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u32;
        Some(Range { kind: kind.to_owned(), subkind: subkind.to_owned(), quality })
    }
}
