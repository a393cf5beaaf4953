//! Sessions of the pages: a random word in a cookie stands for a key that was shown once. They are
//! kept in memory, so a restart ends them; they end with their key too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ledger::Entropy;
use sha2::{Digest as _, Sha256};

/// How long a session lasts.
pub(crate) const SESSION_TIME: Duration = Duration::from_secs(12 * 60 * 60);
/// Most sessions at a time; the oldest ends for one more.
const SESSIONS_MAX: usize = 10_000;
/// The cookie.
const COOKIE: &str = "glassline_session";
/// What requests that change something carry besides the cookie. Other sites' pages cannot send it.
pub(crate) const OURS: HeaderName = HeaderName::from_static("x-glassline");

/// The sessions there are, by the hash of their words.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    sessions: Mutex<HashMap<[u8; 32], Session>>,
}

#[derive(Debug)]
struct Session {
    /// The public name of its key.
    key_name: Arc<str>,
    /// When it ends, on the monotonic clock.
    end: Duration,
}

impl Sessions {
    /// Begins a session; gives its word.
    pub(crate) fn begin(&self, key_name: &Arc<str>, now: Duration, entropy: &dyn Entropy) -> String {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        let word = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| session.end > now);
            let oldest = sessions.iter().min_by_key(|(_, session)| session.end).map(|(hash, _)| *hash);
            if let Some(oldest) = oldest.filter(|_| sessions.len() >= SESSIONS_MAX) {
                sessions.remove(&oldest);
            }
        }
        let session = Session { key_name: Arc::clone(key_name), end: now + SESSION_TIME };
        sessions.insert(hash(&word), session);
        word
    }

    /// The name of the key that a word stands for. What is looked up are hashes of 256 random bits,
    /// so the time it takes tells nothing.
    pub(crate) fn key_name(&self, word: &str, now: Duration) -> Option<Arc<str>> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = hash(word);
        let session = sessions.get(&hash)?;
        if session.end > now {
            return Some(Arc::clone(&session.key_name));
        }
        sessions.remove(&hash);
        None
    }

    /// Ends a session.
    pub(crate) fn end(&self, word: &str) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash(word));
    }
}

fn hash(word: &str) -> [u8; 32] {
    Sha256::digest(word).into()
}

/// The word of the session that a request names.
pub(crate) fn word(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, word)| word)
}

/// The cookie that keeps a session, or ends it.
pub(crate) fn cookie(word: Option<&str>) -> HeaderValue {
    let (word, seconds) = word.map_or(("", 0), |word| (word, SESSION_TIME.as_secs()));
    let text = format!("{COOKIE}={word}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}");
    HeaderValue::from_str(&text).expect("base64url is a header value")
}

#[cfg(test)]
mod tests {
    use ledger::OsEntropy;
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    #[test]
    fn a_session_lasts_twelve_hours() {
        let sessions = Sessions::default();
        let word = sessions.begin(&"key_1".into(), HOUR, &OsEntropy);
        assert_eq!(sessions.key_name(&word, 12 * HOUR).as_deref(), Some("key_1"));
        assert_eq!(sessions.key_name(&word, 13 * HOUR), None);
        assert_eq!(sessions.key_name(&word, 12 * HOUR), None, "it is gone");
    }

    #[test]
    fn the_oldest_session_ends_for_one_too_many() {
        let sessions = Sessions::default();
        let at = |number: usize| Duration::from_millis(number as u64);
        let words: Vec<_> = (0..=SESSIONS_MAX)
            .map(|number| sessions.begin(&"key_1".into(), at(number), &OsEntropy))
            .collect();
        assert_eq!(sessions.key_name(&words[0], at(SESSIONS_MAX)), None);
        assert!(sessions.key_name(&words[1], at(SESSIONS_MAX)).is_some());
        assert!(sessions.key_name(&words[SESSIONS_MAX], at(SESSIONS_MAX)).is_some());
    }

    #[test]
    fn the_word_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(word(&headers), None);
        headers.insert(header::COOKIE, "theme=dark; glassline_session=abc-_; other=1".parse().unwrap());
        assert_eq!(word(&headers), Some("abc-_"));
        headers.insert(header::COOKIE, "not_glassline_session=abc".parse().unwrap());
        assert_eq!(word(&headers), None);
    }

    proptest! {
        /// Whatever else a browser sends along, the session that is there is found, and none is made up.
        #[test]
        fn any_cookies_are_read(
            others in prop::collection::vec("[ -:<-~]{0,12}(=[ -:<-~]{0,12})?", 0..5), at in any::<prop::sample::Index>(),
            own in prop::option::of("[A-Za-z0-9_-]{43}"), bytes in prop::collection::vec(0x20..0xff_u8, 0..20),
        ) {
            prop_assume!(others.iter().all(|other| other.trim().split('=').next() != Some(COOKIE)));
            let mut cookies = others.clone();
            if let Some(own) = &own {
                cookies.insert(at.index(others.len() + 1), format!("{COOKIE}={own}"));
            }
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, cookies.join(";").parse().unwrap());
            prop_assert_eq!(word(&headers), own.as_deref());
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.insert(header::COOKIE, value);
                let _ = word(&headers);
            }
        }
    }
}
