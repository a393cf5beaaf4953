//! The installation's state: flows, parties, keys and secrets, folded from the control ledger. A change is
//! durable there before it has effect here.

mod secrets;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{
    ApiKeyHash, Cap, Circuit, ControlEvent, ControlKind, Day, EntityId, EntityKind, EntitySettings, EventId,
    Flow, FlowError, FlowId, FlowVersion, Limits, ListName, Resending, Reveal, Scope, SecretName, SubjectId,
    TimeZone, Timestamp,
};
use ledger::{
    Entropy, Filter, LeaseError, Ledger, Order, ReadError, ReadRecord, RecordError, StoredBody, Window,
};
use sha2::{Digest as _, Sha256};
use wire::flow_file::{EntityFile, FlowFile, FlowFileError};
use wire::{BodyView, Header, HeaderError, Record};
use zeroize::Zeroizing;

use self::secrets::{Erasures, SecretStore};
use crate::Clock;
use crate::lists::Lists;

mod lists;

pub use lists::LIST_ITEMS_AT_A_TIME;

pub use self::secrets::{SECRETS_MAX, Secret};

/// Why the installation's state could not be read or changed. A change that fails has no effect.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Recording failed.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Taking over a chain failed.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record is not one of the control ledger.
    #[error("the control record {seq} cannot be understood")]
    Understand {
        /// Which.
        seq: u64,
        /// Why.
        source: HeaderError,
    },
    /// A published flow no longer reads, for example after going back to an older release.
    #[error("the flow published as control record {seq} cannot be read by this release")]
    Flow {
        /// Which.
        seq: u64,
        /// Why.
        source: FlowFileError,
    },
    /// A budget of a party, and a recipient whose price is not known before it is paid.
    #[error(transparent)]
    Unpriced(FlowError),
    /// A list that a published flow looks at.
    #[error(
        "the list {list} cannot be deleted while {flow_id} looks at it; publish the flow without it first"
    )]
    ListInUse {
        /// Which list.
        list: ListName,
        /// Which flow.
        flow_id: FlowId,
    },
    /// The settings of a party no longer read, for example after going back to an older release.
    #[error("the settings of a party in control record {seq} cannot be read by this release")]
    Settings {
        /// Which.
        seq: u64,
        /// Why.
        source: FlowFileError,
    },
    /// A secret that is not a key.
    #[error("a key is gl_ and at least 32 more of A-Z, a-z, 0-9, - and _")]
    KeyForm,
    /// A flow names secrets that are not set.
    #[error(transparent)]
    MissingSecrets(FlowFileError),
    /// More secrets than an installation keeps.
    #[error("there are {SECRETS_MAX} secrets already; remove one that nothing needs")]
    TooManySecrets,
    /// A key that exists under another name.
    #[error("this key exists already, as {0}")]
    KeyExists(Arc<str>),
}

/// One published version of a flow.
#[derive(Debug)]
pub struct PublishedFlow {
    /// The flow.
    pub flow: Flow,
    /// The secrets that its requests may name.
    pub secrets: Vec<SecretName>,
    /// Which version, from 1.
    pub version: FlowVersion,
    /// The document as canonical JSON, as it was published.
    pub document: Arc<str>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Who published it: the public name of a key, or `system`.
    pub published_by: Arc<str>,
}

/// What a flow may become: a document that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The document as canonical JSON. It was a flow file when it was put aside; a later release
    /// may read it otherwise, so publishing reads it again.
    pub document: Arc<str>,
    /// When it was put aside.
    pub drafted_at: Timestamp,
    /// Who did: the public name of a key, or `system`.
    pub drafted_by: Arc<str>,
}

/// Another party: who sends leads, buys them or adds to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Its id.
    pub id: EntityId,
    /// Source, buyer or service.
    pub kind: EntityKind,
    /// What people call it.
    pub name: Arc<str>,
    /// Whether nothing is taken from, or sent to, it at the moment.
    pub paused: bool,
    /// What holds for it in all flows.
    pub settings: EntitySettings,
    /// The same as JSON text: an object of `limits`, `circuit`, `time_zone`, `hours` and `caps`.
    pub settings_document: Arc<str>,
    /// Since when each of its caps counts what it counts, in their order.
    cap_since: Vec<Timestamp>,
    /// The chain of its events.
    subject: SubjectId,
}

