//! The installation's state: flows, parties and keys, folded from the control ledger. A change is
//! durable there before it has effect here.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{
    ApiKeyHash, ControlEvent, ControlKind, EntityId, EntityKind, EventId, Flow, FlowId, FlowVersion, Reveal,
    Scope, SubjectId,
};
use ledger::{Entropy, Filter, LeaseError, Ledger, Order, ReadError, RecordError, StoredRecord, Window};
use sha2::{Digest as _, Sha256};
use wire::flow_file::{FlowFile, FlowFileError};
use wire::{BodyView, Header, HeaderError};
use zeroize::Zeroizing;

use crate::Clock;

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
    /// A secret that is not a key.
    #[error("a key is gl_ and at least 32 more of A-Z, a-z, 0-9, - and _")]
    KeyForm,
    /// A key that exists under another name.
    #[error("this key exists already, as {0}")]
    KeyExists(Arc<str>),
}

/// One published version of a flow.
#[derive(Debug)]
pub struct PublishedFlow {
    /// The flow.
    pub flow: Flow,
    /// Which version, from 1.
    pub version: FlowVersion,
    /// The document as canonical JSON, as it was published.
    pub document: Arc<str>,
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

#[derive(Debug, Default)]
struct State {
    /// Chain and versions of each flow, oldest first.
    flows: HashMap<FlowId, (SubjectId, Vec<Arc<PublishedFlow>>)>,
    entities: HashMap<EntityId, Arc<str>>,
    keys: HashMap<ApiKeyHash, Arc<Key>>,
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
    /// Folds the control ledger.
    ///
    /// # Errors
    /// When a record cannot be read or understood.
    pub fn open(
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Control, ControlError> {
        let mut state = State::default();
        let reader = ledger.reader();
        let mut after = None;
        loop {
            let window = Window { after, before: None, order: Order::OldestFirst, limit: FOLD_AT_A_TIME };
            let page = reader.list(&Filter::default(), window);
            for record in reader.records(&page.seqs)? {
                if let Some(event) = read(&record)? {
                    state.apply(event, record.seq)?;
                }
            }
            after = page.seqs.last().copied();
            if !page.more {
                break;
            }
        }
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
        let event =
            ControlEvent { id: EventId::new(at, self.draw()), at, subject_id, actor: actor.into(), kind };
        let durable = lease.record(&[&event]).await?.durable().await?;
        self.state_mut().apply(event, durable.first_seq)
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
        for entity in &file.entities {
            if !self.state().entities.contains_key(&entity.id) {
                let (entity_id, kind, name) = (entity.id.clone(), entity.kind, Arc::clone(&entity.name));
                self.change(actor, None, ControlKind::EntityCreated { entity_id, kind, name }).await?;
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
        let subject = self.state().flows.get(&flow_id).map(|(subject, _)| *subject);
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

    /// The newest version of a flow.
    pub fn flow(&self, id: &FlowId) -> Option<Arc<PublishedFlow>> {
        self.state().flows.get(id).and_then(|(_, versions)| versions.last().cloned())
    }

    /// One version of a flow.
    pub fn flow_version(&self, id: &FlowId, version: FlowVersion) -> Option<Arc<PublishedFlow>> {
        let state = self.state();
        let (_, versions) = state.flows.get(id)?;
        versions.iter().find(|flow| flow.version == version).cloned()
    }

    /// The newest version of every flow, by id.
    pub fn flows(&self) -> Vec<Arc<PublishedFlow>> {
        let mut flows: Vec<_> =
            self.state().flows.values().filter_map(|(_, versions)| versions.last().cloned()).collect();
        flows.sort_by(|left, right| left.flow.id().cmp(right.flow.id()));
        flows
    }

    /// What people call a party.
    pub fn entity_name(&self, id: &EntityId) -> Option<Arc<str>> {
        self.state().entities.get(id).cloned()
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
        let key = self.state().keys.values().find(|key| &*key.name == name).cloned();
        let Some(key) = key else { return Ok(false) };
        let kind = ControlKind::KeyRevoked { key_name: Arc::clone(&key.name) };
        self.change(actor, Some(key.subject), kind).await?;
        Ok(true)
    }

    /// The key of this secret. What is compared are hashes of secrets of 256 random bits, so the
    /// time it takes tells nothing.
    pub fn authenticate(&self, secret: &str) -> Option<Arc<Key>> {
        self.state().keys.get(&hash(secret)).cloned()
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
        let subject = self.state().keys.values().find(|key| &*key.name == actor).map(|key| key.subject);
        let (control, actor) = (self.clone(), actor.to_owned());
        to_the_end(async move { control.change(&actor, subject, ControlKind::PiiRevealed(reveal)).await })
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

/// Reads a control event; none for records of the ledger itself.
fn read(record: &StoredRecord) -> Result<Option<ControlEvent>, ControlError> {
    let wrong = |source| ControlError::Understand { seq: record.seq, source };
    let header = Header::read(&record.header).map_err(wrong)?;
    if header.chain().map_err(wrong)?.is_none() {
        return Ok(None);
    }
    let body = record.body.bytes().ok_or(HeaderError::Member("body")).map_err(wrong)?;
    let body = BodyView::read(body).map_err(|_| wrong(HeaderError::Member("body")))?;
    wire::read_control_event(&header, &body).map(Some).map_err(wrong)
}

impl State {
    fn apply(&mut self, event: ControlEvent, seq: u64) -> Result<(), ControlError> {
        let ControlEvent { subject_id, kind, .. } = event;
        match kind {
            ControlKind::FlowPublished { flow_id, version, document } => {
                let file = FlowFile::read(&document).map_err(|source| ControlError::Flow { seq, source })?;
                let published = Arc::new(PublishedFlow { flow: file.flow, version, document });
                self.flows.entry(flow_id).or_insert_with(|| (subject_id, Vec::new())).1.push(published);
            }
            ControlKind::EntityCreated { entity_id, name, kind: _ } => {
                self.entities.insert(entity_id, name);
            }
            ControlKind::KeyCreated { key_name, scopes, label, hash } => {
                // A scope of a later release is a right this one cannot give.
                let scopes = scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
                self.keys.insert(hash, Arc::new(Key { name: key_name, label, scopes, subject: subject_id }));
            }
            ControlKind::KeyRevoked { key_name } => self.keys.retain(|_, key| key.name != key_name),
            ControlKind::PiiRevealed(_) => {}
        }
        Ok(())
    }
}
