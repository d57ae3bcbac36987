//! What an issuer remembers, for all its clones: opaque tokens, what was revoked, statuses, used assertions, and how the
//! test wants its answers changed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use crate::introspection::IntrospectionBuilder;
use crate::status_list::StatusListBuilder;

/// The memory of a [`TestIssuer`](crate::TestIssuer).
#[derive(Default)]
pub(crate) struct Memory(Mutex<Content>);

#[derive(Default)]
struct Content {
    opaque_tokens: HashMap<String, Map<String, Value>>,
    revoked_tokens: HashSet<String>,
    statuses: BTreeMap<usize, u8>,
    used_assertions: HashSet<String>,
    introspection_change: Option<Change<IntrospectionBuilder>>,
    /// By the token that is asked about.
    introspection_changes: HashMap<String, Change<IntrospectionBuilder>>,
    status_list_change: Option<Change<StatusListBuilder>>,
    /// By the URI of the list.
    status_list_changes: HashMap<String, Change<StatusListBuilder>>,
}

/// What a test makes of an answer before it goes out.
type Change<Builder> = Arc<dyn Fn(Builder) -> Builder + Send + Sync>;

impl Memory {
    pub(crate) fn remember_token(&self, reference: &str, claims: Map<String, Value>) {
        self.content().opaque_tokens.insert(reference.to_owned(), claims);
    }

    /// The claims of an opaque token.
    pub(crate) fn opaque_token(&self, reference: &str) -> Option<Map<String, Value>> {
        self.content().opaque_tokens.get(reference).cloned()
    }

    pub(crate) fn revoke(&self, token: &str) {
        self.content().revoked_tokens.insert(token.to_owned());
    }

    pub(crate) fn is_revoked(&self, token: &str) -> bool {
        self.content().revoked_tokens.contains(token)
    }

    pub(crate) fn set_status(&self, index: usize, status: u8) {
        self.content().statuses.insert(index, status);
    }

    pub(crate) fn statuses(&self) -> BTreeMap<usize, u8> {
        self.content().statuses.clone()
    }

    /// Whether this `jti` of a client's assertion is used for the first time.
    pub(crate) fn is_first_use(&self, client_id: &str, jti: &str) -> bool {
        self.content().used_assertions.insert(format!("{client_id}\n{jti}"))
    }

    pub(crate) fn change_introspection(&self, change: Change<IntrospectionBuilder>) {
        self.content().introspection_change = Some(change);
    }

    pub(crate) fn change_introspection_of(&self, token: &str, change: Change<IntrospectionBuilder>) {
        self.content().introspection_changes.insert(token.to_owned(), change);
    }

    pub(crate) fn changed_introspection(
        &self,
        token: &str,
        answer: IntrospectionBuilder,
    ) -> IntrospectionBuilder {
        let changes = {
            let content = self.content();
            [content.introspection_change.clone(), content.introspection_changes.get(token).cloned()]
        };
        changes.into_iter().flatten().fold(answer, |answer, change| change(answer))
    }

    pub(crate) fn change_status_list(&self, change: Change<StatusListBuilder>) {
        self.content().status_list_change = Some(change);
    }

    pub(crate) fn change_status_list_at(&self, uri: &str, change: Change<StatusListBuilder>) {
        self.content().status_list_changes.insert(uri.to_owned(), change);
    }

    pub(crate) fn changed_status_list(&self, uri: &str, list: StatusListBuilder) -> StatusListBuilder {
        let changes = {
            let content = self.content();
            [content.status_list_change.clone(), content.status_list_changes.get(uri).cloned()]
        };
        changes.into_iter().flatten().fold(list, |list, change| change(list))
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how much there is, never a token.
impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content();
        formatter
            .debug_struct("Memory")
            .field("opaque_tokens", &content.opaque_tokens.len())
            .field("revoked_tokens", &content.revoked_tokens.len())
            .finish_non_exhaustive()
    }
}