impl Entity {
    /// Its caps, each with since when it counts what it counts: when its period changes it begins anew.
    pub fn caps(&self) -> impl Iterator<Item = (&Cap, Timestamp)> {
        self.settings.caps.iter().zip(self.cap_since.iter().copied())
    }
}

/// What publishing came to.
#[derive(Debug, Clone)]
pub struct Published {
    /// The newest version.
    pub flow: Arc<PublishedFlow>,
    /// Whether it is new: a document equal to the newest version publishes nothing.
    pub changed: bool,
}

/// A key that was made: the only moment its secret is known.
#[derive(Clone)]
pub struct NewKey {
    /// Its public name, `key_…`.
    pub name: Arc<str>,
    /// The secret, `gl_…`.
    pub secret: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({})", self.name)
    }
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public name, `key_…`: safe to show and log.
    pub name: Arc<str>,
    /// What people call it.
    pub label: Arc<str>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The chain of its events.
    subject: SubjectId,
}

impl Key {
    /// Whether it may do this.
    pub fn allows(&self, wanted: &Scope) -> bool {
        self.scopes.iter().any(|scope| scope.allows(wanted))
    }
}

#[derive(Debug)]
struct FlowState {
    /// The chain of its events.
    subject: SubjectId,
    /// Oldest first; none as long as there is only a draft.
    versions: Vec<Arc<PublishedFlow>>,
    draft: Option<Arc<Draft>>,
}

impl FlowState {
    /// The draft, unless it would change nothing.
    fn open_draft(&self) -> Option<Arc<Draft>> {
        let newest = self.versions.last();
        let differs = |draft: &&Arc<Draft>| newest.is_none_or(|newest| newest.document != draft.document);
        self.draft.as_ref().filter(differs).cloned()
    }
}

#[derive(Debug, Default)]
struct State {
    flows: HashMap<FlowId, FlowState>,
    entities: HashMap<EntityId, Arc<Entity>>,
    keys: HashMap<ApiKeyHash, Arc<Key>>,
    secrets: SecretStore,
    lists: Lists,
}

/// The installation's state. Cheap to clone; all clones are the same state.
#[derive(Debug, Clone)]
pub struct Control {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    state: Arc<RwLock<State>>,
    /// Held while something is changed, so that two changes never decide on the same state.
    changing: Arc<tokio::sync::Mutex<()>>,
}

/// Records of the control ledger read at a time.
const FOLD_AT_A_TIME: usize = 1000;

