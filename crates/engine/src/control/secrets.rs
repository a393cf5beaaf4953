//! Secrets: set, taken away and replaced; and when the keys of their old values are destroyed.
//!
//! Each value is the subject of a chain of its own, sealed under a key of its own. A value that was
//! replaced or removed fills no request any more. It is kept for an hour, to be masked where a partner
//! repeats it late; then `secret.destroyed` is made durable, and the key destroyed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{
    ControlEvent, ControlKind, SecretGuard, SecretName, SecretValue, Secrets, SubjectId, Timestamp,
};
use ledger::{Ledger, ReadError};
use tracing::{info, warn};
use wire::flow_file::{FlowFile, FlowFileError};

use super::{Control, ControlError, to_the_end};

/// Most secrets of an installation.
pub const SECRETS_MAX: usize = 1_000;
/// How long a value is kept after it was replaced or removed, in milliseconds: longer than any step may
/// wait for a reply.
const KEPT_MS: i64 = 3600 * 1000;

/// A secret that is set, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// Which value of it, from 1.
    pub version: u32,
    /// When it was set.
    pub set_at: Timestamp,
    /// Who set it: the public name of a key, or `system`.
    pub set_by: Arc<str>,
}

/// Every secret that was ever set.
#[derive(Debug, Default)]
pub(super) struct SecretStore {
    by_name: BTreeMap<SecretName, Kept>,
    /// What requests are filled with.
    current: Arc<Secrets>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The newest version there ever was.
    latest: u32,
    current: Option<Held>,
    /// Values that fill no request any more, until their keys are destroyed.
    old: Vec<Old>,
}

#[derive(Debug)]
struct Held {
    secret: Secret,
    subject: SubjectId,
    /// None when its key is gone, though nobody asked for it.
    value: Option<SecretValue>,
}

#[derive(Debug)]
struct Old {
    version: u32,
    subject: SubjectId,
    value: Option<SecretValue>,
    /// When it was replaced or removed.
    since: Timestamp,
}

impl SecretStore {
    pub(super) fn set(&mut self, secret: Secret, subject: SubjectId, value: Option<SecretValue>) {
        let (name, at) = (secret.name.clone(), secret.set_at);
        let kept = self.by_name.entry(name).or_default();
        kept.retire(at);
        kept.latest = secret.version;
        kept.current = Some(Held { secret, subject, value });
        self.gather();
    }

    pub(super) fn remove(&mut self, name: &SecretName, at: Timestamp) {
        if let Some(kept) = self.by_name.get_mut(name) {
            kept.retire(at);
        }
        self.gather();
    }

    pub(super) fn forget(&mut self, name: &SecretName, version: u32) {
        if let Some(kept) = self.by_name.get_mut(name) {
            kept.old.retain(|old| old.version != version);
        }
    }

    fn gather(&mut self) {
        let held = self.by_name.values().filter_map(|kept| kept.current.as_ref());
        let values = held.filter_map(|held| Some((held.secret.name.clone(), held.value.clone()?)));
        self.current = Arc::new(values.collect());
    }

    /// Values whose time is over.
    fn due(&self, now: Timestamp) -> Vec<(SecretName, u32, SubjectId)> {
        let of = |(name, kept): (&SecretName, &Kept)| {
            let due = kept.old.iter().filter(|old| old.since.plus_millis(KEPT_MS) <= now);
            due.map(|old| (name.clone(), old.version, old.subject)).collect::<Vec<_>>()
        };
        self.by_name.iter().flat_map(of).collect()
    }
}

impl Kept {
    /// The current value becomes an old one.
    fn retire(&mut self, at: Timestamp) {
        if let Some(Held { secret, subject, value }) = self.current.take() {
            self.old.push(Old { version: secret.version, subject, value, since: at });
        }
    }

    /// Every value that can still be read.
    fn values(&self) -> impl Iterator<Item = &SecretValue> {
        let current = self.current.iter().filter_map(|held| held.value.as_ref());
        current.chain(self.old.iter().filter_map(|old| old.value.as_ref()))
    }
}

impl Control {
    /// Gives a secret a value. The next request is filled with it; the value before is kept for an hour,
    /// and then destroyed.
    ///
    /// # Errors
    /// When there are too many secrets, or it could not be recorded.
    pub async fn set_secret(
        &self,
        actor: &str,
        name: &SecretName,
        value: SecretValue,
    ) -> Result<Secret, ControlError> {
        let (control, actor, name) = (self.clone(), actor.to_owned(), name.clone());
        to_the_end(async move {
            let _changing = control.changing.lock().await;
            let version = {
                let state = control.state();
                let known = &state.secrets.by_name;
                let set = known.values().filter(|kept| kept.current.is_some()).count();
                let kept = known.get(&name);
                if kept.is_none_or(|kept| kept.current.is_none()) && set >= SECRETS_MAX {
                    return Err(ControlError::TooManySecrets);
                }
                kept.map_or(1, |kept| kept.latest + 1)
            };
            let kind = ControlKind::SecretSet { name: name.clone(), version, value: Some(value) };
            control.change(&actor, None, kind).await?;
            Ok(control.secret(&name).expect("a secret that was set is there"))
        })
        .await
    }

