//! Suppression lists are made, filled and looked at.

use domain::{ControlKind, ListItem, ListName, ListTag, ListTags, Timestamp};

use super::{Control, ControlError, to_the_end};
use crate::lists::{List, ListState, tags_of};

/// Most values in one control record; more go into several.
pub const LIST_ITEMS_AT_A_TIME: usize = 10_000;

impl Control {
    /// Every list, by name.
    pub fn lists(&self) -> Vec<List> {
        let (now, lists) = (self.clock.now(), self.state().lists.all());
        lists.into_iter().map(|(name, list)| list.show(name, now)).collect()
    }

    /// One list.
    pub fn list(&self, name: &ListName) -> Option<List> {
        let list = self.list_state(name)?;
        Some(list.show(name.clone(), self.clock.now()))
    }

    fn list_state(&self, name: &ListName) -> Option<std::sync::Arc<ListState>> {
        self.state().lists.get(name)
    }

    /// Since when a value stands on a list, to the minute; none when it does not, or when there is no such
    /// list.
    pub fn find_on_list(&self, name: &ListName, item: &ListItem) -> Option<Timestamp> {
        let list = self.list_state(name)?;
        list.find(item, &|kind, value| self.ledger.lookup_tag(kind, value), self.clock.now())
    }

    /// Makes a list, or has it keep what is on it for another time: so long from when it was put on it, in
    /// milliseconds, or for ever.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn put_list(
        &self,
        actor: &str,
        name: &ListName,
        ttl_ms: Option<u64>,
    ) -> Result<List, ControlError> {
        let (control, actor, name) = (self.clone(), actor.to_owned(), name.clone());
        to_the_end(async move {
            let _changing = control.changing.lock().await;
            let list = control.list_state(&name);
            if list.as_ref().is_none_or(|list| list.ttl_ms() != ttl_ms) {
                let kind = ControlKind::ListChanged { list: name.clone(), ttl_ms };
                control.change(&actor, list.map(|list| list.subject), kind).await?;
            }
            Ok(control.list(&name).expect("a list that was made is there"))
        })
        .await
    }

    /// Deletes a list with all that is on it; gives whether there was one.
    ///
    /// # Errors
    /// When the newest version of a flow looks at it, or it could not be recorded.
    pub async fn delete_list(&self, actor: &str, name: &ListName) -> Result<bool, ControlError> {
        let (control, actor, name) = (self.clone(), actor.to_owned(), name.clone());
        to_the_end(async move {
            let _changing = control.changing.lock().await;
            let Some(list) = control.list_state(&name) else { return Ok(false) };
            let flows = control.flows();
            let user =
                flows.iter().find(|flow| flow.flow.gates().suppress.iter().any(|rule| rule.list == name));
            if let Some(flow) = user {
                return Err(ControlError::ListInUse { list: name, flow_id: flow.flow.id().clone() });
            }
            control.change(&actor, Some(list.subject), ControlKind::ListDeleted { list: name }).await?;
            Ok(true)
        })
        .await
    }

    /// Puts values on a list; none when there is no such list. Those that stand on it stay from now.
    ///
    /// # Errors
    /// When it could not be recorded; some of the values may have been.
    pub async fn add_to_list(
        &self,
        actor: &str,
        name: &ListName,
        items: Vec<ListItem>,
    ) -> Result<Option<List>, ControlError> {
        self.change_items(actor, name, items, |list, items| ControlKind::ListAdded { list, items }).await
    }

    /// Takes values off a list; none when there is no such list.
    ///
    /// # Errors
    /// As [`add_to_list`](Control::add_to_list).
    pub async fn remove_from_list(
        &self,
        actor: &str,
        name: &ListName,
        items: Vec<ListItem>,
    ) -> Result<Option<List>, ControlError> {
        self.change_items(actor, name, items, |list, items| ControlKind::ListRemoved { list, items }).await
    }

    async fn change_items(
        &self,
        actor: &str,
        name: &ListName,
        items: Vec<ListItem>,
        kind: fn(ListName, ListTags) -> ControlKind,
    ) -> Result<Option<List>, ControlError> {
        let (control, actor, name) = (self.clone(), actor.to_owned(), name.clone());
        to_the_end(async move {
            if let Some(list) = control.list_state(&name) {
                list.forget_old(control.clock.now());
            }
            for items in items.chunks(LIST_ITEMS_AT_A_TIME) {
                // Hashing thousands of values is not for a thread that others wait for.
                let (ledger, items) = (control.ledger.clone(), items.to_vec());
                let hashing = tokio::task::spawn_blocking(move || {
                    let tag = |kind: &str, value: &[u8]| -> ListTag { ledger.lookup_tag(kind, value) };
                    tags_of(&items, &tag)
                });
                let tags = match hashing.await {
                    Ok(tags) => tags,
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                };
                // Held for one part, so that no long import keeps others waiting.
                let _changing = control.changing.lock().await;
                let Some(list) = control.list_state(&name) else { return Ok(None) };
                control.change(&actor, Some(list.subject), kind(name.clone(), tags)).await?;
            }
            Ok(control.list(&name))
        })
        .await
    }
}