impl Control {
    /// Folds the control ledger, and destroys again the keys of secrets that a crash may have left.
    ///
    /// # Errors
    /// When a record cannot be read or understood, or a key not be destroyed.
    pub fn open(
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Control, ControlError> {
        let mut state = State::default();
        let reader = ledger.reader();
        let mut erasures = Erasures::default();
        let mut after = None;
        loop {
            let window = Window { after, before: None, order: Order::OldestFirst, limit: FOLD_AT_A_TIME };
            let page = reader.list(&Filter::default(), window);
            // One at a time: a record of a list holds thousands of values.
            for record in reader.each(&page.seqs) {
                let record = record?;
                let seq = record.seq;
                if let Some(event) = read(record, &mut erasures)? {
                    state.apply(event, seq)?;
                }
            }
            after = page.seqs.last().copied();
            if !page.more {
                break;
            }
        }
        erasures.finish(&ledger)?;
        let (state, changing) = (Arc::new(RwLock::new(state)), Arc::default());
        Ok(Control { ledger, clock, entropy, state, changing })
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Makes a change durable, then effective.
    async fn change(
        &self,
        actor: &str,
        subject: Option<SubjectId>,
        kind: ControlKind,
    ) -> Result<(), ControlError> {
        self.change_all(actor, subject, vec![kind]).await
    }

    /// The same with several changes to one thing, all or none of which become durable.
    async fn change_all(
        &self,
        actor: &str,
        subject: Option<SubjectId>,
        kinds: Vec<ControlKind>,
    ) -> Result<(), ControlError> {
        let at = self.clock.now();
        let mut lease = match subject {
            Some(subject) => self.ledger.lease(subject).await?,
            None => None,
        };
        let subject_id = subject.unwrap_or_else(|| SubjectId::new(at, self.draw()));
        let lease = match &mut lease {
            Some(lease) => lease,
            None => lease.insert(self.ledger.create(subject_id)?),
        };
        let event = |kind| ControlEvent {
            id: EventId::new(at, self.draw()),
            at,
            subject_id,
            actor: actor.into(),
            kind,
        };
        let events: Vec<ControlEvent> = kinds.into_iter().map(event).collect();
        let records: Vec<&dyn Record> = events.iter().map(|event| event as &dyn Record).collect();
        let durable = lease.record(&records).await?.durable().await?;
        let lists = self.state().lists.clone();
        for (seq, event) in (durable.first_seq..).zip(events) {
            // Thousands of values take a while, in which nobody else is to wait for the state.
            if !lists.take_in(&event) {
                self.state_mut().apply(event, seq)?;
            }
        }
        Ok(())
    }

    /// Publishes a flow: what leads submitted from now on run through. Parties that the file
    /// names and nobody knows are created; a document equal to the newest version changes nothing.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn publish_flow(&self, actor: &str, file: &FlowFile) -> Result<Published, ControlError> {
        let (control, actor, file) = (self.clone(), actor.to_owned(), file.clone());
        to_the_end(async move { control.publish(&actor, &file).await }).await
    }

    async fn publish(&self, actor: &str, file: &FlowFile) -> Result<Published, ControlError> {
        let _changing = self.changing.lock().await;
        self.check_secrets(file).map_err(ControlError::MissingSecrets)?;
        for entity in self.entities() {
            if let Some(error) = file.flow.unpriced(&entity.id, &entity.settings).into_iter().next() {
                return Err(ControlError::Unpriced(error));
            }
        }
        for entity in &file.entities {
            if !self.state().entities.contains_key(&entity.id) {
                let (entity_id, kind, name) = (entity.id.clone(), entity.kind, Arc::clone(&entity.name));
                let changed =
                    (entity.settings != EntitySettings::default()).then(|| ControlKind::EntityChanged {
                        entity_id: entity_id.clone(),
                        name: Arc::clone(&name),
                        settings: Arc::clone(&entity.settings_document),
                    });
                let created = ControlKind::EntityCreated { entity_id, kind, name };
                self.change_all(actor, None, std::iter::once(created).chain(changed).collect()).await?;
            }
        }
        for list in &file.lists {
            if self.state().lists.get(list).is_none() {
                let kind = ControlKind::ListChanged { list: list.clone(), ttl_ms: None };
                self.change(actor, None, kind).await?;
            }
        }
        for source in file.flow.sources() {
            let entity_id = EntityId::from(source.id.clone());
            if !self.state().entities.contains_key(&entity_id) {
                let name: Arc<str> = source.id.as_str().into();
                let kind = EntityKind::Source;
                self.change(actor, None, ControlKind::EntityCreated { entity_id, kind, name }).await?;
            }
        }
        let flow_id = file.flow.id().clone();
        let newest = self.flow(&flow_id);
        if let Some(flow) = newest.as_ref().filter(|newest| newest.document == file.document) {
            return Ok(Published { flow: Arc::clone(flow), changed: false });
        }
        let version = FlowVersion(newest.map_or(1, |newest| newest.version.0 + 1));
        let subject = self.flow_subject(&flow_id);
        let document = Arc::clone(&file.document);
        self.change(
            actor,
            subject,
            ControlKind::FlowPublished { flow_id: flow_id.clone(), version, document },
        )
        .await?;
        let flow = self.flow(&flow_id).expect("a published flow is there");
        Ok(Published { flow, changed: true })
    }

    fn flow_subject(&self, id: &FlowId) -> Option<SubjectId> {
        self.state().flows.get(id).map(|flow| flow.subject)
    }

    /// Puts a document aside as the draft of its flow, in place of the one before.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn draft_flow(&self, actor: &str, file: &FlowFile) -> Result<Arc<Draft>, ControlError> {
        let (control, actor) = (self.clone(), actor.to_owned());
        let (flow_id, document) = (file.flow.id().clone(), Arc::clone(&file.document));
        to_the_end(async move { control.put_aside(&actor, flow_id, document).await }).await
    }