    /// Takes a secret away, and gives whether there was one: steps that name it are skipped from then on.
    /// Its value is destroyed an hour later.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn remove_secret(&self, actor: &str, name: &SecretName) -> Result<bool, ControlError> {
        let (control, actor, name) = (self.clone(), actor.to_owned(), name.clone());
        to_the_end(async move {
            let _changing = control.changing.lock().await;
            let current = {
                let state = control.state();
                let held = state.secrets.by_name.get(&name).and_then(|kept| kept.current.as_ref());
                held.map(|held| (held.secret.version, held.subject))
            };
            let Some((version, subject)) = current else { return Ok(false) };
            control.change(&actor, Some(subject), ControlKind::SecretRemoved { name, version }).await?;
            Ok(true)
        })
        .await
    }

    /// One secret, without its value.
    pub fn secret(&self, name: &SecretName) -> Option<Secret> {
        let state = self.state();
        let held = state.secrets.by_name.get(name)?.current.as_ref()?;
        Some(held.secret.clone())
    }

    /// Every secret that is set, by name, without its value.
    pub fn secrets(&self) -> Vec<Secret> {
        let state = self.state();
        let held = state.secrets.by_name.values().filter_map(|kept| kept.current.as_ref());
        held.map(|held| held.secret.clone()).collect()
    }

    /// Whether every secret is set that a file lists.
    ///
    /// # Errors
    /// With each that is not, its line, and how to set it.
    pub fn check_secrets(&self, file: &FlowFile) -> Result<(), FlowFileError> {
        file.check_secrets(|name| self.secret(name).is_some())
    }

    /// What requests are filled with at this moment.
    pub(crate) fn secret_values(&self) -> Arc<Secrets> {
        Arc::clone(&self.state().secrets.current)
    }

    /// Against every value of some secrets that can still be read, and some more texts.
    pub(crate) fn secret_guard(&self, names: &[SecretName], more: &[String]) -> SecretGuard {
        if names.is_empty() {
            return SecretGuard::default();
        }
        let state = self.state();
        let kept = names.iter().filter_map(|name| state.secrets.by_name.get(name));
        let values = kept.flat_map(Kept::values).map(|value| &**value.expose());
        SecretGuard::new(values.chain(more.iter().map(String::as_str)))
    }

    /// Destroys the keys of values that were replaced or removed more than an hour ago; gives how many.
    /// [`keep_retrying`](crate::Engine::keep_retrying) does it several times a minute.
    ///
    /// # Errors
    /// When it could not be recorded, or the vault not be written.
    pub async fn destroy_old_secrets(&self) -> Result<usize, ControlError> {
        if self.state().secrets.due(self.clock.now()).is_empty() {
            return Ok(0);
        }
        let control = self.clone();
        to_the_end(async move {
            let _changing = control.changing.lock().await;
            let due = control.state().secrets.due(control.clock.now());
            for (name, version, subject) in &due {
                let kind = ControlKind::SecretDestroyed { name: name.clone(), version: *version };
                control.change(SYSTEM, Some(*subject), kind).await?;
                let (ledger, subject) = (control.ledger.clone(), *subject);
                match tokio::task::spawn_blocking(move || ledger.erase(subject)).await {
                    Ok(erased) => erased?,
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                }
                info!("Destroyed version {version} of the secret {name}");
            }
            Ok(due.len())
        })
        .await
    }

    /// The same for whoever repeats it.
    pub(crate) async fn destroy_old_secrets_or_tell(&self) {
        if let Err(error) = self.destroy_old_secrets().await {
            warn!(error = &error as &dyn std::error::Error, "Old values of secrets are not destroyed");
        }
    }
}

/// Who did what the installation does by itself.
const SYSTEM: &str = "system";

/// Which keys were to be destroyed, found while the ledger is folded: a crash may have come between.
#[derive(Debug, Default)]
pub(super) struct Erasures {
    /// Values whose key still opens, or is damaged.
    left: HashMap<SubjectId, Option<ReadError>>,
    /// Those of them that were to be destroyed.
    wanted: Vec<SubjectId>,
}

impl Erasures {
    /// `state` says whether the body opened; an error is one of its key.
    pub(super) fn note(&mut self, event: &ControlEvent, state: Result<(), Option<ReadError>>) {
        let subject = event.subject_id;
        match &event.kind {
            ControlKind::SecretSet { .. } => match state {
                Ok(()) => drop(self.left.insert(subject, None)),
                Err(Some(error)) => drop(self.left.insert(subject, Some(error))),
                Err(None) => {}
            },
            ControlKind::SecretDestroyed { .. } => {
                self.wanted.extend(self.left.remove(&subject).map(|_| subject));
            }
            ControlKind::FlowPublished { .. }
            | ControlKind::FlowDrafted { .. }
            | ControlKind::EntityCreated { .. }
            | ControlKind::EntityChanged { .. }
            | ControlKind::EntityPaused { .. }
            | ControlKind::EntityResumed { .. }
            | ControlKind::KeyCreated { .. }
            | ControlKind::KeyRevoked { .. }
            | ControlKind::SecretRemoved { .. }
            | ControlKind::ListChanged { .. }
            | ControlKind::ListAdded { .. }
            | ControlKind::ListRemoved { .. }
            | ControlKind::ListDeleted { .. }
            | ControlKind::PiiRevealed(_)
            | ControlKind::LettersResent(_) => {}
        }
    }

    /// Destroys what was to be destroyed.
    pub(super) fn finish(self, ledger: &Ledger) -> Result<(), ControlError> {
        // A key that is damaged though nobody destroyed it is damage.
        if let Some(error) = self.left.into_values().flatten().next() {
            return Err(error.into());
        }
        self.wanted.into_iter().try_for_each(|subject| ledger.erase(subject)).map_err(ControlError::from)
    }
}