    async fn put_aside(
        &self,
        actor: &str,
        flow_id: FlowId,
        document: Arc<str>,
    ) -> Result<Arc<Draft>, ControlError> {
        let _changing = self.changing.lock().await;
        let newest =
            |control: &Control| control.state().flows.get(&flow_id).and_then(|flow| flow.draft.clone());
        if let Some(draft) = newest(self).filter(|draft| draft.document == document) {
            return Ok(draft);
        }
        let subject = self.flow_subject(&flow_id);
        self.change(actor, subject, ControlKind::FlowDrafted { flow_id: flow_id.clone(), document }).await?;
        Ok(newest(self).expect("what was put aside is there"))
    }

    /// What a flow may become, when something else than its newest version was put aside since
    /// that was published.
    pub fn draft(&self, id: &FlowId) -> Option<Arc<Draft>> {
        self.state().flows.get(id).and_then(FlowState::open_draft)
    }

    /// The drafts of all flows, by id.
    pub fn drafts(&self) -> Vec<(FlowId, Arc<Draft>)> {
        let state = self.state();
        let drafts = state.flows.iter().filter_map(|(id, flow)| Some((id.clone(), flow.open_draft()?)));
        let mut drafts: Vec<_> = drafts.collect();
        drafts.sort_by(|left, right| left.0.cmp(&right.0));
        drafts
    }

    /// The newest version of a flow.
    pub fn flow(&self, id: &FlowId) -> Option<Arc<PublishedFlow>> {
        self.state().flows.get(id).and_then(|flow| flow.versions.last().cloned())
    }

    /// The day of a moment by the calendar of a flow: that of its newest version, and of UTC when nobody knows it.
    pub(crate) fn day_of(&self, id: &FlowId, at: Timestamp) -> Day {
        let flow = self.flow(id);
        Day::at(at, flow.as_ref().map_or(&TimeZone::UTC, |flow| flow.flow.time_zone()))
    }

    /// One version of a flow.
    pub fn flow_version(&self, id: &FlowId, version: FlowVersion) -> Option<Arc<PublishedFlow>> {
        let state = self.state();
        state.flows.get(id)?.versions.iter().find(|flow| flow.version == version).cloned()
    }

    /// Every version of a flow, oldest first.
    pub fn flow_versions(&self, id: &FlowId) -> Vec<Arc<PublishedFlow>> {
        self.state().flows.get(id).map(|flow| flow.versions.clone()).unwrap_or_default()
    }

    /// The newest version of every flow, by id.
    pub fn flows(&self) -> Vec<Arc<PublishedFlow>> {
        let mut flows: Vec<_> =
            self.state().flows.values().filter_map(|flow| flow.versions.last().cloned()).collect();
        flows.sort_by(|left, right| left.flow.id().cmp(right.flow.id()));
        flows
    }

    /// What people call a party.
    pub fn entity_name(&self, id: &EntityId) -> Option<Arc<str>> {
        self.state().entities.get(id).map(|entity| Arc::clone(&entity.name))
    }

    /// One party.
    pub fn entity(&self, id: &EntityId) -> Option<Arc<Entity>> {
        self.state().entities.get(id).cloned()
    }

    /// Every party, by id.
    pub fn entities(&self) -> Vec<Arc<Entity>> {
        let mut entities: Vec<_> = self.state().entities.values().cloned().collect();
        entities.sort_by(|left, right| left.id.cmp(&right.id));
        entities
    }

    /// How often a party may send, or is asked, in all flows together.
    pub fn limits(&self, id: &EntityId) -> Limits {
        self.state().entities.get(id).map(|entity| entity.settings.limits).unwrap_or_default()
    }

    /// When a party is left alone for a while; none means never.
    pub fn circuit(&self, id: &EntityId) -> Option<Circuit> {
        self.state().entities.get(id).and_then(|entity| entity.settings.circuit)
    }

    /// Whether nothing is taken from, or sent to, a party at the moment. One that nobody knows is
    /// not paused.
    pub fn is_paused(&self, id: &EntityId) -> bool {
        self.state().entities.get(id).is_some_and(|entity| entity.paused)
    }

    /// Takes a party out until it is resumed; none when nobody knows it. Pausing one that is
    /// paused changes nothing.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn pause_entity(
        &self,
        actor: &str,
        id: &EntityId,
    ) -> Result<Option<Arc<Entity>>, ControlError> {
        self.turn(actor, ControlKind::EntityPaused { entity_id: id.clone() }, id, true).await
    }

    /// Lets a party take part again; none when nobody knows it. Resuming one that is not paused
    /// changes nothing.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn resume_entity(
        &self,
        actor: &str,
        id: &EntityId,
    ) -> Result<Option<Arc<Entity>>, ControlError> {
        self.turn(actor, ControlKind::EntityResumed { entity_id: id.clone() }, id, false).await
    }

    /// Makes the change unless the party is that way already.
    async fn turn(
        &self,
        actor: &str,
        kind: ControlKind,
        id: &EntityId,
        paused: bool,
    ) -> Result<Option<Arc<Entity>>, ControlError> {
        let (control, actor, id) = (self.clone(), actor.to_owned(), id.clone());
        to_the_end(async move {
            let _changing = control.changing.lock().await;
            let Some(entity) = control.entity(&id) else { return Ok(None) };
            if entity.paused != paused {
                control.change(&actor, Some(entity.subject), kind).await?;
            }
            Ok(control.entity(&id))
        })
        .await
    }

    /// Gives a party another name, or other settings; none when nobody knows it. A change to the same
    /// changes nothing.
    ///
    /// # Errors
    /// When a budget among the settings is for a price that is not known before it is paid, or it could
    /// not be recorded.
    pub async fn change_entity(
        &self,
        actor: &str,
        id: &EntityId,
        name: Option<Arc<str>>,
        file: Option<EntityFile>,
    ) -> Result<Option<Arc<Entity>>, ControlError> {
        let (control, actor, id) = (self.clone(), actor.to_owned(), id.clone());
        to_the_end(async move {
            let _changing = control.changing.lock().await;
            let Some(entity) = control.entity(&id) else { return Ok(None) };
            if let Some(file) = &file {
                let flows = control.flows();
                let unpriced = flows.iter().flat_map(|flow| flow.flow.unpriced(&id, &file.settings));
                if let Some(error) = unpriced.into_iter().next() {
                    return Err(ControlError::Unpriced(error));
                }
            }
            let name = name.unwrap_or_else(|| Arc::clone(&entity.name));
            let settings = file.map_or_else(|| Arc::clone(&entity.settings_document), |file| file.document);
            if name != entity.name || settings != entity.settings_document {
                let kind = ControlKind::EntityChanged { entity_id: id.clone(), name, settings };
                control.change(&actor, Some(entity.subject), kind).await?;
            }
            Ok(control.entity(&id))
        })
        .await
    }

    /// Makes a key with a secret of its own.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn create_key(
        &self,
        actor: &str,
        label: &str,
        scopes: Vec<Scope>,
    ) -> Result<NewKey, ControlError> {
        let secret = format!("gl_{}", BASE64_URL_SAFE_NO_PAD.encode(self.draw::<32>()));
        let name = self.adopt_key(actor, label, scopes, &secret).await?;
        Ok(NewKey { name, secret })
    }

    /// Makes a key with a given secret, and gives its name.
    ///
    /// # Errors
    /// When the secret is not of a key's form or is taken, or it could not be recorded.
    pub async fn adopt_key(
        &self,
        actor: &str,
        label: &str,
        scopes: Vec<Scope>,
        secret: &str,
    ) -> Result<Arc<str>, ControlError> {
        let (control, actor, label) = (self.clone(), actor.to_owned(), label.to_owned());
        let secret = Zeroizing::new(secret.to_owned());
        to_the_end(async move { control.adopt(&actor, &label, scopes, &secret).await }).await
    }

    async fn adopt(
        &self,
        actor: &str,
        label: &str,
        scopes: Vec<Scope>,
        secret: &str,
    ) -> Result<Arc<str>, ControlError> {
        let _changing = self.changing.lock().await;
        let digits = secret.strip_prefix("gl_").unwrap_or_default();
        let good = digits.len() >= 32
            && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !good {
            return Err(ControlError::KeyForm);
        }
        if let Some(key) = self.authenticate(secret) {
            return Err(ControlError::KeyExists(Arc::clone(&key.name)));
        }
        let hex: String = self.draw::<6>().iter().map(|byte| format!("{byte:02x}")).collect();
        let key_name: Arc<str> = format!("key_{hex}").into();
        let kind = ControlKind::KeyCreated {
            key_name: Arc::clone(&key_name),
            scopes: scopes.iter().map(|scope| scope.to_string().into()).collect(),
            label: label.into(),
            hash: hash(secret),
        };
        self.change(actor, None, kind).await?;
        Ok(key_name)
    }

    /// Takes a key back; gives whether there was one of that name.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn revoke_key(&self, actor: &str, name: &str) -> Result<bool, ControlError> {
        let (control, actor, name) = (self.clone(), actor.to_owned(), name.to_owned());
        to_the_end(async move { control.revoke(&actor, &name).await }).await
    }

    async fn revoke(&self, actor: &str, name: &str) -> Result<bool, ControlError> {
        let _changing = self.changing.lock().await;
        let Some(key) = self.key(name) else { return Ok(false) };
        let kind = ControlKind::KeyRevoked { key_name: Arc::clone(&key.name) };
        self.change(actor, Some(key.subject), kind).await?;
        Ok(true)
    }

    /// The key of this secret. What is compared are hashes of secrets of 256 random bits, so the
    /// time it takes tells nothing.
    pub fn authenticate(&self, secret: &str) -> Option<Arc<Key>> {
        self.state().keys.get(&hash(secret)).cloned()
    }

    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<Arc<Key>> {
        self.state().keys.values().find(|key| &*key.name == name).cloned()
    }

    /// Every key, by name.
    pub fn keys(&self) -> Vec<Arc<Key>> {
        let mut keys: Vec<_> = self.state().keys.values().cloned().collect();
        keys.sort_by(|left, right| left.name.cmp(&right.name));
        keys
    }

    /// Whether somebody can administer the installation.
    pub fn has_admin(&self) -> bool {
        self.state().keys.values().any(|key| key.scopes.contains(&Scope::Admin))
    }

    /// Records who is about to see personal values, of whom, and why. To be awaited before they
    /// are shown.
    ///
    /// # Errors
    /// When it could not be recorded; then nothing may be shown.
    pub async fn record_reveal(&self, actor: &str, reveal: Reveal) -> Result<(), ControlError> {
        let subject = self.key(actor).map(|key| key.subject);
        let (control, actor) = (self.clone(), actor.to_owned());
        to_the_end(async move { control.change(&actor, subject, ControlKind::PiiRevealed(reveal)).await })
            .await
    }

    /// Records who sends deliveries once more. To be awaited before they are.
    ///
    /// # Errors
    /// When it could not be recorded; then nothing may be sent.
    pub async fn record_resending(&self, actor: &str, resending: Resending) -> Result<(), ControlError> {
        let subject = self.key(actor).map(|key| key.subject);
        let (control, actor) = (self.clone(), actor.to_owned());
        to_the_end(
            async move { control.change(&actor, subject, ControlKind::LettersResent(resending)).await },
        )
        .await
    }

    /// The ledger behind it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// Runs a change in a task of its own, so that a caller who gives up half-way (a client that
/// hangs up) cannot leave a change recorded and not in effect.
async fn to_the_end<T: Send + 'static>(change: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(change).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// SHA-256 of a secret.
fn hash(secret: &str) -> ApiKeyHash {
    ApiKeyHash(Sha256::digest(secret).into())
}

/// A body of which nothing is known any more.
const NO_BODY: &[u8] = b"[]";

/// Reads a control event; none for records of the ledger itself.
fn read(record: ReadRecord, erasures: &mut Erasures) -> Result<Option<ControlEvent>, ControlError> {
    let ReadRecord { seq, header, body } = record;
    let wrong = |source| ControlError::Understand { seq, source };
    let header = Header::read(&header).map_err(wrong)?;
    if header.chain().map_err(wrong)?.is_none() {
        return Ok(None);
    }
    let is_secret = header.event_type.starts_with("secret.");
    let (body, state) = match body {
        Ok(StoredBody::Open(body)) => (body, Ok(())),
        Ok(StoredBody::None | StoredBody::Erased) if is_secret => (NO_BODY.to_vec(), Err(None)),
        Err(error) if is_secret => (NO_BODY.to_vec(), Err(Some(error))),
        Ok(StoredBody::None | StoredBody::Erased) => return Err(wrong(HeaderError::Member("body"))),
        Err(error) => return Err(error.into()),
    };
    let view = BodyView::read(&body).map_err(|_| wrong(HeaderError::Member("body")))?;
    let event = wire::read_control_event(&header, &view).map_err(wrong)?;
    erasures.note(&event, state);
    Ok(Some(event))
}

/// Since when each cap of new settings counts what it counts: those that count as before go on.
fn cap_since(entity: &Entity, settings: &EntitySettings, at: Timestamp) -> Vec<Timestamp> {
    let since = |cap: &Cap| {
        let before = entity.caps().find(|(own, _)| own.counts_as(cap));
        before.map_or(at, |(_, since)| since)
    };
    settings.caps.iter().map(since).collect()
}

impl State {
    fn apply(&mut self, event: ControlEvent, seq: u64) -> Result<(), ControlError> {
        if self.lists.take_in(&event) {
            return Ok(());
        }
        let ControlEvent { id: _, at, subject_id, actor, kind } = event;
        match kind {
            ControlKind::FlowPublished { flow_id, version, document } => {
                let file = FlowFile::read_published(&document)
                    .map_err(|source| ControlError::Flow { seq, source })?;
                let published = PublishedFlow {
                    flow: file.flow,
                    secrets: file.secrets.into_iter().map(|secret| secret.name).collect(),
                    version,
                    document,
                    published_at: at,
                    published_by: actor,
                };
                let flow = self.flow(flow_id, subject_id);
                flow.versions.push(Arc::new(published));
                flow.draft = None;
            }
            ControlKind::FlowDrafted { flow_id, document } => {
                let draft = Draft { document, drafted_at: at, drafted_by: actor };
                self.flow(flow_id, subject_id).draft = Some(Arc::new(draft));
            }
            ControlKind::EntityCreated { entity_id, name, kind } => {
                let entity = Entity {
                    id: entity_id.clone(),
                    kind,
                    name,
                    paused: false,
                    settings: EntitySettings::default(),
                    settings_document: "{}".into(),
                    cap_since: Vec::new(),
                    subject: subject_id,
                };
                self.entities.insert(entity_id, Arc::new(entity));
            }
            ControlKind::EntityChanged { entity_id, name, settings } => {
                let file = EntityFile::read(&entity_id, &settings)
                    .map_err(|source| ControlError::Settings { seq, source })?;
                if let Some(entity) = self.entities.get_mut(&entity_id) {
                    let entity = Arc::make_mut(entity);
                    entity.cap_since = cap_since(entity, &file.settings, at);
                    (entity.name, entity.settings, entity.settings_document) =
                        (name, file.settings, file.document);
                }
            }
            // Taken in by the lists themselves.
            ControlKind::ListChanged { .. }
            | ControlKind::ListAdded { .. }
            | ControlKind::ListRemoved { .. }
            | ControlKind::ListDeleted { .. } => {}
            ControlKind::EntityPaused { entity_id } => self.turn(&entity_id, true),
            ControlKind::EntityResumed { entity_id } => self.turn(&entity_id, false),
            ControlKind::KeyCreated { key_name, scopes, label, hash } => {
                // A scope of a later release is a right this one cannot give.
                let scopes = scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
                self.keys.insert(hash, Arc::new(Key { name: key_name, label, scopes, subject: subject_id }));
            }
            ControlKind::KeyRevoked { key_name } => self.keys.retain(|_, key| key.name != key_name),
            ControlKind::SecretSet { name, version, value } => {
                let secret = Secret { name, version, set_at: at, set_by: actor };
                self.secrets.set(secret, subject_id, value);
            }
            ControlKind::SecretRemoved { name, version: _ } => self.secrets.remove(&name, at),
            ControlKind::SecretDestroyed { name, version } => self.secrets.forget(&name, version),
            ControlKind::PiiRevealed(_) | ControlKind::LettersResent(_) => {}
        }
        Ok(())
    }

    fn flow(&mut self, id: FlowId, subject: SubjectId) -> &mut FlowState {
        let new = || FlowState { subject, versions: Vec::new(), draft: None };
        self.flows.entry(id).or_insert_with(new)
    }

    fn turn(&mut self, id: &EntityId, paused: bool) {
        if let Some(entity) = self.entities.get_mut(id) {
            Arc::make_mut(entity).paused = paused;
        }
    }
}
